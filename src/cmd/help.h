/* help.h: what --help and --version print, for main.c. Internal to cmd/. */
#pragma once

#include "cmd/command.h"

/* `postern COMMAND --help`, on standard output. */
void help_print_command(const Command *command);
/* `postern --help`, on standard output. */
void help_print_commands(void);
/* "postern 1.2.3" and what it runs on. */
void help_print_version(void);
/* What is said when no command was given, on standard error. */
void help_print_short(void);
/* NULL with USAGE, naming the nearest. */
const Command *help_find_command(const char *name, GError **error);
