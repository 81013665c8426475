#include "explain_test.h"

typedef struct {
    const char *proto, *verb;
    Bytes line;
    bool encrypted;
    const char *caps; /* lines separated by ';', or NULL: not known */
    const char *part; /* NULL: nothing */
} Case;

static const Case cases[] = {
    {"pop3", "APOP", BYTES_LITERAL("-ERR permission denied"), true, NULL,
     "the secret is wrong, or this account has no APOP"},
    {"pop3", "APOP", BYTES_LITERAL("-ERR [AUTH] Authentication failed."), true, NULL,
     "the secret is wrong, or this account has no APOP"},
    {"pop3", "APOP", BYTES_LITERAL("-ERR Unknown command."), true, NULL, "no <challenge>"},
    {"pop3", "PASS", BYTES_LITERAL("-ERR [IN-USE] locked"), true, NULL, "another session"},
    {"pop3", "USER",
     BYTES_LITERAL(
         "-ERR [AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections."),
     true, NULL, "wrong"},
    {"pop3", "USER",
     BYTES_LITERAL(
         "-ERR [AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections."),
     false, NULL, "STLS first"},
    {"smtp", "RCPT",
     BYTES_LITERAL("554 5.7.1 Service unavailable; client host blocked using zen.example"), true,
     NULL, "the list that the text names"},
    {"pop3", "USER",
     BYTES_LITERAL("-ERR Plaintext authentication disallowed on non-secure (SSL/TLS) connections."),
     false, NULL, "STLS first"},
    {"pop3", "AUTH", BYTES_LITERAL("-ERR Unsupported authentication mechanism."), true,
     "SASL PLAIN LOGIN", "it offers PLAIN LOGIN"},
    {"pop3", "STLS", BYTES_LITERAL("-ERR no"), false, NULL, "995"},
    {"pop3", "STLS", BYTES_LITERAL("-ERR no"), true, NULL, "TLS is up already"},
    {"pop3", "RETR", BYTES_LITERAL("-ERR There's no message 9."), true, NULL,
     "no message of that number"},
    {"pop3", "CAPA", BYTES_LITERAL("-ERR no"), true, NULL, NULL},
    {"imap", "LOGIN", BYTES_LITERAL("A1 NO [PRIVACYREQUIRED] no"), false, NULL, "STARTTLS first"},
    {"imap", "LOGIN", BYTES_LITERAL("A1 BAD no"), false, "LOGINDISABLED;AUTH=PLAIN",
     "LOGINDISABLED"},
    {"imap", "LOGIN", BYTES_LITERAL("A1 NO [AUTHENTICATIONFAILED] no"), true,
     "AUTH=PLAIN;AUTH=XOAUTH2", "PLAIN XOAUTH2"},
    {"imap", "AUTHENTICATE", BYTES_LITERAL("A1 NO Unsupported authentication mechanism."), true,
     "AUTH=PLAIN", "it offers PLAIN"},
    {"imap", "FETCH", BYTES_LITERAL("A1 BAD No mailbox selected."), true, NULL,
     "SELECT or EXAMINE first"},
    {"imap", "APPEND", BYTES_LITERAL("A1 NO [TRYCREATE] no"), true, NULL, "CREATE"},
    {"smtp", "AUTH", BYTES_LITERAL("530 5.7.0 Must issue a STARTTLS command first"), false, NULL,
     "inside TLS only"},
    {"smtp", "AUTH", BYTES_LITERAL("538 5.7.11 Encryption required"), false, NULL,
     "inside TLS only"},
    {"smtp", "AUTH", BYTES_LITERAL("503 5.5.1 Error: authentication not enabled"), false,
     "STARTTLS", "not offered here"},
    {"smtp", "AUTH", BYTES_LITERAL("503 5.5.1 Error: authentication not enabled"), false, NULL,
     "comes after EHLO"},
    {"smtp", "AUTH", BYTES_LITERAL("504 5.5.4 no"), true, "AUTH PLAIN", "it offers PLAIN"},
    {"smtp", "AUTH", BYTES_LITERAL("504 5.5.4 no"), true, NULL, "no mechanism that it has named"},
    {"smtp", "AUTH", BYTES_LITERAL("535 5.7.8 Error"), true, "AUTH PLAIN",
     "the server offers PLAIN"},
    {"smtp", "AUTH",
     BYTES_LITERAL("535 5.7.139 Authentication unsuccessful, basic authentication is disabled."),
     true, NULL, "OAuth"},
    {"smtp", "AUTH", BYTES_LITERAL("534-5.7.9 Application-specific password required."), true, NULL,
     "application password"},
    {"smtp", "MAIL", BYTES_LITERAL("530 5.7.0 Authentication required"), true, NULL,
     "a login before this"},
    {"smtp", "MAIL", BYTES_LITERAL("530 5.7.0 Must issue a STARTTLS command first"), false, NULL,
     "TLS before this"},
    {"smtp", "RCPT", BYTES_LITERAL("554 5.7.1 <x@y>: Relay access denied"), true, NULL,
     "does not relay"},
    {"smtp", "AUTH",
     BYTES_LITERAL("535 5.7.8 Error: authentication failed: Invalid authentication mechanism"),
     true, "AUTH PLAIN", "not have that mechanism: it offers PLAIN"},
    {"smtp", "AUTH", BYTES_LITERAL("501 5.7.0 Authentication aborted"), true, NULL,
     "the answer to *"},
    {"smtp", "RCPT", BYTES_LITERAL("550 5.1.1 <x@y>: unknown"), true, NULL, "check the spelling"},
    {"smtp", "RCPT", BYTES_LITERAL("450 4.2.0 Greylisted, please try again later"), true, NULL,
     "greylisting"},
    {"smtp", "", BYTES_LITERAL("554 no SMTP service here"), false, NULL, "no mail service"},
    {"smtp", "STARTTLS", BYTES_LITERAL("454 4.7.0 TLS not available due to local problem"), false,
     NULL, "cannot do it just now"},
    {"smtp", "DATA", BYTES_LITERAL("550 5.7.26 fails SPF and DKIM"), true, NULL,
     "SPF, DKIM and DMARC"},
    {"smtp", "DATA", BYTES_LITERAL("554 5.5.1 Error: no valid recipients"), true, NULL, "RCPT TO"},
    {"lmtp", "DATA", BYTES_LITERAL("552 5.2.3 too large"), true, NULL,
     "larger than the server takes"},
    {"sieve", "AUTHENTICATE", BYTES_LITERAL("NO (ENCRYPT-NEEDED) \"no\""), false, NULL,
     "STARTTLS first"},
    {"sieve", "PUTSCRIPT", BYTES_LITERAL("NO \"line 1: error\""), true, NULL,
     "the script has an error"},
    {"nntp", "AUTHINFO", BYTES_LITERAL("483 TLS required"), false, NULL, "TLS before this"},
    {"ftp", "PASS", BYTES_LITERAL("530 Login incorrect."), true, NULL, "the password is wrong"},
    {"ftp", "AUTH", BYTES_LITERAL("431 no"), false, NULL, "no certificate"},
    {"irc", "NICK", BYTES_LITERAL(":x 433 * a :in use"), false, NULL, NULL},
    {"tcp", "X", BYTES_LITERAL("500 no"), false, NULL, NULL},
};

