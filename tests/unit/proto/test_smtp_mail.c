/* Mail transactions over written conversations: each reply at each stage, and the cut at each octet
 * of what the server says. */
#include "proto/smtp_mail.h"

#include <string.h>

#include "io/script.h"

#define ALL                                                                                        \
    "<- 250-mx.example.org\n<- 250-PIPELINING\n<- 250-SIZE 10000\n<- 250-8BITMIME\n"               \
    "<- 250-DSN\n<- 250-SMTPUTF8\n<- 250-REQUIRETLS\n<- 250-AUTH PLAIN\n"
#define CHUNKED ALL "<- 250 CHUNKING\n"
#define PLAIN_PIPELINED ALL "<- 250 ENHANCEDSTATUSCODES\n"
#define BARE "<- 250-mx.example.org\n<- 250 SIZE\n"

#define HELLO "<- 220 mx.example.org ESMTP\n-> EHLO me.example.org\n"
#define LHELLO "<- 220 mx.example.org LMTP\n-> LHLO me.example.org\n"
#define TEXT "Subject: x\r\n\r\n.hello\r\n..\r\n"

typedef struct {
    Target *target;
    SessionPlan plan;
    Session *session;
    Stream *stream; /* the session's */
    SmtpRecipient to[8];
    SmtpMail mail;
    SmtpMailResult result;
} World;

static void climb(World *w, const char *scheme, const char *script, bool dribble)
{
    GError *error = NULL;
    g_autofree char *url = g_strconcat(scheme, "://mx.example.org", NULL);
    w->target = target_parse(url, NULL, &error);
    g_assert_no_error(error);
    w->plan = (SessionPlan){.target = w->target, .ehlo = "me.example.org", .timeout = 0.2};
    w->stream = script_stream(bytes_of(script), (ScriptOptions){.dribble = dribble}, &error);
    g_assert_no_error(error);
    w->session = session_new_over(&w->plan, w->stream);
    g_assert_true(session_climb(w->session, STAGE_CAPABILITIES, &error));
    g_assert_no_error(error);
}

static void start(World *w, const char *scheme, const char *script, bool dribble, size_t n)
{
    static const char *const names[] = {"a@example.org", "b@example.org", "c@example.org",
                                        "d@example.org", "e@example.org", "f@example.org"};
    *w = (World){0};
    climb(w, scheme, script, dribble);
    w->mail = (SmtpMail){
        .sender = "me@example.org", .recipients = w->to, .n_recipients = n, .text = bytes_of(TEXT)};
    for (size_t i = 0; i < n; i++) {
        w->to[i].address = names[i];
    }
}

static void stop(World *w)
{
    smtp_mail_result_clear(&w->result);
    for (size_t i = 0; i < G_N_ELEMENTS(w->to); i++) {
        smtp_answer_clear(&w->to[i].answer);
    }
    session_free(w->session);
    target_free(w->target);
}

static void went(World *w)
{
    GError *error = NULL;
    bool ok = smtp_mail(w->session, &w->mail, &w->result, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    script_finished(w->stream, &error);
    g_assert_no_error(error);
}

static void failed(World *w, int code)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(smtp_mail(w->session, &w->mail, &w->result, &error));
    g_assert_error(error, POSTERN_ERROR, code);
}

#define MAIL_SIZE "-> MAIL FROM:<me@example.org> SIZE=26\n"
#define RCPT(x) "-> RCPT TO:<" x "@example.org>\n"
#define CHUNK "-> BDAT 26 LAST\n-> Subject: x\n-> \n-> .hello\n-> ..\n"
#define DOTTED "-> Subject: x\n-> \n-> ..hello\n-> ...\n-> .\n"

static void test_one_flight(void)
{
    for (int dribble = 0; dribble < 2; dribble++) {
        World w;
        /* Nothing is answered before everything has been said: it is one flight. */
        start(&w, "smtp",
              HELLO CHUNKED MAIL_SIZE RCPT("a") CHUNK
              "<- 250 2.1.0 ok\n<- 250 2.1.5 ok\n<- 250 2.0.0 queued as 1\n",
              dribble, 1);
        went(&w);
        g_assert_cmpint(w.to[0].fate, ==, SMTP_ACCEPTED);
        g_assert_cmpuint(w.result.accepted, ==, 1);
        g_assert_cmpuint(w.result.end.code, ==, 250);
        g_assert_cmpstr(w.to[0].answer.enhanced, ==, "2.0.0");
        g_assert_cmpstr(w.to[0].answer.text, ==, "2.0.0 queued as 1");
        stop(&w);
    }
}

