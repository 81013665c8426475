/* imap_source.h: the inside of an IMAP source, for imap_source*.c only. */
#pragma once

#include "fetch/source_inside.h"
#include "proto/imap.h"
#include "proto/imap_fetch_parse.h"
#include "proto/imap_set.h"

typedef struct ImapFetching ImapFetching;

typedef struct {
    Source base;
    Wire *wire;        /* the session's */
    GByteArray *whole; /* the response under way; of a body that was streamed stands NIL in it */
    bool streamed;     /* a body was streamed out of the response under way */
    bool gmail, utf8, qresync; /* utf8, qresync: the server has enabled it */
    ImapTag enabling;          /* ENABLE was said, and its answer has not come; else "" */
    GHashTable *raw_names;     /* name in UTF-8 -> as the server wrote it, once LIST was asked */
    char delimiter;            /* of the folders LIST gave, or 0 */
    bool listed;               /* LIST was asked */
    GHashTable *statuses;      /* name as the server wrote it -> ImapReached, not looked at yet */
    char *trash;               /* name of the folder with \Trash, as the server wrote it, or NULL */

    /* The selected folder. */
    char *folder; /* name in UTF-8; NULL: none */
    bool read_only, selecting;
    uint32_t validity, uid_next;
    uint64_t exists, modseq;
    char *permanent;  /* PERMANENTFLAGS, or NULL when it was not told */
    bool news;        /* EXISTS grew */
    bool idle_broken; /* IDLE was refused */

    ImapFetching *fetching; /* where bodies go; NULL: nobody asked for any */
} ImapSource;

/* What LIST told of a folder. */
typedef struct {
    uint32_t validity, uid_next;
} ImapReached;

enum {
    IMAP_COMMAND_MAX =
        6000, /* octets of a set of UIDs in one command: servers take 8,000 or more */
    IMAP_SET_RANGES_MAX = 2 * 1000 * 1000,
};

/* --- responses and commands: imap_source_wire.c --- */

/* Reads one response, and heeds what concerns every command: BYE, sizes, UIDVALIDITY, alerts.
 * Bodies go to imap_source_body(). Suspends. */
bool imap_source_read(ImapSource *s, ImapResponse *ret, GError **error);

/* Takes the responses before the tagged one; may be NULL. */
typedef bool (*ImapTake)(ImapSource *s, const ImapResponse *response, void *user, GError **error);

/* Reads up to the tagged response. Suspends. */
bool imap_source_await(ImapSource *s, ImapTag tag, ImapTake take, void *user, ImapResponse *ret,
                       GError **error);
/* The same, and anything but OK is an error that begins with `what`. Suspends. */
bool imap_source_await_ok(ImapSource *s, ImapTag tag, ImapTake take, void *user, const char *what,
                          GError **error);
/* NO or BAD as an error: TEMPFAIL or UNAVAILABLE with the server's words. */
bool imap_source_refused(ImapSource *s, const ImapResponse *response, const char *what,
                         GError **error);
/* The server's words, escaped. The caller frees them. */
char *imap_source_words(const ImapSource *s);

/* Sends "TAG BEFORE NAME AFTER", the name as a quoted string or a literal, whatever is in it.
 * Suspends. */
bool imap_source_send_name(ImapSource *s, ImapTag tag, const char *before, const char *raw_name,
                           const char *after, GError **error);
bool imap_source_has(const ImapSource *s, const char *capability);
/* Until the answer to ENABLE has come: names are written in another way from then on. Suspends. */
bool imap_source_settle(ImapSource *s, GError **error);

/* --- folders: imap_source_folders.c --- */

GPtrArray *imap_source_folders(Source *source, const char *const *patterns, GError **error);
/* The name as the server wants it. The caller frees it. USAGE when it is no UTF-8. */
char *imap_source_raw_name(const ImapSource *s, const char *folder, GError **error);
/* Asks for all folders, once: the delimiter and the special uses are known then. Suspends. */
bool imap_source_learn_folders(ImapSource *s, GError **error);

/* --- the rest, a file each --- */

SourceListing *imap_source_list(Source *source, const SourceListPlan *plan, GError **error);
bool imap_source_fetch(Source *source, const SourceMessage *const *messages, size_t n,
                       const SourceFetchPlan *plan, const SourceSink *sink, GError **error);
/* A body of that many octets comes now, out of the response that begins as `so_far`. All of them
 * are taken off the wire. Suspends. */
bool imap_source_body(ImapSource *s, const ImapFetch *so_far, uint64_t octets, GError **error);
bool imap_source_remove(Source *source, const SourceMessage *const *messages, size_t n,
                        bool *ret_only_marked, GError **error);
bool imap_source_flag(Source *source, const SourceMessage *const *messages, size_t n,
                      const char *flag, GError **error);
bool imap_source_move(Source *source, const SourceMessage *const *messages, size_t n,
                      const char *folder, GError **error);
bool imap_source_idle(Source *source, Deadline until, bool *ret_news, GError **error);
/* Opens a folder: the command, and taking its answer; between them others may be sent. Suspend. */
bool imap_source_ask_select(ImapSource *s, const char *folder, bool read_only, ImapTag *ret_tag,
                            GError **error);
bool imap_source_take_select(ImapSource *s, const char *folder, bool read_only, ImapTag tag,
                             GError **error);
