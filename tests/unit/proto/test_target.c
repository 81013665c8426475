#include "proto/target.h"

#include <string.h>

#include "proto/protos.h"

static Target *good(const char *text, const char *default_scheme)
{
    g_autoptr(GError) error = NULL;
    Target *t = target_parse(text, default_scheme, &error);
    g_assert_no_error(error);
    g_assert_nonnull(t);
    return t;
}

static void assert_refused(const char *text, const char *default_scheme, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Target) t = target_parse(text, default_scheme, &error);
    g_assert_null(t);
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    if (!strstr(error->message, part)) {
        g_error("\"%s\": \"%s\" does not contain \"%s\"", text, error->message, part);
    }
}

/* cli.md's table. */
static const struct {
    const char *name, *proto;
    uint16_t port;
    bool tls_first, mail;
    const char *alias_of, *tls;
} expected[] = {
    {"smtp", "smtp", 25, false, true, NULL, "STARTTLS"},
    {"submission", "submission", 587, false, true, NULL, "STARTTLS"},
    {"submissions", "submission", 465, true, true, NULL, "from the start"},
    {"smtps", "submission", 465, true, true, "submissions", "from the start"},
    {"ssmtp", "submission", 465, true, true, "submissions", "from the start"},
    {"lmtp", "lmtp", 24, false, true, NULL, "STARTTLS"},
    {"sieve", "sieve", 4190, false, true, NULL, "STARTTLS"},
    {"imap", "imap", 143, false, true, NULL, "STARTTLS"},
    {"imaps", "imap", 993, true, true, NULL, "from the start"},
    {"pop3", "pop3", 110, false, true, NULL, "STLS"},
    {"pop3s", "pop3", 995, true, true, NULL, "from the start"},
    {"ftp", "ftp", 21, false, false, NULL, "AUTH TLS"},
    {"https", "https", 443, true, false, NULL, "from the start"},
    {"ircs", "irc", 6697, true, false, NULL, "from the start"},
    {"irc", "irc", 6667, false, false, NULL, "STARTTLS"},
    {"nntp", "nntp", 119, false, false, NULL, "STARTTLS"},
    {"nntps", "nntp", 563, true, false, NULL, "from the start"},
    {"xmpp", "xmpp", 5222, false, false, NULL, "STARTTLS"},
    {"xmpp-server", "xmpp-server", 5269, false, false, NULL, "STARTTLS"},
    {"ldap", "ldap", 389, false, false, NULL, "STARTTLS"},
    {"ldaps", "ldap", 636, true, false, NULL, "from the start"},
    {"postgres", "postgres", 5432, false, false, NULL, "the protocol's own"},
    {"mysql", "mysql", 3306, false, false, NULL, "the protocol's own"},
    {"tls", "tls", 0, true, false, NULL, "from the start"},
    {"tcp", "tcp", 0, false, false, NULL, "none"},
};

static void test_schemes_are_those_promised(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        const Scheme *s = target_scheme_find(expected[i].name);
        g_assert_nonnull(s);
        g_assert_cmpstr(s->proto->name, ==, expected[i].proto);
        g_assert_cmpuint(s->port, ==, expected[i].port);
        g_assert_true(s->tls_first == expected[i].tls_first);
        g_assert_true(s->mail == expected[i].mail);
        g_assert_cmpstr(s->alias_of, ==, expected[i].alias_of);
        g_assert_cmpstr(s->tls, ==, expected[i].tls);
    }
    size_t n = 0;
    while (target_schemes[n].name) {
        n++;
    }
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(expected));
    g_assert_null(target_scheme_find("telnet"));
    g_assert_null(target_scheme_find(""));
    g_assert_true(target_scheme_find("IMAPS") == target_scheme_find("imaps"));
}

static void test_target_takes_an_address_apart(void)
{
    g_autoptr(Target) t = good("imaps://joe@Mail.Example.ORG", NULL);
    g_assert_cmpstr(t->scheme->name, ==, "imaps");
    g_assert_cmpstr(t->user, ==, "joe");
    g_assert_cmpstr(t->host, ==, "mail.example.org");
    g_assert_cmpstr(t->shown_host, ==, "Mail.Example.ORG");
    g_assert_cmpuint(t->port, ==, 993);
    g_assert_null(t->unix_path);
    g_assert_null(t->path);
}

