/* fetch_jobs.c: words of the command line, options and accounts made into jobs. What the command
 * line says wins over the account. */
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "cmd/connection.h"
#include "cmd/fetch.h"
#include "config/accounts_keys.h"

/* What a job borrows from. */
typedef struct {
    ConnectOptions options; /* a copy that names the account; its strings are the command line's */
    Connection *connection;
    ConnectOptions smtp_options;
    Connection *smtp;
} Owner;

static void owner_free(gpointer user)
{
    Owner *owner = user;
    connection_free(owner->connection);
    connection_free(owner->smtp);
    g_free(owner);
}

static bool is_mail_store(const Target *target)
{
    const char *proto = target->scheme->proto->name;
    return strcmp(proto, "pop3") == 0 || strcmp(proto, "imap") == 0;
}

bool fetch_parse_interval(const char *text, double *ret)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}};
    char *end = NULL;
    double number = g_ascii_strtod(text, &end);
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (g_ascii_isdigit(*text) && number > 0 && number < 1e8 &&
            strcmp(end, units[i].unit) == 0) {
            *ret = number * units[i].seconds;
            return true;
        }
    }
    return false;
}

/* --- the options of one job --- */

static char **split_lists(char *const *lists)
{
    GPtrArray *words = g_ptr_array_new();
    for (; lists != NULL && *lists != NULL; lists++) {
        g_auto(GStrv) parts = g_strsplit(*lists, ",", -1);
        for (char **part = parts; *part != NULL; part++) {
            if (*g_strstrip(*part) != '\0') {
                g_ptr_array_add(words, g_strdup(*part));
            }
        }
    }
    if (words->len == 0) {
        g_ptr_array_unref(words);
        return NULL;
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

static bool fail_value(const char *option, const char *value, const char *expected, GError **error)
{
    g_autofree char *shown = escape_line_max(bytes_of(value), 40);
    return error_fail(error, POSTERN_ERROR_USAGE, "--%s takes %s, not \"%s\"", option, expected,
                      shown);
}

static bool take_since(FetchJob *job, const char *text, GError **error)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    g_autofree char *whole = g_strdup_printf("%sT00:00:00", text);
    g_autoptr(GDateTime) when =
        strlen(text) == 10 ? g_date_time_new_from_iso8601(whole, zone) : NULL;
    if (when == NULL) {
        return fail_value("since", text, "a date as in 2026-01-31", error);
    }
    job->since = g_date_time_to_unix(when);
    return true;
}

static bool take_sizes(FetchJob *job, const FetchOptions *o, const Account *a, GError **error)
{
    int64_t size = a->max_size;
    if (o->max_size != NULL && !account_size_parse(o->max_size, &size)) {
        return fail_value("max-size", o->max_size, "a size such as 500k, 25M or 1G", error);
    }
    job->max_size = size > 0 ? (uint64_t)size : 0;
    job->oversize =
        g_strcmp0(o->oversize, "header") == 0 ? FETCH_OVERSIZE_HEADER : FETCH_OVERSIZE_SKIP;
    return o->since == NULL || take_since(job, o->since, error);
}

static bool take_after(FetchJob *job, const FetchOptions *o, const Account *a, GError **error)
{
    if (o->keep && (o->after != NULL || o->keep_days > 0)) {
        return error_fail(error, POSTERN_ERROR_USAGE, "--keep and %s exclude each other",
                          o->after != NULL ? "--after" : "--keep-days");
    }
    bool own = o->keep || o->after != NULL || o->keep_days > 0;
    job->keep_days = own ? o->keep_days : MAX(a->keep_days, 0);
    job->flush = true; /* what is safely here is safely here, whichever run fetched it */
    const char *after = o->keep              ? "keep"
                        : o->after           ? o->after
                        : own                ? "delete"
                        : a->after           ? a->after
                        : job->keep_days > 0 ? "delete"
                                             : "keep";
    return fetch_job_set_after(job, after, error);
}

static void take_deliver(FetchJob *job, const FetchOptions *o, const Account *a)
{
    DeliverPlan *d = &job->deliver;
    d->to = g_strdup(o->to != NULL ? o->to : a->to);
    d->recipients = o->recipients != NULL ? g_strdupv(o->recipients) : NULL;
    d->shell = o->shell;
    d->crlf = o->crlf;
    d->invisible = o->invisible;
    d->lone_folder = o->flat;
}

static bool check_numbers(const FetchOptions *o, GError **error)
{
    const struct {
        const char *name;
        int value;
    } numbers[] = {{"keep-days", o->keep_days}, {"limit", o->limit}, {"parallel", o->parallel}};
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (numbers[i].value < 0) {
            return error_fail(error, POSTERN_ERROR_USAGE, "--%s takes a number from 1 on",
                              numbers[i].name);
        }
    }
    return true;
}

