/* check_diff.c: `check --diff OLD NEW`: two reports of `check --format=json`, compared; nothing is
 * connected to. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/check.h"

/* Which of the two forms: text, or json. */
static bool wants_json(const CheckOptions *o, bool *ret, GError **error)
{
    *ret = false;
    for (char **format = o->formats; format != NULL && *format != NULL; format++) {
        *ret = strcmp(*format, "json") == 0;
        if (!*ret && strcmp(*format, "text") != 0) {
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "--diff tells its result as --format=text or --format=json only");
        }
    }
    return true;
}

static AuditChanges *read_changes(char *const *args, GError **error)
{
    if (args[0] == NULL || args[1] == NULL || args[2] != NULL) {
        error_fail(error, POSTERN_ERROR_USAGE,
                   "--diff takes two reports: postern check --diff OLD.json NEW.json");
        return NULL;
    }
    g_autoptr(GPtrArray) before = audit_records_read(args[0], error);
    g_autoptr(GPtrArray) after = before != NULL ? audit_records_read(args[1], error) : NULL;
    return after == NULL ? NULL
                         : audit_changes_new(g_steal_pointer(&before), g_steal_pointer(&after));
}

int check_diff(const CheckOptions *o, char *const *args)
{
    GError *error = NULL;
    bool json = false;
    g_autoptr(AuditChanges) changes =
        wants_json(o, &json, &error) ? read_changes(args, &error) : NULL;
    if (changes == NULL) {
        return command_fail(error);
    }
    const CheckRun run = {.options = o};
    bool color = check_view(&run, isatty(STDOUT_FILENO) != 0).color;
    g_autofree char *text = json ? audit_changes_json(changes) : audit_changes_text(changes, color);
    fputs(text, stdout);
    int fail_on = check_fail_on(o);
    bool strict = o->strict && audit_changes_unknown(changes);
    return strict ? 2 : audit_changes_worst(changes) >= fail_on ? 1 : 0;
}
