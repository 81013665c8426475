/* imapd_folders.c: commands about mailboxes as a whole. */
#include <string.h>

#include "server/imapd.h"

static MailFolder *find(Imapd *i, const char *name)
{
    return mail_find_folder(i->user, name);
}

/* One mailbox and nothing behind it; the caller frees it. */
static char *only_mailbox(Bytes args)
{
    char *name = imap_scan_mailbox(&args);
    if (name && args.len > 0) {
        g_clear_pointer(&name, g_free);
    }
    return name;
}

/* --- selecting --- */

static void describe(Imapd *i)
{
    MailFolder *folder = i->folder;
    guint recent = 0, unseen = 0;
    for (guint n = i->rows->len; n-- > 0;) {
        const ImapRow *row = imapd_row(i, n);
        recent += row->recent;
        unseen = row->mail->seen ? unseen : n + 1;
    }
    g_autoptr(GString) flags = g_string_new(NULL);
    imapd_put_known_flags(flags, folder);
    guest_reply(i->g, "* FLAGS (%s)", flags->str);
    if (i->read_only) {
        guest_reply(i->g, "* OK [PERMANENTFLAGS ()] nothing can be changed");
    } else {
        guest_reply(i->g, "* OK [PERMANENTFLAGS (%s \\*)] and new ones", flags->str);
    }
    guest_reply(i->g, "* %u EXISTS", i->rows->len);
    guest_reply(i->g, "* %u RECENT", recent);
    if (unseen) {
        guest_reply(i->g, "* OK [UNSEEN %u] the first", unseen);
    }
    guest_reply(i->g, "* OK [UIDVALIDITY %u] UIDs valid", folder->validity);
    guest_reply(i->g, "* OK [UIDNEXT %u] the next", folder->uid_next);
}

static bool select_it(Imapd *i, Bytes args, bool read_only)
{
    g_autofree char *name = only_mailbox(args);
    if (!name) {
        return imapd_bad(i, "which mailbox?");
    }
    imapd_unselect(i);
    MailFolder *folder = find(i, name);
    if (!folder) {
        imapd_no(i, "[NONEXISTENT] there is no such mailbox");
        return true;
    }
    if (guest_fault(i->g, "uidvalidity-changes")) {
        mail_new_validity(i->g->box->store, folder);
    }
    imapd_select(i, folder, read_only);
    describe(i);
    imapd_ok(i, read_only ? "[READ-ONLY] opened for reading" : "[READ-WRITE] opened");
    return true;
}

bool imapd_cmd_select(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    return select_it(i, args, false);
}

bool imapd_cmd_examine(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    return select_it(i, args, true);
}

bool imapd_cmd_unselect(Imapd *i, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    imapd_unselect(i);
    imapd_ok(i, "left");
    return true;
}

bool imapd_cmd_close(Imapd *i, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    for (guint n = 0; !i->read_only && n < i->rows->len; n++) {
        Mail *mail = imapd_row(i, n)->mail;
        if (mail->deleted) {
            mail_remove(i->g->box->store, i->folder, mail);
        }
    }
    imapd_unselect(i);
    imapd_ok(i, "closed");
    return true;
}

/* --- making and unmaking --- */

static void refuse(Imapd *i, const char *code, GError *why)
{
    imapd_no(i, "%s%s", code, why->message);
    g_error_free(why);
}

bool imapd_cmd_create(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    g_autofree char *name = only_mailbox(args);
    if (!name) {
        return imapd_bad(i, "CREATE what?");
    }
    size_t len = strlen(name);
    if (len > 1 && name[len - 1] == '/') { /* "names below it will come" (RFC 3501 6.3.3) */
        name[len - 1] = '\0';
    }
    GError *why = NULL;
    bool there = find(i, name) != NULL;
    if (mail_create_folder(i->g->box->store, i->user, name, &why)) {
        imapd_ok(i, "made");
    } else {
        refuse(i, there ? "[ALREADYEXISTS] " : "[CANNOT] ", why);
    }
    return true;
}

