#include "send/intake.h"

#include <string.h>

struct Intake {
    size_t line_max, text_max;
    GByteArray *in;        /* what was fed; up to `taken` it has been returned */
    size_t taken, scanned; /* no line ends before `scanned` */
    GByteArray *text;      /* of the message, as far as it has come */
    bool in_text, crlf;
    bool overflow; /* what is being read is above its cap */
    bool mid_line; /* what is there goes on a line whose beginning was dropped */
};

Intake *intake_new(size_t line_max, size_t text_max)
{
    Intake *i = g_new0(Intake, 1);
    i->line_max = line_max;
    i->text_max = text_max;
    i->in = g_byte_array_new();
    i->text = g_byte_array_new();
    return i;
}

void intake_free(Intake *i)
{
    if (i) {
        g_byte_array_unref(i->in);
        g_byte_array_unref(i->text);
        g_free(i);
    }
}

void intake_feed(Intake *i, Bytes bytes)
{
    g_byte_array_remove_range(i->in, 0, (guint)i->taken);
    i->scanned -= MIN(i->scanned, i->taken);
    i->taken = 0;
    g_byte_array_append(i->in, (const guint8 *)bytes.data, (guint)bytes.len);
}

void intake_begin_text(Intake *i)
{
    i->in_text = true;
    i->overflow = false;
    g_byte_array_set_size(i->text, 0);
}

/* Takes a line with its end, which is `end`, off what is there. */
static bool take_line(Intake *i, Bytes end, Bytes *line)
{
    size_t from = MAX(i->taken, i->scanned);
    Bytes all = bytes_of_array(i->in), rest = bytes_sub(all, from, all.len);
    const char *found = rest.len ? memmem(rest.data, rest.len, end.data, end.len) : NULL;
    if (!found) {
        i->scanned = MAX(i->taken, all.len - MIN(all.len, end.len - 1));
        return false;
    }
    *line = bytes_sub(all, i->taken, (size_t)(found - all.data) + end.len - i->taken);
    i->taken += line->len;
    i->scanned = i->taken;
    return true;
}

/* A line without end in sight that is too long already. Its last octet stays: it may be half of an
 * end. */
static void drop_overlong(Intake *i, size_t max)
{
    enum { LINE_END_MAX = 2 };
    if (i->in->len - i->taken > max + LINE_END_MAX) {
        i->overflow = i->mid_line = true;
        i->taken = i->scanned = i->in->len - 1;
    }
}

static IntakeWhat next_command(Intake *i, Bytes *ret)
{
    Bytes line;
    if (!take_line(i, BYTES_LITERAL("\n"), &line)) {
        drop_overlong(i, i->line_max);
        return INTAKE_MORE;
    }
    i->crlf = line.len > 1 && line.data[line.len - 2] == '\r';
    *ret = bytes_sub(line, 0, line.len - (i->crlf ? 2 : 1));
    bool too_long = i->overflow || ret->len > i->line_max;
    i->overflow = i->mid_line = false;
    return too_long ? INTAKE_TOO_LONG : INTAKE_COMMAND;
}

static void add_line(Intake *i, Bytes line)
{
    Bytes plain = bytes_sub(line, line.data[0] == '.', line.len);
    i->overflow |= plain.len > i->text_max - i->text->len;
    if (!i->overflow) {
        g_byte_array_append(i->text, (const guint8 *)plain.data, (guint)plain.len);
    }
}

/* Of lines that are ended by CRLF, none is ".\n". */
static bool is_dot(Bytes line)
{
    return bytes_equal(line, BYTES_LITERAL(".\r\n")) || bytes_equal(line, BYTES_LITERAL(".\n"));
}

static IntakeWhat next_text(Intake *i, Bytes *ret)
{
    Bytes end = i->crlf ? BYTES_LITERAL("\r\n") : BYTES_LITERAL("\n"), line;
    while (take_line(i, end, &line)) {
        bool last = !i->mid_line && is_dot(line);
        i->mid_line = false;
        if (!last) {
            add_line(i, line);
            continue;
        }
        IntakeWhat what = i->overflow ? INTAKE_TOO_LARGE : INTAKE_TEXT;
        i->in_text = i->overflow = false;
        *ret = bytes_of_array(i->text);
        return what;
    }
    drop_overlong(i, i->text_max);
    return INTAKE_MORE;
}

IntakeWhat intake_next(Intake *i, Bytes *ret)
{
    *ret = BYTES_NONE;
    return i->in_text ? next_text(i, ret) : next_command(i, ret);
}
