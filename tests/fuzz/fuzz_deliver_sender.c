/* Whatever a header says, what comes out can stand in an envelope, in a From line and on a command
 * line. */
#include "deliver/sender.h"
#include "store/maildir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *sender = deliver_sender((Bytes){(const char *)data, size});
    g_assert_true(sender[0] != '-');
    for (const char *c = sender; *c != '\0'; c++) {
        g_assert_true((unsigned char)*c > 0x20 && *c != '<' && *c != '>' && *c != 0x7f);
    }
    /* The same octets as a folder's name: below the Maildir it stays. */
    g_autofree char *name = g_strndup((const char *)data, size);
    g_autofree char *path = maildir_folder_path("/m", name, '/');
    g_assert_true(g_str_equal(path, "/m") || g_str_has_prefix(path, "/m/."));
    g_assert_null(path[2] != '\0' ? g_strrstr(path + 4, "/") : NULL);
    Bytes marker = maildir_marker_of(name);
    g_assert_true(marker.len == 0 || marker.len == MAILDIR_MARKER_LENGTH);
    return 0;
}
