#include "proto/front.h"

#include <string.h>

#include "io/script.h"

static void check_text(char *got, const char *want)
{
    g_assert_cmpstr(got, ==, want);
    g_free(got);
}

static void test_ehlo_without_the_offer(void)
{
    check_text(front_smtp_without_tls("250-mx\n250-STARTTLS\n250 SIZE 10"), "250-mx\n250 SIZE 10");
    check_text(front_smtp_without_tls("250-mx\n250-SIZE 10\n250 StartTLS"), "250-mx\n250 SIZE 10");
    check_text(front_smtp_without_tls("250-mx\n250 STARTTLS"), "250 mx");
    check_text(front_smtp_without_tls("250 STARTTLS"), "250 STARTTLS"); /* that is its name */
    check_text(front_smtp_without_tls("500 what?"), "500 what?");
    check_text(front_smtp_without_tls("250-mx\n250 XSTARTTLS"), "250-mx\n250 XSTARTTLS");
    check_text(front_smtp_without_tls(""), "");
}

static void test_capabilities_without_the_word(void)
{
    static const struct {
        const char *line, *want;
    } cases[] = {
        {"* CAPABILITY IMAP4rev1 STARTTLS IDLE", "* CAPABILITY IMAP4rev1 IDLE"},
        {"* CAPABILITY IMAP4rev1 starttls", "* CAPABILITY IMAP4rev1"},
        {"a OK [CAPABILITY IMAP4rev1 STARTTLS] done", "a OK [CAPABILITY IMAP4rev1] done"},
        {"* CAPABILITY STARTTLSX XSTARTTLS", "* CAPABILITY STARTTLSX XSTARTTLS"},
        {"", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        check_text(front_line_without_word(bytes_of(cases[i].line), "STARTTLS"), cases[i].want);
    }
}

static void test_imap_greeting_tells_what_holds_inside_tls(void)
{
    g_autoptr(Caps) caps = caps_new();
    caps_add_line(caps, BYTES_LITERAL("IMAP4rev1"));
    caps_add_line(caps, BYTES_LITERAL("AUTH=PLAIN"));
    caps_add_line(caps, BYTES_LITERAL("STARTTLS"));
    check_text(
        front_imap_greeting("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready", caps),
        "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready");
    check_text(front_imap_greeting("* OK ready", caps), "* OK ready");
    check_text(front_imap_greeting("* OK [ALERT] ready", caps), "* OK [ALERT] ready");
}

static void test_refusals_are_one_line_of_the_protocol(void)
{
    static const struct {
        const Proto *proto;
        const char *want;
    } cases[] = {
        {&proto_pop3, "-ERR [SYS/TEMP] no 'r'nway\r\n"},
        {&proto_imap, "* BYE no 'r'nway\r\n"},
        {&proto_smtp, "421 4.4.1 no 'r'nway\r\n"},
        {&proto_lmtp, "421 4.4.1 no 'r'nway\r\n"},
        {&proto_sieve, "BYE (TRYLATER) \"no 'r'nway\"\r\n"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Front *front = front_of(cases[i].proto);
        g_assert_nonnull(front);
        g_autofree char *line = front_refusal(front, "no \r\nway");
        g_assert_cmpstr(line, ==, cases[i].want);
        g_assert_cmpuint(strcspn(line, "\r\n"), ==, strlen(line) - 2);
    }
    g_assert_null(front_of(&proto_xmpp));
    g_assert_null(front_of(&proto_tcp));
}

/* A session whose wire plays the server, and a client whose wire plays him. */
static bool serve(const char *scheme, const char *greeting, const char *server, const char *client,
                  bool *ended, bool dribble)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *url = g_strconcat(scheme, "://localhost", NULL);
    g_autoptr(Target) target = target_parse(url, NULL, &error);
    g_assert_no_error(error);
    SessionPlan plan = {.target = target};
    ScriptOptions how = {.dribble = dribble};
    Stream *there = script_stream(bytes_of(server), how, &error);
    g_assert_no_error(error);
    Stream *here = script_stream(bytes_of(client), how, &error);
    g_assert_no_error(error);
    g_autoptr(Session) s = session_new_over(&plan, there);
    s->greeting = g_strdup(greeting);
    g_autoptr(Wire) wire = wire_new(here, 5);
    bool good = front_serve(front_of(s->proto), s, wire, ended, &error);
    g_assert_no_error(error);
    script_finished(there, &error);
    g_assert_no_error(error);
    script_finished(here, &error);
    g_assert_no_error(error);
    return good;
}

static void test_conversations(void)
{
    static const struct {
        const char *scheme, *greeting, *server, *client;
        bool ended;
    } cases[] = {
        {"pop3", "+OK hello <1@x>", "-> CAPA\n<- +OK\n<- STLS\n<- SASL PLAIN\n<- .\n-> USER joe\n",
         "-> +OK hello <1@x>\n<- CAPA\n-> +OK\n-> SASL PLAIN\n-> .\n<- STLS\n"
         "-> -ERR the way to the server is inside TLS already, behind this end of the tunnel\n"
         "<- USER joe\n",
         false},
        {"pop3", "+OK hello", "-> CAPA\n<- -ERR what\n",
         "-> +OK hello\n<- CAPA\n-> -ERR what\n<eof\n", true},
        {"smtp", "220-mx ESMTP\nbe nice",
         "-> EHLO me\n<- 250-mx\n<- 250-STARTTLS\n<- 250 SIZE\n-> MAIL FROM:<>\n",
         "-> 220 mx ESMTP\n<- EHLO me\n-> 250-mx\n-> 250 SIZE\n<- MAIL FROM:<>\n", false},
        {"lmtp", "220 lmtp", "-> LHLO me\n<- 250 STARTTLS\n-> QUIT\n",
         "-> 220 lmtp\n<- LHLO me\n-> 250 STARTTLS\n<- QUIT\n", false},
        {"imap", "* OK ready",
         "-> a CAPABILITY\n<- * CAPABILITY IMAP4rev1 STARTTLS\n<- a OK done\n-> c NOOP\n",
         "-> * OK ready\n<- a CAPABILITY\n-> * CAPABILITY IMAP4rev1\n-> a OK done\n<- b starttls\n"
         "-> b BAD the way to the server is inside TLS already, behind this end of the tunnel\n"
         "<- c NOOP\n",
         false},
        {"sieve", "\"IMPLEMENTATION\" \"x\"",
         "-> CAPABILITY\n<- \"SIEVE\" \"fileinto\"\n<- \"STARTTLS\"\n<- OK \"done\"\n-> LOGOUT\n",
         "-> \"SIEVE\" \"fileinto\"\n-> OK \"done\"\n<- LOGOUT\n", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (int dribble = 0; dribble < 2; dribble++) {
            bool ended = false;
            g_test_message("%s %d", cases[i].scheme, dribble);
            g_assert_true(serve(cases[i].scheme, cases[i].greeting, cases[i].server,
                                cases[i].client, &ended, dribble));
            g_assert_cmpint(ended, ==, cases[i].ended);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/front/ehlo", test_ehlo_without_the_offer);
    g_test_add_func("/front/capability", test_capabilities_without_the_word);
    g_test_add_func("/front/imap-greeting", test_imap_greeting_tells_what_holds_inside_tls);
    g_test_add_func("/front/refusals", test_refusals_are_one_line_of_the_protocol);
    g_test_add_func("/front/conversations", test_conversations);
    return g_test_run();
}
