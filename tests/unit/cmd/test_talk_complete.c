#include "cmd/talk_complete.h"

#include <glib/gstdio.h>
#include <string.h>

#include "cmd/talk.h"

/* What Tab offers behind this beginning of a line, after the server has said something. */
static char *offered(const char *proto, const char *said, const char *before)
{
    g_autoptr(Dialogue) dialogue = dialogue_new(proto_find(proto));
    Talk t = {.proto = proto_find(proto), .dialogue = dialogue};
    Session session = {.proto = t.proto, .caps = caps_new()};
    t.session = &session;
    caps_add_line(session.caps, BYTES_LITERAL("AUTH PLAIN LOGIN SCRAM-SHA-256"));
    g_auto(GStrv) lines = g_strsplit(said, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        SentLine sent;
        ReceivedUnit unit;
        if (lines[i][0] == '>') {
            dialogue_send(dialogue, bytes_of(lines[i] + 1), &sent);
        } else {
            dialogue_receive(dialogue, bytes_of(lines[i]), &unit);
        }
    }
    g_autoptr(GPtrArray) found = talk_complete_candidates(&t, before);
    g_ptr_array_add(found, NULL);
    caps_free(session.caps);
    return g_strjoinv(" ", (char **)found->pdata);
}

static const struct {
    const char *proto, *said, *before, *found;
} rows[] = {
    {"smtp", "220 hi", "MA", "MAIL"},
    {"smtp", "220 hi", "ma", "mail"}, /* as it was begun */
    {"smtp", "220 hi", "Ma", "MAIL"},
    {"smtp", "220 hi", "R", "RCPT RSET"},
    {"smtp", "220 hi", "XYZ", ""},
    {"smtp", "220 hi", "MAIL RC", ""}, /* no command stands there */
    {"smtp", "220 hi", "AUTH ", "PLAIN LOGIN SCRAM-SHA-256"},
    {"smtp", "220 hi", "AUTH S", "SCRAM-SHA-256"},
    {"smtp", "220 hi", "/auth l", "login"},
    {"smtp", "220 hi", "/s", "/starttls /save /send"},
    {"smtp", "220 hi", "/resu", "/resume"},
    {"smtp", "220 hi", "/tls ", "--json"},
    {"smtp", "220 hi", "/cert --p", "--pem"},
    {"smtp", "220 hi", "/quit ", ""},
    {"smtp", "220 hi\n>DATA\n354 go on", "QU", ""}, /* a message is being typed */
    {"smtp", "220 hi\n>DATA\n354 go on", "/q", ""},
    {"imap", "* OK hi", "fet", "fetch"},
    {"imap", "* OK hi", "a1 fet", "fetch"},
    {"imap", "* OK hi", "UID FET", "FETCH"},
    {"imap", "* OK hi", "SELECT ST", ""},
    {"imap", "* OK hi", "AUTHENTICATE P", "PLAIN"},
    {"imap", "* OK hi", "a1 AUTHENTICATE P", "PLAIN"},
    {"pop3", "+OK hi", "U", "USER UIDL UTF8"},
    {"pop3", "+OK hi", "a1 US", ""}, /* there are no tags */
    {"tcp", "hi", "US", ""},
};

static void test_what_may_stand_there(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *found = offered(rows[i].proto, rows[i].said, rows[i].before);
        g_test_message("%s: %s", rows[i].proto, rows[i].before);
        g_assert_cmpstr(found, ==, rows[i].found);
    }
}

static void test_an_empty_line_offers_the_protocol(void)
{
    g_autofree char *found = offered("pop3", "+OK hi", "");
    g_assert_nonnull(strstr(found, "RETR"));
    g_assert_nonnull(strstr(found, "STLS"));
    g_assert_null(strchr(found, '/'));
}

static void test_files_where_a_file_is_wanted(void)
{
    g_autofree char *directory = g_dir_make_tmp("postern-test-XXXXXX", NULL);
    static const char *const names[] = {"letter.eml", "letters", ".hidden"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(directory, names[i], NULL);
        g_assert_true(i == 1 ? g_mkdir(path, 0700) == 0 : g_file_set_contents(path, "", -1, NULL));
    }
    g_autofree char *before = g_strdup_printf("/save %s/let", directory);
    g_autofree char *found = offered("pop3", "+OK hi", before);
    g_autofree char *file = g_strdup_printf("%s/letter.eml", directory);
    g_autofree char *folder = g_strdup_printf("%s/letters/", directory);
    g_assert_nonnull(strstr(found, file));
    g_assert_nonnull(strstr(found, folder));
    g_autofree char *all = g_strdup_printf("/send %s/", directory);
    g_autofree char *visible = offered("pop3", "+OK hi", all);
    g_assert_null(strstr(visible, "hidden"));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(directory, names[i], NULL);
        g_remove(path);
    }
    g_rmdir(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/talk-complete/" #name, test_##name)
    TEST(what_may_stand_there);
    TEST(an_empty_line_offers_the_protocol);
    TEST(files_where_a_file_is_wanted);
#undef TEST
    return g_test_run();
}
