/* talk_edit.h: libedit, loaded when a person sits at a terminal: every other run does without it
 * and the three libraries that it brings. A function is called through the table:
 * `edit()->el_gets()`. */
#pragma once

#include <glib.h>
#include <histedit.h>
#include <stdbool.h>

#include "base/library.h"

#define LIBEDIT_FUNCTIONS(X)                                                                       \
    X(el_init)                                                                                     \
    X(el_end)                                                                                      \
    X(el_set)                                                                                      \
    X(el_wset)                                                                                     \
    X(el_get)                                                                                      \
    X(el_gets)                                                                                     \
    X(el_line)                                                                                     \
    X(el_wline)                                                                                    \
    X(el_insertstr)                                                                                \
    X(el_reset)                                                                                    \
    X(el_resize)                                                                                   \
    X(el_source)                                                                                   \
    X(history)                                                                                     \
    X(history_init)                                                                                \
    X(history_end)

typedef struct {
    LIBEDIT_FUNCTIONS(LIBRARY_MEMBER)
    LibraryOnce once;
} Libedit;

/* Loads it. CONFIG when it is missing. */
bool edit_load(GError **error);
/* The table, once edit_load() has succeeded; it lives as long as the process. */
const Libedit *edit(void);
