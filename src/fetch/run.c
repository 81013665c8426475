/* run.c: one account, from the first connection to the last confirmation. */
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "fetch/run_inside.h"
#include "io/child.h"

/* How long one connection idles on one folder while others of the account are to be looked at. */
#define ROUND_SECONDS 300
/* Characters of a server's words in a note. */
#define WORDS_MAX 200

void fetch_totals_add(FetchTotals *to, const FetchTotals *from)
{
    to->listed += from->listed;
    to->wanted += from->wanted;
    to->wanted_bytes += from->wanted_bytes;
    to->fetched += from->fetched;
    to->bytes += from->bytes;
    to->known += from->known;
    to->removed += from->removed;
    to->oversize += from->oversize;
    to->kept_back += from->kept_back;
    to->gone += from->gone;
}

void fetch_outcome_clear(FetchOutcome *outcome)
{
    g_clear_error(&outcome->error);
}

void run_tell(const Run *run, FetchEvent event)
{
    event.totals = run->totals;
    if (run->watcher != NULL) {
        run->watcher->told(run->watcher->user, run->job, &event);
    }
}

void run_warn(const Run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    run_tell(run, (FetchEvent){.kind = FETCH_EVENT_WARNING, .text = text});
}

const char *run_host(const Run *run)
{
    const Target *target = run->job->plan->target;
    return target->host != NULL ? target->host : target->unix_path;
}

/* --- getting there --- */

static Session *open_session(const FetchJob *job, GError **error)
{
    if (job->plugin == NULL) {
        return session_new(job->plan);
    }
    Stream *stream = child_stream((const char *const *)job->plugin, error);
    return stream != NULL ? session_new_over(job->plan, stream) : NULL;
}

bool run_wants_news_only(const Run *run)
{
    return run->mode == FETCH_RUN && run->job->which != FETCH_ALL;
}

static bool is_pop3(const Run *run)
{
    return strcmp(run->job->plan->target->scheme->proto->name, "pop3") == 0;
}

static void disconnect(Run *run)
{
    g_clear_pointer(&run->source, source_free);
    g_clear_pointer(&run->session, session_free);
}

/* --- few round trips: what the server could do the last time is a good guess --- */

/* After TLS, before the login: what is worth remembering. POP3 servers must say that they take
 * commands ahead (RFC 2449 6.6); IMAP servers all do (RFC 3501 5.5). */
static char *worth_remembering(const Run *run)
{
    const Session *s = run->session;
    bool able = !is_pop3(run) || caps_has(s->caps, "PIPELINING");
    return able && run->mode == FETCH_RUN && !s->guessed ? session_remember(s) : NULL;
}

/* `before` is what the state has, `now` what was found. A guess that failed where the same without
 * one did not is not made again. */
static bool remember(const Run *run, const char *before, const char *now, bool misled,
                     GError **error)
{
    const Session *s = run->session;
    if (misled) {
        return state_account_set_caps(run->state, run->account, "", error);
    }
    if (s->guessed && !s->changed) {
        return true;
    }
    bool keep = before != NULL && !before[0];
    return keep || g_strcmp0(before, now) == 0 ||
           state_account_set_caps(run->state, run->account, now, error);
}

/* The ladder once; *ret_now: what is to be remembered of it. Suspends. */
static bool climb(Run *run, const char *remembered, char **ret_now, GError **error)
{
    run->session = open_session(run->job, error);
    if (run->session == NULL) {
        return false;
    }
    run->session->remembered = remembered;
    run->session->wants_utf8 = true;
    if (is_pop3(run) && run_wants_news_only(run)) {
        run->session->after_login = source_after_login;
    }
    bool good = session_climb(run->session, STAGE_TLS, error);
    *ret_now = good ? worth_remembering(run) : NULL;
    good = good && session_climb(run->session, STAGE_AUTH, error);
    run->session->remembered = NULL;
    run->outcome->reached = run->session->reached;
    return good;
}

/* May a failure be the guess's fault? */
static bool may_be_misled(const Run *run, const GError *error)
{
    return run->session != NULL && run->session->guessed && run->job->plugin == NULL &&
           !g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED) &&
           !g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
}