static void test_pipelined_data(void)
{
    World w;
    start(&w, "smtp",
          HELLO PLAIN_PIPELINED MAIL_SIZE RCPT("a")
              RCPT("b") "-> DATA\n<- 250 ok\n<- 250 ok\n"
                        "<- 550 5.1.1 no such user\n<- 354 go\n" DOTTED "<- 250 2.0.0 taken\n",
          false, 2);
    went(&w);
    g_assert_cmpint(w.to[0].fate, ==, SMTP_ACCEPTED);
    g_assert_cmpint(w.to[1].fate, ==, SMTP_REFUSED);
    g_assert_cmpstr(w.to[1].answer.enhanced, ==, "5.1.1");
    g_assert_cmpuint(w.result.accepted, ==, 1);
    stop(&w);
}

static void test_in_lockstep(void)
{
    World w;
    start(&w, "smtp",
          HELLO BARE "-> MAIL FROM:<me@example.org> SIZE=26\n<- 250 ok\n" RCPT(
              "a") "<- 250 ok\n"
                   "-> DATA\n<- 354 go\n" DOTTED "<- 250 taken\n",
          true, 1);
    went(&w);
    g_assert_cmpint(w.to[0].fate, ==, SMTP_ACCEPTED);
    stop(&w);
}

static void test_lmtp_answers_for_each(void)
{
    World w;
    start(&w, "lmtp",
          LHELLO PLAIN_PIPELINED MAIL_SIZE RCPT("a") RCPT("b") RCPT(
              "c") "-> DATA\n<- 250 ok\n<- 250 ok\n<- 550 5.1.1 who\n<- 250 ok\n<- 354 go\n" DOTTED
                   "<- 250 2.0.0 saved\n<- 452 4.2.2 full\n",
          false, 3);
    went(&w);
    g_assert_cmpint(w.to[0].fate, ==, SMTP_ACCEPTED);
    g_assert_cmpint(w.to[1].fate, ==, SMTP_REFUSED);
    g_assert_cmpint(w.to[2].fate, ==, SMTP_LATER);
    g_assert_cmpstr(w.to[2].answer.enhanced, ==, "4.2.2");
    g_assert_cmpuint(w.result.accepted, ==, 1);
    stop(&w);
    /* Chunks likewise, once it is known for whom. */
    start(&w, "lmtp",
          LHELLO CHUNKED MAIL_SIZE RCPT("a") RCPT("b") "<- 250 ok\n<- 250 ok\n<- 250 ok\n" CHUNK
                                                       "<- 250 2.0.0 saved\n<- 250 2.0.0 saved\n",
          false, 2);
    went(&w);
    g_assert_cmpuint(w.result.accepted, ==, 2);
    stop(&w);
}

