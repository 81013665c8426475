#include "proto/dialogue.h"

#include <string.h>

/* One step of a conversation and what must hold behind it. */
typedef struct {
    const char *line; /* "> typed", "< said", "= octets came", "# octets went" */
    Expect expects;
    const char *marks; /* words of marks(), in their order; NULL: not looked at */
} Step;

/* --- what a unit is, in words --- */

static void word(GString *text, bool holds, const char *name)
{
    if (holds) {
        g_string_append_printf(text, "%s%s", text->len ? " " : "", name);
    }
}

static char *sent_marks(const SentLine *s, Bytes line)
{
    GString *text = g_string_new(NULL);
    word(text, s->is_command, "command");
    word(text, s->is_payload, "payload");
    word(text, s->is_response, "response");
    word(text, s->asks_tls, "tls");
    word(text, s->quits, "quits");
    word(text, s->idles_done, "done");
    word(text, s->is_cleartext_password, "cleartext");
    if (s->mechanism) {
        word(text, true, s->mechanism);
    }
    if (s->has_secret) {
        g_autofree char *secret = bytes_dup(bytes_sub(line, s->secret_from, s->secret_len));
        g_autofree char *mark = g_strdup_printf("[%s]", secret);
        word(text, true, mark);
    }
    return g_string_free(text, FALSE);
}

static char *received_marks(const ReceivedUnit *u)
{
    static const char *const outcomes[] = {"", "ok", "refused", "temporary", "continue", "bye"};
    GString *text = g_string_new(NULL);
    word(text, u->outcome != OUTCOME_NONE, outcomes[u->outcome]);
    word(text, u->final, "final");
    word(text, u->unsolicited, "unsolicited");
    word(text, u->is_body, "body");
    word(text, u->ends_body, "end");
    word(text, *u->enhanced, u->enhanced);
    word(text, *u->response_code, u->response_code);
    if (u->is_challenge) {
        g_autofree char *challenge = bytes_dup(u->challenge);
        g_autofree char *mark = g_strdup_printf("(%s)", challenge);
        word(text, true, mark);
    }
    word(text, *u->verb, u->verb);
    return g_string_free(text, FALSE);
}

/* --- playing --- */

static char *play_step(Dialogue *d, const Step *step)
{
    Bytes line = bytes_of(step->line + 2);
    SentLine sent;
    ReceivedUnit unit;
    switch (step->line[0]) {
    case '>':
        dialogue_send(d, line, &sent);
        return sent_marks(&sent, line);
    case '#':
        dialogue_send_octets(d, line.len);
        return g_strdup("");
    case '=':
        g_assert_cmpuint(dialogue_wants_octets(d), >=, line.len);
        break;
    default:
        g_assert_cmpuint(dialogue_wants_octets(d), ==, 0);
        break;
    }
    dialogue_receive(d, line, &unit);
    return received_marks(&unit);
}

static void play(const char *proto, const Step *steps, size_t n)
{
    g_autoptr(Dialogue) d = dialogue_new(proto_find(proto));
    for (size_t i = 0; i < n; i++) {
        g_autofree char *marks = play_step(d, &steps[i]);
        g_test_message("%s: %s", steps[i].line, marks);
        if (steps[i].marks) {
            g_assert_cmpstr(marks, ==, steps[i].marks);
        }
        g_assert_cmpint(dialogue_expects(d), ==, steps[i].expects);
    }
}

#define PLAY(proto, ...)                                                                           \
    do {                                                                                           \
        static const Step steps[] = {__VA_ARGS__};                                                 \
        play(proto, steps, G_N_ELEMENTS(steps));                                                   \
    } while (0)

/* --- SMTP and LMTP --- */

