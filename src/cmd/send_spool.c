/* send_spool.c: messages put aside for later, and what lies there. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "cmd/command.h"
#include "cmd/fetch.h"
#include "cmd/password.h"
#include "cmd/send.h"
#include "report/spool_list.h"

#define EXPIRE_DEFAULT (5.0 * 86400)

/* --- where --- */

static bool is_word(const char *value)
{
    static const char *const words[] = {"true", "false", "always", "yes", "no", "1", "0", NULL};
    return g_strv_contains(words, value);
}

static QueueWish wish_of(const char *value)
{
    static const char *const never[] = {"false", "no", "0", NULL};
    return !value || g_strv_contains(never, value) ? QUEUE_NEVER
           : !strcmp(value, "always")              ? QUEUE_ALWAYS
                                                   : QUEUE_AWAY;
}

bool send_take_account(SendOptions *o, GError **error)
{
    if (!o->connect.account) {
        return true;
    }
    g_autoptr(Account) a = accounts_find(o->connect.config, o->connect.account, error);
    if (!a) {
        return false;
    }
    if (a->dsn && !o->notify) {
        o->notify = g_ascii_strup(a->dsn, -1);
    }
    o->queue_wish = wish_of(a->queue);
    return true;
}

/* The directory that the account's `queue` names, or NULL. */
static char *account_spool(const SendOptions *o)
{
    g_autoptr(Account) a =
        o->connect.account ? accounts_find(o->connect.config, o->connect.account, NULL) : NULL;
    bool named = a && a->queue && !is_word(a->queue);
    bool home = named && g_str_has_prefix(a->queue, "~/");
    return home    ? g_build_filename(g_get_home_dir(), a->queue + 2, NULL)
           : named ? g_strdup(a->queue)
                   : NULL;
}

Spool *send_spool(const SendOptions *o, GError **error)
{
    g_autofree char *path = o->spool ? g_strdup(o->spool) : account_spool(o);
    if (!path) {
        g_autofree char *state = config_state_directory(true, error);
        path = state ? g_build_filename(state, "spool", NULL) : NULL;
    }
    return path ? spool_open(path, error) : NULL;
}

/* --- putting there --- */

/* How the server is reached and what is asked for; what is seen of it is the later run's own. */
static char **words_to_keep(const SendOptions *o)
{
    static const char *const kept[] = {"notify",      "ret",         "envid",         "orcpt",
                                       "submitter",   "require-tls", "no-pipelining", "no-chunking",
                                       "all-or-none", NULL};
    static const char *const not_kept[] = {"dry-run", "transcript", "trace", "verbose",
                                           "quiet",   "color",      NULL};
    g_autoptr(GPtrArray) without = g_ptr_array_new();
    for (const Option *option = cmd_send.options; option->name; option++) {
        if (!g_strv_contains(kept, option->name)) {
            g_ptr_array_add(without, (char *)option->name);
        }
    }
    for (size_t i = 0; not_kept[i]; i++) {
        g_ptr_array_add(without, (char *)not_kept[i]);
    }
    g_ptr_array_add(without, NULL);
    const Option *const tables[] = {connect_options, cmd_send.options, NULL};
    return options_words(tables, o, (const char *const *)without->pdata);
}

static bool take_expiry(const SendOptions *o, SpoolJob *job, GError **error)
{
    double seconds = EXPIRE_DEFAULT;
    if (o->expire && !fetch_parse_interval(o->expire, &seconds)) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--expire takes a time such as 5d, 12h or 30m, not \"%s\"", o->expire);
    }
    job->queued = g_get_real_time() / G_USEC_PER_SEC;
    job->next = job->queued;
    job->expires = job->queued + (int64_t)seconds;
    return true;
}

static char **undecided(const Submission *s)
{
    g_autoptr(GStrvBuilder) left = g_strv_builder_new();
    for (size_t i = 0; i < s->n; i++) {
        SmtpFate fate = s->recipients[i].fate;
        if (fate != SMTP_ACCEPTED && fate != SMTP_REFUSED) {
            g_strv_builder_add(left, s->recipients[i].address);
        }
    }
    return g_strv_builder_end(left);
}

char *send_enqueue(const SendOptions *o, const char *url, const Outgoing *message,
                   const Submission *tried, const char *why, GError **error)
{
    g_autoptr(SpoolJob) job = spool_job_new();
    if (!take_expiry(o, job, error)) {
        return NULL;
    }
    job->url = g_strdup(url);
    job->options = words_to_keep(o);
    job->notices = o->notices ? g_canonicalize_filename(o->notices, NULL) : NULL;
    for (char **word = job->options; *word; word++) {
        if (!g_utf8_validate(*word, -1, NULL)) {
            error_fail(error, POSTERN_ERROR_USAGE, "what is queued takes options in UTF-8 only");
            return NULL;
        }
    }
    if (tried && tried->n) {
        job->recipients = undecided(tried);
    }
    if (why) {
        spool_job_put_off(job, o->retry_after > 0 ? o->retry_after : SEND_QUEUE_RETRY, why);
    }
    g_autoptr(Spool) spool = send_spool(o, error);
    return spool && spool_add(spool, message, job, error) ? g_steal_pointer(&job->id) : NULL;
}

