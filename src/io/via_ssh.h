/* via_ssh.h: a stream through `ssh -W`. */
#pragma once

#include "io/hops.h"
#include "io/stream.h"

/* Starts ssh through the first n hops to host:port, which the last hop resolves. Whether it gets
 * there shows with the first read or write: when ssh gives up before a byte has come, that fails
 * with UNAVAILABLE, with what ssh said and what to try. Does not suspend. */
Stream *via_ssh(const GArray *hops, size_t n, const SshHow *how, const char *host, uint16_t port,
                GError **error);

/* What to try when ssh has said that, or NULL. Static. */
const char *via_ssh_hint(const char *said);

/* Fails with UNAVAILABLE, as a child_stream() of ssh that ended with that status says it. Gives
 * false. */
bool via_ssh_failed(const char *whom, const Stream *ssh, int status, GError **error);
/* May it be over when ssh is started once more? What a busy sshd does (MaxStartups), and the end of
 * a shared login. */
bool via_ssh_may_pass(const GError *error);
