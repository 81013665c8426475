/* audit_changes_show.c: what became of findings, for people and as JSON. */

#include "report/audit_json.h"
#include "report/audit_words.h"

static const struct {
    const char *title, *color;
} kinds[CHANGE_COUNT] = {
    [CHANGE_NEW] = {"NEW", "\033[1;31m"},
    [CHANGE_WORSE] = {"WORSE", "\033[1;31m"},
    [CHANGE_UNKNOWN] = {"INCONCLUSIVE NOW", "\033[1;35m"},
    [CHANGE_BETTER] = {"BETTER, NOT GOOD", "\033[1;33m"},
    [CHANGE_FIXED] = {"FIXED", "\033[1;32m"},
    [CHANGE_KNOWN] = {"NO LONGER INCONCLUSIVE", "\033[1;32m"},
    [CHANGE_GONE] = {"NOT LOOKED AT ANY MORE", "\033[1m"},
};

static const char *word_of(const AuditRecord *r)
{
    return r == NULL ? "not looked at" : audit_word_verdict(r->verdict, r->severity);
}

static void put_change(GString *out, const AuditChange *c)
{
    const AuditRecord *any = c->after != NULL ? c->after : c->before;
    g_autofree char *head = g_strdup_printf("%s  %s", any->id, any->title);
    g_autofree char *way =
        g_strdup_printf("%s: %s before, %s now", c->subject, word_of(c->before), word_of(c->after));
    audit_wrap(out, head, 2);
    audit_wrap(out, way, 6);
    if (*any->evidence != '\0') {
        audit_wrap(out, any->evidence, 6);
    }
}

char *audit_changes_text(const AuditChanges *changes, bool color)
{
    const GPtrArray *list = audit_changes_list(changes);
    GString *out = g_string_new(NULL);
    int last = -1;
    for (guint i = 0; i < list->len; i++) {
        const AuditChange *c = g_ptr_array_index(list, i);
        if ((int)c->kind != last) {
            g_string_append_printf(out, "%s%s%s%s\n", last < 0 ? "" : "\n",
                                   color ? kinds[c->kind].color : "", kinds[c->kind].title,
                                   color ? "\033[0m" : "");
        }
        last = (int)c->kind;
        put_change(out, c);
    }
    if (list->len == 0) {
        g_string_append(out, "nothing changed\n");
    }
    return g_string_free(out, FALSE);
}

static json_t *state(const AuditRecord *r)
{
    return r == NULL ? json_null()
                     : json_pack("{s:s, s:s, s:s}", "verdict", verdict_name(r->verdict), "severity",
                                 severity_name(r->severity), "evidence", r->evidence);
}

static json_t *change(const AuditChange *c)
{
    const AuditRecord *any = c->after != NULL ? c->after : c->before;
    return json_pack("{s:s, s:s, s:s?, s:s, s:s, s:o, s:o}", "change", change_name(c->kind),
                     "service", any->service, "address", any->address, "id", any->id, "title",
                     any->title, "before", state(c->before), "after", state(c->after));
}

json_t *audit_changes_array(const AuditChanges *changes)
{
    const GPtrArray *list = audit_changes_list(changes);
    json_t *array = json_array();
    for (guint i = 0; i < list->len; i++) {
        json_array_append_new(array, change(g_ptr_array_index(list, i)));
    }
    return array;
}

char *audit_changes_json(const AuditChanges *changes)
{
    json_t *root = json_pack("{s:s, s:i, s:o}", "schema", "postern-check-changes", "version", 1,
                             "changes", audit_changes_array(changes));
    return audit_json_text(root);
}
