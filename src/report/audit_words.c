#include "report/audit_words.h"

#include <string.h>

#include "base/escape.h"

#define WIDTH 80

char *audit_word_name(const Facts *facts)
{
    return escape_line(bytes_of(facts->name != NULL ? facts->name : ""));
}

char *audit_word_service(const Facts *facts)
{
    g_autofree char *name = audit_word_name(facts);
    bool says_more = facts->address != NULL && strstr(name, facts->address) == NULL;
    if (!says_more) {
        return g_steal_pointer(&name);
    }
    g_autofree char *address = escape_line(bytes_of(facts->address));
    return g_strdup_printf("%s (%s)", name, address);
}

char *audit_word_subject(const Finding *finding)
{
    if (finding->facts != NULL) {
        return audit_word_service(finding->facts);
    }
    return escape_line(bytes_of(finding->domain != NULL ? finding->domain->domain : "the domain"));
}

char *audit_word_evidence(const Finding *finding)
{
    return escape_line(bytes_of(finding->evidence != NULL ? finding->evidence : ""));
}

const char *audit_word_verdict(Verdict verdict, Severity severity)
{
    return verdict == VERDICT_FAIL      ? severity_name(severity)
           : verdict == VERDICT_UNKNOWN ? "inconclusive"
                                        : "passed";
}

char *audit_word_counts(const AuditReport *report, const AuditView *view)
{
    GString *text = g_string_new(NULL);
    for (int s = SEVERITY_CRITICAL; s >= SEVERITY_INFO; s--) {
        unsigned n = audit_view_count(report, view, VERDICT_FAIL, (Severity)s);
        if (n > 0) {
            g_string_append_printf(text, "%s%u %s", text->len > 0 ? ", " : "", n,
                                   severity_name((Severity)s));
        }
    }
    if (text->len == 0) {
        g_string_append(text, "nothing found");
    }
    return g_string_free(text, FALSE);
}

char *audit_word_versions(const Facts *facts, Known known)
{
    GString *text = g_string_new(NULL);
    for (int v = 0; v < V_COUNT; v++) {
        if (facts->version[v].offered.known == known) {
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "",
                                   version_index_name((VersionIndex)v));
        }
    }
    return g_string_free(text, FALSE);
}

char *audit_word_sender_view(const SenderView *view)
{
    const char *address = view->service != NULL ? view->service->address : NULL;
    g_autofree char *host = escape_line(bytes_of(view->mx->host));
    g_autofree char *where = escape_line(bytes_of(address));
    return g_strdup_printf("MX %u %s%s%s%s", view->mx->preference, host, address ? " (" : "", where,
                           address ? ")" : "");
}

char *audit_word_connections(const Facts *facts)
{
    return g_strdup_printf("used %u of %u connections", facts->connections, facts->budget);
}

/* --- groups --- */

static void group_free(void *group)
{
    AuditGroup *g = group;
    g_ptr_array_unref(g->findings);
    g_free(g);
}

static AuditGroup *group_of(GPtrArray *groups, const Finding *finding)
{
    for (guint i = 0; i < groups->len; i++) {
        AuditGroup *g = g_ptr_array_index(groups, i);
        if (g->check == finding->check && g->verdict == finding->verdict &&
            g->severity == finding->severity) {
            return g;
        }
    }
    AuditGroup *g = g_new0(AuditGroup, 1);
    g->check = finding->check;
    g->verdict = finding->verdict;
    g->severity = finding->severity;
    g->findings = g_ptr_array_new();
    g_ptr_array_add(groups, g);
    return g;
}

static int rank(const AuditGroup *group)
{
    return group->verdict == VERDICT_FAIL      ? (int)group->severity + 2
           : group->verdict == VERDICT_UNKNOWN ? 1
                                               : 0;
}

/* g_ptr_array_sort() is stable: within a rank the order of the checks stays. */
static int by_rank(const void *a, const void *b)
{
    const AuditGroup *one = *(AuditGroup *const *)a;
    const AuditGroup *other = *(AuditGroup *const *)b;
    return rank(other) - rank(one);
}

GPtrArray *audit_groups(const AuditReport *report, const AuditView *view)
{
    GPtrArray *groups = g_ptr_array_new_with_free_func(group_free);
    for (guint i = 0; i < report->findings->len; i++) {
        Finding *f = g_ptr_array_index(report->findings, i);
        if (audit_view_shows(view, f)) {
            g_ptr_array_add(group_of(groups, f)->findings, f);
        }
    }
    g_ptr_array_sort(groups, by_rank);
    return groups;
}

/* --- what to change --- */

const char *const audit_products[] = {"postfix", "dovecot", "exchange", "exim", "dns", NULL};

const char *audit_product_title(const char *product)
{
    static const char *const titles[] = {"Postfix", "Dovecot", "Exchange", "Exim", "DNS"};
    for (size_t i = 0; audit_products[i] != NULL; i++) {
        if (strcmp(audit_products[i], product) == 0) {
            return titles[i];
        }
    }
    return product;
}

const char *audit_fix(const Check *check, const char *product)
{
    const char *const lines[] = {check->fix.postfix, check->fix.dovecot, check->fix.exchange,
                                 check->fix.exim, check->fix.dns};
    for (size_t i = 0; audit_products[i] != NULL; i++) {
        if (strcmp(audit_products[i], product) == 0) {
            return lines[i];
        }
    }
    return NULL;
}

char *audit_cves(const Check *check)
{
    g_autoptr(GRegex) regex = g_regex_new("CVE-[0-9]{4}-[0-9]{4,}", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    const char *reference = check->reference != NULL ? check->reference : "";
    for (g_regex_match(regex, reference, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL)) {
        g_autofree char *cve = g_match_info_fetch(match, 0);
        g_string_append_printf(found, "%s%s", found->len > 0 ? " " : "", cve);
    }
    return found->len > 0 ? g_strdup(found->str) : NULL;
}

/* --- lines --- */

/* A word that fits no line goes in pieces. Gives the column after it. */
static unsigned put_word(GString *out, const char *word, unsigned at, unsigned indent)
{
    while (*word != '\0') {
        if (at >= WIDTH) {
            g_string_append_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        }
        const char *next = g_utf8_next_char(word);
        g_string_append_len(out, word, next - word);
        word = next;
        at++;
    }
    return at;
}

void audit_wrap(GString *out, const char *text, unsigned indent)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    unsigned at = indent;
    g_string_append_printf(out, "%*s", (int)indent, "");
    for (char **word = words; *word != NULL; word++) {
        unsigned len = (unsigned)g_utf8_strlen(*word, -1);
        bool first = at == indent;
        if (!first && at + 1 + len > WIDTH) {
            g_string_append_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            g_string_append_c(out, ' ');
            at++;
        }
        at = put_word(out, *word, at, indent);
    }
    g_string_append_c(out, '\n');
}
