/* pins.c: SHA-256 pins of a certificate or of its public key. */
#include "tls/pins.h"

#include <string.h>

#include <openssl/evp.h>

static const struct {
    const char *prefix, *name;
} weak[] = {{"md5:", "MD5"}, {"sha1:", "SHA-1"}};

static bool refuse(const char *text, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(weak); i++) {
        if (g_ascii_strncasecmp(text, weak[i].prefix, strlen(weak[i].prefix)) == 0) {
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "the pin '%s' is an %s fingerprint, which can be forged: give "
                              "sha256:HEX (talk's /cert prints it)",
                              text, weak[i].name);
        }
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "'%s' is not a pin: it must be sha256: and 64 hex digits, the SHA-256 of the "
                      "certificate or of its public key",
                      text);
}

bool tls_pin_parse(const char *text, uint8_t ret[32], GError **error)
{
    static const char prefix[] = "sha256:";
    if (g_ascii_strncasecmp(text, prefix, strlen(prefix)) != 0) {
        return refuse(text, error);
    }
    g_autoptr(GByteArray) bytes = bytes_from_hex(bytes_of(text + strlen(prefix)));
    if (!bytes || bytes->len != 32) {
        return refuse(text, error);
    }
    memcpy(ret, bytes->data, 32);
    return true;
}

void tls_pin_of_certificate(const X509 *certificate, uint8_t ret[32])
{
    unsigned len = 0;
    if (X509_digest(certificate, EVP_sha256(), ret, &len) != 1 || len != 32) {
        memset(ret, 0, 32);
    }
}

void tls_pin_of_key(const X509 *certificate, uint8_t ret[32])
{
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    unsigned digest_len = 0;
    if (len <= 0 || EVP_Digest(der, (size_t)len, ret, &digest_len, EVP_sha256(), NULL) != 1) {
        memset(ret, 0, 32);
    }
    OPENSSL_free(der);
}

char *tls_pin_text(const uint8_t pin[32])
{
    g_autofree char *hex = bytes_hex((Bytes){(const char *)pin, 32});
    return g_strconcat("sha256:", hex, NULL);
}

char *tls_pins_match(const char *const *pins, const X509 *certificate)
{
    uint8_t of_certificate[32], of_key[32], wanted[32];
    tls_pin_of_certificate(certificate, of_certificate);
    tls_pin_of_key(certificate, of_key);
    for (size_t i = 0; pins[i]; i++) {
        if (!tls_pin_parse(pins[i], wanted, NULL)) {
            continue;
        }
        g_autofree char *text = tls_pin_text(wanted);
        if (memcmp(wanted, of_key, 32) == 0) {
            return g_strconcat("public key ", text, NULL);
        }
        if (memcmp(wanted, of_certificate, 32) == 0) {
            return g_strconcat("certificate ", text, NULL);
        }
    }
    return NULL;
}
