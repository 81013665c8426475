#include "cmd/completion.h"

#include <string.h>

#include "cmd/connect.h"

CompleteKind completion_kind(const Option *o)
{
    if (o->kind == OPTION_FILE) {
        return COMPLETE_FILES;
    }
    if (o->choices) {
        return COMPLETE_WORDS;
    }
    if (strcmp(o->name, "account") == 0) {
        return COMPLETE_ACCOUNTS;
    }
    bool takes_mechanisms = o->argument && g_str_has_prefix(o->argument, "MECH");
    return takes_mechanisms ? COMPLETE_MECHANISMS : COMPLETE_NOTHING;
}

void completion_tables(const Command *command, const Option *tables[3])
{
    size_t n = 0;
    if (command->options) {
        tables[n++] = command->options;
    }
    if (command->connects) {
        tables[n++] = connect_options;
    }
    tables[n] = NULL;
}

char *completion_words(const char *choices)
{
    return g_strdelimit(g_strdup(choices), "|", ' ');
}

static void add_word(GString *text, const char *word, const char *suffix)
{
    g_string_append_printf(text, "%s%s%s", text->len ? " " : "", word, suffix);
}

char *completion_schemes(void)
{
    GString *text = g_string_new(NULL);
    for (const Scheme *s = target_schemes; s->name; s++) {
        add_word(text, s->name, "://");
    }
    return g_string_free(text, FALSE);
}

char *completion_mechanisms(void)
{
    GString *text = g_string_new(NULL);
    for (const SaslMechanism *m = sasl_mechanisms; m->name; m++) {
        if (m->supported && !strchr(m->name, ' ')) {
            add_word(text, m->name, "");
        }
    }
    return g_string_free(text, FALSE);
}

char *completion_commands(void)
{
    GString *text = g_string_new(NULL);
    for (const Command *const *c = commands; *c; c++) {
        if (!(*c)->hidden) {
            add_word(text, (*c)->name, "");
        }
    }
    return g_string_free(text, FALSE);
}

static char *words_for(const char *word)
{
    return strcmp(word, "COMMAND") == 0 ? completion_commands()
           : strcmp(word, "MECH") == 0  ? completion_mechanisms()
                                        : g_strdup(word);
}

char *completion_arguments(const Command *command)
{
    bool takes_url = command->connects && command->arguments && strstr(command->arguments, "URL");
    if (!command->words) {
        return takes_url ? completion_schemes() : g_strdup("");
    }
    GString *text = g_string_new(NULL);
    g_auto(GStrv) list = g_strsplit(command->words, "|", -1);
    for (char **word = list; *word; word++) {
        g_autofree char *words = words_for(*word);
        add_word(text, words, "");
    }
    return g_string_free(text, FALSE);
}

static void print_table(const char *owner, const Option *table)
{
    for (const Option *o = table; o && o->name; o++) {
        printf("%s --%s%s\n", owner, o->name, o->kind == OPTION_BOOL ? "" : "=");
        if (o->letter) {
            printf("%s -%c\n", owner, o->letter);
        }
    }
}

/* "talk --script=" lines, "common --tls=" for those of every connecting command: for
 * tools/options-vs-man. */
static bool print_options(GError **error)
{
    (void)error;
    for (const Command *const *c = commands; *c; c++) {
        if ((*c)->hidden) {
            continue; /* nobody types it: it has no page */
        }
        printf("%s\n", (*c)->name);
        print_table((*c)->name, (*c)->options);
    }
    printf("common\n");
    print_table("common", connect_options);
    return true;
}

/* For the scripts, which ask at every completion. */
static bool print_accounts(GError **error)
{
    g_autoptr(GPtrArray) accounts = accounts_load(NULL, error);
    for (guint i = 0; accounts && i < accounts->len; i++) {
        const Account *account = g_ptr_array_index(accounts, i);
        printf("%s\n", account->name);
    }
    return accounts != NULL;
}

static bool print_bash(GError **error)
{
    (void)error;
    completion_bash(stdout);
    return true;
}

static bool print_zsh(GError **error)
{
    (void)error;
    completion_zsh(stdout);
    return true;
}

static bool print_fish(GError **error)
{
    (void)error;
    completion_fish(stdout);
    return true;
}

static const struct {
    const char *word;
    bool (*print)(GError **error);
} kinds[] = {
    {"bash", print_bash},       {"zsh", print_zsh},           {"fish", print_fish},
    {"options", print_options}, {"accounts", print_accounts},
};

static int run(void *values, char **args)
{
    (void)values;
    GError *error = NULL;
    for (size_t i = 0; args[0] && !args[1] && i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(kinds[i].word, args[0]) == 0) {
            return kinds[i].print(&error) ? 0 : command_fail(error);
        }
    }
    error_fail(&error, POSTERN_ERROR_USAGE,
               "name the shell to print a completion script for: bash, zsh or fish");
    return command_fail(error);
}

static const Option no_options[] = {{NULL}};

const Command cmd_completion = {
    .name = "completion",
    .summary = "print a completion script for bash, zsh or fish",
    .arguments = "bash|zsh|fish",
    .words = "bash|zsh|fish",
    .text = "Prints a script that teaches a shell the commands and options of this program:\n"
            "\n"
            "  bash  eval \"$(postern completion bash)\" in ~/.bashrc\n"
            "  zsh   postern completion zsh >DIR/_postern, where DIR is in $fpath\n"
            "  fish  postern completion fish >~/.config/fish/completions/postern.fish",
    .options = no_options,
    .run = run,
};
