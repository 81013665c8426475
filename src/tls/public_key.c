/* public_key.c: by OpenSSL's EVP. */
#include "tls/public_key.h"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

struct TlsPublicKey {
    EVP_PKEY *key;
    TlsKeyKind kind;
};

static EVP_PKEY *read_certificate(BIO *bio)
{
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    EVP_PKEY *key = certificate ? X509_get_pubkey(certificate) : NULL;
    X509_free(certificate);
    return key;
}

static EVP_PKEY *read_pem(Bytes pem)
{
    BIO *bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data ? pem.data : "", (int)pem.len) : NULL;
    EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    if (bio && !key) {
        (void)BIO_reset(bio);
        key = read_certificate(bio);
    }
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

TlsPublicKey *tls_public_key_read(Bytes pem, GError **error)
{
    EVP_PKEY *key = read_pem(pem);
    int id = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
    if (id != EVP_PKEY_RSA && id != EVP_PKEY_EC) {
        error_fail(error, POSTERN_ERROR_DATA,
                   key ? "the public key is neither RSA nor ECDSA"
                       : "there is no public key and no certificate in it");
        EVP_PKEY_free(key);
        return NULL;
    }
    TlsPublicKey *made = g_new0(TlsPublicKey, 1);
    *made = (TlsPublicKey){key, id == EVP_PKEY_RSA ? TLS_KEY_RSA : TLS_KEY_ECDSA};
    return made;
}

void tls_public_key_free(TlsPublicKey *key)
{
    if (key) {
        EVP_PKEY_free(key->key);
        g_free(key);
    }
}

TlsKeyKind tls_public_key_kind(const TlsPublicKey *key)
{
    return key->kind;
}

static const EVP_MD *md_of(DigestKind digest)
{
    return digest == DIGEST_SHA256   ? EVP_sha256()
           : digest == DIGEST_SHA384 ? EVP_sha384()
           : digest == DIGEST_SHA512 ? EVP_sha512()
                                     : NULL;
}

/* Two numbers one behind the other as OpenSSL wants them; NULL when they are not as long as the
 * curve's. */
static GByteArray *ecdsa_der(const EVP_PKEY *key, Bytes raw)
{
    size_t half = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
    if (raw.len != 2 * half) {
        return NULL;
    }
    const unsigned char *numbers = (const unsigned char *)raw.data;
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(numbers, (int)half, NULL);
    BIGNUM *s = BN_bin2bn(numbers + half, (int)half, NULL);
    g_assert(signature && r && s && ECDSA_SIG_set0(signature, r, s) == 1);
    unsigned char *der = NULL;
    int len = i2d_ECDSA_SIG(signature, &der);
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, der, (guint)MAX(len, 0));
    OPENSSL_free(der);
    ECDSA_SIG_free(signature);
    return out;
}

static bool verify(EVP_PKEY *key, const EVP_MD *md, Bytes data, Bytes signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1 &&
                EVP_DigestVerify(ctx, (const unsigned char *)signature.data, signature.len,
                                 (const unsigned char *)data.data, data.len) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return good;
}

bool tls_public_key_verifies(const TlsPublicKey *key, DigestKind digest, Bytes data,
                             Bytes signature)
{
    const EVP_MD *md = md_of(digest);
    if (!md || signature.len == 0) {
        return false;
    }
    if (key->kind == TLS_KEY_RSA) {
        return verify(key->key, md, data, signature);
    }
    g_autoptr(GByteArray) der = ecdsa_der(key->key, signature);
    return der && verify(key->key, md, data, bytes_of_array(der));
}
