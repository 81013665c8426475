#include "config/fetchmailrc_judge.h"

#include <string.h>

static FetchmailRc *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    FetchmailRc *rc = fetchmailrc_parse(bytes_of(text), "rc", "joe", &error);
    g_assert_no_error(error);
    return rc;
}

/* The one judgement there is begins with `words`, at that line. */
static void assert_judged(const char *text, FetchmailVerdict verdict, unsigned line,
                          const char *words)
{
    g_autoptr(FetchmailRc) rc = parse(text);
    g_autoptr(GPtrArray) all = fetchmailrc_judge(rc, NULL, NULL);
    if (all->len != 1) {
        g_test_message("%s: %u judgements", text, all->len);
    }
    g_assert_cmpuint(all->len, ==, 1);
    const FetchmailJudgement *j = g_ptr_array_index(all, 0);
    g_assert_true(g_str_has_prefix(j->words, words));
    g_assert_cmpint(j->verdict, ==, verdict);
    g_assert_cmpuint(j->line, ==, line);
    g_autoptr(GError) error = NULL;
    g_assert_true(fetchmailrc_accept(rc, all, &error) == (verdict != FETCHMAIL_REFUSED));
}

static void assert_fine(const char *text)
{
    g_autoptr(FetchmailRc) rc = parse(text);
    g_autoptr(GPtrArray) all = fetchmailrc_judge(rc, NULL, NULL);
    g_assert_cmpuint(all->len, ==, 0);
}

static void test_judge_refuses_by_name_and_line(void)
{
    assert_judged("poll h\nproto pop2", FETCHMAIL_REFUSED, 2, "protocol POP2");
    assert_judged("poll h proto KPOP", FETCHMAIL_REFUSED, 1, "protocol KPOP");
    assert_judged("poll h proto etrn", FETCHMAIL_REFUSED, 1, "protocol ETRN");
    assert_judged("poll h proto odmr", FETCHMAIL_REFUSED, 1, "protocol ETRN");
    assert_judged("poll h proto rpop", FETCHMAIL_REFUSED, 1, "protocol RPOP");
    assert_judged("poll h proto sdps", FETCHMAIL_REFUSED, 1, "protocol SDPS");
    assert_judged("\npoll h", FETCHMAIL_IGNORED, 2, "protocol auto");
    assert_judged("poll h proto imap auth otp", FETCHMAIL_REFUSED, 1, "auth otp");
    assert_judged("poll h proto imap auth ssh", FETCHMAIL_REFUSED, 1, "auth ssh");
    assert_judged("poll h proto imap\nplugout x", FETCHMAIL_REFUSED, 2, "plugout");
    assert_judged("poll h proto imap\ninterface x", FETCHMAIL_REFUSED, 2, "interface");
    assert_judged("poll h proto imap\nuser u is a b here", FETCHMAIL_REFUSED, 2, "multidrop");
    assert_judged("poll h proto imap user u to * here", FETCHMAIL_REFUSED, 1, "multidrop");
    assert_judged("poll h proto imap user u to a=b here", FETCHMAIL_REFUSED, 1, "a single");
    assert_judged("poll h proto imap user u\n\nbsmtp x", FETCHMAIL_REFUSED, 3, "bsmtp");
    assert_judged("poll h proto imap user u lmtp", FETCHMAIL_REFUSED, 1, "lmtp: it has no port");
    assert_judged("poll h proto imap user u smtphost /s", FETCHMAIL_REFUSED, 1, "smtphost");
    assert_judged("poll h proto imap user u sslproto ssl3", FETCHMAIL_REFUSED, 1, "sslproto");
    assert_judged("poll h proto imap user u no sslcertck\nsslfingerprint 'AA'", FETCHMAIL_REFUSED,
                  2, "sslfingerprint");
}

static void test_judge_warns_of_what_is_unsafe(void)
{
    assert_judged("poll h proto imap user u\nflush", FETCHMAIL_UNSAFE, 2, "flush");
    assert_judged("defaults\nflush poll h proto imap", FETCHMAIL_UNSAFE, 2, "flush");
    assert_judged("poll h proto imap user u no sslcertck", FETCHMAIL_UNSAFE, 1, "no sslcertck");
    assert_judged("poll h proto imap user u sslfingerprint 'AA'", FETCHMAIL_UNSAFE, 1,
                  "sslfingerprint");
    assert_judged("poll h proto imap user u sslproto ''", FETCHMAIL_UNSAFE, 1, "sslproto \"\"");
    assert_judged("poll h proto imap user u sslproto TLS1", FETCHMAIL_UNSAFE, 1, "sslproto: TLS");
    assert_judged("poll h proto imap user u limit 5 limitflush", FETCHMAIL_UNSAFE, 1, "limitflush");
}

