/* mime_worker.c: `postern mime-worker OPTIONS -- DONE CAREFUL FILE...`, started by mime.c: goes
 * over the messages, inside the limits. DONE are passed over; with CAREFUL every message's output
 * is written before the next is begun. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/mime.h"

enum { FLUSH_AT = 64 * 1024, LARGE = 1024 * 1024 };

typedef struct {
    MimeShow show;
    MimeLimits limits;
    uint64_t done;  /* messages that were dealt with before */
    uint64_t count; /* those met in this run, the others among them */
    bool careful;
    int status;
} Worker;

/* Everything up to here is written. */
static bool tell_progress(Worker *w, GError **error)
{
    if (!mime_flush(w->show.out, error)) {
        return false;
    }
    dprintf(STDERR_FILENO, "%c%" G_GUINT64_FORMAT "\n", MIME_PROGRESS, w->count);
    return true;
}

static void fail(Worker *w, const MimeItem *item, GError *error)
{
    if (item != NULL && !w->show.single) {
        error_prefix(&error, "%s, message %u", item->name, item->number);
    } else if (item != NULL && strcmp(item->name, "-") != 0) {
        error_prefix(&error, "%s", item->name);
    }
    g_autoptr(GError) unwritten = NULL;
    mime_flush(w->show.out, &unwritten);
    int status = command_fail(error);
    w->status = MAX(w->status, status);
}

static bool do_message(Worker *w, const MimeItem *item, GError **error)
{
    uint64_t size = item->end - item->start;
    bool alone = w->careful || w->show.save != NULL || size > LARGE;
    if ((alone || w->show.out->pending->len > FLUSH_AT) && !tell_progress(w, error)) {
        return false;
    }
    w->show.out->may_flush = alone;
    limits_budget(&w->limits, size);
    return mime_show(&w->show, item, error);
}

static bool is_wanted(const Worker *w, const MimeItem *item)
{
    int only = w->show.options->message;
    return w->count >= w->done && (only == 0 || item->number == (unsigned)only);
}

/* --part of several messages would be run together. */
static bool holds_several(const char *path, const char *format)
{
    g_autoptr(MimeSource) source = mime_source_open(path, format, NULL);
    MimeItem item;
    return source != NULL && mime_source_next(source, &item, NULL) &&
           mime_source_next(source, &item, NULL);
}

static bool check_single(const Worker *w, const char *path, GError **error)
{
    const MimeOptions *o = w->show.options;
    if (o->part == NULL || o->message != 0 || !holds_several(path, o->format)) {
        return true;
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "%s holds several messages: --message=N says of which --part is meant", path);
}

static void do_file(Worker *w, const char *path)
{
    GError *error = NULL;
    g_autoptr(MimeSource) source = mime_source_open(path, w->show.options->format, &error);
    if (source == NULL || !check_single(w, path, &error)) {
        fail(w, NULL, error);
        return;
    }
    MimeItem item;
    bool met = w->show.options->message == 0;
    while (!w->show.out->failed && mime_source_next(source, &item, &error)) {
        w->show.single = w->show.single && mime_source_is_single(source);
        if (is_wanted(w, &item)) {
            met = true;
            if (!do_message(w, &item, &error)) {
                fail(w, &item, g_steal_pointer(&error));
            }
        }
        w->count++;
    }
    if (error != NULL) {
        fail(w, NULL, error);
    } else if (!met && w->done == 0) {
        error_fail(&error, POSTERN_ERROR_DATA, "%s has no message %d", path,
                   w->show.options->message);
        fail(w, NULL, error);
    }
}

static int run(void *values, char **args)
{
    const MimeOptions *o = values;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    MimeOutput out = {.pending = g_string_new(NULL), .to_terminal = isatty(STDOUT_FILENO) == 1};
    Worker w = {.show = {.options = o, .out = &out}, .limits = mime_limits(o)};
    GError *error = NULL;
    if (g_strv_length(args) < 3) {
        error_fail(&error, POSTERN_ERROR_USAGE, "mime-worker is started by mime");
        return command_fail(error);
    }
    w.done = g_ascii_strtoull(args[0], NULL, 10);
    w.careful = strcmp(args[1], "careful") == 0;
    w.show.single = args[3] == NULL;
    limits_apply(&w.limits);
    if (o->save != NULL && (w.show.save = save_dir_open(o->save, o->overwrite, &error)) == NULL) {
        return command_fail(error);
    }
    for (char **path = args + 2; *path != NULL && !out.failed; path++) {
        do_file(&w, *path);
    }
    if (!out.failed && !tell_progress(&w, &error) && errno != EPIPE) {
        fail(&w, NULL, g_steal_pointer(&error));
    }
    g_clear_error(&error);
    g_clear_pointer(&w.show.save, save_dir_free);
    g_string_free(out.pending, TRUE);
    return w.status ? w.status : w.show.broken ? 65 : out.failed ? 74 : 0;
}

const Command cmd_mime_worker = {
    .name = "mime-worker",
    .summary = "the process that mime starts",
    .arguments = "DONE CAREFUL FILE...",
    .options = mime_options,
    .values_size = sizeof(MimeOptions),
    .run = run,
    .hidden = true,
};
