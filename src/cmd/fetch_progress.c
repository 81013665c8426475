/* fetch_progress.c: what a person sees of it: a bar on a terminal, a line a message with -v,
 * warnings always, a summary at the end. Nothing of it when nobody looks (cron), but what went
 * wrong. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/fetch.h"
#include "report/fetch_listing.h"

#define EVERY_US 100000
#define BAR_CELLS 24u
#define BAR_CELLS_MIN 6u
/* Nothing can be told of the time that is left before. */
#define FIRST_OCTETS 16384

struct FetchProgress {
    const FetchRun *run;
    bool bar, verbose, quiet, summary;
    bool log;   /* nobody looks on, but it is written down */
    bool shown; /* the bar stands on the screen */
    gint64 began_us, drawn_us;
    uint64_t bytes; /* octets that have come, complete or not */
    unsigned messages;
    unsigned wanted;
    uint64_t wanted_bytes;
    FetchListing *listing; /* with --json: what would be told line by line; else NULL */
};

FetchProgress *fetch_progress_new(const FetchRun *run)
{
    FetchProgress *p = g_new0(FetchProgress, 1);
    const ConnectOptions *o = &run->options->connect;
    bool terminal = isatty(STDERR_FILENO) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
    bool once = run->interval <= 0 && !fetch_idles(run);
    p->run = run;
    p->verbose = o->verbose;
    p->quiet = o->quiet;
    p->bar = terminal && !p->quiet && once && !run->syslog;
    p->summary = !p->quiet && (terminal || p->verbose) && !run->syslog;
    p->log = !p->quiet && !p->summary && (run->syslog || !once);
    p->began_us = g_get_monotonic_time();
    bool looks = run->mode == FETCH_DRY || run->mode == FETCH_COMPARE;
    p->listing = looks && run->options->json ? fetch_listing_new() : NULL;
    return p;
}

static void take_off(FetchProgress *p)
{
    if (p->shown) {
        fputs("\r\033[K", stderr);
        p->shown = false;
    }
}

/* --- words --- */

