#include "config/fetchmailrc.h"

#include <string.h>

static FetchmailRc *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    FetchmailRc *rc = fetchmailrc_parse(bytes_of(text), "/home/joe/.fetchmailrc", "joe", &error);
    g_assert_no_error(error);
    g_assert_nonnull(rc);
    return rc;
}

static const FetchmailServer *server_of(const FetchmailRc *rc, guint i)
{
    g_assert_cmpuint(i, <, rc->servers->len);
    return g_ptr_array_index(rc->servers, i);
}

static const FetchmailUser *user_of(const FetchmailRc *rc, guint i, guint j)
{
    const FetchmailServer *server = server_of(rc, i);
    g_assert_cmpuint(j, <, server->users->len);
    return g_ptr_array_index(server->users, j);
}

static void assert_secret(const Secret *secret, const char *wanted)
{
    g_autoptr(Secret) other = secret_new(wanted, strlen(wanted));
    g_assert_nonnull(secret);
    g_assert_true(secret_equal(secret, other));
}

static void assert_local(const FetchmailUser *user, guint i, const char *name, const char *local)
{
    g_assert_cmpuint(i, <, user->local->len);
    const FetchmailMapping *m = g_ptr_array_index(user->local, i);
    g_assert_cmpstr(m->name, ==, name);
    g_assert_cmpstr(m->local, ==, local);
}

/* The message must have all of `wanted`, and nothing of `forbidden`. */
static void assert_fails(const char *text, const char *wanted, const char *forbidden)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FetchmailRc) rc = fetchmailrc_parse(bytes_of(text), "rc", "joe", &error);
    g_assert_null(rc);
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
    if (!strstr(error->message, wanted) || (forbidden && strstr(error->message, forbidden))) {
        g_test_message("%s -> %s", text, error->message);
        g_test_fail();
    }
}

static void test_fetchmailrc_everyday_file(void)
{
    g_autoptr(FetchmailRc) rc =
        parse("# mine\n"
              "set daemon 300\nset syslog\nset postmaster = \"me\" set no bouncemail\n"
              "defaults proto imap timeout 60 ssl sslproto tls1.2+\n"
              "poll pop.example.org proto pop3 uidl user \"joe@example.org\" there with\n"
              "  password \"s3cret\" is joe here options keep ssl\n"
              "skip old.example.org user u is a b=c * here folder INBOX, Lists mda 'x %T'");
    g_assert_cmpint(rc->daemon, ==, 300);
    g_assert_true(rc->syslog && !rc->bouncemail && rc->softbounce);
    g_assert_cmpstr(rc->postmaster, ==, "me");
    g_assert_cmpuint(rc->servers->len, ==, 2);
    const FetchmailServer *server = server_of(rc, 0);
    g_assert_true(server->active && server->uidl && server->dns);
    g_assert_cmpstr(server->protocol, ==, "pop3");
    g_assert_cmpint(server->timeout, ==, 60);
    g_assert_cmpstr(server->envelope, ==, "Received");
    const FetchmailUser *user = user_of(rc, 0, 0);
    g_assert_cmpstr(user->remote, ==, "joe@example.org");
    assert_secret(user->password, "s3cret");
    assert_local(user, 0, "joe", NULL);
    g_assert_true(user->keep && user->ssl && user->sslcertck && !user->stripcr);
    g_assert_cmpstr(user->sslproto, ==, "tls1.2+");
    g_assert_cmpstr(user->smtphost[0], ==, "localhost");
    const FetchmailUser *second = user_of(rc, 1, 0);
    g_assert_false(server_of(rc, 1)->active);
    g_assert_true(second->wildcard && second->stripcr);
    assert_local(second, 1, "b", "c");
    g_assert_cmpstr(second->folders[1], ==, "Lists");
}

static void test_fetchmailrc_names_may_look_like_keywords(void)
{
    g_autoptr(FetchmailRc) rc = parse("poll h user keep pass 123 is ssl here "
                                      "user \"a b\" pass \"x\"y user with pass , and");
    g_assert_cmpstr(user_of(rc, 0, 0)->remote, ==, "keep");
    assert_secret(user_of(rc, 0, 0)->password, "123");
    assert_local(user_of(rc, 0, 0), 0, "ssl", NULL);
    g_assert_cmpstr(user_of(rc, 0, 1)->remote, ==, "a b");
    assert_secret(user_of(rc, 0, 1)->password, "\"x\"y");
    g_assert_cmpstr(user_of(rc, 0, 2)->remote, ==, "with");
    assert_secret(user_of(rc, 0, 2)->password, "and");
}

