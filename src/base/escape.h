/* escape.h: what a peer says, made safe to show on a terminal.
 *
 * Control characters (C0 but tab, DEL, C1), bytes that are not UTF-8, and the Unicode characters
 * that reorder or hide text (bidi controls, zero width) come out as \xHH or \u{HHHH}; everything
 * else stays as it is. */
#pragma once

#include "base/bytes.h"

/* One line of text: CR and LF are escaped too (\r \n). The caller frees it. */
char *escape_line(Bytes b);
/* Several lines: LF stays, CR before LF is dropped, everything else as above. The caller frees it.
 */
char *escape_text(Bytes b);
/* As escape_line, but at most max_chars characters are shown and the rest is told as "... (+N
 * bytes)". */
char *escape_line_max(Bytes b, size_t max_chars);
/* Quotes for a POSIX shell so that it can be pasted. The caller frees it. */
char *escape_shell(const char *word);
