#include "send/scribe.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/thread.h"

enum { AT_ONCE = 64 }; /* entries in one commit */

struct Scribe {
    Journal *journal;
    GAsyncQueue *taken, *done; /* of ScribeEntry */
    ThreadJob *thread;
    int fd;
};

/* Among the taken: the end. */
static ScribeEntry the_end;

void scribe_wake(Scribe *s)
{
    const uint64_t one = 1;
    while (write(s->fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

static void write_all(Scribe *s, ScribeEntry **entries, size_t n)
{
    JournalEntry rows[AT_ONCE];
    for (size_t i = 0; i < n; i++) {
        rows[i] = entries[i]->what;
    }
    g_autoptr(GError) error = NULL;
    bool written = journal_write(s->journal, rows, n, &error);
    for (size_t i = 0; i < n; i++) {
        entries[i]->error = written ? NULL : g_error_copy(error);
        g_async_queue_push(s->done, entries[i]);
    }
    scribe_wake(s);
}

static void work(void *user)
{
    Scribe *s = user;
    bool ended = false;
    while (!ended) {
        ScribeEntry *entries[AT_ONCE];
        size_t n = 0;
        ScribeEntry *next = g_async_queue_pop(s->taken);
        while (next && next != &the_end) {
            entries[n++] = next;
            next = n < AT_ONCE ? g_async_queue_try_pop(s->taken) : NULL;
        }
        ended = next == &the_end;
        if (n) {
            write_all(s, entries, n);
        }
    }
}

Scribe *scribe_new(Journal *journal, GError **error)
{
    Scribe *s = g_new0(Scribe, 1);
    s->journal = journal;
    s->taken = g_async_queue_new();
    s->done = g_async_queue_new();
    s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->fd < 0) {
        error_fail(error, POSTERN_ERROR_IO, "cannot make an eventfd: %s", g_strerror(errno));
    } else {
        s->thread = thread_start("scribe", work, s, error);
    }
    if (!s->thread) {
        scribe_free(s);
        return NULL;
    }
    return s;
}

void scribe_take(Scribe *s, ScribeEntry *entry)
{
    g_async_queue_push(s->taken, entry);
}

ScribeEntry *scribe_done(Scribe *s)
{
    uint64_t count;
    ssize_t got =
        read(s->fd, &count, sizeof count); /* before looking: what comes later wakes anew */
    (void)got;
    return g_async_queue_try_pop(s->done);
}

int scribe_fd(const Scribe *s)
{
    return s->fd;
}

void scribe_finish(Scribe *s)
{
    g_async_queue_push(s->taken, &the_end);
    thread_join(s->thread);
    s->thread = NULL;
}

void scribe_free(Scribe *s)
{
    if (s) {
        g_async_queue_unref(s->taken);
        g_async_queue_unref(s->done);
        if (s->fd >= 0) {
            close(s->fd);
        }
        g_free(s);
    }
}