static void tell_refusals(const Run *run)
{
    if (run->session->utf8_refused != NULL) {
        g_autofree char *words = escape_line_max(bytes_of(run->session->utf8_refused), WORDS_MAX);
        g_autofree char *text =
            g_strdup_printf("the server offers UTF8 and refuses it: \"%s\"", words);
        run_tell(run, (FetchEvent){.kind = FETCH_EVENT_NOTE, .text = text});
    }
}

static bool log_in(Run *run, GError **error)
{
    g_autofree char *before = NULL, *now = NULL;
    g_autoptr(GError) problem = NULL;
    if (!state_account_caps(run->state, run->account, &before, error)) {
        return false;
    }
    bool good = climb(run, before, &now, &problem);
    bool misled = !good && may_be_misled(run, problem);
    if (misled) {
        g_clear_error(&problem);
        disconnect(run);
        g_clear_pointer(&now, g_free);
        good = climb(run, NULL, &now, &problem);
    }
    if (!good) {
        g_propagate_error(error, g_steal_pointer(&problem));
        /* It was not the guess: what is known is asked for anew. */
        if (misled) {
            state_account_set_caps(run->state, run->account, NULL, NULL);
        }
        return false;
    }
    tell_refusals(run);
    return run->mode != FETCH_RUN || remember(run, before, now, misled, error);
}

/* What is less than verified TLS is told: a warning, unless it was asked for in so many words or
 * the way does not leave this machine. */
static void tell_safety(const Run *run)
{
    const Session *s = run->session;
    bool open = !wire_encrypted(s->wire) && !s->dialled.private_way;
    bool anybody = s->peer != NULL && !s->peer->verified;
    if (!open && !anybody) {
        return;
    }
    bool asked_for = s->plan->tls.demand == TLS_OFF || s->plan->tls.no_verify;
    g_autofree char *text =
        open ? g_strdup_printf("going on with %s WITHOUT TLS", run_host(run))
             : g_strdup_printf("the certificate of %s is NOT verified", run_host(run));
    run_tell(run, (FetchEvent){.kind = asked_for || s->dialled.loopback ? FETCH_EVENT_NOTE
                                                                        : FETCH_EVENT_WARNING,
                               .text = text});
}

static bool connect_to(Run *run, GError **error)
{
    if (!log_in(run, error)) {
        return false;
    }
    g_autofree char *whom = session_whom(run->session);
    run_tell(run, (FetchEvent){.kind = FETCH_EVENT_CONNECTED, .text = whom});
    tell_safety(run);
    run->source = source_open(run->session, !run->job->no_compress, error);
    return run->source != NULL;
}

static bool prepare(Run *run, GError **error)
{
    const FetchJob *job = run->job;
    bool imap = !is_pop3(run);
    bool wants_imap = job->after == FETCH_MOVE || job->after == FETCH_FLAG ||
                      job->which == FETCH_UNSEEN || job->since > 0;
    if (!imap && wants_imap) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "POP3 has neither flags nor dates nor folders: --unseen, --since, "
                          "--after=move: and --after=flag: take IMAP");
    }
    bool delivers = run->mode == FETCH_RUN || run->mode == FETCH_COMPARE;
    if (delivers) {
        run->delivery = deliver_open(&job->deliver, job->name, error);
    }
    return (!delivers || run->delivery != NULL) &&
           state_account_id(run->state, job->key, job->name, &run->account, error);
}

/* --- folders --- */

static bool do_folders(Run *run, GPtrArray *folders, GError **error)
{
    for (guint i = 0; i < folders->len; i++) {
        if (!folder_do(run, g_ptr_array_index(folders, i), error)) {
            return false;
        }
    }
    return true;
}

/* Written down and told now: the end of a connection that stays may be days away. */
static bool passed(Run *run, GError **error)
{
    if (!state_account_ran(run->state, run->account, run->totals->fetched, run->totals->bytes, NULL,
                           error)) {
        return false;
    }
    run_tell(run, (FetchEvent){.kind = FETCH_EVENT_PASSED, .count = run->outcome->passes});
    *run->totals = (FetchTotals){0};
    run->outcome->passes++;
    return true;
}