static void test_fetchmailrc_escapes(void)
{
    g_autoptr(FetchmailRc) rc = parse("poll h user u pass \"a\\tb\\x41\\101\\0101\\q\\\\\\\n.\" "
                                      "preconnect 'x\\\ny\nz' mda a\\nb");
    assert_secret(user_of(rc, 0, 0)->password, "a\tbAe\b1q\\.");
    g_assert_cmpstr(user_of(rc, 0, 0)->preconnect, ==, "xy\nz");
    g_assert_cmpstr(user_of(rc, 0, 0)->mda, ==, "a\nb");
    assert_fails("poll h user u mda \"a\\x00b\"", "rc:1: a NUL", NULL);
}

static void test_fetchmailrc_here_and_there(void)
{
    g_autoptr(FetchmailRc) rc =
        parse("poll a user esr is eric here user here is b "
              "poll c user esr here is eric there poll d user a b=c here keep "
              "poll e is x poll f keep poll g user u there pass p user v there");
    g_assert_cmpstr(user_of(rc, 0, 0)->remote, ==, "esr");
    assert_local(user_of(rc, 0, 0), 0, "eric", NULL);
    g_assert_cmpstr(user_of(rc, 0, 1)->remote, ==, "here");
    g_assert_cmpstr(user_of(rc, 1, 0)->remote, ==, "eric");
    assert_local(user_of(rc, 1, 0), 0, "esr", NULL);
    g_assert_cmpstr(user_of(rc, 2, 0)->remote, ==, "joe");
    assert_local(user_of(rc, 2, 0), 1, "b", "c");
    g_assert_cmpstr(user_of(rc, 3, 0)->remote, ==, "joe");
    g_assert_true(user_of(rc, 4, 0)->keep);
    g_assert_cmpuint(server_of(rc, 5)->users->len, ==, 2);
}

static void test_fetchmailrc_defaults_fill_what_is_left_unset(void)
{
    g_autoptr(FetchmailRc) rc =
        parse("defaults timeout 5 auth gssapi envelope X aka no.one user x pass y keep limit 5\n"
              "  smtphost a\n"
              "poll one\n"
              "poll two timeout 0 no envelope auth any user z nokeep limit 0 smtphost b c\n");
    g_assert_cmpstr(user_of(rc, 0, 0)->remote, ==, "x");
    assert_secret(user_of(rc, 0, 0)->password, "y");
    g_assert_true(user_of(rc, 0, 0)->keep);
    g_assert_cmpstr(server_of(rc, 0)->auth, ==, "gssapi");
    g_assert_null(server_of(rc, 0)->aka);
    const FetchmailServer *two = server_of(rc, 1);
    g_assert_cmpint(two->timeout, ==, 5);
    g_assert_null(two->envelope);
    g_assert_cmpstr(two->auth, ==, "any");
    g_assert_false(user_of(rc, 1, 0)->keep);
    g_assert_cmpint(user_of(rc, 1, 0)->limit, ==, 0);
    g_assert_cmpstr(user_of(rc, 1, 0)->smtphost[1], ==, "c");
    g_assert_cmpuint(fetchmail_line(user_of(rc, 0, 0)->lines, "keep", 0), ==, 1);
    g_assert_cmpuint(fetchmail_line(user_of(rc, 1, 0)->lines, "keep", 0), ==, 4);
    g_assert_cmpuint(fetchmail_line(user_of(rc, 1, 0)->lines, "flush", 77), ==, 77);
}

static void test_fetchmailrc_file_names_start_beside_the_file(void)
{
    g_autoptr(FetchmailRc) rc =
        parse("set idfile ids poll h user u sslcert /abs sslkey key bsmtp -");
    g_assert_cmpstr(rc->idfile, ==, "/home/joe/ids");
    g_assert_cmpstr(user_of(rc, 0, 0)->sslcert, ==, "/abs");
    g_assert_cmpstr(user_of(rc, 0, 0)->sslkey, ==, "/home/joe/key");
    g_assert_cmpstr(user_of(rc, 0, 0)->bsmtp, ==, "-");
}

