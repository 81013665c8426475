/* `postern fetch --status`, and the figures for Prometheus: what the state knows of each account.
 */
#include "report/fetch_status.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/fetch.h"

static char *directory_of(const FetchOptions *options)
{
    return options->state ? g_strdup(options->state) : config_state_directory(false, NULL);
}

/* Nothing is made by looking: where there is no state, there are no accounts. */
static GPtrArray *read_accounts(const char *directory, GError **error)
{
    g_autofree char *file = g_build_filename(directory, "fetch.db", NULL);
    if (access(file, F_OK) != 0) {
        return g_ptr_array_new();
    }
    g_autoptr(State) state = state_open(directory, error);
    return state ? state_accounts(state, error) : NULL;
}

int fetch_status(const FetchOptions *options)
{
    GError *error = NULL;
    g_autofree char *directory = directory_of(options);
    g_autoptr(GPtrArray) accounts = read_accounts(directory, &error);
    if (!accounts) {
        return command_fail(error);
    }
    g_autofree char *text = options->json
                                ? fetch_status_json(accounts)
                                : fetch_status_text(accounts, g_get_real_time() / G_USEC_PER_SEC);
    fputs(text, stdout);
    return 0;
}

/* Beside its place, then renamed: the collector never sees half of it. It may be another user's, so
 * it is readable for all. */
static bool replace_file(const char *path, const char *text, GError **error)
{
    g_autoptr(GError) failure = NULL;
    if (g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, &failure)) {
        return true;
    }
    g_autofree char *shown = escape_line(bytes_of(path));
    return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot write %s: %s", shown,
                      failure->message);
}

bool fetch_prometheus(const FetchRun *run, GError **error)
{
    const char *path = run->options->prometheus;
    if (!path) {
        return true;
    }
    g_autoptr(GPtrArray) accounts = state_accounts(run->state, error);
    if (!accounts) {
        return false;
    }
    g_autofree char *text = fetch_status_prometheus(accounts);
    return replace_file(path, text, error);
}
