/* notes.h: what a part is, in words, where its type alone says little: S/MIME, PGP, TNEF,
 * fragments. Pure. */
#pragma once

#include "base/bytes.h"
#include "mime/gmime_load.h"

/* NULL when there is nothing to say. `type` is lower-case. The caller frees it. */
char *notes_of_part(const Gmime *g, const char *type, const char *filename, GMimeObject *object);
/* About the beginning of a text: armoured PGP. NULL, or a constant. */
const char *notes_of_text(Bytes beginning);
