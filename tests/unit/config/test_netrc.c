#include "config/netrc.h"

#include <glib/gstdio.h>
#include <string.h>

/* password NULL: none is found. */
static void assert_netrc(const char *text, const char *host, const char *user, const char *password,
                         const char *login)
{
    g_autofree char *found_login = NULL;
    g_autoptr(Secret) found = netrc_parse(bytes_of(text), host, user, &found_login);
    g_assert_true((found != NULL) == (password != NULL));
    if (password) {
        g_autoptr(Secret) wanted = secret_new(password, strlen(password));
        g_assert_true(secret_equal(found, wanted));
        g_assert_cmpstr(found_login, ==, login);
    } else {
        g_assert_null(found_login);
    }
}

static const char typical[] = "# mine\n"
                              "machine mail.example.org login joe password s3cret\n"
                              "machine mail.example.org\n"
                              "\tlogin ann\n"
                              "\tpassword \"two words \\\"q\\\" \\\\\"\n"
                              "machine other.example account x login bob password #hash\n"
                              "macdef init\n"
                              "machine trap.example login x password y\n"
                              "\n"
                              "machine last.example password only\n"
                              "default login anonymous password me@\n"
                              "machine late.example login l password never\n";

static void test_netrc_finds_by_host_and_login(void)
{
    assert_netrc(typical, "mail.example.org", NULL, "s3cret", "joe");
    assert_netrc(typical, "MAIL.example.org", "joe", "s3cret", "joe");
    assert_netrc(typical, "mail.example.org", "ann", "two words \"q\" \\", "ann");
    assert_netrc(typical, "other.example", NULL, "#hash", "bob");
    assert_netrc(typical, "last.example", "anybody", "only", NULL);
}

static void test_netrc_default_comes_last_and_macros_are_no_entries(void)
{
    assert_netrc(typical, "nowhere.example", NULL, "me@", "anonymous");
    assert_netrc(typical, "nowhere.example", "joe", NULL, NULL);
    assert_netrc(typical, "trap.example", "x", NULL, NULL);
    /* what follows `default` counts only where default does not fit */
    assert_netrc(typical, "late.example", "l", "never", "l");
    assert_netrc(typical, "late.example", NULL, "me@", "anonymous");
}

static void test_netrc_survives_nonsense(void)
{
    assert_netrc("", "h", NULL, NULL, NULL);
    assert_netrc("machine", "h", NULL, NULL, NULL);
    assert_netrc("machine h login", "h", NULL, NULL, NULL);
    assert_netrc("machine h password", "h", NULL, NULL, NULL);
    assert_netrc("password x machine h", "h", NULL, NULL, NULL);
    assert_netrc("machine h password \"open", "h", NULL, "open", NULL);
    assert_netrc("machine h password \"\"", "h", NULL, "", NULL);
    assert_netrc("machine h password a password b", "h", NULL, "b", NULL);
    assert_netrc("machine h nonsense password a", "h", NULL, "a", NULL);
    assert_netrc("macdef", "h", NULL, NULL, NULL);
    assert_netrc("#machine h password a", "h", NULL, NULL, NULL);
    assert_netrc("machine h #\npassword a", "h", NULL, "a", NULL);
    assert_netrc("machine g password a\nmachine h", "h", NULL, NULL, NULL);
}

static void test_netrc_file_must_be_private_when_it_is_needed(void)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "postern-netrc-XXXXXX", NULL);
    int fd = g_mkstemp(path);
    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(path, "machine h login joe password hunter2\n", -1, NULL));
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(g_chmod(path, 0600), ==, 0);
    g_autofree char *login = NULL;
    g_autoptr(Secret) password = netrc_password(path, "h", NULL, &login, &error);
    g_assert_no_error(error);
    g_assert_nonnull(password);
    g_assert_cmpstr(login, ==, "joe");
    g_assert_cmpint(g_chmod(path, 0640), ==, 0);
    g_assert_null(netrc_password(path, "h", NULL, NULL, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, "chmod 600"));
    g_clear_error(&error);
    g_assert_null(netrc_password(path, "elsewhere", NULL, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_null(netrc_password(path, "h", NULL, NULL, &error));
    g_assert_no_error(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/netrc/finds", test_netrc_finds_by_host_and_login);
    g_test_add_func("/netrc/default", test_netrc_default_comes_last_and_macros_are_no_entries);
    g_test_add_func("/netrc/nonsense", test_netrc_survives_nonsense);
    g_test_add_func("/netrc/private", test_netrc_file_must_be_private_when_it_is_needed);
    return g_test_run();
}
