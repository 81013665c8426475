/* What servers of all ages answer, in one piece and an octet at a time. */
#include "hellos.h"

/* Feeds it both ways and gives the reader that had it octet by octet. */
static HelloReader *read_both_ways(const GByteArray *octets, HelloKind expected)
{
    g_autoptr(HelloReader) whole = hello_reader_new();
    g_assert_cmpint(hello_reader_feed(whole, bytes_of_array(octets)), ==, expected);
    HelloReader *dribbled = hello_reader_new();
    for (guint i = 0; i < octets->len; i++) {
        HelloKind kind = hello_reader_feed(dribbled, bytes_sub(bytes_of_array(octets), i, 1));
        if (i + 1 < octets->len && expected != HELLO_NOT_TLS && expected != HELLO_ALERT) {
            g_assert_cmpint(kind, ==, HELLO_MORE);
        }
    }
    const HelloAnswer *a = hello_reader_answer(whole), *b = hello_reader_answer(dribbled);
    g_assert_cmpint(b->kind, ==, expected);
    g_assert_cmpuint(a->version, ==, b->version);
    g_assert_cmpuint(a->suite, ==, b->suite);
    g_assert_cmpuint(a->certificates->len, ==, b->certificates->len);
    return dribbled;
}

static HelloReader *read_canned(CannedHello canned)
{
    g_autoptr(GByteArray) octets = hello_canned(&canned);
    return read_both_ways(octets, HELLO_SERVER);
}

static void test_an_ssl3_server_with_rc4_is_read(void)
{
    g_autoptr(HelloReader) r = read_canned((CannedHello){.version = 0x0300, .suite = 0x0005});
    const HelloAnswer *a = hello_reader_answer(r);
    g_assert_cmpuint(a->version, ==, 0x0300);
    g_assert_true(hello_suite(a->suite)->rc4);
    g_assert_true(a->done);
    g_assert_cmpuint(a->session_id_len, ==, 4);
    g_assert_cmpuint(a->certificates->len, ==, 2);
    g_assert_cmpuint(g_bytes_get_size(g_ptr_array_index(a->certificates, 1)), ==, 2);
    g_assert_false(a->renegotiation_info);
}

static void test_export_and_triple_des_are_read(void)
{
    g_autoptr(HelloReader) export = read_canned(
        (CannedHello){.version = 0x0301, .suite = 0x0003, .key_exchange = "0002 aabb 0001 03"});
    g_assert_true(hello_suite(hello_reader_answer(export)->suite)->export_grade);
    g_assert_cmpint(hello_reader_answer(export)->dh_bits, ==, 0);
    g_autoptr(HelloReader) des3 = read_canned((CannedHello){
        .version = 0x0303, .suite = 0x000a, .extensions = "ff01 0001 00 0017 0000 0016 0000"});
    const HelloAnswer *a = hello_reader_answer(des3);
    g_assert_true(hello_suite(a->suite)->triple_des);
    g_assert_true(a->renegotiation_info && a->ems && a->etm);
    g_assert_false(a->heartbeat || a->ticket || a->status_request);
}

static void test_a_dhe_prime_is_measured(void)
{
    static const struct {
        const char *exchange;
        uint16_t version, suite;
        int bits;
        uint16_t signature;
    } cases[] = {
        {"0008 8000000000000001 0001 02 0001 05 0401 0000", 0x0303, 0x0033, 64, 0x0401},
        {"0008 0001000000000001 0001 02 0001 05 0000", 0x0302, 0x0033, 49, 0},
        {"0001 01 0001 02 0001 05", 0x0303, 0x0034, 1, 0}, /* anonymous: nothing is signed */
        {"0008 80", 0x0303, 0x0033, 0, 0},                 /* cut off */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(HelloReader) r = read_canned((CannedHello){.version = cases[i].version,
                                                             .suite = cases[i].suite,
                                                             .key_exchange = cases[i].exchange});
        const HelloAnswer *a = hello_reader_answer(r);
        g_assert_cmpint(a->dh_bits, ==, cases[i].bits);
        g_assert_cmpint(a->dh_prime != NULL, ==, cases[i].bits != 0);
        g_assert_cmpuint(a->signature, ==, cases[i].signature);
    }
}

