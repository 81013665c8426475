/* zsh: a function for the completion system, in terms of _arguments. */
#include <string.h>

#include "cmd/completion.h"

static const char head[] = "#compdef postern\n"
                           "# zsh completion for postern, made by \"postern completion zsh\"\n"
                           "\n"
                           "_postern_accounts() {\n"
                           "    local -a names\n"
                           "    names=(${(f)\"$(postern completion accounts 2>/dev/null)\"})\n"
                           "    compadd -a names\n"
                           "}\n"
                           "\n"
                           "_postern_schemes() {\n"
                           "    compadd -S '' -- %s\n"
                           "}\n"
                           "\n"
                           "_postern_mechanisms() {\n"
                           "    compset -P '*,'\n"
                           "    compadd -M 'm:{a-z}={A-Z}' -- %s\n"
                           "}\n"
                           "\n"
                           "_postern() {\n"
                           "    local -a all\n"
                           "    if (( CURRENT == 2 )); then\n"
                           "        all=(\n";

static const char middle[] = "        )\n"
                             "        _describe command all\n"
                             "        return\n"
                             "    fi\n"
                             "    shift words\n"
                             "    (( CURRENT-- ))\n"
                             "    case $words[1] in\n";

static const char tail[] = "    esac\n"
                           "}\n"
                           "\n"
                           "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
                           "    _postern \"$@\"\n"
                           "else\n"
                           "    compdef _postern postern\n"
                           "fi\n";

/* For the inside of '...', with what _arguments gives a meaning taken from it. */
static char *quoted(const char *text)
{
    GString *result = g_string_new(NULL);
    for (const char *c = text; *c; c++) {
        if (*c == '\'') {
            g_string_append(result, "'\\''");
        } else if (strchr("[]:\\", *c)) {
            g_string_append_printf(result, "\\%c", *c);
        } else {
            g_string_append_c(result, *c);
        }
    }
    return g_string_free(result, FALSE);
}

static char *action(const Option *o)
{
    g_autofree char *words = o->choices ? completion_words(o->choices) : NULL;
    switch (completion_kind(o)) {
    case COMPLETE_WORDS:
        return g_strdup_printf("(%s)", words);
    case COMPLETE_FILES:
        return g_strdup("_files");
    case COMPLETE_ACCOUNTS:
        return g_strdup("_postern_accounts");
    case COMPLETE_MECHANISMS:
        return g_strdup("_postern_mechanisms");
    case COMPLETE_NOTHING:
        break;
    }
    return g_strdup(" ");
}

static void print_option(FILE *out, const Option *o)
{
    g_autofree char *help = quoted(o->help);
    const char *many = o->kind == OPTION_LIST ? "*" : "";
    if (o->kind == OPTION_BOOL) {
        fprintf(out, " \\\n                '--%s[%s]'", o->name, help);
        if (o->letter) {
            fprintf(out, " \\\n                '-%c[%s]'", o->letter, help);
        }
        return;
    }
    g_autofree char *what = quoted(o->argument ? o->argument : "value");
    g_autofree char *how = action(o);
    fprintf(out, " \\\n                '%s--%s=[%s]:%s:%s'", many, o->name, help, what, how);
    if (o->letter) {
        fprintf(out, " \\\n                '%s-%c+[%s]:%s:%s'", many, o->letter, help, what, how);
    }
}

static void print_command(FILE *out, const Command *command)
{
    const Option *tables[3];
    completion_tables(command, tables);
    fprintf(out, "        %s)\n            _arguments -s -S '--help[explain the command]'",
            command->name);
    for (size_t i = 0; tables[i]; i++) {
        for (const Option *o = tables[i]; o->name; o++) {
            print_option(out, o);
        }
    }
    g_autofree char *words = completion_arguments(command);
    if (strstr(words, "://")) {
        fprintf(out, " \\\n                '*:address:_postern_schemes'");
    } else if (*words) {
        fprintf(out, " \\\n                '1:argument:(%s)' '*:argument:_files'", words);
    } else {
        fprintf(out, " \\\n                '*:argument:_files'");
    }
    fprintf(out, "\n            ;;\n");
}

void completion_zsh(FILE *out)
{
    g_autofree char *schemes = completion_schemes();
    g_autofree char *mechanisms = completion_mechanisms();
    fprintf(out, head, schemes, mechanisms);
    for (const Command *const *c = commands; *c; c++) {
        if (!(*c)->hidden) {
            g_autofree char *summary = quoted((*c)->summary);
            fprintf(out, "            '%s:%s'\n", (*c)->name, summary);
        }
    }
    fprintf(out, "%s", middle);
    for (const Command *const *c = commands; *c; c++) {
        print_command(out, *c);
    }
    fprintf(out, "%s", tail);
}
