/* pump.c: two directions, each with a buffer; one wait for both. */
#include "io/pump.h"

#include <string.h>

#define LINGER_DEFAULT 30
#define ROOM ((size_t)32 * 1024)
/* As much as one side may move before the other has its turn. */
#define TURNS 16

typedef struct {
    Stream *from, *to;
    const char *from_name, *to_name;
    uint8_t *room;
    size_t start, end;
    uint64_t *moved;
    bool eof, said; /* the source has ended; the sink was told so */
    /* What this direction waits for, of each stream. */
    IoWait read, write;
} Way;

typedef struct {
    Way ways[2];
    bool progress;
} Pumping;

static void want(IoWait *wait, const Stream *s, StreamStatus status)
{
    wait->fd = s->fd;
    wait->want_read |= status == STREAM_WANT_READ;
    wait->want_write |= status == STREAM_WANT_WRITE;
}

/* STREAM_OK, or a WANT that is noted, is true. */
static bool judge(StreamStatus status, IoWait *wait, const Stream *s, const char *name,
                  GError **error)
{
    if (status == STREAM_FAILED) {
        return name ? error_prefix(error, "%s", name) : false;
    }
    want(wait, s, status);
    return true;
}

static bool take(Pumping *p, Way *w, GError **error)
{
    if (w->eof || w->start < w->end) {
        return true;
    }
    size_t got = 0;
    StreamStatus status = w->from->kind->try_read(w->from, w->room, ROOM, &got, error);
    if (status == STREAM_OK || status == STREAM_EOF) {
        w->start = 0;
        w->end = status == STREAM_OK ? got : 0;
        w->eof = status == STREAM_EOF;
        p->progress = true;
        return true;
    }
    return judge(status, &w->read, w->from, w->from_name, error);
}

static bool give(Pumping *p, Way *w, GError **error)
{
    while (w->start < w->end) {
        size_t put = 0;
        StreamStatus status =
            w->to->kind->try_write(w->to, w->room + w->start, w->end - w->start, &put, error);
        if (status != STREAM_OK) {
            return judge(status, &w->write, w->to, w->to_name, error);
        }
        w->start += put;
        *w->moved += put;
        p->progress = true;
    }
    return true;
}

static bool say_end(Pumping *p, Way *w, GError **error)
{
    if (!w->eof || w->said || w->start < w->end) {
        return true;
    }
    StreamStatus status =
        w->to->kind->try_shutdown ? w->to->kind->try_shutdown(w->to, error) : STREAM_OK;
    if (status == STREAM_OK) {
        w->said = true;
        p->progress = true;
        return true;
    }
    return judge(status, &w->write, w->to, w->to_name, error);
}

static bool step(Pumping *p, GError **error)
{
    p->progress = false;
    for (size_t i = 0; i < 2; i++) {
        Way *w = &p->ways[i];
        w->read = w->write = (IoWait){.fd = -1};
        bool more = true;
        for (int turn = 0; more && turn < TURNS; turn++) {
            bool before = p->progress;
            p->progress = false;
            if (!give(p, w, error) || !take(p, w, error) || !give(p, w, error) ||
                !say_end(p, w, error)) {
                return false;
            }
            more = p->progress && !w->said;
            p->progress |= before;
        }
    }
    return true;
}

/* Both directions may wait for one descriptor: it is named once. */
static size_t gather(const Pumping *p, IoWait waits[4])
{
    size_t n = 0;
    const IoWait *all[] = {&p->ways[0].read, &p->ways[0].write, &p->ways[1].read,
                           &p->ways[1].write};
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        if (!all[i]->want_read && !all[i]->want_write) {
            continue;
        }
        size_t at = 0;
        while (at < n && waits[at].fd != all[i]->fd) {
            at++;
        }
        if (at == n) {
            waits[n++] = (IoWait){.fd = all[i]->fd};
        }
        waits[at].want_read |= all[i]->want_read;
        waits[at].want_write |= all[i]->want_write;
    }
    return n;
}

static bool flow(Pumping *p, double linger, GError **error)
{
    Way *ways = p->ways;
    while (!ways[0].said || !ways[1].said) {
        if (!step(p, error)) {
            return false;
        }
        /* With progress it is only a look, and a turn for other tasks. */
        bool ended = ways[0].said || ways[1].said;
        Deadline until = p->progress ? DEADLINE_PAST : ended ? deadline_in(linger) : DEADLINE_NEVER;
        IoWait waits[4];
        g_autoptr(GError) why = NULL;
        if (io_wait_any(waits, gather(p, waits), until, &why)) {
            continue;
        }
        if (!g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT)) {
            g_propagate_error(error, g_steal_pointer(&why));
            return false;
        }
        if (!p->progress) {
            return true; /* nobody has anything to say any more */
        }
    }
    return true;
}

static void fill(Way *w, Bytes first)
{
    w->room = g_malloc(MAX(ROOM, first.len));
    if (first.len > 0) {
        memcpy(w->room, first.data, first.len);
    }
    w->end = first.len;
}

bool pump_run(Pump *pump, const char *name_a, const char *name_b, GError **error)
{
    Pumping p = {.ways = {{.from = pump->a,
                           .to = pump->b,
                           .from_name = name_a,
                           .to_name = name_b,
                           .moved = &pump->a_to_b},
                          {.from = pump->b,
                           .to = pump->a,
                           .from_name = name_b,
                           .to_name = name_a,
                           .moved = &pump->b_to_a}}};
    pump->a_to_b = pump->b_to_a = 0;
    fill(&p.ways[0], pump->from_a);
    fill(&p.ways[1], pump->from_b);
    bool good = flow(&p, pump->linger > 0 ? pump->linger : LINGER_DEFAULT, error);
    g_free(p.ways[0].room);
    g_free(p.ways[1].room);
    return good;
}
