#include "server/mailstore_inside.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static Mail *add(MailStore *store, MailFolder *folder, const char *text)
{
    g_autoptr(GBytes) octets = g_bytes_new(text, strlen(text));
    Mail *mail = mail_add(store, folder, octets, NULL, NULL);
    g_assert_nonnull(mail);
    return mail;
}

static char *new_directory(void)
{
    char *path = g_dir_make_tmp("mailstore-XXXXXX", NULL);
    g_assert_nonnull(path);
    return path;
}

static void remove_directory(const char *path)
{
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *command = g_strdup_printf("rm -r %s", quoted);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

static void count(void *user, MailFolder *folder)
{
    (void)folder;
    ++*(unsigned *)user;
}

static void test_mail_comes_and_goes_and_is_told(void)
{
    unsigned told = 0;
    g_autoptr(MailStore) store = mailstore_new(NULL, NULL);
    MailFolder *inbox = mail_find_folder(mailstore_user(store, "joe", NULL), "inbox");
    unsigned id = mailstore_watch(store, count, &told);
    add(store, inbox, "one");
    Mail *two = mail_ref(add(store, inbox, "two"));
    add(store, inbox, "three");
    two->seen = true;
    mail_changed(store, inbox, two);
    g_assert_cmpuint(two->changed, ==, inbox->changes);
    mail_remove(store, inbox, two);
    g_assert_cmpuint(told, ==, 5);
    g_assert_true(two->gone && two->octets == 3);
    mail_unref(two);
    g_assert_cmpuint(inbox->mails->len, ==, 2);
    g_assert_cmpuint(((const Mail *)inbox->mails->pdata[1])->uid, ==, 3);
    mailstore_unwatch(store, id);
    add(store, inbox, "four");
    g_assert_cmpuint(told, ==, 5);
}

static void test_names_that_cannot_be_are_refused(void)
{
    static const char *const folders[] = {"",    "/",  "a//b", "/a",   "a/",
                                          "a.b", "..", "a\nb", "INBOX"};
    static const char *const users[] = {"", ".x", "a/b", "a\nb"};
    g_autoptr(MailStore) store = mailstore_new(NULL, NULL);
    MailUser *user = mailstore_user(store, "joe", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_assert_null(mail_create_folder(store, user, folders[i], NULL));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
        g_assert_null(mailstore_user(store, users[i], NULL));
    }
}

static void test_folders_are_renamed_with_those_below(void)
{
    g_autoptr(MailStore) store = mailstore_new(NULL, NULL);
    MailUser *user = mailstore_user(store, "joe", NULL);
    MailFolder *deep = mail_create_folder(store, user, "a/b/c", NULL);
    g_assert_nonnull(mail_find_folder(user, "a/b"));
    g_assert_false(mail_rename_folder(store, user, "a", "a/x", NULL));
    g_assert_true(mail_rename_folder(store, user, "a", "z/y", NULL));
    g_assert_true(mail_find_folder(user, "z/y/b/c") == deep);
    g_assert_null(mail_find_folder(user, "a"));
    MailFolder *inbox = mail_find_folder(user, "INBOX");
    add(store, inbox, "x");
    g_assert_true(mail_rename_folder(store, user, "inbox", "old", NULL));
    g_assert_cmpuint(inbox->mails->len, ==, 0);
    g_assert_cmpuint(mail_find_folder(user, "old")->mails->len, ==, 1);
    g_assert_true(mail_delete_folder(store, user, "z/y/b/c", NULL));
    g_assert_true(deep->gone);
    g_assert_false(mail_delete_folder(store, user, "INBOX", NULL));
}

static void fill(const char *directory)
{
    g_autoptr(MailStore) store = mailstore_new(directory, NULL);
    MailUser *user = mailstore_user(store, "joe", NULL);
    MailFolder *folder = mail_create_folder(store, user, "Lists/Käse", NULL);
    mail_subscribe(store, user, "Lists/Käse", true);
    add(store, folder, "bare\nand\r\nnot");
    Mail *mail = add(store, folder, "two\r\n");
    mail_remove(store, folder, add(store, folder, "three"));
    mail->seen = true;
    mail->keywords = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(mail->keywords, g_strdup("$Mine"));
    mail_changed(store, folder, mail);
}

static void test_a_directory_is_read_again_as_it_was(void)
{
    g_autofree char *directory = new_directory();
    fill(directory);
    g_autoptr(MailStore) store = mailstore_new(directory, NULL);
    MailUser *user = mailstore_find_user(store, "joe");
    g_assert_nonnull(user);
    MailFolder *folder = mail_find_folder(user, "Lists/Käse");
    g_assert_cmpuint(folder->mails->len, ==, 2);
    g_assert_cmpuint(folder->uid_next, ==, 4);
    g_assert_cmpstr(user->subscriptions->pdata[0], ==, "Lists/Käse");
    const Mail *first = folder->mails->pdata[0], *second = folder->mails->pdata[1];
    g_assert_cmpmem(g_bytes_get_data(first->text, NULL), first->octets, "bare\nand\r\nnot", 13);
    g_assert_true(second->uid == 2 && second->seen && mail_has_keyword(second, "$mine"));
    remove_directory(directory);
}

static void check_text(Mail *mail, const char *text)
{
    gsize len;
    char piece[5] = "";
    g_autoptr(GBytes) octets = mail_text(mail, NULL);
    const char *data = g_bytes_get_data(octets, &len);
    g_assert_cmpmem(data, len, text, strlen(text));
    g_assert_cmpuint(mail->octets, ==, len);
    g_assert_true(mail_read(mail, len - 4, piece, 4, NULL));
    g_assert_cmpstr(piece, ==, text + len - 4);
}

static MailFolder *inbox_of(MailStore *store, const char *name)
{
    return mail_find_folder(mailstore_user(store, name, NULL), "INBOX");
}

static char *large_text(void)
{
    char *large = g_strnfill(100 * 1024, 'x');
    memcpy(large + 100 * 1024 - 4, "last", 4);
    return large;
}

static void test_large_texts_are_those_of_the_files(void)
{
    g_autofree char *directory = new_directory();
    g_autofree char *large = large_text();
    {
        g_autoptr(MailStore) store = mailstore_new(directory, NULL);
        MailFolder *inbox = inbox_of(store, "joe");
        Mail *mail = add(store, inbox, large);
        g_assert_null(mail->text);
        g_assert_nonnull(add(store, inbox, "small")->text);
        mail->flagged = true;
        mail_changed(store, inbox, mail);
        check_text(mail, large);
        g_assert_true(
            mail_rename_folder(store, mailstore_user(store, "joe", NULL), "INBOX", "old", NULL));
    }
    g_autoptr(MailStore) store = mailstore_new(directory, NULL);
    MailUser *user = mailstore_user(store, "joe", NULL);
    MailFolder *old = mail_find_folder(user, "old");
    Mail *mail = mail_ref(old->mails->pdata[0]);
    g_assert_true(!mail->text && mail->flagged);
    mail_remove(store, old, mail);
    check_text(mail, large); /* who has it still sees it */
    mail_unref(mail);
    mail = mail_ref(add(store, old, large));
    g_assert_true(mail_delete_folder(store, user, "old", NULL));
    check_text(mail, large); /* in a folder that is gone, too */
    mail_unref(mail);
    remove_directory(directory);
}

/* Those who hold it have one text, and the memory goes when the last lets go. */
static void test_a_text_that_is_read_is_shared(void)
{
    g_autofree char *directory = new_directory();
    g_autofree char *large = large_text();
    g_autoptr(MailStore) store = mailstore_new(directory, NULL);
    Mail *mail = add(store, inbox_of(store, "joe"), large);
    GBytes *one = mail_text(mail, NULL), *other = mail_text(mail, NULL);
    g_assert_true(one == other && mail->refs == 2);
    g_bytes_unref(one);
    g_assert_true(mail->lent == other);
    g_bytes_unref(other);
    g_assert_true(!mail->lent && mail->refs == 1);
    remove_directory(directory);
}

static void fail_to_read(Mail *mail, const char *why)
{
    char buffer[16];
    g_autoptr(GError) error = NULL;
    g_assert_null(mail_text(mail, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_IO);
    g_assert_nonnull(strstr(error->message, why));
    g_assert_false(mail_read(mail, mail->octets - sizeof(buffer), buffer, sizeof(buffer), NULL));
}

/* Other programs work on the Maildir too: what they move is found, what they spoil is an error. */
static void test_files_that_others_change_are_no_accident(void)
{
    g_autofree char *directory = new_directory();
    g_autofree char *large = large_text();
    g_autoptr(MailStore) store = mailstore_new(directory, NULL);
    MailFolder *inbox = inbox_of(store, "joe");
    Mail *mail = add(store, inbox, large);
    add(store, inbox, large);
    g_autofree char *path = g_build_filename(inbox->path, mail->file, NULL);
    g_autofree char *moved =
        g_strdup_printf("%s/cur/%s:2,S", inbox->path, mail->file + strlen("new/"));
    g_assert_cmpint(g_rename(path, moved), ==, 0);
    check_text(mail, large);
    g_assert_cmpstr(mail->file, ==, moved + strlen(inbox->path) + 1);
    g_assert_cmpint(truncate(moved, 50000), ==, 0);
    fail_to_read(mail, "shorter");
    g_assert_cmpint(g_unlink(moved), ==, 0);
    fail_to_read(mail, "removed");
    remove_directory(directory);
}

/* Whatever the filesystem can, the file is whole, it alone is there, and it has its time. */
static void test_files_are_written_with_and_without_tmp(void)
{
    const Mail as = {.received = 1700000000};
    g_autoptr(GBytes) octets = g_bytes_new_static("text\r\n", 6);
    for (int named = 0; named < 2; named++) {
        g_autofree char *directory = new_directory();
        g_autoptr(MailStore) store = mailstore_new(directory, NULL);
        MailFolder *inbox = inbox_of(store, "joe");
        store->only_named = named;
        mailstore_prepare(store);
        mailstore_prepare(store);
        const Mail *mail = mail_add(store, inbox, octets, &as, NULL);
        g_autofree char *path = g_build_filename(inbox->path, mail->file, NULL);
        g_autofree char *tmp = g_build_filename(inbox->path, "tmp", NULL);
        g_autofree char *text = NULL;
        struct stat st;
        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, "text\r\n");
        g_assert_true(stat(path, &st) == 0 && st.st_mtime == as.received && st.st_nlink == 1);
        g_assert_cmpint(st.st_mode & 0777, ==, 0600);
        g_assert_cmpint(rmdir(tmp), ==, 0); /* nothing is left in it */
        remove_directory(directory);
    }
}

static void test_what_cannot_be_written_is_an_error(void)
{
    g_autofree char *directory = new_directory();
    g_autoptr(MailStore) store = mailstore_new(directory, NULL);
    MailFolder *inbox = inbox_of(store, "joe");
    g_autoptr(GBytes) octets = g_bytes_new_static("x", 1);
    g_autoptr(GError) error = NULL;
    remove_directory(inbox->path);
    g_assert_null(mail_add(store, inbox, octets, NULL, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_IO);
    g_assert_true(inbox->mails->len == 0 && inbox->uid_next == 1);
    remove_directory(directory);
}

static void begin(void *user)
{
    ++*(unsigned *)user;
}

static char *list_of(const MailFolder *folder)
{
    char *text = NULL;
    g_autofree char *path = g_build_filename(folder->path, "dovecot-uidlist", NULL);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void test_lines_of_the_list_are_written_together(void)
{
    unsigned told = 0;
    g_autofree char *directory = new_directory();
    g_autoptr(MailStore) store = mailstore_new(directory, NULL);
    MailFolder *inboxes[] = {inbox_of(store, "joe"), inbox_of(store, "ann")};
    mailstore_on_unwritten(store, begin, &told);
    for (unsigned i = 0; i < 6; i++) {
        add(store, inboxes[i % 2], "x");
    }
    g_assert_cmpuint(told, ==, 1);
    for (unsigned i = 0; i < 2; i++) {
        g_autofree char *list = list_of(inboxes[i]);
        g_assert_null(strstr(list, "\n1 "));
    }
    mailstore_write_lists(store);
    for (unsigned i = 0; i < 2; i++) {
        g_autofree char *list = list_of(inboxes[i]);
        g_assert_true(strstr(list, "\n1 ") && strstr(list, "\n3 "));
    }
    add(store, inboxes[0], "x");
    g_assert_cmpuint(told, ==, 2);
    remove_directory(directory);
}

/* A server that is killed has messages in the Maildir whose lines were not written: they have the
 * UIDs that clients were told all the same. */
static void test_a_kill_loses_no_uid(void)
{
    unsigned told = 0;
    g_autofree char *directory = new_directory();
    g_autoptr(MailStore) killed = mailstore_new(directory, NULL);
    MailFolder *inbox = inbox_of(killed, "joe");
    add(killed, inbox, "one");
    mailstore_on_unwritten(killed, begin, &told);
    mail_remove(killed, inbox, add(killed, inbox, "two"));
    add(killed, inbox, "three");
    add(killed, inbox, "four");
    g_autoptr(MailStore) store = mailstore_new(directory, NULL);
    const MailFolder *again = inbox_of(store, "joe");
    static const uint32_t uids[] = {1, 3, 4};
    g_assert_cmpuint(again->mails->len, ==, G_N_ELEMENTS(uids));
    g_assert_cmpuint(again->validity, ==, inbox->validity);
    g_assert_cmpuint(again->uid_next, ==, 5);
    for (guint i = 0; i < G_N_ELEMENTS(uids); i++) {
        g_assert_cmpuint(((const Mail *)again->mails->pdata[i])->uid, ==, uids[i]);
    }
    remove_directory(directory);
}

static void test_a_name_tells_its_uid(void)
{
    static const char run[] = "1700000000.P0123456789abcdef";
    const struct {
        const char *rest;
        uint32_t uid;
    } rows[] = {{"0000002a00000007.host,S=1,W=1", 7}, {"0000002affffffff.host", 0},
                {"0000002b00000007.host", 0},         {"0000002a00000000.host", 0},
                {"0000002a0000000.host", 0},          {"0000002a0000000g.host", 0}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = g_strconcat(run, rows[i].rest, NULL);
        g_assert_cmpuint(mailstore_uids_of_name(name, 0x2a), ==, rows[i].uid);
    }
    g_assert_cmpuint(mailstore_uids_of_name("1700000000.M1P2.host", 0x2a), ==, 0);
}

static void check_envelope(const Mail *mail, const char *from, const char *to)
{
    g_assert_cmpstr(mail->from, ==, from);
    g_assert_cmpstr(mail->to, ==, to);
}

/* Once by the line that is appended, then by the list that is written anew at the start. */
static void test_the_envelope_is_kept(void)
{
    g_autofree char *directory = new_directory();
    {
        g_autoptr(MailStore) store = mailstore_new(directory, NULL);
        MailFolder *inbox = mail_find_folder(mailstore_user(store, "joe", NULL), "INBOX");
        g_autoptr(GBytes) octets = g_bytes_new("x", 1);
        const Mail odd = {.from = (char *)"", .to = (char *)"\"j: o\"@d\xc3\xbcsen.test"};
        const Mail usual = {.from = (char *)"jim+x@a.test", .to = (char *)"joe@b.test"};
        g_assert_nonnull(mail_add(store, inbox, octets, &odd, NULL));
        mail_new_validity(store, inbox);
        g_assert_nonnull(mail_add(store, inbox, octets, &usual, NULL));
        add(store, inbox, "appended");
    }
    for (int i = 0; i < 2; i++) {
        g_autoptr(MailStore) store = mailstore_new(directory, NULL);
        const MailFolder *inbox = mail_find_folder(mailstore_find_user(store, "joe"), "INBOX");
        g_assert_cmpuint(inbox->mails->len, ==, 3);
        check_envelope(inbox->mails->pdata[0], "", "\"j: o\"@d\xc3\xbcsen.test");
        check_envelope(inbox->mails->pdata[1], "jim+x@a.test", "joe@b.test");
        check_envelope(inbox->mails->pdata[2], NULL, NULL);
    }
    remove_directory(directory);
}

/* Files that others put there have LF, and no UIDs. */
static void test_anybodys_maildir_is_read(void)
{
    g_autofree char *directory = new_directory();
    g_autofree char *cur = g_build_filename(directory, "ann", "Maildir", "cur", NULL);
    g_autofree char *one = g_build_filename(cur, "100.a:2,FS", NULL);
    g_autofree char *two = g_build_filename(cur, "200.b:2,", NULL);
    g_assert_cmpint(g_mkdir_with_parents(cur, 0700), ==, 0);
    g_assert_true(g_file_set_contents(two, "B: 2\n\nx\n", -1, NULL));
    g_assert_true(g_file_set_contents(one, "A: 1\n\n", -1, NULL));
    g_autoptr(MailStore) store = mailstore_new(directory, NULL);
    const MailFolder *inbox = mail_find_folder(mailstore_find_user(store, "ann"), "INBOX");
    g_assert_cmpuint(inbox->mails->len, ==, 2);
    const Mail *first = inbox->mails->pdata[0];
    g_assert_true(first->uid == 1 && first->flagged && first->seen);
    g_assert_cmpuint(first->octets, ==, 8);
    remove_directory(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mail comes and goes and is told", test_mail_comes_and_goes_and_is_told);
    g_test_add_func("/names that cannot be are refused", test_names_that_cannot_be_are_refused);
    g_test_add_func("/folders are renamed with those below",
                    test_folders_are_renamed_with_those_below);
    g_test_add_func("/a directory is read again as it was",
                    test_a_directory_is_read_again_as_it_was);
    g_test_add_func("/large texts are those of the files", test_large_texts_are_those_of_the_files);
    g_test_add_func("/a text that is read is shared", test_a_text_that_is_read_is_shared);
    g_test_add_func("/files that others change are no accident",
                    test_files_that_others_change_are_no_accident);
    g_test_add_func("/files are written with and without tmp",
                    test_files_are_written_with_and_without_tmp);
    g_test_add_func("/what cannot be written is an error", test_what_cannot_be_written_is_an_error);
    g_test_add_func("/lines of the list are written together",
                    test_lines_of_the_list_are_written_together);
    g_test_add_func("/a kill loses no UID", test_a_kill_loses_no_uid);
    g_test_add_func("/a name tells its UID", test_a_name_tells_its_uid);
    g_test_add_func("/the envelope is kept", test_the_envelope_is_kept);
    g_test_add_func("/anybody's maildir is read", test_anybodys_maildir_is_read);
    return g_test_run();
}
