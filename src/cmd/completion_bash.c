/* bash: one function. Readline breaks words at "=" and ":", so it looks at the line instead of
 * COMP_WORDS, and replies with what comes behind the last break. */
#include <string.h>

#include "cmd/completion.h"

static const char head[] = "# bash completion for postern, made by \"postern completion bash\"\n"
                           "\n"
                           "# Words that begin with $1, out of the others.\n"
                           "_postern_words() {\n"
                           "    local begin=$1 word\n"
                           "    shift\n"
                           "    for word; do\n"
                           "        [[ $word == \"$begin\"* ]] && COMPREPLY+=(\"$word\")\n"
                           "    done\n"
                           "}\n"
                           "\n"
                           "_postern_files() {\n"
                           "    compopt -o filenames\n"
                           "    mapfile -t COMPREPLY < <(compgen -f -- \"$1\")\n"
                           "}\n"
                           "\n"
                           "_postern_accounts() {\n"
                           "    local names\n"
                           "    mapfile -t names < <(postern completion accounts 2>/dev/null)\n"
                           "    _postern_words \"$1\" \"${names[@]}\"\n"
                           "}\n"
                           "\n"
                           "# A list with commas: the last of it is completed.\n"
                           "_postern_mechanisms() {\n"
                           "    local last=${1##*,} i\n"
                           "    _postern_words \"${last^^}\" %s\n"
                           "    for i in \"${!COMPREPLY[@]}\"; do\n"
                           "        COMPREPLY[i]=${1%%\"$last\"}${COMPREPLY[i]}\n"
                           "    done\n"
                           "}\n"
                           "\n"
                           "_postern_value() {\n"
                           "    case $1:$2 in\n";

static const char middle[] = "        *) return 1 ;;\n"
                             "    esac\n"
                             "}\n"
                             "\n"
                             "_postern_arguments() {\n"
                             "    local options=() words=() begin=$2\n"
                             "    case $1 in\n";

static const char tail[] =
    "    esac\n"
    "    if [[ $begin == -* ]]; then\n"
    "        _postern_words \"$begin\" \"${options[@]}\" --help\n"
    "    else\n"
    "        _postern_words \"$begin\" \"${words[@]}\"\n"
    "    fi\n"
    "    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/] ]] && compopt -o nospace\n"
    "}\n"
    "\n"
    "_postern() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} words last previous command\n"
    "    read -ra words <<<\"$line\"\n"
    "    last=${words[-1]}\n"
    "    [[ $line == *[[:space:]] ]] && last= && words+=('')\n"
    "    previous=${words[-2]-}\n"
    "    command=${words[1]-}\n"
    "    COMPREPLY=()\n"
    "    if [[ ${#words[@]} -le 2 ]]; then\n"
    "        _postern_words \"$last\" %s --help --version\n"
    "    elif [[ $last == --*=* ]]; then\n"
    "        _postern_value \"$command\" \"${last%%%%=*}\" \"${last#*=}\"\n"
    "    elif [[ $previous == -* ]] && _postern_value \"$command\" \"$previous\" \"$last\"; then\n"
    "        :\n"
    "    elif [[ $last != *:* ]]; then\n"
    "        _postern_arguments \"$command\" \"$last\"\n"
    "    fi\n"
    "}\n"
    "complete -F _postern postern\n";

static void print_value(FILE *out, const Command *command, const Option *o)
{
    fprintf(out, "        %s:--%s", command->name, o->name);
    if (o->letter) {
        fprintf(out, " | %s:-%c", command->name, o->letter);
    }
    g_autofree char *words = o->choices ? completion_words(o->choices) : NULL;
    switch (completion_kind(o)) {
    case COMPLETE_WORDS:
        fprintf(out, ") _postern_words \"$3\" %s ;;\n", words);
        break;
    case COMPLETE_FILES:
        fprintf(out, ") _postern_files \"$3\" ;;\n");
        break;
    case COMPLETE_ACCOUNTS:
        fprintf(out, ") _postern_accounts \"$3\" ;;\n");
        break;
    case COMPLETE_MECHANISMS:
        fprintf(out, ") _postern_mechanisms \"$3\" ;;\n");
        break;
    case COMPLETE_NOTHING:
        fprintf(out, ") ;;\n");
        break;
    }
}

static void print_values(FILE *out, const Command *command)
{
    const Option *tables[3];
    completion_tables(command, tables);
    for (size_t i = 0; tables[i]; i++) {
        for (const Option *o = tables[i]; o->name; o++) {
            if (o->kind != OPTION_BOOL) {
                print_value(out, command, o);
            }
        }
    }
}

static void print_arguments(FILE *out, const Command *command)
{
    const Option *tables[3];
    completion_tables(command, tables);
    fprintf(out, "        %s)\n            options=(", command->name);
    for (size_t i = 0; tables[i]; i++) {
        for (const Option *o = tables[i]; o->name; o++) {
            fprintf(out, " --%s%s", o->name, o->kind == OPTION_BOOL ? "" : "=");
        }
    }
    g_autofree char *words = completion_arguments(command);
    fprintf(out, " )\n            words=( %s )\n            ;;\n", words);
}

void completion_bash(FILE *out)
{
    g_autofree char *mechanisms = completion_mechanisms();
    g_autofree char *names = completion_commands();
    fprintf(out, head, mechanisms);
    for (const Command *const *c = commands; *c; c++) {
        print_values(out, *c);
    }
    fprintf(out, "%s", middle);
    for (const Command *const *c = commands; *c; c++) {
        print_arguments(out, *c);
    }
    fprintf(out, tail, names);
}
