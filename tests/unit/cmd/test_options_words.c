/* What was parsed comes back as words that are parsed to the same. */
#include <stddef.h>

#include "cmd/options.h"

typedef struct {
    bool verbose;
    int count;
    double timeout;
    char *user, *file, *tls;
    char **via;
} Values;

static const Option table[] = {
    {"verbose", 'v', OPTION_BOOL, offsetof(Values, verbose), NULL, "say more", NULL},
    {"count", 'n', OPTION_INT, offsetof(Values, count), "N", "how many", NULL},
    {"timeout", 0, OPTION_DOUBLE, offsetof(Values, timeout), "SECONDS", "how long", NULL},
    {"user", 'u', OPTION_STRING, offsetof(Values, user), "NAME", "who", NULL},
    {"file", 'f', OPTION_FILE, offsetof(Values, file), "FILE", "where", NULL},
    {"tls", 0, OPTION_CHOICE, offsetof(Values, tls), NULL, "what", "required|off"},
    {"via", 0, OPTION_LIST, offsetof(Values, via), "URL", "hops", NULL},
    {NULL}};
static const Option *const tables[] = {table, NULL};
static const char *const nothing[] = {NULL};

static void test_there_and_back(void)
{
    const char *argv[] = {
        "x",          "-v",        "--count=3",     "--timeout=1.5", "--user=a b\"c",
        "--file=m.x", "--tls=off", "--via=ssh://a", "--via=ssh://b", NULL};
    Values values = {0}, again = {0};
    g_auto(GStrv) rest = NULL, rest_again = NULL;
    bool help;
    g_assert_true(options_parse(tables, &values, (char **)argv, &rest, &help, NULL));
    g_auto(GStrv) words = options_words(tables, &values, nothing);
    g_autoptr(GPtrArray) line = g_ptr_array_new();
    g_ptr_array_add(line, (char *)"x");
    for (char **word = words; *word; word++) {
        g_ptr_array_add(line, *word);
    }
    g_ptr_array_add(line, NULL);
    g_assert_true(options_parse(tables, &again, (char **)line->pdata, &rest_again, &help, NULL));
    g_assert_true(again.verbose);
    g_assert_cmpint(again.count, ==, 3);
    g_assert_cmpfloat(again.timeout, ==, 1.5);
    g_assert_cmpstr(again.user, ==, "a b\"c");
    g_assert_cmpstr(again.tls, ==, "off");
    g_assert_true(g_strv_equal((const char *const *)again.via, (const char *const *)values.via));
    /* Who reads it later may be somewhere else. */
    g_assert_true(g_path_is_absolute(again.file));
    g_assert_true(g_str_has_suffix(again.file, "/m.x"));
    options_clear(tables, &values);
    options_clear(tables, &again);
}

static void test_only_what_was_said_and_not_what_is_left_out(void)
{
    Values values = {.user = (char *)"me", .count = 2};
    static const char *const without[] = {"user", NULL};
    g_auto(GStrv) words = options_words(tables, &values, without);
    g_assert_cmpstr(words[0], ==, "--count=2");
    g_assert_null(words[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options-words/there-and-back", test_there_and_back);
    g_test_add_func("/options-words/only-what-was-said",
                    test_only_what_was_said_and_not_what_is_left_out);
    return g_test_run();
}
