/* An earlier audit's JSON, as --baseline and --diff read it, compared with itself. */
#include "report/audit_changes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Bytes json = {(const char *)data, size};
    GPtrArray *before = audit_records_parse(json, NULL);
    GPtrArray *after = audit_records_parse(json, NULL);
    g_assert((before == NULL) == (after == NULL));
    if (before == NULL) {
        return 0;
    }
    g_autoptr(AuditChanges) changes = audit_changes_new(before, after);
    g_assert(audit_changes_list(changes)->len == 0);
    g_autofree char *text = audit_changes_text(changes, true);
    g_autofree char *again = audit_changes_json(changes);
    g_assert_true(text != NULL && again != NULL);
    return 0;
}
