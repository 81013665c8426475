/* source.c: which kind of source a session is, and what both kinds share. */
#include "fetch/source_inside.h"

#include <string.h>

Source *source_open(Session *session, bool compress, GError **error)
{
    if (!strcmp(session->proto->name, "pop3")) {
        return pop3_source_open(session, error);
    }
    if (!strcmp(session->proto->name, "imap")) {
        return imap_source_open(session, compress, error);
    }
    error_fail(error, POSTERN_ERROR_USAGE, "mail cannot be fetched by %s: POP3 and IMAP can",
               session->proto->title);
    return NULL;
}

void source_free(Source *source)
{
    if (source) {
        source->kind->release(source);
        g_free(source);
    }
}

bool source_is_imap(const Source *source)
{
    return source->kind->is_imap;
}

GPtrArray *source_folders(Source *source, const char *const *patterns, GError **error)
{
    return source->kind->folders(source, patterns, error);
}

SourceListing *source_list(Source *source, const SourceListPlan *plan, GError **error)
{
    return source->kind->list(source, plan, error);
}

bool source_sizes(Source *source, SourceListing *listing, GError **error)
{
    return !source->kind->sizes || source->kind->sizes(source, listing, error);
}

bool source_fetch(Source *source, const SourceMessage *const *messages, size_t n,
                  const SourceFetchPlan *plan, const SourceSink *sink, GError **error)
{
    return !n || source->kind->fetch(source, messages, n, plan, sink, error);
}

bool source_delete(Source *source, const SourceMessage *const *messages, size_t n,
                   bool *ret_only_marked, GError **error)
{
    bool only_marked = false;
    bool ok = !n || source->kind->remove(source, messages, n, &only_marked, error);
    if (ret_only_marked) {
        *ret_only_marked = only_marked;
    }
    return ok;
}

static bool not_with_pop3(const char *what, GError **error)
{
    return error_fail(error, POSTERN_ERROR_USAGE, "POP3 has no %s: that takes IMAP", what);
}

bool source_flag(Source *source, const SourceMessage *const *messages, size_t n, const char *flag,
                 GError **error)
{
    if (!source->kind->flag) {
        return not_with_pop3("flags", error);
    }
    return !n || source->kind->flag(source, messages, n, flag, error);
}

bool source_move(Source *source, const SourceMessage *const *messages, size_t n, const char *folder,
                 GError **error)
{
    if (!source->kind->move) {
        return not_with_pop3("folders to move mail to", error);
    }
    return !n || source->kind->move(source, messages, n, folder, error);
}

bool source_finish(Source *source, GError **error)
{
    return source->kind->finish(source, error);
}

bool source_idle(Source *source, Deadline until, bool *ret_news, GError **error)
{
    *ret_news = false;
    if (!source->kind->idle) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "a POP3 server tells no news while one waits: that takes IMAP");
    }
    return source->kind->idle(source, until, ret_news, error);
}

/* --- listings --- */

SourceListing *source_listing_new(const char *folder)
{
    SourceListing *listing = g_new0(SourceListing, 1);
    listing->folder = g_strdup(folder);
    listing->messages = g_array_new(FALSE, FALSE, sizeof(SourceMessage));
    listing->texts = g_string_chunk_new(4096);
    return listing;
}

void source_listing_free(SourceListing *listing)
{
    if (listing) {
        g_free(listing->folder);
        g_array_unref(listing->messages);
        g_string_chunk_free(listing->texts);
        g_free(listing);
    }
}

bool source_listing_add(SourceListing *listing, SourceMessage message, GError **error)
{
    if (listing->messages->len >= SOURCE_MESSAGES_MAX) {
        return error_fail(error, POSTERN_ERROR_LIMIT,
                          "the server lists more than %d messages in %s", SOURCE_MESSAGES_MAX,
                          listing->folder);
    }
    g_array_append_val(listing->messages, message);
    return true;
}

/* --- the window --- */

SourceWindow source_window(const SourceFetchPlan *plan)
{
    return (SourceWindow){
        .max_bytes = plan && plan->window_bytes ? plan->window_bytes : SOURCE_WINDOW_BYTES,
        .max_count = plan && plan->window_count ? plan->window_count : SOURCE_WINDOW_COUNT,
    };
}

/* A size that somebody made up must not close the window for good, nor overflow. */
static size_t weight(const SourceWindow *w, uint64_t size)
{
    return size > w->max_bytes ? w->max_bytes : (size_t)size;
}

bool source_window_open(const SourceWindow *w, uint64_t size)
{
    return !w->count || (w->count < w->max_count && weight(w, size) <= w->max_bytes - w->bytes);
}

bool source_window_roomy(const SourceWindow *w)
{
    return w->count <= w->max_count / 2 && w->bytes <= w->max_bytes / 2;
}

void source_window_add(SourceWindow *w, uint64_t size)
{
    w->count++;
    w->bytes += MIN(weight(w, size), w->max_bytes - w->bytes);
}

void source_window_remove(SourceWindow *w, uint64_t size)
{
    w->count--;
    w->bytes -= MIN(weight(w, size), w->bytes);
}
