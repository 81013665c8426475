/* The SMTP server, by scripts in which "<-" is the client and "->" what is to be answered. */
#include <string.h>

#include "sandboxed.h"

/* The session must answer exactly as it is written. */
static void play(const char *service, const char *text, guint mails)
{
    for (int dribble = 0; dribble < 2; dribble++) {
        Sandboxed s;
        g_autoptr(GError) error = NULL;
        sandboxed_begin(&s);
        Stream *stream = script_stream(bytes_of(text), (ScriptOptions){.dribble = dribble}, &error);
        g_assert_no_error(error);
        bool ok = sandboxed_serve(&s, service, stream, &error);
        g_assert_no_error(error);
        g_assert_true(ok);
        MailUser *joe = mailstore_user(s.box.store, "joe", NULL);
        g_assert_cmpuint(mail_find_folder(joe, "INBOX")->mails->len, ==, mails);
        sandboxed_end(&s);
    }
}

#define GREETING "-> 220 localhost ESMTP Postern sandbox\n<- HELO x\n-> 250 localhost\n"
#define FAREWELL "<- QUIT\n-> 221 2.0.0 good bye\n"

static void takes_a_message(void)
{
    play("smtp",
         GREETING "<- MAIL FROM:<a@b> BODY=8BITMIME\n-> 250 2.1.0 the sender is fine\n"
                  "<- RCPT TO:<joe@b> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;joe@b\n"
                  "-> 250 2.1.5 the recipient is fine\n<- DATA\n-> 354 up to a line with a dot\n"
                  "<- Subject: x\n<- \n<- ..\n<- .\n-> 250 2.0.0 taken\n" FAREWELL,
         1);
}

static void refuses_what_is_wrong(void)
{
    play("smtp",
         GREETING "<- MAIL FROM:<a@b> WHAT=1\n-> 555 5.5.4 no such parameter\n"
                  "<- MAIL FROM:<a@b\n-> 501 5.5.4 MAIL FROM:<ADDRESS>\n"
                  "<- MAIL FROM:<a@b> SIZE=100001\n-> 552 5.3.4 that is more than is taken here\n"
                  "<- RCPT TO:<joe@b>\n-> 503 5.5.1 MAIL first\n"
                  "<- MAIL FROM:<>\n-> 250 2.1.0 the sender is fine\n"
                  "<- DATA\n-> 503 5.5.1 no recipients\n"
                  "<- RCPT TO:<>\n-> 501 5.5.4 RCPT TO:<ADDRESS>\n"
                  "<- RCPT TO:<joe@b> NOTIFY=NEVER,SUCCESS\n"
                  "-> 501 5.5.4 NOTIFY=NEVER, or SUCCESS,FAILURE,DELAY; ORCPT=TYPE;ADDRESS\n"
                  "<- RCPT TO:<550+joe@b>\n-> 550 5.0.0 as the address says\n"
                  "<- WHAT\n-> 500 5.5.2 no such command\n"
                  "<- RSET\n-> 250 2.0.0 forgotten\n" FAREWELL,
         0);
}

static void takes_chunks(void)
{
    play("smtp",
         GREETING "<- MAIL FROM:<a@b>\n-> 250 2.1.0 the sender is fine\n"
                  "<- BDAT 3\n<= 610d0a\n-> 503 5.5.1 no recipients\n"
                  "<- MAIL FROM:<a@b>\n-> 250 2.1.0 the sender is fine\n"
                  "<- RCPT TO:<joe@b>\n-> 250 2.1.5 the recipient is fine\n"
                  "<- BDAT 3\n<= 610d0a\n-> 250 2.0.0 3 octets\n"
                  "<- DATA\n-> 503 5.5.1 BDAT was begun\n"
                  "<- BDAT 0 LAST\n-> 250 2.0.0 taken\n" FAREWELL,
         1);
}

static void lmtp_answers_for_each(void)
{
    play("lmtp",
         "-> 220 localhost LMTP Postern sandbox\n<- EHLO x\n-> 500 5.5.1 this is LMTP: LHLO\n"
         "<- MAIL FROM:<a@b>\n-> 503 5.5.1 hello first\n" FAREWELL,
         0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtpd/takes-a-message", takes_a_message);
    g_test_add_func("/smtpd/refuses-what-is-wrong", refuses_what_is_wrong);
    g_test_add_func("/smtpd/takes-chunks", takes_chunks);
    g_test_add_func("/smtpd/lmtp", lmtp_answers_for_each);
    return g_test_run();
}
