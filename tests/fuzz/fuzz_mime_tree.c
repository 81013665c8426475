/* A whole message through GMime: its tree, headers (RFC 2047, 2231), texts and defects. */
#include <stdint.h>
#include <unistd.h>

#include "mime/source.h"
#include "mime/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(void *user, Bytes piece, GError **error)
{
    (void)error;
    *(uint64_t *)user += piece.len;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    fd = fd < 0 ? mime_nameless_file() : fd;
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size) {
        return 0;
    }
    MimeWish wish = {.hash = true, .check = true};
    g_autoptr(MimeTree) tree = mime_tree_parse(fd, 0, size, &wish, NULL);
    uint64_t len = 0;
    for (guint i = 0; tree != NULL && i < tree->nodes->len; i++) {
        mime_text_read(tree, tree->nodes->pdata[i], take, &len, NULL);
    }
    return 0;
}
