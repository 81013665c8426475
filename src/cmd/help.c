#include "cmd/help.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/nearest.h"
#include "cmd/connect.h"

const char postern_version[] = POSTERN_VERSION;

/* --- a command --- */

/* The parser knows it without a row; only here it is shown as one. */
static const Option help_option[] = {
    {"help", 'h', OPTION_BOOL, 0, NULL, "print this", NULL},
    {NULL},
};

static void print_options(const Option *table)
{
    if (table) {
        g_autofree char *text = options_help(table);
        printf("%s", text);
    }
}

void help_print_command(const Command *command)
{
    printf("Usage: postern %s [OPTIONS]%s%s\n", command->name, command->arguments ? " " : "",
           command->arguments ? command->arguments : "");
    printf("\n%s\n", command->text);
    if (command->examples) {
        printf("\nExamples:\n%s", command->examples);
    }
    printf("\nOptions:\n");
    print_options(command->options);
    print_options(help_option);
    if (command->connects) {
        printf("\nOptions of every command that connects:\n");
        print_options(connect_options);
        printf("\nAddresses: SCHEME://[USER@]HOST[:PORT]; \"postern help ports\" lists the "
               "schemes.\n");
    }
    printf("\nMore: man postern-%s\n", command->name);
}

/* --- all commands --- */

void help_print_commands(void)
{
    printf("Usage: postern COMMAND [OPTIONS] [ARGUMENTS]\n"
           "\n"
           "What a person does with a mail server by hand or by script, over a secured\n"
           "connection.\n"
           "\n"
           "Commands:\n");
    for (const Command *const *c = commands; *c; c++) {
        if (!(*c)->hidden) {
            printf("  %-12s %s\n", (*c)->name, (*c)->summary);
        }
    }
    printf("\n"
           "  postern COMMAND --help    the options of a command\n"
           "  postern help ports        the schemes of server addresses\n"
           "  postern --version\n"
           "\n"
           "More: man postern\n");
}

void help_print_short(void)
{
    fprintf(stderr, "Usage: postern COMMAND [OPTIONS] [ARGUMENTS]\nCommands:");
    for (const Command *const *c = commands; *c; c++) {
        if (!(*c)->hidden) {
            fprintf(stderr, " %s", (*c)->name);
        }
    }
    fprintf(stderr, "\n\"postern help\" says more.\n");
}

void help_print_version(void)
{
    printf("postern %s\n", postern_version);
}

/* --- topics --- */

/* "submissions, smtps, ssmtp" */
static char *names_of(const Scheme *scheme)
{
    GString *names = g_string_new(scheme->name);
    for (const Scheme *s = target_schemes; s->name; s++) {
        if (s->alias_of && strcmp(s->alias_of, scheme->name) == 0) {
            g_string_append_printf(names, ", %s", s->name);
        }
    }
    return g_string_free(names, FALSE);
}

static void print_schemes(bool mail)
{
    for (const Scheme *s = target_schemes; s->name; s++) {
        if (s->alias_of || s->mail != mail) {
            continue;
        }
        g_autofree char *names = names_of(s);
        g_autofree char *port = s->port ? g_strdup_printf("%u", s->port) : g_strdup("to be given");
        printf("  %-27s %-13s %s\n", names, port, s->tls);
    }
}

static void print_ports(void)
{
    printf("Server addresses: SCHEME://[USER@]HOST[:PORT]\n"
           "\n"
           "  %-27s %-13s %s\n",
           "scheme", "port", "TLS");
    print_schemes(true);
    printf("\nNot mail, to converse with or to check only:\n");
    print_schemes(false);
    printf("\n"
           "HOST is a name, an IPv4 address, or an IPv6 address in brackets: [2001:db8::1].\n"
           "PORT is a number or the name of a service. lmtp:///PATH is a unix socket. Some\n"
           "servers have ircs on its port of old, 994. A password never stands in an\n"
           "address: see \"Passwords\" in postern(1).\n");
}

static const struct {
    const char *name;
    void (*print)(void);
} topics[] = {
    {"ports", print_ports},
};

static bool fail_unknown(const char *name, bool with_topics, GError **error)
{
    Nearest near = {.word = name};
    for (const Command *const *c = commands; *c; c++) {
        nearest_offer(&near, (*c)->name);
    }
    for (size_t i = 0; with_topics && i < G_N_ELEMENTS(topics); i++) {
        nearest_offer(&near, topics[i].name);
    }
    g_autofree char *shown = escape_line_max(bytes_of(name), 40);
    if (near.best) {
        return error_fail(error, POSTERN_ERROR_USAGE, "unknown command \"%s\"; did you mean %s?",
                          shown, near.best);
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "unknown command \"%s\"; \"postern help\" lists those there are", shown);
}

static const Command *find(const char *name)
{
    for (const Command *const *c = commands; *c; c++) {
        if (strcmp((*c)->name, name) == 0) {
            return *c;
        }
    }
    return NULL;
}

const Command *help_find_command(const char *name, GError **error)
{
    const Command *command = find(name);
    if (!command) {
        fail_unknown(name, false, error);
    }
    return command;
}

/* A command or a topic. */
static bool print_about(const char *name, GError **error)
{
    const Command *command = find(name);
    if (command) {
        help_print_command(command);
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(topics); i++) {
        if (strcmp(topics[i].name, name) == 0) {
            topics[i].print();
            return true;
        }
    }
    return fail_unknown(name, true, error);
}

static int run(void *values, char **args)
{
    (void)values;
    if (!args[0]) {
        help_print_commands();
        return 0;
    }
    for (char **name = args; *name; name++) {
        GError *error = NULL;
        if (!print_about(*name, &error)) {
            return command_fail(error);
        }
    }
    return 0;
}

static const Option no_options[] = {{NULL}};

const Command cmd_help = {
    .name = "help",
    .summary = "explain a command, or list all of them",
    .arguments = "[COMMAND|ports]",
    .words = "COMMAND|ports",
    .text = "Prints the options of COMMAND, as \"postern COMMAND --help\" does; without\n"
            "one, the list of commands. \"postern help ports\" prints the schemes of server\n"
            "addresses with their ports.",
    .options = no_options,
    .run = run,
};
