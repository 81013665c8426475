/* probe.c: the probes of a service, one row each, in the order of their value: when the budget is
 * used up, the last go without. They go in waves: what is in one builds on those before it, and is
 * done at once where there are connections enough for all of it. */
#include "audit/probe.h"

#include "audit/probe_dane.h"
#include "audit/probe_session.h"
#include "audit/probes.h"

typedef struct {
    const char *name;     /* as it is told when it could not be asked */
    unsigned connections; /* as many as it needs at least */
    unsigned most;        /* as many as it is likely to take, but for `full` */
    unsigned wave, wave_full;
    void (*run)(Prober *p);
} ProbeRow;

static const ProbeRow rows[] = {
    {"an ordinary session", 1, 3, 0, 0, probe_session},
    {"what may be done before TLS", 1, 2, 1, 1, probe_cleartext},
    {"DANE", 1, 1, 1, 1, probe_dane},
    {"versions", 3, 7, 1, 1, probe_versions},
    {"cipher suites", 3, 9, 2, 3, probe_suites},
    {"order of cipher suites, SNI", 1, 2, 3, 2, probe_order},
    {"certificates of both kinds", 0, 2, 3, 4, probe_certificates},
    {"fallback protection", 1, 1, 3, 2, probe_extensions},
    {"groups", 1, 3, 4, 3, probe_groups},
    {"old flaws", 1, 2, 4, 4, probe_vulnerable},
    {"resumption by id", 0, 2, 4, 3, probe_resumption_id},
};
enum { WAVES = 5, MOST_FULL = 150 };

static void note_missing(Prober *p, const ProbeRow *row)
{
    if (p->stopped || p->no_tls) {
        prober_missing(p, "%s: %s", row->name, p->stopped ? p->stopped : p->no_tls);
    } else {
        prober_missing(p, "%s: the budget of %u connections is used up", row->name,
                       p->facts->budget);
    }
}

typedef struct {
    Prober *p;
    const ProbeRow *row;
    bool enough; /* connections for it, when it began */
} Turn;

/* A row that cannot run in full runs all the same: it fills in what it can, and says of the rest
 * why not. */
static void run_row(void *user)
{
    Turn *turn = user;
    turn->enough = prober_can(turn->p, turn->row->connections);
    turn->row->run(turn->p);
}

static bool is_due(const Prober *p, const ProbeRow *row, unsigned wave)
{
    return (p->plan->full ? row->wave_full : row->wave) == wave;
}

static void run_wave(Prober *p, unsigned wave)
{
    Turn turns[G_N_ELEMENTS(rows)];
    void *users[G_N_ELEMENTS(rows)];
    size_t n = 0;
    unsigned most = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (is_due(p, &rows[i], wave)) {
            most += rows[i].most;
            turns[n] = (Turn){p, &rows[i], false};
            users[n] = &turns[n];
            n++;
        }
    }
    bool at_once = prober_can(p, p->plan->full ? MOST_FULL : most);
    for (size_t i = 0; i < n && !at_once; i++) {
        run_row(users[i]);
    }
    if (at_once) {
        io_together(run_row, users, n);
    }
    for (size_t i = 0; i < n; i++) {
        if (!turns[i].enough || p->stopped) {
            note_missing(p, turns[i].row);
        }
    }
}

Facts *probe_service(const ProbePlan *plan, const Target *target)
{
    Facts *facts = facts_new(target);
    g_autoptr(Prober) p = prober_new(plan, target, facts);
    for (unsigned wave = 0; wave < WAVES; wave++) {
        run_wave(p, wave);
    }
    return facts;
}
