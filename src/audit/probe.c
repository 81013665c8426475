/* probe.c: the probes of a service, one row each, in the order of their value: when the budget is
 * used up, the last go without. They go in waves: what is in one builds on those before it, and is
 * done at once where there are connections enough for all of it. */
#include "audit/probe.h"

#include <string.h>

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

/* Waves: SIDE rows run beside all waves but the first, LATE_SIDE ones beside all behind
 * BEST; NEVER: another row sees to it. */
enum { SIDE = 1, BEST = 2, LATE_SIDE = 3, BEHIND = 4, WAVES = 8, NEVER = WAVES };
/* Connections that must be left for things to be done at once. */
enum { SPACIOUS = 16, MOST_FULL = 150 };

static void probe_resumption_and_dane(Prober *p)
{
    probe_resumption(p);
    probe_dane(p);
}

static const ProbeRow rows[] = {
    {"an ordinary session", 1, 2, 0, 0, probe_session},
    {"resumption, DANE", 0, 2, SIDE, SIDE, probe_resumption_and_dane},
    {"what may be done before TLS", 1, 2, SIDE, SIDE, probe_cleartext},
    {"the best version", 1, 3, NEVER, BEST, probe_best_version},
    {"versions", 3, 7, BEST, 4, probe_versions},
    {"cipher suites", 3, 7, 5, 5, probe_suites},
    {"order of cipher suites, SNI", 1, 1, 5, 4, probe_order},
    {"renegotiation, resumption by id", 1, 1, 5, LATE_SIDE, probe_resumption_id},
    {"certificates of both kinds", 0, 1, 6, 6, probe_certificates},
    {"fallback protection", 1, 1, 6, 5, probe_extensions},
    {"encrypt-then-MAC", 0, 0, 7, 6, probe_etm},
    {"groups", 1, 2, 6, LATE_SIDE, probe_groups},
    {"old flaws", 0, 1, 6, 6, probe_vulnerable},
    {"Ticketbleed", 0, 1, SIDE, SIDE, probe_ticketbleed},
    {"ROBOT", 0, 5, 7, 6, probe_robot},
};

typedef struct {
    Prober *p;
    const ProbeRow *row;
    char **reason; /* where to leave one */
} Turn;

/* What could not be asked in full: the reason, by the row's number; NULL where all went well. */
typedef char *Reasons[G_N_ELEMENTS(rows)];

static char *reason(const Prober *p)
{
    if (p->stopped || p->no_tls) {
        return g_strdup(p->stopped ? p->stopped : p->no_tls);
    }
    return g_strdup_printf("the budget of %u connections is used up", p->facts->budget);
}

/* A row that cannot run in full runs all the same: it fills in what it can, and says of the rest
 * why not. */
static void run_row(void *user)
{
    const Turn *turn = user;
    Prober *p = turn->p;
    bool enough = prober_can(p, turn->row->connections);
    turn->row->run(p);
    if (!enough || p->stopped) {
        *turn->reason = reason(p);
    }
}

static bool is_due(const Prober *p, const ProbeRow *row, unsigned wave)
{
    return (p->plan->full ? row->wave_full : row->wave) == wave;
}

typedef struct {
    Turn turns[G_N_ELEMENTS(rows)];
    void *users[G_N_ELEMENTS(rows)];
    size_t n;
    unsigned most;
} Wave;

static void gather(Prober *p, unsigned number, char **reasons, Wave *wave)
{
    *wave = (Wave){0};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (is_due(p, &rows[i], number)) {
            wave->turns[wave->n] = (Turn){p, &rows[i], &reasons[i]};
            wave->users[wave->n] = &wave->turns[wave->n];
            wave->n++;
            wave->most += rows[i].most;
        }
    }
}

static void run_wave(Prober *p, unsigned number, char **reasons)
{
    Wave wave;
    gather(p, number, reasons, &wave);
    if (prober_can(p, p->plan->full ? MOST_FULL : wave.most)) {
        io_together(run_row, wave.users, wave.n);
    } else {
        for (size_t i = 0; i < wave.n; i++) {
            run_row(wave.users[i]);
        }
    }
}

typedef struct {
    Prober *p;
    char **reasons;
} Part;

typedef struct {
    TaskFunc run;
    Part *part;
} Half;

static void run_half(void *user)
{
    const Half *half = user;
    half->run(half->part);
}

/* Beside each other where there are connections enough; else one before the other. */
static void run_beside(TaskFunc one, TaskFunc other, Part *part)
{
    Half halves[] = {{one, part}, {other, part}};
    void *users[] = {&halves[0], &halves[1]};
    if (prober_can(part->p, part->p->plan->full ? MOST_FULL : SPACIOUS)) {
        io_together(run_half, users, G_N_ELEMENTS(users));
        return;
    }
    run_half(users[0]);
    run_half(users[1]);
}

static void run_side(void *user)
{
    const Part *part = user;
    prober_hang_up(part->p, g_steal_pointer(&part->p->farewell));
    run_wave(part->p, SIDE, part->reasons);
}

static void run_late_side(void *user)
{
    const Part *part = user;
    run_wave(part->p, LATE_SIDE, part->reasons);
}

static void run_behind(void *user)
{
    const Part *part = user;
    for (unsigned wave = BEHIND; wave < WAVES; wave++) {
        run_wave(part->p, wave, part->reasons);
    }
}

static void run_chain(void *user)
{
    Part *part = user;
    run_wave(part->p, BEST, part->reasons);
    run_beside(run_late_side, run_behind, part);
}

/* Each reason once, with all it kept from being asked; in front of what single probes have told. */
static void note_missing(Facts *f, char **reasons)
{
    guint at = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!reasons[i]) {
            continue;
        }
        g_autoptr(GString) text = g_string_new(rows[i].name);
        for (size_t other = i + 1; other < G_N_ELEMENTS(rows); other++) {
            if (reasons[other] && g_str_equal(reasons[other], reasons[i])) {
                g_string_append_printf(text, "; %s", rows[other].name);
                g_clear_pointer(&reasons[other], g_free);
            }
        }
        if (f->reachable.known != YES) {
            g_string_assign(text, "everything");
        }
        g_string_append_printf(text, ": %s", reasons[i]);
        g_ptr_array_insert(f->missing, (gint)at++, g_string_free(g_steal_pointer(&text), FALSE));
        g_clear_pointer(&reasons[i], g_free);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

Facts *probe_service(const ProbePlan *plan, const Target *target)
{
    Facts *facts = facts_new(target);
    g_autoptr(Prober) p = prober_new(plan, target, facts);
    Reasons reasons = {NULL};
    Part part = {p, reasons};
    run_wave(p, 0, reasons);
    run_beside(run_side, run_chain, &part);
    g_ptr_array_sort(facts->missing, by_text); /* they came in no certain order */
    note_missing(facts, reasons);
    return facts;
}
