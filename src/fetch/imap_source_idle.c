/* imap_source_idle.c: waiting for news: IDLE (RFC 2177), or NOOP now and then.
 *
 * A connection may die in silence: a NAT forgets it, a laptop sleeps. So no IDLE lasts long, and
 * after a sleep it is ended at once: the answer to DONE, or its absence within the wire's timeout,
 * tells whether anybody is there. */
#include <time.h>

#include "fetch/imap_source.h"

enum { NOOP_SECONDS = 120, LOOK_SECONDS = 20, SLEPT_SECONDS = 5 };

/* How long the machine has been asleep since it started, in microseconds. */
static int64_t asleep(void)
{
    struct timespec with, without;
    clock_gettime(CLOCK_BOOTTIME, &with);
    clock_gettime(CLOCK_MONOTONIC, &without);
    return (int64_t)(with.tv_sec - without.tv_sec) * G_USEC_PER_SEC +
           (with.tv_nsec - without.tv_nsec) / 1000;
}

/* Waits until something can be read, at most for a while: *ret_there tells. Suspends. */
static bool look(ImapSource *s, Deadline until, bool *ret_there, GError **error)
{
    g_autoptr(GError) problem = NULL;
    *ret_there = false;
    if (!wire_poll(s->wire, ret_there, error)) {
        return false;
    }
    if (*ret_there) {
        return true;
    }
    Deadline soon = deadline_sooner(until, deadline_in(LOOK_SECONDS));
    if (io_wait_read(wire_stream(s->wire)->fd, soon, &problem)) {
        return wire_poll(s->wire, ret_there, error);
    }
    if (!g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    return true;
}

/* Hears what comes until there are news or it is time to say something. Suspends. */
static bool hear(ImapSource *s, Deadline until, GError **error)
{
    int64_t slept = asleep();
    ImapResponse response;
    bool there;
    while (!s->news && !deadline_passed(until) &&
           asleep() - slept < SLEPT_SECONDS * G_USEC_PER_SEC) {
        if (!look(s, until, &there, error) || (there && !imap_source_read(s, &response, error))) {
            return false;
        }
    }
    return true;
}

/* One IDLE. A server that refuses it is asked by NOOP from then on. Suspends. */
static bool idle_once(ImapSource *s, Deadline until, GError **error)
{
    ImapResponse response;
    ImapTag tag = imap_next_tag(s->base.session);
    if (!wire_sendf(s->wire, error, "%s IDLE", tag.text)) {
        return false;
    }
    do {
        if (!imap_source_read(s, &response, error)) {
            return false;
        }
    } while (response.kind == IMAP_UNTAGGED);
    if (response.kind == IMAP_TAGGED) {
        s->idle_broken = true;
        return true;
    }
    return hear(s, deadline_sooner(until, deadline_in(s->base.idle_seconds)), error) &&
           wire_sendf(s->wire, error, "DONE") &&
           imap_source_await_ok(s, tag, NULL, NULL, "IDLE", error);
}

static bool noop_once(ImapSource *s, Deadline until, GError **error)
{
    double pause = MIN(NOOP_SECONDS, s->base.idle_seconds);
    ImapTag tag;
    if (!hear(s, deadline_sooner(until, deadline_in(pause)), error)) {
        return false;
    }
    tag = imap_next_tag(s->base.session);
    return wire_sendf(s->wire, error, "%s NOOP", tag.text) &&
           imap_source_await_ok(s, tag, NULL, NULL, "NOOP", error);
}

bool imap_source_idle(Source *source, Deadline until, bool *ret_news, GError **error)
{
    ImapSource *s = (ImapSource *)source;
    if (!s->folder) {
        return error_fail(error, POSTERN_ERROR_USAGE, "no folder is open to wait for news of");
    }
    bool ok = true;
    while (ok && !s->news && !deadline_passed(until)) {
        bool idles = imap_source_has(s, "IDLE") && !s->idle_broken;
        ok = idles ? idle_once(s, until, error) : noop_once(s, until, error);
    }
    *ret_news = ok && s->news;
    s->news = false;
    return ok;
}
