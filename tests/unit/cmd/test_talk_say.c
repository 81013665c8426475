#include <string.h>

#include "cmd/talk.h"

/* A conversation so far: what was said, and what was sent behind a '>'. */
typedef struct {
    const char *proto, *said, *line;
    bool answer;
} Row;

static Talk conversation(const Row *row)
{
    Talk t = {.proto = proto_find(row->proto)};
    t.dialogue = dialogue_new(t.proto);
    g_auto(GStrv) lines = g_strsplit(row->said, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        SentLine sent;
        ReceivedUnit unit;
        if (lines[i][0] == '>') {
            dialogue_send(t.dialogue, bytes_of(lines[i] + 1), &sent);
        } else {
            dialogue_receive(t.dialogue, bytes_of(lines[i]), &unit);
        }
    }
    return t;
}

/* What must not get into the history. */
static const Row secrets[] = {
    {"pop3", "+OK hi", "PASS hush", true},
    {"pop3", "+OK hi", "pass hush", true},
    {"pop3", "+OK hi", "  PASS hush", true},
    {"pop3", "+OK hi", "APOP joe c4c9334bac560ecc979e58001b3e22fb", true},
    {"pop3", "+OK hi", "AUTH PLAIN AGpvZQBodXNo", true},
    {"pop3", "+OK hi\n>AUTH PLAIN\n+ ", "AGpvZQBodXNo", true},
    {"pop3", "+OK hi\n>AUTH PLAIN", "AGpvZQBodXNo", true}, /* the server stays silent */
    {"pop3", "+OK hi", "USER joe", false},
    {"pop3", "+OK hi", "RETR 1", false},
    {"pop3", "+OK hi", "PASS", false},
    {"imap", "* OK hi", "login joe hush", true},
    {"imap", "* OK hi", "a1 LOGIN joe \"hu sh\"", true},
    {"imap", "* OK hi", "LOGIN {3}", false}, /* what follows is */
    {"imap", "* OK hi\n>a1 LOGIN {3+}", "joe hush", true},
    {"imap", "* OK hi", "AUTHENTICATE PLAIN AGpvZQBodXNo", true},
    {"imap", "* OK hi", "SELECT INBOX", false},
    {"imap", "* OK hi\n>a1 APPEND x {30}\n+ go", "Dear Joe,", true}, /* nobody's business */
    {"smtp", "220 hi", "AUTH PLAIN AGpvZQBodXNo", true},
    {"smtp", "220 hi\n>AUTH LOGIN\n334 VXNlcm5hbWU6", "am9l", true},
    {"smtp", "220 hi\n>DATA\n354 go", "Dear Joe,", true},
    {"smtp", "220 hi\n>DATA\n354 go\n>.", "NOOP", false},
    {"smtp", "220 hi", "MAIL FROM:<joe@example.org>", false},
    {"smtp", "220 hi", "/raw 4e 4f 4f 50 0d 0a", false},
    {"smtp", "220 hi", "/raw 415554482050 4c41494e 2041476f3d 0d0a", true}, /* AUTH PLAIN AGo= */
    {"pop3", "+OK hi", "/raw 50415353 2068757368 0a", true},
    {"ftp", "220 hi", "PASS hush", true},
    {"nntp", "200 hi", "AUTHINFO PASS hush", true},
    {"nntp", "200 hi", "AUTHINFO USER joe", false},
    {"irc", "", "PASS hush", true},
    {"irc", "", "OPER joe hush", true},
    {"irc", "", "NICK joe", false},
    {"sieve", "OK", "AUTHENTICATE \"PLAIN\" \"AGpvZQBodXNo\"", true},
    {"tcp", "", "anything", false},
};

static void test_secrets_are_not_remembered(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++) {
        Talk t = conversation(&secrets[i]);
        g_test_message("%s: %s", secrets[i].proto, secrets[i].line);
        g_assert_cmpint(talk_is_secret(&t, secrets[i].line), ==, secrets[i].answer);
        dialogue_free(t.dialogue);
    }
}

static const Row slashes[] = {
    {"smtp", "220 hi", NULL, true},
    {"smtp", "220 hi\n>DATA", NULL, true},
    {"smtp", "220 hi\n>DATA\n354 go", NULL, false},
    {"smtp", "220 hi\n>BDAT 30 LAST", NULL, false},
    {"smtp", "220 hi\n>AUTH LOGIN\n334 x", NULL, false},
    {"imap", "* OK hi\n>a1 APPEND x {30}\n+ go", NULL, false},
    {"imap", "* OK hi\n>a1 IDLE\n+ idling", NULL, true},
    {"nntp", "200 hi\n>POST\n340 go", NULL, false},
    {"tcp", "", NULL, true},
};

static void test_a_slash_is_ours_but_in_payload_and_responses(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(slashes); i++) {
        Talk t = conversation(&slashes[i]);
        Session session = {.proto = t.proto};
        t.session = &session;
        g_test_message("%s: %s", slashes[i].proto, slashes[i].said);
        g_assert_cmpint(talk_local_active(&t), ==, slashes[i].answer);
        dialogue_free(t.dialogue);
    }
}

static void test_local_commands_are_words(void)
{
    for (const LocalCommand *c = local_commands; c->name != NULL; c++) {
        g_assert_cmpuint(strlen(c->name), >, 1); /* no plain letter is ever a command */
        g_assert_true(c->help != NULL && c->run != NULL);
    }
}

static void test_an_unknown_local_command_is_refused_naming_the_nearest(void)
{
    g_autoptr(GError) error = NULL;
    Talk t = {0};
    g_assert_false(talk_local(&t, "starttsl now", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "/starttsl; is it /starttls?"));
}

static void test_regular_expressions(void)
{
    g_autoptr(GError) error = NULL;
    Talk t = {.last_reply = g_string_new("250-one\n250 two\n"), .refused_status = 69};
    g_assert_true(talk_expect(&t, "^250 two$", &error)); /* any line of it */
    g_assert_no_error(error);
    g_assert_cmpint(t.refused_status, ==, 0); /* what was expected is no refusal */
    g_assert_false(talk_expect(&t, "^two", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
    g_assert_nonnull(strstr(error->message, "the server said: 250-one"));
    g_clear_error(&error);
    g_assert_false(talk_expect(&t, "(", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    g_string_free(t.last_reply, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/talk-say/" #name, test_##name)
    TEST(secrets_are_not_remembered);
    TEST(a_slash_is_ours_but_in_payload_and_responses);
    TEST(local_commands_are_words);
    TEST(an_unknown_local_command_is_refused_naming_the_nearest);
    TEST(regular_expressions);
#undef TEST
    return g_test_run();
}
