/* The targets that are files or programs, through the one interface. */
#include "deliver/deliver.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#define MARKER "0123456789abcdef0123456789abcdef"

static char *dir;

static DeliverFate deliver(Delivery *d, const char *const *pieces, const char *marker)
{
    g_autoptr(GError) error = NULL;
    const Letter letter = {.marker = marker, .folder = "INBOX", .flags = ""};
    DeliverFate fate = DELIVER_REFUSED;
    g_autofree char *said = NULL;
    g_assert_true(deliver_begin(d, &letter, &error));
    for (; *pieces != NULL; pieces++) {
        g_assert_true(deliver_data(d, bytes_of(*pieces), &error));
    }
    g_assert_true(deliver_end(d, &fate, &said, &error));
    g_assert_no_error(error);
    return fate;
}

static char *only_file(const char *path)
{
    g_autoptr(GDir) list = g_dir_open(path, 0, NULL);
    g_autofree char *name = g_build_filename(path, g_dir_read_name(list), NULL);
    g_assert_null(g_dir_read_name(list));
    char *text = NULL;
    g_assert_true(g_file_get_contents(name, &text, NULL, NULL));
    return text;
}

static bool is_empty(const char *path)
{
    g_autoptr(GDir) list = g_dir_open(path, 0, NULL);
    return g_dir_read_name(list) == NULL;
}

static void test_only_line_ends_change_however_the_pieces_fall(void)
{
    g_autofree char *box = g_build_filename(dir, "lines", NULL);
    g_autofree char *made = g_build_filename(box, "new", NULL);
    DeliverPlan plan = {.to = box};
    static const char *const pieces[] = {"a\r", "\nb\rc\r", "d\n\r\r", "\n", "end\r", NULL};
    g_autoptr(Delivery) d = deliver_open(&plan, "a", NULL);
    g_assert_cmpint(deliver(d, pieces, MARKER), ==, DELIVER_HELD);
    g_assert_true(is_empty(made));
    g_autoptr(DeliverBatch) batch = deliver_take_batch(d);
    g_assert_true(deliver_batch_commit(batch, NULL));
    g_autofree char *text = only_file(made);
    g_assert_cmpstr(text, ==, "a\nb\rc\rd\n\r\nend\r");
    g_autoptr(GHashTable) there = deliver_present(d, "INBOX", 0, NULL);
    g_assert_true(g_hash_table_contains(there, MARKER));
}

static void test_what_is_dropped_or_not_committed_leaves_nothing(void)
{
    g_autofree char *box = g_build_filename(dir, "dropped", NULL);
    g_autofree char *tmp = g_build_filename(box, "tmp", NULL);
    g_autofree char *made = g_build_filename(box, "new", NULL);
    DeliverPlan plan = {.to = box};
    static const char *const pieces[] = {"x\r\n", NULL};
    g_autoptr(Delivery) d = deliver_open(&plan, "a", NULL);
    const Letter letter = {.marker = MARKER, .folder = "INBOX", .flags = ""};
    g_assert_true(deliver_begin(d, &letter, NULL));
    deliver_drop(d);
    g_assert_null(deliver_take_batch(d));
    deliver(d, pieces, MARKER);
    deliver_batch_free(deliver_take_batch(d));
    g_assert_true(is_empty(tmp) && is_empty(made));
}

static void test_mbox_quotes_from_lines_wherever_pieces_end(void)
{
    g_autofree char *box = g_build_filename(dir, "mbox", NULL);
    g_autofree char *to = g_strconcat("mbox:", box, NULL);
    DeliverPlan plan = {.to = to};
    static const char *const pieces[] = {"From: a@b\r\n\r\nFr", "om x\r\n>From y\r\n From z\r\n>Fr",
                                         "Fromage\r\nFrom", NULL};
    g_autoptr(Delivery) d = deliver_open(&plan, "a", NULL);
    deliver(d, pieces, MARKER);
    g_autoptr(DeliverBatch) batch = deliver_take_batch(d);
    g_autoptr(GError) error = NULL;
    g_assert_true(deliver_batch_commit(batch, &error));
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(box, &text, NULL, NULL));
    g_assert_true(g_str_has_prefix(text, "From a@b "));
    const char *body = strchr(text, '\n') + 1;
    g_assert_cmpstr(body, ==, "From: a@b\n\n>From x\n>>From y\n From z\n>FrFromage\nFrom\n\n");
    g_autoptr(GHashTable) there = deliver_present(d, "INBOX", 0, NULL);
    g_assert_true(g_hash_table_contains(there, MARKER));
}

static void test_a_program_decides_by_its_status(void)
{
    static const struct {
        const char *to;
        DeliverFate fate;
    } rows[] = {{"|true", DELIVER_DONE},
                {"|sh -c 'cat >/dev/null; exit 75'", DELIVER_LATER},
                {"|sh -c 'exit 1'", DELIVER_REFUSED},
                {"|sh -c 'kill -9 $$'", DELIVER_LATER}};
    static const char *const pieces[] = {"From: a@b\r\n\r\n", "text\r\n", NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        DeliverPlan plan = {.to = (char *)rows[i].to};
        g_autoptr(Delivery) d = deliver_open(&plan, "a", NULL);
        g_assert_cmpint(deliver(d, pieces, MARKER), ==, rows[i].fate);
    }
}

static void test_words_for_programs_are_put_in_and_never_read_by_a_shell(void)
{
    g_autofree char *out = g_build_filename(dir, "words", NULL);
    g_autofree char *to =
        g_strdup_printf("|sh -c 'cat >/dev/null; echo \"$1/$2\" > %s' x %%r %%f", out);
    char *recipients[] = {"$(id);x", NULL};
    DeliverPlan plan = {.to = to, .recipients = recipients};
    static const char *const pieces[] = {"Return-Path: <who@where>\r\n\r\n", NULL};
    g_autoptr(Delivery) d = deliver_open(&plan, "a", NULL);
    g_assert_cmpint(deliver(d, pieces, MARKER), ==, DELIVER_DONE);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(out, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "$(id);x/who@where\n");
}

static void test_where_mail_cannot_go_is_refused_at_once(void)
{
    static const char *const bad[] = {
        "",         "mbox:",   "|",           "|'open", "imaps://host", "ftp://x",
        "maildir:", "lmtp://", "|cat > FILE", "|a | b", "|a ; b"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        DeliverPlan plan = {.to = (char *)bad[i]};
        g_autoptr(GError) error = NULL;
        g_assert_false(deliver_check(&plan, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN); /* as the program does at its start */
    dir = g_dir_make_tmp("postern-XXXXXX", NULL);
    g_test_add_func("/deliver/lines", test_only_line_ends_change_however_the_pieces_fall);
    g_test_add_func("/deliver/dropped", test_what_is_dropped_or_not_committed_leaves_nothing);
    g_test_add_func("/deliver/mbox", test_mbox_quotes_from_lines_wherever_pieces_end);
    g_test_add_func("/deliver/program", test_a_program_decides_by_its_status);
    g_test_add_func("/deliver/words", test_words_for_programs_are_put_in_and_never_read_by_a_shell);
    g_test_add_func("/deliver/refused", test_where_mail_cannot_go_is_refused_at_once);
    int status = g_test_run();
    g_free(dir);
    return status;
}
