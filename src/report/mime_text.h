/* mime_text.h: a message for people: its headers, its tree, its defects. Everything is escaped. */
#pragma once

#include "mime/tree.h"

/* From, To, Subject and their kin, one a line; all of them with `all`. The caller frees it. */
char *mime_text_headers(const MimeTree *tree, bool all);
/* The tree: section, type, size, encoding, name, what it is. The caller frees it. */
char *mime_text_tree(const MimeTree *tree);
/* What is broken, one a line, indented; "" when nothing is. The caller frees it. */
char *mime_text_defects(const MimeTree *tree, const char *words);
/* "1,234 octets". The caller frees it. */
char *mime_text_octets(uint64_t n);
