/* audit_text_subjects.c: what was looked at, for people: each domain with what senders would do,
 * each service with what it offers. */
#include <string.h>

#include "base/escape.h"
#include "report/audit_text.h"
#include "report/audit_words.h"
#include "report/tls_summary.h"

static void put_versions(const AuditPage *p, const Facts *facts)
{
    g_autofree char *offered = audit_word_versions(facts, YES);
    g_autofree char *not_offered = audit_word_versions(facts, NO);
    if (*offered == '\0' && *not_offered == '\0') {
        return;
    }
    g_autofree char *line =
        g_strdup_printf("offers %s%s%s", *offered != '\0' ? offered : "none of them",
                        *not_offered != '\0' ? "; not " : "", not_offered);
    audit_wrap(p->out, line, 4);
}

static void put_reason(const AuditPage *p, const char *said, const char *why)
{
    g_autofree char *shown = escape_line(bytes_of(why != NULL ? why : ""));
    g_autofree char *line = g_strdup_printf("%s%s%s", said, *shown != '\0' ? ": " : "", shown);
    audit_wrap(p->out, line, 4);
}

/* "cipher suites: the budget is used up": what, and why; often many for one reason. */
static GHashTable *missing_by_reason(const GPtrArray *missing, GPtrArray *reasons)
{
    GHashTable *things = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < missing->len; i++) {
        const char *text = g_ptr_array_index(missing, i);
        const char *colon = strstr(text, ": ");
        char *reason = g_strdup(colon != NULL ? colon + 2 : "");
        g_autofree char *thing =
            colon != NULL ? g_strndup(text, (size_t)(colon - text)) : g_strdup(text);
        const char *others = g_hash_table_lookup(things, reason);
        if (others == NULL) {
            g_ptr_array_add(reasons, g_strdup(reason));
        }
        g_hash_table_insert(things, reason,
                            others != NULL ? g_strdup_printf("%s; %s", others, thing)
                                           : g_steal_pointer(&thing));
    }
    return things;
}

static void put_missing(const AuditPage *p, const Facts *facts)
{
    if (facts->missing == NULL) {
        return;
    }
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) things = missing_by_reason(facts->missing, reasons);
    for (guint i = 0; i < reasons->len; i++) {
        const char *reason = g_ptr_array_index(reasons, i);
        g_autofree char *line = g_strdup_printf("%s%s%s", reason, *reason != '\0' ? ": " : "",
                                                (char *)g_hash_table_lookup(things, reason));
        put_reason(p, "not learnt", line);
    }
}

static void put_tls(const AuditPage *p, const Facts *facts)
{
    if (facts->peer != NULL) {
        g_autofree char *line = tls_summary_line(facts->peer);
        audit_wrap(p->out, line, 4);
    } else if (facts->handshake_error != NULL) {
        put_reason(p, "no TLS", facts->handshake_error);
    }
    put_versions(p, facts);
}

static void put_service(const AuditPage *p, const Facts *facts)
{
    g_autofree char *name = audit_word_service(facts);
    if (facts->reachable.known != YES) {
        const char *reason = facts->reachable.why != NULL ? facts->reachable.why : "";
        const char *colon = strstr(reason, ": ");
        if (g_str_has_prefix(reason, "cannot connect to ") && colon != NULL) {
            reason = colon + 2; /* to what, is in front of it */
        }
        g_autofree char *why = escape_line(bytes_of(reason));
        g_autofree char *line = g_strdup_printf("%s: not %sreachable%s%s", name,
                                                facts->reachable.known == NO ? "" : "known to be ",
                                                *why != '\0' ? ": " : "", why);
        audit_wrap(p->out, line, 2);
        return;
    }
    g_autofree char *head = g_strdup_printf("%s, %s", name, role_name(facts->role));
    audit_wrap(p->out, head, 2);
    if (facts->greeting != NULL) {
        g_autofree char *greeting = escape_line_max(bytes_of(facts->greeting), 70);
        audit_wrap(p->out, greeting, 4);
    }
    put_tls(p, facts);
    g_autofree char *connections = audit_word_connections(facts);
    audit_wrap(p->out, connections, 4);
    put_missing(p, facts);
}

/* What three kinds of senders would do with each MX. */
static void put_senders(const AuditPage *p, const DomainFacts *domain)
{
    g_autoptr(GPtrArray) views = sender_views(domain);
    for (guint i = 0; i < views->len; i++) {
        const SenderView *view = g_ptr_array_index(views, i);
        g_autofree char *who = audit_word_sender_view(view);
        audit_wrap(p->out, who, 4);
        for (int s = 0; s < SENDER_COUNT; s++) {
            g_autofree char *said = g_strdup_printf("%s sender: %s", sender_name((Sender)s),
                                                    delivery_name(view->by[s].delivery));
            g_autofree char *why = escape_line(bytes_of(view->by[s].why));
            g_autofree char *line = g_strdup_printf("%s%s%s", said, *why != '\0' ? ", " : "", why);
            audit_wrap(p->out, line, 6);
        }
    }
}

static void put_domain(const AuditPage *p, const DomainFacts *domain)
{
    g_autofree char *name = escape_line(bytes_of(domain->domain));
    bool missing = domain->exists.known == NO;
    g_string_append_printf(p->out, "  %s%s\n", name, missing ? ": there is no such domain" : "");
    put_senders(p, domain);
}

void audit_text_subjects(const AuditPage *p)
{
    for (guint i = 0; i < p->report->domains->len; i++) {
        put_domain(p, g_ptr_array_index(p->report->domains, i));
    }
    for (guint i = 0; i < p->report->services->len; i++) {
        put_service(p, g_ptr_array_index(p->report->services, i));
    }
}
