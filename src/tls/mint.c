/* mint.c: keys, certificates and OCSP responses, made on the spot. */
#include "tls/mint.h"

#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "base/digest.h"
#include "tls/failure.h"

enum { DAY = 24 * 60 * 60, YEARS_DAYS = 20 * 365 };

typedef struct {
    X509 *certificate;
    EVP_PKEY *key;
} Pair;

struct TlsMint {
    Pair root, intermediate;
};

static void pair_clear(Pair *pair)
{
    X509_free(pair->certificate);
    EVP_PKEY_free(pair->key);
    *pair = (Pair){0};
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pair, pair_clear)

static bool refused(GError **error, const char *what)
{
    const char *why = tls_reason(ERR_peek_last_error());
    error_fail(error, POSTERN_ERROR_BUG, "OpenSSL cannot make %s: %s", what,
               why ? why : "it does not say why");
    ERR_clear_error();
    return false;
}

static EVP_PKEY *make_key(unsigned rsa_bits)
{
    return rsa_bits ? EVP_RSA_gen(rsa_bits) : EVP_EC_gen("P-256");
}

static bool set_serial(X509 *x)
{
    uint8_t random[16];
    digest_random(random, sizeof random);
    random[0] = (uint8_t)((random[0] & 0x7f) | 1); /* positive, and no leading zero */
    BIGNUM *number = BN_bin2bn(random, sizeof random, NULL);
    bool ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
    BN_free(number);
    return ok;
}

static bool set_times(X509 *x, int64_t not_before, int64_t not_after)
{
    time_t now = time(NULL);
    time_t from = not_before ? (time_t)not_before : now - DAY;
    time_t to = not_after ? (time_t)not_after : now + (time_t)YEARS_DAYS * DAY;
    return ASN1_TIME_set(X509_getm_notBefore(x), from) && ASN1_TIME_set(X509_getm_notAfter(x), to);
}