/* Again and again, whenever the first folder has news. */
static bool stay(Run *run, GPtrArray *folders, GError **error)
{
    while (passed(run, error)) {
        bool news = false;
        Deadline until = folders->len > 1 ? deadline_in(ROUND_SECONDS) : DEADLINE_NEVER;
        bool awaited = source_idle(run->source, until, &news, error);
        /* After a look at the others the first is selected last, to be idled on. */
        if (!awaited || !do_folders(run, folders, error)) {
            return false;
        }
        if (folders->len > 1 && !folder_do(run, g_ptr_array_index(folders, 0), error)) {
            return false;
        }
    }
    return false;
}

static bool collect(Run *run, GError **error)
{
    static const char *const inbox[] = {"INBOX", NULL};
    const char *const *patterns =
        run->job->folders != NULL ? (const char *const *)run->job->folders : inbox;
    if (!connect_to(run, error)) {
        return false;
    }
    g_autoptr(GPtrArray) folders = source_folders(run->source, patterns, error);
    if (folders == NULL) {
        return false;
    }
    if (folders->len == 0) {
        g_autofree char *asked = g_strjoinv(",", (char **)patterns);
        return error_fail(error, POSTERN_ERROR_UNAVAILABLE, "no folder there matches %s", asked);
    }
    if (!do_folders(run, folders, error)) {
        return false;
    }
    if (run->job->idle && run->mode == FETCH_RUN && source_is_imap(run->source)) {
        return stay(run, folders, error);
    }
    bool confirmed = source_finish(run->source, error);
    if (!confirmed && run->leaving->len == 0) {
        g_clear_error(error); /* nothing hangs on the server's goodbye */
        return true;
    }
    return confirmed && run_removed(run, error);
}

static bool told_of_kept_back(const Run *run, GError **error)
{
    unsigned n = run->totals->kept_back;
    return n == 0 || error_fail(error, POSTERN_ERROR_TEMPFAIL,
                                "%u message%s not taken and stay%s on the server", n,
                                n == 1 ? " was" : "s were", n == 1 ? "s" : "");
}

/* --- all of it --- */

static bool do_run(Run *run, GError **error)
{
    return prepare(run, error) && collect(run, error) && told_of_kept_back(run, error);
}

static bool with_hooks(Run *run, GError **error)
{
    const FetchJob *job = run->job;
    if (job->before != NULL &&
        !run_hook(job->before, "before", &run->outcome->command_status, error)) {
        return false;
    }
    bool good = do_run(run, error);
    disconnect(run);
    int status = 0;
    return job->after_run == NULL
               ? good
               : run_hook(job->after_run, "after", &status, good ? error : NULL) && good;
}

static void write_result(Run *run, const GError *failure)
{
    g_autoptr(GError) problem = NULL;
    bool interrupted = g_error_matches(failure, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    bool counts = run->mode == FETCH_RUN && run->account > 0 && !interrupted;
    if (counts &&
        !state_account_ran(run->state, run->account, run->totals->fetched, run->totals->bytes,
                           failure != NULL ? failure->message : NULL, &problem)) {
        run_warn(run, "%s", problem->message);
    }
}

static void clear_leaving(gpointer leaving)
{
    g_free((char *)((Leaving *)leaving)->row.id);
}

static char *host_name(void)
{
    char name[256] = "localhost";
    gethostname(name, sizeof(name) - 1);
    return g_strdup(name);
}

bool fetch_account(const FetchJob *job, FetchMode mode, State *state, const FetchWatcher *watcher,
                   FetchOutcome *outcome)
{
    *outcome = (FetchOutcome){.job = job};
    Run run = {.job = job,
               .mode = mode,
               .state = state,
               .watcher = watcher,
               .outcome = outcome,
               .totals = &outcome->totals,
               .left = job->limit > 0 ? job->limit : UINT_MAX,
               .again = job->which == FETCH_ALL ? g_get_real_time() : 0,
               .local = host_name(),
               .leaving = g_array_new(FALSE, FALSE, sizeof(Leaving))};
    g_array_set_clear_func(run.leaving, clear_leaving);
    bool good = with_hooks(&run, &outcome->error);
    write_result(&run, outcome->error);
    disconnect(&run);
    deliver_free(run.delivery);
    g_array_unref(run.leaving);
    g_free(run.local);
    return good;
}
