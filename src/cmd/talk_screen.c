/* talk_screen.c: how a line gets onto the screen, or into the pipe that stands for it. */
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/talk.h"
#include "cmd/talk_line.h"
#include "report/wrap.h"

#define MARK "     | " /* before an annotation */

static const char *const inks[] = {"", "\033[36m", "\033[2m", "\033[1;31m", "\033[32m"};

void talk_end_line(Talk *t)
{
    if (t->mid_line) {
        fputc('\n', t->out);
    }
    t->mid_line = false;
}

/* Lines that are escaped already; "" is an empty one. */
static void put_lines(Talk *t, Ink ink, const char *text)
{
    bool inked = t->colour && *inks[ink] != '\0';
    talk_end_line(t);
    fprintf(t->out, "%s%s%s\n", inked ? inks[ink] : "", text, inked ? "\033[0m" : "");
    t->typed_rows = 0;
}

static int width(const Talk *t)
{
    return line_terminal_width(fileno(t->out));
}

void talk_annotate(Talk *t, const char *text)
{
    if (text == NULL || t->quiet || t->explain == EXPLAIN_OFF) {
        return;
    }
    int room = MAX(width(t) - (int)strlen(MARK), 20);
    g_autofree char *wrapped = wrap_text(text, (size_t)room);
    g_auto(GStrv) lines = g_strsplit(wrapped, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        if (lines[i][0] != '\0') {
            g_autofree char *marked = g_strconcat(MARK, lines[i], NULL);
            put_lines(t, INK_ANNOTATION, marked);
        }
    }
}

void talk_annotate_take(Talk *t, char *text)
{
    talk_annotate(t, text);
    g_free(text);
}

void talk_print(Talk *t, const char *text)
{
    talk_end_line(t);
    fputs(text, t->out);
    if (*text != '\0' && !g_str_has_suffix(text, "\n")) {
        fputc('\n', t->out);
    }
    t->typed_rows = 0;
}

void talk_print_wrapped(Talk *t, const char *text)
{
    g_autofree char *wrapped = wrap_text(text, (size_t)width(t));
    talk_print(t, wrapped);
}

void talk_note(Talk *t, bool warning, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    WireEvent event = {
        .kind = warning ? WIRE_WARNING : WIRE_NOTE,
        .encrypted = t->session && t->session->wire && wire_encrypted(t->session->wire),
        .text = bytes_of(text),
        .raw = bytes_of(text),
        .at_us = g_get_real_time(),
    };
    talk_observe(t, &event);
}

void talk_warn(Talk *t, GError *error)
{
    g_autoptr(GError) mine = error;
    g_auto(GStrv) lines = g_strsplit(mine->message, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        talk_note(t, true, "%s", lines[i]);
    }
}

void talk_put_event(Talk *t, Ink ink, const WireEvent *event)
{
    g_autofree char *line = transcript_text_line(event);
    put_lines(t, ink, line);
}

/* Only while it still stands just above the cursor. */
void talk_take_back_typed(Talk *t)
{
    if (t->typed_rows > 0) {
        fprintf(t->out, "\033[%dA\r\033[J", t->typed_rows);
        t->typed_gone = true;
    }
    t->typed_rows = 0;
}

void talk_put_sent(Talk *t, const WireEvent *event)
{
    bool unseen = t->quiet && (!t->interactive || t->ladder);
    if ((t->typed && !t->typed_gone) || unseen) {
        return;
    }
    talk_take_back_typed(t);
    if (t->quiet) {
        g_autofree char *text = escape_line(event->text);
        put_lines(t, INK_PLAIN, text);
    } else {
        talk_put_event(t, INK_SENT, event);
    }
}

void talk_put_raw(Talk *t, Bytes raw)
{
    if (raw.len == 0) {
        return;
    }
    bool exact = t->quiet && !isatty(fileno(t->out));
    if (exact) {
        fwrite(raw.data, 1, raw.len, t->out);
    } else {
        g_autofree char *safe = escape_text(raw);
        fputs(safe, t->out);
    }
    t->mid_line = raw.data[raw.len - 1] != '\n' && !exact;
    t->typed_rows = 0;
}
