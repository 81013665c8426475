/* probe.c: the probes of a service, one row each, in the order of their value: when the budget is
 * used up, the last go without. */
#include "audit/probe.h"

#include "audit/probe_dane.h"
#include "audit/probe_session.h"
#include "audit/probes.h"

typedef struct {
    const char *name;     /* as it is told when it could not be asked */
    unsigned connections; /* as many as it needs at least */
    void (*run)(Prober *p);
} ProbeRow;

static const ProbeRow rows[] = {
    {"an ordinary session", 1, probe_session},
    {"what may be done before TLS", 1, probe_cleartext},
    {"DANE", 1, probe_dane},
    {"versions", 4, probe_versions},
    {"cipher suites", 4, probe_suites},
    {"certificates of both kinds", 0, probe_certificates},
    {"order of cipher suites, SNI", 1, probe_order},
    {"fallback protection", 1, probe_extensions},
    {"groups", 1, probe_groups},
    {"old flaws", 1, probe_vulnerable},
    {"resumption by id", 0, probe_resumption_id},
};

static void note_missing(Prober *p, const ProbeRow *row)
{
    if (p->stopped || p->no_tls) {
        prober_missing(p, "%s: %s", row->name, p->stopped ? p->stopped : p->no_tls);
    } else {
        prober_missing(p, "%s: the budget of %u connections is used up", row->name,
                       p->facts->budget);
    }
}

/* A row that cannot run in full runs all the same: it fills in what it can, and says of the rest
 * why not. */
static void run_row(Prober *p, const ProbeRow *row)
{
    bool enough = prober_can(p, row->connections);
    row->run(p);
    if (!enough || p->stopped) {
        note_missing(p, row);
    }
}

Facts *probe_service(const ProbePlan *plan, const Target *target)
{
    Facts *facts = facts_new(target);
    g_autoptr(Prober) p = prober_new(plan, target, facts);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        run_row(p, &rows[i]);
    }
    return facts;
}
