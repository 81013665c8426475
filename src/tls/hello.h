/* hello.h: a raw ClientHello and what comes back, SSLv2 to TLS 1.3, without any cryptography: for
 * the audit, which must see what OpenSSL no longer speaks. TLS 1.3 is recognised by an empty
 * key_share and the HelloRetryRequest (RFC 8446 4.1.4); older versions by reading ServerHello,
 * Certificate and ServerKeyExchange. Pure codecs: bytes in, values out; a fuzz target. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* What to offer. Everything is borrowed; all-zero members are left out. */
typedef struct {
    uint16_t version;       /* 0x0002 for an SSLv2 hello; 0x0300 ... 0x0303; with tls13 0x0303 */
    bool tls13;             /* supported_versions with 1.3 alone, key_share empty */
    const uint16_t *suites; /* or, for SSLv2, its three-byte kinds in `v2_suites` */
    size_t n_suites;
    const uint32_t *v2_suites;
    size_t n_v2_suites;
    const uint16_t *groups;
    size_t n_groups;
    const uint16_t *signatures;
    size_t n_signatures;
    const char *server_name; /* SNI, or NULL */
    const char *const *alpn; /* NULL-terminated, or NULL */
    bool ems, etm, ticket, renegotiation_info, fallback_scsv, status_request, heartbeat,
        compression;
    Bytes session_id;  /* at most 32 */
    Bytes ticket_data; /* with `ticket`: the ticket to resume; else the extension is empty */
} HelloOffer;

/* A record (or SSLv2 record) ready to send, its random fresh. In SSLv3 there are no extensions:
 * what would need one is left out, but for the signalling suite that stands for renegotiation_info.
 * The caller frees it. */
GByteArray *hello_write(const HelloOffer *offer);

typedef enum {
    HELLO_MORE,    /* not enough bytes yet */
    HELLO_SERVER,  /* the server chose: ServerHello and what was asked for behind it is here */
    HELLO_RETRY,   /* TLS 1.3: HelloRetryRequest, so version, suite and group are known */
    HELLO_ALERT,   /* alert_level, alert_description */
    HELLO_SSLV2,   /* an SSLv2 ServerHello */
    HELLO_NOT_TLS, /* something else: `text` begins with it */
} HelloKind;

typedef struct {
    HelloKind kind;
    uint16_t version; /* negotiated, supported_versions considered */
    uint16_t suite;
    uint16_t group;     /* of HelloRetryRequest or an ECDHE ServerKeyExchange; 0 unknown */
    int dh_bits;        /* of a DHE ServerKeyExchange, else 0 */
    GBytes *dh_prime;   /* or NULL */
    uint16_t signature; /* scheme of the ServerKeyExchange (1.2), else 0 */
    uint8_t compression;
    bool ems, etm, ticket, renegotiation_info, heartbeat, status_request, server_name;
    char *alpn;
    size_t session_id_len;
    uint8_t session_id[32];
    uint8_t random[32];
    enum { HELLO_NO_SENTINEL, HELLO_SENTINEL_12, HELLO_SENTINEL_11 } sentinel; /* RFC 8446 4.1.3 */
    GPtrArray *certificates; /* of GBytes: DER, the leaf first; may be empty */
    GBytes *ocsp;            /* CertificateStatus, or NULL */
    GArray *v2_suites;       /* of uint32_t: the SSLv2 server's list, or NULL */
    uint16_t v2_error;       /* SSLV2 without a ServerHello: its error code, else 0 */
    uint8_t alert_level,
        alert_description; /* of the last alert; a warning alone does not end the reading */
    bool alerted;          /* there was one */
    bool chosen; /* a ServerHello (or its kin) was read: version and suite are known, whatever came
                    after */
    bool done;   /* ServerHelloDone was seen */
    bool certificate_asked; /* CertificateRequest was seen */
    bool resumed;           /* below TLS 1.3: ChangeCipherSpec came instead of a certificate */
    Bytes text;             /* NOT_TLS: the first bytes, borrowed from the reader */
} HelloAnswer;

typedef struct HelloReader HelloReader;

/* Reads an answer that comes in pieces; holds at most 256 kB, then NOT_TLS. */
HelloReader *hello_reader_new(void);
void hello_reader_free(HelloReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HelloReader, hello_reader_free)
/* The kind as known after these bytes; SERVER only when the flight is complete (ServerHelloDone; in
 * TLS 1.3 the ServerHello; of a resumed session the ChangeCipherSpec). */
HelloKind hello_reader_feed(HelloReader *reader, Bytes piece);
/* What is known so far (also when the connection ended in the middle). Borrowed until the next
 * call. */
const HelloAnswer *hello_reader_answer(const HelloReader *reader);

/* Takes one whole record (RFC 5246 6.2.1) off the front of *rest. False: not enough yet, *rest as
 * it was. */
bool hello_record(Bytes *rest, uint8_t *type, Bytes *body);

/* SSLv2's ciphers have names of their own: "SSL_CK_RC4_128_WITH_MD5"; NULL when unknown. All of
 * them: hello_v2_suites. */
typedef struct {
    uint32_t id;
    const char *name;
    int bits;
} HelloV2Suite;
extern const HelloV2Suite hello_v2_suites[]; /* ended by a row without a name */

/* Names and properties of everything a hello can carry: one table each, ended by a row with name
 * NULL. */
typedef enum {
    SUITE_KX_RSA,
    SUITE_KX_DHE,
    SUITE_KX_ECDHE,
    SUITE_KX_DH,
    SUITE_KX_ECDH,
    SUITE_KX_ANON,
    SUITE_KX_PSK,
    SUITE_KX_KRB5,
    SUITE_KX_TLS13,
    SUITE_KX_OTHER
} SuiteKeyExchange;
typedef struct {
    uint16_t id;
    const char *name;         /* IANA's */
    const char *openssl_name; /* or NULL */
    SuiteKeyExchange key_exchange;
    bool anonymous, export_grade, null_cipher, rc4, des, triple_des, cbc, aead;
    const char *auth; /* "RSA", "ECDSA", "DSS", "any", "none" */
    int bits;         /* of the cipher */
    const char *mac;  /* "AEAD", "SHA1", "MD5", "SHA256", "SHA384" */
} Suite;
extern const Suite hello_suites[];
const Suite *hello_suite(uint16_t id);

typedef struct {
    uint16_t id;
    const char *name;
    int bits;    /* security bits, classical */
    bool hybrid; /* post-quantum hybrid, X25519MLKEM768 and kin */
} HelloName;
extern const HelloName hello_groups[], hello_signatures[];
const HelloName *hello_group(uint16_t id);
const HelloName *hello_signature(uint16_t id);
/* "handshake_failure"; NULL when unknown. */
const char *hello_alert_name(uint8_t description);
