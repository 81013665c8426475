/* send_way.c: what goes the same way is handed over, in the order it came. Each message is locked
 * while it is worked on, and its state is on disk before anybody hears of it. */
#include "cmd/send_way.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "cmd/send_failure.h"
#include "io/sched.h"
#include "send/batch.h"

/* Locks are open files: so many messages are locked at a time, shared by the ways; and by each at
 * least so many. */
enum { LOCKED_MAX = 200, LOCKED_LEAST = 8 };

static int64_t now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

bool way_is_of(const Way *w, const SpoolJob *job)
{
    return !g_strcmp0(w->url, job->url) &&
           g_strv_equal((const char *const *)w->options, (const char *const *)job->options);
}

Way *way_new(Flush *f, const SpoolJob *job)
{
    Way *w = g_new0(Way, 1);
    w->flush = f;
    w->url = g_strdup(job->url);
    w->options = g_strdupv(job->options);
    w->taken = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)spool_job_free);
    return w;
}

void way_free(Way *w)
{
    g_queue_clear_full(&w->due, g_free);
    g_hash_table_destroy(w->taken);
    g_strfreev(w->options);
    g_free(w->url);
    g_free(w);
}

bool flush_is_due(const Flush *f, const SpoolJob *job)
{
    bool at_once = f->options->now && !f->options->daemon;
    return !job->held && (at_once || job->next <= now());
}

/* --- what became of one --- */

static void say(const Flush *f, const SpoolJob *job, const char *text, bool bad)
{
    if (!f->show.quiet || bad) {
        g_autofree char *shown = escape_line_max(bytes_of(text), 700);
        fprintf(bad ? stderr : stdout, "%s: %s\n", job->id, shown);
        fflush(stdout);
    }
}

/* The job is done with: it goes, waits on, or, when nobody can be told that it failed, is held.
 * Takes it out of the table. */
static bool put_down(Way *w, SpoolJob *job, GError **error)
{
    Flush *f = w->flush;
    bool done = !job->recipients[0];
    bool good = done ? spool_remove(f->spool, job, error) : spool_save(f->spool, job, error);
    f->waiting += !done;
    g_hash_table_remove(w->taken, job->id);
    return good;
}

static double first_wait(const Flush *f)
{
    return f->options->retry_after > 0 ? f->options->retry_after : SEND_QUEUE_RETRY;
}

/* Those that are left: later, or, past its time, never. */
static bool put_off(Flush *f, SpoolJob *job, const char *why, bool by_server, GError **error)
{
    spool_job_put_off(job, first_wait(f), why);
    if (now() < job->expires) {
        return true;
    }
    SendFailure failure = {.spool = f->spool, .job = job, .notices = f->options->notices};
    failure.expired = true;
    for (char **left = job->recipients; *left; left++) {
        send_failure_add(&failure, *left, NULL, why, by_server);
    }
    f->failed++;
    say(f, job, "given up, its time is over", true);
    return send_failure_tell(&failure, error);
}

static char *words_of(const SmtpAnswer *answer)
{
    return answer->code ? g_strdup_printf("%u %s", answer->code, answer->text ? answer->text : "")
                        : g_strdup("the connection broke before the server had answered");
}

/* One that was handed over, in part or whole. A BatchPlan's write. */
static bool write_down(void *user, const BatchItem *item, const Submission *s, GError **error)
{
    Way *w = user;
    Flush *f = w->flush;
    SpoolJob *job = g_hash_table_lookup(w->taken, item->key);
    SendFailure failure = {
        .spool = f->spool, .job = job, .notices = f->options->notices, .server = item->name};
    g_autofree char *later = NULL;
    bool taken = false;
    for (size_t i = 0; i < s->n; i++) {
        const SmtpRecipient *r = &s->recipients[i];
        g_autofree char *line = send_result_line(s, i);
        line[strcspn(line, "\n")] = '\0';
        say(f, job, line, r->fate == SMTP_REFUSED);
        taken |= r->fate == SMTP_ACCEPTED;
        if (r->fate == SMTP_ACCEPTED) {
            spool_job_decided(job, r->address);
        } else if (r->fate == SMTP_REFUSED) {
            g_autofree char *said = words_of(&r->answer);
            send_failure_add(&failure, r->address, r->answer.enhanced, said, true);
        } else if (!later) {
            later = words_of(&r->answer);
        }
    }
    f->failed += failure.n > 0;
    f->delivered += taken && !failure.n && !later;
    return send_failure_tell(&failure, error) && (!later || put_off(f, job, later, true, error)) &&
           put_down(w, job, error);
}

/* Nothing was handed over: it does not fit, or cannot be read. */
static bool give_up(Way *w, SpoolJob *job, const GError *why, GError **error)
{
    Flush *f = w->flush;
    if (!g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_DATA)) {
        say(f, job, why->message, true);
        return put_off(f, job, why->message, false, error) && put_down(w, job, error);
    }
    SendFailure failure = {.spool = f->spool, .job = job, .notices = f->options->notices};
    for (char **left = job->recipients; *left; left++) {
        send_failure_add(&failure, *left, NULL, why->message, false);
    }
    f->failed++;
    say(f, job, why->message, true);
    return send_failure_tell(&failure, error) && put_down(w, job, error);
}

typedef struct {
    Way *way;
    const BatchEvent *event;
} Told;

static void told_now(void *user)
{
    const Told *t = user;
    SpoolJob *job = g_hash_table_lookup(t->way->taken, t->event->item->key);
    g_autoptr(GError) problem = NULL;
    if (job && t->event->error && !give_up(t->way, job, t->event->error, &problem)) {
        fprintf(stderr, "postern: %s\n", problem->message);
    }
}

