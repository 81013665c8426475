/* fetch_rc.c: a fetchmailrc made into jobs. What cannot be done is refused before anything is
 * polled; what is unsafe is told. */
#include "cmd/fetch_rc.h"

#include <string.h>

#include "base/escape.h"
#include "base/nearest.h"

/* --- entries --- */

static void rc_clear(gpointer rc)
{
    fetchmailrc_free(*(FetchmailRc **)rc);
}

static void entry_free(gpointer user)
{
    RcEntry *e = user;
    connection_free(e->connection);
    connection_free(e->smtp);
    for (size_t i = 0; i < G_N_ELEMENTS(e->owned); i++) {
        g_free(e->owned[i]);
    }
    g_rc_box_release_full(e->shared, rc_clear);
    g_free(e);
}

bool rc_fail_at(const RcEntry *e, const char *word, GError **error)
{
    if (!error || !*error) {
        return false;
    }
    unsigned line =
        fetchmail_line(e->server->lines, word, fetchmail_line(e->user->lines, word, e->user->line));
    (*error)->code = POSTERN_ERROR_CONFIG;
    return error_prefix(error, "%s:%u", e->rc->file, line);
}

/* --- which entries --- */

static bool is_named(const FetchmailServer *server, void *user)
{
    char *const *words = user;
    if (!*words) {
        return server->active;
    }
    return g_strv_contains((const char *const *)words, server->name);
}

/* Naming an entry wakes one that is skipped; a name without one is a mistake. */
static bool check_words(const FetchmailRc *rc, char *const *words, GError **error)
{
    for (; *words; words++) {
        bool found = false;
        Nearest near = {.word = *words};
        for (guint i = 0; i < rc->servers->len; i++) {
            const FetchmailServer *server = g_ptr_array_index(rc->servers, i);
            found |= strcmp(server->name, *words) == 0;
            nearest_offer(&near, server->name);
        }
        if (!found) {
            g_autofree char *shown = escape_line_max(bytes_of(*words), 60);
            return error_fail(error, POSTERN_ERROR_USAGE, "%s has no entry \"%s\"%s%s%s", rc->file,
                              shown, near.best ? "; did you mean " : "", near.best ? near.best : "",
                              near.best ? "?" : "");
        }
    }
    return true;
}

/* --- what is to be told --- */

static void tell_judgements(const FetchRun *run, const FetchmailRc *rc, const GPtrArray *judgements)
{
    for (guint i = 0; i < judgements->len; i++) {
        const FetchmailJudgement *j = g_ptr_array_index(judgements, i);
        bool unsafe = j->verdict == FETCHMAIL_UNSAFE;
        fetch_log(run, unsafe, "%s:%u: %s%s", rc->file, j->line,
                  unsafe ? "" : "left undone: ", j->words);
    }
}

static void tell_through_ssh(const FetchRun *run, const RcEntry *e)
{
    if (!e->through_ssh) {
        return;
    }
    g_autofree char *host = escape_line(bytes_of(fetchmail_host(e->server)));
    const char *who = fetchmail_runs_ssh(e->server->plugin) ? "plugin" : "preconnect";
    fetch_log(run, false,
              "%s:%u: %s is reached through the ssh of its %s: going on there without TLS, or with "
              "a certificate for another name, if need be",
              e->rc->file, e->user->line, host, who);
}

/* --- one job --- */

/* The words of a plugin; no shell is asked. %h and %p count as whole words only. */
static char **plugin_words(const FetchmailServer *server, const Target *target, GError **error)
{
    g_auto(GStrv) words = NULL;
    if (!g_shell_parse_argv(server->plugin, NULL, &words, NULL)) {
        error_fail(error, POSTERN_ERROR_CONFIG, "these quotes are not closed, or there is nothing");
        return NULL;
    }
    for (char **word = words; *word; word++) {
        bool host = strcmp(*word, "%h") == 0;
        if (host || strcmp(*word, "%p") == 0) {
            g_free(*word);
            *word = host ? g_strdup(fetchmail_host(server)) : g_strdup_printf("%u", target->port);
        }
    }
    return g_steal_pointer(&words);
}

static bool take_plugin(const RcEntry *e, FetchJob *job, GError **error)
{
    if (!e->server->plugin || !*e->server->plugin) {
        return true;
    }
    job->plugin = plugin_words(e->server, connection_target(e->connection), error);
    job->preauthenticated = strcmp(e->server->auth, "ssh") == 0;
    return job->plugin || rc_fail_at(e, "plugin", error);
}

/* fetchmail takes from IMAP what nobody has seen; from POP3, where there is no such mark, what it
 * does not know. With `fetchall keep` each run fetches everything. */
static FetchWhich which_of(const RcEntry *e, const FetchOptions *o)
{
    bool imap = strcmp(e->protocol, "imap") == 0;
    if (o->all || (e->user->fetchall && e->user->keep)) {
        return FETCH_ALL;
    }
    return (imap && !e->user->fetchall) || o->unseen ? FETCH_UNSEEN : FETCH_NEW;
}

static bool take_after(const RcEntry *e, const FetchOptions *o, FetchJob *job, GError **error)
{
    const FetchmailUser *user = e->user;
    g_autofree char *move = user->moveto ? g_strconcat("move:", user->moveto, NULL) : NULL;
    const char *after = o->keep      ? "keep"
                        : o->after   ? o->after
                        : user->keep ? "keep"
                        : move       ? move
                                     : "delete";
    job->keep_days = o->keep_days;
    job->flush = user->flush != 0;
    return fetch_job_set_after(job, after, error) || rc_fail_at(e, "moveto", error);
}

