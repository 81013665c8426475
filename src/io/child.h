/* child.h: a program on a socketpair (`ssh -W`, a preconnect proxy) as a stream. posix_spawn, never
 * fork. */
#pragma once

#include "io/stream.h"

/* Starts argv[0] (looked up in PATH) with its standard input and output on the stream. Its standard
 * error is read along and its last lines are kept for messages; it keeps the terminal, so that ssh
 * can ask. SIGINT is blocked for it: an interrupted command must not tear the connection down, and
 * an interrupted password prompt ends because we end it. Freeing the stream closes the socket and
 * leaves no zombie: who does not go by himself gets SIGTERM, then SIGKILL (half a second in all,
 * and that wait suspends). Does not suspend itself. UNAVAILABLE when the program cannot be started.
 */
Stream *child_stream(const char *const *argv, GError **error);
/* What it has said on standard error so far, escaped, at most the last 2 kB; owned by the caller;
 * never NULL. */
char *child_said(const Stream *s);
/* Waits for it to end and gives its exit status (128+signal when killed). Suspends. */
bool child_wait(Stream *s, Deadline deadline, int *ret_status, GError **error);

/* The same without waiting: false while it runs. Reaps it. */
bool child_ended(Stream *s, int *ret_status);
/* Readable once the child has ended: to wait for that together with something else. Borrowed. */
int child_end_fd(const Stream *s);

/* Runs a command line by /bin/sh and takes its standard output, at most max bytes, as a secret: for
 * --password-command and --token-command. One trailing line end is cut. Standard error stays the
 * terminal's; standard input is ours when that is a terminal, else /dev/null. CONFIG when it fails
 * or gives nothing; the message does not hold the command line, which may hold a secret. Suspends.
 */
struct Secret;
struct Secret *child_secret(const char *command, size_t max, Deadline deadline, GError **error);

/* The other way round: runs a command line that reads a secret from its standard input, NULL for an
 * empty one; what it prints is dropped. CONFIG when it fails. Suspends. */
bool child_feed(const char *command, const struct Secret *input, Deadline deadline, GError **error);
