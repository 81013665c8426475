/* certs.h: certificates for tests, made on the spot by OpenSSL. EC keys unless told, because they
 * are fast. */
#pragma once

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "../scratch.h"

typedef struct {
    X509 *x509;
    EVP_PKEY *key;
} TestCert;

typedef struct {
    const char *cn;         /* NULL: an empty subject */
    const char *san;        /* as openssl.cnf has it: "DNS:mail.test,IP:127.0.0.1" */
    const TestCert *issuer; /* NULL: signs itself */
    bool ca;
    long from_days, to_days; /* from now; both 0: yesterday to in a year */
    int rsa_bits;            /* 0: EC P-256 */
    const char *key_type;    /* "ED25519", instead of both */
    bool sha1;
    bool must_staple;
    const char *info_access; /* authorityInfoAccess, as openssl.cnf has it */
    const char *usage;       /* extendedKeyUsage */
} TestCertSpec;

static inline EVP_PKEY *test_key(const TestCertSpec *spec)
{
    if (spec->key_type) {
        return EVP_PKEY_Q_keygen(NULL, NULL, spec->key_type);
    }
    return spec->rsa_bits ? EVP_RSA_gen((unsigned)spec->rsa_bits) : EVP_EC_gen("P-256");
}

static inline void test_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    g_assert_nonnull(extension);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
}

static inline void test_extensions(X509 *x, X509 *issuer, const TestCertSpec *spec)
{
    test_extension(x, issuer, NID_basic_constraints, spec->ca ? "critical,CA:TRUE" : "CA:FALSE");
    test_extension(x, issuer, NID_subject_key_identifier, "hash");
    test_extension(x, issuer, NID_authority_key_identifier, "keyid");
    const struct {
        int nid;
        const char *value;
    } optional[] = {{NID_subject_alt_name, spec->san},
                    {NID_info_access, spec->info_access},
                    {NID_ext_key_usage, spec->usage},
                    {NID_tlsfeature, spec->must_staple ? "status_request" : NULL}};
    for (size_t i = 0; i < G_N_ELEMENTS(optional); i++) {
        if (optional[i].value) {
            test_extension(x, issuer, optional[i].nid, optional[i].value);
        }
    }
}

static inline TestCert test_cert(TestCertSpec spec)
{
    static long serial = 0x1000;
    TestCert made = {X509_new(), test_key(&spec)};
    X509 *issuer = spec.issuer ? spec.issuer->x509 : made.x509;
    X509_set_version(made.x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x509), serial++);
    if (spec.from_days == 0 && spec.to_days == 0) {
        spec.from_days = -1;
        spec.to_days = 365;
    }
    X509_gmtime_adj(X509_getm_notBefore(made.x509), spec.from_days * 86400);
    X509_gmtime_adj(X509_getm_notAfter(made.x509), spec.to_days * 86400);
    X509_set_pubkey(made.x509, made.key);
    X509_NAME *name = X509_get_subject_name(made.x509);
    if (spec.cn) {
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)spec.cn, -1,
                                   -1, 0);
    }
    X509_set_issuer_name(made.x509, X509_get_subject_name(issuer));
    test_extensions(made.x509, issuer, &spec);
    const EVP_MD *digest = spec.sha1 ? EVP_sha1() : EVP_sha256();
    EVP_PKEY *signer = spec.issuer ? spec.issuer->key : made.key;
    int id = EVP_PKEY_get_base_id(signer);
    bool plain = id == EVP_PKEY_ED25519 || id == EVP_PKEY_ED448;
    g_assert_cmpint(X509_sign(made.x509, signer, plain ? NULL : digest), >, 0);
    return made;
}

static inline void test_cert_clear(TestCert *cert)
{
    X509_free(cert->x509);
    EVP_PKEY_free(cert->key);
    *cert = (TestCert){0};
}

/* A folder of the test's own; test_folder_remove() takes it away. */
static inline char *test_folder(void)
{
    char *folder = g_dir_make_tmp("postern-tls-XXXXXX", NULL);
    g_assert_nonnull(folder);
    return folder;
}

static inline void test_folder_remove(char *folder)
{
    scratch_remove(folder);
    g_free(folder);
}

/* Writes certificates (NULL-terminated) and a key (or NULL, with a passphrase or NULL) to one PEM
 * file; its path is the caller's. */
static inline char *test_pem(const char *folder, const char *name, X509 *const *certs,
                             EVP_PKEY *key, const char *passphrase)
{
    char *path = g_build_filename(folder, name, NULL);
    FILE *file = fopen(path, "w");
    g_assert_nonnull(file);
    for (size_t i = 0; certs && certs[i]; i++) {
        PEM_write_X509(file, certs[i]);
    }
    if (key) {
        PEM_write_PKCS8PrivateKey(file, key, passphrase ? EVP_aes_128_cbc() : NULL, passphrase,
                                  passphrase ? (int)strlen(passphrase) : 0, NULL, NULL);
    }
    fclose(file);
    return path;
}

static inline char *test_pem_cert(const char *folder, const char *name, const TestCert *cert)
{
    return test_pem(folder, name, (X509 *const[]){cert->x509, NULL}, NULL, NULL);
}
