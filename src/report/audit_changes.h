/* audit_changes.h: what became of an audit's findings since an earlier one, whose JSON is read
 * back. Pure but for reading the file. What is compared is the verdict and its severity, not the
 * evidence: a certificate has a day less every day. */
#pragma once

#include "audit/report.h"

/* One finding, as far as it is compared. Owns its strings. */
typedef struct {
    char *service; /* "smtp://mx.example.org", or the domain */
    char *address; /* or NULL */
    char *id, *title;
    Verdict verdict;
    Severity severity;
    char *evidence;
} AuditRecord;

/* Of AuditRecord, owned: unref it. */
GPtrArray *audit_records_of(const AuditReport *report);
/* From the JSON that audit_render_json() wrote. DATA, saying what is wrong with it. */
GPtrArray *audit_records_parse(Bytes json, GError **error);
/* NO_INPUT and DATA, naming the file. */
GPtrArray *audit_records_read(const char *path, GError **error);

typedef enum {
    CHANGE_NEW,     /* fails and did not */
    CHANGE_WORSE,   /* failed before, with a lower severity */
    CHANGE_UNKNOWN, /* passed or failed, is inconclusive now */
    CHANGE_BETTER,  /* fails still, with a lower severity */
    CHANGE_FIXED,   /* failed, passes now */
    CHANGE_KNOWN,   /* was inconclusive, passes now */
    CHANGE_GONE,    /* failed, and was not looked at this time */
    CHANGE_COUNT
} ChangeKind;
/* "new", "worse", ...; stable words, they are in the JSON. */
const char *change_name(ChangeKind kind);

typedef struct {
    ChangeKind kind;
    char *subject;             /* "smtp://mx.example.org", with the address where that says more */
    const AuditRecord *before; /* NULL: there was none */
    const AuditRecord *after;  /* NULL: there is none */
} AuditChange;

typedef struct AuditChanges AuditChanges;
/* Takes both. A service is known again by its name; where one name stands for several addresses, by
 * name and address. */
AuditChanges *audit_changes_new(GPtrArray *before, GPtrArray *after);
void audit_changes_free(AuditChanges *changes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AuditChanges, audit_changes_free)
/* Of AuditChange, by kind and in the order of the report; borrowed. */
const GPtrArray *audit_changes_list(const AuditChanges *changes);
/* Is this finding of the later report among the changes? */
bool audit_changes_has(const AuditChanges *changes, const Finding *finding);
/* The worst severity among what is new or worse; -1 when nothing is. */
int audit_changes_worst(const AuditChanges *changes);
bool audit_changes_unknown(const AuditChanges *changes);

/* `check --diff`: for people (80 columns), and as JSON. The caller frees them. */
char *audit_changes_text(const AuditChanges *changes, bool color);
char *audit_changes_json(const AuditChanges *changes);
