#include "cmd/connect.h"

#include <glib/gstdio.h>
#include <string.h>

#include "../scratch.h"

static char *directory; /* $HOME and $XDG_CONFIG_HOME of this run */

#define PIN_A "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PIN_B "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static char *write_file(const char *name, const char *text)
{
    char *path = g_build_filename(directory, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(g_chmod(path, 0600), ==, 0);
    return path;
}

static Connection *good(const ConnectOptions *o, const char *url)
{
    g_autoptr(GError) error = NULL;
    Connection *c = connection_new(o, url, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(c);
    return c;
}

static void assert_refused(const ConnectOptions *o, const char *url, PosternErrorCode code,
                           const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Connection) c = connection_new(o, url, NULL, &error);
    g_assert_null(c);
    g_assert_error(error, POSTERN_ERROR, (int)code);
    if (!strstr(error->message, part)) {
        g_error("\"%s\" does not contain \"%s\"", error->message, part);
    }
}

static void test_plan_without_options_is_the_secure_one(void)
{
    g_autoptr(Connection) c = good(&(ConnectOptions){0}, "imap://mail.example.org");
    const SessionPlan *plan = connection_plan(c);
    g_assert_true(plan->target == connection_target(c));
    g_assert_cmpint(plan->tls.demand, ==, TLS_REQUIRED);
    g_assert_false(plan->tls.no_verify);
    g_assert_false(plan->allow_cleartext_auth);
    g_assert_null(plan->auth);
    g_assert_null(plan->credentials.user);
    g_assert_nonnull(plan->credentials.password);
    g_assert_null(plan->credentials.token);
    g_assert_cmpint(plan->dial.family, ==, AF_UNSPEC);
    g_assert_nonnull(plan->dial.dns);
}

static void test_plan_takes_every_option(void)
{
    char *via[] = {(char *)"ssh://gw", NULL};
    char *connect_to[] = {(char *)"127.0.0.1:10143", NULL};
    char *ssh_option[] = {(char *)"Port=2222", NULL};
    char *auth[] = {(char *)"scram-sha-256, PLAIN", (char *)"user", NULL};
    char *pins[] = {(char *)PIN_A, (char *)PIN_B, NULL};
    const ConnectOptions o = {.tls = (char *)"opportunistic",
                              .tls_min = (char *)"1.1",
                              .tls_max = (char *)"1.2",
                              .ciphers = (char *)"HIGH",
                              .groups = (char *)"X25519:P-256",
                              .pins = pins,
                              .dane = true,
                              .no_verify = true,
                              .sni = (char *)"",
                              .alpn = (char *)"imap, x",
                              .via = via,
                              .connect_to = connect_to,
                              .ssh_command = (char *)"myssh",
                              .ssh_option = ssh_option,
                              .compress = true,
                              .ipv6 = true,
                              .timeout = 2.5,
                              .ehlo = (char *)"me",
                              .user = (char *)"ann",
                              .auth = auth,
                              .token_command = (char *)"echo token",
                              .allow_cleartext_auth = true,
                              .auth_wait = 1.5,
                              .trace = (char *)"tls",
                              .password_command = (char *)"echo pw"};
    g_autoptr(Connection) c = good(&o, "imap://joe@mail.example.org");
    const SessionPlan *plan = connection_plan(c);
    g_assert_cmpint(plan->tls.demand, ==, TLS_OPPORTUNISTIC);
    g_assert_cmpint(plan->tls.min, ==, TLS_1_1);
    g_assert_cmpint(plan->tls.max, ==, TLS_1_2);
    g_assert_cmpstr(plan->tls.ciphers, ==, "HIGH");
    g_assert_cmpstr(plan->tls.groups, ==, "X25519:P-256");
    g_assert_cmpstr(plan->tls.pins[1], ==, PIN_B);
    g_assert_true(plan->tls.dane && plan->tls.no_verify && plan->tls.trace);
    g_assert_nonnull(plan->tls.trace_line);
    g_assert_cmpstr(plan->tls.sni, ==, "");
    g_assert_cmpstr(plan->tls.alpn[0], ==, "imap");
    g_assert_cmpstr(plan->tls.alpn[1], ==, "x");
    g_assert_cmpstr(plan->dial.via[0], ==, "ssh://gw");
    g_assert_cmpstr(plan->dial.connect_to[0], ==, "127.0.0.1:10143");
    g_assert_cmpstr(plan->dial.ssh_command, ==, "myssh");
    g_assert_cmpstr(plan->dial.ssh_options[0], ==, "Port=2222");
    g_assert_cmpstr(plan->dial.ssh_options[1], ==, "-C");
    g_assert_cmpint(plan->dial.family, ==, AF_INET6);
    g_assert_cmpfloat(plan->timeout, ==, 2.5);
    g_assert_cmpfloat(plan->auth_wait, ==, 1.5);
    g_assert_cmpstr(plan->ehlo, ==, "me");
    g_assert_cmpstr(plan->credentials.user, ==, "ann");
    g_autofree char *ways = g_strjoinv("|", (char **)plan->auth);
    g_assert_cmpstr(ways, ==, "scram-sha-256|PLAIN|user");
    g_assert_true(plan->allow_cleartext_auth);
    g_assert_nonnull(plan->credentials.token);
    g_assert_nonnull(plan->credentials.password);
}

static const char accounts[] = "[defaults]\n"
                               "ehlo = here.example.org\n"
                               "password-command = echo default\n"
                               "[account work]\n"
                               "url = imaps://joe@mail.example.org\n"
                               "tls-min = 1.3\n"
                               "auth = PLAIN\n"
                               "pin = " PIN_A "\n"
                               "via = ssh://gw\n"
                               "[account bare]\n"
                               "user = ann\n"
                               "token-command = echo token\n"
                               "[account bad-url]\n"
                               "url = imapss://h\n"
                               "[account bad-auth]\n"
                               "url = imaps://h\n"
                               "auth = PLAINN\n"
                               "[account oauth]\n"
                               "url = imaps://h\n"
                               "oauth = ../somebody\n";

static void test_account_fills_in_and_options_win(void)
{
    g_autofree char *file = write_file("a.conf", accounts);
    ConnectOptions o = {.config = file, .account = (char *)"work"};
    g_autoptr(Connection) c = good(&o, NULL);
    const SessionPlan *plan = connection_plan(c);
    g_assert_cmpstr(plan->target->host, ==, "mail.example.org");
    g_assert_cmpstr(plan->credentials.user, ==, "joe");
    g_assert_cmpint(plan->tls.min, ==, TLS_1_3);
    g_assert_cmpstr(plan->tls.pins[0], ==, PIN_A);
    g_assert_cmpstr(plan->auth[0], ==, "PLAIN");
    g_assert_cmpstr(plan->dial.via[0], ==, "ssh://gw");
    g_assert_cmpstr(plan->ehlo, ==, "here.example.org");
    char *pins[] = {(char *)PIN_B, NULL};
    char *auth[] = {(char *)"LOGIN", NULL};
    ConnectOptions louder = {.config = file,
                             .account = (char *)"work",
                             .tls_min = (char *)"1.2",
                             .pins = pins,
                             .auth = auth,
                             .user = (char *)"me",
                             .ehlo = (char *)"there"};
    g_autoptr(Connection) d = good(&louder, "pop3://ann@other.example.org");
    plan = connection_plan(d);
    g_assert_cmpstr(plan->target->host, ==, "other.example.org");
    g_assert_cmpstr(plan->credentials.user, ==, "me");
    g_assert_cmpint(plan->tls.min, ==, TLS_1_2);
    g_assert_cmpstr(plan->tls.pins[0], ==, PIN_B);
    g_assert_null(plan->tls.pins[1]);
    g_assert_cmpstr(plan->auth[0], ==, "LOGIN");
    g_assert_cmpstr(plan->ehlo, ==, "there");
}

static void test_user_of_the_address_wins_over_the_account(void)
{
    g_autofree char *file = write_file("a.conf", accounts);
    ConnectOptions o = {.config = file, .account = (char *)"bare"};
    g_autoptr(Connection) c = good(&o, "imaps://joe@h");
    g_assert_cmpstr(connection_plan(c)->credentials.user, ==, "joe");
    g_autoptr(Connection) d = good(&o, "imaps://h");
    g_assert_cmpstr(connection_plan(d)->credentials.user, ==, "ann");
    /* `bare` has a token and, by way of [defaults], a password */
    g_assert_nonnull(connection_plan(d)->credentials.token);
    g_assert_nonnull(connection_plan(d)->credentials.password);
}

static void test_defaults_give_no_secret_without_an_account(void)
{
    g_autofree char *file = write_file("a.conf", accounts);
    ConnectOptions o = {.config = file};
    g_autoptr(Connection) c = good(&o, "imaps://h");
    g_assert_cmpstr(connection_plan(c)->ehlo, ==, "here.example.org");
    g_autofree char *text = connection_describe(c);
    g_assert_nonnull(strstr(text, "password    asked for on the terminal\n"));
    ConnectOptions with = {.config = file, .account = (char *)"work"};
    g_autoptr(Connection) d = good(&with, NULL);
    g_autofree char *told = connection_describe(d);
    g_assert_nonnull(strstr(told, "from [account work] password-command: echo default\n"));
}

static void test_password_is_kept_until_it_is_forgotten(void)
{
    g_autofree char *counter = g_build_filename(directory, "counter", NULL);
    g_autofree char *command =
        g_strdup_printf("echo x >>'%s'; wc -l <'%s' | tr -d ' '", counter, counter);
    ConnectOptions o = {.password_command = command};
    g_autoptr(Connection) c = good(&o, "imaps://h");
    const char *const expected[] = {"1", "1", "2"};
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        if (i == 2) {
            connection_forget_password(c);
        }
        g_autoptr(GError) error = NULL;
        g_autoptr(Secret) got = connection_password(c, &error);
        g_assert_no_error(error);
        g_autoptr(Secret) wanted = secret_new(expected[i], 1);
        g_assert_true(secret_equal(got, wanted));
    }
}