static bool take_options(FetchJob *job, const FetchOptions *o, const Account *a, GError **error)
{
    job->folders = o->folders != NULL ? split_lists(o->folders) : g_strdupv(a->folders);
    job->which = o->all ? FETCH_ALL : o->unseen ? FETCH_UNSEEN : FETCH_NEW;
    job->limit = (unsigned)MAX(o->limit, 0);
    job->before = g_strdup(o->before);
    job->after_run = g_strdup(o->after_run);
    job->idle = o->idle;
    job->no_compress = o->no_imap_compress;
    take_deliver(job, o, a);
    return check_numbers(o, error) && take_sizes(job, o, a, error) &&
           take_after(job, o, a, error) && deliver_check(&job->deliver, error);
}

/* --- handing over by LMTP and SMTP --- */

static bool is_url_of_smtp(const char *to)
{
    return to != NULL && strstr(to, "://") != NULL && *to != '|';
}

/* Its own options: what leads to the mailbox does not lead to the mail server. */
static bool take_smtp(FetchJob *job, Owner *owner, const FetchOptions *o, GError **error)
{
    if (!is_url_of_smtp(job->deliver.to)) {
        return true;
    }
    owner->smtp_options = (ConnectOptions){.ca_file = o->connect.ca_file,
                                           .ca_path = o->connect.ca_path,
                                           .dns = o->connect.dns,
                                           .config = o->connect.config,
                                           .timeout = o->connect.timeout,
                                           .quiet = o->connect.quiet};
    owner->smtp = connection_new(&owner->smtp_options, job->deliver.to, NULL, error);
    if (owner->smtp == NULL) {
        return error_prefix(error, "--to");
    }
    job->deliver.smtp_plan = connection_plan(owner->smtp);
    return true;
}

/* --- one job --- */

static char *name_of(const Connection *c)
{
    if (c->account->name != NULL) {
        return g_strdup(c->account->name);
    }
    g_autofree char *url = target_text(c->target);
    const char *user = c->plan.credentials.user;
    const char *rest = strstr(url, "://");
    return user != NULL && c->target->user == NULL && rest != NULL
               ? g_strdup_printf("%.*s://%s@%s", (int)(rest - url), url, user, rest + 3)
               : g_steal_pointer(&url);
}

static bool finish_job(FetchRun *run, FetchJob *job, Owner *owner, GError **error)
{
    Connection *c = owner->connection;
    SessionPlan *plan = connection_plan(c);
    if (!is_mail_store(c->target)) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "mail is fetched from pop3s://, imaps://, pop3:// or imap://, not from "
                          "%s://",
                          c->target->scheme->name);
    }
    connection_ask_in_turn(c, &run->asking);
    job->plan = plan;
    job->name = name_of(c);
    job->key = fetch_job_key(c->target, plan->credentials.user);
    return take_options(job, run->options, c->account, error) &&
           take_smtp(job, owner, run->options, error);
}

/* `word` is an address, or NULL with `account`. */
static bool add_job(FetchRun *run, const char *word, const char *account, GError **error)
{
    Owner *owner = g_new0(Owner, 1);
    g_autoptr(FetchJob) job = fetch_job_new(NULL);
    job->release = owner_free;
    job->owner = owner;
    owner->options = run->options->connect;
    owner->options.account = account != NULL ? (char *)account : owner->options.account;
    owner->connection = connection_new(&owner->options, word, NULL, error);
    if (owner->connection == NULL || !finish_job(run, job, owner, error)) {
        return false;
    }
    g_ptr_array_add(run->jobs, g_steal_pointer(&job));
    return true;
}

/* --- all of them --- */

static bool add_all_accounts(FetchRun *run, GError **error)
{
    g_autoptr(GPtrArray) accounts = accounts_load(run->options->connect.config, error);
    if (accounts == NULL) {
        return false;
    }
    for (guint i = 0; i < accounts->len; i++) {
        const Account *a = g_ptr_array_index(accounts, i);
        g_autoptr(Target) target = a->url != NULL ? target_parse(a->url, NULL, NULL) : NULL;
        if (target != NULL && is_mail_store(target) && !add_job(run, NULL, a->name, error)) {
            return false;
        }
    }
    return run->jobs->len > 0 ||
           error_fail(error, POSTERN_ERROR_USAGE,
                      "no server is named and no account has an address of POP3 or IMAP: give an "
                      "address such as imaps://joe@mail.example.org");
}

bool fetch_jobs_from_words(FetchRun *run, char *const *words, GError **error)
{
    if (*words == NULL) {
        return run->options->connect.account != NULL ? add_job(run, NULL, NULL, error)
                                                     : add_all_accounts(run, error);
    }
    for (; *words != NULL; words++) {
        bool address = strstr(*words, "://") != NULL;
        if (!add_job(run, address ? *words : NULL, address ? NULL : *words, error)) {
            return false;
        }
    }
    return true;
}