static void test_refusals_are_explained(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) lines = cases[i].caps == NULL ? NULL : g_strsplit(cases[i].caps, ";", -1);
        g_autoptr(Caps) caps = lines == NULL ? NULL : caps_from((const char *const *)lines);
        g_autofree char *text = explain_refusal(PROTO(cases[i].proto), cases[i].verb, cases[i].line,
                                                cases[i].encrypted, caps);
        if (cases[i].part == NULL) {
            g_assert_cmpstr(text, ==, NULL);
        } else {
            assert_has(text, cases[i].part);
        }
    }
}

static void test_offered_mechanisms_are_escaped(void)
{
    static const char *const lines[] = {"AUTH EVIL\x1b[2J", NULL};
    g_autoptr(Caps) caps = caps_from(lines);
    g_autofree char *text =
        explain_refusal(PROTO("smtp"), "AUTH", BYTES_LITERAL("504 no"), true, caps);
    assert_harmless(text);
    assert_has(text, "EVIL\\x1B");
}

static void test_no_rule_is_dead(void)
{
    const RefusalRule *const tables[] = {smtp_refusals,  pop3_refusals, imap_refusals,
                                         sieve_refusals, nntp_refusals, ftp_refusals};
    for (size_t t = 0; t < G_N_ELEMENTS(tables); t++) {
        for (const RefusalRule *rule = tables[t]; rule->text != NULL; rule++) {
            g_assert_true(rule->verb != NULL || rule->codes != NULL ||
                          rule->words != NULL); /* would hide all behind it */
            g_assert_cmpuint(strlen(rule->text), >, 10);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/explain-refusal/explained", test_refusals_are_explained);
    g_test_add_func("/explain-refusal/escaped", test_offered_mechanisms_are_escaped);
    g_test_add_func("/explain-refusal/rules", test_no_rule_is_dead);
    return g_test_run();
}