/* What each recipient becomes of for each no at each stage, in each way of saying it. */
static void test_every_refusal(void)
{
    static const struct {
        const char *script;
        SmtpFate a, b;
        bool all_or_none;
    } rows[] = {
        /* clang-format off */
        {HELLO CHUNKED MAIL_SIZE RCPT("a") RCPT("b") CHUNK "<- 550 5.7.1 not you\n<- 503 5.5.1 x\n<- 503 5.5.1 x\n<- 503 5.5.1 x\n-> RSET\n<- 250 ok\n", SMTP_REFUSED, SMTP_REFUSED, false},
        {HELLO CHUNKED MAIL_SIZE RCPT("a") RCPT("b") CHUNK "<- 451 4.7.1 later\n<- 503 5.5.1 x\n<- 503 5.5.1 x\n<- 503 5.5.1 x\n-> RSET\n<- 250 ok\n", SMTP_LATER, SMTP_LATER, false},
        {HELLO CHUNKED MAIL_SIZE RCPT("a") RCPT("b") CHUNK "<- 250 ok\n<- 450 4.2.0 grey\n<- 550 5.1.1 no\n<- 554 5.5.1 nobody\n-> RSET\n<- 250 ok\n", SMTP_LATER, SMTP_REFUSED, false},
        {HELLO CHUNKED MAIL_SIZE RCPT("a") RCPT("b") CHUNK "<- 250 ok\n<- 250 ok\n<- 550 5.1.1 no\n<- 554 5.6.0 spam\n-> RSET\n<- 250 ok\n", SMTP_REFUSED, SMTP_REFUSED, false},
        {HELLO CHUNKED MAIL_SIZE RCPT("a") RCPT("b") CHUNK "<- 250 ok\n<- 250 ok\n<- 250 ok\n<- 452 4.3.1 disk\n-> RSET\n<- 250 ok\n", SMTP_LATER, SMTP_LATER, false},
        {HELLO CHUNKED MAIL_SIZE RCPT("a") RCPT("b") "<- 250 ok\n<- 250 ok\n<- 550 5.1.1 no\n-> RSET\n<- 250 ok\n", SMTP_NOT_TRIED, SMTP_REFUSED, true},
        {HELLO CHUNKED MAIL_SIZE RCPT("a") RCPT("b") "<- 250 ok\n<- 250 ok\n<- 250 ok\n" CHUNK "<- 250 ok\n", SMTP_ACCEPTED, SMTP_ACCEPTED, true},
        {HELLO PLAIN_PIPELINED MAIL_SIZE RCPT("a") RCPT("b") "-> DATA\n<- 250 ok\n<- 550 5.1.1 no\n<- 450 4.1.1 no\n<- 503 5.5.1 nobody\n-> RSET\n<- 250 ok\n", SMTP_REFUSED, SMTP_LATER, false},
        /* 354 though nobody was taken: the lone dot (RFC 2920 3.1) */
        {HELLO PLAIN_PIPELINED MAIL_SIZE RCPT("a") RCPT("b") "-> DATA\n<- 250 ok\n<- 550 5.1.1 no\n<- 550 5.1.1 no\n<- 354 go\n-> .\n<- 554 nobody\n", SMTP_REFUSED, SMTP_REFUSED, false},
        {HELLO PLAIN_PIPELINED MAIL_SIZE RCPT("a") RCPT("b") "-> DATA\n<- 250 ok\n<- 250 ok\n<- 550 5.1.1 no\n<- 451 4.3.0 later\n-> RSET\n<- 250 ok\n", SMTP_LATER, SMTP_REFUSED, false},
        {HELLO PLAIN_PIPELINED MAIL_SIZE RCPT("a") RCPT("b") "-> DATA\n<- 250 ok\n<- 250 ok\n<- 250 ok\n<- 354 go\n" DOTTED "<- 550 5.7.1 virus\n", SMTP_REFUSED, SMTP_REFUSED, false},
        {HELLO BARE MAIL_SIZE "<- 553 5.1.8 domain\n-> RSET\n<- 250 ok\n", SMTP_REFUSED, SMTP_REFUSED, false},
        {HELLO BARE MAIL_SIZE "<- 250 ok\n" RCPT("a") "<- 550 no\n" RCPT("b") "<- 550 no\n-> RSET\n<- 250 ok\n", SMTP_REFUSED, SMTP_REFUSED, false},
        /* too many at once: the rest in a second transaction (RFC 5321 4.5.3.1.10) */
        {HELLO CHUNKED MAIL_SIZE RCPT("a") RCPT("b") CHUNK "<- 250 ok\n<- 250 ok\n<- 452 4.5.3 too many\n<- 250 ok\n" MAIL_SIZE RCPT("b") CHUNK "<- 250 ok\n<- 250 ok\n<- 250 ok\n", SMTP_ACCEPTED, SMTP_ACCEPTED, false},
        {HELLO CHUNKED MAIL_SIZE RCPT("a") RCPT("b") CHUNK "<- 250 ok\n<- 452 4.5.3 full\n<- 452 4.5.3 full\n<- 554 nobody\n-> RSET\n<- 250 ok\n", SMTP_LATER, SMTP_LATER, false},
        /* clang-format on */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        World w;
        g_test_message("row %zu", i);
        start(&w, "smtp", rows[i].script, i % 2, 2);
        w.mail.all_or_none = rows[i].all_or_none;
        went(&w);
        g_assert_cmpint(w.to[0].fate, ==, rows[i].a);
        g_assert_cmpint(w.to[1].fate, ==, rows[i].b);
        g_assert_cmpuint(w.result.accepted, ==,
                         (rows[i].a == SMTP_ACCEPTED) + (rows[i].b == SMTP_ACCEPTED));
        stop(&w);
    }
}