static void take_amounts(const RcEntry *e, const FetchOptions *o, FetchJob *job)
{
    const FetchmailUser *user = e->user;
    bool imap = strcmp(e->protocol, "imap") == 0;
    job->which = which_of(e, o);
    job->max_size = user->limit > 0 ? (uint64_t)user->limit : 0;
    job->oversize = user->limitflush ? FETCH_OVERSIZE_DELETE : FETCH_OVERSIZE_SKIP;
    job->limit = (unsigned)MAX(o->limit > 0 ? o->limit : user->fetchlimit, 0);
    job->interval = (unsigned)MAX(e->server->interval, 0);
    job->idle = imap && (o->idle || user->idle || user->forceidle > 0);
    job->folders = g_strdupv(o->folders ? o->folders : imap ? user->folders : NULL);
    job->before = g_strdup(o->before ? o->before : user->preconnect);
    job->after_run = g_strdup(o->after_run ? o->after_run : user->postconnect);
    job->no_compress = o->no_imap_compress;
}

static char *job_name(const RcEntry *e)
{
    g_autofree char *user = escape_line_max(bytes_of(e->user->remote), 80);
    g_autofree char *server = escape_line_max(bytes_of(e->server->name), 80);
    return g_strdup_printf("%s at %s", user, server);
}

typedef struct {
    FetchmailRc **shared; /* a g_rc_box */
    const FetchmailServer *server;
    const FetchmailUser *user;
} RcUser;

/* NULL on failure. */
static FetchJob *make_job(FetchRun *run, const RcUser *who, const char *protocol, GError **error)
{
    RcEntry *e = g_new0(RcEntry, 1);
    g_autoptr(FetchJob) job = fetch_job_new(NULL);
    e->shared = g_rc_box_acquire(who->shared);
    e->rc = *who->shared;
    e->server = who->server;
    e->user = who->user;
    e->protocol = protocol;
    e->through_ssh = fetchmail_through_ssh(who->server, who->user);
    e->options = run->options->connect;
    e->asking = &run->asking;
    job->owner = e;
    job->release = entry_free;
    job->name = job_name(e);
    bool good = rc_entry_connect(e, error) && take_plugin(e, job, error) &&
                take_after(e, run->options, job, error) &&
                rc_entry_deliver(e, run->options, job, error);
    if (!good) {
        return NULL;
    }
    take_amounts(e, run->options, job);
    job->plan = connection_plan(e->connection);
    job->key = fetch_job_key(connection_target(e->connection), who->user->remote);
    return g_steal_pointer(&job);
}

/* `protocol auto` tries IMAP, and POP3 where that fails. */
static bool add_job(FetchRun *run, const RcUser *who, GError **error)
{
    const char *protocol = fetchmail_protocol(who->server);
    bool unclear = strcmp(protocol, "auto") == 0;
    g_autoptr(FetchJob) job = make_job(run, who, unclear ? "imap" : protocol, error);
    if (job && unclear) {
        job->otherwise = make_job(run, who, "pop3", error);
    }
    if (!job || (unclear && !job->otherwise)) {
        return false;
    }
    tell_through_ssh(run, job->owner);
    g_ptr_array_add(run->jobs, g_steal_pointer(&job));
    return true;
}

/* --- all of it --- */

static bool add_jobs(FetchRun *run, FetchmailRc **shared, char *const *words, GError **error)
{
    const GPtrArray *servers = (*shared)->servers;
    for (guint i = 0; i < servers->len; i++) {
        const FetchmailServer *server = g_ptr_array_index(servers, i);
        bool wanted = is_named(server, (void *)words);
        for (guint j = 0; wanted && j < server->users->len; j++) {
            const RcUser who = {shared, server, g_ptr_array_index(server->users, j)};
            if (!add_job(run, &who, error)) {
                return false;
            }
        }
    }
    return run->jobs->len > 0 || error_fail(error, POSTERN_ERROR_CONFIG,
                                            "%s: no server is polled there", (*shared)->file);
}

static void take_set(FetchRun *run, const FetchmailRc *rc)
{
    if (!run->options->daemon && rc->daemon > 0) {
        run->interval = rc->daemon;
    }
    run->syslog |= rc->syslog != 0;
}

bool fetch_jobs_from_rc(FetchRun *run, char *const *words, GError **error)
{
    FetchmailrcFailure failure = FETCHMAILRC_SYNTAX;
    FetchmailRc *rc = fetchmailrc_load(run->options->fetchmailrc, &failure, error);
    run->rc_failure = failure;
    if (!rc) {
        return false;
    }
    FetchmailRc **shared = g_rc_box_new0(FetchmailRc *);
    *shared = rc;
    g_autoptr(GPtrArray) judgements = fetchmailrc_judge(rc, is_named, (void *)words);
    bool good = check_words(rc, words, error) && fetchmailrc_accept(rc, judgements, error);
    if (good) {
        take_set(run, rc);
        fetch_log_open(run);
        tell_judgements(run, rc, judgements);
        good = add_jobs(run, shared, words, error);
    }
    g_rc_box_release_full(shared, rc_clear);
    run->rc_failure = good ? 0 : FETCHMAILRC_SYNTAX;
    return good;
}
