/* deliver.h: where mail is put: a Maildir, an mbox, a program, LMTP, SMTP, standard output. One
 * kind a file (kind.h); to add one: a file and a row in deliver.c.
 *
 * Messages come one after the other: begin, data..., end; a message that is dropped instead of
 * ended leaves nothing behind. Targets that are files collect ended messages into batches, which
 * are not there for anybody until they were committed: written, synced, renamed, directory synced.
 * The others take each message at its end. */
#pragma once

#include "proto/session.h"

/* Where the mail goes, and how. Owned by whoever made it. */
typedef struct {
    char *to;    /* as --to has it: "DIR", "mbox:FILE", "|PROGRAM ARGUMENTS", "lmtp://HOST:PORT",
                    "smtp://HOST", "-"; NULL: ~/Maildir */
    char **hunt; /* more of these: tried in this order when the one before cannot be reached (SMTP
                    and LMTP only); or NULL */
    char **recipients;  /* for LMTP and SMTP, and %r and %T of a program; NULL: the caller's own
                           login name */
    bool shell;         /* a program is run by /bin/sh -c */
    bool fetchmail_mda; /* only %T and %F are replaced, as fetchmail does it; else %u %r %f %a %m */
    bool crlf;          /* line ends stay CRLF in files and for programs */
    bool invisible;     /* no Received: header */
    bool lone_folder; /* a Maildir gets all folders of the account into itself, not by Maildir++ */
    const SessionPlan *smtp_plan; /* TLS and credentials for SMTP and LMTP; NULL: none, which is
                                     enough on loopback. Borrowed */
} DeliverPlan;

/* One message, as far as targets care. Borrowed while it is delivered. */
typedef struct {
    const char *marker; /* 32 hex digits: which message of which account it is, always the same */
    const char *folder; /* where it comes from, UTF-8; "INBOX" */
    char delimiter;     /* of the folder's name, or 0 */
    int64_t received;   /* seconds since the epoch; 0: not known */
    const char *flags;  /* those of Maildir, sorted, "RS"; "": a new message */
    Bytes prefix;       /* header lines to put before it, CRLF; or none */
} Letter;

typedef enum {
    DELIVER_DONE,    /* it is there, and the target answers for it */
    DELIVER_HELD,    /* it is in the batch: there once that was committed */
    DELIVER_LATER,   /* it was not taken; another time it may be */
    DELIVER_REFUSED, /* it was not taken, and will not be */
} DeliverFate;

typedef struct Delivery Delivery;

/* Reads plan->to; makes directories. Programs and servers are started and called with the first
 * message. `account` is for %a. The plan is borrowed. USAGE, CANT_CREATE. */
Delivery *deliver_open(const DeliverPlan *plan, const char *account, GError **error);
void deliver_free(Delivery *d);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Delivery, deliver_free)
/* Checks plan->to without touching anything. USAGE. */
bool deliver_check(const DeliverPlan *plan, GError **error);

/* Text with CRLF line ends, as source.h gives it. Fail with IO, CANT_CREATE: nothing more can be
 * delivered there. Suspend. */
bool deliver_begin(Delivery *d, const Letter *letter, GError **error);
bool deliver_data(Delivery *d, Bytes piece, GError **error);
/* *ret_said is what the target said to LATER and REFUSED (raw); the caller frees it. */
bool deliver_end(Delivery *d, DeliverFate *ret, char **ret_said, GError **error);
/* The message that was begun is not complete. Suspends. */
void deliver_drop(Delivery *d);

/* --- batches --- */

typedef struct DeliverBatch DeliverBatch;

/* What was held since the last one; NULL: nothing. To be committed, or freed, which takes it back.
 */
DeliverBatch *deliver_take_batch(Delivery *d);
/* Makes it durable and visible. Blocks: for a thread. On failure nothing of it, or only some whole
 * messages of it, are visible. IO, CANT_CREATE. */
bool deliver_batch_commit(DeliverBatch *batch, GError **error);
void deliver_batch_free(DeliverBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeliverBatch, deliver_batch_free)

/* --- after a crash --- */

/* The markers of messages that are there (of `folder`): a set of strings, which the caller unrefs;
 * NULL where the target cannot tell. *error only when it should have been able to. */
GHashTable *deliver_present(Delivery *d, const char *folder, char delimiter, GError **error);
/* Removes what a run that was killed left behind; how many. */
unsigned deliver_sweep(Delivery *d, const char *folder, char delimiter);