/* "421" ends the session wherever it comes; nothing counts as taken after it. */
static void test_closing_anywhere(void)
{
    static const char *const scripts[] = {
        /* clang-format off */
        HELLO CHUNKED MAIL_SIZE RCPT("a") CHUNK "<- 421 4.3.2 bye\n<eof",
        HELLO CHUNKED MAIL_SIZE RCPT("a") CHUNK "<- 250 ok\n<- 421 4.3.2 bye\n<eof",
        HELLO CHUNKED MAIL_SIZE RCPT("a") CHUNK "<- 250 ok\n<- 250 ok\n<- 421 4.3.2 bye\n<eof",
        HELLO PLAIN_PIPELINED MAIL_SIZE RCPT("a") "-> DATA\n<- 250 ok\n<- 250 ok\n<- 421 4.3.2 bye\n<eof",
        HELLO PLAIN_PIPELINED MAIL_SIZE RCPT("a") "-> DATA\n<- 250 ok\n<- 250 ok\n<- 354 go\n" DOTTED "<- 421 4.3.2 bye\n<eof",
        /* clang-format on */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
        World w;
        g_test_message("script %zu", i);
        start(&w, "smtp", scripts[i], false, 1);
        failed(&w, POSTERN_ERROR_TEMPFAIL);
        g_assert_cmpint(w.to[0].fate, ==, SMTP_LATER);
        g_assert_cmpuint(w.to[0].answer.code, ==, 421);
        stop(&w);
    }
}

/* The server's side of a transaction, cut behind each octet: UNKNOWN exactly where all of the text
 * has left and its reply has not come. */
static void cut_everywhere(const char *head, const char *const *said, size_t n, size_t text_from)
{
    for (size_t reply = 0; reply < n; reply++) {
        g_autofree char *octets = g_strconcat(strrchr(said[reply], '\n') + 4, "\r\n", NULL);
        for (size_t cut = 0; cut < strlen(octets); cut++) {
            g_autoptr(GString) script = g_string_new(head);
            for (size_t i = 0; i < reply; i++) {
                g_string_append_printf(script, "%s\n", said[i]);
            }
            const char *last = strrchr(said[reply], '\n');
            g_string_append_len(script, said[reply], last + 1 - said[reply]);
            for (size_t i = 0; i < cut; i++) {
                g_string_append_printf(script, "%s%02x", i ? "" : "<= ", (unsigned char)octets[i]);
            }
            g_string_append(script, "\n<eof\n");
            World w;
            start(&w, "smtp", script->str, false, 1);
            failed(&w, POSTERN_ERROR_EOF);
            g_assert_cmpint(w.to[0].fate, ==, reply >= text_from ? SMTP_UNKNOWN : SMTP_NOT_TRIED);
            stop(&w);
        }
    }
}

static void test_cut_at_each_octet(void)
{
    static const char *const chunked[] = {MAIL_SIZE RCPT("a") CHUNK "<- 250 2.1.0 sender",
                                          "\n<- 250 2.1.5 recipient", "\n<- 250 2.0.0 queued"};
    cut_everywhere(HELLO CHUNKED, chunked, G_N_ELEMENTS(chunked), 0);
    static const char *const dotted[] = {MAIL_SIZE RCPT("a") "-> DATA\n<- 250 2.1.0 sender",
                                         "\n<- 250 2.1.5 recipient", "\n<- 354 go ahead",
                                         DOTTED "<- 250 2.0.0 queued"};
    cut_everywhere(HELLO PLAIN_PIPELINED, dotted, G_N_ELEMENTS(dotted), 3);
    static const char *const lockstep[] = {MAIL_SIZE "<- 250 sender", RCPT("a") "<- 250 recipient",
                                           "-> DATA\n<- 354 go ahead",
                                           DOTTED "<- 250 2.0.0 queued"};
    cut_everywhere(HELLO BARE, lockstep, G_N_ELEMENTS(lockstep), 3);
}

