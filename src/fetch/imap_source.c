/* imap_source.c: an IMAP account as a source (RFC 3501, 9051): the beginning, selecting, the end.
 */
#include "fetch/imap_source.h"

#include <string.h>

enum { LINE_MAX_OCTETS = 2 * 1024 * 1024 };

/* --- selecting --- */

static void forget_folder(ImapSource *s)
{
    g_clear_pointer(&s->folder, g_free);
    g_clear_pointer(&s->permanent, g_free);
    s->read_only = s->news = false;
    s->validity = s->uid_next = 0;
    s->exists = s->modseq = 0;
}

bool imap_source_ask_select(ImapSource *s, const char *folder, bool read_only, ImapTag *ret_tag,
                            GError **error)
{
    if (!g_str_is_ascii(folder) && !imap_source_settle(s, error)) {
        return false;
    }
    g_autofree char *raw = imap_source_raw_name(s, folder, error);
    if (!raw) {
        return false;
    }
    *ret_tag = imap_next_tag(s->base.session);
    forget_folder(s);
    s->selecting = true;
    return imap_source_send_name(s, *ret_tag, read_only ? "EXAMINE" : "SELECT", raw,
                                 imap_source_has(s, "CONDSTORE") ? " (CONDSTORE)" : "", error);
}

bool imap_source_take_select(ImapSource *s, const char *folder, bool read_only, ImapTag tag,
                             GError **error)
{
    g_autofree char *what = g_strdup_printf("opening the folder %s", folder);
    bool ok = imap_source_await_ok(s, tag, NULL, NULL, what, error);
    s->selecting = s->news = false;
    if (ok) {
        s->folder = g_strdup(folder);
        s->read_only |= read_only;
    }
    return ok;
}

/* --- the end --- */

/* All that was to be done was confirmed when it was: nothing hangs on the answer. */
static bool imap_finish(Source *source, GError **error)
{
    ImapSource *s = (ImapSource *)source;
    ImapTag tag = imap_next_tag(source->session);
    return wire_sendf(s->wire, error, "%s LOGOUT", tag.text) && wire_release(s->wire, error);
}

static void imap_release(Source *source)
{
    ImapSource *s = (ImapSource *)source;
    forget_folder(s);
    g_byte_array_unref(s->whole);
    g_hash_table_unref(s->raw_names);
    g_hash_table_unref(s->statuses);
    g_free(s->trash);
}

static const SourceKind imap_kind = {
    .is_imap = true,
    .folders = imap_source_folders,
    .list = imap_source_list,
    .fetch = imap_source_fetch,
    .remove = imap_source_remove,
    .flag = imap_source_flag,
    .move = imap_source_move,
    .finish = imap_finish,
    .idle = imap_source_idle,
    .release = imap_release,
};

/* --- the beginning --- */

/* UTF8=ACCEPT (RFC 6855): headers in UTF-8 come as they are. QRESYNC (RFC 7162): what was expunged
 * is told in one line. Its answer is not waited for. */
static bool enable(ImapSource *s, GError **error)
{
    bool utf8 = imap_source_has(s, "UTF8=ACCEPT") || imap_source_has(s, "UTF8=ONLY");
    bool qresync = imap_source_has(s, "QRESYNC");
    if (!imap_source_has(s, "ENABLE") || (!utf8 && !qresync)) {
        return true;
    }
    s->enabling = imap_next_tag(s->base.session);
    return wire_sendf(s->wire, error, "%s ENABLE%s%s", s->enabling.text, qresync ? " QRESYNC" : "",
                      utf8 ? " UTF8=ACCEPT" : "");
}

/* A refusal is no matter: it goes on as it is. */
static bool compress_both_ways(ImapSource *s, GError **error)
{
    ImapResponse response;
    ImapTag tag = imap_next_tag(s->base.session);
    if (!wire_sendf(s->wire, error, "%s COMPRESS DEFLATE", tag.text) ||
        !wire_release(s->wire, error) || !imap_source_await(s, tag, NULL, NULL, &response, error)) {
        return false;
    }
    if (response.status == IMAP_OK) {
        wire_compress(s->wire);
    }
    return true;
}

static bool begin(ImapSource *s, bool compress, GError **error)
{
    wire_hold(s->wire); /* ENABLE goes with whatever comes next */
    if (!enable(s, error)) {
        return false;
    }
    return !compress || !imap_source_has(s, "COMPRESS=DEFLATE") || compress_both_ways(s, error);
}

Source *imap_source_open(Session *session, bool compress, GError **error)
{
    ImapSource *s = g_new0(ImapSource, 1);
    s->base = (Source){.kind = &imap_kind, .session = session, .idle_seconds = SOURCE_IDLE_SECONDS};
    s->wire = session->wire;
    s->whole = g_byte_array_new();
    s->raw_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    s->statuses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    s->gmail = imap_source_has(s, "X-GM-EXT-1");
    wire_set_max_line(s->wire, LINE_MAX_OCTETS);
    if (!begin(s, compress, error)) {
        source_free(&s->base);
        return NULL;
    }
    return &s->base;
}
