/* stream_fd.h: the try_ operations on a socket, for the kinds of stream that own one (sockets,
 * children). */
#pragma once

#include "io/stream.h"

StreamStatus fd_try_read(int fd, void *buffer, size_t len, size_t *moved, GError **error);
StreamStatus fd_try_write(int fd, const void *data, size_t len, size_t *moved, GError **error);
StreamStatus fd_try_shutdown(int fd, GError **error);