/* A no that came before the cut stays a no. */
static void test_refused_then_cut(void)
{
    World w;
    start(&w, "smtp",
          HELLO CHUNKED MAIL_SIZE RCPT("a") RCPT("b") CHUNK "<- 250 ok\n<- 550 5.1.1 no\n<eof",
          false, 2);
    failed(&w, POSTERN_ERROR_EOF);
    g_assert_cmpint(w.to[0].fate, ==, SMTP_REFUSED);
    g_assert_cmpint(w.to[1].fate, ==, SMTP_UNKNOWN);
    stop(&w);
    start(&w, "smtp", HELLO CHUNKED MAIL_SIZE RCPT("a") CHUNK "<- 550 5.1.1 no\n<eof", false, 1);
    failed(&w, POSTERN_ERROR_EOF);
    g_assert_cmpint(w.to[0].fate, ==, SMTP_REFUSED);
    stop(&w);
}

static void test_silence_after_the_text(void)
{
    World w;
    start(&w, "smtp", HELLO CHUNKED MAIL_SIZE RCPT("a") CHUNK "<- 250 ok\n<- 250 ok\n<stall", false,
          1);
    failed(&w, POSTERN_ERROR_TIMEOUT);
    g_assert_cmpint(w.to[0].fate, ==, SMTP_UNKNOWN);
    stop(&w);
}

static void test_nonsense_is_protocol(void)
{
    static const char *const scripts[] = {
        HELLO CHUNKED MAIL_SIZE RCPT("a") CHUNK "<- 354 what\n",
        HELLO CHUNKED MAIL_SIZE RCPT("a") CHUNK "<- 150 what\n",
        HELLO CHUNKED MAIL_SIZE RCPT("a") CHUNK "<- 250 ok\n<- 334 what\n",
        HELLO CHUNKED MAIL_SIZE RCPT("a") CHUNK "<- 250 ok\n<- 250 ok\n<- 354 go\n",
        HELLO CHUNKED MAIL_SIZE RCPT("a") CHUNK "<- hello\n",
        HELLO PLAIN_PIPELINED MAIL_SIZE RCPT("a") "-> DATA\n<- 250 ok\n<- 250 ok\n<- 250 ok\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
        World w;
        g_test_message("script %zu", i);
        start(&w, "smtp", scripts[i], false, 1);
        failed(&w, POSTERN_ERROR_PROTOCOL);
        stop(&w);
    }
}

static void test_parameters(void)
{
    World w;
    start(&w, "smtp",
          HELLO CHUNKED
          "-> MAIL FROM:<m\xc3\xbc@example.org> SIZE=26 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb"
          "+20c AUTH=joe+2Bx@example.org\n"
          "-> RCPT TO:<a@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+3Dy@example.org\n" CHUNK
          "<- 250 ok\n<- 250 ok\n<- 250 ok\n",
          false, 1);
    w.mail.sender = "m\xc3\xbc@example.org";
    w.mail.smtputf8 = w.mail.eight_bit = true;
    w.mail.ret = "HDRS";
    w.mail.envid = "a+b c";
    w.mail.auth = "joe+x@example.org";
    w.to[0].notify = "SUCCESS,DELAY";
    w.to[0].orcpt = "rfc822;x=y@example.org";
    went(&w);
    stop(&w);
    /* Asked for but not offered: left out. */
    start(&w, "smtp",
          HELLO BARE MAIL_SIZE "<- 250 ok\n" RCPT("a") "<- 250 ok\n-> DATA\n<- 354 go\n" DOTTED
                                                       "<- 250 ok\n",
          false, 1);
    w.mail.ret = "HDRS";
    w.mail.envid = "a";
    w.mail.auth = "<>";
    w.to[0].notify = "NEVER";
    went(&w);
    stop(&w);
}