/* Those with a Submission have been written down. */
static void told(void *user, const BatchEvent *event)
{
    Told t = {user, event};
    if (!event->submission) {
        sched_on_big_stack(told_now, &t);
    }
}

/* --- those that go the same way --- */

static BatchItem *item_of(const Flush *f, const SpoolJob *job, const char *server)
{
    BatchItem *item = g_new0(BatchItem, 1);
    item->key = g_strdup(job->id);
    item->name = g_strdup(server);
    item->file = spool_text_path(f->spool, job->id);
    item->length = -1;
    item->sender = g_strdup(job->sender);
    item->recipients = g_strdupv(job->recipients);
    return item;
}

/* An id begins with the time. */
static int by_age(gconstpointer a, gconstpointer b)
{
    return strcmp((*(BatchItem *const *)a)->key, (*(BatchItem *const *)b)->key);
}

static GPtrArray *items_of(const Way *w, const Target *target)
{
    GPtrArray *items = g_ptr_array_new_with_free_func((GDestroyNotify)batch_item_free);
    GHashTableIter iter;
    gpointer job;
    g_hash_table_iter_init(&iter, w->taken);
    while (g_hash_table_iter_next(&iter, NULL, &job)) {
        g_ptr_array_add(items, item_of(w->flush, job, target->host ? target->host : "localhost"));
    }
    g_ptr_array_sort(items, by_age);
    return items;
}

static bool send_taken(Way *w, const SendOptions *options, Connection *c, GError **error)
{
    const Flush *f = w->flush;
    g_autoptr(GPtrArray) items = items_of(w, connection_target(c));
    SessionPlan *session = connection_plan(c);
    if (!f->show.dialogue && !f->show.transcript) {
        session->observer = NULL; /* nobody looks on */
    }
    BatchPlan plan = {
        .session = session,
        .upto = send_top_stage(c),
        .wishes = send_wishes(options),
        .recode = send_recode,
        .outgoing = {.as_is = true},
        .write = write_down,
        .connections = (unsigned)MAX(f->options->connections, 1),
        .told = told,
        .user = w,
    };
    BatchCount count;
    return batch_run(&plan, items, &count, error);
}

/* What is still locked had no turn: the server could not be reached, or would not have us. */
static bool put_off_rest(Way *w, const GError *why, GError **error)
{
    g_autoptr(GList) left = g_hash_table_get_values(w->taken);
    if (why) {
        g_autofree char *shown = escape_line_max(bytes_of(why->message), 700);
        fprintf(stderr, "=== %s\n", shown);
    }
    bool good = true;
    for (GList *link = left; link && good; link = link->next) {
        SpoolJob *job = link->data;
        const char *text = why ? why->message : "it had no turn";
        good = put_off(w->flush, job, text, false, error) && put_down(w, job, error);
    }
    return good;
}

/* Locks the oldest of those that are due. */
static void take_some(Way *w)
{
    Flush *f = w->flush;
    guint most = MAX(LOCKED_MAX / MIN(f->ways->len, f->gate.limit), LOCKED_LEAST);
    char *id;
    while (g_hash_table_size(w->taken) < most && (id = g_queue_pop_head(&w->due))) {
        bool busy;
        SpoolJob *job = spool_take(f->spool, id, &busy);
        g_free(id);
        if (job && flush_is_due(f, job)) {
            g_hash_table_insert(w->taken, job->id, job);
            w->busy = true;
        } else {
            spool_job_free(job);
        }
    }
}

/* The options as they were when these messages were queued. */
static Connection *open_way(Way *w, SendOptions *options, GError **error)
{
    const Option *const tables[] = {connect_options, cmd_send.options, NULL};
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (char *)"send");
    for (char **word = w->options; *word; word++) {
        g_ptr_array_add(argv, *word);
    }
    g_ptr_array_add(argv, NULL);
    g_auto(GStrv) rest = NULL;
    bool help;
    bool good = options_parse(tables, options, (char **)argv->pdata, &rest, &help, error);
    Connection *c = good ? send_connection(options, w->url, &w->flush->show, error) : NULL;
    if (c) {
        connection_ask_in_turn(c, &w->flush->asking);
    }
    return c;
}

/* One go at some of them. What does not wait runs on the thread's own stack. */
typedef struct {
    Way *way;
    SendOptions options;
    Connection *connection;
    GError *why;   /* they could not be sent, or not all of them */
    GError *error; /* what became of them could not be written down */
} Go;

static void begin(void *user)
{
    Go *g = user;
    take_some(g->way);
    if (g_hash_table_size(g->way->taken)) {
        g->connection = open_way(g->way, &g->options, &g->why);
    }
}

static void end(void *user)
{
    Go *g = user;
    bool cancelled = g_error_matches(g->why, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    if (cancelled) {
        g->error = g_error_copy(g->why);
    } else if (g->why || g_hash_table_size(g->way->taken)) {
        put_off_rest(g->way, g->why, &g->error);
    }
    g_hash_table_remove_all(g->way->taken);
    g_clear_error(&g->why);
    connection_free(g->connection);
    const Option *const tables[] = {connect_options, cmd_send.options, NULL};
    options_clear(tables, &g->options);
}

bool way_go(Way *w, GError **error)
{
    while (!g_queue_is_empty(&w->due) && !w->flush->error) {
        Go g = {.way = w};
        sched_on_big_stack(begin, &g);
        if (g.connection) {
            send_taken(w, &g.options, g.connection, &g.why);
        }
        sched_on_big_stack(end, &g);
        if (g.error) {
            g_propagate_error(error, g.error);
            return false;
        }
    }
    return true;
}
