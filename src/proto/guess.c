#include "proto/guess.h"

#include <string.h>

#include "proto/row.h"

bool guess_may(const Session *s)
{
    return s->remembered && s->remembered[0] && wire_encrypted(s->wire) && session_is_private(s);
}

void guess_begin(Session *s)
{
    Caps *caps = caps_new();
    Bytes rest = bytes_of(s->remembered);
    while (rest.len) {
        gssize lf = bytes_index(rest, '\n');
        size_t len = lf < 0 ? rest.len : (size_t)lf;
        caps_add_line(caps, bytes_sub(rest, 0, len));
        rest = bytes_sub(rest, len + 1, rest.len);
    }
    row_set_caps(s, caps);
    s->guessed = true;
}

void guess_check(Session *s)
{
    g_autofree char *now = session_remember(s);
    s->changed = g_strcmp0(now, s->remembered) != 0;
}

char *session_remember(const Session *s)
{
    if (!s->caps || !wire_encrypted(s->wire) || !session_is_private(s)) {
        return NULL;
    }
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < caps_count(s->caps); i++) {
        g_string_append_printf(text, "%s%s", i ? "\n" : "", caps_line(s->caps, i));
    }
    return g_string_free(text, FALSE);
}