static void test_what_does_not_fit(void)
{
    static const struct {
        const char *text, *sender, *to;
        bool eight_bit, smtputf8, require_tls, big;
    } rows[] = {
        {.text = "a\nb\r\n"},
        {.text = "a\rb\r\n"},
        {.text = "a\r\n.\n"},
        {.text = "a\r"},
        {.sender = "a@b> SIZE=1"},
        {.sender = "a b@c"},
        {.to = "a@b\r\nDATA"},
        {.to = ""},
        {.to = "@x"},
        {.to = "x@"},
        {.to = "\xc3\xbc@x"},
        {.eight_bit = true},
        {.smtputf8 = true},
        {.require_tls = true},
        {.big = true},
    };
    g_autofree char *big = g_strnfill(1001, 'x');
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        World w;
        g_test_message("row %zu", i);
        start(&w, "smtp", HELLO "<- 250-x\n<- 250 SIZE 1000\n<stall", false, 1);
        w.mail.text = bytes_of(rows[i].big ? big : rows[i].text ? rows[i].text : TEXT);
        w.mail.sender = rows[i].sender ? rows[i].sender : "a@b";
        w.to[0].address = rows[i].to ? rows[i].to : "a@b";
        w.mail.eight_bit = rows[i].eight_bit;
        w.mail.smtputf8 = rows[i].smtputf8;
        w.mail.require_tls = rows[i].require_tls;
        failed(&w, POSTERN_ERROR_DATA);
        g_assert_cmpint(w.to[0].fate, ==, SMTP_NOT_TRIED);
        stop(&w);
    }
    World w;
    start(&w, "smtp", HELLO CHUNKED "<stall", false, 1);
    w.mail.text = (Bytes){"a\0b\r\n", 5};
    failed(&w, POSTERN_ERROR_DATA);
    stop(&w);
}

static void test_limits(void)
{
    World w;
    start(&w, "smtp",
          HELLO ALL "<- 250 LIMITS RCPTMAX=2 MAILMAX=9\n" MAIL_SIZE RCPT("a")
              RCPT("b") "-> DATA\n<- 250 ok\n<- 250 ok\n<- 250 ok\n<- 354 go\n" DOTTED
                        "<- 250 ok\n" MAIL_SIZE RCPT(
                            "c") "-> DATA\n<- 250 ok\n<- 250 ok\n<- 354 go\n" DOTTED "<- 250 ok\n",
          false, 3);
    went(&w);
    g_assert_cmpuint(w.result.accepted, ==, 3);
    g_assert_cmpuint(w.result.transactions, ==, 2);
    stop(&w);
    start(&w, "smtp", HELLO ALL "<- 250 LIMITS RCPTMAX=2\n<stall", false, 3);
    w.mail.all_or_none = true;
    failed(&w, POSTERN_ERROR_DATA);
    stop(&w);
}

/* What a server wants no more of in this session goes in a new one; here there is none to be had.
 */
static void test_limit_of_a_session(void)
{
    static const char *const nowhere[] = {"::127.0.0.1:1", NULL};
    World w;
    start(&w, "smtp",
          HELLO ALL "<- 250 LIMITS RCPTMAX=1 MAILMAX=2\n" MAIL_SIZE RCPT(
              "a") "-> DATA\n<- 250 ok\n<- 250 ok\n<- 354 go\n" DOTTED
                   "<- 250 ok\n" MAIL_SIZE RCPT(
                       "b") "-> DATA\n<- 250 ok\n<- 250 ok\n<- 354 go\n" DOTTED
                            "<- 250 ok\n-> QUIT\n<- 221 bye\n",
          false, 3);
    w.plan.dial.connect_to = nowhere;
    failed(&w, POSTERN_ERROR_UNAVAILABLE);
    g_assert_cmpint(w.to[0].fate, ==, SMTP_ACCEPTED);
    g_assert_cmpint(w.to[1].fate, ==, SMTP_ACCEPTED);
    g_assert_cmpint(w.to[2].fate, ==, SMTP_NOT_TRIED);
    g_assert_cmpuint(w.result.transactions, ==, 2);
    stop(&w);
}

static void test_limit_of_domains(void)
{
    World w;
    start(&w, "smtp",
          HELLO ALL "<- 250 LIMITS RCPTDOMAINMAX=1\n" MAIL_SIZE RCPT("a")
              RCPT("c") "-> DATA\n<- 250 ok\n<- 250 ok\n<- 250 ok\n<- 354 go\n" DOTTED
                        "<- 250 ok\n" MAIL_SIZE "-> RCPT TO:<b@example.net>\n-> DATA\n<- 250 ok\n"
                        "<- 250 ok\n<- 354 go\n" DOTTED "<- 250 ok\n",
          false, 3);
    w.mail.recipients[1].address = "b@example.net";
    went(&w);
    g_assert_cmpuint(w.result.accepted, ==, 3);
    g_assert_cmpuint(w.result.transactions, ==, 2);
    stop(&w);
    start(&w, "smtp", HELLO ALL "<- 250 LIMITS RCPTDOMAINMAX=1\n<stall", false, 3);
    w.mail.recipients[1].address = "b@example.net";
    w.mail.all_or_none = true;
    failed(&w, POSTERN_ERROR_DATA);
    stop(&w);
}

