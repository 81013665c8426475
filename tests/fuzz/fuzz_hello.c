/* What a server may answer to a ClientHello. The first octet says how large the pieces are in which
 * it comes; the facts must not depend on it. */
#include <string.h>

#include "tls/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static HelloReader *read_in_pieces(Bytes all, size_t piece)
{
    HelloReader *r = hello_reader_new();
    HelloKind kind = HELLO_MORE;
    for (size_t at = 0; at < all.len && kind == HELLO_MORE; at += piece) {
        kind = hello_reader_feed(r, bytes_sub(all, at, piece));
    }
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    Bytes all = {(const char *)data + 1, size - 1};
    g_autoptr(HelloReader) whole = read_in_pieces(all, size);
    g_autoptr(HelloReader) pieces = read_in_pieces(all, 1 + data[0] % 64);
    const HelloAnswer *a = hello_reader_answer(whole), *b = hello_reader_answer(pieces);
    g_assert_cmpint(a->kind, ==, b->kind);
    g_assert_cmpuint(a->version, ==, b->version);
    g_assert_cmpuint(a->suite, ==, b->suite);
    g_assert_cmpuint(a->group, ==, b->group);
    g_assert_cmpint(a->dh_bits, ==, b->dh_bits);
    g_assert_cmpuint(a->certificates->len, ==, b->certificates->len);
    g_assert_true(a->chosen || (a->kind != HELLO_SERVER && a->kind != HELLO_RETRY));
    return 0;
}
