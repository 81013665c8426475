/* secret.h: bytes that must not be printed, logged, swapped out or dumped.
 *
 * A Secret owns its memory: locked (as far as RLIMIT_MEMLOCK allows), kept out of core dumps, wiped
 * when freed. There is no function that formats one. The only way at the bytes is secret_reveal(),
 * and tools/layers allows that only where secrets leave: sasl/, tls/, proto/wire.c, some of io/ and
 * config/oauth*.c, and base/
 * itself. What is derived from a secret (its base64 form, a response that contains it) is a Secret
 * too.  */
#pragma once

#include "base/bytes.h"

typedef struct Secret Secret;

/* Copies len bytes. The caller should wipe its own copy (secret_wipe). Never NULL. */
Secret *secret_new(const void *data, size_t len);
/* Copies a C string and wipes the original. */
Secret *secret_take_string(char *text);
Secret *secret_copy(const Secret *secret);
/* Wipes and frees; NULL is fine. */
void secret_free(Secret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Secret, secret_free)

size_t secret_length(const Secret *secret);
bool secret_equal(const Secret *a, const Secret *b); /* constant time for equal lengths */
/* True when a CR, LF or NUL is in it. */
bool secret_has_line_break(const Secret *secret);

/* The bytes, borrowed as long as the secret lives, followed by a NUL that is not counted. See above
 * for who may call it. */
Bytes secret_reveal(const Secret *secret);

/* Derived secrets, owned by the caller. */
Secret *secret_base64(const Secret *secret);
/* Up to its first line end, which is cut off; all of it when there is none. */
Secret *secret_first_line(const Secret *secret);
/* prefix + secret + suffix. */
Secret *secret_wrap(Bytes prefix, const Secret *secret, Bytes suffix);

/* Overwrites memory in a way the compiler keeps. */
void secret_wipe(void *data, size_t len);
