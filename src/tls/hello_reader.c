/* hello_reader.c: reads what comes back on a ClientHello: records, the messages in them, and what
 * those say. */
#include "tls/hello.h"

#include <string.h>

enum {
    HELD_MAX = 256 * 1024,
    CERTIFICATES_MAX = 64,
    SHOWN_MAX = 64,
};

enum {
    RECORD_CCS = 20,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    RECORD_DATA = 23,
    RECORD_HEARTBEAT = 24
};
enum {
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    CERTIFICATE_REQUEST = 13,
    SERVER_HELLO_DONE = 14,
    CERTIFICATE_STATUS = 22
};
enum { V2_ERROR = 0, V2_SERVER_HELLO = 4 };
enum { TLS12 = 0x0303, TLS13 = 0x0304 };
enum { CLOSE_NOTIFY = 0, ALERT_WARNING = 1 };

struct HelloReader {
    GByteArray *raw;      /* as it came, from the first record that is not complete */
    GByteArray *messages; /* handshake messages, from the first that is not complete */
    size_t held;          /* octets taken in, all told */
    bool any_record;
    HelloAnswer answer;
};

HelloReader *hello_reader_new(void)
{
    HelloReader *r = g_new0(HelloReader, 1);
    r->raw = g_byte_array_new();
    r->messages = g_byte_array_new();
    r->answer.certificates = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    return r;
}

void hello_reader_free(HelloReader *r)
{
    if (!r) {
        return;
    }
    g_byte_array_unref(r->raw);
    g_byte_array_unref(r->messages);
    g_ptr_array_unref(r->answer.certificates);
    g_clear_pointer(&r->answer.dh_prime, g_bytes_unref);
    g_clear_pointer(&r->answer.ocsp, g_bytes_unref);
    g_clear_pointer(&r->answer.v2_suites, g_array_unref);
    g_free(r->answer.alpn);
    g_free(r);
}

const HelloAnswer *hello_reader_answer(const HelloReader *r)
{
    return &r->answer;
}

/* --- taking numbers off the front: a run too short gives zero and marks itself as broken --- */

typedef struct {
    Bytes rest;
    bool broken;
} Cursor;

static Bytes take(Cursor *c, size_t len)
{
    if (c->rest.len < len) {
        c->broken = true;
        c->rest = BYTES_NONE;
        return (Bytes){"", 0}; /* never NULL: it goes to memcpy() */
    }
    Bytes taken = bytes_sub(c->rest, 0, len);
    c->rest = bytes_sub(c->rest, len, c->rest.len - len);
    return taken;
}

static uint32_t take_number(Cursor *c, unsigned width)
{
    Bytes octets = take(c, width);
    uint32_t value = 0;
    for (size_t i = 0; i < octets.len; i++) {
        value = value << 8 | (uint8_t)octets.data[i];
    }
    return value;
}

static Bytes take_vector(Cursor *c, unsigned width)
{
    return take(c, take_number(c, width));
}

static GBytes *keep(Bytes b)
{
    return g_bytes_new(b.data, b.len);
}

/* --- ServerHello (RFC 5246 section 7.4.1.3, RFC 8446 sections 4.1.3 and 4.1.4) --- */

/* SHA-256 of "HelloRetryRequest": a ServerHello with this as its random is one. */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

static void read_alpn(HelloAnswer *a, Bytes body)
{
    Cursor c = {body, false};
    take_number(&c, 2);
    Bytes name = take_vector(&c, 1);
    if (!c.broken) {
        g_free(a->alpn);
        a->alpn = bytes_dup(name);
    }
}

static void read_version(HelloAnswer *a, Bytes body)
{
    Cursor c = {body, false};
    uint16_t version = (uint16_t)take_number(&c, 2);
    a->version = c.broken ? a->version : version;
}

static void read_key_share(HelloAnswer *a, Bytes body)
{
    Cursor c = {body, false};
    a->group = (uint16_t)take_number(&c, 2);
}

