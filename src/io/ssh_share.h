/* ssh_share.h: one login at an ssh hop for many connections (ssh's ControlMaster), so that a burst
 * of them meets no limit of that sshd, a passphrase is asked for once, and each is quick. */
#pragma once

#include "base/deadline.h"
#include "io/hops.h"

typedef struct SshShare SshShare;

/* Nothing is started yet. */
SshShare *ssh_share_new(void);
/* Ends the login, whatever still goes through it. Suspends. */
void ssh_share_free(SshShare *share);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SshShare, ssh_share_free)

/* Sees to it that there is a login at the last of n hops, and has `how` use it: how->control is
 * borrowed from the share. Who comes while it is being made waits for it; one that has ended is
 * made anew. Always for the same hops. Left alone, and true, where ssh's own configuration or
 * options name a ControlPath, where ssh cannot be asked that, and where there is no directory for
 * the socket (private, 0700, in $XDG_RUNTIME_DIR or the temporary one). UNAVAILABLE with what ssh
 * said, TIMEOUT, CANCELLED. Suspends. */
bool ssh_share_ready(SshShare *share, const GArray *hops, size_t n, SshHow *how, Deadline deadline,
                     GError **error);
