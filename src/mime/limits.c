/* limits.c: RLIMIT_AS and RLIMIT_CPU around the parser. */
#include "mime/limits.h"

#include <glib.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/sanitizer.h"

/* Only allocations that fail are fatal to GLib here; formatting its message would need memory. */
static void end_without_memory(const char *domain, GLogLevelFlags level, const char *message,
                               gpointer unused)
{
    (void)domain;
    (void)message;
    (void)unused;
    if (level & G_LOG_FLAG_FATAL) {
        _exit(LIMITS_EXIT_MEMORY);
    }
    /* GMime warns of what it meets in a message; what matters of that is among the defects. */
}

static void set_soft(int resource, rlim_t wanted)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) == 0) {
        limit.rlim_cur = MIN(wanted, limit.rlim_max);
        setrlimit(resource, &limit);
    }
}

void limits_apply(const MimeLimits *limits)
{
    g_log_set_default_handler(end_without_memory, NULL);
    if (!UNDER_SANITIZER) {
        set_soft(RLIMIT_AS, (rlim_t)limits->memory_mb * 1024 * 1024);
    }
}

void limits_budget(const MimeLimits *limits, uint64_t bytes)
{
    struct rusage used = {0};
    getrusage(RUSAGE_SELF, &used);
    rlim_t spent = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec + 1);
    set_soft(RLIMIT_CPU, spent + limits->cpu_seconds + bytes / LIMITS_BYTES_A_SECOND);
}

char *limits_explain(const MimeLimits *limits, int status)
{
    switch (status) {
    case 128 + SIGXCPU:
        return g_strdup_printf("it takes more than %u s of CPU time (--cpu-limit allows more)",
                               limits->cpu_seconds);
    case LIMITS_EXIT_MEMORY:
    case 128 + SIGTRAP: /* how GLib ends when even its log has no memory left */
    case 128 + SIGABRT:
        return g_strdup_printf("it takes more than %u MB of memory (--memory-limit allows more)",
                               limits->memory_mb);
    case 128 + SIGSEGV: /* the stack has run out */
    case 128 + SIGBUS:
        return g_strdup("the parser crashed on it");
    default:
        return NULL;
    }
}
