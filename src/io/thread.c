/* thread.c: one thread a job, its end told through an eventfd. */
#include "io/thread.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/task.h"

struct ThreadJob {
    void (*func)(void *user);
    void *user;
    GThread *thread;
    int done_fd;
};

static gpointer run_job(gpointer data)
{
    ThreadJob *job = data;
    job->func(job->user);
    const uint64_t one = 1;
    while (write(job->done_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
    return NULL;
}

ThreadJob *thread_start(const char *name, void (*func)(void *user), void *user, GError **error)
{
    int done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (done_fd < 0) {
        error_fail(error, POSTERN_ERROR_IO, "cannot make an eventfd: %s", g_strerror(errno));
        return NULL;
    }
    ThreadJob *job = g_new0(ThreadJob, 1);
    job->func = func;
    job->user = user;
    job->done_fd = done_fd;
    g_autoptr(GError) why = NULL;
    job->thread = g_thread_try_new(name, run_job, job, &why);
    if (!job->thread) {
        error_fail(error, POSTERN_ERROR_IO, "cannot start a thread: %s", why->message);
        close(done_fd);
        g_free(job);
        return NULL;
    }
    return job;
}

void thread_join(ThreadJob *job)
{
    if (!job) {
        return;
    }
    /* A wait that fails leaves only joining, which blocks the other tasks but is never wrong. */
    io_wait_shielded(job->done_fd, DEADLINE_NEVER);
    g_thread_join(job->thread);
    close(job->done_fd);
    g_free(job);
}

bool thread_run(const char *name, void (*func)(void *user), void *user, GError **error)
{
    ThreadJob *job = thread_start(name, func, user, error);
    thread_join(job);
    return job != NULL;
}