static void read_extension(HelloAnswer *a, uint32_t type, Bytes body)
{
    static const struct {
        uint16_t type;
        size_t member; /* of a bool, true when the extension is there */
        void (*read)(HelloAnswer *a, Bytes body);
    } rows[] = {
        {0, offsetof(HelloAnswer, server_name), NULL},
        {5, offsetof(HelloAnswer, status_request), NULL},
        {15, offsetof(HelloAnswer, heartbeat), NULL},
        {16, 0, read_alpn},
        {22, offsetof(HelloAnswer, etm), NULL},
        {23, offsetof(HelloAnswer, ems), NULL},
        {35, offsetof(HelloAnswer, ticket), NULL},
        {43, 0, read_version},
        {51, 0, read_key_share},
        {0xff01, offsetof(HelloAnswer, renegotiation_info), NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].type == type && rows[i].read) {
            rows[i].read(a, body);
        } else if (rows[i].type == type) {
            *(bool *)((char *)a + rows[i].member) = true;
        }
    }
}

static void read_sentinel(HelloAnswer *a)
{
    const uint8_t *tail = a->random + 24;
    if (!memcmp(tail, "DOWNGRD", 7) && tail[7] <= 1) {
        a->sentinel = tail[7] ? HELLO_SENTINEL_12 : HELLO_SENTINEL_11;
    }
}

static HelloKind read_server_hello(HelloReader *r, Bytes body)
{
    HelloAnswer *a = &r->answer;
    Cursor c = {body, false};
    uint16_t version = (uint16_t)take_number(&c, 2);
    Bytes random = take(&c, 32);
    Bytes id = take_vector(&c, 1);
    uint16_t suite = (uint16_t)take_number(&c, 2);
    uint8_t compression = (uint8_t)take_number(&c, 1);
    if (c.broken || a->chosen || version >> 8 != 3) {
        return HELLO_NOT_TLS;
    }
    a->version = version;
    a->suite = suite;
    a->compression = compression;
    a->session_id_len = id.len;
    memcpy(a->session_id, id.data, MIN(id.len, sizeof a->session_id));
    a->chosen = true;
    memcpy(a->random, random.data, sizeof a->random);
    read_sentinel(a);
    Cursor extensions = {take_vector(&c, c.rest.len ? 2 : 0), false};
    while (extensions.rest.len && !c.broken) {
        uint32_t type = take_number(&extensions, 2);
        Bytes extension = take_vector(&extensions, 2);
        if (!extensions.broken) {
            read_extension(a, type, extension);
        }
    }
    bool retry = !memcmp(a->random, retry_random, sizeof retry_random);
    return retry ? HELLO_RETRY : a->version >= TLS13 ? HELLO_SERVER : HELLO_MORE;
}

/* --- what comes behind it, below TLS 1.3 --- */

static void read_certificate(HelloAnswer *a, Bytes body)
{
    Cursor outer = {body, false};
    Cursor c = {take_vector(&outer, 3), false};
    while (c.rest.len && !c.broken && a->certificates->len < CERTIFICATES_MAX) {
        Bytes der = take_vector(&c, 3);
        if (!c.broken) {
            g_ptr_array_add(a->certificates, keep(der));
        }
    }
}

/* RFC 6066 section 8 */
static void read_status(HelloAnswer *a, Bytes body)
{
    Cursor c = {body, false};
    uint32_t type = take_number(&c, 1);
    Bytes response = take_vector(&c, 3);
    if (!c.broken && type == 1 && !a->ocsp) {
        a->ocsp = keep(response);
    }
}

static int bits_of(Bytes number)
{
    while (number.len && !number.data[0]) {
        number = bytes_sub(number, 1, number.len - 1);
    }
    int bits = (int)number.len * 8;
    for (uint8_t top = number.len ? (uint8_t)number.data[0] : 0x80; !(top & 0x80);
         top = (uint8_t)(top << 1)) {
        bits--;
    }
    return bits;
}

static bool is_elliptic(const Suite *suite)
{
    return suite->key_exchange == SUITE_KX_ECDHE || g_str_has_prefix(suite->name, "TLS_ECDH_anon");
}

static void read_signature(HelloAnswer *a, Cursor *c, const Suite *suite)
{
    if (a->version == TLS12 && !suite->anonymous && c->rest.len >= 2) {
        a->signature = (uint16_t)take_number(c, 2);
    }
}

/* RFC 8422 section 5.4: a named curve; explicit ones stay unknown. */
static void read_ecdhe(HelloAnswer *a, Cursor *c, const Suite *suite)
{
    enum { NAMED_CURVE = 3 };
    if (take_number(c, 1) != NAMED_CURVE) {
        return;
    }
    uint16_t group = (uint16_t)take_number(c, 2);
    take_vector(c, 1);
    if (!c->broken) {
        a->group = group;
        read_signature(a, c, suite);
    }
}

