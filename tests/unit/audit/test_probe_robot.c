/* ROBOT and Ticketbleed: against OpenSSL, which is well, and peers that decrypt as the bad ones
 * did, or bleed. */
#include "service.h"

#include "audit/probe_session.h"
#include "tls/robot.h"

static World w;
static TestCert rsa;

/* --- a server with static RSA and a way of its own with the premaster --- */

/* What it makes of a block, as the alert it sends; 0: it closes. */
typedef uint8_t Manners(const uint8_t *block, size_t len, unsigned count);

enum { UNEXPECTED_MESSAGE = 10, BAD_RECORD_MAC = 20, DECODE_ERROR = 50, DECRYPT_ERROR = 51 };

static uint8_t good_manners(const uint8_t *block, size_t len, unsigned count)
{
    (void)block;
    (void)len;
    (void)count;
    return BAD_RECORD_MAC;
}

static uint8_t tells_the_start(const uint8_t *block, size_t len, unsigned count)
{
    (void)len;
    (void)count;
    return block[0] == 0 && block[1] == 2 ? BAD_RECORD_MAC : DECRYPT_ERROR;
}

static uint8_t tells_all_that_is_good(const uint8_t *block, size_t len, unsigned count)
{
    (void)count;
    bool good = block[1] == 2 && block[len - 49] == 0;
    return good ? BAD_RECORD_MAC : 0;
}

/* Something between, and not the padding, makes the difference. */
static uint8_t at_random(const uint8_t *block, size_t len, unsigned count)
{
    (void)block;
    (void)len;
    return count % 7 == 3 ? 0 : BAD_RECORD_MAC;
}

static uint8_t does_not_look(const uint8_t *block, size_t len, unsigned count)
{
    (void)block;
    (void)len;
    (void)count;
    return UNEXPECTED_MESSAGE;
}

static GByteArray *flight_of_rsa(void)
{
    unsigned char *der = NULL;
    int len = i2d_X509(rsa.x509, &der);
    GByteArray *out = g_byte_array_new(), *body = g_byte_array_new();
    hello_put_server_hello(out, &(CannedHello){.version = 0x0303, .suite = 0x002f});
    hello_put_number(body, (size_t)len + 3, 3);
    hello_put_number(body, (size_t)len, 3);
    g_byte_array_append(body, der, (guint)len);
    hello_put_message(out, 0x0303, 11, bytes_of_array(body));
    hello_put_message(out, 0x0303, 14, BYTES_NONE);
    g_byte_array_unref(body);
    OPENSSL_free(der);
    return out;
}

static bool receive(int fd, uint8_t *buffer, size_t len)
{
    return recv(fd, buffer, len, MSG_WAITALL) == (ssize_t)len;
}

static void decrypt(const uint8_t *octets, uint8_t *block, size_t len)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(rsa.key, NULL);
    g_assert_cmpint(EVP_PKEY_decrypt_init(context), ==, 1);
    g_assert_cmpint(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), ==, 1);
    g_assert_cmpint(EVP_PKEY_decrypt(context, block, &len, octets, len), ==, 1);
    EVP_PKEY_CTX_free(context);
}

static void answer_with_rsa(Service *s, int fd, const uint8_t *hello, size_t len)
{
    enum { EXCHANGE = 5 + 4 + 2, KEY = 256, BEHIND = 6 + 5 + 64 };
    g_autoptr(GByteArray) flight = flight_of_rsa();
    uint8_t more[EXCHANGE + KEY + BEHIND], block[KEY];
    (void)hello;
    (void)len;
    service_send(fd, flight);
    if (!receive(fd, more, sizeof more)) {
        return;
    }
    decrypt(more + EXCHANGE, block, KEY);
    uint8_t alert[] = {21, 3, 3, 0, 2, 2, 0};
    alert[6] = ((Manners *)s->user)(block, KEY, s->count);
    if (alert[6]) {
        send(fd, alert, sizeof alert, MSG_NOSIGNAL);
    }
}