static void test_smtp_sends_a_message(void)
{
    PLAY(
        "smtp", {"< 220-mail.example.org", EXPECT_REPLY, "ok"},
        {"< 220 ready", EXPECT_COMMAND, "ok final"}, {"> EHLO me", EXPECT_REPLY, "command"},
        {"< 250-mail", EXPECT_REPLY, "ok EHLO"},
        {"< 250 SIZE 1000", EXPECT_COMMAND, "ok final EHLO"},
        {"> MAIL FROM:<a@b>", EXPECT_REPLY, "command"},
        {"< 250 2.1.0 Ok", EXPECT_COMMAND, "ok final 2.1.0 MAIL"},
        {"> RCPT TO:<c@d>", EXPECT_REPLY, NULL},
        {"< 450 4.2.0 later", EXPECT_COMMAND, "temporary final 4.2.0 RCPT"},
        {"> RCPT TO:<c@e>", EXPECT_REPLY, NULL}, {"< 250 ok", EXPECT_COMMAND, NULL},
        {"> data", EXPECT_REPLY, "command"}, {"< 354 go on", EXPECT_PAYLOAD, "continue final DATA"},
        {"> Subject: QUIT", EXPECT_PAYLOAD, "payload"}, {"> QUIT", EXPECT_PAYLOAD, "payload"},
        {"> AUTH PLAIN xyz", EXPECT_PAYLOAD, "payload"}, {"> .", EXPECT_REPLY, "payload"},
        {"< 250 2.0.0 queued", EXPECT_COMMAND, "ok final 2.0.0 DATA"},
        {"> QUIT", EXPECT_REPLY, "command quits"}, {"< 221 bye", EXPECT_NOTHING, "bye final QUIT"});
}

static void test_smtp_refuses_data(void)
{
    PLAY("smtp", {"< 220 ready", EXPECT_COMMAND, NULL}, {"> DATA", EXPECT_REPLY, NULL},
         {"< 503 5.5.1 no", EXPECT_COMMAND, "refused final 5.5.1 DATA"});
}

static void test_smtp_pipelines(void)
{
    PLAY("smtp", {"< 220 ready", EXPECT_COMMAND, NULL}, {"> MAIL FROM:<a@b>", EXPECT_REPLY, NULL},
         {"> RCPT TO:<c@d>", EXPECT_REPLY, NULL}, {"> DATA", EXPECT_REPLY, NULL},
         {"< 250 ok", EXPECT_REPLY, "ok final MAIL"}, {"< 250 ok", EXPECT_REPLY, "ok final RCPT"},
         {"< 354 go", EXPECT_PAYLOAD, "continue final DATA"});
}

static void test_smtp_bdat_counts(void)
{
    PLAY("smtp", {"< 220 ready", EXPECT_COMMAND, NULL}, {"> BDAT 7", EXPECT_PAYLOAD, "command"},
         {"> abc", EXPECT_PAYLOAD, "payload"}, {"> ", EXPECT_REPLY, "payload"},
         {"< 250 ok", EXPECT_COMMAND, "ok final BDAT"}, {"> BDAT 3 LAST", EXPECT_PAYLOAD, NULL},
         {"# abc", EXPECT_REPLY, NULL}, {"< 250 ok", EXPECT_COMMAND, NULL},
         {"> BDAT 0 LAST", EXPECT_REPLY, NULL});
}

static void test_smtp_auth_by_hand(void)
{
    PLAY("smtp", {"< 220 ready", EXPECT_COMMAND, NULL},
         {"> AUTH PLAIN AGpvZQBodXNo", EXPECT_REPLY, "command cleartext PLAIN [AGpvZQBodXNo]"},
         {"< 535 5.7.8 no", EXPECT_COMMAND, "refused final 5.7.8 AUTH"},
         {"> auth login", EXPECT_REPLY, "command cleartext LOGIN"},
         {"< 334 VXNlcm5hbWU6", EXPECT_RESPONSE, "continue final (VXNlcm5hbWU6) AUTH"},
         {"> am9l", EXPECT_REPLY, "response cleartext LOGIN [am9l]"},
         {"< 334", EXPECT_RESPONSE, "continue final () AUTH"},
         {"> *", EXPECT_REPLY, "response LOGIN"},
         {"< 501 cancelled", EXPECT_COMMAND, "refused final AUTH"},
         {"> AUTH CRAM-MD5", EXPECT_REPLY, "command CRAM-MD5"},
         {"< 334 PDE+", EXPECT_RESPONSE, NULL},
         {"> am9l", EXPECT_REPLY, "response CRAM-MD5 [am9l]"},
         {"< 235 2.7.0 in", EXPECT_COMMAND, "ok final 2.7.0 AUTH"});
}

static void test_smtp_response_to_a_silent_server(void)
{
    PLAY("smtp", {"< 220 ready", EXPECT_COMMAND, NULL}, {"> AUTH PLAIN", EXPECT_REPLY, NULL},
         {"> AGpvZQBodXNo", EXPECT_REPLY, "response cleartext PLAIN [AGpvZQBodXNo]"},
         {"< 235 in", EXPECT_COMMAND, "ok final AUTH"});
}

