/* The POP3 server, by scripts in which "<-" is the client and "->" what is to be answered. */
#include <string.h>

#include "sandboxed.h"
#include "server/pop3d.h"

static void add_mail(Sandboxed *s, const char *text)
{
    MailUser *joe = mailstore_user(s->box.store, "joe", NULL);
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
    g_assert_nonnull(mail_add(s->box.store, mail_find_folder(joe, "INBOX"), bytes, NULL, NULL));
}

/* The greeting holds a nonce: "*****" stands for it. */
static void play(const char *text, guint left)
{
    for (int dribble = 0; dribble < 2; dribble++) {
        Sandboxed s;
        g_autoptr(GError) error = NULL;
        sandboxed_begin(&s);
        add_mail(&s, "a: b\r\n\r\n.x\r\n..y\r\nz");
        add_mail(&s, "c: d\r\n");
        g_autofree char *whole =
            g_strconcat("-> +OK Postern sandbox *****\n", text, "<- QUIT\n-> +OK good bye\n", NULL);
        Stream *stream =
            script_stream(bytes_of(whole), (ScriptOptions){.dribble = dribble}, &error);
        g_assert_no_error(error);
        bool ok = sandboxed_serve(&s, "pop3", stream, &error);
        g_assert_no_error(error);
        g_assert_true(ok);
        MailFolder *inbox = mail_find_folder(mailstore_user(s.box.store, "joe", NULL), "INBOX");
        g_assert_cmpuint(inbox->mails->len, ==, left);
        g_assert_false(inbox->locked);
        sandboxed_end(&s);
    }
}

#define LOGIN "<- USER joe\n-> +OK and the password?\n<- PASS pencil\n-> +OK 2 messages\n"

static void reads_and_deletes(void)
{
    play(LOGIN
         "<- STAT\n-> +OK 2 24\n<- LIST 1\n-> +OK 1 18\n<- RETR 1\n-> +OK 18 octets\n-> a: b\n"
         "-> \n-> ..x\n-> ...y\n-> z\n-> .\n<- TOP 1 1\n-> +OK\n-> a: b\n-> \n-> ..x\n-> .\n"
         "<- DELE 1\n-> +OK it goes at QUIT\n<- RETR 1\n-> -ERR it is marked as deleted\n",
         1);
}

static void forgets_deletions(void)
{
    play(LOGIN "<- DELE 2\n-> +OK it goes at QUIT\n<- RSET\n-> +OK nothing is marked\n", 2);
}

static void refuses_what_is_wrong(void)
{
    play(
        "<- STAT\n-> -ERR log in first\n<- PASS x\n-> -ERR USER first\n<- WHAT\n"
        "-> -ERR no such command\n<- USER joe\n-> +OK and the password?\n<- PASS wrong\n"
        "-> -ERR [AUTH] unknown user, or wrong password\n" LOGIN
        "<- RETR 0\n-> -ERR there is no such message\n<- RETR x\n-> -ERR there is no such message\n"
        "<- TOP 1\n-> -ERR TOP NUMBER LINES\n<- USER joe\n-> -ERR you are logged in\n",
        2);
}

static void top_counts_lines(void)
{
    Bytes text = BYTES_LITERAL("a: b\r\n\r\n1\r\n2\r\n");
    g_assert_cmpuint(pop3d_top(text, 0).len, ==, 8);
    g_assert_cmpuint(pop3d_top(text, 1).len, ==, 11);
    g_assert_cmpuint(pop3d_top(text, 99).len, ==, text.len);
    g_assert_cmpuint(pop3d_top(BYTES_NONE, 1).len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pop3d/reads-and-deletes", reads_and_deletes);
    g_test_add_func("/pop3d/forgets-deletions", forgets_deletions);
    g_test_add_func("/pop3d/refuses-what-is-wrong", refuses_what_is_wrong);
    g_test_add_func("/pop3d/top", top_counts_lines);
    return g_test_run();
}
