/* defects.h: what is broken in a message, in words that say how it was read. */
#pragma once

#include "mime/tree.h"

/* Words for a warning of GMime's parser; offset is where in the input, item what it is about (may
 * be NULL). NULL when it is none worth telling. The caller frees it. */
char *defects_of_warning(GMimeParserWarning code, gint64 offset, const char *item);
/* Looks into the raw content of a leaf and adds what it finds to the tree. */
bool defects_check_leaf(MimeTree *tree, const MimeNode *leaf, GError **error);
/* What is missing or doubled among the headers. */
void defects_check_headers(MimeTree *tree);
