/* imapd_fetch.c: FETCH. Bodies go from the store to the wire as they are. */
#include <string.h>

#include "server/imapd.h"
#include "server/imapd_section.h"

enum { WINDOW = 256 * 1024 };

typedef struct {
    Imapd *i;
    ImapRow *row;
    ImapMessage message;
    GString *out; /* what waits of the response */
    bool sets_seen;
} Answer;

/* --- single items --- */

static void put_date(GString *out, int64_t when)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(when);
    if (!date) {
        g_string_append(out, "\" 1-Jan-1970 00:00:00 +0000\"");
        return;
    }
    g_string_append_printf(
        out, "\"%2d-%.3s-%04d %02d:%02d:%02d +0000\"", g_date_time_get_day_of_month(date),
        months + (size_t)(g_date_time_get_month(date) - 1) * 3, g_date_time_get_year(date),
        g_date_time_get_hour(date), g_date_time_get_minute(date), g_date_time_get_second(date));
}

static void put_uid(Answer *a)
{
    g_string_append_printf(a->out, "UID %u", a->row->mail->uid);
}

static void put_flags(Answer *a)
{
    g_string_append(a->out, "FLAGS ");
    imapd_put_flags(a->out, a->row->mail, a->row->recent);
    a->row->told = a->row->mail->changed;
}

static void put_internal_date(Answer *a)
{
    g_string_append(a->out, "INTERNALDATE ");
    put_date(a->out, a->row->mail->received);
}

static void put_size(Answer *a)
{
    size_t lie = guest_fault(a->i->g, "wrong-size") ? 7 : 0;
    g_string_append_printf(a->out, "RFC822.SIZE %zu", a->row->mail->octets + lie);
}

static void put_envelope(Answer *a)
{
    g_string_append(a->out, "ENVELOPE ");
    imap_put_envelope(a->out, mime_header_of(a->message.text));
}

static void put_body(Answer *a)
{
    g_string_append(a->out, "BODY ");
    imap_put_structure(a->out, imap_message_tree(&a->message), false);
}

static void put_body_structure(Answer *a)
{
    g_string_append(a->out, "BODYSTRUCTURE ");
    imap_put_structure(a->out, imap_message_tree(&a->message), true);
}

/* --- sections --- */

/* What there is so far goes on its way. Suspends. */
static bool send_out(Answer *a, GError **error)
{
    bool ok = guest_send(a->i->g, bytes_of_string(a->out), error);
    g_string_truncate(a->out, 0);
    return ok;
}

/* "{123}", and what came before. Suspends. */
static bool announce(Answer *a, size_t octets, GError **error)
{
    g_string_append_printf(a->out, "{%zu}", octets);
    guest_tell_bytes(a->i->g, SANDBOX_SENT, bytes_of_string(a->out), false);
    g_string_append(a->out, "\r\n");
    return send_out(a, error);
}

/* Suspends. */
static bool send_literal(Answer *a, Bytes octets, GError **error)
{
    if (!announce(a, octets.len, error) || !guest_send(a->i->g, octets, error)) {
        return false;
    }
    guest_tell(a->i->g, SANDBOX_PAYLOAD, "%zu octets", octets.len);
    return true;
}

/* A piece of the message as it stands: clients fetch large ones piece by piece. Suspends. */
static bool send_piece(Answer *a, size_t offset, size_t len, GError **error)
{
    Mail *mail = a->row->mail;
    if (mail->text) {
        const char *data = g_bytes_get_data(mail->text, NULL);
        return guest_send(a->i->g, (Bytes){data + offset, len}, error);
    }
    g_autofree char *window = g_malloc(WINDOW);
    bool ok = true;
    for (size_t end = offset + len, n; ok && offset < end; offset += n) {
        n = MIN(end - offset, WINDOW);
        ok = mail_read(mail, offset, window, n, error) &&
             guest_send(a->i->g, (Bytes){window, n}, error);
    }
    return ok;
}

static bool is_raw(const ImapFetchItem *item)
{
    return item->kind == IMAP_FETCH_SECTION && item->section.kind == IMAP_SECTION_ALL &&
           item->section.depth == 0;
}

/* All of the message, or the range of it that is asked for. Suspends. */
static bool send_raw(Answer *a, const ImapFetchItem *item, GError **error)
{
    size_t all = a->row->mail->octets;
    size_t offset = item->partial ? MIN(item->offset, all) : 0;
    size_t len = item->partial ? MIN(item->count, all - offset) : all;
    if (!announce(a, len, error) || !send_piece(a, offset, len, error)) {
        return false;
    }
    guest_tell(a->i->g, SANDBOX_PAYLOAD, "%zu octets", len);
    return true;
}

static bool send_section(Answer *a, const ImapFetchItem *item, GError **error)
{
    Bytes octets;
    GString *own;
    g_autofree char *label = imap_fetch_label(item);
    g_string_append_printf(a->out, "%s ", label);
    if (is_raw(item)) {
        return send_raw(a, item, error);
    }
    if (!imap_section(&a->message, item, &octets, &own)) {
        g_string_append(a->out, "NIL");
        return true;
    }
    bool ok = send_literal(a, octets, error);
    if (own) {
        g_string_free(own, TRUE);
    }
    return ok;
}

