/* fetch_listing.h: what a dry run or a comparison of `fetch` found, as JSON. */
#pragma once

#include "fetch/run.h"

typedef struct FetchListing FetchListing;

FetchListing *fetch_listing_new(void);
void fetch_listing_free(FetchListing *listing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FetchListing, fetch_listing_free)

/* One message: a FETCH_EVENT_WOULD of the job. What the event points to is copied. */
void fetch_listing_add(FetchListing *listing, const FetchJob *job, const FetchEvent *event);
/* The job is done: its messages become an account of the document. */
void fetch_listing_end(FetchListing *listing, const FetchOutcome *outcome);
/* {"accounts": [{"name", "listed", "wanted", "error", "messages": [{"folder", "id", "size",
 * "what"}]}]}: the id is a UIDL (a string) or a UID (a number); size is null where the server told
 * none, error where there was none. The caller frees it. */
char *fetch_listing_json(const FetchListing *listing);