static void test_smtp_response_typed_ahead(void)
{
    PLAY("smtp", {"< 220 ready", EXPECT_COMMAND, NULL}, {"> EHLO me", EXPECT_REPLY, NULL},
         {"> AUTH PLAIN", EXPECT_REPLY, NULL},
         {"> AGpvZQBodXNo", EXPECT_REPLY, "response cleartext PLAIN [AGpvZQBodXNo]"},
         {"< 250 hi", EXPECT_REPLY, "ok final EHLO"}, {"< 334 ", EXPECT_REPLY, "continue () AUTH"},
         {"< 235 in", EXPECT_COMMAND, "ok final AUTH"});
}

static void test_smtp_late_challenge_after_an_unasked_response(void)
{
    PLAY("smtp", {"< 220 ready", EXPECT_COMMAND, NULL}, {"> AUTH PLAIN", EXPECT_REPLY, NULL},
         {"> AGpvZQBodXNo", EXPECT_REPLY, "response cleartext PLAIN [AGpvZQBodXNo]"},
         {"< 334 ", EXPECT_REPLY, "continue () AUTH"},
         {"< 235 in", EXPECT_COMMAND, "ok final AUTH"});
}

/* What is typed ahead must not overtake an answer that decides what it is. */
static void test_turns(void)
{
    static const struct {
        const char *proto;
        Step steps[5];
        Turn turn;
    } rows[] = {
        {"smtp", {{"< 220 ready"}}, TURN_FREE},
        {"smtp", {{"< 220 ready"}, {"> NOOP"}}, TURN_FREE},
        {"smtp", {{"< 220 ready"}, {"> DATA"}}, TURN_AWAIT},
        {"smtp", {{"< 220 ready"}, {"> MAIL FROM:<>"}, {"> DATA"}, {"> NOOP"}}, TURN_AWAIT},
        {"smtp", {{"< 220 ready"}, {"> DATA"}, {"< 354 go"}, {"> ."}}, TURN_FREE},
        {"smtp", {{"< 220 ready"}, {"> STARTTLS"}}, TURN_AWAIT},
        {"smtp", {{"< 220 ready"}, {"> AUTH LOGIN"}}, TURN_AWAIT_CHALLENGE},
        {"smtp", {{"< 220 ready"}, {"> AUTH LOGIN"}, {"> am9l"}}, TURN_FREE},
        {"smtp",
         {{"< 220 ready"}, {"> AUTH LOGIN"}, {"< 334 x"}, {"> am9l"}},
         TURN_AWAIT_CHALLENGE},
        {"pop3", {{"< +OK"}, {"> STLS"}}, TURN_AWAIT},
        {"pop3", {{"< +OK"}, {"> RETR 1"}}, TURN_FREE},
        {"imap", {{"< * OK hi"}, {"> a IDLE"}}, TURN_AWAIT},
        {"imap", {{"< * OK hi"}, {"> a IDLE"}, {"< + idling"}, {"> DONE"}}, TURN_FREE},
        {"imap", {{"< * OK hi"}, {"> a APPEND x {3}"}}, TURN_AWAIT},
        {"imap", {{"< * OK hi"}, {"> a APPEND x {3}"}, {"< + go"}, {"> abc"}}, TURN_FREE},
        {"nntp", {{"< 200 hi"}, {"> POST"}}, TURN_AWAIT},
        {"nntp", {{"< 200 hi"}, {"> POST"}, {"< 440 no"}}, TURN_FREE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Dialogue) d = dialogue_new(proto_find(rows[i].proto));
        const char *last = "";
        for (const Step *step = rows[i].steps; step->line; step++) {
            g_free(play_step(d, step));
            last = step->line;
        }
        g_test_message("%zu: %s", i, last);
        g_assert_cmpint(dialogue_turn(d), ==, rows[i].turn);
    }
}

static void test_smtp_starttls_by_hand(void)
{
    g_autoptr(Dialogue) d = dialogue_new(proto_find("smtp"));
    static const Step steps[] = {{"< 220 ready", EXPECT_COMMAND, NULL},
                                 {"> starttls", EXPECT_REPLY, "command tls"},
                                 {"< 220 go", EXPECT_HANDSHAKE, "ok final STARTTLS"}};
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_free(play_step(d, &steps[i]));
        g_assert_cmpint(dialogue_expects(d), ==, steps[i].expects);
    }
    dialogue_reset_after_tls(d);
    g_assert_cmpint(dialogue_expects(d), ==, EXPECT_COMMAND);
}

