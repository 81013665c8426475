#include "report/tls_summary.h"

#include <jansson.h>
#include <string.h>

#include "report/tls_words.h"

#define DAY G_GINT64_CONSTANT(86400)

static void assert_has(const char *text, const char *part)
{
    if (text == NULL || strstr(text, part) == NULL) {
        g_error("\"%s\" is not in:\n%s", part, text == NULL ? "NULL" : text);
    }
}

/* Blanks are for the eye only. */
static void assert_line(const char *text, const char *name, const char *value)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        g_autofree char *padded = g_strdup_printf("%-18s ", name);
        if (g_str_has_prefix(lines[i], padded)) {
            assert_has(lines[i], value);
            return;
        }
    }
    g_error("no line \"%s\" in:\n%s", name, text);
}

static gint64 now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

static GPtrArray *strings(const char *one)
{
    GPtrArray *array = g_ptr_array_new_with_free_func(g_free);
    if (one != NULL) {
        g_ptr_array_add(array, g_strdup(one));
    }
    return array;
}

static TlsCertificate *certificate(const char *subject, gint64 from, gint64 until)
{
    TlsCertificate *c = g_new0(TlsCertificate, 1);
    c->subject = g_strdup(subject);
    c->issuer = g_strdup("CN=Test CA");
    c->dns_names = strings("mail.example.org");
    c->ip_names = strings("192.0.2.1");
    c->emails = strings(NULL);
    c->not_before = from;
    c->not_after = until;
    c->key_type = g_strdup("EC P-256");
    c->key_bits = 256;
    c->signature = g_strdup("ecdsa-with-SHA256");
    c->serial = g_strdup("0A:0B");
    c->sha256 = g_strdup("AA:BB");
    c->sha1 = g_strdup("CC:DD");
    c->md5 = g_strdup("EE:FF");
    c->spki_pin = g_strdup("sha256:aabb");
    return c;
}

/* What a good server of today agrees to. */
static TlsPeer *good_peer(void)
{
    TlsPeer *p = g_new0(TlsPeer, 1);
    p->version = p->our_max = TLS_1_3;
    p->cipher = g_strdup("TLS_AES_256_GCM_SHA384");
    p->cipher_standard = g_strdup("TLS_AES_256_GCM_SHA384");
    p->cipher_bits = 256;
    p->mac = g_strdup("AEAD");
    p->group = g_strdup("X25519");
    p->group_bits = 253;
    p->key_exchange = g_strdup("ECDHE");
    p->peer_signature = g_strdup("ecdsa_secp256r1_sha256");
    p->sni = g_strdup("mail.example.org");
    p->chain = g_ptr_array_new_with_free_func((GDestroyNotify)tls_certificate_free);
    g_ptr_array_add(p->chain,
                    certificate("CN=mail.example.org", now() - 10 * DAY, now() + 42 * DAY + 60));
    p->verified = true;
    p->trust = TLS_TRUST_PKIX;
    p->matched = g_strdup("mail.example.org");
    p->handshake_us = 12345;
    return p;
}

