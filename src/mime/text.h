/* text.h: a part as text for people: UTF-8, HTML reduced. */
#pragma once

#include "mime/tree.h"

/* Gives the leaf's text to the sink in pieces, in constant memory; lines end in LF, those
 * of format=flowed are joined (RFC 3676). A part that is no text gives nothing. */
bool mime_text_read(const MimeTree *tree, const MimeNode *leaf, MimeSink sink, void *user,
                    GError **error);
/* The parts of a message that are its text, in order: of alternatives the plainest. Borrowed nodes;
 * the caller unrefs it. */
GPtrArray *mime_text_bodies(const MimeTree *tree);
