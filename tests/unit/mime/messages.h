/* messages.h: a message from a text, for the tests of what is done with its parts. */
#pragma once

#include <string.h>
#include <unistd.h>

#include "mime/source.h"
#include "mime/tree.h"

/* Messages read their contents from a file as long as they live. */
typedef struct {
    int fd;
    MimeTree *tree;
} Read;

static inline Read read_message(Bytes text, bool check)
{
    g_autoptr(GError) error = NULL;
    Read read = {.fd = mime_nameless_file()};
    g_assert_cmpint(write(read.fd, text.data, text.len), ==, (ssize_t)text.len);
    MimeWish wish = {.check = check};
    read.tree = mime_tree_parse(read.fd, 0, text.len, &wish, &error);
    g_assert_no_error(error);
    return read;
}

static inline void read_clear(Read *read)
{
    mime_tree_free(read->tree);
    close(read->fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Read, read_clear)

static inline bool gather(void *user, Bytes piece, GError **error)
{
    (void)error;
    g_string_append_len(user, piece.data, (gssize)piece.len);
    return true;
}
