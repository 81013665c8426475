/* imapd_store.c: commands that change messages: STORE, COPY, MOVE, EXPUNGE, APPEND. */
#include <string.h>

#include "server/imapd.h"

/* --- STORE --- */

typedef enum { STORE_SET, STORE_ADD, STORE_REMOVE } StoreHow;

static const struct {
    const char *name;
    StoreHow how;
    bool silent;
} store_words[] = {
    {"FLAGS", STORE_SET, false},        {"+FLAGS", STORE_ADD, false},
    {"-FLAGS", STORE_REMOVE, false},    {"FLAGS.SILENT", STORE_SET, true},
    {"+FLAGS.SILENT", STORE_ADD, true}, {"-FLAGS.SILENT", STORE_REMOVE, true},
};

static bool combine(bool is, bool given, StoreHow how)
{
    return how == STORE_SET ? given : how == STORE_ADD ? is || given : is && !given;
}

static void add_keyword(GPtrArray *list, const char *keyword)
{
    if (list->len < IMAP_KEYWORDS_MAX) {
        g_ptr_array_add(list, g_strdup(keyword));
    }
}

/* The keywords there will be; NULL: none. */
static GPtrArray *combine_keywords(const Mail *mail, const Mail *given, StoreHow how)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
    for (guint n = 0; mail->keywords && n < mail->keywords->len; n++) {
        const char *keyword = mail->keywords->pdata[n];
        if (combine(true, mail_has_keyword(given, keyword), how)) {
            add_keyword(list, keyword);
        }
    }
    for (guint n = 0; how != STORE_REMOVE && given->keywords && n < given->keywords->len; n++) {
        if (!mail_has_keyword(mail, given->keywords->pdata[n])) {
            add_keyword(list, given->keywords->pdata[n]);
        }
    }
    if (list->len == 0) {
        g_clear_pointer(&list, g_ptr_array_unref);
    }
    return list;
}

static bool same_keywords(const Mail *mail, const GPtrArray *list)
{
    guint before = mail->keywords ? mail->keywords->len : 0, after = list ? list->len : 0;
    bool same = before == after;
    for (guint n = 0; same && n < after; n++) {
        same = mail_has_keyword(mail, list->pdata[n]);
    }
    return same;
}

/* True when anything is another now. */
static bool apply(Mail *mail, const Mail *given, StoreHow how)
{
    const struct {
        bool *is;
        bool given;
    } flags[] = {{&mail->seen, given->seen},
                 {&mail->answered, given->answered},
                 {&mail->flagged, given->flagged},
                 {&mail->deleted, given->deleted},
                 {&mail->draft, given->draft}};
    bool changed = false;
    for (size_t n = 0; n < G_N_ELEMENTS(flags); n++) {
        bool will = combine(*flags[n].is, flags[n].given, how);
        changed = changed || will != *flags[n].is;
        *flags[n].is = will;
    }
    GPtrArray *keywords = combine_keywords(mail, given, how);
    changed = changed || !same_keywords(mail, keywords);
    g_clear_pointer(&mail->keywords, g_ptr_array_unref);
    mail->keywords = keywords;
    return changed;
}

static void store_one(Imapd *i, guint place, const Mail *given, StoreHow how, bool silent)
{
    ImapRow *row = imapd_row(i, place);
    if (row->mail->gone) {
        return;
    }
    bool news = row->told != row->mail->changed; /* of another session: to be told anyhow */
    if (apply(row->mail, given, how)) {
        mail_changed(i->g->box->store, i->folder, row->mail);
    }
    if (!silent || news) {
        imapd_say_flags(i, place);
    } else {
        row->told = row->mail->changed;
    }
}

bool imapd_cmd_store(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    g_autoptr(ImapSet) set = imap_set_new();
    Mail given = {0};
    size_t word = 0;
    bool good = imapd_scan_set(i, &args, set) && imap_scan_space(&args);
    while (good && word < G_N_ELEMENTS(store_words) &&
           !imap_scan_word(&args, store_words[word].name)) {
        word++;
    }
    good = good && word < G_N_ELEMENTS(store_words) && imap_scan_space(&args) &&
           imap_scan_flags(&args, &given) && args.len == 0;
    if (!good || i->read_only) {
        imap_flags_clear(&given);
        if (!good) {
            return imapd_bad(i, "STORE MESSAGES +FLAGS (...)");
        }
        imapd_no(i, "[READ-ONLY] the mailbox was opened for reading");
        return true;
    }
    g_autoptr(GArray) places = imapd_pick(i, set);
    for (guint n = 0; n < places->len; n++) {
        store_one(i, g_array_index(places, guint, n), &given, store_words[word].how,
                  store_words[word].silent);
    }
    imap_flags_clear(&given);
    imapd_ok(i, "stored");
    return true;
}

/* --- COPY and MOVE --- */

