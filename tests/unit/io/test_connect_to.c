#include "io/connect_to.h"

static const struct {
    const char *text;
    const char *from_host;
    unsigned from_port;
    const char *to_host;
    unsigned to_port;
} good[] = {
    {"mail.example:993:127.0.0.1:10993", "mail.example", 993, "127.0.0.1", 10993},
    {"127.0.0.1:10993", NULL, 0, "127.0.0.1", 10993},
    {"::127.0.0.1:10993", NULL, 0, "127.0.0.1", 10993},
    {"mail.example::other.example:", "mail.example", 0, "other.example", 0},
    {":993::10993", NULL, 993, NULL, 10993},
    {"[2001:db8::1]:993:[::1]:10993", "2001:db8::1", 993, "::1", 10993},
    {"[::1]:25", NULL, 0, "::1", 25},
    {":25", NULL, 0, NULL, 25},
    {"other.example:", NULL, 0, "other.example", 0},
    {":::", NULL, 0, NULL, 0},
};

static void test_every_part_may_be_empty(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_auto(ConnectTo) c = {0};
        g_autoptr(GError) error = NULL;
        bool ok = connect_to_parse(good[i].text, &c, &error);
        g_assert_no_error(error);
        g_assert_true(ok);
        g_assert_cmpstr(c.from_host, ==, good[i].from_host);
        g_assert_cmpuint(c.from_port, ==, good[i].from_port);
        g_assert_cmpstr(c.to_host, ==, good[i].to_host);
        g_assert_cmpuint(c.to_port, ==, good[i].to_port);
    }
}

static void test_malformed_ones_are_refused(void)
{
    static const char *const bad[] = {
        "",        "host",  "a:1:b",    "a:1:b:2:c", "a:x",         "a:0",   "a:65536",   "[::1:25",
        "[::1]25", "[]:25", "a:1:b:2:", "a:-1",      "2001:db8::1", "[::1]", "a:1:[b]c:2"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_auto(ConnectTo) c = {0};
        g_autoptr(GError) error = NULL;
        if (connect_to_parse(bad[i], &c, &error)) {
            g_error("\"%s\" was taken", bad[i]);
        }
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    }
}

static void test_only_what_is_given_must_match(void)
{
    g_auto(ConnectTo) both = {0};
    g_assert_true(connect_to_parse("Mail.Example:993:127.0.0.1:1", &both, NULL));
    g_assert_true(connect_to_matches(&both, "mail.example", 993));
    g_assert_false(connect_to_matches(&both, "mail.example", 995));
    g_assert_false(connect_to_matches(&both, "example", 993));
    g_auto(ConnectTo) any = {0};
    g_assert_true(connect_to_parse("127.0.0.1:1", &any, NULL));
    g_assert_true(connect_to_matches(&any, "whatever", 1));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/connect-to/good", test_every_part_may_be_empty);
    g_test_add_func("/connect-to/bad", test_malformed_ones_are_refused);
    g_test_add_func("/connect-to/matches", test_only_what_is_given_must_match);
    return g_test_run();
}
