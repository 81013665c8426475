/* notice.h: the message that tells a sender what could not be delivered (RFC 3464, 6522). Pure but
 * for the clock and the random numbers in its Message-ID. */
#pragma once

#include "send/outgoing.h"

/* One recipient that did not get it. Borrowed. */
typedef struct {
    const char *address;
    const char *status; /* "5.1.1"; NULL: 5.0.0, or 4.0.0 when it was given up for its age */
    const char *said;   /* "550 5.1.1 no such user", or what went wrong here; may have line ends */
    bool by_server;     /* `said` is a server's */
} NoticeRecipient;

typedef struct {
    const char *id, *envid; /* envid may be NULL */
    const char *sender;     /* whom it goes to */
    const char *server;     /* who said no; may be NULL */
    int64_t queued;
    const NoticeRecipient *recipients;
    size_t n;
    bool expired; /* the time to deliver it is over */
    Bytes header; /* of the message, which is returned; CRLF */
} NoticePlan;

/* From nobody (the null reverse-path) to the sender. The caller frees it. DATA: an address that is
 * none. */
Outgoing *notice_new(const NoticePlan *plan, GError **error);