static void test_stops(void)
{
    static const struct {
        SmtpStop stop;
        const char *script;
    } rows[] = {
        {SMTP_STOP_AFTER_MAIL, HELLO CHUNKED MAIL_SIZE "<- 250 ok\n-> RSET\n<- 250 ok\n"},
        {SMTP_STOP_AFTER_RCPT,
         HELLO CHUNKED MAIL_SIZE RCPT("a") "<- 250 ok\n<- 250 ok\n-> RSET\n<- 250 ok\n"},
        {SMTP_STOP_AFTER_DATA,
         HELLO CHUNKED MAIL_SIZE RCPT("a") "<- 250 ok\n<- 250 ok\n-> DATA\n<- 354 go\n"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        World w;
        start(&w, "smtp", rows[i].script, false, 1);
        w.mail.stop = rows[i].stop;
        went(&w);
        g_assert_cmpint(w.to[0].fate, ==, SMTP_NOT_TRIED);
        g_assert_cmpuint(w.result.mail.code, ==, 250);
        stop(&w);
    }
}

static void test_very_many_recipients(void)
{
    enum { MANY = 450 };
    g_autoptr(GString) script = g_string_new(HELLO CHUNKED MAIL_SIZE);
    for (unsigned i = 0; i < MANY; i++) {
        g_string_append_printf(script, "-> RCPT TO:<u%u@example.org>\n", i);
        if (i == 198 || i == 398) { /* 200 replies are let pile up, no more */
            for (unsigned j = 0; j < 200; j++) {
                g_string_append(script, "<- 250 ok\n");
            }
        }
    }
    for (unsigned j = 0; j < MANY + 1 - 400; j++) {
        g_string_append(script, "<- 250 ok\n");
    }
    g_string_append(script, CHUNK "<- 250 ok\n");
    World w;
    start(&w, "smtp", script->str, false, 1);
    g_autofree SmtpRecipient *to = g_new0(SmtpRecipient, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        to[i].address = g_strdup_printf("u%u@example.org", i);
    }
    w.mail.recipients = to;
    w.mail.n_recipients = MANY;
    went(&w);
    g_assert_cmpuint(w.result.accepted, ==, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        g_free((char *)to[i].address);
        smtp_answer_clear(&to[i].answer);
    }
    stop(&w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp-mail/one-flight-with-pipelining-and-chunking", test_one_flight);
    g_test_add_func("/smtp-mail/data-asked-along-with-the-envelope", test_pipelined_data);
    g_test_add_func("/smtp-mail/without-pipelining-one-by-one", test_in_lockstep);
    g_test_add_func("/smtp-mail/lmtp-answers-for-each", test_lmtp_answers_for_each);
    g_test_add_func("/smtp-mail/every-refusal-at-every-stage", test_every_refusal);
    g_test_add_func("/smtp-mail/421-anywhere", test_closing_anywhere);
    g_test_add_func("/smtp-mail/cut-at-each-octet", test_cut_at_each_octet);
    g_test_add_func("/smtp-mail/a-no-before-the-cut-stays", test_refused_then_cut);
    g_test_add_func("/smtp-mail/silence-after-the-text-is-unknown", test_silence_after_the_text);
    g_test_add_func("/smtp-mail/nonsense-is-a-protocol-error", test_nonsense_is_protocol);
    g_test_add_func("/smtp-mail/parameters", test_parameters);
    g_test_add_func("/smtp-mail/what-does-not-fit-is-not-begun", test_what_does_not_fit);
    g_test_add_func("/smtp-mail/limits-split-the-recipients", test_limits);
    g_test_add_func("/smtp-mail/limits-split-the-recipients-of-domains", test_limit_of_domains);
    g_test_add_func("/smtp-mail/limits-end-the-session", test_limit_of_a_session);
    g_test_add_func("/smtp-mail/stops-where-told", test_stops);
    g_test_add_func("/smtp-mail/replies-do-not-pile-up", test_very_many_recipients);
    return g_test_run();
}
