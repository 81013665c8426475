/* source_inside.h: the two kinds of Source behind source.h, for source.c, pop3_source*.c and
 * imap_source*.c, nobody else. */
#pragma once

#include "fetch/source.h"

typedef struct {
    bool is_imap;
    GPtrArray *(*folders)(Source *source, const char *const *patterns, GError **error);
    SourceListing *(*list)(Source *source, const SourceListPlan *plan, GError **error);
    bool (*sizes)(Source *source, SourceListing *listing, GError **error); /* NULL: always told */
    bool (*fetch)(Source *source, const SourceMessage *const *messages, size_t n,
                  const SourceFetchPlan *plan, const SourceSink *sink, GError **error);
    bool (*remove)(Source *source, const SourceMessage *const *messages, size_t n,
                   bool *ret_only_marked, GError **error);
    /* NULL where the protocol has no such thing. */
    bool (*flag)(Source *source, const SourceMessage *const *messages, size_t n, const char *flag,
                 GError **error);
    bool (*move)(Source *source, const SourceMessage *const *messages, size_t n, const char *folder,
                 GError **error);
    bool (*finish)(Source *source, GError **error);
    bool (*idle)(Source *source, Deadline until, bool *ret_news, GError **error);
    void (*release)(Source *source); /* what the kind owns, not the Source itself */
} SourceKind;

/* A kind embeds this as its first member. */
struct Source {
    const SourceKind *kind;
    Session *session;    /* borrowed */
    double idle_seconds; /* how long one IDLE lasts */
};

/* Suspend: they may ask the server what it can do. */
Source *pop3_source_open(Session *session, GError **error);
Source *imap_source_open(Session *session, bool compress, GError **error);

enum {
    SOURCE_IDLE_SECONDS = 9 * 60,          /* less than NATs forget a connection that is silent */
    SOURCE_WINDOW_BYTES = 8 * 1024 * 1024, /* asked for ahead */
    SOURCE_WINDOW_COUNT = 200,
    SOURCE_MESSAGES_MAX = 2 * 1000 * 1000, /* in one folder */
    SOURCE_WORDS_MAX = 200,                /* characters of a server's words in messages */
};

/* An empty listing. The caller frees it. */
SourceListing *source_listing_new(const char *folder);
/* Puts a message at the end; LIMIT when there are more than anybody has. */
bool source_listing_add(SourceListing *listing, SourceMessage message, GError **error);

/* The window of what has been asked for and not come yet. */
typedef struct {
    size_t max_bytes, bytes;
    unsigned max_count, count;
} SourceWindow;

SourceWindow source_window(const SourceFetchPlan *plan);
/* May a message of that size be asked for too? One may always be. */
bool source_window_open(const SourceWindow *w, uint64_t size);
/* Is there so much room that asking pays? Many at once are one write and one packet. */
bool source_window_roomy(const SourceWindow *w);
void source_window_add(SourceWindow *w, uint64_t size);
void source_window_remove(SourceWindow *w, uint64_t size);
