#include "explain_test.h"

typedef struct {
    const char *proto;
    ReceivedUnit unit;
    Bytes line;
    const char *part; /* NULL: nothing is said */
} Case;

static void check(const Case *cases, size_t count, ExplainLevel level)
{
    for (size_t i = 0; i < count; i++) {
        g_autofree char *text =
            explain_reply(PROTO(cases[i].proto), &cases[i].unit, cases[i].line, level);
        if (cases[i].part == NULL) {
            g_assert_cmpstr(text, ==, NULL);
        } else {
            assert_has(text, cases[i].part);
        }
    }
}

static void test_smtp_codes(void)
{
    static const Case cases[] = {
        {"smtp",
         {.code = 250, .verb = "NOOP"},
         BYTES_LITERAL("250 ok"),
         "250 the server is there (RFC 5321 4.1.1.9)"},
        {"smtp",
         {.code = 250, .verb = "QUX"},
         BYTES_LITERAL("250 ok"),
         "250 done as asked (RFC 5321 4.2.3)"},
        {"submission", {.code = 334, .verb = "AUTH"}, BYTES_LITERAL("334 "), "base64"},
        {"lmtp", {.code = 354, .verb = "DATA"}, BYTES_LITERAL("354 go"), "only a dot"},
        {"smtp",
         {.code = 454, .verb = "STARTTLS"},
         BYTES_LITERAL("454 no"),
         "TLS is not to be had"},
        {"smtp",
         {.code = 454, .verb = "AUTH"},
         BYTES_LITERAL("454 no"),
         "authentication failed for a temporary reason (RFC 4954 6)"},
        {"smtp",
         {.code = 535, .verb = "AUTH", .enhanced = "5.7.8"},
         BYTES_LITERAL("535 5.7.8 no"),
         "5.7.8 wrong user name or password (RFC 4954 6)"},
        {"smtp",
         {.code = 599, .verb = "AUTH"},
         BYTES_LITERAL("599 no"),
         "599 not registered; by its first digit: not done"},
        {"smtp", {.code = 556, .verb = NULL}, BYTES_LITERAL("556 no"), "RFC 7504"},
        {"smtp", {.code = 250, .is_body = true}, BYTES_LITERAL("250 ok"), NULL},
        {"tcp", {.code = 250}, BYTES_LITERAL("250 ok"), NULL},
    };
    check(cases, G_N_ELEMENTS(cases), EXPLAIN_BRIEF);
    Case off = cases[0];
    off.part = NULL;
    check(&off, 1, EXPLAIN_OFF);
}

static void test_full_names_the_class(void)
{
    static const Case cases[] = {
        {"smtp",
         {.code = 250, .verb = "RCPT", .enhanced = "2.1.5"},
         BYTES_LITERAL("250 2.1.5 ok"),
         "250 success: recipient accepted"},
        {"smtp",
         {.code = 250, .verb = "RCPT", .enhanced = "2.1.5"},
         BYTES_LITERAL("250 2.1.5 ok"),
         "2.1.5 success; address: "},
        {"smtp",
         {.code = 451, .enhanced = "4.7.99"},
         BYTES_LITERAL("451 4.7.99"),
         "security or policy, not in the registry"},
        {"smtp",
         {.code = 250, .enhanced = "2.0.0"},
         BYTES_LITERAL("250 2.0.0"),
         "2.0.0 success; other: fine"},
        {"imap",
         {.response_code = "CAPABILITY"},
         BYTES_LITERAL("* OK [CAPABILITY X]"),
         "[CAPABILITY] the capabilities in force"},
    };
    check(cases, G_N_ELEMENTS(cases), EXPLAIN_FULL);
}

