/* signature.c: names of signature schemes (RFC 8446 section 4.2.3). */
#include "tls/signature.h"

#include <stdbool.h>

#include <glib.h>

static const struct {
    int type, digest;
    const char *name, *old_name; /* in TLS 1.3, and before */
} schemes[] = {
    {EVP_PKEY_EC, NID_sha256, "ecdsa_secp256r1_sha256", "ecdsa_sha256"},
    {EVP_PKEY_EC, NID_sha384, "ecdsa_secp384r1_sha384", "ecdsa_sha384"},
    {EVP_PKEY_EC, NID_sha512, "ecdsa_secp521r1_sha512", "ecdsa_sha512"},
    {EVP_PKEY_EC, NID_sha224, "ecdsa_sha224", "ecdsa_sha224"},
    {EVP_PKEY_EC, NID_sha1, "ecdsa_sha1", "ecdsa_sha1"},
    {EVP_PKEY_RSA_PSS, NID_sha256, "rsa_pss_rsae_sha256", "rsa_pss_rsae_sha256"},
    {EVP_PKEY_RSA_PSS, NID_sha384, "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha384"},
    {EVP_PKEY_RSA_PSS, NID_sha512, "rsa_pss_rsae_sha512", "rsa_pss_rsae_sha512"},
    {EVP_PKEY_RSA, NID_sha256, "rsa_pkcs1_sha256", "rsa_pkcs1_sha256"},
    {EVP_PKEY_RSA, NID_sha384, "rsa_pkcs1_sha384", "rsa_pkcs1_sha384"},
    {EVP_PKEY_RSA, NID_sha512, "rsa_pkcs1_sha512", "rsa_pkcs1_sha512"},
    {EVP_PKEY_RSA, NID_sha224, "rsa_pkcs1_sha224", "rsa_pkcs1_sha224"},
    {EVP_PKEY_RSA, NID_sha1, "rsa_pkcs1_sha1", "rsa_pkcs1_sha1"},
    {EVP_PKEY_RSA, NID_md5_sha1, "rsa_pkcs1_md5_sha1", "rsa_pkcs1_md5_sha1"},
    {EVP_PKEY_DSA, NID_sha256, "dsa_sha256", "dsa_sha256"},
    {EVP_PKEY_DSA, NID_sha1, "dsa_sha1", "dsa_sha1"},
};

char *tls_signature_name(SSL *ssl)
{
    int type = NID_undef, digest = NID_undef;
    if (!SSL_get_peer_signature_type_nid(ssl, &type)) {
        return NULL;
    }
    if (type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448) {
        return g_strdup(type == EVP_PKEY_ED25519 ? "ed25519" : "ed448");
    }
    SSL_get_peer_signature_nid(ssl, &digest);
    bool new = SSL_version(ssl) == TLS1_3_VERSION;
    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (schemes[i].type == type && schemes[i].digest == digest) {
            return g_strdup(new ? schemes[i].name : schemes[i].old_name);
        }
    }
    return g_strdup_printf("%s_%s", OBJ_nid2sn(type), OBJ_nid2sn(digest));
}
