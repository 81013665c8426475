/* fetchmailrc_words.h: the words of a fetchmailrc, one row each: what stands behind it and where
 * the value goes. Internal to config/, and for report/, which prints by the same rows. */
#pragma once

#include <stddef.h>

#include "config/fetchmailrc.h"

typedef enum {
    /* The frame. */
    WORD_POLL,
    WORD_SKIP,
    WORD_DEFAULTS,
    WORD_SET,
    WORD_NO,
    WORD_USER,
    WORD_IS,
    WORD_TO,
    WORD_HERE,
    WORD_THERE,
    WORD_NOISE,
    /* Values with a meaning of their own. */
    WORD_PROTOCOL_NAME,
    WORD_AUTH_NAME,
    WORD_ACCEPT,
    WORD_REJECT,
    /* Options, by what follows. From WORD_FLAG on. */
    WORD_FLAG,
    WORD_NUMBER,
    WORD_NUMBERS, /* antispam */
    WORD_STRING,
    WORD_PATH,
    WORD_LIST,
    WORD_SECRET,
    WORD_PROTOCOL,
    WORD_AUTH,
    WORD_SERVICE,
    WORD_ENVELOPE,
    WORD_BAD_HEADER,
} FetchmailWordKind;

typedef enum { SCOPE_NONE, SCOPE_SET, SCOPE_SERVER, SCOPE_USER } FetchmailScope;

typedef struct {
    const char *word;
    FetchmailWordKind kind;
    FetchmailScope scope;
    size_t offset;       /* into FetchmailRc, -Server or -User */
    int fallback;        /* fetchmail's default of a flag or number */
    bool glued;          /* "noWORD" is a word of its own in 6.4 */
    bool own;            /* is not inherited from `defaults` */
    bool later;          /* of a later fetchmail: a word only where an option may stand */
    const char *meaning; /* the canonical word; NULL: the word itself */
} FetchmailWord;

/* Ended by a row whose word is NULL. An alias stands behind its canonical row. */
extern const FetchmailWord fetchmail_words[];

/* A reserved word, exact (fetchmail's are lower case). *negated is set for "nokeep" and its kind.
 * NULL when it is none. */
const FetchmailWord *fetchmail_word_find(Bytes text, bool *negated);
/* Where an option may stand more is understood: later fetchmails' words, and "nossl" glued. */
const FetchmailWord *fetchmail_word_find_lenient(Bytes text, bool *negated);
/* "pass8" -> "pass8bits". */
const char *fetchmail_word_canonical(const FetchmailWord *word);

/* Nothing said: numbers and flags FETCHMAIL_UNSET, the rest NULL. */
#define FETCHMAIL_UNSET (-0x7fffffff - 1)
FetchmailServer *fetchmail_server_new(void);
FetchmailUser *fetchmail_user_new(void);
void fetchmail_server_free(FetchmailServer *server);
void fetchmail_user_free(FetchmailUser *user);
void fetchmail_mapping_free(FetchmailMapping *mapping);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FetchmailServer, fetchmail_server_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FetchmailUser, fetchmail_user_free)

/* Takes over what `to` leaves unset; `from` may be NULL. */
void fetchmail_server_inherit(FetchmailServer *to, const FetchmailServer *from);
void fetchmail_user_inherit(FetchmailUser *to, const FetchmailUser *from);
/* Fills in fetchmail's own defaults by the table. `block` is of the scope's type. */
void fetchmail_fill(void *block, FetchmailScope scope);
/* Frees what the table's rows of that scope own. */
void fetchmail_block_clear(void *block, FetchmailScope scope);
/* Everything unset, by the table. */
void fetchmail_block_init(void *block, FetchmailScope scope);
