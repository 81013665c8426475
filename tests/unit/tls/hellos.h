/* hellos.h: answers of servers nobody can start any more, put together octet by octet. */
#pragma once

#include <string.h>

#include "tls/hello.h"

static inline void hello_put(GByteArray *out, const char *hex)
{
    g_autoptr(GByteArray) octets = bytes_from_hex(bytes_of(hex));
    g_assert_nonnull(octets);
    g_byte_array_append(out, octets->data, octets->len);
}

static inline GByteArray *hello_octets(const char *hex)
{
    GByteArray *out = g_byte_array_new();
    hello_put(out, hex);
    return out;
}

static inline void hello_put_number(GByteArray *out, size_t value, unsigned width)
{
    while (width--) {
        uint8_t octet = (uint8_t)(value >> (8 * width));
        g_byte_array_append(out, &octet, 1);
    }
}

/* One record of one message of a handshake. */
static inline void hello_put_message(GByteArray *out, uint16_t version, uint8_t type, Bytes body)
{
    hello_put_number(out, 22, 1);
    hello_put_number(out, version, 2);
    hello_put_number(out, body.len + 4, 2);
    hello_put_number(out, type, 1);
    hello_put_number(out, body.len, 3);
    g_byte_array_append(out, (const uint8_t *)body.data, (guint)body.len);
}

typedef struct {
    uint16_t version, suite;
    const char *extensions; /* hex, or NULL */
    const char *random;     /* hex of 32 octets, or NULL */
    uint8_t compression;
    const char *key_exchange; /* hex, or NULL: none */
    const char *status;       /* hex of a CertificateStatus, or NULL */
    bool no_certificate, unfinished;
} CannedHello;

static inline void hello_put_server_hello(GByteArray *out, const CannedHello *c)
{
    g_autoptr(GByteArray) body = g_byte_array_new();
    hello_put_number(body, c->version, 2);
    hello_put(body, c->random ? c->random
                              : "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    hello_put(body, "04 aabbccdd");
    hello_put_number(body, c->suite, 2);
    hello_put_number(body, c->compression, 1);
    if (c->extensions) {
        g_autoptr(GByteArray) extensions = hello_octets(c->extensions);
        hello_put_number(body, extensions->len, 2);
        g_byte_array_append(body, extensions->data, extensions->len);
    }
    hello_put_message(out, c->version, 2, bytes_of_array(body));
}

/* A whole flight: ServerHello, a chain of the "certificates" 0xc1 and 0xc2c2, what is asked for,
 * ServerHelloDone. */
static inline GByteArray *hello_canned(const CannedHello *c)
{
    GByteArray *out = g_byte_array_new();
    hello_put_server_hello(out, c);
    if (!c->no_certificate) {
        g_autoptr(GByteArray) chain = hello_octets("000009 000001 c1 000002 c2c2");
        hello_put_message(out, c->version, 11, bytes_of_array(chain));
    }
    if (c->status) {
        g_autoptr(GByteArray) status = hello_octets(c->status);
        hello_put_message(out, c->version, 22, bytes_of_array(status));
    }
    if (c->key_exchange) {
        g_autoptr(GByteArray) exchange = hello_octets(c->key_exchange);
        hello_put_message(out, c->version, 12, bytes_of_array(exchange));
    }
    if (!c->unfinished) {
        hello_put_message(out, c->version, 14, BYTES_NONE);
    }
    return out;
}