static void test_token_alone_asks_for_no_password(void)
{
    ConnectOptions o = {.token_command = (char *)"printf tok"};
    g_autoptr(Connection) c = good(&o, "imaps://joe@h");
    const Credentials *credentials = &connection_plan(c)->credentials;
    g_assert_null(credentials->password);
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) token = credentials->token(credentials->callback_user, &error);
    g_assert_no_error(error);
    g_autoptr(Secret) wanted = secret_new("tok", 3);
    g_assert_true(secret_equal(token, wanted));
    ConnectOptions silent = {.token_command = (char *)"true"};
    g_autoptr(Connection) d = good(&silent, "imaps://joe@h");
    credentials = &connection_plan(d)->credentials;
    g_assert_null(credentials->token(credentials->callback_user, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
}

static void test_netrc_knows_the_login(void)
{
    g_autofree char *netrc =
        write_file(".netrc", "machine mail.example.org login bob password p\n");
    g_autoptr(Connection) c = good(&(ConnectOptions){0}, "imaps://mail.example.org");
    g_assert_cmpstr(connection_plan(c)->credentials.user, ==, "bob");
    g_autofree char *text = connection_describe(c);
    g_assert_nonnull(strstr(text, "password    from ~/.netrc\n"));
    g_autoptr(Connection) d = good(&(ConnectOptions){0}, "imaps://ann@mail.example.org");
    g_autofree char *other = connection_describe(d);
    g_assert_nonnull(strstr(other, "password    asked for on the terminal\n"));
    g_assert_cmpint(g_unlink(netrc), ==, 0);
}

static void test_mistakes_in_addresses_and_tls_are_status_64(void)
{
    const ConnectOptions none = {0};
    char *bad_pin[] = {(char *)"sha256:00", NULL};
    assert_refused(&none, NULL, POSTERN_ERROR_USAGE, "no server is named");
    assert_refused(&none, "mail.example.org", POSTERN_ERROR_USAGE, "lacks a scheme");
    assert_refused(&(ConnectOptions){.tls = (char *)"off"}, "imaps://h", POSTERN_ERROR_USAGE,
                   "--tls=off does not fit");
    assert_refused(&(ConnectOptions){.tls = (char *)"required"}, "tcp://h:1", POSTERN_ERROR_USAGE,
                   "--tls=required does not fit");
    assert_refused(&(ConnectOptions){.tls_min = (char *)"2"}, "imaps://h", POSTERN_ERROR_USAGE,
                   "--tls-min");
    assert_refused(&(ConnectOptions){.tls_max = (char *)"x"}, "imaps://h", POSTERN_ERROR_USAGE,
                   "--tls-max");
    assert_refused(&(ConnectOptions){.pins = bad_pin}, "imaps://h", POSTERN_ERROR_USAGE, "sha256");
}

static void test_mistakes_in_ways_and_names_are_status_64(void)
{
    char *bad_via[] = {(char *)"http://x", NULL};
    char *bad_auth[] = {(char *)"PLANE", NULL};
    char *no_auth[] = {(char *)",", NULL};
    assert_refused(&(ConnectOptions){.via = bad_via}, "imaps://h", POSTERN_ERROR_USAGE, "http");
    assert_refused(&(ConnectOptions){.auth = bad_auth}, "imaps://h", POSTERN_ERROR_USAGE,
                   "--auth: unknown mechanism \"PLANE\"; did you mean PLAIN?");
    assert_refused(&(ConnectOptions){.auth = no_auth}, "imaps://h", POSTERN_ERROR_USAGE,
                   "names no mechanism");
    assert_refused(&(ConnectOptions){.ipv4 = true, .ipv6 = true}, "imaps://h", POSTERN_ERROR_USAGE,
                   "exclude");
    assert_refused(&(ConnectOptions){.ehlo = (char *)"a b"}, "smtp://h", POSTERN_ERROR_USAGE,
                   "--ehlo");
    assert_refused(&(ConnectOptions){.ehlo = (char *)""}, "smtp://h", POSTERN_ERROR_USAGE,
                   "--ehlo");
}

static void test_mistakes_in_accounts_are_status_78(void)
{
    g_autofree char *file = write_file("a.conf", accounts);
    assert_refused(&(ConnectOptions){.ca_file = (char *)"/no/such"}, "imaps://h",
                   POSTERN_ERROR_NO_INPUT, "/no/such");
    assert_refused(&(ConnectOptions){.config = (char *)"/no/such"}, "imaps://h",
                   POSTERN_ERROR_NO_INPUT, "/no/such");
    assert_refused(&(ConnectOptions){.config = file, .account = (char *)"bare"}, NULL,
                   POSTERN_ERROR_CONFIG, "[account bare] has no url");
    assert_refused(&(ConnectOptions){.config = file, .account = (char *)"bad-url"}, NULL,
                   POSTERN_ERROR_CONFIG, "a.conf: [account bad-url] url: unknown scheme");
    assert_refused(&(ConnectOptions){.config = file, .account = (char *)"bad-auth"}, NULL,
                   POSTERN_ERROR_CONFIG, "[account bad-auth] auth: unknown mechanism");
    assert_refused(&(ConnectOptions){.config = file, .account = (char *)"oauth"}, NULL,
                   POSTERN_ERROR_CONFIG, "[account oauth] oauth: \"../somebody\"");
    assert_refused(&(ConnectOptions){.config = file, .account = (char *)"none"}, NULL,
                   POSTERN_ERROR_CONFIG, "there is no account \"none\"");
}

static void test_environment_counts(void)
{
    g_setenv("SSLKEYLOGFILE", "", TRUE);
    g_autoptr(Connection) c = good(&(ConnectOptions){0}, "imaps://h");
    g_assert_null(connection_plan(c)->tls.keylog_file);
    g_autofree char *keys = g_build_filename(directory, "keys", NULL);
    g_setenv("SSLKEYLOGFILE", keys, TRUE);
    g_setenv("POSTERN_SSH", "that-ssh", TRUE);
    g_autoptr(Connection) d = good(&(ConnectOptions){0}, "imaps://h");
    g_assert_cmpstr(connection_plan(d)->tls.keylog_file, ==, keys);
    g_assert_cmpstr(connection_plan(d)->dial.ssh_command, ==, "that-ssh");
    g_autoptr(Connection) e = good(&(ConnectOptions){.ssh_command = (char *)"this"}, "imaps://h");
    g_assert_cmpstr(connection_plan(e)->dial.ssh_command, ==, "this");
    g_unsetenv("SSLKEYLOGFILE");
    g_unsetenv("POSTERN_SSH");
}

static void test_describe_tells_everything_on_one_line_each(void)
{
    char *via[] = {(char *)"ssh://gw", NULL};
    const ConnectOptions o = {.no_verify = true,
                              .via = via,
                              .allow_cleartext_auth = true,
                              .user = (char *)"a\x1b[1m",
                              .password_command = (char *)"echo \x1b"};
    g_autoptr(Connection) c = good(&o, "imap://bücher.example");
    g_autofree char *text = connection_describe(c);
    g_assert_null(strchr(text, '\x1b'));
    const char *const lines[] = {
        "target      imap://bücher.example (port 143, xn--bcher-kva.example)\n",
        "tls         required, by STARTTLS\n",
        "versions    TLS 1.2 to TLS 1.3\n",
        "verified    NONE: any certificate is accepted (--no-verify)\n",
        "via         ssh://gw\n",
        "ssh         ssh\n",
        "account     none\n",
        "user        a\\x1B[1m\n",
        "auth        the strongest both sides have\n",
        "password    from --password-command: echo \\x1B\n",
        "timeout     60 s for each answer\n",
        "cleartext   a password may travel UNENCRYPTED (--allow-cleartext-auth)\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        if (!strstr(text, lines[i])) {
            g_error("%s lacks %s", text, lines[i]);
        }
    }
}

