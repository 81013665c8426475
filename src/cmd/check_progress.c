/* check_progress.c: one line on a terminal's standard error that tells how far an audit is. */
#include <stdio.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/check.h"

#define WIDTH 78

struct CheckProgress {
    size_t done, total;
};

CheckProgress *check_progress_new(const CheckOptions *options)
{
    bool wanted = !options->connect.quiet && isatty(STDERR_FILENO) &&
                  g_strcmp0(g_getenv("TERM"), "dumb") != 0;
    return wanted ? g_new0(CheckProgress, 1) : NULL;
}

void check_progress_total(CheckProgress *progress, size_t total)
{
    if (progress != NULL) {
        progress->total = total;
    }
}

void check_progress_tell(CheckProgress *progress, const char *name, const char *what)
{
    if (progress == NULL) {
        return;
    }
    g_autofree char *line = progress->total > 1
                                ? g_strdup_printf("%zu of %zu done; %s: %s", progress->done,
                                                  progress->total, name, what)
                                : g_strdup_printf("%s: %s", name, what);
    g_autofree char *shown = escape_line(bytes_of(line));
    glong len = g_utf8_strlen(shown, -1);
    g_autofree char *cut = g_utf8_substring(shown, 0, MIN(len, WIDTH));
    fprintf(stderr, "\r\033[K%s", cut);
    fflush(stderr);
}

void check_progress_done(CheckProgress *progress)
{
    if (progress != NULL) {
        progress->done++;
    }
}

void check_progress_end(CheckProgress *progress)
{
    if (progress != NULL) {
        fprintf(stderr, "\r\033[K");
        fflush(stderr);
        g_free(progress);
    }
}