typedef struct {
    ImapSet *from, *to; /* UIDs here and there */
} Copied;

static char *copied_code(const MailFolder *target, const Copied *copied)
{
    size_t a = 0, b = 0;
    g_autofree char *from = imap_set_text(copied->from, &a, SIZE_MAX / 2);
    g_autofree char *to = imap_set_text(copied->to, &b, SIZE_MAX / 2);
    return from && to ? g_strdup_printf("[COPYUID %u %s %s] ", target->validity, from, to)
                      : g_strdup("");
}

static bool copy_places(Imapd *i, const GArray *places, MailFolder *target, const Copied *copied,
                        GError **error)
{
    for (guint n = 0; n < places->len; n++) {
        Mail *mail = imapd_row(i, g_array_index(places, guint, n))->mail;
        if (mail->gone) {
            continue;
        }
        g_autoptr(GBytes) text = mail_text(mail, error);
        const Mail *copy = text ? mail_add(i->g->box->store, target, text, mail, error) : NULL;
        if (!copy) {
            return false;
        }
        imap_set_add(copied->from, mail->uid);
        imap_set_add(copied->to, copy->uid);
    }
    return true;
}

/* MOVE (RFC 6851): COPYUID comes before the EXPUNGEs, which the news of the folder are. */
static void finish_copy(Imapd *i, const GArray *places, const char *code, bool move)
{
    if (!move) {
        imapd_ok(i, "%scopied", code);
        return;
    }
    if (*code) {
        guest_reply(i->g, "* OK %smoved", code);
    }
    for (guint n = 0; n < places->len; n++) {
        mail_remove(i->g->box->store, i->folder,
                    imapd_row(i, g_array_index(places, guint, n))->mail);
    }
    imapd_ok(i, "moved");
}

static bool copy_or_move(Imapd *i, Bytes args, bool move)
{
    g_autoptr(ImapSet) set = imap_set_new();
    bool good = imapd_scan_set(i, &args, set) && imap_scan_space(&args);
    g_autofree char *name = good ? imap_scan_mailbox(&args) : NULL;
    if (!name || args.len > 0) {
        return imapd_bad(i, good ? "where to?" : "no such messages");
    }
    MailFolder *target = mail_find_folder(i->user, name);
    if (!target || (move && i->read_only)) {
        imapd_no(i, target ? "[READ-ONLY] nothing can be moved from here"
                           : "[TRYCREATE] there is no such mailbox");
        return true;
    }
    g_autoptr(GError) why = NULL;
    g_autoptr(GArray) places = imapd_pick(i, set);
    g_autoptr(ImapSet) from = imap_set_new();
    g_autoptr(ImapSet) to = imap_set_new();
    const Copied copied = {from, to};
    if (!copy_places(i, places, target, &copied, &why)) {
        imapd_no(i, "[SERVERBUG] %s", why->message);
        return true;
    }
    g_autofree char *code = copied_code(target, &copied);
    finish_copy(i, places, code, move);
    return true;
}

bool imapd_cmd_copy(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    return copy_or_move(i, args, false);
}

bool imapd_cmd_move(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    return copy_or_move(i, args, true);
}

/* --- EXPUNGE --- */

bool imapd_cmd_expunge(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    g_autoptr(ImapSet) set = imap_set_new();
    if (i->uid ? !imapd_scan_set(i, &args, set) || args.len > 0 : args.len > 0) {
        return imapd_bad(i, "EXPUNGE, or UID EXPUNGE UIDS");
    }
    if (i->read_only) {
        imapd_no(i, "[READ-ONLY] the mailbox was opened for reading");
        return true;
    }
    for (guint n = 0; n < i->rows->len; n++) {
        Mail *mail = imapd_row(i, n)->mail;
        if (mail->deleted && (!i->uid || imap_set_has(set, mail->uid))) {
            mail_remove(i->g->box->store, i->folder, mail);
        }
    }
    imapd_ok(i, "expunged");
    return true;
}

/* --- APPEND --- */

bool imapd_cmd_append(Imapd *i, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    if (!i->append.mailbox) {
        return imapd_bad(i, "APPEND MAILBOX [(FLAGS)] [DATE] {OCTETS}");
    }
    MailFolder *folder = mail_find_folder(i->user, i->append.mailbox);
    g_autoptr(GError) why = NULL;
    if (!folder || !i->message) {
        imapd_no(i, folder ? "[TOOBIG] the message is too large"
                           : "[TRYCREATE] there is no such mailbox");
        return true;
    }
    const Mail *mail = mail_add(i->g->box->store, folder, i->message, &i->append.flags, &why);
    if (!mail) {
        imapd_no(i, "[SERVERBUG] %s", why->message);
        return true;
    }
    imapd_ok(i, "[APPENDUID %u %u] stored", folder->validity, mail->uid);
    return true;
}
