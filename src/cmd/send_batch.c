/* send_batch.c: many messages over a few connections, a result line each at once. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/command.h"
#include "cmd/interrupt.h"
#include "cmd/send.h"
#include "config/accounts.h"
#include "report/send_lines.h"
#include "send/batch.h"

enum {
    RETRIES = 3,
    RETRIES_MAX = 1000,
    RETRY_AFTER = 30,
    CONNECTIONS_MAX = 100,
    KEPT_OCTETS = 8 << 20
};

typedef struct {
    const SendOptions *options;
    SendShow show;
    Connection *connection;
    char *server, *from;
    GPtrArray *items;
    Journal *journal;
    char *journal_file;
    size_t decided;
    gint64 began, drawn;
    bool progress; /* a line that is drawn over */
    bool shared;   /* the results go to the same terminal: each takes the line's place */
} Many;

/* --- where the messages are --- */

static bool is_new_key(GHashTable *keys, const BatchItem *item, GError **error)
{
    return g_hash_table_add(keys, item->key) ||
           error_fail(error, POSTERN_ERROR_DATA, "a line before it has that id, too");
}

static bool read_lines(Many *m, GError **error)
{
    g_autoptr(GByteArray) all = send_read("-", "the batch", error);
    if (!all) {
        return false;
    }
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
    m->items = g_ptr_array_new_with_free_func((GDestroyNotify)batch_item_free);
    Bytes rest = bytes_of_array(all);
    for (unsigned number = 1; rest.len; number++) {
        gssize end = bytes_index(rest, '\n');
        Bytes line = bytes_trim(bytes_sub(rest, 0, end < 0 ? rest.len : (size_t)end));
        rest = bytes_sub(rest, end < 0 ? rest.len : (size_t)end + 1, rest.len);
        if (!line.len) {
            continue;
        }
        char *text = bytes_dup(line);
        unsigned nth = GPOINTER_TO_UINT(g_hash_table_lookup(seen, text));
        g_hash_table_insert(seen, text, GUINT_TO_POINTER(nth + 1));
        BatchItem *item = send_line_item(line, nth, error);
        if (!item || !is_new_key(keys, item, error)) {
            batch_item_free(item);
            return error_prefix(error, "line %u of the batch", number);
        }
        g_ptr_array_add(m->items, item);
    }
    return true;
}

static bool list_items(Many *m, GError **error)
{
    if (!strcmp(m->options->batch, "-")) {
        return read_lines(m, error);
    }
    m->items = batch_list(m->options->batch, error);
    return m->items != NULL;
}

/* --- the journal --- */

/* One for each place and server. Lines of JSON have no place: they need a name. */
static char *default_journal(const Many *m, GError **error)
{
    g_autofree char *state = config_state_directory(true, error);
    if (!state) {
        return NULL;
    }
    g_autofree char *folder = g_build_filename(state, "send", NULL);
    g_mkdir_with_parents(folder, 0700);
    g_autofree char *place = g_canonicalize_filename(m->options->batch, NULL);
    g_autofree char *both = g_strconcat(place, "\n", m->server, NULL);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, both, -1);
    g_autofree char *base = g_path_get_basename(place);
    g_autofree char *name = g_strdup_printf("%.40s-%.16s.db", base, hash);
    return g_build_filename(folder, name, NULL);
}

static bool open_journal(Many *m, GError **error)
{
    bool lines = !strcmp(m->options->batch, "-");
    if (lines && !m->options->journal) {
        return true;
    }
    m->journal_file =
        m->options->journal ? g_strdup(m->options->journal) : default_journal(m, error);
    if (!m->journal_file) {
        return false;
    }
    bool needed = !m->options->connect.dry_run;
    m->journal = needed ? journal_open(m->journal_file, error) : NULL;
    return !needed || m->journal || error_prefix(error, "the journal");
}

/* --- what is seen --- */

static void clear_progress(Many *m)
{
    if (m->progress && m->drawn) {
        fputs("\r\033[K", stderr);
    }
}

