/* mailstore_load.c: reads what a directory holds at the start: ours, or a Maildir of anybody's. */
#include <string.h>
#include <sys/stat.h>

#include "proto/imap_mailbox.h"
#include "server/mailstore_inside.h"
#include "store/maildir.h"

enum { KEYWORDS_MAX = 26 };

static bool is_directory(const char *path)
{
    return g_file_test(path, G_FILE_TEST_IS_DIR);
}

/* --- UIDs and keywords --- */

/* A line of the list of UIDs. */
typedef struct {
    uint32_t uid;
    char *from, *to; /* envelope; NULL: none */
} Listed;

static void listed_free(gpointer data)
{
    Listed *listed = data;
    g_free(listed->from);
    g_free(listed->to);
    g_free(listed);
}

/* "12 W99 Fjim@example.org Tjoe@example.org :NAME": what Dovecot puts between is not needed here.
 */
static void read_line(const char *line, MailFolder *folder, GHashTable *uids)
{
    const char *colon = strchr(line, ':');
    guint64 uid = g_ascii_strtoull(line, NULL, 10);
    if (!colon || uid == 0 || uid >= G_MAXUINT32) {
        return;
    }
    Listed *listed = g_new0(Listed, 1);
    g_autofree char *front = g_strndup(line, (gsize)(colon - line));
    g_auto(GStrv) words = g_strsplit(front, " ", -1);
    for (size_t i = 1; words[0] && words[i]; i++) {
        char **place = *words[i] == 'F' ? &listed->from : *words[i] == 'T' ? &listed->to : NULL;
        if (place) {
            g_free(*place);
            *place = mailstore_uids_read_address(words[i]);
        }
    }
    listed->uid = (uint32_t)uid;
    folder->uid_next = MAX(folder->uid_next, listed->uid + 1);
    g_hash_table_replace(uids, g_strdup(colon + 1), listed);
}

/* Of Listed by the names of files; the header's numbers go into the folder. */
static GHashTable *read_uids(MailFolder *folder)
{
    GHashTable *uids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, listed_free);
    g_autofree char *path = g_build_filename(folder->path, "dovecot-uidlist", NULL);
    g_autofree char *text = NULL;
    unsigned validity = 0, next = 0;
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return uids;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_auto(GStrv) words = g_strsplit(lines[0] ? lines[0] : "", " ", -1);
    for (size_t i = 0; words[i]; i++) {
        validity = *words[i] == 'V' ? (unsigned)g_ascii_strtoull(words[i] + 1, NULL, 10) : validity;
        next = *words[i] == 'N' ? (unsigned)g_ascii_strtoull(words[i] + 1, NULL, 10) : next;
    }
    folder->validity = validity ? validity : folder->validity;
    folder->uid_next = MAX(next, 1);
    for (size_t i = 1; lines[0] && lines[i]; i++) {
        read_line(lines[i], folder, uids);
    }
    return uids;
}

static GPtrArray *read_keywords(const MailFolder *folder)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *path = g_build_filename(folder->path, "dovecot-keywords", NULL);
    g_autofree char *text = NULL;
    if (g_file_get_contents(path, &text, NULL, NULL)) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", KEYWORDS_MAX + 1);
        for (size_t i = 0; lines[i] && i < KEYWORDS_MAX; i++) {
            const char *space = strchr(lines[i], ' ');
            g_ptr_array_add(names, g_strdup(space ? space + 1 : ""));
        }
    }
    return names;
}

static void read_flags(Mail *mail, const char *letters, const GPtrArray *names)
{
    for (const char *c = letters; *c; c++) {
        mail->draft |= *c == 'D';
        mail->flagged |= *c == 'F';
        mail->answered |= *c == 'R';
        mail->seen |= *c == 'S';
        mail->deleted |= *c == 'T';
        guint n = (guint)(*c - 'a');
        if (*c >= 'a' && n < names->len && *(char *)names->pdata[n]) {
            mail->keywords =
                mail->keywords ? mail->keywords : g_ptr_array_new_with_free_func(g_free);
            g_ptr_array_add(mail->keywords, g_strdup(names->pdata[n]));
        }
    }
}

/* --- messages --- */

/* Others store mail with the line ends of files: clients get CRLF. */
static GBytes *with_crlf(char *text, gsize len)
{
    GString *out = g_string_sized_new(len + len / 32);
    for (gsize i = 0; i < len; i++) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) {
            g_string_append_c(out, '\r');
        }
        g_string_append_c(out, text[i]);
    }
    g_free(text);
    return g_string_free_to_bytes(out);
}

/* Does the name say that the file is as the message came? */
static bool is_as_it_came(const char *name, size_t octets)
{
    const char *w = strstr(name, ",W=");
    return w && g_ascii_strtoull(w + 3, NULL, 10) == octets;
}

static GBytes *read_text(const char *path, bool as_it_came)
{
    char *text;
    gsize len;
    if (!g_file_get_contents(path, &text, &len, NULL)) {
        return NULL;
    }
    return as_it_came ? g_bytes_new_take(text, len) : with_crlf(text, len);
}

/* Where no line is, for that came a moment later and the server was ended before, the name says the
 * UID: only what is behind all others is a UID of then. */
static uint32_t uid_of(const MailFolder *folder, const Listed *listed, const char *name)
{
    if (listed) {
        return listed->uid;
    }
    uint32_t uid = mailstore_uids_of_name(name, folder->validity);
    return uid >= folder->uid_next ? uid : 0;
}

