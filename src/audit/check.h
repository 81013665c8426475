/* check.h: a check is a pure function and a row. Facts in, findings out. Three answers: pass, fail,
 * unknown with a reason; unknown is never a pass. To add one: a function and a row in the table of
 * its family's check_*.c. */
#pragma once

#include "audit/facts.h"

typedef enum {
    SEVERITY_INFO,
    SEVERITY_LOW,
    SEVERITY_MEDIUM,
    SEVERITY_HIGH,
    SEVERITY_CRITICAL
} Severity;
const char *severity_name(Severity s); /* "info" ... "critical" */
bool severity_parse(const char *text, Severity *ret, GError **error);

typedef enum { VERDICT_PASS, VERDICT_FAIL, VERDICT_UNKNOWN } Verdict;
const char *verdict_name(Verdict v); /* "pass", "fail", "unknown" */

typedef struct Check Check;
typedef struct {
    const Check *check; /* static */
    Verdict verdict;
    Severity severity;         /* of a FAIL, by role; INFO otherwise */
    char *evidence;            /* what was seen, or why it is unknown; "" for a plain pass */
    const Facts *facts;        /* about which service, or NULL: a domain */
    const DomainFacts *domain; /* about which domain, or NULL: a service */
} Finding;

typedef struct Findings Findings; /* collects the findings of one subject */
/* For check functions: a check that says nothing has passed. A check may fail more than once. */
void findings_fail(Findings *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
void findings_unknown(Findings *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A pass with something worth telling. */
void findings_pass(Findings *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The check does not apply to this service: no finding at all. */
void findings_not_applicable(Findings *out);
/* For the common case: YES fails (or passes), NO passes (or fails), UNKNOWN is unknown with the
 * fact's why. */
void findings_from_fact(Findings *out, const Fact *fact, Known bad, const char *evidence);

struct Check {
    const char *id;       /* "cert.expired": stable */
    const char *title;    /* "Certificate has expired": what is wrong when it fails */
    Severity severity[4]; /* by Role: MX, SUBMISSION, ACCESS, OTHER */
    void (*run)(const Facts *facts, Findings *out);              /* a service; or */
    void (*run_domain)(const DomainFacts *facts, Findings *out); /* a domain */
    const char *why;       /* why it matters, in two sentences */
    const char *reference; /* "RFC 8996", "CVE-2014-0160" */
    const char *flat_id;   /* testssl.sh's id where the meaning is the same, or NULL */
    struct {
        const char *postfix, *dovecot, *exchange, *exim,
            *dns; /* lines to put in; NULL: nothing to do there */
    } fix;
};

typedef struct {
    const char *name;    /* "cert": ids begin with it; a family of many checks has several rows */
    const char *title;   /* "Certificates", "Certificates: their chains" */
    const Check *checks; /* ended by a row without an id */
    /* Without it no check of the family is asked: no conversation gives unknown, no TLS on offer
     * gives no finding at all (that itself is a finding of the family "starttls"); a domain that
     * does not exist has no finding but that. */
    enum { NEEDS_NOTHING, NEEDS_CONVERSATION, NEEDS_TLS, NEEDS_DOMAIN } needs;
} Family;
extern const Family *const families[]; /* NULL-terminated, in the order of the report */

const Check *check_find(const char *id);
/* Every word is the id of a check or the name of a family, or else USAGE, with the nearest known
 * word. NULL is fine. */
bool checks_selection_valid(const char *const *names, GError **error);

/* Runs all (or only those selected: ids or family names, NULL-terminated lists, may be NULL) over
 * one service or domain. Appends Finding to `out` (free with finding_free). */
void checks_run(const Facts *facts, const char *const *only, const char *const *skip,
                GPtrArray *out);
void checks_run_domain(const DomainFacts *facts, const char *const *only, const char *const *skip,
                       GPtrArray *out);
void finding_free(Finding *finding);
