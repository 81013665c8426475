/* What an IMAP source reads: FETCH data, LIST responses, sets of UIDs, folders' names, dates; and
 * whole answers out of a conversation, for which what was told to be complete must be whole. */
#include <string.h>

#include "fetch/source.h"
#include "io/script.h"
#include "proto/imap_fetch_parse.h"
#include "proto/imap_list_parse.h"
#include "proto/imap_mailbox.h"
#include "proto/imap_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- the parsers --- */

static void parse(Bytes in)
{
    ImapFetch fetch;
    ImapFolder folder;
    int64_t when;
    uint64_t octets;
    if (imap_parse_fetch(in, &fetch) && fetch.has_uid) {
        g_assert_cmpuint(fetch.uid, >, 0);
    }
    if (imap_parse_list(in, &folder)) {
        g_assert_cmpuint(strlen(folder.name), >, 0);
        imap_mailbox_matches("*a%/*", folder.name, folder.delimiter);
        imap_folder_clear(&folder);
    }
    imap_parse_date(in, &when);
    imap_line_end(in, &octets);
}

static void parse_name(Bytes in)
{
    g_autofree char *name = imap_mailbox_decode(in);
    g_assert_true(g_utf8_validate(name, -1, NULL));
    g_autofree char *raw = imap_mailbox_encode(name);
    g_autofree char *again = imap_mailbox_decode(bytes_of(raw));
    g_assert_cmpstr(name, ==, again);
}

static void parse_set(Bytes in)
{
    g_autoptr(ImapSet) set = imap_set_new();
    g_autoptr(ImapSet) again = imap_set_new();
    bool whole = imap_set_parse(set, in, 1000);
    imap_set_tidy(set);
    size_t at = 0;
    for (char *text; (text = imap_set_text(set, &at, 20)); g_free(text)) {
        g_assert_true(imap_set_parse(again, bytes_of(text), 1001));
    }
    imap_set_tidy(again);
    g_assert_cmpuint(imap_set_count(set), ==, imap_set_count(again));
    g_assert_true(!whole || imap_set_count(set) > 0);
}

/* --- a conversation --- */

static bool begin(void *user, const SourceMessage *message, GError **error)
{
    (void)message, (void)error;
    *(size_t *)user = 0;
    return true;
}

static bool take(void *user, Bytes piece, GError **error)
{
    (void)error;
    *(size_t *)user += piece.len;
    return true;
}

static bool end(void *user, const SourceMessage *message, SourceEnd how, const char *said,
                GError **error)
{
    (void)said, (void)error;
    g_assert_true(how != SOURCE_COMPLETE || *(size_t *)user > 0 || !message->size);
    return true;
}

static void converse(Bytes in)
{
    g_autofree char *hex = bytes_hex(in);
    g_autofree char *script = g_strdup_printf("<= %s\n<eof\n", hex);
    Stream *stream = script_stream(bytes_of(script), (ScriptOptions){.loose = true}, NULL);
    g_autoptr(Target) target = target_parse("imap://joe@localhost", NULL, NULL);
    SessionPlan plan = {.target = target, .timeout = 0.001};
    g_autoptr(Session) session = session_new_over(&plan, stream);
    session->reached = STAGE_AUTH;
    session->caps = caps_new();
    g_autoptr(Source) source = source_open(session, false, NULL);
    g_autoptr(SourceListing) listing =
        source ? source_list(source, &(SourceListPlan){0}, NULL) : NULL;
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    for (guint i = 0; listing && i < listing->messages->len; i++) {
        g_ptr_array_add(all, &g_array_index(listing->messages, SourceMessage, i));
    }
    size_t octets = 0;
    const SourceSink sink = {begin, take, end, &octets};
    if (listing) {
        source_fetch(source, (const SourceMessage *const *)all->pdata, all->len, NULL, &sink, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes in = {(const char *)data, size};
    parse(in);
    parse_name(in);
    parse_set(in);
    converse(in);
    return 0;
}