/* --- one message --- */

static bool send_item(Answer *a, const ImapFetchItem *item, GError **error)
{
    static void (*const put[])(Answer *) = {
        [IMAP_FETCH_UID] = put_uid,
        [IMAP_FETCH_FLAGS] = put_flags,
        [IMAP_FETCH_INTERNALDATE] = put_internal_date,
        [IMAP_FETCH_SIZE] = put_size,
        [IMAP_FETCH_ENVELOPE] = put_envelope,
        [IMAP_FETCH_BODY] = put_body,
        [IMAP_FETCH_BODYSTRUCTURE] = put_body_structure,
    };
    if (item->kind == IMAP_FETCH_SECTION) {
        return send_section(a, item, error);
    }
    put[item->kind](a);
    return true;
}

static bool has_item(const GArray *items, ImapFetchKind kind)
{
    for (guint n = 0; n < items->len; n++) {
        if (g_array_index(items, ImapFetchItem, n).kind == kind) {
            return true;
        }
    }
    return false;
}

static bool reads_body(const GArray *items)
{
    for (guint n = 0; n < items->len; n++) {
        const ImapFetchItem *item = &g_array_index(items, ImapFetchItem, n);
        if (item->kind == IMAP_FETCH_SECTION && !item->peek) {
            return true;
        }
    }
    return false;
}

/* Reading sets \Seen (RFC 3501 6.4.5); the response then says so. True when it was set now. */
static bool mark_seen(Imapd *i, ImapRow *row)
{
    Mail *mail = row->mail;
    if (i->read_only || mail->seen || mail->gone) {
        return false;
    }
    mail->seen = true;
    mail_changed(i->g->box->store, i->folder, mail);
    return true;
}

static bool send_items(Answer *a, guint place, const GArray *items, bool flags, GError **error)
{
    g_string_printf(a->out, "* %u FETCH (", place + 1);
    for (guint n = 0; n < items->len; n++) {
        g_string_append(a->out, n ? " " : "");
        if (!send_item(a, &g_array_index(items, ImapFetchItem, n), error)) {
            return false;
        }
    }
    if (flags) {
        g_string_append_c(a->out, ' ');
        put_flags(a);
    }
    g_string_append_c(a->out, ')');
    return imapd_say(a->i, a->out, error);
}

/* Has the message to be taken apart for it? */
static bool needs_text(const GArray *items)
{
    for (guint n = 0; n < items->len; n++) {
        const ImapFetchItem *item = &g_array_index(items, ImapFetchItem, n);
        bool known = item->kind == IMAP_FETCH_UID || item->kind == IMAP_FETCH_FLAGS ||
                     item->kind == IMAP_FETCH_INTERNALDATE || item->kind == IMAP_FETCH_SIZE;
        if (!known && !is_raw(item)) {
            return true;
        }
    }
    return false;
}

static bool answer(Imapd *i, guint place, const GArray *items, GError **error)
{
    gsize len = 0;
    ImapRow *row = imapd_row(i, place);
    bool needed = needs_text(items);
    g_autoptr(GBytes) text = needed ? mail_text(row->mail, error) : NULL;
    if (needed && !text) {
        return false;
    }
    const char *data = text ? g_bytes_get_data(text, &len) : "";
    bool seen = reads_body(items) && mark_seen(i, row);
    Answer a = {.i = i, .row = row, .message.text = {data, len}, .out = g_string_new(NULL)};
    bool ok = send_items(&a, place, items, seen && !has_item(items, IMAP_FETCH_FLAGS), error);
    imap_message_clear(&a.message);
    g_string_free(a.out, TRUE);
    return ok;
}

/* --- the command --- */

static GArray *read_items(Imapd *i, Bytes args)
{
    GArray *items = imap_parse_fetch_items(args);
    if (items && i->uid && !has_item(items, IMAP_FETCH_UID)) {
        const ImapFetchItem uid = {.kind = IMAP_FETCH_UID};
        g_array_prepend_val(items, uid);
    }
    return items;
}

bool imapd_cmd_fetch(Imapd *i, Bytes args, GError **error)
{
    g_autoptr(ImapSet) set = imap_set_new();
    bool there = imapd_scan_set(i, &args, set);
    bool good = there && imap_scan_space(&args);
    g_autoptr(GArray) items = good ? read_items(i, args) : NULL;
    if (!items) {
        return imapd_bad(i, good    ? "these are no items of FETCH"
                            : there ? "FETCH SET ITEMS"
                                    : "no such messages");
    }
    g_autoptr(GArray) places = imapd_pick(i, set);
    for (guint n = 0; n < places->len; n++) {
        if (!answer(i, g_array_index(places, guint, n), items, error)) {
            return false;
        }
    }
    imapd_ok(i, "that is all");
    return true;
}
