/* plan.h: what is demanded of TLS: policy, apart from any connection.
 *
 * Fill a TlsPlan, keep it as long as engines made of it live. It owns nothing: strings and lists
 * are borrowed from whoever fills it (the command line, an account). All-zero is a good plan: TLS
 * required, verified against the system's trust store. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"

typedef enum {
    TLS_REQUIRED = 0,
    TLS_OPPORTUNISTIC, /* plaintext if the server has no TLS; a failed verification is told, not
                          fatal */
    TLS_OFF,           /* plaintext until somebody asks for the upgrade */
} TlsDemand;

typedef enum {
    TLS_VERSION_ANY = 0,
    TLS_1_0 = 0x0301,
    TLS_1_1 = 0x0302,
    TLS_1_2 = 0x0303,
    TLS_1_3 = 0x0304
} TlsVersion;

/* One TLSA record (RFC 6698) from a validated answer. */
typedef struct {
    uint8_t usage, selector, matching;
    GBytes *data;
} TlsaRecord;

typedef struct TlsSession TlsSession; /* see engine.h */

/* Asks for the passphrase of a key file; NULL when there is none to be had. */
typedef Secret *(*TlsAskPassphrase)(void *user, const char *file);

typedef struct {
    TlsDemand demand;
    bool no_verify;      /* danger: any certificate will do. Told in every transcript and report */
    TlsVersion min, max; /* ANY: 1.2 up to the library's best */
    const char *ciphers; /* OpenSSL's syntax; names of TLS 1.3 suites are recognised and go where
                            they belong */
    const char *groups;  /* "X25519:P-256" */
    const char *signatures; /* "RSA-PSS+SHA256:ECDSA+SHA256": the schemes that the server may sign
                               with, and so which kind of certificate it shows; NULL: OpenSSL's own
                             */
    const char *ca_file, *ca_path; /* instead of the system's trust store */
    const char *const *pins; /* NULL-terminated "sha256:HEX": certificate or public key of the leaf,
                                instead of PKIX */
    bool dane;               /* DANE is demanded: without usable TLSA records the session fails */
    const GPtrArray *tlsa;   /* of TlsaRecord, from a validated answer; used when dane */
    const char
        *tlsa_base; /* the TLSA base domain, the name DANE-TA certificates must bear (RFC 7671) */
    const char *tlsa_alt_name; /* the host's name after validated CNAMEs, another acceptable one;
                                  may be NULL */
    bool tlsa_without_pkix; /* usages 0 and 1 count as unusable, as between mail servers (RFC 7672
                               section 3.1.3) */
    const char *client_cert,
        *client_key; /* PEM, or PKCS#12 in client_cert; pkcs11: is refused by name */
    TlsAskPassphrase ask_passphrase;
    void *ask_user;
    const char *sni;         /* NULL: the host name; "" : none */
    const char *const *alpn; /* NULL-terminated; may be NULL */
    const char *keylog_file; /* SSLKEYLOGFILE; appended to */
    TlsSession *resume;      /* borrowed; may be NULL */
    bool scts;               /* asks for certificate timestamps (RFC 6962); they are counted */
    bool no_ticket;          /* asks for no ticket below TLS 1.3: resumption by id only */
    bool trace;              /* handshake messages go to the trace function */
    void (*trace_line)(void *user, const char *line);
    void *trace_user;
} TlsPlan;

/* Checks what can be checked without a connection: versions, ciphers, groups, pins, files. USAGE,
 * CONFIG, NO_INPUT. */
bool tls_plan_check(const TlsPlan *plan, GError **error);

/* "1.2" -> TLS_1_2. Fails with USAGE, naming the choices. */
bool tls_version_parse(const char *text, TlsVersion *ret, GError **error);
/* "TLS 1.2" */
const char *tls_version_name(TlsVersion version);
/* "required|opportunistic|off". Fails with USAGE. */
bool tls_demand_parse(const char *text, TlsDemand *ret, GError **error);
/* "sha256:HEX", colons in the hex allowed; gives 32 bytes. Fails with USAGE (an MD5 or SHA-1 pin is
 * refused by name). */
bool tls_pin_parse(const char *text, uint8_t ret[32], GError **error);

void tlsa_record_free(TlsaRecord *record);
/* Reads the rdata of one TLSA record; NULL when it is not one. */
TlsaRecord *tlsa_record_parse(Bytes rdata);
