/* sendmail_session.c: `sendmail -bs`: SMTP on standard input and output, for programs that would
 * rather speak than pipe (RFC 5321). Each message is handed over before its 250. */
#include <stdio.h>
#include <string.h>

#include "cmd/sendmail.h"

#define LINE_MAX_OCTETS 4096
#define TEXT_MAX ((guint)64 * 1024 * 1024)
#define RECIPIENTS_MAX 1000

typedef struct {
    const Sendmail *words;
    char *sender;
    GPtrArray *recipients; /* of char* */
} Talk;

static void say(const char *text)
{
    fputs(text, stdout);
    fputs("\r\n", stdout);
    fflush(stdout);
}

/* A line without its end; false at the end of the input. One that is too long is nothing. */
static bool read_line(char *line, size_t size)
{
    if (!fgets(line, (int)size, stdin)) {
        return false;
    }
    int last = strchr(line, '\n') ? '\n' : ' ';
    for (; last != '\n' && last != EOF; last = getchar()) {
        line[0] = '\0';
    }
    line[strcspn(line, "\r\n")] = '\0';
    return true;
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

/* Up to the line with a dot alone; false when the input ended before. *too_long when some of it was
 * left out. */
static bool read_text(GByteArray *text, bool *too_long)
{
    char piece[LINE_MAX_OCTETS];
    bool at_start = true;
    *too_long = false;
    while (fgets(piece, sizeof piece, stdin)) {
        size_t len = strlen(piece);
        bool ends = len && piece[len - 1] == '\n';
        if (at_start && (!strcmp(piece, ".\r\n") || !strcmp(piece, ".\n"))) {
            return true;
        }
        size_t stuffed = at_start && piece[0] == '.';
        *too_long |= text->len + len > TEXT_MAX;
        if (!*too_long) {
            g_byte_array_append(text, (const guint8 *)piece + stuffed, (guint)(len - stuffed));
        }
        at_start = ends;
    }
    return false;
}

/* Everything of this message's own; the words' choice of account and the like stays. */
static int hand_over(const Talk *t, GByteArray *text)
{
    Sendmail one = {.sender = t->sender, .recipients = t->recipients, .mode = 's'};
    const SendOptions *o = &t->words->send;
    one.send.connect.account = g_strdup(o->connect.account);
    one.send.connect.transcript = g_strdup(o->connect.transcript);
    one.send.notify = g_strdup(o->notify);
    one.put_aside = t->words->put_aside;
    int status = sendmail_message(&one, text);
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
    g_autoptr(GByteArray) text = g_byte_array_new();
    bool too_long;
    if (!read_text(text, &too_long)) {
        return false;
    }
    int status = too_long ? 0 : hand_over(t, text);
    say(too_long       ? "552 5.3.4 it is too large"
        : status == 0  ? "250 2.0.0 handed over"
        : status == 69 ? "554 5.0.0 refused"
        : status == 65 ? "554 5.6.0 that is no message to be sent"
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
        say("250-localhost\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES");
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

int sendmail_session(Sendmail *s)
{
    Talk t = {.words = s, .recipients = g_ptr_array_new_with_free_func(g_free)};
    char line[LINE_MAX_OCTETS / 2];
    say("220 localhost ESMTP");
    while (read_line(line, sizeof line) && answer(&t, line)) {
    }
    reset(&t);
    g_ptr_array_unref(t.recipients);
    return 0;
}
