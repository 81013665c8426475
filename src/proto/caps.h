/* caps.h: what a server says it can do: an ordered set of names with their arguments. Names compare
 * without case. */
#pragma once

#include "base/bytes.h"

typedef struct Caps Caps;

Caps *caps_new(void);
void caps_free(Caps *caps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Caps, caps_free)

/* "AUTH PLAIN LOGIN" -> name AUTH, args "PLAIN LOGIN". A second line with the same name adds its
 * arguments. At most 512. */
void caps_add_line(Caps *caps, Bytes line);
bool caps_has(const Caps *caps, const char *name);
/* Borrowed; "" when there are none or the name is absent. */
const char *caps_args(const Caps *caps, const char *name);
size_t caps_count(const Caps *caps);
const char *caps_name(const Caps *caps, size_t index);
/* "NAME ARGS", borrowed. */
const char *caps_line(const Caps *caps, size_t index);
/* SASL mechanism names, NULL-terminated, from AUTH=X items, AUTH/SASL lines (RFC 3501, 4954, 5034,
 * 5804). g_strfreev(). */
char **caps_mechanisms(const Caps *caps);
/* A name that looks like a STARTTLS a middlebox has spoiled (XXXXXXXA, XTARTTLS, STARTTXX), or
 * NULL. Borrowed. */
const char *caps_mangled_tls(const Caps *caps, const char *word);