static void test_smtp_starttls_refused(void)
{
    PLAY("smtp", {"< 220 ready", EXPECT_COMMAND, NULL}, {"> STARTTLS", EXPECT_REPLY, NULL},
         {"< 454 no", EXPECT_COMMAND, "temporary final STARTTLS"});
}

static void test_smtp_server_leaves(void)
{
    PLAY("smtp", {"< 220 ready", EXPECT_COMMAND, NULL},
         {"< 421 4.4.2 idle too long", EXPECT_NOTHING, "temporary unsolicited 4.4.2"});
}

static void test_lmtp_answers_for_each_recipient(void)
{
    PLAY("lmtp", {"< 220 ready", EXPECT_COMMAND, NULL}, {"> MAIL FROM:<>", EXPECT_REPLY, NULL},
         {"< 250 ok", EXPECT_COMMAND, NULL}, {"> RCPT TO:<a>", EXPECT_REPLY, NULL},
         {"< 250 ok", EXPECT_COMMAND, NULL}, {"> RCPT TO:<b>", EXPECT_REPLY, NULL},
         {"< 550 no", EXPECT_COMMAND, NULL}, {"> RCPT TO:<c>", EXPECT_REPLY, NULL},
         {"< 250 ok", EXPECT_COMMAND, NULL}, {"> DATA", EXPECT_REPLY, NULL},
         {"< 354 go", EXPECT_PAYLOAD, NULL}, {"> .", EXPECT_REPLY, NULL},
         {"< 250 a", EXPECT_REPLY, "ok DATA"}, {"< 452 c", EXPECT_COMMAND, "temporary final DATA"});
}

/* --- POP3 --- */

static void test_pop3_bodies(void)
{
    PLAY("pop3", {"< +OK <1.2@x>", EXPECT_COMMAND, "ok final"}, {"> LIST", EXPECT_REPLY, "command"},
         {"< +OK 2 messages", EXPECT_REPLY, "ok LIST"}, {"< 1 120", EXPECT_REPLY, "body LIST"},
         {"< ..", EXPECT_REPLY, "body LIST"}, {"< .", EXPECT_COMMAND, "final body end LIST"},
         {"> LIST 1", EXPECT_REPLY, NULL}, {"< +OK 1 120", EXPECT_COMMAND, "ok final LIST"},
         {"> retr 9", EXPECT_REPLY, NULL},
         {"< -ERR no such message", EXPECT_COMMAND, "refused final RETR"},
         {"> QUIT", EXPECT_REPLY, "command quits"},
         {"< +OK bye", EXPECT_NOTHING, "bye final QUIT"});
}

static void test_pop3_secrets(void)
{
    PLAY("pop3", {"< +OK", EXPECT_COMMAND, NULL}, {"> USER joe", EXPECT_REPLY, "command"},
         {"< +OK", EXPECT_COMMAND, NULL},
         {"> pass my dog", EXPECT_REPLY, "command cleartext [my dog]"},
         {"< -ERR [IN-USE] locked", EXPECT_COMMAND, "temporary final IN-USE PASS"},
         {"> APOP joe c4c9334b", EXPECT_REPLY, "command [c4c9334b]"},
         {"< -ERR [AUTH] no", EXPECT_COMMAND, "refused final AUTH APOP"},
         {"> AUTH", EXPECT_REPLY, "command"}, {"< +OK", EXPECT_REPLY, "ok AUTH"},
         {"< PLAIN", EXPECT_REPLY, "body AUTH"}, {"< .", EXPECT_COMMAND, NULL},
         {"> AUTH SCRAM-SHA-256", EXPECT_REPLY, "command SCRAM-SHA-256"},
         {"< + ", EXPECT_RESPONSE, "continue final () AUTH"},
         {"> biws", EXPECT_REPLY, "response SCRAM-SHA-256 [biws]"},
         {"< +OK", EXPECT_COMMAND, "ok final AUTH"});
}

static void test_pop3_stls(void)
{
    PLAY("pop3", {"< +OK", EXPECT_COMMAND, NULL}, {"> STLS", EXPECT_REPLY, "command tls"},
         {"< +OK go", EXPECT_HANDSHAKE, NULL});
}

/* --- IMAP --- */