static bool set_name(X509 *x, const char *name)
{
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                                      (const unsigned char *)name, -1, -1, 0) == 1;
}

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool ok = extension && X509_add_ext(x, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

/* What a certificate is to be, beside its keys. */
typedef struct {
    const char *subject;
    const char *constraints, *usage, *extended,
        *alt_names; /* as openssl.cnf has them; NULL: none */
    int64_t not_before, not_after;
    bool sha1, must_staple;
} Shape;

/* Makes pair->certificate for pair->key, signed by `issuer` (its own pair: self-signed). */
static bool make_certificate(Pair *pair, const Shape *shape, const Pair *issuer, GError **error)
{
    ERR_clear_error();
    X509 *x = pair->certificate = X509_new();
    const Pair *signer = issuer ? issuer : pair;
    X509 *by = issuer ? issuer->certificate : x;
    const struct {
        int nid;
        const char *value;
    } extensions[] = {
        {NID_basic_constraints, shape->constraints},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid"},
        {NID_key_usage, shape->usage},
        {NID_ext_key_usage, shape->extended},
        {NID_subject_alt_name, shape->alt_names},
        {NID_tlsfeature, shape->must_staple ? "status_request" : NULL},
    };
    bool ok = x && X509_set_version(x, X509_VERSION_3) && set_serial(x) &&
              set_times(x, shape->not_before, shape->not_after) && set_name(x, shape->subject) &&
              X509_set_issuer_name(x, X509_get_subject_name(by)) && X509_set_pubkey(x, pair->key);
    for (size_t i = 0; ok && i < G_N_ELEMENTS(extensions); i++) {
        ok = !extensions[i].value || add_extension(x, by, extensions[i].nid, extensions[i].value);
    }
    ok = ok && X509_sign(x, signer->key, shape->sha1 ? EVP_sha1() : EVP_sha256()) > 0;
    return ok || refused(error, "a certificate");
}

static bool make_authority(Pair *pair, const char *name, const char *constraints,
                           const Pair *issuer, GError **error)
{
    const Shape shape = {.subject = name,
                         .constraints = constraints,
                         .usage = "critical,keyCertSign,cRLSign,digitalSignature"};
    pair->key = make_key(0);
    return pair->key ? make_certificate(pair, &shape, issuer, error) : refused(error, "a key");
}

TlsMint *tls_mint_new(GError **error)
{
    g_autoptr(TlsMint) mint = g_new0(TlsMint, 1);
    uint8_t random[3];
    digest_random(random, sizeof random);
    g_autofree char *word = bytes_hex((Bytes){(const char *)random, sizeof random});
    g_autofree char *root = g_strdup_printf("Postern sandbox root %s", word);
    g_autofree char *middle = g_strdup_printf("Postern sandbox intermediate %s", word);
    bool ok = make_authority(&mint->root, root, "critical,CA:TRUE", NULL, error) &&
              make_authority(&mint->intermediate, middle, "critical,CA:TRUE,pathlen:0", &mint->root,
                             error);
    return ok ? g_steal_pointer(&mint) : NULL;
}

void tls_mint_free(TlsMint *mint)
{
    if (mint) {
        pair_clear(&mint->root);
        pair_clear(&mint->intermediate);
        g_free(mint);
    }
}

/* --- PEM --- */

static Bytes bio_bytes(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    return (Bytes){data, len > 0 ? (size_t)len : 0};
}

static char *pem_of(X509 *const *certificates)
{
    BIO *bio = BIO_new(BIO_s_mem());
    for (size_t i = 0; certificates[i]; i++) {
        PEM_write_bio_X509(bio, certificates[i]);
    }
    char *text = bytes_dup(bio_bytes(bio));
    BIO_free(bio);
    return text;
}

static Secret *pem_of_key(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    Bytes text = bio_bytes(bio);
    Secret *secret = secret_new(text.data ? text.data : "", text.len);
    BIO_free(bio);
    return secret;
}

char *tls_mint_root(const TlsMint *mint)
{
    return pem_of((X509 *const[]){mint->root.certificate, NULL});
}

char *tls_mint_authorities(const TlsMint *mint)
{
    return pem_of((X509 *const[]){mint->root.certificate, mint->intermediate.certificate, NULL});
}

static bool save(const Secret *text, const char *what, const char *path, GError **error)
{
    g_autoptr(GError) why = NULL;
    return g_file_set_contents_full(path, secret_reveal(text).data, (gssize)secret_length(text),
                                    G_FILE_SET_CONTENTS_CONSISTENT, 0600, &why) ||
           error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot keep %s: %s", what, why->message);
}

bool tls_mint_save(const TlsMint *mint, const char *path, GError **error)
{
    g_autofree char *certificates =
        pem_of((X509 *const[]){mint->root.certificate, mint->intermediate.certificate, NULL});
    g_autoptr(Secret) root = pem_of_key(mint->root.key);
    g_autoptr(Secret) middle = pem_of_key(mint->intermediate.key);
    g_autoptr(Secret) keys = secret_wrap(BYTES_NONE, root, secret_reveal(middle));
    g_autoptr(Secret) all = secret_wrap(bytes_of(certificates), keys, BYTES_NONE);
    return save(all, "the authority", path, error);
}

bool tls_minted_save(const TlsMinted *minted, const char *path, GError **error)
{
    g_autoptr(Secret) all = secret_wrap(bytes_of(minted->chain), minted->key, BYTES_NONE);
    return save(all, "a certificate for clients", path, error);
}

static bool read_pair(BIO *certificates, BIO *keys, Pair *ret)
{
    ret->certificate = PEM_read_bio_X509(certificates, NULL, NULL, NULL);
    ret->key = PEM_read_bio_PrivateKey(keys, NULL, NULL, NULL);
    return ret->certificate && ret->key && X509_check_private_key(ret->certificate, ret->key) == 1;
}

TlsMint *tls_mint_load(Bytes pem, GError **error)
{
    g_autoptr(TlsMint) mint = g_new0(TlsMint, 1);
    /* Two readers: PEM_read skips what is of another kind. */
    BIO *certificates = BIO_new_mem_buf(pem.data, (int)MIN(pem.len, 1 << 20));
    BIO *keys = BIO_new_mem_buf(pem.data, (int)MIN(pem.len, 1 << 20));
    bool ok = certificates && keys && read_pair(certificates, keys, &mint->root) &&
              read_pair(certificates, keys, &mint->intermediate);
    BIO_free(certificates);
    BIO_free(keys);
    ERR_clear_error();
    if (!ok) {
        error_fail(error, POSTERN_ERROR_DATA, "this is not a certificate authority of ours");
        return NULL;
    }
    return g_steal_pointer(&mint);
}

/* --- issuing --- */

static char *alt_names(const char *const *names)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; names[i]; i++) {
        bool address = g_hostname_is_ip_address(names[i]);
        g_string_append_printf(out, "%s%s:%s", i ? "," : "", address ? "IP" : "DNS", names[i]);
    }
    return g_string_free(out, FALSE);
}

