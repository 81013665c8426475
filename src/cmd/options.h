/* options.h: command-line options as tables, so that --help, the completions and the test against
 * the man pages all read the same rows. Values land in a struct by offset; nothing is global. */
#pragma once

#include "base/error.h"

typedef enum {
    OPTION_BOOL,   /* bool */
    OPTION_INT,    /* int */
    OPTION_DOUBLE, /* double: seconds */
    OPTION_STRING, /* char* */
    OPTION_FILE,   /* char*; completes file names */
    OPTION_LIST,   /* char**: repeatable */
    OPTION_CHOICE, /* char*; `choices` says which */
} OptionKind;

typedef struct {
    const char *name; /* "tls-min"; NULL ends a table */
    char letter;      /* 'v' or 0 */
    OptionKind kind;
    size_t offset;        /* into the values struct */
    const char *argument; /* "FILE", or NULL */
    const char *help;     /* one line */
    const char *choices;  /* "required|opportunistic|off", or NULL */
} Option;

/* Parses argv (argv[0] is the command's name) by the tables (NULL-terminated list); what is not an
 * option is left in *ret_args (the caller g_strfreev()s it). "--" ends options. An option given
 * twice that is not a LIST: the last wins. Fails with USAGE, naming the nearest option to one it
 * does not know. *ret_help is set when --help was asked for. */
bool options_parse(const Option *const *tables, void *values, char **argv, char ***ret_args,
                   bool *ret_help, GError **error);
/* Frees the strings and lists that options_parse put into values. */
void options_clear(const Option *const *tables, void *values);
/* The block of option lines for --help. The caller frees it. */
char *options_help(const Option *table);
/* What is set in `values` as words of a command line that sets it again ("--name=value"); file
 * names are made absolute. Options named in `without` (NULL-terminated) are left out.
 * g_strfreev(). */
char **options_words(const Option *const *tables, const void *values, const char *const *without);
