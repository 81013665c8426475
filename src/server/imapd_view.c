/* imapd_view.c: the selected mailbox as the client knows it, and what it is told of changes. */
#include <string.h>

#include "server/imapd.h"

enum { KNOWN_KEYWORDS_MAX = 200 };

ImapRow *imapd_row(const Imapd *i, guint place)
{
    return &g_array_index(i->rows, ImapRow, place);
}

/* --- flags --- */

void imapd_put_flags(GString *out, const Mail *mail, bool recent)
{
    const struct {
        bool set;
        const char *name;
    } flags[] = {{mail->answered, "\\Answered"}, {mail->flagged, "\\Flagged"},
                 {mail->deleted, "\\Deleted"},   {mail->seen, "\\Seen"},
                 {mail->draft, "\\Draft"},       {recent, "\\Recent"}};
    const char *glue = "(";
    for (size_t n = 0; n < G_N_ELEMENTS(flags); n++) {
        if (flags[n].set) {
            g_string_append_printf(out, "%s%s", glue, flags[n].name);
            glue = " ";
        }
    }
    for (guint n = 0; mail->keywords && n < mail->keywords->len; n++) {
        g_string_append_printf(out, "%s%s", glue, (const char *)mail->keywords->pdata[n]);
        glue = " ";
    }
    g_string_append(out, *glue == '(' ? "()" : ")");
}

void imapd_put_known_flags(GString *out, const MailFolder *folder)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_string_append(out, "\\Answered \\Flagged \\Deleted \\Seen \\Draft");
    for (guint n = 0; n < folder->mails->len; n++) {
        const GPtrArray *keywords = ((const Mail *)folder->mails->pdata[n])->keywords;
        for (guint k = 0; keywords && k < keywords->len; k++) {
            if (g_hash_table_size(seen) < KNOWN_KEYWORDS_MAX &&
                g_hash_table_add(seen, keywords->pdata[k])) {
                g_string_append_printf(out, " %s", (const char *)keywords->pdata[k]);
            }
        }
    }
}

/* The UID is told too: who works by UIDs needs it, and no one else minds (RFC 3501 7.4.2). */
void imapd_say_flags(Imapd *i, guint place)
{
    ImapRow *row = imapd_row(i, place);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "* %u FETCH (UID %u FLAGS ", place + 1, row->mail->uid);
    imapd_put_flags(text, row->mail, row->recent);
    guest_reply(i->g, "%s)", text->str);
    row->told = row->mail->changed;
}

/* --- selecting --- */

/* What came since the last row. */
static guint add_rows(Imapd *i)
{
    MailFolder *folder = i->folder;
    guint before = i->rows->len, n = folder->mails->len;
    while (n > 0 && ((const Mail *)folder->mails->pdata[n - 1])->uid > i->last_uid) {
        n--;
    }
    for (; n < folder->mails->len; n++) {
        Mail *mail = folder->mails->pdata[n];
        const ImapRow row = {mail_ref(mail), mail->changed, mail->uid >= folder->first_recent};
        g_array_append_val(i->rows, row);
        i->last_uid = mail->uid;
    }
    if (!i->read_only) { /* the first session that is told has them (RFC 3501 2.3.2) */
        folder->first_recent = folder->uid_next;
    }
    return i->rows->len - before;
}

void imapd_unselect(Imapd *i)
{
    for (guint n = 0; n < i->rows->len; n++) {
        mail_unref(imapd_row(i, n)->mail);
    }
    g_array_set_size(i->rows, 0);
    i->folder = NULL;
    i->last_uid = 0;
}

void imapd_select(Imapd *i, MailFolder *folder, bool read_only)
{
    imapd_unselect(i);
    i->folder = folder;
    i->read_only = read_only;
    add_rows(i);
    i->changes = folder->changes;
}

/* --- news --- */

static void tell_flags(Imapd *i)
{
    for (guint n = 0; n < i->rows->len; n++) {
        const ImapRow *row = imapd_row(i, n);
        if (row->told != row->mail->changed && !row->mail->gone) {
            imapd_say_flags(i, n);
        }
    }
}

/* Numbers move up with each that goes (RFC 3501 7.4.1). */
static void tell_gone(Imapd *i)
{
    guint kept = 0;
    for (guint n = 0; n < i->rows->len; n++) {
        ImapRow row = *imapd_row(i, n);
        if (row.mail->gone) {
            guest_reply(i->g, "* %u EXPUNGE", kept + 1);
            mail_unref(row.mail);
        } else {
            *imapd_row(i, kept++) = row;
        }
    }
    g_array_set_size(i->rows, kept);
}

static guint count_recent(const Imapd *i)
{
    guint recent = 0;
    for (guint n = 0; n < i->rows->len; n++) {
        recent += imapd_row(i, n)->recent;
    }
    return recent;
}

static void tell_new(Imapd *i)
{
    if (add_rows(i) > 0) {
        guest_reply(i->g, "* %u EXISTS", i->rows->len);
        guest_reply(i->g, "* %u RECENT", count_recent(i));
    }
}

void imapd_news(Imapd *i)
{
    if (!i->folder || i->changes == i->folder->changes) {
        return;
    }
    tell_flags(i);
    if (!i->no_expunge) {
        tell_gone(i);
        i->changes = i->folder->changes;
    }
    tell_new(i);
}

/* --- sets --- */

bool imapd_scan_set(const Imapd *i, Bytes *in, ImapSet *set)
{
    if (!imap_scan_set(in, i->uid ? i->last_uid : i->rows->len, set)) {
        return false;
    }
    /* A number that is not there is an error of the client (RFC 3501 9, seq-number); 1:* of an
     * empty mailbox is what everybody says, though. */
    const ImapRange *last = &g_array_index(set->ranges, ImapRange, set->ranges->len - 1);
    return i->uid || i->rows->len == 0 || last->last <= i->rows->len;
}

/* The first row whose UID is not below. */
static guint lower_bound(const Imapd *i, uint32_t uid)
{
    guint low = 0, high = i->rows->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (imapd_row(i, middle)->mail->uid < uid) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

GArray *imapd_pick(const Imapd *i, const ImapSet *set)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint r = 0; r < set->ranges->len; r++) {
        const ImapRange *range = &g_array_index(set->ranges, ImapRange, r);
        guint n = i->uid ? lower_bound(i, range->first) : MAX(range->first, 1) - 1;
        while (n < i->rows->len &&
               (i->uid ? imapd_row(i, n)->mail->uid <= range->last : n < range->last)) {
            g_array_append_val(places, n);
            n++;
        }
    }
    return places;
}
