#include "send/journal.h"

#include <glib/gstdio.h>

static Submission submission(SmtpRecipient *recipients, size_t n)
{
    return (Submission){.recipients = recipients, .n = n};
}

static void test_remembers(void)
{
    GError *error = NULL;
    g_autofree char *folder = g_dir_make_tmp("journal-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "j.db", NULL);
    SmtpRecipient two[] = {{.address = "a@b", .fate = SMTP_ACCEPTED},
                           {.address = "c@d", .fate = SMTP_LATER}};
    Submission s = submission(two, 2);
    {
        g_autoptr(Journal) j = journal_open(file, &error);
        g_assert_no_error(error);
        Submission one = submission(two, 1);
        const JournalEntry entries[] = {{"m1", &s, false}, {"m2", &one, true}, {"m4", &s, true}};
        g_assert_true(journal_expect(j, 3, &error));
        g_assert_true(journal_write(j, &entries[0], &error));
        g_assert_true(journal_write(j, &entries[1], &error));
        g_assert_true(journal_write(j, &entries[2], &error));
        g_assert_true(journal_sync(j, &error));
        g_assert_no_error(error);
    }
    g_autoptr(Journal) j = journal_open(file, &error);
    g_autoptr(GPtrArray) decided = g_ptr_array_new_with_free_func(g_free);
    bool complete = true;
    g_assert_true(journal_look(j, "m1", &complete, decided, &error));
    g_assert_false(complete);
    g_assert_cmpuint(decided->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(decided, 0), ==, "a@b");
    g_assert_true(journal_look(j, "m2", &complete, decided, &error));
    g_assert_true(complete);
    g_assert_true(journal_look(j, "m4", &complete, decided, &error));
    g_assert_true(complete);
    g_assert_true(journal_look(j, "m3", &complete, decided, &error));
    g_assert_false(complete);
    g_clear_pointer(&j, journal_close);
    for (const char *const *end = (const char *const[]){"", "-wal", "-shm", NULL}; *end; end++) {
        g_autofree char *part = g_strconcat(file, *end, NULL);
        g_unlink(part);
    }
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/journal/remembers-what-was-decided", test_remembers);
    return g_test_run();
}
