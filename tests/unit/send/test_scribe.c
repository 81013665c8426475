#include "send/scribe.h"

#include <glib/gstdio.h>
#include <string.h>

enum { MANY = 300 };

static void remove_folder(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *file = g_build_filename(folder, name, NULL);
        g_unlink(file);
    }
    g_rmdir(folder);
}

static void test_all_that_was_taken_is_written(void)
{
    g_autofree char *folder = g_dir_make_tmp("scribe-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "journal.db", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Journal) j = journal_open(file, &error);
    g_assert_no_error(error);
    Scribe *s = scribe_new(j, &error);
    g_assert_no_error(error);
    SmtpRecipient one = {.address = "a@b", .fate = SMTP_ACCEPTED};
    Submission submission = {.recipients = &one, .n = 1};
    char keys[MANY][8];
    ScribeEntry *entries = g_new0(ScribeEntry, MANY);
    size_t back = 0;
    for (size_t i = 0; i < MANY; i++) {
        g_snprintf(keys[i], sizeof keys[i], "m%zu", i);
        entries[i].what = (JournalEntry){keys[i], &submission, true};
        scribe_take(s, &entries[i]);
        for (ScribeEntry *e; (e = scribe_done(s));) {
            g_assert_null(e->error);
            g_assert_true(e == &entries[back]); /* in the order they came */
            back++;
        }
    }
    scribe_finish(s);
    while (scribe_done(s)) {
        back++;
    }
    g_assert_cmpuint(back, ==, MANY);
    scribe_free(s);
    g_free(entries);
    for (size_t i = 0; i < MANY; i++) {
        bool complete = false;
        g_assert_true(journal_look(j, keys[i], &complete, NULL, &error));
        g_assert_true(complete);
    }
    g_clear_pointer(&j, journal_close);
    remove_folder(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scribe/all-that-was-taken-is-written", test_all_that_was_taken_is_written);
    return g_test_run();
}
