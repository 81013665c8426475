#include "report/fetch_listing.h"

#include <jansson.h>
#include <stdlib.h>

struct FetchListing {
    json_t *accounts;
    GHashTable *messages; /* FetchJob -> json array, of jobs under way */
};

static void release(gpointer json)
{
    json_decref(json);
}

FetchListing *fetch_listing_new(void)
{
    FetchListing *listing = g_new0(FetchListing, 1);
    listing->accounts = json_array();
    listing->messages = g_hash_table_new_full(NULL, NULL, NULL, release);
    return listing;
}

void fetch_listing_free(FetchListing *listing)
{
    if (listing) {
        json_decref(listing->accounts);
        g_hash_table_unref(listing->messages);
        g_free(listing);
    }
}

/* Servers write ids and people write folders' names: whatever is no UTF-8 is replaced. */
static json_t *text(const char *raw)
{
    g_autofree char *valid = raw ? g_utf8_make_valid(raw, -1) : NULL;
    return valid ? json_string(valid) : json_null();
}

static json_t *id_of(const SourceMessage *message)
{
    return message->uidl ? text(message->uidl) : json_integer(message->number);
}

void fetch_listing_add(FetchListing *listing, const FetchJob *job, const FetchEvent *event)
{
    json_t *messages = g_hash_table_lookup(listing->messages, job);
    if (!messages) {
        messages = json_array();
        g_hash_table_insert(listing->messages, (gpointer)job, messages);
    }
    const SourceMessage *message = event->message;
    json_t *size = message->size ? json_integer((json_int_t)message->size) : json_null();
    json_array_append_new(messages,
                          json_pack("{s:o, s:o, s:o, s:o}", "folder", text(event->folder), "id",
                                    id_of(message), "size", size, "what", text(event->text)));
}

void fetch_listing_end(FetchListing *listing, const FetchOutcome *outcome)
{
    json_t *messages = g_hash_table_lookup(listing->messages, outcome->job);
    messages = messages ? json_incref(messages) : json_array();
    g_hash_table_remove(listing->messages, outcome->job);
    json_array_append_new(
        listing->accounts,
        json_pack("{s:o, s:i, s:i, s:o, s:o}", "name", text(outcome->job->name), "listed",
                  (int)outcome->totals.listed, "wanted", (int)outcome->totals.wanted, "error",
                  text(outcome->error ? outcome->error->message : NULL), "messages", messages));
}

char *fetch_listing_json(const FetchListing *listing)
{
    json_t *whole = json_pack("{s:O}", "accounts", listing->accounts);
    char *json = json_dumps(whole, JSON_INDENT(2));
    char *text = g_strconcat(json, "\n", NULL);
    free(json);
    json_decref(whole);
    return text;
}
