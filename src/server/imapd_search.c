/* imapd_search.c: SEARCH (RFC 3501 6.4.4) and what it answers, plain or extended (RFC 4731). */
#include <string.h>

#include "server/imap_search_args.h"
#include "server/imapd.h"
#include "server/mime_text.h"

enum { PAUSE_EACH = 64 };

typedef struct {
    const Imapd *i;
    const ImapSearchKey *key;
    guint place;
    GBytes *text;    /* NULL: not yet */
    MimeParts *tree; /* NULL: not yet */
    bool found;
    GError *error; /* the text cannot be read */
} Question;

/* Nothing, when it cannot be read. */
static Bytes text_of(Question *q)
{
    if (!q->text && !q->error) {
        q->text = mail_text(imapd_row(q->i, q->place)->mail, &q->error);
    }
    gsize len = 0;
    const char *data = q->text ? g_bytes_get_data(q->text, &len) : "";
    return (Bytes){data, len};
}

/* --- text --- */

static const MimeParts *tree_of(Question *q)
{
    if (!q->tree) {
        q->tree = mime_walk(text_of(q));
    }
    return q->tree;
}

/* An empty text asks whether the field is there. */
static bool has_field(Question *q, const ImapSearchKey *key)
{
    Bytes header = mime_header_of(text_of(q)), whole, name, value;
    while (mime_field_next(&header, &whole, &name, &value)) {
        if (bytes_equal_ci(name, key->field)) {
            g_autofree char *text = mime_header_text(value);
            if (mime_text_has(text, key->text)) {
                return true;
            }
        }
    }
    return false;
}

static bool has_text(Question *q, const ImapSearchKey *key)
{
    const MimeParts *tree = tree_of(q);
    for (uint32_t p = 0; p < tree->parts->len; p++) {
        const MimePart *part = mime_part(tree, p);
        if ((key->kind == IMAP_SEARCH_TEXT &&
             mime_header_has(mime_part_header(tree, part), key->text)) ||
            mime_part_has(tree, part, key->text)) {
            return true;
        }
    }
    return false;
}

/* --- dates --- */

static uint32_t day_received(const Question *q)
{
    g_autoptr(GDateTime) when =
        g_date_time_new_from_unix_utc(imapd_row(q->i, q->place)->mail->received);
    return when ? (uint32_t)(g_date_time_get_year(when) * 10000 +
                             g_date_time_get_month(when) * 100 + g_date_time_get_day_of_month(when))
                : 0;
}

static uint32_t day_sent(Question *q)
{
    Bytes value;
    return mime_field(mime_header_of(text_of(q)), "Date", &value) ? mime_date(value) : 0;
}

static bool fits_sent(Question *q, const ImapSearchKey *key)
{
    uint32_t day = day_sent(q);
    return day && (key->kind == IMAP_SEARCH_SENTBEFORE ? day < key->date
                   : key->kind == IMAP_SEARCH_SENTON   ? day == key->date
                                                       : day >= key->date);
}

/* --- keys --- */

static bool fits(Question *q, const ImapSearchKey *key);

static bool fits_all(Question *q, const ImapSearchKey *key)
{
    for (guint n = 0; key->children && n < key->children->len; n++) {
        if (!fits(q, key->children->pdata[n])) {
            return false;
        }
    }
    return true;
}