/* A response by the issuer itself (RFC 6960), good for as long as the certificate. */
static GBytes *ocsp_response(const TlsMint *mint, X509 *certificate, bool revoked)
{
    ASN1_TIME *now = X509_gmtime_adj(NULL, -DAY), *until = X509_gmtime_adj(NULL, 7 * DAY);
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), certificate, mint->intermediate.certificate);
    bool ok = basic && id &&
              OCSP_basic_add1_status(basic, id,
                                     revoked ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD,
                                     revoked ? OCSP_REVOKED_STATUS_KEYCOMPROMISE : 0,
                                     revoked ? now : NULL, now, until) &&
              OCSP_basic_sign(basic, mint->intermediate.certificate, mint->intermediate.key,
                              EVP_sha256(), NULL, 0);
    OCSP_RESPONSE *response =
        ok ? OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic) : NULL;
    unsigned char *der = NULL;
    int len = response ? i2d_OCSP_RESPONSE(response, &der) : 0;
    GBytes *bytes = len > 0 ? g_bytes_new(der, (gsize)len) : NULL;
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_CERTID_free(id);
    OCSP_BASICRESP_free(basic);
    ASN1_TIME_free(now);
    ASN1_TIME_free(until);
    return bytes;
}

static TlsMinted *take_results(TlsMint *mint, const TlsMintPlan *plan, const Pair *pair)
{
    bool chain = !plan->self_signed && !plan->without_intermediate;
    TlsMinted *minted = g_new0(TlsMinted, 1);
    minted->chain = pem_of(
        (X509 *const[]){pair->certificate, chain ? mint->intermediate.certificate : NULL, NULL});
    minted->key = pem_of_key(pair->key);
    if (!plan->self_signed) {
        minted->revoked = ocsp_response(mint, pair->certificate, true);
        minted->good = ocsp_response(mint, pair->certificate, false);
    }
    ERR_clear_error();
    return minted;
}

TlsMinted *tls_mint_issue(TlsMint *mint, const TlsMintPlan *plan, GError **error)
{
    g_autofree char *names = alt_names(plan->names);
    const Shape shape = {.subject = plan->names[0],
                         .constraints = "critical,CA:FALSE",
                         .usage = plan->rsa_bits ? "critical,digitalSignature,keyEncipherment"
                                                 : "critical,digitalSignature",
                         .extended = plan->client ? "clientAuth" : "serverAuth",
                         .alt_names = plan->client ? NULL : names,
                         .not_before = plan->not_before,
                         .not_after = plan->not_after,
                         .sha1 = plan->sha1,
                         .must_staple = plan->must_staple};
    g_auto(Pair) pair = {.key = make_key(plan->rsa_bits)};
    if (!pair.key) {
        refused(error, "a key");
        return NULL;
    }
    const Pair *issuer = plan->self_signed ? NULL : &mint->intermediate;
    return make_certificate(&pair, &shape, issuer, error) ? take_results(mint, plan, &pair) : NULL;
}

void tls_minted_free(TlsMinted *minted)
{
    if (minted) {
        g_free(minted->chain);
        secret_free(minted->key);
        g_clear_pointer(&minted->revoked, g_bytes_unref);
        g_clear_pointer(&minted->good, g_bytes_unref);
        g_free(minted);
    }
}
