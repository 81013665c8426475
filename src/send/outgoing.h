/* outgoing.h: a message on its way: text as it will travel, and its envelope. Made once, sent as
 * often as it takes. Pure but for the clock and the random numbers in what is added. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

typedef struct {
    GByteArray *text;      /* CRLF line ends, no NUL */
    char *sender;          /* envelope; "" is the null reverse-path; NULL: not known yet */
    GPtrArray *recipients; /* envelope, of char*; each once */
    char *message_id;      /* with its brackets, or NULL */
    bool eight_bit;        /* octets above 127 in the body, or, no UTF-8, in the header */
    bool header_eight_bit; /* UTF-8 in the header: that needs SMTPUTF8 (RFC 6532) */
} Outgoing;

typedef struct {
    bool as_is;                    /* add and take away nothing but what makes line ends CRLF */
    bool add_from;                 /* a From field when there is none: the sender's */
    bool take_recipients;          /* from To, Cc, Bcc (or their Resent- kin) */
    const char *from;              /* for add_from: "Joe <joe@example.org>", or NULL: the sender */
    const char *sender;            /* envelope, or NULL: Sender's or From's */
    const char *const *recipients; /* lists of addresses, NULL-terminated, or NULL */
    const char *host;              /* for Message-ID where nobody is the sender; or NULL */
} OutgoingPlan;

/* Takes a message as a program or file has it: an mbox "From " line in front goes, every line end
 * is made CRLF, a header is put before a text that has none. Unless as_is, Bcc goes, and Date,
 * Message-ID and, where they are needed, MIME-Version and a Content-Type come. A NUL fails with
 * DATA, as does an address that is none. The caller frees it. */
Outgoing *outgoing_new(Bytes raw, const OutgoingPlan *plan, GError **error);
/* The same for a text that is ready in every way; takes it. Looks only at what kind of octets it
 * has. */
Outgoing *outgoing_ready(GByteArray *text);
void outgoing_free(Outgoing *o);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outgoing, outgoing_free)

/* Adds to the envelope what is not there yet. DATA. */
bool outgoing_add_recipients(Outgoing *o, Bytes list, GError **error);
bool outgoing_set_sender(Outgoing *o, const char *sender, GError **error);
/* "<1763760000.4f2a9c...@host>", unlike any other. The caller frees it. */
char *outgoing_message_id(const char *host);
/* "Sat, 21 Nov 2026 22:10:43 +0000" in local time (RFC 5322 3.3). The caller frees it. */
char *outgoing_date(gint64 seconds);