bool send_is_passing(const GError *error)
{
    static const int passing[] = {POSTERN_ERROR_NO_HOST, POSTERN_ERROR_UNAVAILABLE,
                                  POSTERN_ERROR_TEMPFAIL, POSTERN_ERROR_TIMEOUT, POSTERN_ERROR_EOF};
    bool found = false;
    for (size_t i = 0; i < G_N_ELEMENTS(passing); i++) {
        found |= g_error_matches(error, POSTERN_ERROR, passing[i]);
    }
    return found;
}

/* What the password comes from now will not be there, or has not been kept, later. */
static void tell_of_no_password(const SendOptions *o, const SessionPlan *plan)
{
    g_auto(PasswordWay) way = password_way(&o->connect, NULL);
    bool kept = way.kind == PASSWORD_BY_COMMAND || way.kind == PASSWORD_BY_FILE ||
                o->connect.account || o->connect.token_command;
    if (plan->credentials.user && !kept && !o->connect.quiet) {
        fputs("=== no password is kept with it: --flush and --daemon need $POSTERN_PASSWORD or "
              "~/.netrc (a --password-command or an --account is kept)\n",
              stderr);
    }
}

static void print_queued(const SendOptions *o, const char *id, const Outgoing *message)
{
    if (o->json) {
        g_autofree char *line = spool_added_json(id, message);
        puts(line);
    } else if (!o->connect.quiet) {
        printf("queued as %s\n", id);
    }
}

/* The way to the server is looked at as far as that goes without the network. */
int send_queue(const SendOptions *o, const char *url)
{
    GError *error = NULL;
    SendShow show = {0};
    g_autoptr(Connection) c = send_connection(o, url, &show, &error);
    if (!c) {
        return command_fail(error);
    }
    const SessionPlan *plan = connection_plan(c);
    g_autofree char *from = send_default_from(plan->credentials.user, plan->target->host);
    g_autoptr(Outgoing) message = send_message(o, from, &error);
    g_autofree char *id = message ? send_enqueue(o, url, message, NULL, NULL, &error) : NULL;
    if (!id) {
        return command_fail(error);
    }
    print_queued(o, id, message);
    tell_of_no_password(o, plan);
    return 0;
}

/* --- looking --- */

static int list(const SendOptions *o)
{
    GError *error = NULL;
    g_autoptr(Spool) spool = send_spool(o, &error);
    g_autoptr(GPtrArray) jobs = spool ? spool_list(spool, &error) : NULL;
    if (!jobs) {
        return command_fail(error);
    }
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;
    for (guint i = 0; i < jobs->len; i++) {
        const SpoolJob *job = g_ptr_array_index(jobs, i);
        g_autofree char *line = o->json ? spool_job_json(job) : spool_job_text(job, now);
        puts(line);
    }
    if (!jobs->len && !o->json && !o->connect.quiet) {
        fprintf(stderr, "=== nothing waits in %s\n", spool_path(spool));
    }
    return 0;
}

/* --- changing --- */

typedef bool (*Change)(Spool *spool, SpoolJob *job, GError **error);

static bool hold(Spool *spool, SpoolJob *job, GError **error)
{
    job->held = true;
    return spool_save(spool, job, error);
}

/* It is tried at once. */
static bool release(Spool *spool, SpoolJob *job, GError **error)
{
    job->held = false;
    job->next = g_get_real_time() / G_USEC_PER_SEC;
    return spool_save(spool, job, error);
}

static bool drop(Spool *spool, SpoolJob *job, GError **error)
{
    return spool_remove(spool, job, error);
}

static bool change_one(Spool *spool, const char *id, Change change, GError **error)
{
    bool busy = false;
    g_autoptr(SpoolJob) job = spool_take(spool, id, &busy);
    g_autofree char *shown = escape_line_max(bytes_of(id), 60);
    if (busy) {
        return error_fail(error, POSTERN_ERROR_TEMPFAIL, "%s is being delivered right now", shown);
    }
    if (!job) {
        return error_fail(error, POSTERN_ERROR_NO_INPUT, "there is no %s in %s", shown,
                          spool_path(spool));
    }
    return change(spool, job, error);
}

/* "ALL" stands for every message. */
static int change_all(Spool *spool, char *const *ids, Change change)
{
    int status = 0;
    GError *error = NULL;
    g_autoptr(GPtrArray) jobs = spool_list(spool, &error);
    if (!jobs) {
        return command_fail(error);
    }
    for (char *const *id = ids; id && *id; id++) {
        bool all = !strcmp(*id, "ALL");
        for (guint i = 0; i < (all ? jobs->len : 1); i++) {
            const SpoolJob *listed = all ? g_ptr_array_index(jobs, i) : NULL;
            error = NULL;
            if (!change_one(spool, all ? listed->id : *id, change, &error)) {
                int failed = command_fail(error);
                status = MAX(status, failed);
            }
        }
    }
    return status;
}

int send_queue_manage(const SendOptions *o)
{
    GError *error = NULL;
    g_autoptr(Spool) spool = send_spool(o, &error);
    if (!spool) {
        return command_fail(error);
    }
    const struct {
        char *const *ids;
        Change change;
    } wishes[] = {{o->queue_hold, hold}, {o->queue_release, release}, {o->queue_remove, drop}};
    int status = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(wishes); i++) {
        if (wishes[i].ids) {
            int one = change_all(spool, wishes[i].ids, wishes[i].change);
            status = MAX(status, one);
        }
    }
    int listed = o->queue_list ? list(o) : 0;
    return MAX(status, listed);
}
