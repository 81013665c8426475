/* send_way.h: a flush of the spool, and the ways its messages go: those that go the same way share
 * connections and keep their order; ways do not wait for each other. Between send_flush.c, which
 * says what is due, and send_way.c, which hands it over. */
#pragma once

#include "cmd/send.h"
#include "io/together.h"

typedef struct {
    const SendOptions *options;
    SendShow show;
    Spool *spool;
    Sched *sched;
    Task *looker;    /* who looks what is due; NULL: has ended */
    GPtrArray *ways; /* of Way: those under way, and those that wait at the gate */
    Gate gate;       /* so many ways at a time */
    Gate asking;     /* one question at a time on the terminal */
    int came,
        ended;   /* descriptors of --daemon: something was put into the spool; a way has ended */
    double next; /* seconds until the next is due */
    size_t delivered, failed, waiting;
    GError *error; /* nothing more is begun */
} Flush;

typedef struct {
    Flush *flush;
    char *url, **options; /* as in SpoolJob */
    GQueue due;           /* ids, the oldest first */
    GHashTable *taken;    /* id -> SpoolJob, locked, of those sent now */
    bool busy;            /* it took some */
} Way;

/* The way of this job, with nothing due. */
Way *way_new(Flush *f, const SpoolJob *job);
void way_free(Way *w);
bool way_is_of(const Way *w, const SpoolJob *job);
bool flush_is_due(const Flush *f, const SpoolJob *job);
/* Hands over what is due, more of which may be added meanwhile, and counts and tells what became of
 * it. Fails when that could not be written down (then nothing more should be sent), with CANCELLED
 * when it was interrupted. Suspends. */
bool way_go(Way *w, GError **error);
