/* job.c: making and clearing what job.h describes. */
#include "fetch/job.h"

#include <string.h>

#include "base/escape.h"

FetchJob *fetch_job_new(const char *name)
{
    FetchJob *job = g_new0(FetchJob, 1);
    job->name = g_strdup(name);
    return job;
}

void fetch_job_free(FetchJob *job)
{
    if (job == NULL) {
        return;
    }
    g_free(job->name);
    g_free(job->key);
    g_strfreev(job->plugin);
    g_strfreev(job->folders);
    g_free(job->after_argument);
    g_free(job->deliver.to);
    g_strfreev(job->deliver.hunt);
    g_strfreev(job->deliver.recipients);
    g_clear_pointer(&job->adopt_only, g_hash_table_unref);
    g_free(job->before);
    g_free(job->after_run);
    fetch_job_free(job->otherwise);
    if (job->release != NULL) {
        job->release(job->owner);
    }
    g_free(job);
}

/* The port with TLS from the start and the one without lead to the same mail. */
static bool is_usual_port(const Target *target)
{
    for (const Scheme *s = target_schemes; s->name != NULL; s++) {
        if (s->proto == target->scheme->proto && s->port == target->port) {
            return true;
        }
    }
    return false;
}

char *fetch_job_key(const Target *target, const char *user)
{
    const char *proto = target->scheme->proto->name;
    const char *host = target->host != NULL ? target->host : target->unix_path;
    const char *who = user != NULL ? user : "";
    if (target->host == NULL || is_usual_port(target)) {
        return g_strdup_printf("%s://%s@%s", proto, who, host);
    }
    return g_strdup_printf("%s://%s@%s:%u", proto, who, host, target->port);
}

bool fetch_job_set_after(FetchJob *job, const char *text, GError **error)
{
    static const struct {
        const char *word;
        FetchAfter after;
        bool argument;
    } words[] = {{"keep", FETCH_KEEP, false},
                 {"delete", FETCH_DELETE, false},
                 {"move:", FETCH_MOVE, true},
                 {"flag:", FETCH_FLAG, true}};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        size_t len = strlen(words[i].word);
        bool fits = words[i].argument ? strncmp(text, words[i].word, len) == 0 && text[len] != '\0'
                                      : strcmp(text, words[i].word) == 0;
        if (fits) {
            g_free(job->after_argument);
            job->after = words[i].after;
            job->after_argument = words[i].argument ? g_strdup(text + len) : NULL;
            return true;
        }
    }
    g_autofree char *shown = escape_line_max(bytes_of(text), 40);
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "\"%s\" is nothing that can be done with a fetched message: keep, delete, "
                      "move:FOLDER or flag:FLAG",
                      shown);
}