/* RFC 5246 section 7.4.3 */
static void read_dhe(HelloAnswer *a, Cursor *c, const Suite *suite)
{
    Bytes prime = take_vector(c, 2);
    take_vector(c, 2);
    take_vector(c, 2);
    if (!c->broken && !a->dh_prime) {
        a->dh_prime = keep(prime);
        a->dh_bits = bits_of(prime);
        read_signature(a, c, suite);
    }
}

static void read_key_exchange(HelloAnswer *a, Bytes body)
{
    const Suite *suite = hello_suite(a->suite);
    Cursor c = {body, false};
    if (!suite) {
        return;
    }
    if (is_elliptic(suite)) {
        read_ecdhe(a, &c, suite);
    } else if (suite->key_exchange == SUITE_KX_DHE || suite->key_exchange == SUITE_KX_ANON) {
        read_dhe(a, &c, suite);
    }
}

static HelloKind read_message(HelloReader *r, uint8_t type, Bytes body)
{
    HelloAnswer *a = &r->answer;
    if (type == SERVER_HELLO) {
        return read_server_hello(r, body);
    }
    if (!a->chosen) {
        return type == 0 ? HELLO_MORE : HELLO_NOT_TLS; /* HelloRequest may come at any time */
    }
    if (type == CERTIFICATE) {
        read_certificate(a, body);
    } else if (type == CERTIFICATE_STATUS) {
        read_status(a, body);
    } else if (type == SERVER_KEY_EXCHANGE) {
        read_key_exchange(a, body);
    } else if (type == CERTIFICATE_REQUEST) {
        a->certificate_asked = true;
    } else if (type == SERVER_HELLO_DONE) {
        a->done = true;
        return HELLO_SERVER;
    }
    return HELLO_MORE;
}

/* Messages may share a record, or be spread over several. */
static HelloKind read_messages(HelloReader *r, Bytes more)
{
    g_byte_array_append(r->messages, (const uint8_t *)more.data, (guint)more.len);
    Cursor c = {bytes_of_array(r->messages), false};
    HelloKind kind = HELLO_MORE;
    while (kind == HELLO_MORE && c.rest.len >= 4) {
        Cursor message = c;
        uint8_t type = (uint8_t)take_number(&message, 1);
        uint32_t len = take_number(&message, 3);
        if (len > HELD_MAX) {
            return HELLO_NOT_TLS;
        }
        Bytes body = take(&message, len);
        if (message.broken) {
            break; /* not all of it is there */
        }
        c = message;
        kind = read_message(r, type, body);
    }
    g_byte_array_remove_range(r->messages, 0, (guint)(r->messages->len - c.rest.len));
    return kind;
}

/* --- records --- */

bool hello_record(Bytes *rest, uint8_t *type, Bytes *body)
{
    Cursor c = {*rest, false};
    uint32_t kind = take_number(&c, 1);
    take_number(&c, 2);
    Bytes content = take_vector(&c, 2);
    if (c.broken) {
        return false;
    }
    *type = (uint8_t)kind;
    *body = content;
    *rest = c.rest;
    return true;
}

static HelloKind read_alert(HelloAnswer *a, Bytes body)
{
    if (body.len != 2) {
        return HELLO_NOT_TLS;
    }
    a->alerted = true;
    a->alert_level = (uint8_t)body.data[0];
    a->alert_description = (uint8_t)body.data[1];
    /* unrecognized_name as a warning is followed by a ServerHello (RFC 6066 section 3) */
    bool goes_on = a->alert_level == ALERT_WARNING && a->alert_description != CLOSE_NOTIFY;
    return goes_on ? HELLO_MORE : HELLO_ALERT;
}

static HelloKind read_record(HelloReader *r, uint8_t type, Bytes body)
{
    switch (type) {
    case RECORD_ALERT:
        return read_alert(&r->answer, body);
    case RECORD_HANDSHAKE:
        return read_messages(r, body);
    case RECORD_CCS: /* a resumed session; or for the sake of middleboxes (RFC 8446 D.4) */
        r->answer.resumed = r->answer.chosen && !r->answer.certificates->len;
        return r->answer.resumed ? HELLO_SERVER : HELLO_MORE;
    case RECORD_HEARTBEAT:
        return HELLO_MORE;
    default:
        return HELLO_NOT_TLS;
    }
}

/* --- SSLv2 (draft, section 2.6) --- */

