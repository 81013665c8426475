/* content.h: the content of a leaf of the tree, piece by piece, in constant memory. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "mime/gmime_load.h"

/* Takes one piece, borrowed for the call. False with an error stops the reading. */
typedef bool (*MimeSink)(void *user, Bytes piece, GError **error);

/* Reads the content of a leaf; `decoded` undoes the transfer encoding, else it comes as it stands
 * in the message. IO when the file it lies in cannot be read. An object that is no leaf, or NULL,
 * is empty. */
bool content_read(const Gmime *g, GMimeObject *leaf, bool decoded, MimeSink sink, void *user,
                  GError **error);

/* How many octets it has as it stands in the message. */
uint64_t content_raw_size(const Gmime *g, GMimeObject *leaf);
/* Does undoing the transfer encoding change nothing? */
bool content_is_plain(const Gmime *g, GMimeObject *leaf);