static void test_a_curve_and_its_signature_are_read(void)
{
    g_autoptr(HelloReader) named =
        read_canned((CannedHello){.version = 0x0303,
                                  .suite = 0xc02f,
                                  .status = "01 000003 0a0b0c",
                                  .key_exchange = "03 001d 02 0102 0804 0000"});
    const HelloAnswer *a = hello_reader_answer(named);
    g_assert_cmpuint(a->group, ==, 0x001d);
    g_assert_cmpuint(a->signature, ==, 0x0804);
    g_assert_cmpuint(g_bytes_get_size(a->ocsp), ==, 3);
    g_autoptr(HelloReader) explicit = read_canned(
        (CannedHello){.version = 0x0303, .suite = 0xc02f, .key_exchange = "01 0004 00000001"});
    g_assert_cmpuint(hello_reader_answer(explicit)->group, ==, 0);
    g_autoptr(HelloReader) anonymous = read_canned((CannedHello){.version = 0x0303,
                                                                 .suite = 0xc018,
                                                                 .no_certificate = true,
                                                                 .key_exchange = "03 0017 01 04"});
    g_assert_cmpuint(hello_reader_answer(anonymous)->group, ==, 0x0017);
    g_assert_cmpuint(hello_reader_answer(anonymous)->signature, ==, 0);
}

static void test_extensions_and_sentinels_are_read(void)
{
    g_autoptr(HelloReader) r = read_canned((CannedHello){
        .version = 0x0303,
        .suite = 0x009c,
        .compression = 1,
        .random = "0001020304050607 08090a0b0c0d0e0f 1011121314151617 444f574e47524401",
        .extensions = "0000 0000 000f 0001 01 0010 0007 0005 04 696d6170 0023 0000 0005 0000"});
    const HelloAnswer *a = hello_reader_answer(r);
    g_assert_true(a->server_name && a->heartbeat && a->ticket && a->status_request);
    g_assert_cmpstr(a->alpn, ==, "imap");
    g_assert_cmpuint(a->compression, ==, 1);
    g_assert_cmpint(a->sentinel, ==, HELLO_SENTINEL_12);
    g_autoptr(HelloReader) older = read_canned((CannedHello){
        .version = 0x0302,
        .suite = 0x002f,
        .random = "0001020304050607 08090a0b0c0d0e0f 1011121314151617 444f574e47524400"});
    g_assert_cmpint(hello_reader_answer(older)->sentinel, ==, HELLO_SENTINEL_11);
}

static const char *const retry_random =
    "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";

static void test_a_hello_retry_request_tells_version_suite_and_group(void)
{
    CannedHello canned = {.version = 0x0303,
                          .suite = 0x1302,
                          .random = retry_random,
                          .extensions = "002b 0002 0304 0033 0002 11ec"};
    g_autoptr(GByteArray) octets = g_byte_array_new();
    hello_put_server_hello(octets, &canned);
    g_autoptr(HelloReader) r = read_both_ways(octets, HELLO_RETRY);
    const HelloAnswer *a = hello_reader_answer(r);
    g_assert_cmpuint(a->version, ==, 0x0304);
    g_assert_cmpuint(a->suite, ==, 0x1302);
    g_assert_true(hello_group(a->group)->hybrid);
    g_assert_cmpstr(hello_group(a->group)->name, ==, "X25519MLKEM768");
}

static void test_a_tls13_server_hello_is_all_there_is_to_see(void)
{
    CannedHello canned = {.version = 0x0303,
                          .suite = 0x1301,
                          .extensions = "0033 0006 001d 0002 0102 002b 0002 0304"};
    g_autoptr(GByteArray) octets = g_byte_array_new();
    hello_put_server_hello(octets, &canned);
    g_autoptr(HelloReader) r = read_both_ways(octets, HELLO_SERVER);
    g_assert_cmpuint(hello_reader_answer(r)->version, ==, 0x0304);
    g_assert_cmpuint(hello_reader_answer(r)->group, ==, 0x001d);
}