static const struct {
    const char *text, *fallback, *host;
    uint16_t port;
    const char *user, *path, *again; /* again: what target_text() gives */
} rows[] = {
    {"pop3://h", NULL, "h", 110, NULL, NULL, "pop3://h"},
    {"pop3://h:110", NULL, "h", 110, NULL, NULL, "pop3://h"},
    {"POP3://h:1110", NULL, "h", 1110, NULL, NULL, "pop3://h:1110"},
    {"pop3://h:", NULL, "h", 110, NULL, NULL, "pop3://h"},
    {"pop3://h/", NULL, "h", 110, NULL, NULL, "pop3://h"},
    {"pop3://h.", NULL, "h", 110, NULL, NULL, "pop3://h"},
    {"tcp://h:65535", NULL, "h", 65535, NULL, NULL, "tcp://h:65535"},
    {"tls://h:imaps", NULL, "h", 993, NULL, NULL, "tls://h:993"},
    {"tcp://h:submissions", NULL, "h", 465, NULL, NULL, "tcp://h:465"},
    {"imap://joe@example.org@h", NULL, "h", 143, "joe@example.org", NULL,
     "imap://joe@example.org@h"},
    {"imap://joe%40example.org@h", NULL, "h", 143, "joe@example.org", NULL,
     "imap://joe@example.org@h"},
    {"imap://a%20b%2Fc%3A@h", NULL, "h", 143, "a b/c:", NULL, "imap://a%20b%2Fc%3A@h"},
    {"imap://j\xc3\xb6@h", NULL, "h", 143, "j\xc3\xb6", NULL, "imap://j\xc3\xb6@h"},
    {"imap://j%C3%B6@h", NULL, "h", 143, "j\xc3\xb6", NULL, "imap://j\xc3\xb6@h"},
    {"smtp://[2001:DB8::1]:2525", NULL, "2001:db8::1", 2525, NULL, NULL,
     "smtp://[2001:DB8::1]:2525"},
    {"smtp://[::1]", NULL, "::1", 25, NULL, NULL, "smtp://[::1]"},
    {"smtp://[fe80::1%25eth0]", NULL, "fe80::1%eth0", 25, NULL, NULL, "smtp://[fe80::1%eth0]"},
    {"smtp://[fe80::1%eth0]", NULL, "fe80::1%eth0", 25, NULL, NULL, "smtp://[fe80::1%eth0]"},
    {"smtp://127.0.0.1", NULL, "127.0.0.1", 25, NULL, NULL, "smtp://127.0.0.1"},
    {"smtp://b\xc3\xbc"
     "cher.example",
     NULL, "xn--bcher-kva.example", 25, NULL, NULL,
     "smtp://b\xc3\xbc"
     "cher.example"},
    {"_dmarc.example.org", "smtp", "_dmarc.example.org", 25, NULL, NULL,
     "smtp://_dmarc.example.org"},
    {"mail.example.org", "submission", "mail.example.org", 587, NULL, NULL,
     "submission://mail.example.org"},
    {"mail.example.org:2525", "smtp", "mail.example.org", 2525, NULL, NULL,
     "smtp://mail.example.org:2525"},
    {"[::1]:2525", "smtp", "::1", 2525, NULL, NULL, "smtp://[::1]:2525"},
    {"joe@h", "imaps", "h", 993, "joe", NULL, "imaps://joe@h"},
    {"https://h/a?b#c", NULL, "h", 443, NULL, "/a?b#c", "https://h"},
    {"https://h:8443/@joe", NULL, "h", 8443, NULL, "/@joe", "https://h:8443"},
    {"https://h?x", NULL, "h", 443, NULL, "?x", "https://h"},
};

static void test_target_reads_every_form(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Target) t = good(rows[i].text, rows[i].fallback);
        g_assert_cmpstr(t->host, ==, rows[i].host);
        g_assert_cmpuint(t->port, ==, rows[i].port);
        g_assert_cmpstr(t->user, ==, rows[i].user);
        g_assert_cmpstr(t->path, ==, rows[i].path);
        g_autofree char *again = target_text(t);
        g_assert_cmpstr(again, ==, rows[i].again);
    }
}

static void test_target_lmtp_path_is_a_unix_socket(void)
{
    g_autoptr(Target) t = good("lmtp:///var/run/my%20lmtp", NULL);
    g_assert_cmpstr(t->unix_path, ==, "/var/run/my lmtp");
    g_assert_null(t->host);
    g_assert_cmpuint(t->port, ==, 0);
    g_autofree char *again = target_text(t);
    g_assert_cmpstr(again, ==, "lmtp:///var/run/my%20lmtp");
    g_autofree char *name = g_strnfill(107, 'a');
    g_autofree char *longer = g_strconcat("lmtp:///", name, NULL);
    assert_refused(longer, NULL, "between 1 and 106");
    longer[strlen(longer) - 1] = '\0';
    g_autoptr(Target) longest = good(longer, NULL);
    g_assert_cmpuint(strlen(longest->unix_path), ==, 107);
    assert_refused("lmtp:///", NULL, "between 1 and");
    assert_refused("lmtp:///a%0Ab", NULL, "control characters");
    assert_refused("lmtp://", NULL, "names no host");
    assert_refused("imap:///var/run/x", NULL, "names no host");
}

