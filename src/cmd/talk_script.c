/* talk_script.c: lines from a pipe or a file, in lock-step: one command after the reply to the one
 * before is complete. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cmd/talk.h"
#include "cmd/talk_signals.h"
#include "io/io.h"
#include "proto/http_message.h"

#define LINE_MAX_SCRIPT (16u * 1024 * 1024)
#define CLOSE_SECONDS 2.0 /* for a server that has said goodbye to close */

/* Lines of a descriptor, held one at a time: a fast writer waits in its pipe. */
typedef struct {
    int fd;
    const char *name;
    GByteArray *buffer;
    size_t at; /* where the next line begins in buffer */
    bool eof;
    unsigned number;
    TalkSignals signals;
} LineSource;

/* SIGALRM asks for TLS, in a script too. */
static bool on_alarm(Talk *t, const LineSource *in, GError **error)
{
    return talk_signals_next(&in->signals) != SIGALRM || talk_local(t, "starttls", error);
}

/* Waits for input or a signal. Suspends. */
static bool await_input(Talk *t, const LineSource *in, GError **error)
{
    IoWait waits[] = {{.fd = in->fd, .want_read = true},
                      {.fd = in->signals.events, .want_read = true}};
    for (;;) {
        fflush(t->out); /* who writes our input may be waiting to read our output */
        if (!io_wait_any(waits, G_N_ELEMENTS(waits), DEADLINE_NEVER, error)) {
            return false;
        }
        if (waits[1].ready_read && !on_alarm(t, in, error)) {
            return false;
        }
        if (waits[0].ready_read) {
            return true;
        }
    }
}

static bool fill(Talk *t, LineSource *in, GError **error)
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
    if (!await_input(t, in, error)) {
        return false;
    }
    char piece[2048];
    ssize_t n = read(in->fd, piece, sizeof piece);
    if (n < 0) {
        return errno == EINTR || errno == EAGAIN ||
               error_fail(error, POSTERN_ERROR_IO, "cannot read %s: %s", in->name,
                          g_strerror(errno));
    }
    in->eof = n == 0;
    g_byte_array_append(in->buffer, (const guint8 *)piece, (guint)n);
    secret_wipe(piece, sizeof piece);
    return true;
}

/* The next line without its line end, or NULL at the end. The caller wipes and frees it. */
static bool next_line(Talk *t, LineSource *in, char **ret, GError **error)
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
        if (!fill(t, in, error)) {
            return false;
        }
    }
}

static bool closed_early(Talk *t, const LineSource *in, GError **error)
{
    const char *verb = *t->last_verb ? t->last_verb : "the greeting";
    bool refused = t->refused_status != 0;
    return error_fail(error, t->refused_status == 75 ? POSTERN_ERROR_TEMPFAIL : POSTERN_ERROR_EOF,
                      "the server closed the connection after %s%s%s%s; %s was not sent from line "
                      "%u on",
                      verb, refused ? " (" : "", refused ? t->refused_words : "",
                      refused ? ")" : "", in->name, in->number);
}

/* A server that has said goodbye closes: it is given a little time for that. Suspends. */
static bool hear_out(Talk *t, GError **error)
{
    bool goodbye =
        t->session != NULL && !t->closed && dialogue_expects(t->dialogue) == EXPECT_NOTHING;
    return !goodbye || talk_hear_until(t, deadline_in(CLOSE_SECONDS), error);
}

static bool can_write(const Talk *t, GError **error)
{
    return !ferror(t->out) ||
           error_fail(error, POSTERN_ERROR_IO, "standard output takes no more: ended");
}

/* What does not begin with a slash is for the server: which must still be there. */
static bool enter(Talk *t, const LineSource *in, char *line, GError **error)
{
    bool local = line[0] == '/' && talk_local_active(t);
    bool blank_end = t->quitting && *line == '\0';
    return t->closed && !local && !blank_end ? closed_early(t, in, error)
                                             : talk_enter(t, line, error);
}

static bool lock_step(Talk *t, LineSource *in, GError **error)
{
    for (;;) {
        char *line = NULL;
        if (!talk_hear_before_line(t, error) || !hear_out(t, error) || !can_write(t, error) ||
            !next_line(t, in, &line, error)) {
            return false;
        }
        if (line == NULL) {
            return true;
        }
        bool good = enter(t, in, line, error);
        secret_wipe(line, strlen(line));
        g_free(line);
        if (!good) {
            return false;
        }
    }
}

/* A script that ends where the server waits for more has not done what it began. */
static bool is_complete(Talk *t, const LineSource *in, GError **error)
{
    Expect expects = dialogue_expects(t->dialogue);
    bool half_way = expects == EXPECT_PAYLOAD || expects == EXPECT_RESPONSE;
    return !half_way ||
           error_fail(error, POSTERN_ERROR_DATA, "%s ends where the server waits for %s of %s",
                      in->name, expects == EXPECT_PAYLOAD ? "the rest" : "the next response",
                      t->last_verb);
}

/* The script is done: hear the last reply out, say goodbye if it did not. Suspends. */
static bool finish(Talk *t, const LineSource *in, GError **error)
{
    if (t->session == NULL || t->closed) {
        return true;
    }
    if (!talk_hear_reply(t, error)) {
        return false;
    }
    bool good = t->closed || is_complete(t, in, error);
    if (t->quitting) {
        g_autoptr(GError) ignored = NULL;
        talk_hear_until(t, deadline_in(CLOSE_SECONDS), &ignored); /* QUIT was answered */
    } else {
        talk_goodbye(t);
    }
    return good;
}

/* Sends what there is to send; shows meanwhile what comes. A peer that closes early (an HTTP server
 * after its answer) has heard what it wanted. Suspends. */
static bool pour_in(Talk *t, LineSource *in, GError **error)
{
    while (!t->closed) {
        g_autofree char *line = NULL;
        bool more = true;
        if (!can_write(t, error) || !next_line(t, in, &line, error)) {
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

static bool converse(Talk *t, LineSource *in, GError **error)
{
    if (!talk_open(t, talk_start_stage(t), error)) {
        return false;
    }
    return t->proto->line_based ? lock_step(t, in, error) && finish(t, in, error)
                                : pour(t, in, error);
}

bool talk_script(Talk *t, int fd, const char *name, GError **error)
{
    g_autoptr(GByteArray) buffer = g_byte_array_new();
    LineSource in = {.fd = fd, .name = name, .buffer = buffer};
    if (!talk_signals_begin(&in.signals, false, error)) {
        return false;
    }
    bool good = converse(t, &in, error);
    talk_signals_end(&in.signals);
    secret_wipe(buffer->data, buffer->len);
    return good;
}
