#include "send/spool.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>

typedef struct {
    char *path;
    Spool *spool;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused)
{
    (void)unused;
    g_autofree char *top = g_dir_make_tmp("spool-XXXXXX", NULL);
    f->path = g_build_filename(top, "spool", NULL);
    f->spool = spool_open(f->path, NULL);
    g_assert_nonnull(f->spool);
}

static void tear_down(Fixture *f, gconstpointer unused)
{
    (void)unused;
    g_autoptr(GDir) dir = g_dir_open(f->path, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *file = g_build_filename(f->path, name, NULL);
        g_unlink(file);
    }
    g_autofree char *top = g_path_get_dirname(f->path);
    spool_close(f->spool);
    g_rmdir(f->path);
    g_rmdir(top);
    g_free(f->path);
}

static char *add(Fixture *f, const char *url)
{
    static const OutgoingPlan plan = {.take_recipients = true};
    g_autoptr(Outgoing) message =
        outgoing_new(BYTES_LITERAL("From: a@b\nTo: c@d, ü@e\nSubject: x\n\nHi\n"), &plan, NULL);
    g_autoptr(SpoolJob) job = spool_job_new();
    static const char *const words[] = {"--tls=off", "--header=a;b\nc\\s", NULL};
    job->url = g_strdup(url);
    job->options = g_strdupv((char **)words);
    job->expires = 99;
    g_assert_true(spool_add(f->spool, message, job, NULL));
    return g_strdup(job->id);
}

static void test_comes_back_as_it_went(Fixture *f, gconstpointer unused)
{
    (void)unused;
    g_autofree char *id = add(f, "smtp://x");
    bool busy;
    g_autoptr(SpoolJob) job = spool_take(f->spool, id, &busy);
    g_assert_nonnull(job);
    g_assert_cmpstr(job->url, ==, "smtp://x");
    g_assert_cmpstr(job->options[0], ==, "--tls=off");
    g_assert_cmpstr(job->options[1], ==, "--header=a;b\nc\\s");
    g_assert_null(job->options[2]);
    g_assert_cmpstr(job->sender, ==, "a@b");
    g_assert_cmpstr(job->recipients[0], ==, "c@d");
    g_assert_cmpstr(job->recipients[1], ==, "ü@e");
    g_assert_cmpint(job->expires, ==, 99);
    g_autofree char *path = spool_text_path(f->spool, id), *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "Subject: x\r\n"));
    g_assert_cmpuint(job->octets, ==, strlen(text));
}

static void test_only_one_has_it(Fixture *f, gconstpointer unused)
{
    (void)unused;
    g_autofree char *id = add(f, NULL);
    bool busy;
    SpoolJob *job = spool_take(f->spool, id, &busy);
    g_assert_nonnull(job);
    g_assert_null(spool_take(f->spool, id, &busy));
    g_assert_true(busy);
    spool_job_decided(job, "c@d");
    spool_job_put_off(job, 100, "451 later");
    g_assert_true(spool_save(f->spool, job, NULL));
    spool_job_free(job);
    job = spool_take(f->spool, id, &busy);
    g_assert_cmpstr(job->recipients[0], ==, "ü@e");
    g_assert_null(job->recipients[1]);
    g_assert_cmpuint(job->tries, ==, 1);
    g_assert_cmpstr(job->why, ==, "451 later");
    g_assert_true(spool_remove(f->spool, job, NULL));
    spool_job_free(job);
    g_assert_null(spool_take(f->spool, id, &busy));
    g_assert_false(busy);
}

static void test_listed_and_damaged(Fixture *f, gconstpointer unused)
{
    (void)unused;
    g_autofree char *one = add(f, NULL), *two = add(f, NULL);
    g_autoptr(GPtrArray) jobs = spool_list(f->spool, NULL);
    g_assert_cmpuint(jobs->len, ==, 2);
    g_autofree char *path = g_strconcat(f->path, "/", one, ".job", NULL);
    g_assert_true(g_file_set_contents(path, "[message]\nsender=x\n", -1, NULL));
    /* It keeps nobody else from being delivered, and nothing writes over what is left of it. */
    g_autoptr(GPtrArray) again = spool_list(f->spool, NULL);
    g_assert_cmpuint(again->len, ==, 2);
    bool busy;
    g_autoptr(SpoolJob) job = spool_take(f->spool, one, &busy);
    g_assert_true(job->damaged && job->held);
    g_assert_nonnull(strstr(job->why, "lacks its recipients"));
    g_autoptr(GError) error = NULL;
    g_assert_false(spool_save(f->spool, job, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
    g_assert_true(spool_remove(f->spool, job, NULL));
    g_autoptr(SpoolJob) good = spool_take(f->spool, two, &busy);
    g_assert_false(good->damaged);
    g_assert_null(spool_take(f->spool, "../etc", &busy));
}

static void test_a_job_whose_text_is_gone_can_be_removed(Fixture *f, gconstpointer unused)
{
    (void)unused;
    g_autofree char *id = add(f, NULL);
    g_autofree char *text = spool_text_path(f->spool, id);
    g_assert_cmpint(g_unlink(text), ==, 0);
    g_autoptr(GPtrArray) jobs = spool_list(f->spool, NULL);
    const SpoolJob *listed = g_ptr_array_index(jobs, 0);
    g_assert_true(listed->held && strstr(listed->why, "its text is gone"));
    bool busy;
    g_autoptr(SpoolJob) job = spool_take(f->spool, id, &busy);
    g_assert_true(spool_remove(f->spool, job, NULL));
    g_autoptr(GPtrArray) none = spool_list(f->spool, NULL);
    g_assert_cmpuint(none->len, ==, 0);
}

static void test_leftovers_go_but_not_at_once(Fixture *f, gconstpointer unused)
{
    (void)unused;
    g_autofree char *kept = add(f, NULL), *left = add(f, NULL);
    g_autofree char *job = g_strconcat(f->path, "/", left, ".job", NULL);
    g_autofree char *text = spool_text_path(f->spool, left);
    g_assert_cmpint(g_unlink(job), ==, 0);
    g_assert_cmpuint(spool_sweep(f->spool), ==, 0);
    struct utimbuf old = {1, 1};
    g_assert_cmpint(utime(text, &old), ==, 0);
    g_autofree char *other = spool_text_path(f->spool, kept);
    g_assert_cmpint(utime(other, &old), ==, 0);
    g_assert_cmpuint(spool_sweep(f->spool), ==, 1);
    g_assert_cmpint(g_access(other, F_OK), ==, 0);
    g_assert_cmpint(g_access(text, F_OK), !=, 0);
}

static void test_waits_double_up_to_four_hours(void)
{
    g_autoptr(SpoolJob) job = spool_job_new();
    static const int64_t expected[] = {300, 600, 1200, 2400, 4800, 9600, 14400, 14400};
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        int64_t now = g_get_real_time() / G_USEC_PER_SEC;
        spool_job_put_off(job, 300, "x");
        int64_t wait = job->next - now;
        g_assert_true(wait == expected[i] || wait == expected[i] + 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)
    ADD("/spool/round-trip", test_comes_back_as_it_went);
    ADD("/spool/lock", test_only_one_has_it);
    ADD("/spool/list", test_listed_and_damaged);
    ADD("/spool/text-gone", test_a_job_whose_text_is_gone_can_be_removed);
    ADD("/spool/sweep", test_leftovers_go_but_not_at_once);
    g_test_add_func("/spool/backoff", test_waits_double_up_to_four_hours);
    return g_test_run();
}
