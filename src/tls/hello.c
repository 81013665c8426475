/* hello.c: writes ClientHellos, SSLv2's and those since SSLv3 (RFC 6101, 2246, 4346, 5246, 8446).
 */
#include "tls/hello.h"

#include <string.h>

#include "base/digest.h"

enum {
    SSL2_CLIENT_HELLO = 1,
    CLIENT_HELLO = 1,
    RECORD_HANDSHAKE = 22,
    SSL3 = 0x0300,
    TLS10 = 0x0301,
    TLS13 = 0x0304,
    RENEGOTIATION_SCSV = 0x00ff, /* RFC 5746 section 3.3 */
    FALLBACK_SCSV = 0x5600,      /* RFC 7507 */
    CHALLENGE = 16,
    SESSION_ID_MAX = 32,
};

enum { /* IANA's numbers of extensions */
       EXT_SERVER_NAME = 0,
       EXT_STATUS_REQUEST = 5,
       EXT_GROUPS = 10,
       EXT_POINT_FORMATS = 11,
       EXT_SIGNATURES = 13,
       EXT_HEARTBEAT = 15,
       EXT_ALPN = 16,
       EXT_PADDING = 21,
       EXT_ETM = 22,
       EXT_EMS = 23,
       EXT_TICKET = 35,
       EXT_VERSIONS = 43,
       EXT_KEY_SHARE = 51,
       EXT_RENEGOTIATION_INFO = 0xff01,
};

/* --- putting numbers --- */

static void put(GByteArray *out, const void *data, size_t len)
{
    if (len) {
        g_byte_array_append(out, data, (guint)len);
    }
}

static void put8(GByteArray *out, uint8_t value)
{
    put(out, &value, 1);
}

static void put16(GByteArray *out, uint16_t value)
{
    put8(out, (uint8_t)(value >> 8));
    put8(out, (uint8_t)value);
}

static void put24(GByteArray *out, uint32_t value)
{
    put8(out, (uint8_t)(value >> 16));
    put16(out, (uint16_t)value);
}

/* Room for a length of `width` octets; close_length() fills it in. */
static guint open_length(GByteArray *out, unsigned width)
{
    put(out, "\0\0", MIN(width, 2));
    put(out, "\0", width > 2 ? 1 : 0);
    return out->len;
}

static void close_length(GByteArray *out, guint start, unsigned width)
{
    size_t len = out->len - start;
    for (unsigned i = 0; i < width; i++) {
        out->data[start - 1 - i] = (uint8_t)(len >> (8 * i));
    }
}

static void put_list16(GByteArray *out, const uint16_t *values, size_t n)
{
    guint start = open_length(out, 2);
    for (size_t i = 0; i < n; i++) {
        put16(out, values[i]);
    }
    close_length(out, start, 2);
}

/* --- extensions --- */

static guint open_extension(GByteArray *out, uint16_t type)
{
    put16(out, type);
    return open_length(out, 2);
}

static void put_extension(GByteArray *out, uint16_t type, const void *data, size_t len)
{
    guint start = open_extension(out, type);
    put(out, data, len);
    close_length(out, start, 2);
}

static void put_list_extension(GByteArray *out, uint16_t type, const uint16_t *values, size_t n)
{
    if (n) {
        guint start = open_extension(out, type);
        put_list16(out, values, n);
        close_length(out, start, 2);
    }
}

static void put_server_name(GByteArray *out, const char *name)
{
    guint start = open_extension(out, EXT_SERVER_NAME);
    guint list = open_length(out, 2);
    put8(out, 0); /* host_name */
    guint host = open_length(out, 2);
    put(out, name, strlen(name));
    close_length(out, host, 2);
    close_length(out, list, 2);
    close_length(out, start, 2);
}

static void put_alpn(GByteArray *out, const char *const *names)
{
    guint start = open_extension(out, EXT_ALPN);
    guint list = open_length(out, 2);
    for (; *names; names++) {
        guint name = open_length(out, 1);
        put(out, *names, strlen(*names));
        close_length(out, name, 1);
    }
    close_length(out, list, 2);
    close_length(out, start, 2);
}

