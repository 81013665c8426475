/* wrap.h: text in lines that fit. Pure. */
#pragma once

#include <stddef.h>

/* Breaks lines of more than `columns` columns at blanks. What goes on stands below where the text
 * of a table's row begins (behind two blanks or more), else four columns further in than its line.
 * A word that is too long stays whole: fingerprints and addresses are there to be copied. The
 * caller frees it. */
char *wrap_text(const char *text, size_t columns);