static void test_oracles_are_found_and_not_invented(void)
{
    static const struct {
        Manners *manners;
        Known robot;
        const char *why;
    } cases[] = {
        {good_manners, NO, "bad_record_mac"},
        {tells_the_start, YES, "strong"},
        {tells_all_that_is_good, YES, "weak"},
        {at_random, UNKNOWN, "not the same each time"},
        {does_not_look, UNKNOWN, "did not get as far"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Service s = {.canned = answer_with_rsa, .user = (void *)cases[i].manners};
        Probing g;
        service_start(&s);
        probing_start(&g, &s, (ProbePlan){.parallel = 1});
        fact_set(&g.facts->version[V_TLS12].offered, YES, NULL);
        list_add(g.facts->version[V_TLS12].suites, 0x002f);
        probe_robot(g.prober);
        g_test_message("%zu: %s", i, g.facts->robot.why);
        g_assert_cmpint(g.facts->robot.known, ==, cases[i].robot);
        g_assert_nonnull(strstr(g.facts->robot.why, cases[i].why));
        g_assert_cmpuint(g.facts->connections, ==, cases[i].robot == NO || i == 4 ? 5 : 10);
        probing_end(&g, &s);
    }
}

static void test_openssl_of_today_is_no_oracle(void)
{
    Service s = {.context = test_server_context(&rsa, NULL)};
    Probing g;
    service_start(&s);
    probing_start(&g, &s, (ProbePlan){0});
    probe_session(g.prober);
    probe_versions(g.prober);
    probe_suites(g.prober);
    g_assert_cmpint(g.facts->suite_class[CLASS_RSA_KX].known, ==, YES);
    probe_robot(g.prober);
    g_test_message("%s", g.facts->robot.why);
    g_assert_cmpint(g.facts->robot.known, ==, NO);
    probing_end(&g, &s);
}

static void test_what_cannot_be_afforded_is_left_out_and_told(void)
{
    Service s = {.canned = answer_with_rsa, .user = good_manners};
    Probing g;
    service_start(&s);
    for (int full = 0; full < 2; full++) {
        probing_start(&g, &s, (ProbePlan){.max_connections = 4, .full = full == 1});
        list_add(g.facts->version[V_TLS12].suites, 0x002f);
        probe_robot(g.prober);
        g_assert_cmpint(g.facts->robot.known, ==, UNKNOWN);
        g_assert_cmpuint(g.facts->connections, ==, 0);
        g_assert_cmpint(g.facts->robot_left_out, ==, full == 0);
        probing_stop(&g);
    }
    service_stop(&s);
}

/* --- Ticketbleed --- */

typedef struct {
    size_t len; /* of the session id that comes back, which begins with ours; 0: another one */
    bool taken; /* the ticket is */
} Bleeding;

/* A resumed session, or a new one, as far as anybody can read without keys. */
static void answer_ticket(Service *s, int fd, const uint8_t *hello, size_t len)
{
    const Bleeding *b = s->user;
    g_autoptr(GByteArray) out = g_byte_array_new(), body = g_byte_array_new();
    g_assert_cmpuint(len, >, 44 + 16);
    g_assert_cmpuint(hello[43], ==, 16);
    hello_put_number(body, 0x0303, 2);
    g_byte_array_append(body, hello + 11, 32);
    hello_put_number(body, b->len, 1);
    g_byte_array_append(body, hello + 44, (guint)MIN(b->len, 16));
    for (size_t i = 16; i < b->len; i++) {
        hello_put_number(body, 0xee, 1);
    }
    hello_put_number(body, 0xc02b, 2);
    hello_put_number(body, 0, 1);
    hello_put_message(out, 0x0303, 2, bytes_of_array(body));
    if (b->taken) {
        hello_put(out, "14 0303 0001 01  16 0303 0028");
        hello_put(
            out,
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627");
    } else {
        hello_put(out, "16 0303 0004 0e 000000");
    }
    service_send(fd, out);
}

/* As service_tls(), with an IMAP greeting inside. */
static void greet_in_tls(Service *s, int fd)
{
    static const char greeting[] = "* OK [CAPABILITY IMAP4rev1] hello\r\n";
    SSL *ssl = SSL_new(s->context);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        char byte;
        SSL_write(ssl, greeting, sizeof greeting - 1);
        SSL_read(ssl, &byte, 1);
    }
    ERR_clear_error();
    SSL_free(ssl);
}

/* Sessions with tickets of OpenSSL's, in TLS 1.2 or with 1.3. */
static void had_session(Probing *g, Service *s, bool tls13)
{
    s->talk = greet_in_tls;
    s->context = test_server_context(&w.leaf, NULL);
    SSL_CTX_set_max_proto_version(s->context, tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    service_start(s);
    probing_start(g, s, (ProbePlan){0});
    probe_session(g->prober);
    g_test_message("%s; %s", g->facts->handshake_error, g->facts->resumption_ticket.why);
    g_assert_nonnull(g->prober->session);
}

static void test_bleeding_is_found_and_not_invented(void)
{
    static const struct {
        Bleeding bleeding;
        Known ticketbleed;
    } cases[] = {{{32, true}, YES},
                 {{32, false}, YES},
                 {{16, true}, NO},
                 {{0, false}, NO},
                 {{16, false}, NO}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Service real = {0}, bad = {.canned = answer_ticket, .user = (void *)&cases[i].bleeding};
        Probing g, h;
        had_session(&g, &real, false);
        service_start(&bad);
        probing_start(&h, &bad, (ProbePlan){0});
        h.prober->session = g_steal_pointer(&g.prober->session);
        probe_ticketbleed(h.prober);
        g_test_message("%zu: %s", i, h.facts->ticketbleed.why);
        g_assert_cmpint(h.facts->ticketbleed.known, ==, cases[i].ticketbleed);
        service_stop(&bad);
        service_stop(&real);
        probing_stop(&h);
        probing_stop(&g);
    }
}

static void test_openssl_does_not_bleed(void)
{
    for (int tls13 = 0; tls13 < 2; tls13++) {
        Service s = {0};
        Probing g;
        had_session(&g, &s, tls13);
        unsigned before = g.facts->connections;
        probe_ticketbleed(g.prober);
        g_test_message("%s", g.facts->ticketbleed.why);
        g_assert_cmpint(g.facts->ticketbleed.known, ==, NO);
        g_assert_cmpuint(g.facts->connections - before, ==, tls13 ? 0 : 1);
        if (!tls13) { /* it takes the ticket, and is asked rightly therefore */
            g_assert_nonnull(strstr(g.facts->ticketbleed.why, "as it was sent"));
        }
        probing_end(&g, &s);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    rsa = test_cert((TestCertSpec){.cn = "mail.test", .rsa_bits = 2048});
    g_test_add_func("/probe-robot/oracles", test_oracles_are_found_and_not_invented);
    g_test_add_func("/probe-robot/openssl", test_openssl_of_today_is_no_oracle);
    g_test_add_func("/probe-robot/left-out", test_what_cannot_be_afforded_is_left_out_and_told);
    g_test_add_func("/probe-ticketbleed/canned", test_bleeding_is_found_and_not_invented);
    g_test_add_func("/probe-ticketbleed/openssl", test_openssl_does_not_bleed);
    int result = g_test_run();
    test_cert_clear(&rsa);
    world_clear(&w);
    return result;
}
