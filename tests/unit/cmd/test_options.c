#include "cmd/options.h"

#include <stddef.h>
#include <string.h>

typedef struct {
    bool verbose, quiet, no_verify;
    int count;
    double timeout;
    char *user, *file, *tls;
    char **via;
} Values;

static const Option table_a[] = {
    {"verbose", 'v', OPTION_BOOL, offsetof(Values, verbose), NULL, "say more", NULL},
    {"quiet", 'q', OPTION_BOOL, offsetof(Values, quiet), NULL, "say less", NULL},
    {"no-verify", 0, OPTION_BOOL, offsetof(Values, no_verify), NULL, "accept anything", NULL},
    {"count", 'n', OPTION_INT, offsetof(Values, count), "N", "how many", NULL},
    {NULL}};
static const Option table_b[] = {
    {"timeout", 0, OPTION_DOUBLE, offsetof(Values, timeout), "SECONDS", "how long", NULL},
    {"user", 'u', OPTION_STRING, offsetof(Values, user), "NAME", "who", NULL},
    {"file", 'f', OPTION_FILE, offsetof(Values, file), "FILE", "where", NULL},
    {"tls", 0, OPTION_CHOICE, offsetof(Values, tls), NULL,
     "what is demanded of the connection, in more words than fit one line, so that they wrap",
     "required|opportunistic|off"},
    {"via", 0, OPTION_LIST, offsetof(Values, via), "URL", "hops", NULL},
    {NULL}};
static const Option *const tables[] = {table_a, table_b, NULL};

typedef struct {
    Values values;
    char **args;
    bool ok, help;
    GError *error;
} Parsed;

/* words are separated by single spaces; an underscore stands for an empty word */
static Parsed parse(const char *line)
{
    Parsed p = {0};
    g_autofree char *whole = g_strdup_printf("talk %s", line);
    g_auto(GStrv) argv = g_strsplit(whole, " ", -1);
    for (char **word = argv; *word; word++) {
        if (strcmp(*word, "_") == 0) {
            (*word)[0] = '\0';
        }
    }
    p.ok = options_parse(tables, &p.values, argv, &p.args, &p.help, &p.error);
    g_assert_true(p.ok == (p.error == NULL));
    g_assert_true(p.ok == (p.args != NULL));
    return p;
}

static void done(Parsed *p)
{
    options_clear(tables, &p->values);
    g_assert_null(p->values.user);
    g_assert_null(p->values.via);
    g_strfreev(p->args);
    g_clear_error(&p->error);
}

static void assert_fails(const char *line, const char *part)
{
    Parsed p = parse(line);
    g_assert_error(p.error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    if (!strstr(p.error->message, part)) {
        g_error("\"%s\" does not contain \"%s\"", p.error->message, part);
    }
    done(&p);
}

static void test_options_every_way_to_write_one(void)
{
    Parsed p = parse("--user=joe --timeout 2.5 -fx -n 3 --via=a --via b -v --tls=off url more");
    g_assert_no_error(p.error);
    g_assert_cmpstr(p.values.user, ==, "joe");
    g_assert_cmpfloat(p.values.timeout, ==, 2.5);
    g_assert_cmpstr(p.values.file, ==, "x");
    g_assert_cmpint(p.values.count, ==, 3);
    g_assert_cmpuint(g_strv_length(p.values.via), ==, 2);
    g_assert_cmpstr(p.values.via[1], ==, "b");
    g_assert_cmpstr(p.values.tls, ==, "off");
    g_assert_true(p.values.verbose);
    g_assert_false(p.values.quiet);
    g_assert_cmpuint(g_strv_length(p.args), ==, 2);
    g_assert_cmpstr(p.args[0], ==, "url");
    done(&p);
}

static void test_options_letters_cluster_and_stand_anywhere(void)
{
    Parsed p = parse("url -vqn7 --no-verify - -- -v --user");
    g_assert_no_error(p.error);
    g_assert_true(p.values.verbose && p.values.quiet && p.values.no_verify);
    g_assert_cmpint(p.values.count, ==, 7);
    g_autofree char *args = g_strjoinv("|", p.args);
    g_assert_cmpstr(args, ==, "url|-|-v|--user");
    done(&p);
}

static void test_options_last_wins_and_empty_values_are_values(void)
{
    Parsed p = parse("--user=a --user b --file= --tls=off --tls=required -u _");
    g_assert_no_error(p.error);
    g_assert_cmpstr(p.values.user, ==, "");
    g_assert_cmpstr(p.values.file, ==, "");
    g_assert_cmpstr(p.values.tls, ==, "required");
    done(&p);
}

static void test_options_mistakes_are_told(void)
{
    assert_fails("--usr=joe", "did you mean --user?");
    assert_fails("--use=joe", "did you mean --user?"); /* no abbreviations */
    assert_fails("--verify", "unknown option --verify");
    assert_fails("--frobnicate", "postern talk --help");
    assert_fails("--no-verbose", "unknown option --no-verbose");
    assert_fails("-vz", "unknown option -z;");
    assert_fails("-\xc3\xa9", "unknown option -\xc3\xa9;");
    assert_fails("-\x1b", "unknown option -\\x1B;");
    assert_fails("--user", "--user=NAME");
    assert_fails("-u", "--user needs a value");
    assert_fails("--verbose=yes", "takes no value");
    assert_fails("--tls=maybe", "takes required, opportunistic or off, not \"maybe\"");
    assert_fails("--timeout=soon", "a number of seconds");
    assert_fails("--timeout=-1", "a number of seconds");
    assert_fails("--timeout=inf", "a number of seconds");
    assert_fails("--timeout=0x10", "a number of seconds");
    assert_fails("--timeout=1e3", "a number of seconds");
    assert_fails("--timeout=1.2.3", "a number of seconds");
    assert_fails("--count=99999999999", "a whole number");
    assert_fails("--count=-3", "a whole number");
    assert_fails("--count=3x", "a whole number");
    assert_fails("--count=", "a whole number");
    assert_fails("--=x", "unknown option --");
}

static void test_options_help_may_be_asked_for_anywhere(void)
{
    Parsed p = parse("url --help");
    g_assert_true(p.ok && p.help);
    done(&p);
    p = parse("-vh");
    g_assert_true(p.ok && p.help);
    done(&p);
    p = parse("-- --help");
    g_assert_true(p.ok && !p.help);
    done(&p);
}

static void test_options_help_fits_eighty_columns(void)
{
    g_autofree char *text = options_help(table_b);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_assert_cmpuint(strlen(*line), <, 80);
    }
    g_assert_cmpstr(lines[0], ==, "      --timeout=SECONDS       how long");
    g_assert_cmpstr(lines[1], ==, "  -u, --user=NAME             who");
    g_assert_cmpstr(lines[3], ==, "      --tls=required|opportunistic|off");
    g_assert_cmpstr(
        lines[4], ==,
        "                              what is demanded of the connection, in more words");
    g_assert_cmpstr(lines[5], ==,
                    "                              than fit one line, so that they wrap");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/ways", test_options_every_way_to_write_one);
    g_test_add_func("/options/cluster", test_options_letters_cluster_and_stand_anywhere);
    g_test_add_func("/options/last-wins", test_options_last_wins_and_empty_values_are_values);
    g_test_add_func("/options/mistakes", test_options_mistakes_are_told);
    g_test_add_func("/options/help", test_options_help_may_be_asked_for_anywhere);
    g_test_add_func("/options/help-layout", test_options_help_fits_eighty_columns);
    return g_test_run();
}
