/* durable.h: files that are on disk when a call says so. Everything here blocks: for a thread, or
 * for small things. No coroutine is switched within. */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* Is one syncfs() cheaper here than an fsync() a file? Only on a local filesystem, with a kernel
 * whose syncfs() reports errors (5.8), and when not much besides `bytes` of ours waits to be
 * written, for it writes the other programs' data too. */
bool durable_prefers_syncfs(int dir_fd, uint64_t bytes);

/* The contents of the named files of a directory become durable: by one syncfs(), or by fsync()
 * from several threads at once. dir_fd must have been open since before they were written, or a
 * failed write could have been reported to somebody else. IO. */
bool durable_files(int dir_fd, char *const *names, size_t n, uint64_t bytes, GError **error);

/* The names in a directory become durable. `path` is for the message. IO. */
bool durable_directory(int dir_fd, const char *path, GError **error);

/* Writes a whole small file anew: tmp name, fsync, rename, directory. CANT_CREATE, IO. */
bool durable_replace(const char *path, const void *data, size_t len, GError **error);

/* All of it, whatever write() makes of it. False with errno. */
bool durable_write_all(int fd, const void *data, size_t len);
