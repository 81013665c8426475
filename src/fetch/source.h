/* source.h: where mail is collected from: a POP3 maildrop or an IMAP account behind one interface.
 *
 * A Source borrows a Session that has logged in. It knows nothing of files or of state: it lists,
 * streams messages into a sink, and removes, flags or moves what it is told to. A failure with EOF,
 * TIMEOUT, PROTOCOL, LIMIT or IO ends its use: the session is to be closed, and whatever message
 * was under way was not received. */
#pragma once

#include "proto/session.h"

typedef struct Source Source;

/* One message as the server lists it. */
typedef struct {
    uint32_t number; /* POP3: its number in this session; IMAP: its UID */
    /* IMAP. In single bits: there may be very many messages */
    bool seen : 1, answered : 1, flagged : 1, draft : 1, deleted : 1;
    bool ambiguous : 1; /* another message of this listing has the same UIDL */
    uint64_t size;      /* octets as announced (LIST, RFC822.SIZE), 0 when that was nonsense; some
                        servers lie */
    /* POP3: UIDL, or "sha256:HEX" of the header where there is no UIDL; IMAP: NULL */
    const char *uidl;
    int64_t received; /* INTERNALDATE, seconds since the epoch; 0: not known */
} SourceMessage;

typedef struct {
    char *folder;      /* IMAP: name in UTF-8; POP3: "INBOX" */
    char delimiter;    /* IMAP hierarchy delimiter, or 0 */
    uint32_t validity; /* UIDVALIDITY; 0 for POP3 */
    uint32_t uid_next; /* 0: not told */
    uint64_t modseq;   /* HIGHESTMODSEQ, or 0 */
    bool has_uidl;     /* POP3: the ids are the server's own */
    char digest[65];   /* POP3: of all ids, in hex; "": not known */
    bool unchanged;    /* it is the plan's known_digest: nothing but ids and numbers is filled in */
    GArray *messages;  /* of SourceMessage, in the server's order */
    GStringChunk *texts; /* what the uidl members point into */
} SourceListing;

void source_listing_free(SourceListing *listing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SourceListing, source_listing_free)

typedef struct {
    const char *folder;      /* IMAP; NULL: INBOX */
    bool read_only;          /* EXAMINE instead of SELECT: nothing will be removed or flagged */
    bool unseen;             /* IMAP: only messages without \Seen */
    int64_t since;           /* IMAP: only from that day on (seconds since the epoch); 0: all */
    uint32_t known_validity; /* what a former run saw: with QRESYNC or CONDSTORE only news is asked
                                for */
    uint32_t known_uid;      /* IMAP: UIDs up to this one need no listing, while the validity is the
                                same; 0: all */
    bool may_skip;           /* IMAP: a folder that is known to have no news need not be selected */
    bool only_new;           /* list only UIDs above known_uid */
    const char *known_digest; /* POP3: of a listing that had nothing new; or NULL */
    bool ids_only; /* POP3: sizes may be left out, for source_sizes() to ask for if need be; they
                      are told all the same where the ids need them */
} SourceListPlan;

/* How one message came to its end. */
typedef enum {
    SOURCE_COMPLETE, /* every octet is there: the dot was seen, the literal was full */
    SOURCE_GONE,     /* it was expunged meanwhile, or is marked as deleted */
    SOURCE_REFUSED,  /* the server would not give it; `said` has its words */
} SourceEnd;

/* Takes what is fetched, in the order of the list that was asked for where the server keeps it
 * (IMAP may not). begin, data..., end for each message, one after the other; those that are GONE or
 * REFUSED may have an end only. A message for which end was not called was not received. Returning
 * false ends the fetch with that error, and the use of the Source: more may be on its way. Members
 * may suspend. */
typedef struct {
    bool (*begin)(void *user, const SourceMessage *message, GError **error);
    /* Text as on the wire, CRLF line ends and all, dot-stuffing undone; in pieces of any length. */
    bool (*data)(void *user, Bytes piece, GError **error);
    bool (*end)(void *user, const SourceMessage *message, SourceEnd how, const char *said,
                GError **error);
    void *user;
} SourceSink;

typedef struct {
    size_t window_bytes;   /* how much may be asked for ahead; 0: a sensible default */
    unsigned window_count; /* and how many messages; 0: a default */
    bool header_only;      /* TOP n 0, BODY.PEEK[HEADER] */
} SourceFetchPlan;

/* The session must have reached STAGE_AUTH; it is borrowed. Negotiates what helps (ENABLE,
 * COMPRESS, UTF8 ...). Suspends. */
Source *source_open(Session *session, bool compress, GError **error);
void source_free(Source *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Source, source_free)
bool source_is_imap(const Source *source);

/* Names in UTF-8 of the folders that match any of the patterns ("INBOX", "Lists/" and "*", with "/"
 * for the server's delimiter; "!PATTERN" takes away); those that cannot be selected are left out.
 * POP3: INBOX. The caller unrefs the array (of char*). Suspends. */
GPtrArray *source_folders(Source *source, const char *const *patterns, GError **error);

/* Selects the folder and lists it. Suspends. */
SourceListing *source_list(Source *source, const SourceListPlan *plan, GError **error);

/* What goes along with the login of a POP3 session (session.h: after_login) that is listed with
 * ids_only first. NULL-terminated. */
extern const char *const source_after_login[];

/* Fills in the sizes of a listing with ids_only. Suspends. */
bool source_sizes(Source *source, SourceListing *listing, GError **error);

/* Streams `n` messages of the last listing into the sink, asked for ahead within the window.
 * Suspends. */
bool source_fetch(Source *source, const SourceMessage *const *messages, size_t n,
                  const SourceFetchPlan *plan, const SourceSink *sink, GError **error);

/* Removes messages of the selected folder. POP3: DELE, which takes effect at source_finish(); IMAP:
 * \Deleted and UID EXPUNGE (without UIDPLUS: EXPUNGE, unless that would remove others' messages:
 * then they are only marked, and *ret_only_marked says so; may be NULL). Those that are gone
 * already are no error. Suspends. */
bool source_delete(Source *source, const SourceMessage *const *messages, size_t n,
                   bool *ret_only_marked, GError **error);
/* Sets a flag ("\Seen", "$Fetched"). POP3: USAGE. Suspends. */
bool source_flag(Source *source, const SourceMessage *const *messages, size_t n, const char *flag,
                 GError **error);
/* Moves to another folder (MOVE, or COPY and delete), made when missing. POP3: USAGE. Suspends. */
bool source_move(Source *source, const SourceMessage *const *messages, size_t n, const char *folder,
                 GError **error);
/* The orderly end: QUIT or LOGOUT. POP3 with deletions: true only when the server confirmed it, for
 * then they have taken effect. Else nothing hangs on the answer, and it is not waited for.
 * Suspends. */
bool source_finish(Source *source, GError **error);

/* Waits in IDLE (or by NOOP every two minutes where there is none) until the selected folder has
 * news or the deadline passes; IDLE is taken up anew before servers and NATs give up. Suspends. */
bool source_idle(Source *source, Deadline until, bool *ret_news, GError **error);
