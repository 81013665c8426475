#include "config/accounts.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../scratch.h"

static char *directory; /* $XDG_CONFIG_HOME of this run */

static char *write_file(const char *name, const char *text, int mode)
{
    char *path = g_build_filename(directory, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(g_chmod(path, mode), ==, 0);
    return path;
}

static void assert_same(Secret *got, const char *text)
{
    g_autoptr(Secret) wanted = secret_new(text, strlen(text));
    g_assert_nonnull(got);
    g_assert_true(secret_equal(got, wanted));
}

/* Reads `text` as the only file; it must fail with CONFIG and a message that has all the parts,
 * ended by NULL. */
static void assert_refused(const char *text, ...)
{
    g_autofree char *path = write_file("bad.conf", text, 0600);
    g_autoptr(GError) error = NULL;
    g_assert_null(accounts_load(path, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, path));
    va_list parts;
    va_start(parts, text);
    for (const char *part = va_arg(parts, char *); part; part = va_arg(parts, char *)) {
        if (!strstr(error->message, part)) {
            g_error("\"%s\" does not contain \"%s\"", error->message, part);
        }
    }
    va_end(parts);
    g_assert_null(strstr(error->message, "hunter2"));
}

#define PIN "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_accounts_reads_every_key(void)
{
    g_autofree char *path = write_file("all.conf",
                                       "# every key\n"
                                       "[account work]\n"
                                       "url = imaps://mail.example.org\n"
                                       "user = joe\n"
                                       "auth = SCRAM-SHA-256;PLAIN, USER/PASS\n"
                                       "password-command = pass show mail | head -1\n"
                                       "token-command = mytoken\n"
                                       "from = *@example.org;joe@*\n"
                                       "tls = opportunistic\n"
                                       "tls-min = 1.3\n"
                                       "ca-file = ~/ca.pem\n"
                                       "pin = " PIN ";" PIN "\n"
                                       "dane = true\n"
                                       "client-cert = me.pem\n"
                                       "client-key = /etc/me.key\n"
                                       "via = ssh://a;ssh://b\n"
                                       "ehlo = me.example.org\n"
                                       "folders = INBOX;Lists/*\n"
                                       "to = maildir:~/Mail\n"
                                       "after = move:Done\n"
                                       "keep-days = 14\n"
                                       "max-size = 25M\n"
                                       "queue = true\n"
                                       "dsn = failure, delay\n",
                                       0644);
    g_autoptr(GError) error = NULL;
    g_autoptr(Account) a = accounts_find(path, "work", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(a->name, ==, "work");
    g_assert_cmpstr(a->file, ==, path);
    g_assert_cmpstr(a->url, ==, "imaps://mail.example.org");
    g_assert_cmpstr(a->user, ==, "joe");
    g_autofree char *auth = g_strjoinv("|", a->auth);
    g_assert_cmpstr(auth, ==, "SCRAM-SHA-256|PLAIN|USER/PASS");
    g_assert_cmpstr(a->password_command, ==, "pass show mail | head -1");
    g_assert_cmpstr(a->token_command, ==, "mytoken");
    g_assert_cmpstr(a->from[1], ==, "joe@*");
    g_assert_cmpstr(a->tls, ==, "opportunistic");
    g_assert_cmpstr(a->tls_min, ==, "1.3");
    g_autofree char *ca = g_build_filename(g_get_home_dir(), "ca.pem", NULL);
    g_assert_cmpstr(a->ca_file, ==, ca);
    g_assert_cmpuint(g_strv_length(a->pin), ==, 2);
    g_assert_cmpint(a->dane, ==, 1);
    g_autofree char *cert = g_build_filename(directory, "me.pem", NULL);
    g_assert_cmpstr(a->client_cert, ==, cert);
    g_assert_cmpstr(a->client_key, ==, "/etc/me.key");
    g_assert_cmpstr(a->via[0], ==, "ssh://a");
    g_assert_cmpstr(a->via[1], ==, "ssh://b");
    g_assert_cmpstr(a->ehlo, ==, "me.example.org");
    g_assert_cmpstr(a->folders[1], ==, "Lists/*");
    g_assert_cmpstr(a->to, ==, "maildir:~/Mail");
    g_assert_cmpstr(a->after, ==, "move:Done");
    g_assert_cmpint(a->keep_days, ==, 14);
    g_assert_cmpint(a->max_size, ==, 25 * 1024 * 1024);
    g_assert_cmpstr(a->queue, ==, "true");
    g_assert_cmpstr(a->dsn, ==, "failure, delay");
    g_assert_null(a->password);
    g_assert_null(a->password_file);
    g_assert_null(a->oauth);
}

static void test_accounts_unset_keys_are_unset(void)
{
    g_autofree char *path = write_file("none.conf", "[account x]\n", 0644);
    g_autoptr(Account) a = accounts_find(path, "x", NULL);
    g_assert_null(a->url);
    g_assert_null(a->via);
    g_assert_cmpint(a->dane, ==, -1);
    g_assert_cmpint(a->keep_days, ==, -1);
    g_assert_cmpint(a->max_size, ==, -1);
}

static void test_accounts_mistakes_name_file_section_key_and_expectation(void)
{
    assert_refused("[account w]\nurll = x\n", ":2:", "[account w] urll", "did you mean url?", NULL);
    assert_refused("[account w]\nfrobnicate = x\n", "[account w] frobnicate", "unknown key", NULL);
    assert_refused("[account w]\n\ntls = maybe\n", ":3:", "[account w] tls",
                   "expected required, opportunistic or off, not \"maybe\"", NULL);
    assert_refused("[account w]\ntls-min = 1.4\n", "tls-min", "expected 1.0, 1.1, 1.2 or 1.3",
                   NULL);
    assert_refused("[account w]\npin = md5:00\n", "pin", "expected sha256:", NULL);
    assert_refused("[account w]\npin = " PIN ";x\n", "pin", "expected sha256:", NULL);
    assert_refused("[account w]\ndane = perhaps\n", "dane", "expected true or false", NULL);
    assert_refused("[account w]\nvia = http://x\n", "via", "expected hops such as ssh://", NULL);
    assert_refused("[account w]\nauth = PL!N\n", "auth", "expected mechanisms", NULL);
    assert_refused("[account w]\nauth = PLAIN;;LOGIN\n", "auth", "expected mechanisms", NULL);
    assert_refused("[account w]\nkeep-days = -1\n", "keep-days", "expected a number of days", NULL);
    assert_refused("[account w]\nkeep-days = 5d\n", "keep-days", "expected a number of days", NULL);
    assert_refused("[account w]\nmax-size = 5X\n", "max-size", "expected a size such as", NULL);
    assert_refused("[account w]\nmax-size = M\n", "max-size", "expected a size such as", NULL);
    assert_refused("[account w]\nmax-size = 9999999999G\n", "max-size", "expected a size", NULL);
    assert_refused("[account w]\nafter = burn\n", "after", "expected keep, delete, move:", NULL);
    assert_refused("[account w]\ndsn = never,failure\n", "dsn", "expected never, or a list", NULL);
    assert_refused("[account w]\nqueue = maybe\n", "queue", "expected true, false, always", NULL);
    assert_refused("[account w]\nehlo = a b\n", "ehlo", "expected a host name", NULL);
    assert_refused("[account w]\nurl =\n", "url", "expected an address", NULL);
    assert_refused("[account w]\nuser = a\\qb\n", "user", "expected a user name", NULL);
    assert_refused("[account w]\nfolders = ;\n", "folders", "expected folder patterns", NULL);
    assert_refused("[acount w]\n", ":1:", "[acount w]", "expected [account NAME] or", NULL);
    assert_refused("[account]\n", "expected [account NAME] or [defaults]", NULL);
    assert_refused("[accounts w]\n", "expected [account NAME] or [defaults]", NULL);
}

static void test_accounts_syntax_errors_never_show_the_line(void)
{
    assert_refused("password = hunter2\n", ":1:", "expected \"[account NAME]\"", NULL);
    assert_refused("[account w]\npassword hunter2\n", ":2:", "key = value", NULL);
    assert_refused("[account w]\nhunter2\n", ":2:", "key = value", NULL);
    assert_refused("[account w\npassword = hunter2\n", ":1:", NULL);
    assert_refused("[account [w]]\n", ":1:", NULL);
    assert_refused("[account w]\n= hunter2\n", ":2:", NULL);
    assert_refused("[account w]\npassword\f= hunter2\n", ":2:", NULL);
    assert_refused("[account w]\npassword = hunter2\\\n", ":2:", "[account w] password",
                   "a backslash is written", NULL);
    assert_refused("[account w]\npassword = hunter2\\x\n", ":2:", "a backslash is written", NULL);
    assert_refused("[account w]\npassword =\n", ":2:", "expected some text", NULL);
    assert_refused("[account w]\npassword[de] = hunter2\n", "unknown key", NULL);
    assert_refused("[account w]\nuser = \xff\n", "not UTF-8 text", NULL);
}

static void test_accounts_nothing_may_be_said_twice(void)
{
    assert_refused("[account w]\nuser = a\n\nuser = b\n", ":4:", "user is already at line 2", NULL);
    assert_refused("[account w]\n[account v]\n[account w]\n",
                   ":3:", "[account w] is already at line 1", NULL);
    assert_refused("[account w]\n[account  w]\n", ":2:", "already there", NULL);
    assert_refused("[account w]\npassword = hunter2\npassword-command = x\n",
                   "[account w] password", "give either this or password-command", NULL);
    assert_refused("[account w]\noauth = x\ntoken-command = x\n", "give either this or oauth",
                   NULL);
    assert_refused("[account w]\nuser = a\nuser[x] = b\n", "unknown key", NULL);
}

static void test_accounts_password_needs_a_private_file(void)
{
    static const char text[] = "[account w]\npassword = hun\\ster\\\\2\\t=;#\n[account v]\n";
    g_autofree char *path = write_file("secret.conf", text, 0600);
    g_autoptr(GError) error = NULL;
    g_autoptr(Account) a = accounts_find(path, "w", &error);
    g_assert_no_error(error);
    assert_same(a->password, "hun ter\\2\t=;#");
    const int modes[] = {0644, 0640, 0604, 0620, 0602};
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_assert_cmpint(g_chmod(path, modes[i]), ==, 0);
        /* the whole file, also for an account that has no password */
        g_assert_null(accounts_find(path, "v", &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
        g_assert_nonnull(strstr(error->message, "chmod 600"));
        g_clear_error(&error);
    }
}

static void test_accounts_defaults_lie_below(void)
{
    g_autofree char *path = write_file("merge.conf",
                                       "[account a]\nuser = joe\npassword-command = mine\n"
                                       "[defaults]\nuser = all\ntls-min = 1.3\ndane = false\n"
                                       "password-file = /theirs\ntoken-command = t\n"
                                       "[account b]\ndane = true\n",
                                       0644);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) all = accounts_load(path, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(all->len, ==, 2);
    const Account *a = g_ptr_array_index(all, 0);
    const Account *b = g_ptr_array_index(all, 1);
    g_assert_cmpstr(a->name, ==, "a");
    g_assert_cmpstr(a->user, ==, "joe");
    g_assert_cmpstr(a->password_command, ==, "mine");
    g_assert_null(a->password_file); /* a section's own way hides the other ways below it */
    g_assert_cmpstr(a->token_command, ==, "t");
    g_assert_cmpstr(a->tls_min, ==, "1.3");
    g_assert_cmpint(a->dane, ==, 0);
    g_assert_cmpstr(b->user, ==, "all");
    g_assert_cmpstr(b->password_file, ==, "/theirs");
    g_assert_cmpint(b->dane, ==, 1);
    g_autoptr(Account) defaults = accounts_defaults(path, &error);
    g_assert_no_error(error);
    g_assert_null(defaults->name);
    g_assert_cmpstr(defaults->user, ==, "all");
}

static void test_accounts_missing_files(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) none = accounts_load(NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(none->len, ==, 0);
    g_autoptr(Account) defaults = accounts_defaults(NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(defaults);
    g_assert_null(accounts_find(NULL, "work", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, "accounts.conf"));
    g_clear_error(&error);
    g_autofree char *path = g_build_filename(directory, "missing.conf", NULL);
    g_assert_null(accounts_load(path, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_NO_INPUT);
}

static void test_accounts_unknown_name_tells_those_there_are(void)
{
    g_autofree char *path = write_file("names.conf", "[account work]\n[account home]\n", 0644);
    g_autoptr(GError) error = NULL;
    g_assert_null(accounts_find(path, "wrok", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, "did you mean work?"));
    g_assert_nonnull(strstr(error->message, "there are: work, home"));
}

static void test_accounts_the_users_file_is_found(void)
{
    g_autofree char *configuration = config_directory();
    g_assert_cmpint(g_mkdir(configuration, 0700), ==, 0);
    g_autofree char *path =
        write_file("postern/accounts.conf", "\r\n[account crlf]\r\nuser = joe\r\n", 0644);
    g_autoptr(GError) error = NULL;
    g_autoptr(Account) a = accounts_find(NULL, "crlf", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(a->user, ==, "joe");
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(configuration), ==, 0);
}

static void test_state_directory_is_private(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *not_made = config_state_directory(false, &error);
    g_assert_false(g_file_test(not_made, G_FILE_TEST_EXISTS));
    g_autofree char *path = config_state_directory(true, &error);
    g_assert_no_error(error);
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 07777, ==, 0700);
    g_assert_cmpint(g_rmdir(path), ==, 0);
}

int main(int argc, char **argv)
{
    directory = g_dir_make_tmp("postern-accounts-XXXXXX", NULL);
    g_setenv("XDG_CONFIG_HOME", directory, TRUE);
    g_setenv("XDG_STATE_HOME", directory, TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/accounts/every-key", test_accounts_reads_every_key);
    g_test_add_func("/accounts/unset", test_accounts_unset_keys_are_unset);
    g_test_add_func("/accounts/mistakes",
                    test_accounts_mistakes_name_file_section_key_and_expectation);
    g_test_add_func("/accounts/syntax", test_accounts_syntax_errors_never_show_the_line);
    g_test_add_func("/accounts/twice", test_accounts_nothing_may_be_said_twice);
    g_test_add_func("/accounts/private", test_accounts_password_needs_a_private_file);
    g_test_add_func("/accounts/defaults", test_accounts_defaults_lie_below);
    g_test_add_func("/accounts/missing", test_accounts_missing_files);
    g_test_add_func("/accounts/unknown", test_accounts_unknown_name_tells_those_there_are);
    g_test_add_func("/accounts/users-file", test_accounts_the_users_file_is_found);
    g_test_add_func("/accounts/state", test_state_directory_is_private);
    int status = g_test_run();
    scratch_remove(directory);
    g_free(directory);
    return status;
}
