/* stdout.c: messages to standard output, one behind the other, nothing between them. */
#include <errno.h>
#include <unistd.h>

#include "deliver/kind.h"
#include "store/durable.h"

static bool open_target(Delivery *d, const char *rest, GError **error)
{
    (void)d, (void)rest, (void)error;
    return true;
}

static bool begin(Delivery *d, const Letter *letter, GError **error)
{
    (void)d, (void)letter, (void)error;
    return true;
}

/* What is on its way cannot be taken back: a message that breaks off is told by the exit status. */
static bool write_piece(Delivery *d, Bytes piece, GError **error)
{
    (void)d;
    return durable_write_all(STDOUT_FILENO, piece.data, piece.len) ||
           error_fail(error, POSTERN_ERROR_IO, "cannot write to standard output: %s",
                      g_strerror(errno));
}

static bool end(Delivery *d, DeliverFate *ret, char **ret_said, GError **error)
{
    (void)d, (void)ret_said, (void)error;
    *ret = DELIVER_DONE;
    return true;
}

static void drop(Delivery *d)
{
    (void)d;
}

const DeliverKind deliver_stdout = {
    .prefix = "-",
    .open = open_target,
    .close = drop,
    DELIVER_ONE,
};
