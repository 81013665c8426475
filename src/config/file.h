/* file.h: reading small files that may hold secrets: nothing of them stays behind in memory.
 * Internal to config/ and cmd/. */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "base/secret.h"

/* A whole file, NUL-terminated. file_text_clear() wipes it. */
typedef struct {
    char *data;
    size_t len;
    mode_t mode; /* as fstat() told for the file that was read */
    uid_t owner;
    int failure; /* errno when reading failed, else 0 */
} FileText;

/* At most `max` bytes, else LIMIT. NO_INPUT when it cannot be opened or read (then ret->failure
 * tells why). */
bool file_text_read(const char *path, size_t max, FileText *ret, GError **error);
void file_text_clear(FileText *text);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FileText, file_text_clear)

/* Neither group nor others may read or write it. */
bool file_text_is_private(const FileText *text);
