/* limits.c: a process that goes too far is ended, and it is told how. Each case is a process of its
 * own: the limits are for all of one. */
#include "mime/limits.h"

#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const MimeLimits limits = {.cpu_seconds = 1, .memory_mb = 600};

static void test_cpu_time_has_an_end(void)
{
    if (g_test_subprocess()) {
        limits_budget(&limits, 0);
        for (volatile unsigned n = 0;; n++) {
        }
    }
    g_test_trap_subprocess(NULL, 60 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_failed();
    g_assert_false(g_test_trap_reached_timeout());
}

static void test_larger_messages_may_take_longer(void)
{
    if (g_test_subprocess()) {
        struct rlimit small, large;
        limits_budget(&limits, 0);
        g_assert_cmpint(getrlimit(RLIMIT_CPU, &small), ==, 0);
        limits_budget(&limits, (uint64_t)5 * LIMITS_BYTES_A_SECOND);
        g_assert_cmpint(getrlimit(RLIMIT_CPU, &large), ==, 0);
        g_assert_cmpuint(large.rlim_cur - small.rlim_cur, ==, 5);
        return;
    }
    g_test_trap_subprocess(NULL, 60 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
}

/* GLib aborts where memory ends; here that is an exit status. */
static void test_glibs_end_without_memory_is_a_status(void)
{
    if (g_test_subprocess()) {
        limits_apply(&limits);
        g_log(NULL, G_LOG_LEVEL_WARNING | G_LOG_FLAG_FATAL, "out of it");
        _exit(0);
    }
    g_test_trap_subprocess(NULL, 60 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr_unmatched("*out of it*");
}

static void test_limits_are_explained(void)
{
    static const struct {
        int status;
        const char *words;
    } rows[] = {
        {128 + SIGXCPU, "it takes more than 1 s of CPU time (--cpu-limit allows more)"},
        {LIMITS_EXIT_MEMORY, "it takes more than 600 MB of memory (--memory-limit allows more)"},
        {128 + SIGABRT, "it takes more than 600 MB of memory (--memory-limit allows more)"},
        {128 + SIGTRAP, "it takes more than 600 MB of memory (--memory-limit allows more)"},
        {128 + SIGSEGV, "the parser crashed on it"},
        {128 + SIGBUS, "the parser crashed on it"},
        {0, NULL},
        {65, NULL},
        {128 + SIGTERM, NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *words = limits_explain(&limits, rows[i].status);
        g_assert_cmpstr(words, ==, rows[i].words);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/limits/cpu", test_cpu_time_has_an_end);
    g_test_add_func("/limits/size", test_larger_messages_may_take_longer);
    g_test_add_func("/limits/memory", test_glibs_end_without_memory_is_a_status);
    g_test_add_func("/limits/explained", test_limits_are_explained);
    return g_test_run();
}
