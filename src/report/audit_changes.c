#include "report/audit_changes.h"

#include <string.h>

#include "report/audit_records.h"

struct AuditChanges {
    GPtrArray *before, *after;
    GPtrArray *list;    /* of AuditChange, owned */
    GHashTable *shown;  /* the keys of what changed */
    GHashTable *shared; /* names that stand for several addresses */
};

const char *change_name(ChangeKind kind)
{
    static const char *const names[CHANGE_COUNT] = {"new",   "worse", "inconclusive", "better",
                                                    "fixed", "known", "gone"};
    return names[kind];
}

/* --- who is who --- */

static char *subject_of(GHashTable *shared, const char *service, const char *address)
{
    bool tells = address != NULL && g_hash_table_contains(shared, service);
    return tells ? g_strdup_printf("%s (%s)", service, address) : g_strdup(service);
}

static char *key_of(GHashTable *shared, const char *service, const char *address, const char *id)
{
    g_autofree char *subject = subject_of(shared, service, address);
    return g_strdup_printf("%s\n%s", id, subject);
}

static void find_shared(GHashTable *shared, const GPtrArray *records)
{
    g_autoptr(GHashTable) addresses = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < records->len; i++) {
        const AuditRecord *r = g_ptr_array_index(records, i);
        const char *known = g_hash_table_lookup(addresses, r->service);
        if (known != NULL && r->address != NULL && strcmp(known, r->address) != 0) {
            g_hash_table_add(shared, r->service);
        } else if (r->address != NULL) {
            g_hash_table_insert(addresses, r->service, r->address);
        }
    }
}

static int rank(const AuditRecord *r)
{
    return r->verdict == VERDICT_FAIL      ? 2 + (int)r->severity
           : r->verdict == VERDICT_UNKNOWN ? 1
                                           : 0;
}

/* A check may fail more than once: the worst stands for all. Keys are owned, records borrowed. */
static GHashTable *index_of(GHashTable *shared, const GPtrArray *records)
{
    GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < records->len; i++) {
        AuditRecord *r = g_ptr_array_index(records, i);
        g_autofree char *key = key_of(shared, r->service, r->address, r->id);
        const AuditRecord *known = g_hash_table_lookup(index, key);
        if (known == NULL || rank(r) > rank(known)) {
            g_hash_table_insert(index, g_steal_pointer(&key), r);
        }
    }
    return index;
}

/* --- what became of one --- */

static bool kind_now_failing(const AuditRecord *before, const AuditRecord *after, ChangeKind *ret)
{
    bool failed = before != NULL && before->verdict == VERDICT_FAIL;
    *ret = !failed ? CHANGE_NEW : after->severity > before->severity ? CHANGE_WORSE : CHANGE_BETTER;
    return !failed || after->severity != before->severity;
}

/* False: nothing changed. */
static bool kind_of(const AuditRecord *before, const AuditRecord *after, ChangeKind *ret)
{
    if (after == NULL) {
        *ret = CHANGE_GONE;
        return before->verdict == VERDICT_FAIL;
    }
    if (after->verdict == VERDICT_FAIL) {
        return kind_now_failing(before, after, ret);
    }
    if (before == NULL || before->verdict == after->verdict) {
        *ret = CHANGE_UNKNOWN;
        return before == NULL && after->verdict == VERDICT_UNKNOWN;
    }
    *ret = after->verdict == VERDICT_UNKNOWN ? CHANGE_UNKNOWN
           : before->verdict == VERDICT_FAIL ? CHANGE_FIXED
                                             : CHANGE_KNOWN;
    return true;
}

static void change_free(void *change)
{
    AuditChange *c = change;
    g_free(c->subject);
    g_free(c);
}

static void compare(AuditChanges *changes, const AuditRecord *before, const AuditRecord *after,
                    const char *key)
{
    ChangeKind kind;
    if (!kind_of(before, after, &kind)) {
        return;
    }
    const AuditRecord *any = after != NULL ? after : before;
    AuditChange *c = g_new0(AuditChange, 1);
    *c = (AuditChange){.kind = kind,
                       .subject = subject_of(changes->shared, any->service, any->address),
                       .before = before,
                       .after = after};
    g_ptr_array_add(changes->list, c);
    g_hash_table_add(changes->shown, g_strdup(key));
}

static int by_kind(const void *a, const void *b)
{
    const AuditChange *one = *(AuditChange *const *)a;
    const AuditChange *other = *(AuditChange *const *)b;
    return (int)one->kind - (int)other->kind;
}

/* Goes through `records` in their order, each key once. */
static void compare_all(AuditChanges *changes, const GPtrArray *records, GHashTable *before,
                        GHashTable *after, bool only_gone)
{
    g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < records->len; i++) {
        const AuditRecord *r = g_ptr_array_index(records, i);
        g_autofree char *key = key_of(changes->shared, r->service, r->address, r->id);
        const AuditRecord *now = g_hash_table_lookup(after, key);
        if (!g_hash_table_contains(done, key) && !(only_gone && now != NULL)) {
            compare(changes, g_hash_table_lookup(before, key), now, key);
        }
        g_hash_table_add(done, g_steal_pointer(&key));
    }
}

AuditChanges *audit_changes_new(GPtrArray *before, GPtrArray *after)
{
    AuditChanges *changes = g_new0(AuditChanges, 1);
    changes->before = before;
    changes->after = after;
    changes->list = g_ptr_array_new_with_free_func(change_free);
    changes->shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    changes->shared = g_hash_table_new(g_str_hash, g_str_equal);
    find_shared(changes->shared, before);
    find_shared(changes->shared, after);
    g_autoptr(GHashTable) then = index_of(changes->shared, before);
    g_autoptr(GHashTable) now = index_of(changes->shared, after);
    compare_all(changes, after, then, now, false);
    compare_all(changes, before, then, now, true);
    g_ptr_array_sort(changes->list, by_kind);
    return changes;
}

void audit_changes_free(AuditChanges *changes)
{
    if (changes == NULL) {
        return;
    }
    g_hash_table_unref(changes->shared);
    g_hash_table_unref(changes->shown);
    g_ptr_array_unref(changes->list);
    g_ptr_array_unref(changes->before);
    g_ptr_array_unref(changes->after);
    g_free(changes);
}

const GPtrArray *audit_changes_list(const AuditChanges *changes)
{
    return changes->list;
}

bool audit_changes_has(const AuditChanges *changes, const Finding *finding)
{
    g_autoptr(AuditRecord) r = audit_record_of(finding);
    g_autofree char *key = key_of(changes->shared, r->service, r->address, r->id);
    return g_hash_table_contains(changes->shown, key);
}

int audit_changes_worst(const AuditChanges *changes)
{
    int worst = -1;
    for (guint i = 0; i < changes->list->len; i++) {
        const AuditChange *c = g_ptr_array_index(changes->list, i);
        if (c->kind == CHANGE_NEW || c->kind == CHANGE_WORSE) {
            worst = MAX(worst, (int)c->after->severity);
        }
    }
    return worst;
}

bool audit_changes_unknown(const AuditChanges *changes)
{
    for (guint i = 0; i < changes->list->len; i++) {
        const AuditChange *c = g_ptr_array_index(changes->list, i);
        if (c->kind == CHANGE_UNKNOWN) {
            return true;
        }
    }
    return false;
}
