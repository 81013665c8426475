/* talk_history.c: the history's file. It has libedit's own form, a line each behind a first line
 * that names it, so that libedit can read it; we only ever append to it, and let libedit write it
 * anew when it has grown long. */
#include "cmd/talk_history.h"

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/talk_edit.h"
#include "config/accounts.h"

#define LINES_KEPT 1000
#define FILE_MAX_OCTETS (512 * 1024)
#define HEADING "_HiStOrY_V2_\n"

struct TalkHistory {
    History *libedit;
    char *file; /* NULL: nothing is written */
};

static void make_private(const char *file)
{
    if (chmod(file, 0600) != 0) {
        g_debug("the history's mode stays as it is"); /* open() made it 0600 if it was us */
    }
}

TalkHistory *talk_history_open(bool forget)
{
    TalkHistory *h = g_new0(TalkHistory, 1);
    HistEvent event;
    h->libedit = edit()->history_init();
    edit()->history(h->libedit, &event, H_SETSIZE, LINES_KEPT);
    edit()->history(h->libedit, &event, H_SETUNIQUE, 1);
    g_autofree char *directory = forget ? NULL : config_state_directory(true, NULL);
    if (directory != NULL) {
        h->file = g_build_filename(directory, "talk_history", NULL);
        make_private(h->file);
        bool loaded = edit()->history(h->libedit, &event, H_LOAD, h->file) >= 0;
        if (!loaded && truncate(h->file, 0) == 0) {
            g_debug("what was there was no history: it is begun anew");
        }
    }
    return h;
}

/* A file that has grown long keeps what is still of use, of all who wrote to it. */
static void shorten(const char *file)
{
    struct stat status;
    if (stat(file, &status) != 0 || status.st_size <= FILE_MAX_OCTETS) {
        return;
    }
    HistEvent event;
    History *all = edit()->history_init();
    edit()->history(all, &event, H_SETSIZE, LINES_KEPT);
    edit()->history(all, &event, H_LOAD, file);
    mode_t before = umask(077);
    edit()->history(all, &event, H_SAVE, file);
    umask(before);
    edit()->history_end(all);
}

void talk_history_close(TalkHistory *h)
{
    if (h == NULL) {
        return;
    }
    if (h->file != NULL) {
        shorten(h->file);
    }
    edit()->history_end(h->libedit);
    g_free(h->file);
    g_free(h);
}

void *talk_history_libedit(TalkHistory *h)
{
    return h->libedit;
}

/* As vis(3) writes it: whatever is not a plain letter, digit or mark in octal. */
static char *encoded(const char *line)
{
    GString *out = g_string_new(NULL);
    for (const unsigned char *p = (const unsigned char *)line; *p != '\0'; p++) {
        if (g_ascii_isgraph(*p) && *p != '\\') {
            g_string_append_c(out, (char)*p);
        } else {
            g_string_append_printf(out, "\\%03o", *p);
        }
    }
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}

static void append(const char *file, const char *line)
{
    int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return;
    }
    struct stat status;
    bool is_new = fstat(fd, &status) == 0 && status.st_size == 0;
    g_autofree char *text = encoded(line);
    g_autofree char *whole = g_strconcat(is_new ? HEADING : "", text, NULL);
    if (write(fd, whole, strlen(whole)) < 0) {
        g_debug("the history could not be written"); /* a conversation does not end for that */
    }
    close(fd);
}

void talk_history_add(TalkHistory *h, const char *line)
{
    HistEvent event;
    edit()->history(h->libedit, &event, H_ENTER, line);
    if (h->file != NULL) {
        append(h->file, line);
    }
}

void talk_history_each(TalkHistory *h, void (*each)(void *user, const char *line), void *user)
{
    HistEvent event;
    for (int more = edit()->history(h->libedit, &event, H_LAST); more == 0;
         more = edit()->history(h->libedit, &event, H_PREV)) {
        each(user, event.str);
    }
}
