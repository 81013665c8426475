#include "config/accounts_write.h"

#include <glib/gstdio.h>
#include <string.h>

#include "config/accounts_keys.h"

static GPtrArray *one_account(const char *name)
{
    GPtrArray *accounts = g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
    Account *a = account_new();
    a->name = g_strdup(name);
    a->url = g_strdup("pop3s://h");
    a->user = g_strdup(" a\\b");
    a->folders = g_strsplit("x;y,z", ",", -1);
    a->dane = 1;
    a->keep_days = 7;
    a->max_size = 10;
    a->password = secret_new("hunter2", 7);
    g_ptr_array_add(accounts, a);
    return accounts;
}

static char *temporary(void)
{
    char *path = g_build_filename(g_get_tmp_dir(), "postern-accounts-XXXXXX", NULL);
    int fd = g_mkstemp(path);
    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    g_unlink(path);
    return path;
}

static void test_accounts_text_leaves_passwords_out(void)
{
    g_autoptr(GPtrArray) accounts = one_account("a");
    g_autoptr(Secret) text = accounts_text(accounts, false);
    g_autofree char *shown = bytes_dup(secret_reveal(text));
    g_assert_null(strstr(shown, "hunter2"));
    g_assert_nonnull(strstr(shown, "[account a]\nurl = pop3s://h\nuser = \\sa\\\\b\n"));
    g_assert_nonnull(strstr(shown, "dane = true\n"));
    g_assert_nonnull(strstr(shown, "folders = x\\;y;z\n"));
    g_autoptr(Secret) all = accounts_text(accounts, true);
    g_autofree char *whole = bytes_dup(secret_reveal(all));
    g_assert_true(g_str_has_suffix(whole, "password = hunter2\n"));
}

static void test_accounts_append_makes_and_adds_but_never_overwrites(void)
{
    g_autofree char *path = temporary();
    g_autoptr(GPtrArray) a = one_account("a");
    g_autoptr(GPtrArray) b = one_account("b");
    g_autoptr(GError) error = NULL;
    g_assert_true(accounts_append(path, a, true, &error));
    GStatBuf st;
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    g_assert_true(accounts_append(path, b, true, &error));
    g_autoptr(GPtrArray) read = accounts_load(path, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(read->len, ==, 2);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    g_assert_true(g_file_get_contents(path, &before, NULL, NULL));
    g_assert_false(accounts_append(path, a, true, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
    g_assert_true(g_file_get_contents(path, &after, NULL, NULL));
    g_assert_cmpstr(before, ==, after);
    g_unlink(path);
}

static void test_accounts_append_puts_no_password_where_others_read(void)
{
    g_autofree char *path = temporary();
    g_autoptr(GPtrArray) a = one_account("a");
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(path, "", -1, NULL));
    g_assert_cmpint(g_chmod(path, 0644), ==, 0);
    g_assert_false(accounts_append(path, a, true, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
    g_clear_error(&error);
    g_assert_true(accounts_append(path, a, false, &error));
    g_assert_no_error(error);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/accounts_write/text_leaves_passwords_out",
                    test_accounts_text_leaves_passwords_out);
    g_test_add_func("/accounts_write/append_makes_and_adds_but_never_overwrites",
                    test_accounts_append_makes_and_adds_but_never_overwrites);
    g_test_add_func("/accounts_write/append_puts_no_password_where_others_read",
                    test_accounts_append_puts_no_password_where_others_read);
    return g_test_run();
}
