/* The hellos we write, read by OpenSSL and octet by octet. */
#include "hellos.h"
#include "world.h"

static World w;

/* What a server of OpenSSL's makes of it. */
static HelloReader *answered(const HelloOffer *offer, SSL_CTX *context)
{
    g_autoptr(GByteArray) hello = hello_write(offer);
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    BIO_write(in, hello->data, (int)hello->len);
    SSL_set_bio(ssl, in, out);
    SSL_accept(ssl);
    HelloReader *r = hello_reader_new();
    char *data;
    long len = BIO_get_mem_data(out, &data);
    hello_reader_feed(r, (Bytes){data, (size_t)len});
    SSL_free(ssl);
    ERR_clear_error();
    return r;
}

static const uint16_t suites[] = {0xc02b, 0xc02c}, suites13[] = {0x1302, 0x1301},
                      groups[] = {0x0018, 0x0017}, signatures[] = {0x0403};

static HelloOffer offer12(void)
{
    return (HelloOffer){.version = 0x0303,
                        .suites = suites,
                        .n_suites = 2,
                        .groups = groups,
                        .n_groups = 2,
                        .signatures = signatures,
                        .n_signatures = 1,
                        .server_name = "mail.test",
                        .ems = true,
                        .ticket = true,
                        .renegotiation_info = true,
                        .compression = true};
}

static void test_a_server_answers_a_tls12_hello(void)
{
    SSL_CTX *context = test_server_context(&w.leaf, NULL);
    HelloOffer offer = offer12();
    g_autoptr(HelloReader) r = answered(&offer, context);
    const HelloAnswer *a = hello_reader_answer(r);
    g_assert_cmpint(a->kind, ==, HELLO_SERVER);
    g_assert_cmpuint(a->version, ==, 0x0303);
    g_assert_cmpuint(a->suite, ==, 0xc02b);
    g_assert_cmpuint(a->group, ==, 0x0018);
    g_assert_cmpuint(a->signature, ==, 0x0403);
    g_assert_true(a->ems && a->ticket && a->renegotiation_info && a->done);
    g_assert_cmpuint(a->compression, ==, 0);
    g_assert_cmpint(a->sentinel, ==, HELLO_SENTINEL_12);
    g_assert_cmpuint(a->certificates->len, ==, 1);
    offer.fallback_scsv = true;
    g_autoptr(HelloReader) fallen = answered(&offer, context);
    g_assert_cmpint(hello_reader_answer(fallen)->kind, ==, HELLO_ALERT);
    g_assert_cmpint(hello_reader_answer(fallen)->alert_description, ==, 86);
    SSL_CTX_free(context);
}

static void test_a_server_asks_for_a_tls13_key(void)
{
    SSL_CTX *context = test_server_context(&w.leaf, NULL);
    HelloOffer offer = {.version = 0x0303,
                        .tls13 = true,
                        .suites = suites13,
                        .n_suites = 2,
                        .groups = groups,
                        .n_groups = 2,
                        .signatures = signatures,
                        .n_signatures = 1,
                        .session_id = BYTES_LITERAL("0123456789abcdef0123456789abcdef")};
    g_autoptr(HelloReader) r = answered(&offer, context);
    const HelloAnswer *a = hello_reader_answer(r);
    g_assert_cmpint(a->kind, ==, HELLO_RETRY);
    g_assert_cmpuint(a->version, ==, 0x0304);
    g_assert_cmpuint(a->suite, ==, 0x1302);
    g_assert_cmpuint(a->group, ==, 0x0017);
    g_assert_cmpuint(a->session_id_len, ==, 32);
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    g_autoptr(HelloReader) refused = answered(&offer, context);
    g_assert_cmpint(hello_reader_answer(refused)->kind, ==, HELLO_ALERT);
    SSL_CTX_free(context);
}

static void test_an_ssl3_hello_has_no_extensions(void)
{
    HelloOffer offer = offer12();
    offer.version = 0x0300;
    g_autoptr(GByteArray) hello = hello_write(&offer);
    /* record, message, version and random, empty id, suites with the signal, two compressions */
    g_assert_cmpuint(hello->len, ==, 5 + 4 + 34 + 1 + 2 + 6 + 3);
    g_assert_cmpuint(hello->data[1], ==, 3);
    g_assert_cmpuint(hello->data[2], ==, 0);
    g_assert_cmpuint(hello->data[51], ==, 0xff);
}

static void test_an_sslv2_hello_is_as_the_draft_has_it(void)
{
    static const uint32_t v2[] = {0x010080, 0x0700c0};
    g_autoptr(GByteArray) hello =
        hello_write(&(HelloOffer){.version = 2, .v2_suites = v2, .n_v2_suites = 2});
    g_autofree char *hex = bytes_hex(bytes_sub(bytes_of_array(hello), 0, 17));
    g_assert_cmpstr(hex, ==,
                    "801f010002000600000010"
                    "0100800700c0");
    g_assert_cmpuint(hello->len, ==, 2 + 0x1f);
}

static void test_lengths_that_hang_old_middleboxes_are_avoided(void)
{
    uint16_t many[250] = {0};
    for (size_t n = 1; n < G_N_ELEMENTS(many); n++) {
        HelloOffer offer = offer12();
        offer.suites = many;
        offer.n_suites = n;
        g_autoptr(GByteArray) hello = hello_write(&offer);
        Bytes rest = bytes_of_array(hello), body;
        uint8_t type;
        g_assert_true(hello_record(&rest, &type, &body));
        g_assert_cmpuint(rest.len, ==, 0);
        g_assert_true(body.len < 256 || body.len >= 512);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/hello/tls12", test_a_server_answers_a_tls12_hello);
    g_test_add_func("/hello/tls13", test_a_server_asks_for_a_tls13_key);
    g_test_add_func("/hello/ssl3", test_an_ssl3_hello_has_no_extensions);
    g_test_add_func("/hello/ssl2", test_an_sslv2_hello_is_as_the_draft_has_it);
    g_test_add_func("/hello/lengths", test_lengths_that_hang_old_middleboxes_are_avoided);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
