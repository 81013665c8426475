/* send_failure.h: what a spooled message's recipients were refused for, and its sender told. */
#pragma once

#include "send/notice.h"
#include "send/spool.h"

/* Filled by send_failure_add(); zero but for the first members at the beginning. */
typedef struct {
    Spool *spool;
    SpoolJob *job;
    const char *notices; /* a Maildir instead of the job's own, or NULL */
    const char *server;  /* its name, or NULL */
    bool expired;
    NoticeRecipient *list;
    size_t n;
} SendFailure;

/* `status` and `said` are copied; status may be NULL. */
void send_failure_add(SendFailure *f, const char *address, const char *status, const char *said,
                      bool by_server);
/* Tells the sender, durably, and takes the recipients off the job; frees the list. A notice about a
 * message that has no sender, or went wrong itself, goes nowhere: then the job is held, with them
 * on it. CANT_CREATE, IO, DATA. */
bool send_failure_tell(SendFailure *f, GError **error);