static HelloKind read_v2_hello(HelloAnswer *a, Cursor *c)
{
    take_number(c, 2); /* session id hit, certificate type */
    uint16_t version = (uint16_t)take_number(c, 2);
    uint32_t certificate_len = take_number(c, 2);
    uint32_t suites_len = take_number(c, 2);
    uint32_t id_len = take_number(c, 2);
    Bytes certificate = take(c, certificate_len);
    Cursor suites = {take(c, suites_len), false};
    take(c, id_len);
    if (c->broken) {
        return HELLO_NOT_TLS;
    }
    a->version = version;
    a->chosen = true;
    if (certificate.len) {
        g_ptr_array_add(a->certificates, keep(certificate));
    }
    a->v2_suites = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    while (suites.rest.len >= 3) {
        uint32_t suite = take_number(&suites, 3);
        g_array_append_val(a->v2_suites, suite);
    }
    return HELLO_SSLV2;
}

static HelloKind read_v2(HelloReader *r)
{
    HelloAnswer *a = &r->answer;
    Cursor c = {bytes_of_array(r->raw), false};
    uint32_t header = take_number(&c, 2);
    bool padded = !(header & 0x8000);
    uint32_t len = header & (padded ? 0x3fff : 0x7fff);
    take_number(&c, padded ? 1 : 0);
    Cursor record = {take(&c, len), false};
    if (c.broken) {
        return HELLO_MORE;
    }
    uint32_t type = take_number(&record, 1);
    if (type == V2_SERVER_HELLO) {
        return read_v2_hello(a, &record);
    }
    a->v2_error = (uint16_t)take_number(&record, 2);
    return record.broken ? HELLO_NOT_TLS : HELLO_SSLV2;
}

/* --- which of them it is --- */

/* 0: not enough octets to tell; 1: TLS records; 2: an SSLv2 record; -1: neither. */
static int sort_of(Bytes b)
{
    const uint8_t *p = (const uint8_t *)b.data;
    if (!b.len) {
        return 0;
    }
    if (p[0] >= RECORD_CCS && p[0] <= RECORD_HEARTBEAT) {
        return b.len < 2 ? 0 : p[1] == 3 ? 1 : -1;
    }
    size_t type_at = p[0] & 0x80 ? 2 : 3;
    bool may_be = p[0] & 0x80 || p[0] < 0x04;
    if (!may_be || b.len <= type_at) {
        return may_be ? 0 : -1;
    }
    size_t len = (size_t)(p[0] & 0x7f) << 8 | p[1];
    return (p[type_at] == V2_SERVER_HELLO && len >= 11) || (p[type_at] == V2_ERROR && len == 3)
               ? 2
               : -1;
}

static HelloKind read_records(HelloReader *r)
{
    HelloKind kind = HELLO_MORE;
    Bytes rest = bytes_of_array(r->raw);
    uint8_t type;
    Bytes body;
    /* What is not a record is so from its first octets on, however much of it has come. */
    while (kind == HELLO_MORE && sort_of(rest) == 1 && hello_record(&rest, &type, &body)) {
        r->any_record = true;
        kind = read_record(r, type, body);
    }
    if (kind == HELLO_MORE) {
        kind = sort_of(rest) < 0 || (r->any_record && sort_of(rest) == 2) ? HELLO_NOT_TLS : kind;
        g_byte_array_remove_range(r->raw, 0, (guint)(r->raw->len - rest.len));
    }
    return kind;
}

static HelloKind read_on(HelloReader *r)
{
    int sort = sort_of(bytes_of_array(r->raw));
    if (sort == 0) {
        return HELLO_MORE;
    }
    if (sort == 1) {
        return read_records(r);
    }
    return sort == 2 && !r->any_record ? read_v2(r) : HELLO_NOT_TLS;
}

HelloKind hello_reader_feed(HelloReader *r, Bytes piece)
{
    HelloAnswer *a = &r->answer;
    if (a->kind != HELLO_MORE) {
        return a->kind;
    }
    size_t taken = MIN(piece.len, HELD_MAX - r->held);
    r->held += taken;
    if (taken) {
        g_byte_array_append(r->raw, (const uint8_t *)piece.data, (guint)taken);
    }
    a->kind = read_on(r);
    if (a->kind == HELLO_MORE && taken < piece.len) {
        a->kind = HELLO_NOT_TLS;
    }
    a->text = bytes_sub(bytes_of_array(r->raw), 0, SHOWN_MAX);
    return a->kind;
}