int main(int argc, char **argv)
{
    directory = g_dir_make_tmp("postern-connect-XXXXXX", NULL);
    g_setenv("HOME", directory, TRUE);
    g_setenv("XDG_CONFIG_HOME", directory, TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/connect/default", test_plan_without_options_is_the_secure_one);
    g_test_add_func("/connect/options", test_plan_takes_every_option);
    g_test_add_func("/connect/account", test_account_fills_in_and_options_win);
    g_test_add_func("/connect/user", test_user_of_the_address_wins_over_the_account);
    g_test_add_func("/connect/defaults", test_defaults_give_no_secret_without_an_account);
    g_test_add_func("/connect/password", test_password_is_kept_until_it_is_forgotten);
    g_test_add_func("/connect/token", test_token_alone_asks_for_no_password);
    g_test_add_func("/connect/netrc", test_netrc_knows_the_login);
    g_test_add_func("/connect/mistakes", test_mistakes_in_addresses_and_tls_are_status_64);
    g_test_add_func("/connect/mistakes-ways", test_mistakes_in_ways_and_names_are_status_64);
    g_test_add_func("/connect/mistakes-accounts", test_mistakes_in_accounts_are_status_78);
    g_test_add_func("/connect/environment", test_environment_counts);
    g_test_add_func("/connect/describe", test_describe_tells_everything_on_one_line_each);
    int status = g_test_run();
    scratch_remove(directory);
    g_free(directory);
    return status;
}