static void set(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

static TlsCertificate *leaf(TlsPeer *p)
{
    return g_ptr_array_index(p->chain, 0);
}

static void test_one_line(void)
{
    g_autoptr(TlsPeer) p = good_peer();
    leaf(p)->not_after = G_GINT64_CONSTANT(4102444800); /* 2100-01-01 */
    g_autofree char *line = tls_summary_line(p);
    g_assert_cmpstr(
        line, ==,
        "TLS 1.3, TLS_AES_256_GCM_SHA384, X25519, verified by PKIX as mail.example.org, "
        "certificate until 2100-01-01");
}

static void test_one_line_says_when_nothing_is_verified(void)
{
    g_autoptr(TlsPeer) p = good_peer();
    p->verified = false;
    p->trust = TLS_TRUST_NONE;
    p->resumed = true;
    set(&p->why_not, "error 18 at depth 0: self-signed certificate\n    try --pin=sha256:aabb");
    g_autofree char *line = tls_summary_line(p);
    assert_has(line, "NOT VERIFIED (error 18 at depth 0: self-signed certificate)");
    assert_has(line, ", resumed");
    g_assert_null(strchr(line, '\n'));
}

static void test_a_good_connection(void)
{
    g_autoptr(TlsPeer) p = good_peer();
    g_autofree char *text = tls_summary_connection(p);
    assert_line(text, "Version", "TLS 1.3, the best there is");
    assert_line(text, "Key exchange", "ECDHE, group X25519, 253 bits; forward secrecy");
    assert_line(text, "Peer signature", "ecdsa_secp256r1_sha256");
    assert_line(text, "Cipher", "TLS_AES_256_GCM_SHA384, 256 bits");
    assert_line(text, "MAC", "AEAD");
    assert_line(text, "Hash", "SHA384, 384 bits");
    assert_line(text, "Compression", "none");
    assert_line(text, "Session", "new");
    assert_line(text, "Renegotiation", "none in TLS 1.3");
    assert_line(text, "Handshake", "12.3 ms");
    assert_line(text, "Server certificate", "CN=mail.example.org; EC P-256 256 bits; 42 days left");
    assert_line(text, "Our certificate", "none, and the server asked for none");
    assert_line(text, "Authenticated", "the server, not us");
    assert_line(text, "Revocation", "not checked: the server stapled no OCSP response");
    assert_line(text, "Trust", "verified by PKIX: mail.example.org");
    g_assert_false(g_str_has_suffix(text, "\n"));
}

static void test_an_old_connection(void)
{
    g_autoptr(TlsPeer) p = good_peer();
    p->version = TLS_1_0;
    set(&p->cipher, "AES128-SHA");
    set(&p->cipher_standard, "TLS_RSA_WITH_AES_128_CBC_SHA");
    p->cipher_bits = 128;
    set(&p->mac, "SHA1");
    set(&p->key_exchange, "RSA");
    set(&p->group, NULL);
    set(&p->peer_signature, NULL);
    p->group_bits = 0;
    p->compression = true;
    g_autofree char *text = tls_summary_connection(p);
    assert_line(text, "Version",
                "TLS 1.0 (deprecated, RFC 8996): the server's limit, TLS 1.3 was offered");
    assert_line(text, "Key exchange", "no forward secrecy");
    assert_line(text, "Cipher", "AES128-SHA (TLS_RSA_WITH_AES_128_CBC_SHA), 128 bits");
    assert_line(text, "MAC", "HMAC-SHA1, 160 bits");
    assert_line(text, "Compression", "CRIME");
    assert_line(text, "Master secret", "NOT extended");
    assert_line(text, "Renegotiation", "NOT secure");

    p->our_max = TLS_1_0;
    g_autofree char *ours = tls_summary_connection(p);
    assert_line(ours, "Version", "our own limit");
}

static void test_who_is_authenticated(void)
{
    g_autoptr(TlsPeer) p = good_peer();
    p->client_certificate_asked = p->client_certificate_sent = true;
    set(&p->client_subject, "CN=joe");
    g_autofree char *mutual = tls_summary_connection(p);
    assert_line(mutual, "Authenticated", "mutual");
    assert_line(mutual, "Our certificate", "CN=joe");

    p->client_certificate_sent = p->verified = false;
    set(&p->why_not, "error 20 at depth 0: unable to get local issuer certificate\n    which: "
                     "CN=x\x1b[2J\n    try --ca-file");
    g_autofree char *nobody = tls_summary_connection(p);
    assert_line(nobody, "Authenticated", "NOBODY");
    assert_line(nobody, "Our certificate", "none sent, though the server asked");
    assert_line(nobody, "Trust", "NOT VERIFIED: error 20");
    assert_has(nobody, "\n    which: CN=x\\x1B[2J\n    try --ca-file");
}

static void test_revocation(void)
{
    g_autoptr(TlsPeer) p = good_peer();
    leaf(p)->must_staple = true;
    g_autofree char *absent = tls_summary_connection(p);
    assert_line(absent, "Revocation", "must-staple");

    set(&p->ocsp, "good");
    g_autofree char *invalid = tls_summary_connection(p);
    assert_line(invalid, "Revocation", "do not hold");

    p->ocsp_valid = true;
    p->ocsp_next_update = G_GINT64_CONSTANT(4102444800);
    g_autofree char *good = tls_summary_connection(p);
    assert_line(
        good, "Revocation",
        "checked by stapled OCSP: good, as of an answer good until 2100-01-01 00:00:00 UTC");
}

static void test_the_chain(void)
{
    g_autoptr(TlsPeer) p = good_peer();
    TlsCertificate *ca = certificate("CN=Test CA", now() - 800 * DAY, now() - 3 * DAY - 60);
    ca->is_ca = ca->self_signed = true;
    g_ptr_array_add(p->chain, ca);
    g_autofree char *text = tls_summary_chain(p, false);
    assert_has(text, "[0] the server's own\n");
    assert_has(text, "[1] root CA\n");
    assert_line(text, "    subject", "CN=mail.example.org");
    assert_line(text, "    name", "DNS mail.example.org");
    assert_has(text, "IP 192.0.2.1");
    assert_line(text, "    valid", "(42 days left)");
    assert_has(text, "(EXPIRED, 3 days ago)");
    assert_line(text, "    MD5 (weak)", "EE:FF");
    assert_line(text, "    key pin", "--pin=sha256:aabb");

    g_ptr_array_set_size(p->chain, 0);
    g_autofree char *none = tls_summary_chain(p, true);
    assert_has(none, "no certificate");
}

static void test_days_are_counted_both_ways(void)
{
    TlsCertificate c = {.not_before = now() - DAY, .not_after = now() + 30};
    g_assert_cmpint(tls_word_days_left(&c), ==, 0);
    g_autofree char *soon = tls_word_validity(&c);
    g_assert_cmpstr(soon, ==, "less than a day left");
    c.not_after = now() - 30;
    g_assert_cmpint(tls_word_days_left(&c), ==, -1);
    c.not_after = now() - DAY - 30;
    g_assert_cmpint(tls_word_days_left(&c), ==, -2);
    c.not_before = now() + 2 * DAY + 30;
    c.not_after = now() + 9 * DAY;
    g_autofree char *early = tls_word_validity(&c);
    g_assert_cmpstr(early, ==, "NOT YET VALID, for another 2 days");
}

static const char *string_at(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void test_json_holds_everything(void)
{
    g_autoptr(TlsPeer) p = good_peer();
    set(&leaf(p)->subject, "CN=\x1b\xff");
    p->version = TLS_1_2;
    g_autofree char *text = tls_summary_json(p);
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    g_assert_nonnull(json);
    g_assert_cmpstr(string_at(json, "version"), ==, "TLS 1.2");
    g_assert_cmpstr(string_at(json, "version_limited_by"), ==, "server");
    g_assert_cmpstr(string_at(json_object_get(json, "cipher"), "iana"), ==,
                    "TLS_AES_256_GCM_SHA384");
    g_assert_true(json_is_null(json_object_get(json_object_get(json, "mac"), "bits")));
    g_assert_true(json_is_true(json_object_get(json_object_get(json, "trust"), "verified")));
    g_assert_true(json_is_null(json_object_get(json_object_get(json, "trust"), "why_not")));
    g_assert_cmpstr(string_at(json_object_get(json, "trust"), "by"), ==, "PKIX");
    const json_t *first = json_array_get(json_object_get(json, "chain"), 0);
    g_assert_cmpstr(string_at(first, "subject"), ==, "CN=\\x1B\\xFF");
    g_assert_cmpint(json_integer_value(json_object_get(first, "days_left")), ==, 42);
    g_assert_cmpstr(string_at(json_object_get(first, "fingerprints"), "sha256"), ==, "AA:BB");
    g_assert_cmpstr(json_string_value(json_array_get(json_object_get(first, "dns_names"), 0)), ==,
                    "mail.example.org");
    json_decref(json);
}

/* What docs/tls-json.md promises is there, and nothing is there that it does not tell of. */
static void assert_documented(const json_t *object, const char *page)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        g_autofree char *quoted = g_strdup_printf("`%s`", name);
        assert_has(page, quoted);
        if (json_is_object(value)) {
            assert_documented(value, page);
        } else if (json_is_object(json_array_get(value, 0))) {
            assert_documented(json_array_get(value, 0), page);
        }
    }
}