bool imapd_cmd_delete(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    g_autofree char *name = only_mailbox(args);
    if (!name) {
        return imapd_bad(i, "DELETE what?");
    }
    if (g_ascii_strcasecmp(name, "INBOX") == 0) { /* RFC 3501 section 6.3.4 */
        imapd_no(i, "[CANNOT] INBOX stays");
        return true;
    }
    MailFolder *folder = find(i, name);
    if (folder && folder == i->folder) {
        imapd_unselect(i);
    }
    GError *why = NULL;
    if (mail_delete_folder(i->g->box->store, i->user, name, &why)) {
        imapd_ok(i, "deleted");
    } else {
        refuse(i, folder ? "[CANNOT] " : "[NONEXISTENT] ", why);
    }
    return true;
}

bool imapd_cmd_rename(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    g_autofree char *from = imap_scan_mailbox(&args);
    g_autofree char *to = from && imap_scan_space(&args) ? only_mailbox(args) : NULL;
    if (!to) {
        return imapd_bad(i, "RENAME FROM TO");
    }
    GError *why = NULL;
    const char *code = !find(i, from) ? "[NONEXISTENT] "
                       : find(i, to)  ? "[ALREADYEXISTS] "
                                      : "[CANNOT] ";
    if (mail_rename_folder(i->g->box->store, i->user, from, to, &why)) {
        imapd_ok(i, "renamed");
    } else {
        refuse(i, code, why);
    }
    return true;
}

static bool subscribe(Imapd *i, Bytes args, bool subscribed)
{
    g_autofree char *name = only_mailbox(args);
    if (!name) {
        return imapd_bad(i, "which mailbox?");
    }
    if (subscribed && !find(i, name)) {
        imapd_no(i, "[NONEXISTENT] there is no such mailbox");
        return true;
    }
    mail_subscribe(i->g->box->store, i->user, name, subscribed);
    imapd_ok(i, "done");
    return true;
}

bool imapd_cmd_subscribe(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    return subscribe(i, args, true);
}

bool imapd_cmd_unsubscribe(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    return subscribe(i, args, false);
}

/* --- STATUS --- */

static uint32_t count_messages(const MailFolder *f)
{
    return f->mails->len;
}

static uint32_t count_recent(const MailFolder *f)
{
    uint32_t n = 0;
    for (guint m = f->mails->len; m-- > 0;) {
        n += ((const Mail *)f->mails->pdata[m])->uid >= f->first_recent;
    }
    return n;
}

static uint32_t count_unseen(const MailFolder *f)
{
    uint32_t n = 0;
    for (guint m = 0; m < f->mails->len; m++) {
        n += !((const Mail *)f->mails->pdata[m])->seen;
    }
    return n;
}

static uint32_t uid_next(const MailFolder *f)
{
    return f->uid_next;
}

static uint32_t uid_validity(const MailFolder *f)
{
    return f->validity;
}

static bool put_status(GString *out, Bytes args, const MailFolder *folder)
{
    static const struct {
        const char *name;
        uint32_t (*get)(const MailFolder *folder);
    } items[] = {{"MESSAGES", count_messages},
                 {"RECENT", count_recent},
                 {"UIDNEXT", uid_next},
                 {"UIDVALIDITY", uid_validity},
                 {"UNSEEN", count_unseen}};
    if (!imap_scan_char(&args, '(')) {
        return false;
    }
    const char *glue = " (";
    do {
        size_t n = 0;
        while (n < G_N_ELEMENTS(items) && !imap_scan_word(&args, items[n].name)) {
            n++;
        }
        if (n == G_N_ELEMENTS(items)) {
            return false;
        }
        g_string_append_printf(out, "%s%s %u", glue, items[n].name, items[n].get(folder));
        glue = " ";
    } while (imap_scan_space(&args));
    g_string_append_c(out, ')');
    return imap_scan_char(&args, ')') && args.len == 0;
}

bool imapd_cmd_status(Imapd *i, Bytes args, GError **error)
{
    g_autofree char *name = imap_scan_mailbox(&args);
    const MailFolder *folder = name ? find(i, name) : NULL;
    if (!name || !imap_scan_space(&args)) {
        return imapd_bad(i, "STATUS MAILBOX (ITEMS)");
    }
    if (!folder) {
        imapd_no(i, "[NONEXISTENT] there is no such mailbox");
        return true;
    }
    g_autoptr(GString) text = g_string_new("* STATUS ");
    imapd_put_mailbox(text, name);
    if (!put_status(text, args, folder)) {
        return imapd_bad(i, "STATUS knows MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN");
    }
    if (!imapd_say(i, text, error)) {
        return false;
    }
    imapd_ok(i, "done");
    return true;
}