static void test_messages_may_be_spread_over_records_and_share_them(void)
{
    g_autoptr(GByteArray) flight = hello_canned(&(CannedHello){.version = 0x0303, .suite = 0x009c});
    g_autoptr(GByteArray) messages = g_byte_array_new();
    Bytes rest = bytes_of_array(flight), body;
    for (uint8_t type; hello_record(&rest, &type, &body);) {
        g_byte_array_append(messages, (const uint8_t *)body.data, (guint)body.len);
    }
    for (size_t piece = 1; piece < messages->len + 5; piece += 7) {
        g_autoptr(GByteArray) octets = g_byte_array_new();
        for (size_t at = 0; at < messages->len; at += piece) {
            Bytes part = bytes_sub(bytes_of_array(messages), at, piece);
            hello_put(octets, "16 0303");
            hello_put_number(octets, part.len, 2);
            g_byte_array_append(octets, (const uint8_t *)part.data, (guint)part.len);
        }
        g_autoptr(HelloReader) r = read_both_ways(octets, HELLO_SERVER);
        g_assert_cmpuint(hello_reader_answer(r)->certificates->len, ==, 2);
    }
}

static void test_alerts_end_the_reading_unless_they_warn(void)
{
    g_autoptr(GByteArray) refusal = hello_octets("15 0300 0002 02 28");
    g_autoptr(HelloReader) r = read_both_ways(refusal, HELLO_ALERT);
    g_assert_cmpuint(hello_reader_answer(r)->alert_level, ==, 2);
    g_assert_cmpstr(hello_alert_name(hello_reader_answer(r)->alert_description), ==,
                    "handshake_failure");
    g_assert_false(hello_reader_answer(r)->chosen);

    g_autoptr(GByteArray) warned = hello_octets("15 0303 0002 01 70");
    g_autoptr(GByteArray) flight = hello_canned(&(CannedHello){.version = 0x0303, .suite = 0x009c});
    g_byte_array_append(warned, flight->data, flight->len);
    g_autoptr(HelloReader) goes_on = read_both_ways(warned, HELLO_SERVER);
    g_assert_true(hello_reader_answer(goes_on)->alerted);
    g_assert_cmpuint(hello_reader_answer(goes_on)->alert_description, ==, 112);

    g_autoptr(GByteArray) bye = hello_octets("15 0303 0002 01 00");
    g_autoptr(HelloReader) closed = read_both_ways(bye, HELLO_ALERT);
    g_assert_true(hello_reader_answer(closed)->alerted);
}

/* A server without DH parameters chooses a DHE suite and only then finds out. */
static void test_the_choice_is_known_though_an_alert_follows(void)
{
    g_autoptr(GByteArray) octets =
        hello_canned(&(CannedHello){.version = 0x0303, .suite = 0x009f, .unfinished = true});
    hello_put(octets, "15 0303 0002 02 50");
    g_autoptr(HelloReader) r = read_both_ways(octets, HELLO_ALERT);
    const HelloAnswer *a = hello_reader_answer(r);
    g_assert_true(a->chosen);
    g_assert_cmpuint(a->suite, ==, 0x009f);
    g_assert_cmpstr(hello_alert_name(a->alert_description), ==, "internal_error");
}

static void test_an_sslv2_server_tells_all_its_ciphers(void)
{
    static const char *const headers[] = {"8018", "001c 04"};
    static const char *const tails[] = {"", "ffffffff"}; /* padding */
    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_autofree char *hex =
            g_strconcat(headers[i], "04 00 01 0002 0003 0006 0004 c1c2c3 010080 0700c0 01020304",
                        tails[i], NULL);
        g_autoptr(GByteArray) octets = hello_octets(hex);
        g_autoptr(HelloReader) r = read_both_ways(octets, HELLO_SSLV2);
        const HelloAnswer *a = hello_reader_answer(r);
        g_assert_cmpuint(a->version, ==, 0x0002);
        g_assert_cmpuint(a->certificates->len, ==, 1);
        g_assert_cmpuint(a->v2_suites->len, ==, 2);
        g_assert_cmphex(g_array_index(a->v2_suites, uint32_t, 1), ==, 0x0700c0); /* 3DES */
    }
}

static void test_an_sslv2_error_is_no_server_hello(void)
{
    g_autoptr(GByteArray) octets = hello_octets("8003 00 0001");
    g_autoptr(HelloReader) r = read_both_ways(octets, HELLO_SSLV2);
    g_assert_null(hello_reader_answer(r)->v2_suites);
    g_assert_cmpuint(hello_reader_answer(r)->v2_error, ==, 1);
    g_assert_false(hello_reader_answer(r)->chosen);
}

