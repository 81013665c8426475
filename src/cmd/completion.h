/* completion.h: what the completion scripts of all shells are made from. Internal to cmd/. */
#pragma once

#include <stdio.h>

#include "cmd/command.h"

typedef enum {
    COMPLETE_NOTHING,
    COMPLETE_WORDS,
    COMPLETE_FILES,
    COMPLETE_ACCOUNTS,
    COMPLETE_MECHANISMS
} CompleteKind;

/* What the value of an option may be; for WORDS, o->choices says which. */
CompleteKind completion_kind(const Option *o);
/* The tables of a command, its own first; ended by NULL. Into room for three. */
void completion_tables(const Command *command, const Option *tables[3]);
/* "a|b" -> "a b". The caller frees it. */
char *completion_words(const char *choices);
/* What the first argument of a command may be, separated by blanks; "" when that is not known. The
 * caller frees it. */
char *completion_arguments(const Command *command);
/* The names of all commands, separated by blanks. The caller frees it. */
char *completion_commands(void);
/* Names of schemes with "://", of SASL mechanisms; separated by blanks. The caller frees them. */
char *completion_schemes(void);
char *completion_mechanisms(void);

/* Each prints a whole script. */
void completion_bash(FILE *out);
void completion_zsh(FILE *out);
void completion_fish(FILE *out);