static void test_imap_tags_and_untagged(void)
{
    PLAY("imap", {"< * OK ready", EXPECT_COMMAND, "ok final"},
         {"> a1 SELECT INBOX", EXPECT_REPLY, "command"}, {"< * 3 EXISTS", EXPECT_REPLY, "SELECT"},
         {"< * NO watch out", EXPECT_REPLY, "SELECT"},
         {"< a1 OK [READ-WRITE] done", EXPECT_COMMAND, "ok final READ-WRITE SELECT"},
         {"< * 4 EXISTS", EXPECT_COMMAND, "unsolicited"}, {"> a2 NOOP", EXPECT_REPLY, NULL},
         {"> a3 CHECK", EXPECT_REPLY, NULL},
         {"< a3 NO [UNAVAILABLE] later", EXPECT_REPLY, "temporary final UNAVAILABLE CHECK"},
         {"< a2 BAD what", EXPECT_COMMAND, "refused final NOOP"},
         {"> a4 LOGOUT", EXPECT_REPLY, "command quits"}, {"< * BYE", EXPECT_REPLY, "bye LOGOUT"},
         {"< a4 OK", EXPECT_NOTHING, "ok final LOGOUT"});
}

static void test_imap_literal_from_the_server(void)
{
    PLAY("imap", {"< * OK ready", EXPECT_COMMAND, NULL},
         {"> a1 FETCH 1 BODY[]", EXPECT_REPLY, NULL},
         {"< * 1 FETCH (BODY[] {7}", EXPECT_REPLY, "FETCH"}, {"= a1 ", EXPECT_REPLY, "body FETCH"},
         {"= OK\r\n", EXPECT_REPLY, "body FETCH"}, {"<  FLAGS {0}", EXPECT_REPLY, "body end FETCH"},
         {"< )", EXPECT_REPLY, "body end FETCH"},
         {"< a1 OK done", EXPECT_COMMAND, "ok final FETCH"});
}

static void test_imap_append_by_hand(void)
{
    PLAY("imap", {"< * OK ready", EXPECT_COMMAND, NULL},
         {"> a1 APPEND x {12}", EXPECT_REPLY, "command"},
         {"< + go", EXPECT_PAYLOAD, "continue final APPEND"}, {"> a: b", EXPECT_PAYLOAD, "payload"},
         {"> abcd", EXPECT_PAYLOAD, "payload"}, /* its line end is not among the twelve any more */
         {"< a1 OK [APPENDUID 1 2] in", EXPECT_COMMAND, "ok final APPENDUID APPEND"},
         {"> a2 APPEND x {2}", EXPECT_REPLY, NULL}, {"< + go", EXPECT_PAYLOAD, NULL},
         {"> ab", EXPECT_REPLY, "payload"}, {"< a2 OK in", EXPECT_COMMAND, NULL},
         {"> a3 APPEND x {2+}", EXPECT_PAYLOAD, NULL}, {"# ab", EXPECT_PAYLOAD, NULL},
         {"> ", EXPECT_REPLY, "payload"}, {"< a3 OK in", EXPECT_COMMAND, NULL},
         {"> a4 APPEND x {2}", EXPECT_REPLY, NULL},
         {"< a4 NO no such mailbox", EXPECT_COMMAND, "refused final APPEND"});
}

static void test_imap_login_keeps_the_password_out_of_sight(void)
{
    PLAY("imap", {"< * OK ready", EXPECT_COMMAND, NULL},
         {"> a1 LOGIN joe hush", EXPECT_REPLY, "command cleartext [hush]"},
         {"< a1 NO", EXPECT_COMMAND, NULL},
         {"> a2 LOGIN \"joe b\" \"hu sh\"", EXPECT_REPLY, "command cleartext [\"hu sh\"]"},
         {"< a2 NO", EXPECT_COMMAND, NULL}, {"> a3 LOGIN {3}", EXPECT_REPLY, "command cleartext"},
         {"< + go", EXPECT_PAYLOAD, NULL}, {"> joe {4}", EXPECT_REPLY, "payload"},
         {"< + go", EXPECT_PAYLOAD, NULL}, {"> hush", EXPECT_REPLY, "payload cleartext [hush]"},
         {"< a3 NO", EXPECT_COMMAND, NULL},
         {"> a4 LOGIN joe {4}", EXPECT_REPLY, "command cleartext"},
         {"< + go", EXPECT_PAYLOAD, NULL}, {"> hush", EXPECT_REPLY, "payload cleartext [hush]"},
         {"< a4 NO", EXPECT_COMMAND, NULL},
         {"> a5 LOGIN {3+}", EXPECT_PAYLOAD, "command cleartext"},
         {"> joe hush", EXPECT_REPLY, "payload cleartext [hush]"});
}

