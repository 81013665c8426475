/* robot.c: the premaster secrets of the ROBOT paper, and what the answers to them mean. */
#include "tls/robot.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/digest.h"

enum {
    SSL3 = 0x0300,
    PREMASTER = 48,
    KEY_LEAST = 64,  /* octets: 512 bits */
    KEY_MOST = 2048, /* 16384 bits */
    FINISHED = 64,   /* whole blocks of every cipher there is */
    SHORTER = 2,     /* the premaster of ROBOT_BAD_ZERO has so many octets */
};

const char *robot_variant_words(RobotVariant variant)
{
    static const char *const words[ROBOT_VARIANTS] = {
        [ROBOT_GOOD] = "good padding",
        [ROBOT_BAD_START] = "a wrong start",
        [ROBOT_BAD_ZERO] = "the end of the padding too late",
        [ROBOT_NO_ZERO] = "no end of the padding",
        [ROBOT_BAD_VERSION] = "a wrong version",
    };
    return words[variant];
}

/* --- the padded block (RFC 8017 section 7.2.1): 00 02, padding without zeros, 00, the premaster
 * --- */

static void fill_without_zeros(uint8_t *octets, size_t len)
{
    digest_random(octets, len);
    for (size_t i = 0; i < len; i++) {
        octets[i] = octets[i] ? octets[i] : 0x5a;
    }
}

static void make_block(uint8_t *block, size_t len, const RobotPlan *plan, RobotVariant variant)
{
    uint16_t version = variant == ROBOT_BAD_VERSION ? 0x0202 : plan->offered;
    size_t behind = variant == ROBOT_BAD_ZERO ? SHORTER : PREMASTER;
    fill_without_zeros(block, len);
    block[0] = 0;
    block[1] = variant == ROBOT_BAD_START ? 0x17 : 0x02;
    block[len - PREMASTER] = (uint8_t)(version >> 8);
    block[len - PREMASTER + 1] = (uint8_t)version;
    if (variant != ROBOT_NO_ZERO) {
        block[len - behind - 1] = 0;
    }
}

/* --- encrypted as it is --- */

static EVP_PKEY *rsa_key(GBytes *certificate)
{
    gsize len = 0;
    const unsigned char *der = g_bytes_get_data(certificate, &len);
    X509 *x509 = d2i_X509(NULL, &der, (long)len);
    EVP_PKEY *key = x509 ? X509_get_pubkey(x509) : NULL;
    X509_free(x509);
    if (key && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static bool encrypt(EVP_PKEY *key, const uint8_t *block, size_t len, uint8_t *ret)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    size_t written = len;
    bool done = context && EVP_PKEY_encrypt_init(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
                EVP_PKEY_encrypt(context, ret, &written, block, len) == 1 && written == len;
    EVP_PKEY_CTX_free(context);
    return done;
}

/* NULL: no key that will do. */
static GByteArray *encrypted_premaster(const RobotPlan *plan, RobotVariant variant)
{
    GByteArray *out = NULL;
    ERR_clear_error();
    EVP_PKEY *key = rsa_key(plan->certificate);
    int size = key ? EVP_PKEY_get_size(key) : 0;
    if (size >= KEY_LEAST && size <= KEY_MOST) {
        size_t len = (size_t)size;
        g_autofree uint8_t *block = g_malloc(len);
        make_block(block, len, plan, variant);
        out = g_byte_array_new();
        g_byte_array_set_size(out, (guint)len);
        if (!encrypt(key, block, len, out->data)) {
            g_clear_pointer(&out, g_byte_array_unref);
        }
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
    return out;
}

/* --- records --- */

static void put_number(GByteArray *out, size_t value, unsigned width)
{
    while (width--) {
        uint8_t octet = (uint8_t)(value >> (8 * width));
        g_byte_array_append(out, &octet, 1);
    }
}

static void put_record(GByteArray *out, uint16_t version, uint8_t type, Bytes body)
{
    put_number(out, type, 1);
    put_number(out, version, 2);
    put_number(out, body.len, 2);
    g_byte_array_append(out, (const uint8_t *)body.data, (guint)body.len);
}

static void put_no_certificate(GByteArray *out, uint16_t version)
{
    enum { ALERT = 21, HANDSHAKE = 22 };
    if (version == SSL3) { /* RFC 6101 section 5.6.6: the warning no_certificate */
        put_record(out, version, ALERT, BYTES_LITERAL("\x01\x29"));
    } else {
        put_record(out, version, HANDSHAKE, BYTES_LITERAL("\x0b\0\0\x03\0\0\0"));
    }
}

GByteArray *robot_flight(const RobotPlan *plan, RobotVariant variant, GError **error)
{
    enum { CCS = 20, HANDSHAKE = 22, CLIENT_KEY_EXCHANGE = 16 };
    g_autoptr(GByteArray) premaster = encrypted_premaster(plan, variant);
    if (!premaster) {
        error_fail(error, POSTERN_ERROR_DATA, "the certificate has no RSA key to encrypt to");
        return NULL;
    }
    unsigned width = plan->version == SSL3 ? 0 : 2; /* SSLv3 says no length (RFC 6101 5.6.7.1) */
    GByteArray *out = g_byte_array_new();
    if (plan->certificate_asked) {
        put_no_certificate(out, plan->version);
    }
    g_autoptr(GByteArray) message = g_byte_array_new();
    put_number(message, CLIENT_KEY_EXCHANGE, 1);
    put_number(message, premaster->len + width, 3);
    put_number(message, premaster->len, width);
    g_byte_array_append(message, premaster->data, premaster->len);
    put_record(out, plan->version, HANDSHAKE, bytes_of_array(message));
    put_record(out, plan->version, CCS, BYTES_LITERAL("\x01"));
    uint8_t finished[FINISHED];
    digest_random(finished, sizeof finished);
    put_record(out, plan->version, HANDSHAKE, (Bytes){(const char *)finished, sizeof finished});
    return out;
}

/* --- what it means --- */

RobotOracle robot_judge(const char *const answers[ROBOT_VARIANTS])
{
    const char *start = answers[ROBOT_BAD_START];
    bool bad_told_apart =
        !g_str_equal(answers[ROBOT_BAD_ZERO], start) || !g_str_equal(answers[ROBOT_NO_ZERO], start);
    bool good_told =
        !g_str_equal(answers[ROBOT_GOOD], start) || !g_str_equal(answers[ROBOT_BAD_VERSION], start);
    return bad_told_apart ? ROBOT_STRONG : good_told ? ROBOT_WEAK : ROBOT_NONE;
}
