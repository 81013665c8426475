/* hello_names.c: IANA's names of groups, signature schemes and alerts. */
#include "tls/hello.h"

/* Those most wanted first: this is also the order in which they are offered. */
const HelloName hello_groups[] = {
    {0x11ec, "X25519MLKEM768", 128, true},
    {0x11eb, "SecP256r1MLKEM768", 128, true},
    {0x11ed, "SecP384r1MLKEM1024", 192, true},
    {0x6399, "X25519Kyber768Draft00", 128, true},
    {0x639a, "SecP256r1Kyber768Draft00", 128, true},
    {0x0200, "MLKEM512", 128, false},
    {0x0201, "MLKEM768", 192, false},
    {0x0202, "MLKEM1024", 256, false},
    {0x001d, "x25519", 128, false},
    {0x0017, "secp256r1", 128, false},
    {0x001e, "x448", 224, false},
    {0x0018, "secp384r1", 192, false},
    {0x0019, "secp521r1", 256, false},
    {0x001f, "brainpoolP256r1tls13", 128, false},
    {0x0020, "brainpoolP384r1tls13", 192, false},
    {0x0021, "brainpoolP512r1tls13", 256, false},
    {0x001a, "brainpoolP256r1", 128, false},
    {0x001b, "brainpoolP384r1", 192, false},
    {0x001c, "brainpoolP512r1", 256, false},
    {0x0029, "curveSM2", 128, false},
    {0x0022, "GC256A", 128, false},
    {0x0023, "GC256B", 128, false},
    {0x0024, "GC256C", 128, false},
    {0x0025, "GC256D", 128, false},
    {0x0026, "GC512A", 256, false},
    {0x0027, "GC512B", 256, false},
    {0x0028, "GC512C", 256, false},
    {0x0100, "ffdhe2048", 112, false},
    {0x0101, "ffdhe3072", 128, false},
    {0x0102, "ffdhe4096", 152, false},
    {0x0103, "ffdhe6144", 176, false},
    {0x0104, "ffdhe8192", 200, false},
    {0x0016, "secp256k1", 128, false},
    {0x000e, "sect571r1", 256, false},
    {0x000d, "sect571k1", 256, false},
    {0x000c, "sect409r1", 192, false},
    {0x000b, "sect409k1", 192, false},
    {0x000a, "sect283r1", 128, false},
    {0x0009, "sect283k1", 128, false},
    {0x0008, "sect239k1", 112, false},
    {0x0007, "sect233r1", 112, false},
    {0x0006, "sect233k1", 112, false},
    {0x0015, "secp224r1", 112, false},
    {0x0014, "secp224k1", 112, false},
    {0x0013, "secp192r1", 96, false},
    {0x0012, "secp192k1", 96, false},
    {0x0005, "sect193r2", 96, false},
    {0x0004, "sect193r1", 96, false},
    {0x0003, "sect163r2", 80, false},
    {0x0002, "sect163r1", 80, false},
    {0x0001, "sect163k1", 80, false},
    {0x0011, "secp160r2", 80, false},
    {0x0010, "secp160r1", 80, false},
    {0x000f, "secp160k1", 80, false},
    {.name = NULL},
};

/* The bits are those of the digest against collisions. */
const HelloName hello_signatures[] = {
    {0x0403, "ecdsa_secp256r1_sha256", 128, false},
    {0x0804, "rsa_pss_rsae_sha256", 128, false},
    {0x0401, "rsa_pkcs1_sha256", 128, false},
    {0x0503, "ecdsa_secp384r1_sha384", 192, false},
    {0x0805, "rsa_pss_rsae_sha384", 192, false},
    {0x0501, "rsa_pkcs1_sha384", 192, false},
    {0x0603, "ecdsa_secp521r1_sha512", 256, false},
    {0x0806, "rsa_pss_rsae_sha512", 256, false},
    {0x0601, "rsa_pkcs1_sha512", 256, false},
    {0x0807, "ed25519", 128, false},
    {0x0808, "ed448", 224, false},
    {0x0809, "rsa_pss_pss_sha256", 128, false},
    {0x080a, "rsa_pss_pss_sha384", 192, false},
    {0x080b, "rsa_pss_pss_sha512", 256, false},
    {0x0904, "mldsa44", 128, false},
    {0x0905, "mldsa65", 192, false},
    {0x0906, "mldsa87", 256, false},
    {0x081a, "ecdsa_brainpoolP256r1tls13_sha256", 128, false},
    {0x081b, "ecdsa_brainpoolP384r1tls13_sha384", 192, false},
    {0x081c, "ecdsa_brainpoolP512r1tls13_sha512", 256, false},
    {0x0708, "sm2sig_sm3", 128, false},
    {0x0402, "dsa_sha256", 128, false},
    {0x0502, "dsa_sha384", 192, false},
    {0x0602, "dsa_sha512", 256, false},
    {0x0303, "ecdsa_sha224", 112, false},
    {0x0301, "rsa_pkcs1_sha224", 112, false},
    {0x0302, "dsa_sha224", 112, false},
    {0x0203, "ecdsa_sha1", 63, false},
    {0x0201, "rsa_pkcs1_sha1", 63, false},
    {0x0202, "dsa_sha1", 63, false},
    {0x0103, "ecdsa_md5", 18, false},
    {0x0101, "rsa_pkcs1_md5", 18, false},
    {.name = NULL},
};

static const HelloName *find(const HelloName *table, uint16_t id)
{
    for (const HelloName *row = table; row->name; row++) {
        if (row->id == id) {
            return row;
        }
    }
    return NULL;
}

const HelloName *hello_group(uint16_t id)
{
    return find(hello_groups, id);
}

const HelloName *hello_signature(uint16_t id)
{
    return find(hello_signatures, id);
}

const HelloV2Suite hello_v2_suites[] = {
    {0x010080, "SSL_CK_RC4_128_WITH_MD5", 128},
    {0x020080, "SSL_CK_RC4_128_EXPORT40_WITH_MD5", 40},
    {0x030080, "SSL_CK_RC2_128_CBC_WITH_MD5", 128},
    {0x040080, "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5", 40},
    {0x050080, "SSL_CK_IDEA_128_CBC_WITH_MD5", 128},
    {0x060040, "SSL_CK_DES_64_CBC_WITH_MD5", 56},
    {0x060140, "SSL_CK_DES_64_CBC_WITH_SHA", 56},
    {0x0700c0, "SSL_CK_DES_192_EDE3_CBC_WITH_MD5", 112},
    {0x0701c0, "SSL_CK_DES_192_EDE3_CBC_WITH_SHA", 112},
    {0x080080, "SSL_CK_RC4_64_WITH_MD5", 64},
    {.name = NULL},
};

static const struct {
    uint8_t description;
    const char *name;
} alerts[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {21, "decryption_failed"},
    {22, "record_overflow"},
    {30, "decompression_failure"},
    {40, "handshake_failure"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {52, "too_many_cids_requested"},
    {60, "export_restriction"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {111, "certificate_unobtainable"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {114, "bad_certificate_hash_value"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
    {121, "ech_required"},
};

const char *hello_alert_name(uint8_t description)
{
    for (size_t i = 0; i < G_N_ELEMENTS(alerts); i++) {
        if (alerts[i].description == description) {
            return alerts[i].name;
        }
    }
    return NULL;
}