static void test_target_refuses_a_password_and_never_repeats_it(void)
{
    const char *const addresses[] = {
        "imap://joe:hunter2@h",   "imap://joe:@h",
        "imaps:joe:hunter2@h",    "joe:hunter2@h",
        "foo://joe:hunter2@h",    "imap://joe:hunter2@h:99999",
        "imap://joe:hun/ter2@h",  "joe:hun?ter2@h",
        "imap://joe@x:hunter2@h", "imap://joe:hunter2@bad host",
        "imap://joe:hunter2@[x",  "imap://joe:hunter2@",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
        for (int with = 0; with < 2; with++) {
            g_autoptr(GError) error = NULL;
            g_assert_null(target_parse(addresses[i], with ? "smtp" : NULL, &error));
            g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
            g_assert_null(strstr(error->message, "hunter"));
            g_assert_null(strstr(error->message, "ter2"));
            if (!strchr(addresses[i], ' ')) {
                g_assert_nonnull(strstr(error->message, "--password-command"));
                g_assert_nonnull(strstr(error->message, "netrc"));
            }
        }
    }
}

static void test_target_says_what_is_wrong(void)
{
    assert_refused("", NULL, "lacks a scheme");
    assert_refused("", "smtp", "lacks a scheme");
    assert_refused("mail.example.org", NULL, "imaps://mail.example.org");
    assert_refused("imap:mail.example.org", NULL, "lacks a scheme");
    assert_refused("imap:/mail.example.org", NULL, "lacks \"://\"");
    assert_refused("imapss://h", NULL, "did you mean imaps://?");
    assert_refused("gopher://h", NULL, "postern help ports");
    assert_refused("://h", NULL, "lacks a scheme");
    assert_refused("C:\\mail\\x.eml", "smtp", "is a file name");
    assert_refused("./x.eml", "smtp", "is a file name");
    assert_refused("/var/mail/joe", NULL, "is a file name");
    assert_refused("imap://", NULL, "names no host");
    assert_refused("imap://:143", NULL, "names no host");
    assert_refused("imap://@h", NULL, "without a user name");
    assert_refused("imap://joe;AUTH=PLAIN@h", NULL, "--auth");
    assert_refused("imap://h:0", NULL, "between 1 and 65535");
    assert_refused("imap://h:65536", NULL, "between 1 and 65535");
    assert_refused("imap://h:99999999999999999999", NULL, "between 1 and 65535");
    assert_refused("imap://h:-1", NULL, "neither a port number");
    assert_refused("imap://h:no-such-service", NULL, "neither a port number");
    assert_refused("tcp://h", NULL, "tcp://HOST:PORT");
    assert_refused("tls://h:", NULL, "tls://HOST:PORT");
    assert_refused("tcp://h:tls", NULL, "neither a port number");
    assert_refused("imap://::1", NULL, "in brackets");
    assert_refused("imap://fe80::1:143", NULL, "in brackets");
    assert_refused("imap://[::1", NULL, "without its \"]\"");
    assert_refused("imap://[::1]143", NULL, "without its \"]\"");
    assert_refused("imap://[mail.example.org]", NULL, "is not an IPv6 address");
    assert_refused("imap://[]", NULL, "is not an IPv6 address");
    assert_refused("imap://[fe80::1%e;h]", NULL, "no interface name");
    assert_refused("imap://1.2.3.999", NULL, "is not an IPv4 address");
    assert_refused("imap://10.1", NULL, "is not an IPv4 address");
    assert_refused("imap://a..b", NULL, "is not a host name");
    assert_refused("imap://a%2eb", NULL, "no host name has");
    assert_refused("imap://a\\b", NULL, "no host name has");
    assert_refused("imap://h ", NULL, "without blanks");
    assert_refused("imap://h\r\n", NULL, "without blanks");
    assert_refused("imap://\xff", NULL, "UTF-8");
    assert_refused("imap://a\xc2\x85"
                   "b",
                   NULL, "control characters");
}

static void test_target_user_cannot_smuggle_control_characters(void)
{
    assert_refused("imap://joe%0D%0ALOGOUT@h", NULL, "control characters");
    assert_refused("imap://joe%0a@h", NULL, "control characters");
    assert_refused("imap://joe%00@h", NULL, "control characters");
    assert_refused("imap://joe%C2%85@h", NULL, "control characters");
    assert_refused("imap://joe%ff@h", NULL, "percent-encoded UTF-8");
    assert_refused("imap://joe%zz@h", NULL, "percent-encoded UTF-8");
    assert_refused("imap://joe%4@h", NULL, "percent-encoded UTF-8");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/target/schemes", test_schemes_are_those_promised);
    g_test_add_func("/target/apart", test_target_takes_an_address_apart);
    g_test_add_func("/target/forms", test_target_reads_every_form);
    g_test_add_func("/target/unix", test_target_lmtp_path_is_a_unix_socket);
    g_test_add_func("/target/password", test_target_refuses_a_password_and_never_repeats_it);
    g_test_add_func("/target/mistakes", test_target_says_what_is_wrong);
    g_test_add_func("/target/control", test_target_user_cannot_smuggle_control_characters);
    return g_test_run();
}
