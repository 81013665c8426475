#include "explain_test.h"

/* As it stands in the list of all. */
static char *explained(const Proto *proto, const char *line)
{
    CapGroup group;
    const char *rfc;
    g_autofree char *phrase =
        explain_capability_phrase(explain_vocabulary(proto), line, &group, &rfc);
    return phrase ? explain_with_rfc(phrase, rfc) : NULL;
}

static void test_one_capability_in_a_phrase(void)
{
    static const struct {
        const char *proto, *line, *text;
    } cases[] = {
        {"smtp", "SIZE 10240000", "messages up to 10.2 MB (RFC 1870)"},
        {"smtp", "SIZE 0",
         "the size can be told beforehand; the server names no maximum (RFC 1870)"},
        {"smtp", "size", "the size can be told beforehand; the server names no maximum (RFC 1870)"},
        {"smtp", "8BITMIME", "bodies in 8-bit text (RFC 6152)"},
        {"lmtp", "PIPELINING",
         "several commands may go at once, without waiting for replies (RFC 2920)"},
        {"submission", "ETRN", "mail that waits for a host can be sent for (RFC 1985)"},
        {"smtp", "LIMITS RCPTMAX=100 MAILMAX=5 X=1",
         "at most 100 recipients a transaction, 5 transactions a session (RFC 9422)"},
        {"smtp", "LIMITS", "limits of a session are told (RFC 9422)"},
        {"smtp", "DELIVERBY 240",
         "delivery within a time that is asked for, 240 s at least (RFC 2852)"},
        {"smtp", "XFOO 1", NULL},
        {"smtp", "", NULL},
        {"pop3", "LOGIN-DELAY 900", "at least 900 seconds between logins (RFC 2449)"},
        {"pop3", "LOGIN-DELAY 1 USER",
         "at least 1 second between logins (differs by user; RFC 2449)"},
        {"pop3", "EXPIRE NEVER", "the server deletes nothing by itself (RFC 2449)"},
        {"pop3", "EXPIRE 0", "what has been retrieved is deleted at QUIT (RFC 2449)"},
        {"pop3", "EXPIRE 60 USER",
         "the server deletes messages after 60 days (differs by user; RFC 2449)"},
        {"pop3", "IMPLEMENTATION Dovecot\x1b[2J", "the server is Dovecot\\x1B[2J (RFC 2449)"},
        {"imap", "LITERAL+", "literals of any size without waiting for the go-ahead (RFC 7888)"},
        {"imap", "APPENDLIMIT=35651584", "uploads up to 35.7 MB (RFC 7889)"},
        {"imap", "QUOTA=RES-STORAGE", "quota of storage, in kB (RFC 9208)"},
        {"imap", "QUOTA=RES-ODD", "a kind of quota (RFC 9208)"},
        {"imap", "imap4rev1", "the protocol as of 1996 and 2003 (RFC 3501)"},
        {"imap", "XLIST", "the draft before SPECIAL-USE (Gmail)"},
        {"sieve", "\"MAXREDIRECTS\" \"5\"", "a script may redirect a message 5 times (RFC 5804)"},
        {"sieve", "SIEVE fileinto vnd.dovecot.filter odd",
         "scripts may use fileinto (files into mailboxes), vnd.dovecot.filter (of Dovecot's own), "
         "odd (RFC 5804)"},
        {"nntp", "AUTHINFO USER SASL",
         "log in with AUTHINFO USER/PASS (the password itself) or SASL (RFC 4643)"},
        {"nntp", "AUTHINFO",
         "AUTHINFO is known, but not to be had at this point (before TLS, usually; RFC 4643)"},
        {"ftp", "AUTH TLS", "the connection can be upgraded with AUTH TLS (RFC 4217)"},
        {"ftp", "REST STREAM", "a broken transfer can go on where it stopped (RFC 3659)"},
        {"irc", "tls", "the connection can be upgraded to TLS (IRCv3 tls)"},
        {"xmpp-server", "starttls", "the connection can be upgraded to TLS (RFC 6120)"},
        {"mysql", "SSL", "the connection can be upgraded to TLS"},
        {"tcp", "SIZE 1", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = explained(PROTO(cases[i].proto), cases[i].line);
        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

static void test_mechanisms_are_told_with_a_judgement(void)
{
    g_autofree char *smtp = explained(PROTO("smtp"), "AUTH PLAIN LOGIN");
    g_autofree char *imap = explained(PROTO("imap"), "AUTH=PLAIN");
    g_autofree char *old = explained(PROTO("smtp"), "AUTH=LOGIN PLAIN");
    assert_has(smtp, "log in by PLAIN, LOGIN (the password itself; RFC 4954)");
    assert_has(imap, "log in by PLAIN (the password itself; RFC 9051)");
    assert_has(old, "log in by LOGIN, PLAIN (the password itself)");
}

static const char *const smtp_lines[] = {
    "PIPELINING", "SIZE 10240000", "STARTTLS", "AUTH PLAIN CRAM-MD5", "8BITMIME", "XFOO\x1b", NULL};

static void test_brief_groups_them(void)
{
    g_autoptr(Caps) caps = caps_from(smtp_lines);
    g_autofree char *text = explain_capabilities(PROTO("smtp"), caps, EXPLAIN_BRIEF);
    g_assert_true(g_str_has_prefix(text, "Security - STARTTLS: the connection can be upgraded to "
                                         "TLS\nAuthentication - log in by"));
    assert_has(text, "\nMessages - 8BITMIME: bodies in 8-bit text\n");
    assert_has(text, "\nLimits - SIZE: messages up to 10.2 MB\n");
    assert_has(text, "\nOthers - XFOO\\x1B");
    g_assert_false(g_str_has_suffix(text, "\n"));
    g_assert_null(explain_capabilities(PROTO("smtp"), caps, EXPLAIN_OFF));
}

/* Who shows it knows how wide a line may be. */
static void test_a_brief_group_is_one_line(void)
{
    g_autoptr(Caps) caps = caps_new();
    for (int i = 0; i < 100; i++) {
        g_autofree char *name = g_strdup_printf("X-CAPABILITY-%d", i);
        caps_add_line(caps, bytes_of(name));
    }
    g_autofree char *text = explain_capabilities(PROTO("imap"), caps, EXPLAIN_BRIEF);
    g_assert_null(strchr(text, '\n'));
    assert_has(text, "Others - X-CAPABILITY-0; ");
    g_assert_true(g_str_has_suffix(text, "; X-CAPABILITY-99"));
}

static void test_full_has_a_line_each_with_the_rfc(void)
{
    g_autoptr(Caps) caps = caps_from(smtp_lines);
    g_autofree char *text = explain_capabilities(PROTO("smtp"), caps, EXPLAIN_FULL);
    assert_has(text, "\n  PIPELINING           several commands may go at once, without waiting "
                     "for replies (RFC 2920)\n");
    assert_has(text, "Authentication\n  PLAIN ");
    assert_has(text, "\n  CRAM-MD5 ");
    assert_lacks(text, "\n  AUTH ");
    assert_harmless(text);
}

static void test_nothing_is_nothing(void)
{
    g_autoptr(Caps) caps = caps_new();
    g_assert_null(explain_capabilities(PROTO("smtp"), caps, EXPLAIN_FULL));
    g_assert_null(explain_capabilities(PROTO("smtp"), NULL, EXPLAIN_FULL));
    g_assert_null(explain_caps_difference(caps, NULL));
    g_assert_null(explain_caps_difference(NULL, NULL));
}

static void test_what_tls_changed(void)
{
    static const char *const before_lines[] = {"PIPELINING", "STARTTLS", "AUTH CRAM-MD5 NTLM",
                                               NULL};
    static const char *const after_lines[] = {
        "PIPELINING", "AUTH ntlm PLAIN LOGIN", "REQUIRETLS\x1b", "LIMITS RCPTMAX=1", "DSN", NULL};
    g_autoptr(Caps) before = caps_from(before_lines);
    g_autoptr(Caps) after = caps_from(after_lines);
    g_autofree char *text = explain_caps_difference(before, after);
    g_assert_cmpstr(text, ==,
                    "~ AUTH: + PLAIN + LOGIN - CRAM-MD5\n+ LIMITS RCPTMAX=1\n+ REQUIRETLS\\x1B, "
                    "DSN\n- STARTTLS");
    g_assert_null(explain_caps_difference(before, before));
    g_autofree char *all = explain_caps_difference(NULL, before);
    g_assert_cmpstr(all, ==, "+ AUTH CRAM-MD5 NTLM\n+ PIPELINING, STARTTLS");
}

static void test_auth_of_ftp_names_no_mechanisms(void)
{
    static const char *const lines[] = {"AUTH TLS", "PROT", NULL};
    g_autoptr(Caps) caps = caps_from(lines);
    g_autofree char *brief = explain_capabilities(PROTO("ftp"), caps, EXPLAIN_BRIEF);
    g_autofree char *full = explain_capabilities(PROTO("ftp"), caps, EXPLAIN_FULL);
    assert_lacks(brief, "Authentication");
    assert_lacks(full, "Authentication");
    assert_has(full, "  AUTH ");
}

static void test_tables_are_sound(void)
{
    const CapMeaning *const tables[] = {smtp_capabilities,  pop3_capabilities, imap_capabilities,
                                        sieve_capabilities, nntp_capabilities, ftp_capabilities,
                                        irc_capabilities};
    for (size_t t = 0; t < G_N_ELEMENTS(tables); t++) {
        for (const CapMeaning *a = tables[t]; a->name != NULL; a++) {
            g_assert_true(a->phrase[0] != '\0' && a->group < GROUP_OTHER);
            for (const CapMeaning *b = a + 1; b->name != NULL; b++) {
                g_assert_cmpint(g_ascii_strcasecmp(a->name, b->name), !=, 0);
            }
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/explain-caps/phrase", test_one_capability_in_a_phrase);
    g_test_add_func("/explain-caps/mechanisms", test_mechanisms_are_told_with_a_judgement);
    g_test_add_func("/explain-caps/brief", test_brief_groups_them);
    g_test_add_func("/explain-caps/one-line", test_a_brief_group_is_one_line);
    g_test_add_func("/explain-caps/full", test_full_has_a_line_each_with_the_rfc);
    g_test_add_func("/explain-caps/nothing", test_nothing_is_nothing);
    g_test_add_func("/explain-caps/difference", test_what_tls_changed);
    g_test_add_func("/explain-caps/ftp", test_auth_of_ftp_names_no_mechanisms);
    g_test_add_func("/explain-caps/tables", test_tables_are_sound);
    return g_test_run();
}