static void put_extensions(GByteArray *out, const HelloOffer *offer)
{
    if (offer->server_name) {
        put_server_name(out, offer->server_name);
    }
    if (offer->n_groups) {
        put_list_extension(out, EXT_GROUPS, offer->groups, offer->n_groups);
        put_extension(out, EXT_POINT_FORMATS, "\x01\x00", 2); /* uncompressed */
    }
    put_list_extension(out, EXT_SIGNATURES, offer->signatures, offer->n_signatures);
    if (offer->status_request) {
        put_extension(out, EXT_STATUS_REQUEST, "\x01\0\0\0\0", 5); /* ocsp, nobody in particular */
    }
    if (offer->heartbeat) {
        put_extension(out, EXT_HEARTBEAT, "\x01", 1); /* peer_allowed_to_send */
    }
    if (offer->alpn) {
        put_alpn(out, offer->alpn);
    }
    if (offer->etm) {
        put_extension(out, EXT_ETM, NULL, 0);
    }
    if (offer->ems) {
        put_extension(out, EXT_EMS, NULL, 0);
    }
    if (offer->ticket) {
        put_extension(out, EXT_TICKET, offer->ticket_data.data, offer->ticket_data.len);
    }
    if (offer->renegotiation_info) {
        put_extension(out, EXT_RENEGOTIATION_INFO, "\0", 1);
    }
    if (offer->tls13) {
        put_extension(out, EXT_VERSIONS, "\x02\x03\x04", 3);
        put_extension(out, EXT_KEY_SHARE, "\0\0", 2); /* none: the server has to ask for one */
    }
}

/* A hello of 256 to 511 octets hangs old load balancers of F5's (RFC 7685 section 4). */
static void put_padding(GByteArray *out, guint handshake)
{
    size_t len = out->len - handshake;
    if (len >= 256 && len < 512) {
        static const uint8_t zeros[256];
        put_extension(out, EXT_PADDING, zeros, len + 4 < 512 ? 512 - len - 4 : 0);
    }
}

/* --- hellos --- */

static void put_suites(GByteArray *out, const HelloOffer *offer)
{
    guint start = open_length(out, 2);
    for (size_t i = 0; i < offer->n_suites; i++) {
        put16(out, offer->suites[i]);
    }
    if (offer->renegotiation_info && offer->version <= SSL3) {
        put16(out, RENEGOTIATION_SCSV);
    }
    if (offer->fallback_scsv) {
        put16(out, FALLBACK_SCSV);
    }
    close_length(out, start, 2);
}

static void put_client_hello(GByteArray *out, const HelloOffer *offer, guint handshake)
{
    uint8_t random[32];
    digest_random(random, sizeof random);
    put16(out, offer->version);
    put(out, random, sizeof random);
    size_t id_len = MIN(offer->session_id.len, SESSION_ID_MAX);
    put8(out, (uint8_t)id_len);
    put(out, offer->session_id.data, id_len);
    put_suites(out, offer);
    put(out, offer->compression ? "\x02\x01\x00" : "\x01\x00", offer->compression ? 3 : 2);
    if (offer->version > SSL3) {
        guint start = open_length(out, 2);
        put_extensions(out, offer);
        put_padding(out, handshake);
        if (out->len > start) {
            close_length(out, start, 2);
        } else {
            g_byte_array_set_size(out, start - 2); /* none at all, not an empty list */
        }
    }
}

/* SSL 2.0 draft, section 2.5; the record header of two octets has its first bit set. */
static GByteArray *write_v2(const HelloOffer *offer)
{
    GByteArray *out = g_byte_array_new();
    guint record = open_length(out, 2);
    put8(out, SSL2_CLIENT_HELLO);
    put16(out, 0x0002);
    put16(out, (uint16_t)(3 * offer->n_v2_suites));
    put16(out, 0); /* session id */
    put16(out, CHALLENGE);
    for (size_t i = 0; i < offer->n_v2_suites; i++) {
        put24(out, offer->v2_suites[i]);
    }
    uint8_t challenge[CHALLENGE];
    digest_random(challenge, sizeof challenge);
    put(out, challenge, sizeof challenge);
    close_length(out, record, 2);
    out->data[0] |= 0x80;
    return out;
}

GByteArray *hello_write(const HelloOffer *offer)
{
    if (offer->version == 0x0002) {
        return write_v2(offer);
    }
    GByteArray *out = g_byte_array_new();
    put8(out, RECORD_HANDSHAKE);
    put16(out, MIN(offer->version, TLS10)); /* what the oldest servers want to see */
    guint record = open_length(out, 2);
    put8(out, CLIENT_HELLO);
    guint message = open_length(out, 3);
    put_client_hello(out, offer, record);
    close_length(out, message, 3);
    close_length(out, record, 2);
    return out;
}