static bool fits(Question *q, const ImapSearchKey *key)
{
    const ImapRow *row = imapd_row(q->i, q->place);
    const Mail *mail = row->mail;
    switch (key->kind) {
    case IMAP_SEARCH_AND:
        return fits_all(q, key);
    case IMAP_SEARCH_OR:
        return fits(q, key->children->pdata[0]) || fits(q, key->children->pdata[1]);
    case IMAP_SEARCH_NOT:
        return !fits(q, key->children->pdata[0]);
    case IMAP_SEARCH_NUMBERS:
        return imap_set_has(key->set, q->place + 1);
    case IMAP_SEARCH_UIDS:
        return imap_set_has(key->set, mail->uid);
    case IMAP_SEARCH_SEEN:
        return mail->seen;
    case IMAP_SEARCH_ANSWERED:
        return mail->answered;
    case IMAP_SEARCH_FLAGGED:
        return mail->flagged;
    case IMAP_SEARCH_DELETED:
        return mail->deleted;
    case IMAP_SEARCH_DRAFT:
        return mail->draft;
    case IMAP_SEARCH_RECENT:
        return row->recent;
    case IMAP_SEARCH_NEW:
        return row->recent && !mail->seen;
    case IMAP_SEARCH_KEYWORD:
        return mail_has_keyword(mail, key->text);
    case IMAP_SEARCH_BEFORE:
        return day_received(q) < key->date;
    case IMAP_SEARCH_ON:
        return day_received(q) == key->date;
    case IMAP_SEARCH_SINCE:
        return day_received(q) >= key->date;
    case IMAP_SEARCH_SENTBEFORE:
    case IMAP_SEARCH_SENTON:
    case IMAP_SEARCH_SENTSINCE:
        return fits_sent(q, key);
    case IMAP_SEARCH_LARGER:
        return mail->octets > key->octets;
    case IMAP_SEARCH_SMALLER:
        return mail->octets < key->octets;
    case IMAP_SEARCH_HEADER:
        return has_field(q, key);
    case IMAP_SEARCH_BODY:
    case IMAP_SEARCH_TEXT:
        return has_text(q, key);
    }
    return false;
}

/* On the thread's own stack: charsets are loaded when they are first met. */
static void examine(void *user)
{
    Question *q = user;
    q->found = fits(q, q->key);
    g_clear_pointer(&q->tree, mime_parts_free);
    g_clear_pointer(&q->text, g_bytes_unref);
}

/* The numbers or UIDs that fit, in order. Lets others run meanwhile. Suspends. */
static GArray *search(Imapd *i, const ImapSearchKey *key, GError **error)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (guint n = 0; n < i->rows->len; n++) {
        Question q = {.i = i, .key = key, .place = n};
        sched_on_big_stack(examine, &q);
        if (q.error) {
            g_propagate_error(error, q.error);
            return NULL;
        }
        uint32_t number = i->uid ? imapd_row(i, n)->mail->uid : n + 1;
        if (q.found) {
            g_array_append_val(found, number);
        }
        if (n % PAUSE_EACH == PAUSE_EACH - 1 && !sched_pause(error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&found);
}

/* --- answers --- */

static bool answer_plain(Imapd *i, const GArray *found, GError **error)
{
    g_autoptr(GString) text = g_string_new("* SEARCH");
    for (guint n = 0; n < found->len; n++) {
        g_string_append_printf(text, " %u", g_array_index(found, uint32_t, n));
    }
    return imapd_say(i, text, error);
}

static void put_all(GString *out, const GArray *found)
{
    g_autoptr(ImapSet) set = imap_set_new();
    for (guint n = 0; n < found->len; n++) {
        imap_set_add(set, g_array_index(found, uint32_t, n));
    }
    size_t at = 0;
    g_autofree char *text = imap_set_text(set, &at, SIZE_MAX / 2);
    g_string_append_printf(out, " ALL %s", text);
}

static bool answer_extended(Imapd *i, const ImapSearch *s, const GArray *found, GError **error)
{
    g_autoptr(GString) text = g_string_new("* ESEARCH (TAG ");
    imap_put_nstring(text, i->tag);
    g_string_append(text, i->uid ? ") UID" : ")");
    if (s->min && found->len) {
        g_string_append_printf(text, " MIN %u", g_array_index(found, uint32_t, 0));
    }
    if (s->max && found->len) {
        g_string_append_printf(text, " MAX %u", g_array_index(found, uint32_t, found->len - 1));
    }
    if (s->all && found->len) {
        put_all(text, found);
    }
    if (s->count) {
        g_string_append_printf(text, " COUNT %u", found->len);
    }
    return imapd_say(i, text, error);
}

bool imapd_cmd_search(Imapd *i, Bytes args, GError **error)
{
    ImapSearch s;
    if (!imap_parse_search(args, i->rows->len, i->last_uid, &s)) {
        return imapd_bad(i, "this is no search");
    }
    if (s.bad_charset) {
        imapd_no(i, "[BADCHARSET (US-ASCII UTF-8)] not this charset");
        return true;
    }
    g_autoptr(GArray) found = search(i, s.key, error);
    imap_search_clear(&s);
    bool ok = found &&
              (s.extended ? answer_extended(i, &s, found, error) : answer_plain(i, found, error));
    if (ok) {
        imapd_ok(i, "that is all");
    }
    return ok;
}
