/* command.h: one row a verb. A command's file ends in its own `const Command cmd_NAME`; main.c
 * lists it. */
#pragma once

#include "cmd/options.h"

typedef struct Command {
    const char *name;
    const char *summary;   /* for `postern help` */
    const char *arguments; /* "URL [COMMAND...]" */
    const char *words;     /* what the first argument may be, for the completions: "bash|zsh|fish";
                            * COMMAND and     MECH stand for all of those; may be NULL */
    const char *text;      /* a few lines for --help, below the usage line */
    const char *examples;  /* lines for --help; may be NULL */
    const Option *options; /* its own */
    bool connects; /* the options every connecting command has come first: values start with a
                      ConnectOptions */
    size_t values_size;
    /* Gives the exit status. Prints its own errors with command_fail(). */
    int (*run)(void *values, char **args);
    /* Instead: a command line of its own kind; argv[0] is the command's name. May be NULL. */
    int (*run_words)(char **argv);
    bool hidden;
} Command;

/* Ended by NULL; the most needed first. In main.c. */
extern const Command *const commands[];

/* Prints "postern: MESSAGE" to standard error (escaped, wrapped lines indented) and gives the exit
 * status. Frees error. */
int command_fail(GError *error);
/* The value of --version. */
extern const char postern_version[];
