#include "cmd/password.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "../scratch.h"

static char *directory; /* $HOME of this run */

static void assert_is(Secret *got, const char *text)
{
    g_autoptr(Secret) secret = got;
    g_autoptr(Secret) wanted = secret_new(text, strlen(text));
    g_assert_nonnull(secret);
    g_assert_true(secret_equal(secret, wanted));
}

static char *write_file(const char *name, const char *text, gssize len, int mode)
{
    char *path = g_build_filename(directory, name, NULL);
    g_assert_true(g_file_set_contents(path, text, len, NULL));
    g_assert_cmpint(g_chmod(path, mode), ==, 0);
    return path;
}

static Secret *get(const ConnectOptions *o, const Account *a, GError **error)
{
    g_auto(PasswordWay) way = password_way(o, a);
    return password_get(&way, "joe", "mail.example.org", true, error);
}

static void test_ways_come_in_the_promised_order(void)
{
    g_autofree char *file = write_file("first", "from file\nsecond line\n", -1, 0600);
    ConnectOptions o = {.password_command = (char *)"printf 'from command\\n'",
                        .password_file = file};
    Account a = {.name = (char *)"work", .password_command = (char *)"echo from account"};
    assert_is(get(&o, &a, NULL), "from command");
    o.password_command = NULL;
    assert_is(get(&o, &a, NULL), "from file");
    o.password_file = NULL;
    assert_is(get(&o, &a, NULL), "from environment"); /* main() put it there */
    g_setenv("POSTERN_PASSWORD", "", TRUE);
    password_take_environment(); /* an empty one counts as none
                                  */
    assert_is(get(&o, &a, NULL), "from environment");
}

static void test_ways_below_the_environment(void)
{
    /* The environment's password is for the whole process: what lies below is tried in one without
     * it. */
    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
        g_test_trap_assert_passed();
        return;
    }
    ConnectOptions o = {0};
    g_autofree char *other = write_file("other", "from account's file\r\n", -1, 0600);
    g_free(
        write_file(".netrc", "machine mail.example.org login joe password from-netrc\n", -1, 0600));
    g_autoptr(Secret) own = secret_new("own", 3);
    Account a = {.name = (char *)"work", .password_command = (char *)"echo from account"};
    assert_is(get(&o, &a, NULL), "from account");
    a = (Account){.name = (char *)"work", .password_file = other};
    assert_is(get(&o, &a, NULL), "from account's file");
    a = (Account){.name = (char *)"work", .password = own};
    assert_is(get(&o, &a, NULL), "own");
    a = (Account){.name = (char *)"work"};
    assert_is(get(&o, &a, NULL), "from-netrc");
    assert_is(get(&o, NULL, NULL), "from-netrc");
}

static void assert_refused(const ConnectOptions *o, PosternErrorCode code, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(get(o, NULL, &error));
    g_assert_error(error, POSTERN_ERROR, (int)code);
    if (!strstr(error->message, part)) {
        g_error("\"%s\" does not contain \"%s\"", error->message, part);
    }
}

static void test_what_gives_no_password_is_an_error(void)
{
    g_autofree char *empty = write_file("empty", "\nsecret\n", -1, 0600);
    g_autofree char *binary = write_file("binary", "a\0b\n", 4, 0600);
    g_autofree char *endless = g_strnfill(70000, 'x');
    g_autofree char *large = write_file("large", endless, -1, 0600);
    assert_refused(&(ConnectOptions){.password_command = (char *)"true"}, POSTERN_ERROR_CONFIG,
                   "--password-command: ");
    assert_refused(&(ConnectOptions){.password_command = (char *)"exit 3"}, POSTERN_ERROR_CONFIG,
                   "--password-command: ");
    assert_refused(&(ConnectOptions){.password_file = empty}, POSTERN_ERROR_CONFIG, "is empty");
    assert_refused(&(ConnectOptions){.password_file = binary}, POSTERN_ERROR_CONFIG, "is not text");
    assert_refused(&(ConnectOptions){.password_file = large}, POSTERN_ERROR_LIMIT, "longer than");
    assert_refused(&(ConnectOptions){.password_file = (char *)"/no/such"}, POSTERN_ERROR_NO_INPUT,
                   "--password-file: cannot read /no/such");
}

static void test_environment_is_taken_away_and_wiped(void)
{
    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
        g_test_trap_assert_passed();
        return;
    }
    g_setenv("POSTERN_PASSWORD", "hunter2", TRUE);
    const char *place = getenv("POSTERN_PASSWORD");
    password_take_environment();
    g_assert_null(getenv("POSTERN_PASSWORD"));
    g_assert_cmpstr(place, ==, "");
    ConnectOptions o = {0};
    assert_is(get(&o, NULL, NULL), "hunter2");
}

int main(int argc, char **argv)
{
    directory = g_dir_make_tmp("postern-password-XXXXXX", NULL);
    g_setenv("HOME", directory, TRUE);
    g_setenv("XDG_CONFIG_HOME", directory, TRUE);
    g_test_init(&argc, &argv, NULL);
    if (!g_test_subprocess()) {
        g_setenv("POSTERN_PASSWORD", "from environment", TRUE);
        password_take_environment();
    }
    g_test_add_func("/password/order", test_ways_come_in_the_promised_order);
    g_test_add_func("/password/below", test_ways_below_the_environment);
    g_test_add_func("/password/refused", test_what_gives_no_password_is_an_error);
    g_test_add_func("/password/environment", test_environment_is_taken_away_and_wiped);
    int status = g_test_run();
    scratch_remove(directory);
    g_free(directory);
    return status;
}
