/* bytes.h: a borrowed run of bytes.
 *
 * A Bytes never owns what it points to: it is valid as long as whoever handed it out says. It need
 * not end in NUL and may contain NULs. `data` may be NULL only when `len` is 0. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *data;
    size_t len;
} Bytes;

#define BYTES_NONE ((Bytes){NULL, 0})
#define BYTES_LITERAL(s) ((Bytes){(s), sizeof(s) - 1})

/* The bytes of a C string, without its NUL. NULL gives BYTES_NONE. */
Bytes bytes_of(const char *text);
/* The contents of a GByteArray or GString, borrowed until it changes. */
Bytes bytes_of_array(const GByteArray *array);
Bytes bytes_of_string(const GString *string);

/* A part; offset and len are clamped to what is there. */
Bytes bytes_sub(Bytes b, size_t offset, size_t len);
/* Without leading and trailing space, tab, CR, LF. */
Bytes bytes_trim(Bytes b);
/* Takes the next word (up to space or tab) off the front of *rest and skips the blanks behind it;
 * empty at the end. */
Bytes bytes_word(Bytes *rest);

bool bytes_equal(Bytes a, Bytes b);
/* ASCII case is ignored; locale is not consulted. */
bool bytes_equal_ci(Bytes a, const char *text);
bool bytes_starts(Bytes b, const char *prefix);
bool bytes_starts_ci(Bytes b, const char *prefix);
/* Index of the first `c`, or -1. */
gssize bytes_index(Bytes b, char c);

/* A NUL-terminated copy (NULs within are kept, so the C string may look shorter). The caller frees
 * it. */
char *bytes_dup(Bytes b);

/* Decimal digits only, whole run, no sign; false when empty, not digits, or above max. */
bool bytes_number(Bytes b, uint64_t max, uint64_t *ret);

/* Base64 (RFC 4648 section 4), strict: no blanks, right padding. The caller frees the array. NULL
 * when it is not base64. */
GByteArray *bytes_base64_decode(Bytes text);
/* The caller frees the string. Not for secrets: see secret_base64(). */
char *bytes_base64(Bytes b);
/* Lower-case hex, no separators. The caller frees it. */
char *bytes_hex(Bytes b);
/* Upper-case hex with colons, as fingerprints are written. The caller frees it. */
char *bytes_hex_colons(Bytes b);
/* Hex digits in pairs, either case; blanks and colons between pairs are skipped. NULL when
 * malformed. The caller frees. */
GByteArray *bytes_from_hex(Bytes text);
