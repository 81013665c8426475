/* audit_text.c: an audit for people: what was looked at, the verdict, then the findings, the worst
 * first. 80 columns. */
#include "report/audit_text.h"
#include "report/audit_words.h"
#include "report/tls_words.h"

/* --- colours --- */

static const char *color_of(Verdict verdict, Severity severity)
{
    static const char *const fails[] = {
        [SEVERITY_INFO] = "\033[1m",           [SEVERITY_LOW] = "\033[1;36m",
        [SEVERITY_MEDIUM] = "\033[1;33m",      [SEVERITY_HIGH] = "\033[1;31m",
        [SEVERITY_CRITICAL] = "\033[1;37;41m",
    };
    return verdict == VERDICT_FAIL      ? fails[severity]
           : verdict == VERDICT_UNKNOWN ? "\033[1;35m"
                                        : "\033[1;32m";
}

static void put_colored(const AuditPage *p, const char *color, const char *text)
{
    g_string_append_printf(p->out, "%s%s%s", p->view->color ? color : "", text,
                           p->view->color ? "\033[0m" : "");
}

/* --- the verdict --- */

static void put_verdict(const AuditPage *p)
{
    const AuditView *view = p->view;
    int worst = audit_view_worst(p->report, view);
    unsigned unknown = audit_view_count(p->report, view, VERDICT_UNKNOWN, SEVERITY_INFO);
    g_autofree char *counts = audit_word_counts(p->report, view);
    g_string_append(p->out, view->changes != NULL ? "\nWhat changed: " : "\nResult: ");
    put_colored(p, color_of(worst < 0 ? VERDICT_PASS : VERDICT_FAIL, (Severity)MAX(worst, 0)),
                counts);
    g_string_append_printf(p->out, "; %u inconclusive; %u passed\n", unknown,
                           audit_view_count(p->report, view, VERDICT_PASS, SEVERITY_INFO));
    if (p->report->interrupted) {
        put_colored(p, color_of(VERDICT_UNKNOWN, SEVERITY_INFO),
                    "Interrupted: what had not been asked by then is missing.");
        g_string_append_c(p->out, '\n');
    }
}

/* --- findings --- */

/* Those with the same evidence share a line; `told` holds what was told already. */
static void put_evidence(const AuditPage *p, const AuditGroup *group, guint first, GHashTable *told)
{
    Finding *one = g_ptr_array_index(group->findings, first);
    g_autofree char *evidence = audit_word_evidence(one);
    g_autoptr(GString) line = g_string_new(NULL);
    if (!g_hash_table_add(told, g_strdup(evidence))) {
        return;
    }
    for (guint i = first; i < group->findings->len; i++) {
        const Finding *f = g_ptr_array_index(group->findings, i);
        g_autofree char *same = audit_word_evidence(f);
        if (g_str_equal(same, evidence)) {
            g_autofree char *subject = audit_word_subject(f);
            g_string_append_printf(line, "%s%s", line->len > 0 ? ", " : "", subject);
        }
    }
    if (*evidence != '\0') {
        g_string_append_printf(line, ": %s", evidence);
    }
    audit_wrap(p->out, line->str, 6);
}

static void put_lines(const AuditPage *p, const char *lines)
{
    g_auto(GStrv) list = g_strsplit(lines, "\n", -1);
    for (char **line = list; *line != NULL; line++) {
        /* To be copied: never broken, whatever their length. */
        g_string_append_printf(p->out, "%s%s\n", **line != '\0' ? "          " : "", *line);
    }
}

static void put_fixes(const AuditPage *p, const Check *check)
{
    for (char **product = p->report->fix; product != NULL && *product != NULL; product++) {
        const char *lines = audit_fix(check, *product);
        if (lines != NULL) {
            g_string_append_printf(p->out, "      %s:\n", audit_product_title(*product));
            put_lines(p, lines);
        }
    }
}

static void put_why(const AuditPage *p, const Check *check)
{
    if (check->why != NULL) {
        audit_wrap(p->out, check->why, 6);
    }
    if (check->reference != NULL) {
        g_autofree char *line = g_strdup_printf("See %s.", check->reference);
        audit_wrap(p->out, line, 6);
    }
}

static void put_group(const AuditPage *p, const AuditGroup *group)
{
    g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool passed = group->verdict == VERDICT_PASS;
    g_autofree char *head = g_strdup_printf("%s  %s%s", group->check->id, passed ? "not so: " : "",
                                            group->check->title);
    audit_wrap(p->out, head, 2);
    for (guint i = 0; i < group->findings->len; i++) {
        put_evidence(p, group, i, told);
    }
    if (group->verdict == VERDICT_FAIL) {
        put_why(p, group->check);
        put_fixes(p, group->check);
    }
}

static void put_heading(const AuditPage *p, const AuditGroup *group)
{
    g_autofree char *word = g_ascii_strup(audit_word_verdict(group->verdict, group->severity), -1);
    g_string_append_c(p->out, '\n');
    put_colored(p, color_of(group->verdict, group->severity), word);
    g_string_append_c(p->out, '\n');
}

/* --- what is inconclusive: often many checks, of many services, for one reason --- */

typedef struct {
    char *subjects, *reason, *ids;
} Doubt;

