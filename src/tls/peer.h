/* peer.h: what was agreed with a TLS peer: plain facts, no verdict but "verified" and why not. Owns
 * all its strings. */
#pragma once

#include "base/bytes.h"
#include "tls/plan.h"

typedef struct {
    char *subject, *issuer;       /* RFC 2253 order, UTF-8, escaped for a terminal */
    char *common_name;            /* or NULL */
    GPtrArray *dns_names;         /* of char*: SAN dNSName */
    GPtrArray *ip_names;          /* of char*: SAN iPAddress */
    GPtrArray *emails;            /* of char*: SAN rfc822Name */
    gint64 not_before, not_after; /* seconds since the epoch */
    char *key_type;               /* "RSA", "EC P-256", "Ed25519" */
    int key_bits;
    char *signature; /* "ecdsa-with-SHA256" */
    char *serial;    /* hex with colons */
    char *sha256, *sha1,
        *md5; /* fingerprints, upper-case hex with colons; md5 is weak and only for old pins */
    char *spki_pin; /* "sha256:HEX" of the SubjectPublicKeyInfo, as --pin takes it */
    bool self_signed, is_ca;
    char *ocsp_url;   /* or NULL */
    bool must_staple; /* RFC 7633 */
    GBytes *der;
} TlsCertificate;

typedef enum { TLS_TRUST_NONE, TLS_TRUST_PKIX, TLS_TRUST_PIN, TLS_TRUST_DANE } TlsTrust;

typedef struct {
    TlsVersion version;
    TlsVersion our_max;    /* what we offered at most: below it the limit was the server's */
    char *cipher;          /* OpenSSL's name */
    char *cipher_standard; /* IANA's name */
    int cipher_bits;
    char *mac;            /* "AEAD", "SHA256" */
    char *group;          /* "X25519", or NULL when there was no exchange of that kind */
    int group_bits;       /* bits of the temporary key */
    char *key_exchange;   /* "ECDHE", "DHE", "RSA" */
    char *peer_signature; /* "ecdsa_secp256r1_sha256"-like words, or NULL */
    char *alpn;           /* or NULL */
    char *sni;            /* what we asked for, or NULL */
    bool resumed;
    bool compression;
    bool extended_master_secret;
    bool secure_renegotiation;
    bool client_certificate_asked, client_certificate_sent;
    char *client_subject; /* of the certificate we sent, or NULL */
    GPtrArray *chain;     /* of TlsCertificate: as sent, the leaf first */
    char *ocsp;           /* "good", "revoked", "unknown", or NULL: nothing stapled */
    bool ocsp_valid;      /* its signature and times were checked and hold */
    gint64 ocsp_next_update;

    int n_scts; /* certificate timestamps (RFC 6962) in the certificate, and with TlsPlan.scts in
                   the handshake and the staple; not verified. -1: what came cannot be read */

    bool verified;
    TlsTrust trust;   /* by what */
    char *matched;    /* the name, the pin, or "TLSA 3 1 1 ..." that matched */
    char *why_not;    /* in words a person can act on; several lines; NULL when verified */
    int verify_error; /* OpenSSL's X509_V_ERR_ number, 0 when fine */
    int verify_depth; /* the certificate it is about */
    size_t tlsa_usable;
    bool ticket; /* the server gave a session to resume (known only after a read in TLS 1.3) */
    gint64 handshake_us;
} TlsPeer;

void tls_peer_free(TlsPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsPeer, tls_peer_free)
void tls_certificate_free(TlsCertificate *certificate);

/* "PKIX", "pin", "DANE", "not verified". */
const char *tls_trust_name(TlsTrust trust);
/* Reads one certificate (DER). NULL when it is not one. Pure: also a fuzz target. */
TlsCertificate *tls_certificate_parse(Bytes der);
/* A one-certificate PEM block; the caller frees it. */
char *tls_certificate_pem(const TlsCertificate *certificate);