static char *size_text(uint64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < G_N_ELEMENTS(units)) {
        value /= 1000;
        unit++;
    }
    return g_strdup_printf(unit > 0 && value < 99.5 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static const char *plural(unsigned n)
{
    return n == 1 ? "" : "s";
}

static char *time_text(double seconds)
{
    unsigned s = (unsigned)(seconds + 0.5);
    return s >= 3600 ? g_strdup_printf("%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60)
                     : g_strdup_printf("%u:%02u", s / 60, s % 60);
}

/* --- the bar --- */

static unsigned width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static double part_done(const FetchProgress *p)
{
    double part = p->wanted_bytes > 0 ? (double)p->bytes / (double)p->wanted_bytes
                                      : (double)p->messages / (double)MAX(p->wanted, 1u);
    return MIN(part, 1.0);
}

static char *bar_text(double part, unsigned cells)
{
    g_autofree char *text = g_strnfill(cells, ' ');
    unsigned full = (unsigned)(part * cells);
    memset(text, '=', full);
    if (full < cells) {
        text[full] = '>';
    }
    return g_strdup_printf("[%s]", text);
}

/* What there is room for: how far it is matters most, the picture least. */
static char *line_of(const FetchProgress *p, double seconds, unsigned room)
{
    double part = part_done(p);
    g_autofree char *bytes = size_text(p->bytes);
    g_autofree char *speed = size_text((uint64_t)((double)p->bytes / seconds));
    g_autofree char *left = part > 0 ? time_text(seconds / part - seconds) : g_strdup("?");
    g_autofree char *text = g_strdup_printf("%3.0f%%  %u of %u  %s  %s/s  ETA %s", part * 100,
                                            p->messages, p->wanted, bytes, speed, left);
    size_t needed = strlen(text) + strlen("[] ");
    if (room >= needed + BAR_CELLS_MIN) {
        g_autofree char *bar = bar_text(part, MIN(room - (unsigned)needed, BAR_CELLS));
        return g_strdup_printf("%s %s", bar, text);
    }
    return strlen(text) <= room ? g_steal_pointer(&text)
                                : g_strdup_printf("%3.0f%%  ETA %s", part * 100, left);
}

static void draw(FetchProgress *p)
{
    gint64 now = g_get_monotonic_time();
    bool too_early = p->bytes < FIRST_OCTETS && p->messages == 0;
    if (!p->bar || now - p->drawn_us < EVERY_US || p->wanted == 0 || too_early) {
        return;
    }
    p->drawn_us = now;
    double seconds = MAX((double)(now - p->began_us) / G_USEC_PER_SEC, 0.001);
    unsigned room = width() - 1;
    g_autofree char *line = line_of(p, seconds, room);
    fprintf(stderr, "\r\033[K%.*s", (int)room, line);
    fflush(stderr);
    p->shown = true;
}

/* --- lines --- */

static void say(FetchProgress *p, bool warning, const char *job, const char *text)
{
    g_autofree char *shown = escape_line(bytes_of(text));
    g_autofree char *name = escape_line(bytes_of(job));
    if (p->run->syslog) {
        fetch_log(p->run, warning, "%s: %s", job, text);
        return;
    }
    take_off(p);
    fprintf(stderr, "%s%s: %s\n", warning ? "postern: warning: " : "", name, shown);
}

static char *message_name(const FetchEvent *e)
{
    return e->message->uidl != NULL ? g_strdup(e->message->uidl)
                                    : g_strdup_printf("%u", e->message->number);
}

static void say_message(FetchProgress *p, const FetchJob *job, const FetchEvent *e)
{
    g_autofree char *name = message_name(e);
    g_autofree char *size = size_text(e->kind == FETCH_EVENT_MESSAGE ? e->bytes : e->message->size);
    static const char *const what[] = {[FETCH_EVENT_MESSAGE] = "fetched",
                                       [FETCH_EVENT_OVERSIZE] = "left there, too large",
                                       [FETCH_EVENT_KEPT_BACK] = "not taken, stays there",
                                       [FETCH_EVENT_GONE] = "gone"};
    g_autofree char *line =
        g_strdup_printf("%s %s, %s: %s%s%s", e->folder, name, size, what[e->kind],
                        e->text != NULL ? ": " : "", e->text != NULL ? e->text : "");
    say(p, e->kind == FETCH_EVENT_KEPT_BACK, job->name, line);
}

static void say_would(FetchProgress *p, const FetchJob *job, const FetchEvent *e)
{
    if (p->listing) {
        fetch_listing_add(p->listing, job, e);
        return;
    }
    g_autofree char *name = message_name(e);
    g_autofree char *size = size_text(e->message->size);
    g_autofree char *line =
        g_strdup_printf("%s: %s %s, %s: %s", job->name, e->folder, name, size, e->text);
    g_autofree char *shown = escape_line(bytes_of(line));
    take_off(p);
    puts(shown);
}

static void say_oversize(FetchProgress *p, const FetchJob *job, const FetchEvent *e)
{
    if (!p->quiet && (p->summary || p->verbose)) {
        say_message(p, job, e);
    }
}

void fetch_progress_told(void *progress, const FetchJob *job, const FetchEvent *e)
{
    FetchProgress *p = progress;
    switch (e->kind) {
    case FETCH_EVENT_BYTES:
        p->bytes += e->bytes;
        draw(p);
        break;
    case FETCH_EVENT_LISTED:
        p->wanted = e->totals->wanted;
        p->wanted_bytes = e->totals->wanted_bytes;
        break;
    case FETCH_EVENT_MESSAGE:
        p->messages++;
        if (p->verbose) {
            say_message(p, job, e);
        }
        break;
    case FETCH_EVENT_OVERSIZE:
        say_oversize(p, job, e);
        break;
    case FETCH_EVENT_KEPT_BACK:
        say_message(p, job, e);
        break;
    case FETCH_EVENT_GONE:
        if (p->verbose) {
            say_message(p, job, e);
        }
        break;
    case FETCH_EVENT_WARNING:
        if (!p->quiet) {
            say(p, true, job->name, e->text);
        }
        break;
    case FETCH_EVENT_CONNECTED:
        if (p->verbose) {
            g_autofree char *line = g_strdup_printf("connected to %s", e->text);
            say(p, false, job->name, line);
        }
        break;
    case FETCH_EVENT_NOTE:
        if (p->verbose) {
            say(p, false, job->name, e->text);
        }
        break;
    case FETCH_EVENT_WOULD:
        say_would(p, job, e);
        break;
    case FETCH_EVENT_PASSED:
        fetch_progress_job(p,
                           &(FetchOutcome){.job = job, .totals = *e->totals, .passes = e->count});
        break;
    case FETCH_EVENT_SETTLED:
    case FETCH_EVENT_REMOVED:
        break;
    }
}

/* --- the end of a round --- */

static void add_part(GString *text, unsigned n, const char *what)
{
    if (n > 0) {
        g_string_append_printf(text, ", %u %s", n, what);
    }
}

/* What became of them on the server. */
static const char *removed_word(const FetchJob *job)
{
    static const char *const words[] = {[FETCH_KEEP] = "removed there",
                                        [FETCH_DELETE] = "deleted there",
                                        [FETCH_MOVE] = "moved there",
                                        [FETCH_FLAG] = "flagged there"};
    return words[job->after];
}

static char *summary_of(const FetchOutcome *outcome, FetchMode mode)
{
    const FetchTotals *t = &outcome->totals;
    GString *text = g_string_new(NULL);
    g_autofree char *size = size_text(t->bytes);
    if (mode == FETCH_ADOPT) {
        g_string_printf(text, "%u of %u message%s taken as fetched", t->known, t->listed,
                        plural(t->listed));
    } else if (mode == FETCH_DRY) {
        g_string_printf(text, "%u of %u message%s would be fetched", t->wanted, t->listed,
                        plural(t->listed));
    } else if (mode == FETCH_COMPARE) {
        g_string_printf(text, "%u message%s there, %u of them fetched", t->listed,
                        plural(t->listed), t->known);
    } else if (t->fetched > 0) {
        g_string_printf(text, "%u message%s, %s", t->fetched, plural(t->fetched), size);
    } else {
        g_string_append(text, "nothing new");
    }
    if (mode == FETCH_RUN) {
        add_part(text, t->known, "recognised here after a run that was broken off");
        add_part(text, t->removed, removed_word(outcome->job));
        add_part(text, t->oversize, "left there, too large");
        add_part(text, t->kept_back, "not taken");
        add_part(text, t->gone, "gone meanwhile");
    }
    return g_string_free(text, FALSE);
}

static void print_listing(FetchProgress *p)
{
    for (guint i = 0; i < p->run->outcomes->len; i++) {
        const FetchOutcome *outcome = &g_array_index(p->run->outcomes, FetchOutcome, i);
        if (outcome->job) {
            fetch_listing_end(p->listing, outcome);
        }
    }
    g_autofree char *json = fetch_listing_json(p->listing);
    fputs(json, stdout);
}

/* A log is told of what happened; that nothing did, only a person wants to know, and once. */
static bool is_told(const FetchProgress *p, const FetchOutcome *outcome)
{
    const FetchTotals *t = &outcome->totals;
    bool news = t->fetched > 0 || t->known > 0 || t->removed > 0;
    bool asked = p->summary && outcome->error == NULL && outcome->passes == 0;
    return outcome->job != NULL && (p->summary || p->log) && (news || asked);
}

void fetch_progress_job(FetchProgress *p, const FetchOutcome *outcome)
{
    if (is_told(p, outcome)) {
        g_autofree char *text = summary_of(outcome, p->run->mode);
        say(p, false, outcome->job->name, text);
    }
}

void fetch_progress_round(FetchProgress *p)
{
    take_off(p);
    if (p->listing) {
        print_listing(p);
    }
    for (guint i = 0; i < p->run->outcomes->len; i++) {
        fetch_progress_job(p, &g_array_index(p->run->outcomes, FetchOutcome, i));
    }
    p->bytes = p->wanted_bytes = 0;
    p->messages = p->wanted = 0;
    p->began_us = g_get_monotonic_time();
}

void fetch_progress_free(FetchProgress *p)
{
    if (p != NULL) {
        take_off(p);
        fetch_listing_free(p->listing);
        g_free(p);
    }
}
