/* audit_html_services.c: what was looked at, as tables. */
#include "report/audit_html.h"
#include "report/audit_markup.h"
#include "report/audit_words.h"
#include "report/tls_summary.h"
#include "report/tls_words.h"

static void put_row(GString *out, const char *name, const char *value)
{
    if (value != NULL && *value != '\0') {
        markup_format(out, "<tr><th>%s</th><td>%s</td></tr>\n", name, value);
    }
}

static char *names_of(const GArray *ids, const HelloName *(*find)(uint16_t id))
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        uint16_t id = g_array_index(ids, uint16_t, i);
        const HelloName *known = find(id);
        g_autofree char *number = g_strdup_printf("0x%04X", id);
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", known ? known->name : number);
    }
    return g_strdup(text->str);
}

static void put_suites(GString *out, const Facts *facts)
{
    for (int v = V_SSL3; v < V_COUNT; v++) {
        const VersionFacts *version = &facts->version[v];
        g_autoptr(GString) text = g_string_new(NULL);
        for (guint i = 0; version->suites != NULL && i < version->suites->len; i++) {
            uint16_t id = g_array_index(version->suites, uint16_t, i);
            const Suite *known = hello_suite(id);
            g_autofree char *number = g_strdup_printf("0x%04X", id);
            g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", known ? known->name : number);
        }
        g_autofree char *name = g_strdup_printf("%s suites", version_index_name((VersionIndex)v));
        put_row(out, name, text->str);
    }
}

static void put_certificate(GString *out, const Facts *facts)
{
    const TlsCertificate *leaf = facts->peer != NULL ? tls_word_leaf(facts->peer) : NULL;
    if (leaf == NULL) {
        return;
    }
    g_autofree char *until = tls_word_time(leaf->not_after);
    g_autofree char *validity = tls_word_validity(leaf);
    g_autofree char *text =
        g_strdup_printf("%s, %s, until %s (%s)", leaf->subject, leaf->key_type, until, validity);
    put_row(out, "Certificate", text);
    put_row(out, "Public key", leaf->spki_pin);
}

static void put_tls(GString *out, const Facts *facts)
{
    g_autofree char *line = facts->peer != NULL ? tls_summary_line(facts->peer) : NULL;
    g_autofree char *offered = audit_word_versions(facts, YES);
    g_autofree char *not_offered = audit_word_versions(facts, NO);
    g_autofree char *unknown = audit_word_versions(facts, UNKNOWN);
    g_autofree char *groups = names_of(facts->groups, hello_group);
    put_row(out, "TLS", line != NULL ? line : facts->handshake_error);
    put_certificate(out, facts);
    put_row(out, "Offers", offered);
    put_row(out, "Does not offer", not_offered);
    put_row(out, "Not known", unknown);
    put_suites(out, facts);
    put_row(out, "Groups", groups);
}

static void put_service(GString *out, const Facts *facts)
{
    g_autofree char *connections = audit_word_connections(facts);
    markup_format(out, "<h3>%s</h3>\n<table>\n", facts->name);
    put_row(out, "Address", facts->address);
    put_row(out, "Role", role_name(facts->role));
    if (facts->reachable.known != YES) {
        put_row(out, "Reachable", facts->reachable.known == NO ? "no" : "not known");
        put_row(out, "Why", facts->reachable.why);
    } else {
        put_row(out, "Greeting", facts->greeting);
        put_tls(out, facts);
        put_row(out, "Connections", connections);
    }
    for (guint i = 0; facts->missing != NULL && i < facts->missing->len; i++) {
        put_row(out, "Not learnt", g_ptr_array_index(facts->missing, i));
    }
    g_string_append(out, "</table>\n");
}

static void put_senders(GString *out, const DomainFacts *domain)
{
    g_autoptr(GPtrArray) views = sender_views(domain);
    for (guint i = 0; i < views->len; i++) {
        const SenderView *view = g_ptr_array_index(views, i);
        g_autofree char *who = audit_word_sender_view(view);
        markup_format(out, "<tr><th>%s</th><td><ul>", who);
        for (int s = 0; s < SENDER_COUNT; s++) {
            const SenderOutcome *outcome = &view->by[s];
            markup_format(out, "<li>%s sender: <b>%s</b> %s</li>", sender_name((Sender)s),
                          delivery_name(outcome->delivery), outcome->why);
        }
        g_string_append(out, "</ul></td></tr>\n");
    }
}

static void put_domain(GString *out, const DomainFacts *domain)
{
    markup_format(out, "<h3>%s</h3>\n<table>\n", domain->domain);
    put_senders(out, domain);
    put_row(out, "MTA-STS", domain->mta_sts_mode);
    put_row(out, "TLS-RPT", domain->tls_rpt_rua);
    put_row(out, "SPF", domain->spf_text);
    put_row(out, "DMARC", domain->dmarc_text);
    g_string_append(out, "</table>\n");
}

void audit_html_services(GString *out, const AuditReport *report)
{
    g_string_append(out, "<section>\n<h2>What was looked at</h2>\n");
    for (guint i = 0; i < report->domains->len; i++) {
        put_domain(out, g_ptr_array_index(report->domains, i));
    }
    for (guint i = 0; i < report->services->len; i++) {
        put_service(out, g_ptr_array_index(report->services, i));
    }
    g_string_append(out, "</section>\n");
}