static void test_judge_tells_what_is_left_undone(void)
{
    assert_judged("poll h proto imap user u mimedecode", FETCHMAIL_IGNORED, 1, "mimedecode");
    assert_judged("poll h proto pop3 user u idle", FETCHMAIL_IGNORED, 1, "idle");
    assert_judged("set spambounce\n", FETCHMAIL_IGNORED, 1, "spambounce");
    assert_judged("poll h proto imap envelope X user u", FETCHMAIL_IGNORED, 1, "envelope");
    assert_judged("poll h proto imap user u rewrite", FETCHMAIL_IGNORED, 1, "rewrite");
}

static void test_judge_leaves_good_and_sleeping_entries_alone(void)
{
    assert_fine("defaults no rewrite preconnect \"ssh -C -f me@popserver -L 11110:popserver:110 "
                "sleep 5\" poll localhost protocol pop3 port 11110 user me pass p");
    assert_fine("set daemon 5 set no bouncemail poll h proto imap user u pass p is a here keep ssl "
                "fetchall idle folder INBOX,Lists mda 'x %T' sslproto tls1.2+ limit 5 expunge 1");
    assert_fine("skip h proto pop2");
    assert_fine("poll h port 995 user u ssl");
    assert_fine("poll h user u folder x");
    assert_fine("poll h proto imap user u lmtp smtphost a/24 /sock");
}

static const char *protocol_of(const char *text)
{
    g_autoptr(FetchmailRc) rc = parse(text);
    return fetchmail_protocol(g_ptr_array_index(rc->servers, 0));
}

static void test_judge_finds_the_protocol_that_is_meant(void)
{
    g_assert_cmpstr(protocol_of("poll h proto apop"), ==, "pop3");
    g_assert_cmpstr(protocol_of("poll h proto imap"), ==, "imap");
    g_assert_cmpstr(protocol_of("poll h port 993"), ==, "imap");
    g_assert_cmpstr(protocol_of("poll h service pop3s"), ==, "pop3");
    g_assert_cmpstr(protocol_of("poll h uidl"), ==, "pop3");
    g_assert_cmpstr(protocol_of("poll h user u idle"), ==, "imap");
    g_assert_cmpstr(protocol_of("poll h user u"), ==, "auto");
}

static bool through_ssh(const char *text)
{
    g_autoptr(FetchmailRc) rc = parse(text);
    const FetchmailServer *server = g_ptr_array_index(rc->servers, 0);
    return fetchmail_through_ssh(server, g_ptr_array_index(server->users, 0));
}

static void test_judge_knows_the_way_through_ssh(void)
{
    g_assert_true(through_ssh("poll localhost pre 'ssh -f gw -L 1:m:110 sleep 5'"));
    g_assert_true(through_ssh("poll x via 127.0.0.1 pre 'cd /; exec /usr/bin/ssh -f gw'"));
    g_assert_true(through_ssh("poll '::1' plugin 'autossh gw nc m 110'"));
    g_assert_true(through_ssh("poll h plugin 'ssh -C -l me %h imapd'"));
    g_assert_true(through_ssh("poll h plugin 'ssh me@%h imapd'"));
    g_assert_false(through_ssh("poll h plugin 'ssh gw nc %h %p'"));
    g_assert_false(through_ssh("poll h plugin 'nc %h %p'"));
    g_assert_false(through_ssh("poll h pre 'ssh -f gw -L 1:m:110 sleep 5'"));
    g_assert_false(through_ssh("poll localhost pre 'sshuttle x'"));
    g_assert_false(through_ssh("poll localhost"));
    g_assert_false(through_ssh("poll h plugin ''"));
    g_assert_false(through_ssh("poll h plugin 'ssh -l'"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fetchmailrc_judge/refuses_by_name_and_line",
                    test_judge_refuses_by_name_and_line);
    g_test_add_func("/fetchmailrc_judge/warns_of_what_is_unsafe",
                    test_judge_warns_of_what_is_unsafe);
    g_test_add_func("/fetchmailrc_judge/tells_what_is_left_undone",
                    test_judge_tells_what_is_left_undone);
    g_test_add_func("/fetchmailrc_judge/leaves_good_and_sleeping_entries_alone",
                    test_judge_leaves_good_and_sleeping_entries_alone);
    g_test_add_func("/fetchmailrc_judge/finds_the_protocol_that_is_meant",
                    test_judge_finds_the_protocol_that_is_meant);
    g_test_add_func("/fetchmailrc_judge/knows_the_way_through_ssh",
                    test_judge_knows_the_way_through_ssh);
    return g_test_run();
}
