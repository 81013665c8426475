/* audit_words.h: what the renderers of an audit share: names for services, groups of findings,
 * lines to fix things. What comes out is safe for a terminal, and owned by the caller unless said
 * otherwise. */
#pragma once

#include "audit/sender_view.h"
#include "report/audit_render.h"

/* "smtp://mx.example.org" */
char *audit_word_name(const Facts *facts);
/* "smtp://mx.example.org (192.0.2.1)"; the address only when it says more. */
char *audit_word_service(const Facts *facts);
/* The same of what a finding is about: a service or a domain. */
char *audit_word_subject(const Finding *finding);
/* What was seen, on one line; "" when there is nothing to tell. */
char *audit_word_evidence(const Finding *finding);
/* "1 critical, 2 high"; "nothing found" when there are no fails. */
char *audit_word_counts(const AuditReport *report, const AuditView *view);
/* "critical", "inconclusive", "passed". Static. */
const char *audit_word_verdict(Verdict verdict, Severity severity);
/* "TLS 1.2, TLS 1.3" of those versions; "" when there are none. */
char *audit_word_versions(const Facts *facts, Known known);
/* "MX 10 mx.example.org (192.0.2.1)" */
char *audit_word_sender_view(const SenderView *view);
/* "used 14 of 20 connections" */
char *audit_word_connections(const Facts *facts);

/* All findings of one check with one verdict and severity. */
typedef struct {
    const Check *check;
    Verdict verdict;
    Severity severity;
    GPtrArray *findings; /* of Finding, borrowed */
} AuditGroup;
/* Those the view shows: the worst first, then the inconclusive, then what passed. Unref it. */
GPtrArray *audit_groups(const AuditReport *report, const AuditView *view);

/* What lines there can be for: "postfix", ...; NULL-terminated, static. */
extern const char *const audit_products[];
/* How the product writes itself: "Postfix". Static. */
const char *audit_product_title(const char *product);
/* Static, or NULL: nothing to do there. */
const char *audit_fix(const Check *check, const char *product);

/* The CVE numbers in a check's reference, "CVE-2014-0160 CVE-2011-0411", or NULL. */
char *audit_cves(const Check *check);

/* Appends words, from `indent` on, broken before column 80; words that are too long are cut into
 * pieces. Ends the line. */
void audit_wrap(GString *out, const char *text, unsigned indent);
