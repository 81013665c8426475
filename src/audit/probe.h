/* probe.h: probes do I/O and fill Facts; each declares how many connections it needs. The budget is
 * kept in one place. */
#pragma once

#include "audit/facts.h"
#include "io/together.h"

/* How an audit is led: shared by all probes of one service. */
typedef struct {
    const SessionPlan *plan;  /* how to reach it; borrowed */
    unsigned max_connections; /* the budget; 0: 20, or 300 with full */
    double per_minute;        /* at most so many connections a minute; 0: no limit of ours */
    unsigned parallel;        /* at most so many connections at once to a service; 0: 32 */
    Gate *gate;               /* ... and to all services together; borrowed, or NULL */
    bool full;                /* enumerate everything */
    const char *next_cert;    /* --next-cert FILE, or NULL */
    void (*progress)(void *user, const char *what);
    void *progress_user;
} ProbePlan;

typedef struct Prober Prober; /* one service at one address: the plan, the budget, the facts */

/* Everything about one service, in the order of value; stops at the budget, backs off on 421 and
 * resets. Never fails: what could not be learnt stays unknown with a reason. The facts are the
 * caller's. Suspends. */
Facts *probe_service(const ProbePlan *plan, const Target *target);

/* A domain's DNS, MTA-STS policy and the like; not its services. Suspends. */
DomainFacts *probe_domain(const ProbePlan *plan, const char *domain);
