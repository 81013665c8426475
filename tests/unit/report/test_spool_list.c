#include "report/spool_list.h"

#include <string.h>

static SpoolJob *job_of(const char *text)
{
    return spool_job_parse("1-a", bytes_of(text));
}

#define JOB                                                                                        \
    "[message]\noptions=\nsender=a@b\nrecipients=c@d;e@f;\nqueued=1000\nnext=1600\nexpires=9000\n" \
    "octets=2000\ntries=1\nwhy=451 later\n"

static void test_a_line_each(void)
{
    g_autoptr(SpoolJob) job = job_of(JOB);
    g_autofree char *soon = spool_job_text(job, 1300);
    g_assert_true(g_str_has_prefix(
        soon, "1-a  a@b -> c@d, e@f  (2.0\xc2\xa0kB, queued 5 min ago, next try in 5 min)\n"));
    g_assert_nonnull(strstr(soon, "1 try; the last: 451"));
    g_autofree char *due = spool_job_text(job, 1700);
    g_assert_nonnull(strstr(due, ", due)"));
    job->held = true;
    g_autofree char *held = spool_job_text(job, 1700);
    g_assert_nonnull(strstr(held, ", on hold)"));
}

static void test_json(void)
{
    g_autoptr(SpoolJob) job = job_of(JOB);
    g_autofree char *json = spool_job_json(job);
    g_assert_nonnull(strstr(json, "\"recipients\":[\"c@d\",\"e@f\"]"));
    g_assert_nonnull(strstr(json, "\"server\":null"));
    g_assert_nonnull(strstr(json, "\"damaged\":false"));
}

static void test_a_damaged_one(void)
{
    g_autoptr(SpoolJob) job = job_of("[message]\nsender=a@b\n");
    g_autofree char *line = spool_job_text(job, 1);
    g_assert_cmpstr(line, ==, "1-a  1-a.job of the spool is damaged: it lacks its recipients");
    g_autofree char *json = spool_job_json(job);
    g_assert_nonnull(strstr(json, "\"damaged\":true"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spool-list/a-line-each", test_a_line_each);
    g_test_add_func("/spool-list/json", test_json);
    g_test_add_func("/spool-list/a-damaged-one", test_a_damaged_one);
    return g_test_run();
}
