/* check_sasl.c. */
#include "facts_world.h"

static void logins(Facts *f, const char *before, const char *inside)
{
    caps_free(f->caps_before);
    caps_free(f->caps_after);
    f->caps_before = before ? world_caps(before) : NULL;
    f->caps_after = inside ? world_caps(inside) : NULL;
}

CHANGE(plain_before, logins(f, "STARTTLS\nAUTH PLAIN CRAM-MD5", "AUTH PLAIN CRAM-MD5"))
CHANGE(scram_before, logins(f, "STARTTLS\nAUTH SCRAM-SHA-256", "AUTH PLAIN SCRAM-SHA-256"))
CHANGE(imap_plain_before, logins(f, "STARTTLS\nAUTH=PLAIN\nLOGINDISABLED", "AUTH=PLAIN"))
CHANGE(before_unseen, logins(f, NULL, "AUTH PLAIN"))
CHANGE(inside_unseen, logins(f, "STARTTLS", NULL);
       f->handshake_error = g_strdup("alert internal_error"))
CHANGE(old_ones, logins(f, "STARTTLS", "AUTH NTLM DIGEST-MD5 PLAIN"))
CHANGE(dead_ones, logins(f, "STARTTLS", "AUTH PLAIN KERBEROS_V4"))
CHANGE(anonymous, logins(f, "STARTTLS", "AUTH PLAIN ANONYMOUS"))
CHANGE(strange, logins(f, "STARTTLS", "AUTH PLAIN X-OWN"))
CHANGE(plain_only, logins(f, "STARTTLS", "AUTH PLAIN LOGIN"))
CHANGE(scram_sha1, logins(f, "STARTTLS", "AUTH SCRAM-SHA-1"))
CHANGE(vanishes, logins(f, "STARTTLS\nAUTH SCRAM-SHA-256", "AUTH PLAIN"))
CHANGE(on_mx, logins(f, "STARTTLS", "PIPELINING\nAUTH PLAIN"))
CHANGE(none, logins(f, "STARTTLS", "PIPELINING"))
CHANGE(disabled, logins(f, "STARTTLS", "IMAP4rev1\nLOGINDISABLED"))
CHANGE(no_tls, logins(f, "AUTH PLAIN", NULL); f->tls_offer = TLS_OFFER_MISSING)

static const WorldCase cases[] = {
    {SUBMISSION, NULL, "sasl.cleartext_before_tls", "pass"},
    {SUBMISSION, plain_before, "sasl.cleartext_before_tls", "fail", "PLAIN"},
    {SUBMISSION, no_tls, "sasl.cleartext_before_tls", "fail", "PLAIN"},
    {SUBMISSION, scram_before, "sasl.cleartext_before_tls", "pass"},
    {SUBMISSION, before_unseen, "sasl.cleartext_before_tls", "unknown"},
    {IMAP, imap_plain_before, "sasl.cleartext_before_tls", "fail", "LOGIN is disabled"},
    {IMAPS, plain_before, "sasl.cleartext_before_tls", "none"},
    {SUBMISSION, old_ones, "sasl.weak", "fail", "NTLM, DIGEST-MD5"},
    {SUBMISSION, plain_only, "sasl.weak", "pass"},
    {SUBMISSION, inside_unseen, "sasl.weak", "unknown", "internal_error"},
    {SUBMISSION, dead_ones, "sasl.dead", "fail", "KERBEROS_V4"},
    {SUBMISSION, anonymous, "sasl.anonymous", "fail", "ANONYMOUS"},
    {SUBMISSION, anonymous, "sasl.weak", "pass"},
    {SUBMISSION, strange, "sasl.mechanisms", "fail", "X-OWN: nobody knows it"},
    {SUBMISSION, NULL, "sasl.mechanisms", "pass", "inside TLS SCRAM-SHA-256-PLUS: "},
    {SUBMISSION, inside_unseen, "sasl.mechanisms", "unknown"},
    {SUBMISSION, plain_only, "sasl.scram", "fail"},
    {SUBMISSION, scram_sha1, "sasl.scram", "fail", "SCRAM-SHA-1"},
    {SUBMISSION, NULL, "sasl.scram", "pass"},
    {SUBMISSION, scram_before, "sasl.scram_plus", "fail"},
    {SUBMISSION, NULL, "sasl.scram_plus", "pass", "good"},
    {SUBMISSION, plain_only, "sasl.scram_plus", "none"},
    {SUBMISSION, vanishes, "sasl.vanish", "fail", "SCRAM-SHA-256"},
    {SUBMISSION, NULL, "sasl.vanish", "pass"},
    {MX, on_mx, "sasl.on_mx", "fail"},
    {MX, NULL, "sasl.on_mx", "pass"},
    {SUBMISSION, on_mx, "sasl.on_mx", "none"},
    {SUBMISSION, none, "sasl.nothing_offered", "fail"},
    {IMAP, disabled, "sasl.nothing_offered", "fail"},
    {IMAP, none, "sasl.nothing_offered", "pass"}, /* the LOGIN command */
    {IMAP, inside_unseen, "sasl.nothing_offered", "unknown"},
    {"https://www.example.org", NULL, "sasl.scram", "none"},
};

static void test_cases(void)
{
    world_run(cases, G_N_ELEMENTS(cases));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/check_sasl/cases", test_cases);
    return g_test_run();
}
