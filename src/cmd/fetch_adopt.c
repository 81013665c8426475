/* fetch_adopt.c: --adopt-from: what other programs fetched, given to the jobs it is of. */
#include <string.h>

#include "base/escape.h"
#include "cmd/fetch.h"
#include "fetch/adopt.h"

/* "KIND:FILE", or a file whose name or first line tells. */
static const char *split_kind(const char *word, AdoptKind *ret, bool *ret_known)
{
    const char *colon = strchr(word, ':');
    g_autofree char *kind = colon != NULL ? g_strndup(word, (gsize)(colon - word)) : NULL;
    *ret_known = kind != NULL && adopt_kind_parse(kind, ret);
    return *ret_known ? colon + 1 : word;
}

static void give(const FetchJob *job, const GPtrArray *lists)
{
    const Target *target = job->plan->target;
    const AdoptList *list = adopt_find(lists, job->plan->credentials.user, target->host);
    GHashTableIter iter;
    gpointer uidl;
    if (list == NULL) {
        return;
    }
    g_hash_table_iter_init(&iter, list->uidls);
    while (g_hash_table_iter_next(&iter, &uidl, NULL)) {
        g_hash_table_add(job->adopt_only, g_strdup(uidl));
    }
}

static bool take_file(FetchRun *run, const char *word, GError **error)
{
    AdoptKind kind = ADOPT_FETCHMAIL;
    bool known = false;
    const char *path = split_kind(word, &kind, &known);
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;
    gsize len = 0;
    if (!g_file_get_contents(path, &text, &len, &problem)) {
        return error_fail(error, POSTERN_ERROR_NO_INPUT, "--adopt-from: %s", problem->message);
    }
    const Bytes bytes = {text, len};
    g_autofree char *shown = escape_line(bytes_of(path));
    if (!known && !adopt_kind_guess(path, bytes, &kind)) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "--adopt-from: whose list %s is cannot be told; say so: fetchmail:FILE, "
                          "getmail:FILE, mpop:FILE or fdm:FILE",
                          shown);
    }
    g_autoptr(GPtrArray) lists = adopt_parse(kind, bytes, error);
    if (lists == NULL) {
        return error_prefix(error, "--adopt-from: %s", shown);
    }
    for (guint i = 0; i < run->jobs->len; i++) {
        give(g_ptr_array_index(run->jobs, i), lists);
    }
    return true;
}

bool fetch_take_adopted(FetchRun *run, GError **error)
{
    char **words = run->options->adopt_from;
    for (guint i = 0; words != NULL && i < run->jobs->len; i++) {
        FetchJob *job = g_ptr_array_index(run->jobs, i);
        job->adopt_only = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    for (; words != NULL && *words != NULL; words++) {
        if (!take_file(run, *words, error)) {
            return false;
        }
    }
    return true;
}
