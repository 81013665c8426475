/* save.h: attachments as files in a directory: nothing outside of it is touched, nothing in it is
 * overwritten unless asked. */
#pragma once

#include "mime/tree.h"

typedef struct SaveDir SaveDir;

/* Opens the directory, makes it (0700) when it is missing (not its parents). CANT_CREATE. */
SaveDir *save_dir_open(const char *path, bool overwrite, GError **error);
void save_dir_free(SaveDir *dir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SaveDir, save_dir_free)

/* Saves one leaf, a message inside the message (as .eml), or with `file` not 0 that file inside a
 * leaf's text, under a safe name (names.h), numbered when it is taken. *ret_name is that name and
 * *ret_bytes its size; the caller frees the name. What fails half-way is taken away again.
 * CANT_CREATE, IO. */
bool save_node(SaveDir *dir, const MimeTree *tree, const MimeNode *node, unsigned file,
               char **ret_name, uint64_t *ret_bytes, GError **error);
/* Writes all of it to fd: the decoded content, or as it stands in the message; of a multipart or
 * message what is inside. */
bool save_to_fd(const MimeTree *tree, const MimeNode *node, unsigned file, bool raw, int fd,
                GError **error);