static void test_fetchmailrc_what_fetchmail_refuses(void)
{
    assert_fails("poll h user a proto pop3", "rc:1: the server option proto stands behind", NULL);
    assert_fails("poll h\nuser a\nkeep uidl", "rc:3: the server option uidl", NULL);
    assert_fails("poll h keep user a", "name the user first", NULL);
    assert_fails("poll keep", "at keep (this is a keyword", NULL);
    assert_fails("poll 10", "at 10 (a name of digits", NULL);
    assert_fails("poll h proto Pop3", "a protocol in lower or upper case", NULL);
    assert_fails("poll h auth secret", "a way to log in", NULL);
    assert_fails("poll h port imap", "at imap", NULL);
    assert_fails("poll h timeout 1k", "a number (without quotes or a unit) at 1k", NULL);
    assert_fails("poll h timeout \"30\"", "a number", NULL);
    assert_fails("poll h timeout 99999999999", "too large", NULL);
    assert_fails("poll h user u kep", "behind the user's name, not kep; did you mean keep?", NULL);
    assert_fails("poll h keep kep", "an option, not kep; did you mean keep?", NULL);
    assert_fails("poll h user a b", "`here` behind local names", NULL);
    assert_fails("poll h user u is a b there", "at there", NULL);
    assert_fails("poll h user u mda", "some text behind \"mda\" at the end of the file", NULL);
    assert_fails("poll h no proto", "expected an option that can be turned off", NULL);
    assert_fails("poll h no nodns", "expected an option", NULL);
    assert_fails("poll a defaults keep", "stands once, before all servers", NULL);
    assert_fails("defaults defaults", "stands once", NULL);
    assert_fails("defaults user a user b poll h", "one user only", NULL);
    assert_fails("set daemon=300", "a number", NULL);
    assert_fails("set keep", "an option of `set`", NULL);
    assert_fails("h", "expected set, defaults, poll or skip at h", NULL);
}

static void test_fetchmailrc_messages_never_show_passwords(void)
{
    assert_fails("poll h user u pass hunter2=x", "behind the password", "hunter2");
    assert_fails("poll h user u pass a=hunter2", "quotes", "hunter2");
    assert_fails("poll h user u pass \"a b\"hunter2 keep", "behind the password", "hunter2");
    assert_fails("poll h user u pass a,hunter2", "behind the password", "hunter2");
    assert_fails("poll h user u pass a 123456", "behind the password", "123456");
}

static void test_fetchmailrc_is_lenient_where_nothing_can_be_misread(void)
{
    g_autoptr(FetchmailRc) rc =
        parse("set nosyslog poll h auth oauthbearer user u keep nosslcertck "
              "nossl passwordfile pw moveto Old # no newline");
    g_assert_false(rc->syslog);
    g_assert_cmpstr(server_of(rc, 0)->auth, ==, "oauthbearer");
    g_assert_false(user_of(rc, 0, 0)->sslcertck);
    g_assert_cmpstr(user_of(rc, 0, 0)->passwordfile, ==, "/home/joe/pw");
    g_assert_cmpstr(user_of(rc, 0, 0)->moveto, ==, "Old");
    g_autoptr(FetchmailRc) empty = parse("");
    g_assert_cmpuint(empty->servers->len, ==, 0);
}

static void test_fetchmailrc_is_capped(void)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 20000; i++) {
        g_string_append(text, "poll a ");
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(fetchmailrc_parse(bytes_of_string(text), "rc", "joe", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_LIMIT);
    g_clear_error(&error);
    g_string_set_size(text, 2000000);
    g_assert_null(fetchmailrc_parse(bytes_of_string(text), "rc", "joe", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_LIMIT);
    g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fetchmailrc/everyday_file", test_fetchmailrc_everyday_file);
    g_test_add_func("/fetchmailrc/names_may_look_like_keywords",
                    test_fetchmailrc_names_may_look_like_keywords);
    g_test_add_func("/fetchmailrc/escapes", test_fetchmailrc_escapes);
    g_test_add_func("/fetchmailrc/here_and_there", test_fetchmailrc_here_and_there);
    g_test_add_func("/fetchmailrc/defaults_fill_what_is_left_unset",
                    test_fetchmailrc_defaults_fill_what_is_left_unset);
    g_test_add_func("/fetchmailrc/file_names_start_beside_the_file",
                    test_fetchmailrc_file_names_start_beside_the_file);
    g_test_add_func("/fetchmailrc/what_fetchmail_refuses", test_fetchmailrc_what_fetchmail_refuses);
    g_test_add_func("/fetchmailrc/messages_never_show_passwords",
                    test_fetchmailrc_messages_never_show_passwords);
    g_test_add_func("/fetchmailrc/is_lenient_where_nothing_can_be_misread",
                    test_fetchmailrc_is_lenient_where_nothing_can_be_misread);
    g_test_add_func("/fetchmailrc/is_capped", test_fetchmailrc_is_capped);
    return g_test_run();
}
