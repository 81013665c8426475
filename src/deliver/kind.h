/* kind.h: what a kind of target implements; deliver.c does what they have in common: line ends,
 * buffering into large pieces, which message is under way. Internal to deliver/. */
#pragma once

#include "deliver/deliver.h"

typedef struct DeliverKind {
    const char *prefix; /* how plan->to begins: "mbox:"; "": everything else */
    bool crlf;          /* takes CRLF line ends, whatever the plan says */
    bool holds;         /* collects messages into batches */
    /* Is what stands behind the prefix well-formed? USAGE. May be NULL. */
    bool (*check)(const DeliverPlan *plan, const char *rest, GError **error);
    /* Sets d->own. */
    bool (*open)(Delivery *d, const char *rest, GError **error);
    void (*close)(Delivery *d);
    bool (*begin)(Delivery *d, const Letter *letter, GError **error);
    /* Text as it is to be stored; in pieces of up to 64 kB, whole messages where they fit. */
    bool (*write)(Delivery *d, Bytes piece, GError **error);
    bool (*end)(Delivery *d, DeliverFate *ret, char **ret_said, GError **error);
    void (*drop)(Delivery *d);
    /* Those that hold. */
    void *(*take)(Delivery *d);
    bool (*commit)(void *held, GError **error);
    void (*release)(void *held); /* what was not committed is taken back */
    /* After a crash; may be NULL. */
    bool (*present)(Delivery *d, const char *folder, char delimiter, GHashTable *set,
                    GError **error);
    unsigned (*sweep)(Delivery *d, const char *folder, char delimiter);
} DeliverKind;

/* Of a row: the functions of one message, and those of a kind that holds, by the names that they
 * have in each kind's file. */
#define DELIVER_ONE .begin = begin, .write = write_piece, .end = end, .drop = drop
#define DELIVER_HOLDS                                                                              \
    .holds = true, .take = take, .commit = commit, .release = release, .present = present,         \
    .sweep = sweep

extern const DeliverKind deliver_maildir, deliver_mbox, deliver_program, deliver_lmtp, deliver_smtp,
    deliver_stdout;

struct Delivery {
    const DeliverPlan *plan;
    const char *account;
    const DeliverKind *kind;
    void *own;          /* of the kind */
    GByteArray *buffer; /* what is not written yet */
    bool under_way;     /* a message was begun and neither ended nor dropped */
    bool pending_cr;    /* the last octet was a CR that may belong to a line end */
};
