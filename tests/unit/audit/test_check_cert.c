/* check_cert.c, cert_names.c. */
#include "audit/cert_names.h"
#include "facts_world.h"

static TlsCertificate *leaf(Facts *f)
{
    return g_ptr_array_index((GPtrArray *)g_ptr_array_index(f->chains, 0), 0);
}

static TlsCertificate *issuer(Facts *f)
{
    return g_ptr_array_index((GPtrArray *)g_ptr_array_index(f->chains, 0), 1);
}

static void set(char **text, const char *value)
{
    g_free(*text);
    *text = g_strdup(value);
}

static void untrusted(Facts *f, int error, const char *why)
{
    f->peer->verified = false;
    f->peer->verify_error = error;
    f->peer->why_not = g_strdup(why);
}

/* A second chain, of an ECDSA key, for `name`. */
static void second(Facts *f, const char *name)
{
    GPtrArray *chain = world_chain(name, f->now);
    TlsCertificate *certificate = g_ptr_array_index(chain, 0);
    set(&certificate->key_type, "EC P-256");
    certificate->key_bits = 256;
    g_ptr_array_add(f->chains, chain);
}

CHANGE(unseen, tls_peer_free(f->peer); f->peer = NULL; g_ptr_array_set_size(f->chains, 0);
       f->handshake_error = g_strdup("timeout"))
CHANGE(unknown_issuer, untrusted(f, 20, "unable to get local issuer certificate\n  advice"))
CHANGE(unknown_issuer_leaf_only, unknown_issuer(f); g_ptr_array_set_size(f->peer->chain, 1))
CHANGE(wrong_name, untrusted(f, 62, "hostname mismatch");
       set((char **)&leaf(f)->dns_names->pdata[0], "www.example.org"))
CHANGE(expired_error, untrusted(f, 10, "certificate has expired"))
CHANGE(not_verified, untrusted(f, 0, "the handshake did not complete"))
CHANGE(dane_instead, unknown_issuer(f); fact_set(&f->dane.verified, YES, NULL))
CHANGE(dane_not, unknown_issuer(f); fact_set(&f->dane.verified, UNKNOWN, NULL))
CHANGE(no_alt_name, g_ptr_array_set_size(leaf(f)->dns_names, 0))
CHANGE(expired, leaf(f)->not_after = f->now - 86400)
CHANGE(issuer_expired, issuer(f)->not_after = f->now - 86400)
CHANGE(early, leaf(f)->not_before = f->now + 86400)
CHANGE(soon, leaf(f)->not_after = f->now + 20 * 86400)
CHANGE(not_so_soon, leaf(f)->not_after = f->now + 22 * 86400)
CHANGE(soon_enough_for_me, not_so_soon(f); f->warn_days = 30)
CHANGE(long_lived, leaf(f)->not_after = f->now + 800 * 86400)
CHANGE(long_lived_private, long_lived(f); unknown_issuer(f))
CHANGE(rsa_1024, leaf(f)->key_bits = 1024)
CHANGE(dsa, set(&issuer(f)->key_type, "DSA"))
CHANGE(p192, set(&leaf(f)->key_type, "EC P-192"); leaf(f)->key_bits = 192)
CHANGE(p256, set(&leaf(f)->key_type, "EC P-256"); leaf(f)->key_bits = 256)
CHANGE(sha1, set(&issuer(f)->signature, "sha1WithRSAEncryption"))
CHANGE(sha1_root, sha1(f); issuer(f)->self_signed = true)
CHANGE(ecdsa_sha1, set(&leaf(f)->signature, "ecdsa-with-SHA1"))
CHANGE(self_signed, leaf(f)->self_signed = true;
       g_ptr_array_set_size(g_ptr_array_index(f->chains, 0), 1))
CHANGE(ca, leaf(f)->is_ca = true)
CHANGE(disorder, set(&leaf(f)->issuer, "CN=Somebody else"))
CHANGE(root_too, issuer(f)->self_signed = true)
CHANGE(must_staple, leaf(f)->must_staple = true; fact_set(&f->ocsp_stapled, NO, NULL))
CHANGE(must_staple_unknown, leaf(f)->must_staple = true;
       fact_set(&f->ocsp_stapled, UNKNOWN, "timeout"))