static void test_what_is_not_tls_is_quoted(void)
{
    static const char *const texts[] = {"220 mail.test ESMTP\r\n", "* BYE\r\n", "HTTP/1.1 400 no",
                                        "\x16\x16\x03", "\x15\x03\x01\x00\x02\x02"};
    for (size_t i = 0; i + 1 < G_N_ELEMENTS(texts); i++) {
        g_autoptr(HelloReader) r = hello_reader_new();
        g_assert_cmpint(hello_reader_feed(r, bytes_of(texts[i])), ==, HELLO_NOT_TLS);
        g_assert_true(bytes_starts(hello_reader_answer(r)->text, texts[i]));
    }
    g_autoptr(HelloReader) half = hello_reader_new();
    g_assert_cmpint(hello_reader_feed(half, (Bytes){texts[4], 6}), ==, HELLO_MORE);
}

static void test_broken_messages_are_not_tls(void)
{
    static const char *const broken[] = {
        "16 0303 0006 02 000002 0303",      /* a ServerHello of two octets */
        "16 0303 0004 0b 000000",           /* a certificate before the ServerHello */
        "16 0303 0004 02 ffffff",           /* a message of 16 MB */
        "15 0303 0003 02 28 00",            /* an alert of three octets */
        "17 0303 0001 00",                  /* data before any handshake */
        "800b 04 00 01 0002 ffff 0000 0000" /* an SSLv2 certificate that is not there */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autoptr(GByteArray) octets = hello_octets(broken[i]);
        g_autoptr(HelloReader) r = hello_reader_new();
        g_assert_cmpint(hello_reader_feed(r, bytes_of_array(octets)), ==, HELLO_NOT_TLS);
    }
}

static void test_a_flood_is_capped(void)
{
    g_autoptr(HelloReader) r = hello_reader_new();
    g_autoptr(GByteArray) piece = hello_octets("16 0303 4000");
    g_byte_array_set_size(piece, 5 + 0x4000);
    memset(piece->data + 5, 0, 0x4000);
    HelloKind kind = HELLO_MORE;
    unsigned pieces = 0;
    for (; kind == HELLO_MORE && pieces < 100; pieces++) { /* HelloRequests without end */
        kind = hello_reader_feed(r, bytes_of_array(piece));
    }
    g_assert_cmpint(kind, ==, HELLO_NOT_TLS);
    g_assert_cmpuint(pieces, <=, 17);
}

static void test_a_record_is_taken_whole_or_not(void)
{
    g_autoptr(GByteArray) octets = hello_octets("18 0302 0003 02 0010 15");
    Bytes rest = bytes_of_array(octets), body;
    uint8_t type;
    g_assert_true(hello_record(&rest, &type, &body));
    g_assert_cmpuint(type, ==, 24);
    g_assert_cmpuint(body.len, ==, 3);
    g_assert_false(hello_record(&rest, &type, &body));
    g_assert_cmpuint(rest.len, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hello-reader/ssl3", test_an_ssl3_server_with_rc4_is_read);
    g_test_add_func("/hello-reader/export-3des", test_export_and_triple_des_are_read);
    g_test_add_func("/hello-reader/dhe", test_a_dhe_prime_is_measured);
    g_test_add_func("/hello-reader/ecdhe", test_a_curve_and_its_signature_are_read);
    g_test_add_func("/hello-reader/extensions", test_extensions_and_sentinels_are_read);
    g_test_add_func("/hello-reader/retry",
                    test_a_hello_retry_request_tells_version_suite_and_group);
    g_test_add_func("/hello-reader/tls13", test_a_tls13_server_hello_is_all_there_is_to_see);
    g_test_add_func("/hello-reader/fragments",
                    test_messages_may_be_spread_over_records_and_share_them);
    g_test_add_func("/hello-reader/alerts", test_alerts_end_the_reading_unless_they_warn);
    g_test_add_func("/hello-reader/late-alert", test_the_choice_is_known_though_an_alert_follows);
    g_test_add_func("/hello-reader/ssl2", test_an_sslv2_server_tells_all_its_ciphers);
    g_test_add_func("/hello-reader/ssl2-error", test_an_sslv2_error_is_no_server_hello);
    g_test_add_func("/hello-reader/not-tls", test_what_is_not_tls_is_quoted);
    g_test_add_func("/hello-reader/broken", test_broken_messages_are_not_tls);
    g_test_add_func("/hello-reader/flood", test_a_flood_is_capped);
    g_test_add_func("/hello-reader/record", test_a_record_is_taken_whole_or_not);
    return g_test_run();
}