static void read_mail(MailFolder *folder, const char *part, const char *name, GHashTable *uids,
                      const GPtrArray *keywords)
{
    g_autofree char *path = g_build_filename(folder->path, part, name, NULL);
    struct stat st;
    if (*name == '.' || stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        return;
    }
    size_t octets = (size_t)st.st_size;
    bool as_it_came = is_as_it_came(name, octets);
    bool stays = as_it_came && octets > MAIL_IN_MEMORY_MAX;
    g_autoptr(GBytes) text = stays ? NULL : read_text(path, as_it_came);
    if (!text && !stays) {
        return;
    }
    const char *colon = strchr(name, ':');
    g_autofree char *base = colon ? g_strndup(name, (gsize)(colon - name)) : g_strdup(name);
    const Listed *listed = g_hash_table_lookup(uids, base);
    const Mail as = {.received = st.st_mtime,
                     .from = listed ? listed->from : NULL,
                     .to = listed ? listed->to : NULL};
    Mail *mail = mailstore_new_mail(folder, text, &as);
    mail->octets = text ? mail->octets : octets;
    mail->uid = uid_of(folder, listed, name);
    mail->file = g_strdup_printf("%s/%s", part, name);
    if (colon && g_str_has_prefix(colon, ":2,")) {
        read_flags(mail, colon + 3, keywords);
    }
    g_ptr_array_add(folder->mails, mail);
}

/* By UID; those without one behind, in the order of their names, which begin with the time. */
static int by_uid(gconstpointer a, gconstpointer b)
{
    const Mail *one = *(Mail *const *)a, *other = *(Mail *const *)b;
    if (one->uid && other->uid) {
        return (one->uid > other->uid) - (one->uid < other->uid);
    }
    if (one->uid || other->uid) {
        return one->uid ? -1 : 1;
    }
    return strcmp(one->file + 4, other->file + 4);
}

/* What a server that was ended in the midst of writing has left. */
static void sweep(const MailFolder *folder)
{
    g_autoptr(Maildir) dir = maildir_open(folder->path, false, NULL);
    if (dir) {
        maildir_sweep(dir);
    }
}

static void read_mails(MailStore *store, MailFolder *folder)
{
    static const char *const parts[] = {"cur", "new"};
    sweep(folder);
    g_autoptr(GHashTable) uids = read_uids(folder);
    g_autoptr(GPtrArray) keywords = read_keywords(folder);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *path = g_build_filename(folder->path, parts[i], NULL);
        GDir *dir = g_dir_open(path, 0, NULL);
        const char *name;
        while (dir && (name = g_dir_read_name(dir))) {
            read_mail(folder, parts[i], name, uids, keywords);
        }
        g_clear_pointer(&dir, g_dir_close);
    }
    g_ptr_array_sort(folder->mails, by_uid);
    uint32_t last = 0;
    for (guint i = 0; i < folder->mails->len; i++) {
        Mail *mail = folder->mails->pdata[i];
        bool fresh = mail->uid <= last; /* none, or one of two files with the same name */
        mail->uid = fresh ? MAX(folder->uid_next, last + 1) : mail->uid;
        last = mail->uid;
        folder->uid_next = MAX(folder->uid_next, last + 1);
    }
    folder->first_recent = folder->uid_next;
    mailstore_uids_write(store, folder);
}

/* --- users --- */

/* "Lists.x" in modified UTF-7, as directories and subscriptions have it. */
static char *folder_name(const char *raw)
{
    g_autofree char *slashed = g_strdelimit(g_strdup(raw), ".", '/');
    return imap_mailbox_decode(bytes_of(slashed));
}

static void read_folders(MailStore *store, MailUser *user)
{
    GDir *dir = g_dir_open(user->path, 0, NULL);
    const char *entry;
    while (dir && (entry = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(user->path, entry, NULL);
        g_autofree char *cur = g_build_filename(path, "cur", NULL);
        if (entry[0] != '.' || entry[1] == '\0' || entry[1] == '.' || !is_directory(cur)) {
            continue;
        }
        g_autofree char *name = folder_name(entry + 1);
        if (mailstore_folder_name_is_good(name) && !mail_find_folder(user, name)) {
            MailFolder *folder = mailstore_add_folder(store, user, name);
            folder->path = g_steal_pointer(&path);
            read_mails(store, folder);
        }
    }
    g_clear_pointer(&dir, g_dir_close);
}

static void read_subscriptions(MailUser *user)
{
    g_autofree char *path = g_build_filename(user->path, "subscriptions", NULL);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i]; i++) {
        if (*lines[i] && !strchr(lines[i], '\t')) {
            g_ptr_array_add(user->subscriptions, folder_name(lines[i]));
        }
    }
}

static void read_user(MailStore *store, MailUser *user)
{
    MailFolder *inbox = user->folders->pdata[0];
    read_mails(store, inbox);
    read_folders(store, user);
    read_subscriptions(user);
    for (guint i = 0; i < user->folders->len; i++) {
        const MailFolder *folder = user->folders->pdata[i];
        store->last_validity = MAX(store->last_validity, folder->validity);
    }
}

bool mailstore_load(MailStore *store, GError **error)
{
    GDir *dir = g_dir_open(store->directory, 0, NULL);
    const char *name;
    bool good = true;
    while (dir && good && (name = g_dir_read_name(dir))) {
        g_autofree char *cur = g_build_filename(store->directory, name, "Maildir", "cur", NULL);
        if (*name == '.' || !is_directory(cur)) {
            continue;
        }
        good = mailstore_user(store, name, error) != NULL;
    }
    g_clear_pointer(&dir, g_dir_close);
    for (guint i = 0; good && i < store->users->len; i++) {
        read_user(store, store->users->pdata[i]);
    }
    return good;
}
