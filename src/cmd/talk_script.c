/* talk_script.c: lines from a pipe or a file, in lock-step: one command after the reply to the one
 * before is complete. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/talk.h"
#include "proto/http_message.h"

#define LINE_MAX_SCRIPT (16u * 1024 * 1024)

/* Lines of a descriptor, held one at a time: a fast writer waits in its pipe. */
typedef struct {
    int fd;
    const char *name;
    GByteArray *buffer;
    size_t at; /* where the next line begins in buffer */
    bool eof;
    unsigned number;
} LineSource;

static bool fill(LineSource *in, GError **error)
{
    if (in->at > 0) {
        secret_wipe(in->buffer->data, in->at); /* a password may have stood there */
        g_byte_array_remove_range(in->buffer, 0, (guint)in->at);
        in->at = 0;
    }
    if (in->buffer->len > LINE_MAX_SCRIPT) {
        return error_fail(error, POSTERN_ERROR_DATA, "%s, line %u is longer than 16 MB", in->name,
                          in->number + 1);
    }
    char piece[2048];
    ssize_t n = read(in->fd, piece, sizeof piece);
    if (n < 0 && errno != EINTR && errno != EAGAIN) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot read %s: %s", in->name,
                          g_strerror(errno));
    }
    if (n < 0) {
        return errno == EINTR || io_wait_read(in->fd, DEADLINE_NEVER, error);
    }
    in->eof = n == 0;
    g_byte_array_append(in->buffer, (const guint8 *)piece, (guint)n);
    secret_wipe(piece, sizeof piece);
    return true;
}

/* The next line without its line end, or NULL at the end. The caller wipes and frees it. */
static bool next_line(LineSource *in, char **ret, GError **error)
{
    *ret = NULL;
    for (;;) {
        Bytes rest = {(const char *)in->buffer->data + in->at, in->buffer->len - in->at};
        gssize end = bytes_index(rest, '\n');
        if (end >= 0 || (in->eof && rest.len > 0)) {
            size_t len = end >= 0 ? (size_t)end : rest.len;
            in->at += end >= 0 ? len + 1 : len;
            in->number++;
            if (len > 0 && rest.data[len - 1] == '\r') {
                len--;
            }
            if (memchr(rest.data, '\0', len) != NULL) {
                return error_fail(error, POSTERN_ERROR_DATA,
                                  "%s, line %u has a NUL in it; /raw sends octets", in->name,
                                  in->number);
            }
            *ret = g_strndup(rest.data, len);
            return true;
        }
        if (in->eof) {
            return true;
        }
        if (!fill(in, error)) {
            return false;
        }
    }
}

static bool closed_early(Talk *t, const LineSource *in, GError **error)
{
    const char *verb = *t->last_verb ? t->last_verb : "the greeting";
    return error_fail(error, POSTERN_ERROR_EOF,
                      "the server closed the connection after %s; %s was not sent from line %u on",
                      verb, in->name, in->number);
}

static bool lock_step(Talk *t, LineSource *in, GError **error)
{
    for (;;) {
        if (!talk_hear_reply(t, error)) {
            return false;
        }
        char *line = NULL;
        if (!next_line(in, &line, error)) {
            return false;
        }
        if (line == NULL) {
            return true;
        }
        bool local = line[0] == '/' && talk_local_active(t);
        bool good = t->closed && !local && !(t->quitting && *line == '\0')
                        ? closed_early(t, in, error)
                        : talk_enter(t, line, error);
        secret_wipe(line, strlen(line));
        g_free(line);
        if (!good) {
            return false;
        }
    }
}

/* The script is done: hear the last reply out, say goodbye if it did not. */
static bool finish(Talk *t, GError **error)
{
    if (t->session == NULL || t->closed) {
        return true;
    }
    if (!talk_hear_reply(t, error)) {
        return false;
    }
    if (!t->quitting && !t->closed) {
        t->quitting = true;
        t->ladder = true;
        session_quit(t->session);
        t->ladder = false;
        return true;
    }
    while (!t->closed) { /* QUIT was answered: the server closes */
        GError *problem = NULL;
        wire_set_timeout(t->session->wire, 2.0);
        if (!talk_hear(t, &problem)) {
            g_clear_error(&problem);
            break;
        }
    }
    return true;
}

/* Sends what there is to send; shows meanwhile what comes. A peer that closes early (an HTTP server
 * after its answer) has heard what it wanted. Suspends. */
static bool pour_in(Talk *t, LineSource *in, GError **error)
{
    while (!t->closed) {
        g_autofree char *line = NULL;
        bool more = true;
        if (!next_line(in, &line, error)) {
            return false;
        }
        if (line == NULL) {
            return true;
        }
        if (t->http != NULL) {
            http_message_request_line(t->http, bytes_of(line));
        }
        if (!talk_enter(t, line, error) ||
            (t->session != NULL && !t->closed && !talk_hear_now(t, &more, error))) {
            return false;
        }
    }
    return true;
}

/* Protocols without lines: everything goes out at once, the answer is heard to its end. Suspends.
 */
static bool pour(Talk *t, LineSource *in, GError **error)
{
    bool is_http = strcmp(t->session->proto->name, "https") == 0;
    t->http = is_http ? http_message_new() : NULL;
    if (!pour_in(t, in, error)) {
        return false;
    }
    t->quitting = true;
    if (!is_http && !t->closed && t->session != NULL && !wire_shutdown(t->session->wire, error)) {
        return false;
    }
    while (t->session != NULL && !t->closed && !(is_http && http_message_complete(t->http))) {
        if (!talk_hear(t, error)) {
            return false;
        }
    }
    return true;
}

bool talk_script(Talk *t, int fd, const char *name, GError **error)
{
    if (!talk_open(t, talk_start_stage(t), error)) {
        return false;
    }
    g_autoptr(GByteArray) buffer = g_byte_array_new();
    LineSource in = {.fd = fd, .name = name, .buffer = buffer};
    bool good = t->session->proto->line_based ? lock_step(t, &in, error) && finish(t, error)
                                              : pour(t, &in, error);
    secret_wipe(buffer->data, buffer->len);
    return good;
}
