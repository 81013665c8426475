/* sendmail_session.c: `sendmail -bs`: SMTP on standard input and output, for programs that would
 * rather speak than pipe (RFC 5321). Each message is handed over before its 250. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/sendmail.h"
#include "io/io.h"
#include "send/intake.h"

enum { COMMAND_MAX = 2048, RECIPIENTS_MAX = 1000, PIECE = 2048 };
#define TEXT_MAX 67108864

typedef struct {
    const Sendmail *words;
    Intake *in;
    char *sender;
    GPtrArray *recipients; /* of char* */
} Talk;

static void say(const char *text)
{
    fputs(text, stdout);
    fputs("\r\n", stdout);
    fflush(stdout);
}

/* The next thing said; INTAKE_MORE at the end of the input. Suspends. */
static IntakeWhat listen_to(Talk *t, Bytes *what)
{
    IntakeWhat kind;
    while ((kind = intake_next(t->in, what)) == INTAKE_MORE) {
        char piece[PIECE];
        if (!io_wait_read(STDIN_FILENO, DEADLINE_NEVER, NULL)) {
            return INTAKE_MORE;
        }
        ssize_t got = read(STDIN_FILENO, piece, sizeof piece);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
            return INTAKE_MORE;
        }
        intake_feed(t->in, (Bytes){piece, (size_t)MAX(got, 0)});
    }
    return kind;
}

static void reset(Talk *t)
{
    g_clear_pointer(&t->sender, g_free);
    g_ptr_array_set_size(t->recipients, 0);
}

/* What stands between < and >. The caller frees it; NULL when there is none. */
static char *path_of(const char *rest)
{
    const char *open = strchr(rest, '<');
    const char *close = open ? strchr(open, '>') : NULL;
    return close ? g_strndup(open + 1, (gsize)(close - open - 1)) : NULL;
}

static void mail(Talk *t, const char *rest)
{
    g_autofree char *path = path_of(rest);
    if (t->sender) {
        say("503 5.5.1 one sender at a time");
    } else if (!path || g_ascii_strncasecmp(rest, "FROM:", 5) != 0) {
        say("501 5.5.4 MAIL FROM:<address>");
    } else {
        t->sender = *path ? g_steal_pointer(&path) : g_strdup("<>");
        say("250 2.1.0 fine");
    }
}

static void rcpt(Talk *t, const char *rest)
{
    g_autofree char *path = path_of(rest);
    if (!t->sender) {
        say("503 5.5.1 MAIL comes first");
    } else if (!path || !*path || g_ascii_strncasecmp(rest, "TO:", 3) != 0) {
        say("501 5.5.4 RCPT TO:<address>");
    } else if (t->recipients->len >= RECIPIENTS_MAX) {
        say("452 4.5.3 so many recipients are enough");
    } else {
        g_ptr_array_add(t->recipients, g_steal_pointer(&path));
        say("250 2.1.5 fine");
    }
}

/* Everything of this message's own; the words' choice of account and the like stays. */
static int hand_over(const Talk *t, Bytes text)
{
    g_autoptr(GByteArray) copy = g_byte_array_new();
    g_byte_array_append(copy, (const guint8 *)text.data, (guint)text.len);
    Sendmail one = {.sender = t->sender, .recipients = t->recipients, .mode = 's'};
    const SendOptions *o = &t->words->send;
    one.send.connect.account = g_strdup(o->connect.account);
    one.send.connect.transcript = g_strdup(o->connect.transcript);
    one.send.notify = g_strdup(o->notify);
    one.put_aside = t->words->put_aside;
    int status = sendmail_message(&one, copy);
    sendmail_clear(&one);
    return status;
}

/* False when the input ended. */
static bool data(Talk *t)
{
    if (!t->recipients->len) {
        say("503 5.5.1 RCPT comes first");
        return true;
    }
    say("354 go on");
    intake_begin_text(t->in);
    Bytes what;
    IntakeWhat kind = listen_to(t, &what);
    if (kind == INTAKE_MORE) {
        return false;
    }
    int status = kind == INTAKE_TEXT ? hand_over(t, what) : 0;
    say(kind == INTAKE_TOO_LARGE ? "552 5.3.4 it is too large"
        : status == 0            ? "250 2.0.0 handed over"
        : status == 69           ? "554 5.0.0 refused"
        : status == 65           ? "554 5.6.0 that is no message to be sent"
                                 : "451 4.3.0 it could not be handed over");
    reset(t);
    return true;
}

static bool answer(Talk *t, const char *line)
{
    size_t len = strcspn(line, " ");
    g_autofree char *verb = g_ascii_strup(line, (gssize)len);
    const char *rest = line[len] ? line + len + 1 : "";
    if (!strcmp(verb, "QUIT")) {
        say("221 2.0.0 bye");
        return false;
    }
    if (!strcmp(verb, "DATA")) {
        return data(t);
    }
    if (!strcmp(verb, "MAIL")) {
        mail(t, rest);
    } else if (!strcmp(verb, "RCPT")) {
        rcpt(t, rest);
    } else if (!strcmp(verb, "EHLO")) {
        reset(t);
        say("250-localhost\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n"
            "250-SIZE " G_STRINGIFY(TEXT_MAX) "\r\n250 ENHANCEDSTATUSCODES");
    } else if (!strcmp(verb, "HELO") || !strcmp(verb, "RSET") || !strcmp(verb, "NOOP")) {
        if (strcmp(verb, "NOOP") != 0) {
            reset(t);
        }
        say("250 2.0.0 fine");
    } else {
        say("500 5.5.2 what is that?");
    }
    return true;
}

static bool listen_and_answer(Talk *t)
{
    Bytes what;
    IntakeWhat kind = listen_to(t, &what);
    if (kind == INTAKE_TOO_LONG) {
        say("500 5.5.2 the line is too long");
    }
    if (kind != INTAKE_COMMAND) {
        return kind == INTAKE_TOO_LONG;
    }
    g_autofree char *line = bytes_dup(what);
    return answer(t, line);
}

int sendmail_session(Sendmail *s)
{
    Talk t = {.words = s, .recipients = g_ptr_array_new_with_free_func(g_free)};
    t.in = intake_new(COMMAND_MAX, TEXT_MAX);
    say("220 localhost ESMTP");
    while (listen_and_answer(&t)) {
    }
    reset(&t);
    intake_free(t.in);
    g_ptr_array_unref(t.recipients);
    return 0;
}
