/* check_output.c: which formats go where, and writing them. A file is replaced as a whole: a
 * collector never reads half of one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/check.h"

/* --- pairing --- */

static bool is_stdout(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0;
}

/* "json:report.json". Borrows from the word. */
static bool parse_format(const char *word, CheckOutput *ret, GError **error)
{
    const char *colon = strchr(word, ':');
    g_autofree char *name =
        colon != NULL ? g_strndup(word, (size_t)(colon - word)) : g_strdup(word);
    ret->format = audit_format_find(name, error);
    ret->path = colon != NULL ? colon + 1 : NULL;
    if (ret->format == NULL) {
        return error_prefix(error, "--format");
    }
    return colon == NULL || colon[1] != '\0' ||
           error_fail(error, POSTERN_ERROR_USAGE, "--format=%s names no file", word);
}

static bool has_place(const CheckOutput *output)
{
    return output->path != NULL;
}

/* The next --output goes to the next format that names no file itself; those left over choose their
 * format by their ending. */
static void pair(GArray *outputs, char *const *paths)
{
    guint next = 0;
    for (; paths != NULL && *paths != NULL; paths++) {
        while (next < outputs->len && has_place(&g_array_index(outputs, CheckOutput, next))) {
            next++;
        }
        if (next < outputs->len) {
            g_array_index(outputs, CheckOutput, next).path = *paths;
        } else {
            CheckOutput more = {audit_format_of_file(*paths), *paths};
            g_array_append_val(outputs, more);
        }
    }
}

/* Known before the servers are troubled. */
static bool may_write(const char *path, GError **error)
{
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) {
        return (!S_ISDIR(there.st_mode) && access(path, W_OK) == 0) ||
               error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot write to %s: %s", path,
                          g_strerror(S_ISDIR(there.st_mode) ? EISDIR : errno));
    }
    g_autofree char *directory = g_path_get_dirname(path);
    return access(directory, W_OK | X_OK) == 0 ||
           error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot create %s: %s", path,
                      g_strerror(errno));
}

static bool verify_places(const GArray *outputs, GError **error)
{
    unsigned to_stdout = 0;
    for (guint i = 0; i < outputs->len; i++) {
        CheckOutput *output = &g_array_index(outputs, CheckOutput, i);
        to_stdout += is_stdout(output->path);
        output->path = is_stdout(output->path) ? NULL : output->path;
        if (output->path != NULL && !may_write(output->path, error)) {
            return false;
        }
    }
    return to_stdout <= 1 ||
           error_fail(error, POSTERN_ERROR_USAGE,
                      "only one format can go to standard output: give the others a file, as in "
                      "--format=json:report.json");
}

bool check_outputs(CheckRun *run, GError **error)
{
    for (char **word = run->options->formats; word != NULL && *word != NULL; word++) {
        CheckOutput output = {0};
        if (!parse_format(*word, &output, error)) {
            return false;
        }
        g_array_append_val(run->outputs, output);
    }
    pair(run->outputs, run->options->outputs);
    if (run->outputs->len == 0) {
        CheckOutput text = {audit_formats, NULL};
        g_array_append_val(run->outputs, text);
    }
    return verify_places(run->outputs, error);
}

bool check_has_format(const CheckRun *run, const char *name)
{
    for (guint i = 0; i < run->outputs->len; i++) {
        if (strcmp(g_array_index(run->outputs, CheckOutput, i).format->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* --- writing --- */

static bool wants_color(const CheckRun *run, bool to_terminal)
{
    const char *when = run->options->connect.color != NULL ? run->options->connect.color : "auto";
    if (strcmp(when, "auto") != 0) {
        return strcmp(when, "always") == 0;
    }
    return to_terminal && g_getenv("NO_COLOR") == NULL && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
}

AuditView check_view(const CheckRun *run, bool to_terminal)
{
    return (AuditView){
        .color = wants_color(run, to_terminal),
        .verbose = run->options->connect.verbose,
        .fail_on = (Severity)run->fail_on,
        .strict = run->options->strict,
        .changes = run->changes,
    };
}

static bool write_special(const char *path, const char *text, GError **error)
{
    FILE *file = fopen(path, "we");
    bool good = file != NULL && fputs(text, file) >= 0;
    good = file != NULL && fclose(file) == 0 && good;
    return good || error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot write to %s: %s", path,
                              g_strerror(errno));
}

/* A device, pipe or symbolic link is written to, not replaced. */
static bool write_file(const char *path, const char *text, GError **error)
{
    struct stat there;
    g_autoptr(GError) problem = NULL;
    if (lstat(path, &there) == 0 && !S_ISREG(there.st_mode)) {
        return write_special(path, text, error);
    }
    return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644,
                                    &problem) ||
           error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot write the report: %s",
                      problem->message);
}

static bool write_one(const CheckRun *run, const CheckOutput *output, GError **error)
{
    const AuditView view = check_view(run, output->path == NULL && isatty(STDOUT_FILENO) != 0);
    g_autofree char *text = output->format->render(run->report, &view);
    if (output->path != NULL) {
        return write_file(output->path, text, error);
    }
    fputs(text, stdout); /* main() looks whether that went well */
    return true;
}

bool check_write(const CheckRun *run, GError **error)
{
    for (guint i = 0; i < run->outputs->len; i++) {
        if (!write_one(run, &g_array_index(run->outputs, CheckOutput, i), error)) {
            return false;
        }
    }
    return true;
}
