#include "base/digest.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

static const struct {
    const EVP_MD *(*md)(void);
    size_t size;
} kinds[] = {
    [DIGEST_MD5] = {EVP_md5, 16},       [DIGEST_SHA1] = {EVP_sha1, 20},
    [DIGEST_SHA256] = {EVP_sha256, 32}, [DIGEST_SHA384] = {EVP_sha384, 48},
    [DIGEST_SHA512] = {EVP_sha512, 64},
};

/* These algorithms are part of every OpenSSL 3; one that is missing (a FIPS-only configuration) or
 * no randomness leaves nothing sensible to do, and going on with an unwritten buffer would be worse
 * than stopping. */
static void must(bool ok, const char *what)
{
    if (!ok) {
        g_error("OpenSSL cannot do %s: is it restricted by its configuration?", what);
    }
}

/* OpenSSL takes a NULL key to mean "the key of last time". */
static Bytes never_null(Bytes b)
{
    return b.data == NULL ? BYTES_LITERAL("") : b;
}

static int as_int(size_t len)
{
    must(len <= INT_MAX, "more than 2 GB at once");
    return (int)len;
}

size_t digest_size(DigestKind kind)
{
    return kinds[kind].size;
}

void digest_compute(DigestKind kind, Bytes data, uint8_t out[DIGEST_MAX])
{
    data = never_null(data);
    must(EVP_Digest(data.data, data.len, out, NULL, kinds[kind].md(), NULL) == 1, "digests");
}

struct Digest {
    EVP_MD_CTX *state;
};

Digest *digest_new(DigestKind kind)
{
    Digest *digest = g_new0(Digest, 1);
    digest->state = EVP_MD_CTX_new();
    must(digest->state && EVP_DigestInit_ex(digest->state, kinds[kind].md(), NULL) == 1, "digests");
    return digest;
}

void digest_update(Digest *digest, Bytes piece)
{
    piece = never_null(piece);
    must(EVP_DigestUpdate(digest->state, piece.data, piece.len) == 1, "digests");
}

void digest_finish(Digest *digest, uint8_t out[DIGEST_MAX])
{
    must(EVP_DigestFinal_ex(digest->state, out, NULL) == 1, "digests");
    EVP_MD_CTX_free(digest->state);
    g_free(digest);
}

void digest_hmac(DigestKind kind, Bytes key, Bytes data, uint8_t out[DIGEST_MAX])
{
    key = never_null(key);
    data = never_null(data);
    must(HMAC(kinds[kind].md(), key.data, as_int(key.len), (const uint8_t *)data.data, data.len,
              out, NULL) != NULL,
         "HMAC");
}

void digest_hmac_secret(DigestKind kind, const Secret *key, Bytes data, uint8_t out[DIGEST_MAX])
{
    digest_hmac(kind, secret_reveal(key), data, out);
}

void digest_pbkdf2(DigestKind kind, Bytes password, Bytes salt, unsigned iterations, uint8_t *out,
                   size_t out_len)
{
    password = never_null(password);
    salt = never_null(salt);
    must(PKCS5_PBKDF2_HMAC(password.data, as_int(password.len), (const uint8_t *)salt.data,
                           as_int(salt.len), as_int(iterations), kinds[kind].md(), as_int(out_len),
                           out) == 1,
         "PBKDF2");
}

void digest_random(void *out, size_t len)
{
    must(RAND_bytes(out, as_int(len)) == 1, "random bytes");
}

bool digest_same(const void *a, const void *b, size_t len)
{
    return len == 0 || CRYPTO_memcmp(a, b, len) == 0;
}
