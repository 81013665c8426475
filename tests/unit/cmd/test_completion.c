#include "cmd/completion.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/connect.h"
#include "cmd/help.h"

typedef struct {
    ConnectOptions connect;
    char *fruit, *file, *plain;
    bool flag;
} Values;

static const Option own[] = {
    {"fruit", 'f', OPTION_CHOICE, offsetof(Values, fruit), NULL, "what's [this]: a \\fruit",
     "apple|pear"},
    {"file", 0, OPTION_FILE, offsetof(Values, file), "FILE", "a file", NULL},
    {"plain", 0, OPTION_STRING, offsetof(Values, plain), "TEXT", "text", NULL},
    {"flag", 'F', OPTION_BOOL, offsetof(Values, flag), NULL, "a flag", NULL},
    {NULL}};

static const Command cmd_first = {.name = "first",
                                  .summary = "it's the first",
                                  .arguments = "URL",
                                  .text = "First.",
                                  .options = own,
                                  .connects = true};
static const Command cmd_second = {
    .name = "second", .summary = "second", .text = "Second.", .words = "one|COMMAND|two"};
static const Command cmd_secret = {
    .name = "secret", .summary = "not told", .text = "-", .hidden = true};
const Command *const commands[] = {&cmd_first, &cmd_second, &cmd_secret, NULL};

static void test_kinds_follow_from_the_rows(void)
{
    g_assert_cmpint(completion_kind(&own[0]), ==, COMPLETE_WORDS);
    g_assert_cmpint(completion_kind(&own[1]), ==, COMPLETE_FILES);
    g_assert_cmpint(completion_kind(&own[2]), ==, COMPLETE_NOTHING);
    int accounts = 0;
    int mechanisms = 0;
    for (const Option *o = connect_options; o->name; o++) {
        accounts += completion_kind(o) == COMPLETE_ACCOUNTS;
        mechanisms += completion_kind(o) == COMPLETE_MECHANISMS;
    }
    g_assert_cmpint(accounts, ==, 1);
    g_assert_cmpint(mechanisms, ==, 1);
}

static void test_arguments_are_schemes_or_words(void)
{
    g_autofree char *first = completion_arguments(&cmd_first);
    g_assert_true(g_str_has_prefix(first, "smtp:// submission://"));
    g_autofree char *second = completion_arguments(&cmd_second);
    g_assert_cmpstr(second, ==, "one first second two");
    g_autofree char *none = completion_arguments(&cmd_secret);
    g_assert_cmpstr(none, ==, "");
}

static char *script(void (*print)(FILE *out))
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    print(out);
    fclose(out);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        g_error("%s lacks \"%s\"", text, part);
    }
}

static void test_scripts_quote_what_their_shells_would_read(void)
{
    char *bash = script(completion_bash);
    assert_has(bash, "first:--fruit | first:-f) _postern_words \"$3\" apple pear ;;");
    assert_has(bash, "first:--file) _postern_files");
    assert_has(bash, "words=( one first second two )");
    g_assert_null(strstr(bash, "--flag=")); /* takes no value */
    free(bash);
    char *zsh = script(completion_zsh);
    assert_has(zsh, "'first:it'\\''s the first'");
    assert_has(zsh, "'--fruit=[what'\\''s \\[this\\]\\: a \\\\fruit]:value:(apple pear)'");
    assert_has(zsh, "'*--via=[");
    free(zsh);
    char *fish = script(completion_fish);
    assert_has(fish, "-l fruit -s f -x -a 'apple pear' -d 'what\\'s [this]: a \\\\fruit'");
    assert_has(fish, "-l flag -s F -d 'a flag'");
    g_assert_null(strstr(fish, "not told"));
    free(fish);
}

static void test_unknown_command_is_told_the_nearest(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(help_find_command("second", &error) == &cmd_second);
    g_assert_no_error(error);
    g_assert_null(help_find_command("frist", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "did you mean first?"));
    g_clear_error(&error);
    g_assert_null(help_find_command("\x1b]0;x", &error));
    g_assert_nonnull(strstr(error->message, "\\x1B]0;x"));
}

static void test_rows_are_well_formed(void)
{
    bool letters[256] = {false};
    for (const Option *o = connect_options; o->name; o++) {
        g_assert_true((o->kind == OPTION_CHOICE) == (o->choices != NULL));
        g_assert_true(o->kind == OPTION_BOOL || o->choices || o->argument);
        g_assert_nonnull(o->help);
        g_assert_cmpuint(o->offset, <, sizeof(ConnectOptions));
        g_assert_false(o->letter && letters[(unsigned char)o->letter]);
        letters[(unsigned char)o->letter] = true;
        for (const Option *other = o + 1; other->name; other++) {
            g_assert_cmpstr(o->name, !=, other->name);
            g_assert_cmpuint(o->offset, !=, other->offset);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/completion/kinds", test_kinds_follow_from_the_rows);
    g_test_add_func("/completion/arguments", test_arguments_are_schemes_or_words);
    g_test_add_func("/completion/scripts", test_scripts_quote_what_their_shells_would_read);
    g_test_add_func("/help/find", test_unknown_command_is_told_the_nearest);
    g_test_add_func("/options/rows", test_rows_are_well_formed);
    return g_test_run();
}
