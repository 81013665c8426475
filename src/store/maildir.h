/* maildir.h: one Maildir (tmp, new, cur), and the names in it. A message's name holds a marker, 32
 * hex digits that say which message of which account it is: whoever reads mail may move it to cur
 * and add flags, and it is recognised all the same.
 *
 *     1763763043.P0123456789abcdef0123456789abcdef.host[:2,FLAGS]
 *
 * Calls work on local files and do not suspend. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

#define MAILDIR_MARKER_LENGTH 32

typedef struct {
    char *path;
    int tmp_fd, new_fd, cur_fd;
} Maildir;

/* Opens it; with `make` what is missing is made (0700) and made durable. CANT_CREATE. */
Maildir *maildir_open(const char *path, bool make, GError **error);
void maildir_free(Maildir *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Maildir, maildir_free)

/* This machine as it stands in names. Never freed. */
const char *maildir_host(void);
/* The part of a name before flags; `when` in seconds since the epoch. The caller frees it. */
char *maildir_name(const char *marker, int64_t when);
/* The marker in a name, borrowed from it; none: BYTES_NONE. Pure. */
Bytes maildir_marker_of(const char *name);
/* The name of a message in tmp/ while it is written: with the process id, so that others know
 * whether somebody is still at it. The caller frees it. */
char *maildir_tmp_name(const char *marker);

/* The markers of all messages in new and cur are added to the set. IO. */
bool maildir_markers(const Maildir *m, GHashTable *set, GError **error);
/* Removes files of ours in tmp/ whose process is gone; how many. */
unsigned maildir_sweep(const Maildir *m);

/* The directory of a folder below a Maildir, as Maildir++ has it: "Lists/x" -> "PATH/.Lists.x";
 * INBOX is the Maildir itself. `folder` is UTF-8 and is written in the modified UTF-7 that IMAP
 * servers use for such names. The caller frees it. Pure. */
char *maildir_folder_path(const char *path, const char *folder, char delimiter);