static void draw_progress(Many *m)
{
    gint64 now = g_get_monotonic_time();
    bool soon = now - m->drawn < G_USEC_PER_SEC / 10;
    if (!m->progress || (soon && !m->shared)) {
        return;
    }
    m->drawn = now;
    double seconds = (double)MAX(now - m->began, 1) / G_USEC_PER_SEC;
    fprintf(stderr, "\r\033[K%zu of %u, %.0f a second", m->decided, m->items->len,
            (double)m->decided / seconds);
    fflush(stderr);
}

static void print_json(const Many *m, const BatchEvent *e)
{
    static const Submission none;
    SendResultAbout about = {
        .file = e->item->name, .server = m->server, .message = e->message, .error = e->error};
    g_autofree char *line = send_result_json(&about, e->submission ? e->submission : &none);
    puts(line);
}

static const char *const steps[] = {
    [BATCH_DONE] = "",
    [BATCH_AGAIN] = "will be tried again",
    [BATCH_LEFT] = "left for another run",
    [BATCH_SKIPPED] = "sent before",
};

/* "m1.eml: accepted (250 ...)": everybody had the same; else a line for each. */
static void print_recipients(const BatchEvent *e, const char *name)
{
    const Submission *s = e->submission;
    bool all = s->n > 0;
    for (size_t i = 0; i < s->n; i++) {
        all &= s->recipients[i].fate == SMTP_ACCEPTED;
    }
    for (size_t i = 0; i < (all ? 1 : s->n); i++) {
        g_autofree char *line = send_result_line(s, i);
        line[strcspn(line, "\n")] = '\0'; /* one message, one line */
        const char *shown = all ? strstr(line, ": accepted") + 2 : line;
        bool again = s->recipients[i].fate != SMTP_ACCEPTED &&
                     s->recipients[i].fate != SMTP_REFUSED && e->step != BATCH_DONE;
        printf("%s: %s%s%s\n", name, shown, again ? "; " : "", again ? steps[e->step] : "");
    }
}

static void print_text(const Many *m, const BatchEvent *e)
{
    g_autofree char *name = escape_line(bytes_of(e->item->name));
    bool fine = e->step == BATCH_SKIPPED ||
                (e->submission && !strcmp(send_result_word(e->submission), "accepted"));
    if (m->show.quiet && fine) {
        return;
    }
    if (e->submission && e->submission->result.mail.code) {
        print_recipients(e, name);
    } else if (e->error) {
        g_autofree char *named = g_strconcat(e->item->name, ": ", NULL);
        bool again = g_str_has_prefix(e->error->message, named);
        const char *message = e->error->message + (again ? strlen(named) : 0);
        g_autofree char *why = escape_line_max(bytes_of(message), 500);
        printf("%s: not sent: %s%s%s\n", name, why, *steps[e->step] ? "; " : "", steps[e->step]);
    } else if (*steps[e->step] && e->step != BATCH_SKIPPED) {
        printf("%s: %s\n", name, steps[e->step]);
    }
}

static void told(void *user, const BatchEvent *e)
{
    Many *m = user;
    m->decided += e->step != BATCH_AGAIN;
    if (m->shared) {
        clear_progress(m);
    }
    if (m->options->json && e->step != BATCH_SKIPPED) {
        print_json(m, e);
    } else if (!m->options->json) {
        print_text(m, e);
    }
    fflush(stdout);
    draw_progress(m);
}

static void waiting(void *user, const GError *error, double seconds)
{
    Many *m = user;
    if (m->show.quiet) {
        return;
    }
    clear_progress(m);
    g_autofree char *why = escape_line_max(bytes_of(error->message), 500);
    fprintf(stderr, "=== %s; trying again in %.0f s\n", why, seconds);
}

static void print_summary(Many *m, const BatchCount *c)
{
    if (m->show.quiet) {
        return;
    }
    clear_progress(m);
    double seconds = (double)(g_get_monotonic_time() - m->began) / G_USEC_PER_SEC;
    fprintf(stderr, "=== %zu sent, %zu partly, %zu failed, %zu left", c->accepted, c->partly,
            c->refused, c->left);
    if (c->skipped) {
        fprintf(stderr, ", %zu sent before (by %s)", c->skipped, m->journal_file);
    }
    size_t done = c->accepted + c->partly + c->refused;
    fprintf(stderr, "; %.1f s, %.0f a second\n", seconds, (double)done / MAX(seconds, 0.001));
}