CHANGE(no_staple, fact_set(&f->ocsp_stapled, NO, NULL); g_clear_pointer(&f->peer->ocsp, g_free))
CHANGE(no_ocsp_at_all, no_staple(f); g_clear_pointer(&leaf(f)->ocsp_url, g_free))
CHANGE(staple_unknown, fact_set(&f->ocsp_stapled, UNKNOWN, "timeout");
       g_clear_pointer(&f->peer->ocsp, g_free))
CHANGE(revoked, set(&f->peer->ocsp, "revoked"))
CHANGE(staple_stale, f->peer->ocsp_valid = false)
CHANGE(no_sct, fact_set(&f->sct_present, NO, NULL))
CHANGE(no_sct_private, no_sct(f); unknown_issuer(f))
CHANGE(only_ecdsa, p256(f))
CHANGE(only_ecdsa_unknown, p256(f); fact_set(&f->chains_complete, UNKNOWN, "out of connections"))
CHANGE(both, second(f, "mail.example.org"))
CHANGE(both_differ, second(f, "www.example.org"))
CHANGE(second_expired, both(f);
       ((TlsCertificate *)g_ptr_array_index((GPtrArray *)g_ptr_array_index(f->chains, 1), 0))
           ->not_after = 1)

static const WorldCase cases[] = {
    {IMAP, NULL, "cert.chain_of_trust", "pass"},
    {IMAP, unseen, "cert.chain_of_trust", "unknown", "timeout"},
    {IMAP, unknown_issuer, "cert.chain_of_trust", "fail", "local issuer"},
    {IMAP, wrong_name, "cert.chain_of_trust", "pass"},
    {IMAP, expired_error, "cert.chain_of_trust", "pass"},
    {IMAP, not_verified, "cert.chain_of_trust", "unknown"},
    {MX, dane_instead, "cert.chain_of_trust", "pass", "DANE"},
    {MX, dane_not, "cert.chain_of_trust", "fail"},
    {IMAP, dane_instead, "cert.chain_of_trust", "fail"},
    {IMAP, NULL, "cert.name", "pass"},
    {IMAP, wrong_name, "cert.name", "fail", "www.example.org, not for mail.example.org"},
    {IMAP, both_differ, "cert.name", "fail", "EC P-256"},
    {IMAP, unseen, "cert.name", "unknown", "timeout"},
    {IMAP, no_alt_name, "cert.alt_name", "fail", "mail.example.org"},
    {IMAP, no_alt_name, "cert.name", "pass"}, /* the common name */
    {IMAP, expired, "cert.expired", "fail", "2026-11-20"},
    {IMAP, issuer_expired, "cert.expired", "fail", "CN=Authority"},
    {IMAP, second_expired, "cert.expired", "fail", "1970-01-01"},
    {IMAP, unseen, "cert.expired", "unknown"},
    {IMAP, early, "cert.not_yet_valid", "fail", "2026-11-22"},
    {IMAP, soon, "cert.expires_soon", "fail", "in 20 days"},
    {IMAP, not_so_soon, "cert.expires_soon", "pass"},
    {IMAP, soon_enough_for_me, "cert.expires_soon", "fail", "in 22 days"},
    {IMAP, expired, "cert.expires_soon", "pass"}, /* that is another row's */
    {IMAP, long_lived, "cert.lifetime", "fail", "830 days"},
    {IMAP, long_lived_private, "cert.lifetime", "none"},
    {IMAP, unseen, "cert.lifetime", "unknown"},
    {IMAP, rsa_1024, "cert.key_size", "fail", "1024"},
    {IMAP, dsa, "cert.key_size", "fail", "DSA"},
    {IMAP, p192, "cert.key_size", "fail", "192"},
    {IMAP, p256, "cert.key_size", "pass"},
    {IMAP, sha1, "cert.signature", "fail", "sha1"},
    {IMAP, sha1_root, "cert.signature", "pass"},
    {IMAP, ecdsa_sha1, "cert.signature", "fail", "SHA1"},
    {IMAP, self_signed, "cert.self_signed", "fail"},
    {IMAP, NULL, "cert.self_signed", "pass"},
    {IMAP, ca, "cert.leaf_is_ca", "fail"},
    {IMAP, disorder, "cert.chain_order", "fail", "CN=Authority, which did not issue it"},
    {IMAP, NULL, "cert.chain_order", "pass"},
    {IMAP, unknown_issuer_leaf_only, "cert.chain_complete", "fail", "CN=Authority"},
    {IMAP, NULL, "cert.chain_complete", "pass"},
    {IMAP, wrong_name, "cert.chain_complete", "pass"},
    {IMAP, not_verified, "cert.chain_complete", "unknown"},
    {IMAP, unseen, "cert.chain_complete", "unknown"},
    {IMAP, root_too, "cert.root_sent", "fail", "CN=Authority"},
    {IMAP, self_signed, "cert.root_sent", "pass"},
    {IMAP, must_staple, "cert.must_staple", "fail"},
    {IMAP, must_staple_unknown, "cert.must_staple", "unknown", "timeout"},
    {IMAP, no_staple, "cert.must_staple", "pass"},
    {IMAP, no_staple, "cert.ocsp_staple", "fail"},
    {IMAP, no_ocsp_at_all, "cert.ocsp_staple", "none"},
    {IMAP, staple_unknown, "cert.ocsp_staple", "unknown"},
    {IMAP, revoked, "cert.revoked", "fail"},
    {IMAP, no_staple, "cert.revoked", "none"},
    {IMAP, staple_unknown, "cert.revoked", "unknown", "timeout"},
    {IMAP, staple_stale, "cert.staple_holds", "fail", "good"},
    {IMAP, no_sct, "cert.transparency", "fail"},
    {IMAP, no_sct_private, "cert.transparency", "none"},
    {IMAP, only_ecdsa, "cert.rsa", "fail", "EC P-256"},
    {IMAP, only_ecdsa_unknown, "cert.rsa", "unknown", "out of connections"},
    {IMAP, both, "cert.rsa", "pass", "RSA and ECDSA"},
    {IMAP, both, "cert.same_names", "pass"},
    {IMAP, both_differ, "cert.same_names", "fail", "www.example.org"},
    {IMAP, NULL, "cert.same_names", "none"},
    {IMAP, only_ecdsa_unknown, "cert.same_names", "unknown"},
};

