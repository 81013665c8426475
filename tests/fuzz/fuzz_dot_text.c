/* POP3 multi-line answers: wherever they are cut, the same text comes out of them. */
#include <string.h>

#include "proto/dot_text.h"
#include "proto/pop3_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool in_pieces(Bytes in, size_t step, GString *text)
{
    DotReader reader;
    dot_reader_begin(&reader);
    for (size_t at = 0; at < in.len && !dot_reader_ended(&reader); at += step) {
        Bytes part = bytes_sub(in, at, step), piece;
        while (dot_reader_text(&reader, &part, &piece)) {
            g_string_append_len(text, piece.data, (gssize)piece.len);
        }
    }
    return dot_reader_ended(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes in = {(const char *)data, size};
    g_autoptr(GString) whole = g_string_new(NULL);
    g_autoptr(GString) pieces = g_string_new(NULL);
    bool ended = in_pieces(in, MAX(size, 1), whole);
    g_assert_true(in_pieces(in, size ? data[0] % 7 + 1 : 1, pieces) == ended);
    g_assert_true(bytes_equal(bytes_of_string(whole), bytes_of_string(pieces)));

    uint32_t number;
    Bytes rest, uidl;
    if (pop3_list_line(in, &number, &rest)) {
        g_assert_cmpuint(number, >, 0);
        pop3_list_size(rest);
        g_assert_true(!pop3_list_uidl(rest, &uidl) || uidl.len <= POP3_UIDL_MAX);
    }
    return 0;
}
