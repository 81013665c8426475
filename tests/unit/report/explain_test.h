/* explain_test.h: small helpers of the tests of report/explain_*. */
#pragma once

#include <string.h>

#include "report/explain_tables.h"

/* Only the name decides what is spoken. */
#define PROTO(proto_name) (&(const Proto){.name = (proto_name)})

static inline void assert_has(const char *text, const char *part)
{
    if (text == NULL || strstr(text, part) == NULL) {
        g_error("\"%s\" is not in: %s", part, text == NULL ? "NULL" : text);
    }
}

static inline void assert_lacks(const char *text, const char *part)
{
    if (text != NULL && strstr(text, part) != NULL) {
        g_error("\"%s\" is in: %s", part, text);
    }
}

/* Nothing that could do something to a terminal. */
static inline void assert_harmless(const char *text)
{
    g_assert_true(text == NULL || g_utf8_validate(text, -1, NULL));
    for (const char *c = text; c != NULL && *c != '\0'; c = g_utf8_next_char(c)) {
        g_assert_true(*c == '\n' || *c == '\t' || !g_unichar_iscntrl(g_utf8_get_char(c)));
    }
}

static inline Caps *caps_from(const char *const *lines)
{
    Caps *caps = caps_new();
    for (size_t i = 0; lines[i] != NULL; i++) {
        caps_add_line(caps, bytes_of(lines[i]));
    }
    return caps;
}
