/* choose.h: what is to be done with each message of a listing. Pure. */
#pragma once

#include "fetch/job.h"
#include "fetch/known.h"

typedef enum {
    CHOICE_FETCH,
    CHOICE_HEADER,   /* it is too large: only its header */
    CHOICE_KNOWN,    /* the state has it */
    CHOICE_OVERSIZE, /* left there */
    CHOICE_LATER,    /* past --limit */
    CHOICE_DELETED,  /* somebody has marked it as deleted */
} ChoiceKind;

typedef struct {
    const SourceMessage *message; /* of the listing */
    const char *id;               /* POP3; else NULL */
    StateMessage *row;            /* what the state knows, or NULL */
    ChoiceKind what;
    bool settled; /* nothing needs to be done about it in a later run */
} Choice;

/* One for each message, in the listing's order; `ids` NULL: IMAP. `left` is how many may still be
 * fetched in this run. The caller unrefs it. */
GArray *choose(const FetchJob *job, const SourceListing *listing, const char *const *ids,
               const Known *known, unsigned left);

/* The highest UID up to which all is settled, at least `before`. */
uint32_t choose_settled(const GArray *choices, const SourceListing *listing, uint32_t before);