static void test_json_is_documented(void)
{
    g_autofree char *page = NULL;
    g_assert_true(g_file_get_contents(TEST_DATA "/../docs/tls-json.md", &page, NULL, NULL));
    g_autoptr(TlsPeer) p = good_peer();
    g_autofree char *text = tls_summary_json(p);
    json_t *json = json_loads(text, 0, NULL);
    assert_documented(json, page);
    json_decref(json);
}

static void test_an_empty_peer_breaks_nothing(void)
{
    g_autoptr(TlsPeer) p = g_new0(TlsPeer, 1);
    g_autofree char *line = tls_summary_line(p);
    g_autofree char *connection = tls_summary_connection(p);
    g_autofree char *chain = tls_summary_chain(p, true);
    g_autofree char *json = tls_summary_json(p);
    assert_has(line, "NOT VERIFIED (nobody has checked)");
    assert_line(connection, "Server certificate", "none");
    assert_has(chain, "no certificate");
    assert_has(json, "\"chain\": []");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tls-summary/line", test_one_line);
    g_test_add_func("/tls-summary/line-unverified", test_one_line_says_when_nothing_is_verified);
    g_test_add_func("/tls-summary/good", test_a_good_connection);
    g_test_add_func("/tls-summary/old", test_an_old_connection);
    g_test_add_func("/tls-summary/authenticated", test_who_is_authenticated);
    g_test_add_func("/tls-summary/revocation", test_revocation);
    g_test_add_func("/tls-summary/chain", test_the_chain);
    g_test_add_func("/tls-summary/days", test_days_are_counted_both_ways);
    g_test_add_func("/tls-summary/json", test_json_holds_everything);
    g_test_add_func("/tls-summary/json-documented", test_json_is_documented);
    g_test_add_func("/tls-summary/empty", test_an_empty_peer_breaks_nothing);
    return g_test_run();
}
