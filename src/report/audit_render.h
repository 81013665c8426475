/* audit_render.h: an AuditReport for people and for programs: one row a format. To add one: a
 * function and a row in audit_render.c. Everything that came from a peer is escaped for the format
 * it goes into. */
#pragma once

#include "audit/report.h"
#include "report/audit_changes.h"

/* How a report is looked at. All-zero but fail_on is a good view. Everything is borrowed. */
typedef struct {
    bool color;                  /* text: ANSI colours */
    bool verbose;                /* text: what passed too, and the long words to every finding */
    Severity fail_on;            /* what counts as a failure (JUnit, Nagios) */
    bool strict;                 /* inconclusive counts as a failure too */
    const AuditChanges *changes; /* --baseline: only these findings are shown; NULL: all. JSON and
                                    Prometheus show all, because they tell how things are */
} AuditView;

typedef struct {
    const char *name;    /* "json"; NULL ends the table */
    const char *ending;  /* of the files that hold it, so that --output alone will do; or NULL */
    const char *summary; /* for the manual and --help */
    /* The whole output, with a line end at its end, UTF-8. The caller frees it. Pure. */
    char *(*render)(const AuditReport *report, const AuditView *view);
} AuditFormat;

extern const AuditFormat audit_formats[];
/* USAGE, naming those there are. */
const AuditFormat *audit_format_find(const char *name, GError **error);
/* By the ending of a file's name; text when it says nothing. */
const AuditFormat *audit_format_of_file(const char *path);

char *audit_render_text(const AuditReport *report, const AuditView *view);
/* docs/audit-json.md describes it and is a promise. */
char *audit_render_json(const AuditReport *report, const AuditView *view);
/* testssl.sh's flat form: [{"id", "ip": "host/address", "port", "severity", "finding", "cve"?}]. */
char *audit_render_flat(const AuditReport *report, const AuditView *view);
/* One file without any other: no script, no request to anywhere. */
char *audit_render_html(const AuditReport *report, const AuditView *view);
char *audit_render_junit(const AuditReport *report, const AuditView *view);
/* For the textfile collector of the node exporter. */
char *audit_render_prometheus(const AuditReport *report, const AuditView *view);
/* One line with performance data. */
char *audit_render_nagios(const AuditReport *report, const AuditView *view);
/* The exit status that goes with that line: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. */
int audit_nagios_status(const AuditReport *report, const AuditView *view);

/* Is this finding one that the view shows? */
bool audit_view_shows(const AuditView *view, const Finding *finding);
/* The worst severity among the fails the view shows; -1 when there is none. */
int audit_view_worst(const AuditReport *report, const AuditView *view);
/* How many findings the view shows; severity counts for fails alone. */
unsigned audit_view_count(const AuditReport *report, const AuditView *view, Verdict verdict,
                          Severity severity);
