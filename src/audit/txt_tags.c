/* txt_tags.c: TXT records that are lists of tags. */
#include "audit/txt_tags.h"

#include <string.h>

static bool take(Bytes *rest, char separator, Bytes *piece)
{
    if (rest->len == 0) {
        return false;
    }
    gssize at = bytes_index(*rest, separator);
    *piece = bytes_sub(*rest, 0, at < 0 ? rest->len : (size_t)at);
    *rest = at < 0 ? BYTES_NONE : bytes_sub(*rest, (size_t)at + 1, rest->len);
    return true;
}

bool txt_next_line(Bytes *rest, Bytes *line)
{
    if (!take(rest, '\n', line)) {
        return false;
    }
    if (line->len > 0 && line->data[line->len - 1] == '\r') {
        line->len--;
    }
    return true;
}

bool txt_next_tag(Bytes *rest, TxtTag *tag)
{
    Bytes piece;
    while (take(rest, ';', &piece)) {
        piece = bytes_trim(piece);
        if (piece.len == 0) {
            continue;
        }
        gssize equals = bytes_index(piece, '=');
        tag->name = equals < 0 ? piece : bytes_trim(bytes_sub(piece, 0, (size_t)equals));
        tag->value =
            equals < 0 ? BYTES_NONE : bytes_trim(bytes_sub(piece, (size_t)equals + 1, piece.len));
        return true;
    }
    return false;
}

unsigned txt_records(Bytes text, const char *version, Bytes *ret_record)
{
    unsigned count = 0;
    size_t len = strlen(version);
    for (Bytes line; txt_next_line(&text, &line);) {
        if (!bytes_starts(line, version)) {
            continue;
        }
        Bytes behind = bytes_trim(bytes_sub(line, len, line.len));
        if (behind.len > 0 && behind.data[0] != ';') {
            continue; /* "v=STSv10" is another version */
        }
        if (count++ == 0) {
            *ret_record = line;
        }
    }
    return count;
}
