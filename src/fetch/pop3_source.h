/* pop3_source.h: the inside of a POP3 source, for pop3_source*.c only. */
#pragma once

#include "fetch/source_inside.h"
#include "proto/pop3.h"

typedef struct {
    Source base;
    bool pipelining;     /* announced; a server that does not may lose what comes early */
    bool asked;          /* the login went out with UIDL and STAT behind it */
    GHashTable *deleted; /* numbers that DELE was said for in this session */
} Pop3Source;

/* RETR, or TOP n 0, for each, asked for ahead within the window. Suspends. */
bool pop3_source_fetch(Source *source, const SourceMessage *const *messages, size_t n,
                       const SourceFetchPlan *plan, const SourceSink *sink, GError **error);

/* Gives an id made of its header to each message that has none, by TOP. Those whose header cannot
 * be had are taken out of the listing, which a warning in the transcript tells. Suspends. */
bool pop3_source_identify(Pop3Source *p, SourceListing *listing, GError **error);

/* The id of a header: "sha256:HEX" without the fields that servers change (Status, X-UIDL). What
 * comes behind the empty line does not count. Pure. The caller frees it. */
char *pop3_header_id(Bytes header);

/* The server's words for messages: escaped, the bracketed code still in them. The caller frees
 * them. */
char *pop3_source_words(Session *s);