static void test_enhanced_codes(void)
{
    static const struct {
        const char *code, *part;
    } cases[] = {
        {"2.0.0", NULL},       {"5.1.1", "no such mailbox"},
        {"4.2.2", "full"},     {"5.7.30", "RFC 8689"},
        {"5.1.10", "null MX"}, {"3.1.1", NULL},
        {"5.8.1", NULL},       {"5.7", NULL},
        {"5.7.8.9", NULL},     {"", NULL},
        {"5.x.1", NULL},       {"5.1.99999", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = explain_enhanced(cases[i].code, EXPLAIN_BRIEF);
        if (cases[i].part == NULL) {
            g_assert_cmpstr(text, ==, NULL);
        } else {
            assert_has(text, cases[i].part);
        }
    }
}

static void test_pop3(void)
{
    static const Case cases[] = {
        {"pop3", {.verb = "STAT"}, BYTES_LITERAL("+OK 2 320"), "2 messages, 320 octets in all"},
        {"pop3",
         {.verb = "STAT"},
         BYTES_LITERAL("+OK 1 8388608"),
         "1 message, 8.4 MB (8,388,608 octets) in all"},
        {"pop3", {.verb = "LIST"}, BYTES_LITERAL("+OK 2 200000"), "message 2 has 200.0 kB"},
        {"pop3", {.verb = "LIST"}, BYTES_LITERAL("+OK 2 messages:"), NULL},
        {"pop3", {.verb = "RETR"}, BYTES_LITERAL("+OK 120000 octets"), "120.0 kB"},
        {"pop3", {.verb = "RETR"}, BYTES_LITERAL("+OK 120000"), NULL},
        {"pop3",
         {.verb = "PASS", .response_code = "IN-USE"},
         BYTES_LITERAL("-ERR [IN-USE] x"),
         "[IN-USE] the mailbox is open in another session"},
        {"pop3",
         {.verb = "PASS", .response_code = "SYS/TEMP"},
         BYTES_LITERAL("-ERR [SYS/TEMP]"),
         "likely to pass (RFC 3206"},
        {"pop3",
         {.verb = "PASS", .response_code = "SYS/ODD"},
         BYTES_LITERAL("-ERR [SYS/ODD]"),
         "[SYS/ODD] a fault of the server"},
        {"pop3", {.verb = "PASS", .response_code = "ODD"}, BYTES_LITERAL("-ERR [ODD]"), NULL},
    };
    check(cases, G_N_ELEMENTS(cases), EXPLAIN_BRIEF);
}

static void test_imap(void)
{
    static const Case cases[] = {
        {"imap", {.verb = "SELECT"}, BYTES_LITERAL("* 172 EXISTS"), "172 messages in the mailbox"},
        {"imap", {.verb = "SELECT"}, BYTES_LITERAL("* 1 RECENT"), "1 message is new"},
        {"imap", {.verb = "EXPUNGE"}, BYTES_LITERAL("* 3 EXPUNGE"), "message 3 is gone"},
        {"imap",
         {.verb = "FETCH"},
         BYTES_LITERAL("* 1 FETCH (UID 9 RFC822.SIZE 8388608)"),
         "message 1 has 8.4 MB"},
        {"imap",
         {.verb = "FETCH"},
         BYTES_LITERAL("* 1 FETCH (BODY[] {8388608}"),
         "a literal of 8.4 MB"},
        {"imap",
         {.verb = "LIST"},
         BYTES_LITERAL("* LIST (\\HasNoChildren \\Sent) \"/\" Sent"),
         "for sent mail"},
        {"imap",
         {.verb = "LIST"},
         BYTES_LITERAL("* LIST (\\HasNoChildren) \"/\" \"Entw&APw-rfe\""),
         "mailbox \"Entw\xc3\xbcrfe\""},
        {"imap", {.verb = "LIST"}, BYTES_LITERAL("* LIST () \"/\" \"A&-B\""), "A&B"},
        {"imap", {.verb = "LIST"}, BYTES_LITERAL("* LIST () \"/\" \"A&!!-B\""), NULL},
        {"imap", {.verb = "LIST"}, BYTES_LITERAL("* LIST () \"/\" INBOX"), NULL},
        {"imap", {.verb = "SEARCH"}, BYTES_LITERAL("* SEARCH 2 84 882"), "3 messages"},
        {"imap",
         {.verb = "GETQUOTA"},
         BYTES_LITERAL("* QUOTA \"\" (STORAGE 1000 4000 MESSAGE 5 10)"),
         "STORAGE: 1.0 MB of 4.1 MB, MESSAGE: 5 of 10"},
        {"imap",
         {.verb = "LOGIN", .response_code = "AUTHENTICATIONFAILED"},
         BYTES_LITERAL("A1 NO [AUTHENTICATIONFAILED] x"),
         "[AUTHENTICATIONFAILED] wrong user name or password (RFC 5530 3)"},
        {"imap", {.verb = "FOO"}, BYTES_LITERAL("A1 BAD what"), "BAD not understood"},
        {"imap", {.verb = "NOOP"}, BYTES_LITERAL("A1 OK done"), NULL},
        {"imap", {.response_code = "CAPABILITY"}, BYTES_LITERAL("* OK [CAPABILITY X]"), NULL},
        {"imap", {.verb = "APPEND"}, BYTES_LITERAL("+ go"), "go ahead"},
        {"imap", {.verb = ""}, BYTES_LITERAL("* BYE"), "closes the connection"},
    };
    check(cases, G_N_ELEMENTS(cases), EXPLAIN_BRIEF);
}

static void test_the_others(void)
{
    static const Case cases[] = {
        {"sieve",
         {.verb = "AUTHENTICATE", .response_code = "ENCRYPT-NEEDED"},
         BYTES_LITERAL("NO (ENCRYPT-NEEDED) \"no\""),
         "(ENCRYPT-NEEDED) this mechanism only inside TLS"},
        {"sieve",
         {.verb = "PUTSCRIPT", .response_code = "QUOTA/MAXSIZE"},
         BYTES_LITERAL("NO (QUOTA/MAXSIZE)"),
         "too large"},
        {"nntp",
         {.verb = "GROUP", .code = 211},
         BYTES_LITERAL("211 3 1 9 misc.test"),
         "about 3 articles, numbers 1 to 9"},
        {"nntp", {.verb = "STARTTLS", .code = 382}, BYTES_LITERAL("382 go"), "RFC 4642"},
        {"ftp", {.verb = "AUTH", .code = 234}, BYTES_LITERAL("234 go"), "TLS handshake comes next"},
        {"ftp",
         {.verb = "PASV", .code = 227},
         BYTES_LITERAL("227 Entering (127,0,0,1,200,10)."),
         "127.0.0.1 port 51210"},
        {"ftp", {.verb = "SIZE", .code = 213}, BYTES_LITERAL("213 8388608"), "8.4 MB"},
        {"irc",
         {.verb = ""},
         BYTES_LITERAL(":irc.example 670 * :STARTTLS successful"),
         "670 agreed"},
        {"irc", {.verb = ""}, BYTES_LITERAL(":irc.example NOTICE * :hello"), NULL},
    };
    check(cases, G_N_ELEMENTS(cases), EXPLAIN_BRIEF);
}

/* Every table: no row twice, nothing empty. */
static void assert_codes(const CodeMeaning *table)
{
    for (const CodeMeaning *a = table; a->code != 0; a++) {
        g_assert_true(a->code > 0 && a->code < 1000 && a->phrase != NULL && a->phrase[0] != '\0');
        for (const CodeMeaning *b = a + 1; b->code != 0; b++) {
            g_assert_false(a->code == b->code && g_strcmp0(a->verb, b->verb) == 0);
        }
        g_assert_true(a[1].code == 0 || a[1].code >= a->code);
    }
}

static void assert_words(const WordMeaning *table)
{
    for (const WordMeaning *a = table; a->name != NULL; a++) {
        g_assert_true(a->phrase != NULL && a->phrase[0] != '\0');
        for (const WordMeaning *b = a + 1; b->name != NULL; b++) {
            g_assert_cmpint(g_ascii_strcasecmp(a->name, b->name), !=, 0);
        }
    }
}

static void test_tables_are_sound(void)
{
    const CodeMeaning *const codes[] = {smtp_codes, nntp_codes, ftp_codes, irc_codes};
    const WordMeaning *const words[] = {pop3_response_codes, imap_response_codes,
                                        sieve_response_codes};
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        assert_codes(codes[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        assert_words(words[i]);
    }
}

static void test_what_standards_define_is_known(void)
{
    static const int smtp[] = {211, 214, 220, 221, 235, 250, 251, 252, 253, 334, 354, 421, 432,
                               450, 451, 452, 453, 454, 455, 458, 459, 500, 501, 502, 503, 504,
                               521, 525, 530, 534, 535, 538, 550, 551, 552, 553, 554, 555, 556};
    for (size_t i = 0; i < G_N_ELEMENTS(smtp); i++) {
        ReceivedUnit unit = {.code = smtp[i], .verb = "X"};
        g_autofree char *text = explain_reply(PROTO("smtp"), &unit, BYTES_NONE, EXPLAIN_BRIEF);
        assert_has(text, "");
        assert_lacks(text, "not registered");
    }
    for (int detail = 0; detail <= 30; detail++) {
        g_autofree char *code = g_strdup_printf("5.7.%d", detail);
        g_autofree char *text = explain_enhanced(code, EXPLAIN_BRIEF);
        assert_has(text, code);
        assert_lacks(text, "not in the registry");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/explain-reply/smtp", test_smtp_codes);
    g_test_add_func("/explain-reply/full", test_full_names_the_class);
    g_test_add_func("/explain-reply/enhanced", test_enhanced_codes);
    g_test_add_func("/explain-reply/pop3", test_pop3);
    g_test_add_func("/explain-reply/imap", test_imap);
    g_test_add_func("/explain-reply/others", test_the_others);
    g_test_add_func("/explain-reply/tables", test_tables_are_sound);
    g_test_add_func("/explain-reply/complete", test_what_standards_define_is_known);
    return g_test_run();
}
