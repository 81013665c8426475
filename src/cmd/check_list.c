/* check_list.c: `check --list` and `check --explain ID`: the table of checks, and one row of it at
 * length. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/nearest.h"
#include "cmd/check.h"
#include "report/audit_words.h"

#define TITLE_COLUMN 31

/* The title goes on below itself when it is long. */
static void put_row(const Check *check)
{
    g_autoptr(GString) line = g_string_new(NULL);
    audit_wrap(line, check->title, TITLE_COLUMN);
    printf("  %-*s %s", TITLE_COLUMN - 3, check->id, line->str + TITLE_COLUMN);
}

int check_list(void)
{
    for (const Family *const *family = families; *family != NULL; family++) {
        printf("%s%s: %s\n", family == families ? "" : "\n", (*family)->name, (*family)->title);
        for (const Check *check = (*family)->checks; check->id != NULL; check++) {
            put_row(check);
        }
    }
    return 0;
}

static const Check *find(const char *id, GError **error)
{
    const Check *check = check_find(id);
    Nearest near = {.word = id};
    if (check != NULL) {
        return check;
    }
    for (const Family *const *family = families; *family != NULL; family++) {
        for (check = (*family)->checks; check->id != NULL; check++) {
            nearest_offer(&near, check->id);
        }
    }
    g_autofree char *shown = escape_line_max(bytes_of(id), 60);
    g_autofree char *hint = near.best != NULL
                                ? g_strdup_printf(": did you mean %s?", near.best)
                                : g_strdup("; \"postern check --list\" names them all");
    error_fail(error, POSTERN_ERROR_USAGE, "there is no check \"%s\"%s", shown, hint);
    return NULL;
}

/* One severity, or one for each role. */
static void put_severity(GString *out, const Check *check)
{
    bool same = true;
    for (int role = ROLE_MX; role <= ROLE_OTHER; role++) {
        same = same && check->severity[role] == check->severity[0];
    }
    g_autoptr(GString) line = g_string_new("Severity: ");
    if (same || check->run_domain != NULL) {
        g_string_append(line, severity_name(check->severity[0]));
    }
    for (int role = ROLE_MX; !same && check->run_domain == NULL && role <= ROLE_OTHER; role++) {
        g_string_append_printf(line, "%s%s %s", role == ROLE_MX ? "" : ", ",
                               severity_name(check->severity[role]), role_name((Role)role));
    }
    audit_wrap(out, line->str, 0);
}

static void put_fixes(GString *out, const Check *check)
{
    for (const char *const *product = audit_products; *product != NULL; product++) {
        const char *lines = audit_fix(check, *product);
        if (lines == NULL) {
            continue;
        }
        g_string_append_printf(out, "\n%s:\n", audit_product_title(*product));
        g_auto(GStrv) list = g_strsplit(lines, "\n", -1);
        for (char **line = list; *line != NULL; line++) {
            g_string_append_printf(out, "    %s\n", *line);
        }
    }
}

int check_explain(const char *id)
{
    GError *error = NULL;
    const Check *check = find(id, &error);
    if (check == NULL) {
        return command_fail(error);
    }
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(out, "%s: %s\n\n", check->id, check->title);
    if (check->why != NULL) {
        audit_wrap(out, check->why, 0);
        g_string_append_c(out, '\n');
    }
    put_severity(out, check);
    if (check->reference != NULL) {
        g_string_append_printf(out, "See: %s\n", check->reference);
    }
    if (check->flat_id != NULL) {
        g_string_append_printf(out, "testssl.sh calls it: %s\n", check->flat_id);
    }
    put_fixes(out, check);
    fputs(out->str, stdout);
    return 0;
}
