/* child.h: a program on a socketpair (`ssh -W`, a preconnect proxy) as a stream. posix_spawn, never fork. */
#pragma once

#include "io/stream.h"

/* Starts argv[0] (looked up in PATH) with its standard input and output on the stream. Its standard error is read along and
 * its last lines are kept for messages; it keeps the terminal, so that ssh can ask. Suspends not. */
Stream *child_stream(const char *const *argv, GError **error);
/* What it has said on standard error so far, escaped, at most the last 2 kB; owned by the caller; never NULL. */
char *child_said(const Stream *s);
/* Waits for it to end and gives its exit status (128+signal when killed). Suspends. */
bool child_wait(Stream *s, Deadline deadline, int *ret_status, GError **error);

/* Runs a command line by /bin/sh and takes its standard output, at most max bytes, as a secret: for --password-command and
 * --token-command. One trailing line end is cut. Standard error stays the terminal's. Fails with CONFIG. Suspends. */
struct Secret;
struct Secret *child_secret(const char *command, size_t max, Deadline deadline, GError **error);
