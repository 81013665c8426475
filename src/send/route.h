/* route.h: which hosts take mail for a domain, and what each of them must prove (RFC 5321 5.1,
 * 7505, 7672, 8461). */
#pragma once

#include "send/sts.h"

typedef enum {
    ROUTE_OPPORTUNISTIC, /* TLS where it is offered, whoever it is */
    ROUTE_TLS,           /* TLS, whoever it is: it has TLSA records, but none that can be used */
    ROUTE_MTA_STS,       /* TLS, and a certificate of the Web's authorities for the host's name */
    ROUTE_DANE,          /* TLS, and a certificate that the TLSA records vouch for */
} RouteProof;

typedef struct {
    char *host;
    uint16_t preference;
    RouteProof proof;
    char *unusable; /* why mail must not go there, or NULL */
} RouteHop;

typedef struct {
    GPtrArray *hops; /* of RouteHop, in the order they are to be tried */
    bool implicit;   /* the domain has no MX: it is its own */
    char *note;      /* what else is to be told of its policy, or NULL */
} Route;

void route_free(Route *route);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Route, route_free)

/* Looks up MX, MTA-STS and TLSA, as the plan says; "[127.0.0.1]" is its own host. UNAVAILABLE for a
 * null MX, NO_HOST for a domain that is not there, TEMPFAIL, TIMEOUT, INSECURE (a bogus answer).
 * The caller frees it. Suspends.
 */
Route *route_find(const StsPlan *plan, const char *domain, GError **error);

/* "DANE", "MTA-STS", "opportunistic TLS" and such. Static. */
const char *route_proof_name(RouteProof proof);