static void test_imap_login_behind_a_literal_that_went_by_itself(void)
{
    PLAY("imap", {"< * OK ready", EXPECT_COMMAND, NULL}, {"> a1 LOGIN {3+}", EXPECT_PAYLOAD, NULL},
         {"# joe", EXPECT_PAYLOAD, NULL}, {">  hush", EXPECT_REPLY, "payload cleartext [hush]"},
         {"< a1 NO", EXPECT_COMMAND, NULL}, {"> a2 LOGIN joe {4+}", EXPECT_PAYLOAD, NULL},
         {"# hush", EXPECT_PAYLOAD, NULL}, {"> ", EXPECT_REPLY, "payload"},
         {"< a2 OK", EXPECT_COMMAND, "ok final LOGIN"});
}

static void test_imap_authenticate_and_idle(void)
{
    PLAY("imap", {"< * OK ready", EXPECT_COMMAND, NULL},
         {"> a1 AUTHENTICATE PLAIN", EXPECT_REPLY, "command cleartext PLAIN"},
         {"< +", EXPECT_RESPONSE, "continue final () AUTHENTICATE"},
         {"> AGE=", EXPECT_REPLY, "response cleartext PLAIN [AGE=]"},
         {"< a1 OK", EXPECT_COMMAND, "ok final AUTHENTICATE"},
         {"> a2 IDLE", EXPECT_REPLY, "command"}, {"< + idling", EXPECT_IDLE, "continue final IDLE"},
         {"< * 5 EXISTS", EXPECT_IDLE, "unsolicited IDLE"},
         {"> done", EXPECT_REPLY, "command done"}, {"< a2 OK", EXPECT_COMMAND, "ok final IDLE"},
         {"> a3 IDLE", EXPECT_REPLY, NULL}, {"< + idling", EXPECT_IDLE, NULL},
         {"< a3 NO timed out", EXPECT_COMMAND, "refused final IDLE"});
}

static void test_imap_starttls_and_preauth(void)
{
    PLAY("imap", {"< * PREAUTH hello", EXPECT_COMMAND, "ok final"},
         {"> x STARTTLS", EXPECT_REPLY, "command tls"},
         {"< x BAD no", EXPECT_COMMAND, "refused final STARTTLS"},
         {"> y STARTTLS", EXPECT_REPLY, NULL},
         {"< y OK go", EXPECT_HANDSHAKE, "ok final STARTTLS"});
    PLAY("imap", {"< * BYE no", EXPECT_NOTHING, "bye final"});
}

static void test_imap_tags_are_given_where_they_lack(void)
{
    static const struct {
        const char *typed, *sent;
    } cases[] = {{"NOOP", "A001 NOOP"},
                 {"a NOOP", "a NOOP"},
                 {"uid fetch 1 FLAGS", "A002 uid fetch 1 FLAGS"},
                 {"XFOO bar", "A003 XFOO bar"},
                 {"a1 XFOO", "a1 XFOO"},
                 {"x xfoo", "x xfoo"},
                 {"", ""},
                 {"tag LOGOUT", "tag LOGOUT"},
                 {"SEARCH UID 5", "A004 SEARCH UID 5"}};
    g_autoptr(Dialogue) d = dialogue_new(proto_find("imap"));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *completed = dialogue_complete_command(d, cases[i].typed);
        g_autofree char *again = dialogue_complete_command(d, cases[i].typed);
        g_assert_cmpstr(completed, ==, cases[i].sent);
        g_assert_cmpstr(again, ==, completed); /* looking uses no tag up */
        SentLine sent;
        dialogue_send(d, bytes_of(completed), &sent);
    }
}

/* --- ManageSieve, FTP, NNTP, IRC --- */