static void doubt_free(void *doubt)
{
    Doubt *d = doubt;
    g_free(d->subjects);
    g_free(d->reason);
    g_free(d->ids);
    g_free(d);
}

/* "a" and "b" -> "a, b", in place. */
static void append_to(char **list, const char *more)
{
    char *longer = g_strdup_printf("%s, %s", *list, more);
    g_free(*list);
    *list = longer;
}

static void add_doubt(GPtrArray *doubts, const Finding *f)
{
    g_autofree char *subject = audit_word_subject(f);
    g_autofree char *reason = audit_word_evidence(f);
    for (guint i = 0; i < doubts->len; i++) {
        Doubt *d = g_ptr_array_index(doubts, i);
        if (g_str_equal(d->subjects, subject) && g_str_equal(d->reason, reason)) {
            append_to(&d->ids, f->check->id);
            return;
        }
    }
    Doubt *d = g_new0(Doubt, 1);
    *d = (Doubt){g_steal_pointer(&subject), g_steal_pointer(&reason), g_strdup(f->check->id)};
    g_ptr_array_add(doubts, d);
}

/* Services of which the same is not known for the same reason are told together. */
static void merge_doubts(GPtrArray *doubts)
{
    for (guint i = 0; i < doubts->len; i++) {
        Doubt *one = g_ptr_array_index(doubts, i);
        for (guint k = i + 1; k < doubts->len;) {
            const Doubt *other = g_ptr_array_index(doubts, k);
            if (g_str_equal(one->reason, other->reason) && g_str_equal(one->ids, other->ids)) {
                append_to(&one->subjects, other->subjects);
                g_ptr_array_remove_index(doubts, k);
            } else {
                k++;
            }
        }
    }
}

static void doubt_group(GPtrArray *doubts, const AuditGroup *group)
{
    for (guint i = 0; i < group->findings->len; i++) {
        add_doubt(doubts, g_ptr_array_index(group->findings, i));
    }
}

static void put_doubts(const AuditPage *p, GPtrArray *doubts)
{
    merge_doubts(doubts);
    for (guint i = 0; i < doubts->len; i++) {
        const Doubt *d = g_ptr_array_index(doubts, i);
        g_autofree char *head = g_strdup_printf("%s: %s", d->subjects, d->reason);
        audit_wrap(p->out, head, 2);
        audit_wrap(p->out, d->ids, 6);
    }
}

/* --- all findings --- */

static bool same_rank(const AuditGroup *a, const AuditGroup *b)
{
    return a->verdict == b->verdict && a->severity == b->severity;
}

/* Puts the groups of one verdict and severity. Gives the index behind them. */
static guint put_rank(const AuditPage *p, const GPtrArray *groups, guint first)
{
    g_autoptr(GPtrArray) doubts = g_ptr_array_new_with_free_func(doubt_free);
    const AuditGroup *head = g_ptr_array_index(groups, first);
    guint i = first;
    put_heading(p, head);
    for (; i < groups->len && same_rank(head, g_ptr_array_index(groups, i)); i++) {
        if (head->verdict == VERDICT_UNKNOWN) {
            doubt_group(doubts, g_ptr_array_index(groups, i));
        } else {
            put_group(p, g_ptr_array_index(groups, i));
        }
    }
    put_doubts(p, doubts);
    return i;
}

static void put_findings(const AuditPage *p)
{
    g_autoptr(GPtrArray) groups = audit_groups(p->report, p->view);
    for (guint i = 0; i < groups->len;) {
        const AuditGroup *group = g_ptr_array_index(groups, i);
        if (group->verdict == VERDICT_PASS && !p->view->verbose) {
            break;
        }
        i = put_rank(p, groups, i);
    }
}

/* --- what changed since --baseline --- */

static void put_no_longer(const AuditPage *p)
{
    const GPtrArray *list = p->view->changes != NULL ? audit_changes_list(p->view->changes) : NULL;
    bool first = true;
    for (guint i = 0; list != NULL && i < list->len; i++) {
        const AuditChange *c = g_ptr_array_index(list, i);
        if (c->kind != CHANGE_FIXED && c->kind != CHANGE_GONE) {
            continue;
        }
        if (first) {
            g_string_append_c(p->out, '\n');
            put_colored(p, color_of(VERDICT_PASS, SEVERITY_INFO), "NO LONGER THERE");
            g_string_append_c(p->out, '\n');
        }
        first = false;
        const AuditRecord *before = c->before;
        g_autofree char *line = g_strdup_printf(
            "%s  %s, %s (was %s%s)", before->id, before->title, c->subject,
            severity_name(before->severity), c->kind == CHANGE_GONE ? ", not looked at now" : "");
        audit_wrap(p->out, line, 2);
    }
}

char *audit_render_text(const AuditReport *report, const AuditView *view)
{
    AuditPage p = {.out = g_string_new(NULL), .report = report, .view = view};
    g_autofree char *when = tls_word_time(report->started);
    g_string_append_printf(p.out, "Audit of %s\n", when);
    audit_text_subjects(&p);
    put_verdict(&p);
    put_findings(&p);
    put_no_longer(&p);
    return g_string_free(p.out, FALSE);
}
