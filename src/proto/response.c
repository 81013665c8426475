#include "proto/response.h"

#include "proto/tokens.h"

static bool add(GByteArray *whole, Bytes part, size_t max, GError **error)
{
    if (whole->len + part.len > max) {
        return error_fail(error, POSTERN_ERROR_LIMIT,
                          "the server sent a response of more than %zu octets", max);
    }
    g_byte_array_append(whole, (const uint8_t *)part.data, (guint)part.len);
    return true;
}

bool response_read(Wire *w, size_t max, GByteArray *whole, GError **error)
{
    Bytes line, literal;
    uint64_t octets;
    bool sync;
    g_byte_array_set_size(whole, 0);
    while (wire_line(w, &line, error)) {
        if (!add(whole, line, max, error)) {
            return false;
        }
        if (!token_literal_announced(line, &octets, &sync)) {
            return true;
        }
        if (!add(whole, BYTES_LITERAL("\r\n"), max, error) ||
            !wire_exact(w, octets, max, &literal, error) || !add(whole, literal, max, error)) {
            return false;
        }
    }
    return false;
}