static void test_sieve(void)
{
    PLAY("sieve", {"< \"SASL\" \"PLAIN\"", EXPECT_REPLY, "body"},
         {"< OK \"ready\"", EXPECT_COMMAND, "ok final"},
         {"> AUTHENTICATE \"PLAIN\" \"AGE=\"", EXPECT_REPLY, "command cleartext PLAIN [\"AGE=\"]"},
         {"< NO (TRYLATER) \"no\"", EXPECT_COMMAND, "temporary final TRYLATER AUTHENTICATE"},
         {"> AUTHENTICATE \"LOGIN\"", EXPECT_REPLY, "command cleartext LOGIN"},
         {"< \"VXNlcg==\"", EXPECT_RESPONSE, "continue final (VXNlcg==) AUTHENTICATE"},
         {"> \"am9l\"", EXPECT_REPLY, "response cleartext LOGIN [\"am9l\"]"},
         {"< {8}", EXPECT_REPLY, NULL}, {"= UGFzcw==", EXPECT_REPLY, NULL},
         {"< ", EXPECT_RESPONSE, "continue final body end AUTHENTICATE"},
         {"> \"*\"", EXPECT_REPLY, "response LOGIN"}, {"< NO {4}", EXPECT_REPLY, NULL},
         {"= gone", EXPECT_REPLY, "body AUTHENTICATE"},
         {"< ", EXPECT_COMMAND, "refused final body end AUTHENTICATE"},
         {"> PUTSCRIPT \"x\" {6+}", EXPECT_PAYLOAD, "command"},
         {"> keep", EXPECT_PAYLOAD, "payload"}, {"> ", EXPECT_REPLY, "payload"},
         {"< OK", EXPECT_COMMAND, "ok final PUTSCRIPT"},
         {"> STARTTLS", EXPECT_REPLY, "command tls"},
         {"< OK", EXPECT_HANDSHAKE, "ok final STARTTLS"});
}

static void test_sieve_greets_again_after_tls(void)
{
    g_autoptr(Dialogue) d = dialogue_new(proto_find("sieve"));
    dialogue_reset_after_tls(d);
    g_assert_cmpint(dialogue_expects(d), ==, EXPECT_REPLY);
}

static void test_ftp(void)
{
    PLAY("ftp", {"< 220-hello", EXPECT_REPLY, NULL}, {"< 230 is not the end", EXPECT_REPLY, NULL},
         {"< 220 ready", EXPECT_COMMAND, "ok final"}, {"> AUTH TLS", EXPECT_REPLY, "command tls"},
         {"< 234 go", EXPECT_HANDSHAKE, NULL});
    PLAY("ftp", {"< 220 ready", EXPECT_COMMAND, NULL},
         {"> PASS hush", EXPECT_REPLY, "command cleartext [hush]"},
         {"< 230 in", EXPECT_COMMAND, "ok final PASS"}, {"> LIST", EXPECT_REPLY, NULL},
         {"< 150 here it comes", EXPECT_REPLY, "LIST"},
         {"< 226 done", EXPECT_COMMAND, "ok final LIST"}, {"> STAT", EXPECT_REPLY, NULL},
         {"< 211-status", EXPECT_REPLY, NULL}, {"<  all is well", EXPECT_REPLY, "body STAT"},
         {"< 211 end", EXPECT_COMMAND, "ok final STAT"});
}

static void test_nntp(void)
{
    PLAY("nntp", {"< 200 news", EXPECT_COMMAND, "ok final"}, {"> CAPABILITIES", EXPECT_REPLY, NULL},
         {"< 101 list", EXPECT_REPLY, "ok CAPABILITIES"},
         {"< VERSION 2", EXPECT_REPLY, "body CAPABILITIES"},
         {"< .", EXPECT_COMMAND, "final body end CAPABILITIES"},
         {"> AUTHINFO USER joe", EXPECT_REPLY, "command"},
         {"< 381 more", EXPECT_COMMAND, "continue final AUTHINFO"},
         {"> AUTHINFO PASS hush", EXPECT_REPLY, "command cleartext [hush]"},
         {"< 481 no", EXPECT_COMMAND, "refused final AUTHINFO"},
         {"> AUTHINFO SASL PLAIN", EXPECT_REPLY, "command cleartext PLAIN"},
         {"< 383 =", EXPECT_RESPONSE, "continue final (=) AUTHINFO"},
         {"> AGE=", EXPECT_REPLY, "response cleartext PLAIN [AGE=]"},
         {"< 281 in", EXPECT_COMMAND, NULL}, {"> POST", EXPECT_REPLY, NULL},
         {"< 340 go", EXPECT_PAYLOAD, NULL}, {"> .", EXPECT_REPLY, NULL},
         {"< 240 posted", EXPECT_COMMAND, "ok final POST"}, {"> GROUP x", EXPECT_REPLY, NULL},
         {"< 211 1 1 1 x", EXPECT_COMMAND, "ok final GROUP"}, {"> LISTGROUP", EXPECT_REPLY, NULL},
         {"< 211 1 1 1 x", EXPECT_REPLY, "ok LISTGROUP"}, {"< .", EXPECT_COMMAND, NULL},
         {"> STARTTLS", EXPECT_REPLY, NULL}, {"< 382 go", EXPECT_HANDSHAKE, "ok final STARTTLS"});
}

