/* fish: one `complete` line an option. */
#include <string.h>

#include "cmd/completion.h"

/* For the inside of '...'. */
static char *quoted(const char *text)
{
    GString *result = g_string_new(NULL);
    for (const char *c = text; *c; c++) {
        if (*c == '\'' || *c == '\\') {
            g_string_append_c(result, '\\');
        }
        g_string_append_c(result, *c);
    }
    return g_string_free(result, FALSE);
}

static void print_value(FILE *out, const Option *o)
{
    g_autofree char *words = o->choices ? completion_words(o->choices) : completion_mechanisms();
    switch (completion_kind(o)) {
    case COMPLETE_WORDS:
        fprintf(out, " -x -a '%s'", words);
        break;
    case COMPLETE_FILES:
        fprintf(out, " -r -F");
        break;
    case COMPLETE_ACCOUNTS:
        fprintf(out, " -x -a '(postern completion accounts 2>/dev/null)'");
        break;
    case COMPLETE_MECHANISMS:
        fprintf(out, " -x -a '(__fish_complete_list , \"string split \\' \\' \\'%s\\'\")'", words);
        break;
    case COMPLETE_NOTHING:
        fprintf(out, " -x");
        break;
    }
}

static void print_option(FILE *out, const Command *command, const Option *o)
{
    g_autofree char *help = quoted(o->help);
    fprintf(out, "complete -c postern -n '__fish_seen_subcommand_from %s' -l %s", command->name,
            o->name);
    if (o->letter) {
        fprintf(out, " -s %c", o->letter);
    }
    if (o->kind != OPTION_BOOL) {
        print_value(out, o);
    }
    fprintf(out, " -d '%s'\n", help);
}

static void print_command(FILE *out, const Command *command)
{
    const Option *tables[3];
    completion_tables(command, tables);
    for (size_t i = 0; tables[i]; i++) {
        for (const Option *o = tables[i]; o->name; o++) {
            print_option(out, command, o);
        }
    }
    g_autofree char *words = completion_arguments(command);
    if (*words) {
        fprintf(out, "complete -c postern -n '__fish_seen_subcommand_from %s' -a '%s'\n",
                command->name, words);
    }
}

void completion_fish(FILE *out)
{
    fprintf(out,
            "# fish completion for postern, made by \"postern completion fish\"\n"
            "complete -c postern -f\n"
            "complete -c postern -n __fish_use_subcommand -l help -d 'list the commands'\n"
            "complete -c postern -n __fish_use_subcommand -l version -d 'print the version'\n");
    for (const Command *const *c = commands; *c; c++) {
        if (!(*c)->hidden) {
            g_autofree char *summary = quoted((*c)->summary);
            fprintf(out, "complete -c postern -n __fish_use_subcommand -a %s -d '%s'\n", (*c)->name,
                    summary);
        }
    }
    for (const Command *const *c = commands; *c; c++) {
        print_command(out, *c);
    }
}