static void test_cases(void)
{
    world_run(cases, G_N_ELEMENTS(cases));
}

/* No chain of its own: that of the handshake is judged. */
static void test_the_handshake_alone_is_enough(void)
{
    Facts *f = world_good(IMAP);
    g_ptr_array_set_size(f->chains, 0);
    ((TlsCertificate *)g_ptr_array_index(f->peer->chain, 0))->not_after = f->now - 1;
    world_check("one chain", "cert.expired", world_findings(f, NULL, "cert.expired"), "fail", NULL);
    world_free(f);
}

static void test_names(void)
{
    static const struct {
        const char *name, *host;
        bool bears;
    } rows[] = {
        {"mail.example.org", "MAIL.example.org.", true},
        {"mail.example.org", "imap.example.org", false},
        {"*.example.org", "mail.example.org", true},
        {"*.example.org", "example.org", false},
        {"*.example.org", "a.mail.example.org", false},
        {"*.org", "example.org", false},
        {"*.example.org", ".example.org", false},
        {"m*.example.org", "mail.example.org", false},
        {"mail.example.org", "", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        TlsCertificate *c = world_certificate("CN=x", "CN=y", rows[i].name, 0);
        g_assert_true(cert_bears_name(c, rows[i].host) == rows[i].bears);
        g_ptr_array_add(c->ip_names, g_strdup("2001:db8::1"));
        g_assert_true(cert_bears_name(c, "2001:0db8:0::1"));
        g_assert_false(cert_bears_name(c, "192.0.2.1"));
        tls_certificate_free(c);
    }
}

static void test_names_are_told_and_no_more_than_asked_for(void)
{
    TlsCertificate *c = world_certificate("CN=x", "CN=y", NULL, 0);
    g_autofree char *common = cert_names_text(c, 2);
    g_assert_cmpstr(common, ==, "x");
    g_ptr_array_add(c->dns_names, g_strdup("a"));
    g_ptr_array_add(c->dns_names, g_strdup("b"));
    g_ptr_array_add(c->ip_names, g_strdup("192.0.2.1"));
    g_autofree char *two = cert_names_text(c, 2);
    g_assert_cmpstr(two, ==, "a, b and 1 more");
    tls_certificate_free(c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/check_cert/cases", test_cases);
    g_test_add_func("/check_cert/the_handshake_alone_is_enough",
                    test_the_handshake_alone_is_enough);
    g_test_add_func("/check_cert/names", test_names);
    g_test_add_func("/check_cert/names_are_told_and_no_more_than_asked_for",
                    test_names_are_told_and_no_more_than_asked_for);
    return g_test_run();
}