/* --- all of it --- */

static bool check(const SendOptions *o, GError **error)
{
    if (o->message || o->text || o->html || o->subject || o->test || o->attach || o->inlined ||
        o->header || o->stop_after) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--batch takes ready messages: --text, --message and their kin do not go "
                          "with it");
    }
    guint64 retries;
    if (o->retries && !g_ascii_string_to_unsigned(o->retries, 10, 0, RETRIES_MAX, &retries, NULL)) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--retries takes a number from 0 to %d, not \"%s\"", RETRIES_MAX,
                          o->retries);
    }
    return o->connections <= CONNECTIONS_MAX ||
           error_fail(error, POSTERN_ERROR_USAGE, "--connections: at most %d", CONNECTIONS_MAX);
}

static bool prepare(Many *m, const char *url, GError **error)
{
    const SendOptions *o = m->options;
    if (!check(o, error) || !send_show_open(&m->show, o, error)) {
        return false;
    }
    m->connection = send_connection(o, url, &m->show, error);
    if (!m->connection) {
        return false;
    }
    const SessionPlan *plan = connection_plan(m->connection);
    m->server = target_text(plan->target);
    m->from = send_default_from(plan->credentials.user, plan->target->host);
    return list_items(m, error) && open_journal(m, error);
}

static bool send_all(Many *m, BatchCount *count, GError **error)
{
    const SendOptions *o = m->options;
    g_auto(GStrv) recipients = send_all_recipients(o);
    SessionPlan *session = connection_plan(m->connection);
    if (!m->show.dialogue && !m->show.transcript) {
        session->observer = NULL; /* nobody looks on */
    }
    BatchPlan plan = {
        .session = session,
        .upto = send_top_stage(m->connection),
        .wishes = send_wishes(o),
        .recode = send_recode,
        .outgoing = {.as_is = o->as_is,
                     .add_from = !o->as_is,
                     .from = o->from ? o->from : m->from,
                     .sender = o->envelope_from ? o->envelope_from : o->from,
                     .recipients = (const char *const *)recipients},
        .journal = m->journal,
        .connections = (unsigned)MAX(o->connections, 1),
        .retries = o->retries ? (unsigned)g_ascii_strtoull(o->retries, NULL, 10) : RETRIES,
        .retry_after = o->retry_after > 0 ? o->retry_after : RETRY_AFTER,
        .told = told,
        .waiting = waiting,
        .user = m,
    };
    /* Memory of one large message serves the next, instead of being given back in between. */
    mallopt(M_MMAP_THRESHOLD, KEPT_OCTETS);
    mallopt(M_TRIM_THRESHOLD, 4 * KEPT_OCTETS);
    m->progress = isatty(STDERR_FILENO) && !m->show.quiet && !m->show.dialogue;
    m->shared = isatty(STDOUT_FILENO);
    m->began = g_get_monotonic_time();
    bool ok = batch_run(&plan, m->items, count, error);
    print_summary(m, count);
    return ok;
}

/* --dry-run */
static bool describe(const Many *m)
{
    g_autofree char *text = connection_describe(m->connection);
    printf("%smessages    %u\njournal     %s\n", text, m->items->len,
           m->journal_file ? m->journal_file : "none");
    return true;
}

static void clear(Many *m)
{
    journal_close(m->journal);
    g_free(m->journal_file);
    g_clear_pointer(&m->items, g_ptr_array_unref);
    g_free(m->server);
    g_free(m->from);
    connection_free(m->connection);
}

int send_batch(const SendOptions *o, const char *url)
{
    Many m = {.options = o};
    BatchCount count = {0};
    GError *error = NULL;
    bool ok = prepare(&m, url, &error) &&
              (o->connect.dry_run ? describe(&m)
                                  : interrupt_begin(&error) && send_all(&m, &count, &error));
    int status = !ok                             ? command_fail(error)
                 : count.refused || count.partly ? STATUS_UNAVAILABLE
                 : count.left                    ? STATUS_TEMPFAIL
                                                 : 0;
    interrupt_end();
    status = send_show_close(&m.show, status);
    clear(&m);
    return status;
}
