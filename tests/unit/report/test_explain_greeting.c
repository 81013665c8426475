#include "explain_test.h"

static void test_greetings_tell(void)
{
    static const struct {
        const char *proto;
        Bytes line;
        const char *part; /* NULL: nothing */
    } cases[] = {
        {"pop3", BYTES_LITERAL("+OK Dovecot ready. <1896.697@mail.example>"),
         "<1896.697@mail.example> is a challenge for APOP (RFC 1939 7)"},
        {"pop3", BYTES_LITERAL("+OK Dovecot ready."), "the software is Dovecot"},
        {"pop3", BYTES_LITERAL("+OK ready <no-at-sign>"), NULL},
        {"pop3", BYTES_LITERAL("-ERR no <1@x>"), NULL},
        {"smtp", BYTES_LITERAL("220 mail.example.org ESMTP Postfix (Debian/GNU)"),
         "the server calls itself mail.example.org, and speaks ESMTP\nthe software is Postfix"},
        {"smtp", BYTES_LITERAL("220 **************0*2****200*"), "a firewall rewrites"},
        {"smtp", BYTES_LITERAL("554 go away"), NULL},
        {"imap", BYTES_LITERAL("* PREAUTH hello"), "STARTTLS is no longer possible"},
        {"imap", BYTES_LITERAL("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] Dovecot ready."),
         "no LOGIN before STARTTLS"},
        {"imap", BYTES_LITERAL("* BYE too many"), "gives no service"},
        {"ftp", BYTES_LITERAL("220 ProFTPD Server ready"), "ProFTPD"},
        {"tcp", BYTES_LITERAL("Postfix"), NULL},
        {"smtp", BYTES_NONE, NULL},
        {"smtp", BYTES_LITERAL("220"), NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = explain_greeting(PROTO(cases[i].proto), cases[i].line);
        if (cases[i].part == NULL) {
            g_assert_cmpstr(text, ==, NULL);
        } else {
            assert_has(text, cases[i].part);
        }
    }
}

static void test_a_hostile_greeting_stays_harmless(void)
{
    g_autofree char *host =
        explain_greeting(PROTO("smtp"), BYTES_LITERAL("220 a.\x1b[2J.example\x9b ESMTP"));
    g_autofree char *apop = explain_greeting(PROTO("pop3"), BYTES_LITERAL("+OK <\x1b@\x07>"));
    assert_has(host, "\\x1B");
    assert_harmless(host);
    assert_harmless(apop);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/explain-greeting/tells", test_greetings_tell);
    g_test_add_func("/explain-greeting/hostile", test_a_hostile_greeting_stays_harmless);
    return g_test_run();
}
