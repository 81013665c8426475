/* mbox_lock.h: an mbox opened and locked, with fcntl() and with FILE.lock. Internal to deliver/. */
#pragma once

#include "base/error.h"

typedef struct {
    int fd;
    char
        *dotlock; /* or NULL: the directory cannot be written to, as with a spool of the system's */
} MboxLock;

/* Makes the file (0600) when it is not there. Waits up to 10 s, blocking: for a thread. A FILE.lock
 * of a dead process of this host, or one older than 10 minutes, is no obstacle. TEMPFAIL,
 * CANT_CREATE. */
bool mbox_lock(const char *path, MboxLock *ret, GError **error);
void mbox_unlock(MboxLock *lock);