static void test_irc(void)
{
    PLAY("irc", {"> CAP LS", EXPECT_COMMAND, "command"},
         {"< :s CAP * LS :tls", EXPECT_COMMAND, "unsolicited"},
         {"> PASS hush", EXPECT_COMMAND, "command cleartext [hush]"},
         {"> AUTHENTICATE PLAIN", EXPECT_COMMAND, "command PLAIN"},
         {"> AUTHENTICATE AGE=", EXPECT_COMMAND, "command cleartext [AGE=]"},
         {"> STARTTLS", EXPECT_REPLY, "command tls"},
         {"< :s NOTICE * :wait", EXPECT_REPLY, "unsolicited STARTTLS"},
         {"< :s 691 * :no", EXPECT_COMMAND, "refused final STARTTLS"},
         {"> STARTTLS", EXPECT_REPLY, NULL},
         {"< :s 670 * :go", EXPECT_HANDSHAKE, "ok final STARTTLS"});
}

/* --- */

static void test_peeking_changes_nothing(void)
{
    g_autoptr(Dialogue) d = dialogue_new(proto_find("pop3"));
    ReceivedUnit unit;
    SentLine peeked, sent;
    dialogue_receive(d, BYTES_LITERAL("+OK"), &unit);
    dialogue_peek(d, BYTES_LITERAL("PASS hush"), &peeked);
    g_assert_cmpint(dialogue_expects(d), ==, EXPECT_COMMAND);
    dialogue_send(d, BYTES_LITERAL("PASS hush"), &sent);
    g_assert_true(peeked.has_secret && peeked.secret_from == sent.secret_from &&
                  sent.secret_from == 5);
    g_assert_cmpuint(dialogue_pending(d), ==, 1);
}

static void test_a_whole_body_at_once(void)
{
    g_autoptr(Dialogue) d = dialogue_new(proto_find("smtp"));
    static const Step steps[] = {{"< 220 ready", EXPECT_COMMAND, NULL},
                                 {"> DATA", EXPECT_REPLY, NULL},
                                 {"< 354 go", EXPECT_PAYLOAD, NULL}};
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_free(play_step(d, &steps[i]));
    }
    dialogue_send_octets(d, 1000); /* counted octets mean nothing here */
    g_assert_cmpint(dialogue_expects(d), ==, EXPECT_PAYLOAD);
    dialogue_payload_sent(d);
    g_assert_cmpint(dialogue_expects(d), ==, EXPECT_REPLY);
}

static void test_nothing_is_followed_without_a_grammar(void)
{
    PLAY("https", {"> GET / HTTP/1.1", EXPECT_COMMAND, ""},
         {"< HTTP/1.1 200 OK", EXPECT_COMMAND, "unsolicited"});
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/dialogue/" #name, test_##name)
    TEST(smtp_sends_a_message);
    TEST(smtp_refuses_data);
    TEST(smtp_pipelines);
    TEST(smtp_bdat_counts);
    TEST(smtp_auth_by_hand);
    TEST(smtp_response_to_a_silent_server);
    TEST(smtp_response_typed_ahead);
    TEST(smtp_late_challenge_after_an_unasked_response);
    TEST(turns);
    TEST(smtp_starttls_by_hand);
    TEST(smtp_starttls_refused);
    TEST(smtp_server_leaves);
    TEST(lmtp_answers_for_each_recipient);
    TEST(pop3_bodies);
    TEST(pop3_secrets);
    TEST(pop3_stls);
    TEST(imap_tags_and_untagged);
    TEST(imap_literal_from_the_server);
    TEST(imap_append_by_hand);
    TEST(imap_login_keeps_the_password_out_of_sight);
    TEST(imap_login_behind_a_literal_that_went_by_itself);
    TEST(imap_authenticate_and_idle);
    TEST(imap_starttls_and_preauth);
    TEST(imap_tags_are_given_where_they_lack);
    TEST(sieve);
    TEST(sieve_greets_again_after_tls);
    TEST(ftp);
    TEST(nntp);
    TEST(irc);
    TEST(peeking_changes_nothing);
    TEST(a_whole_body_at_once);
    TEST(nothing_is_followed_without_a_grammar);
#undef TEST
    return g_test_run();
}
