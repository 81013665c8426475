/* identity.c: client certificates and their keys. */
#include "tls/identity.h"

#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "tls/certificate.h"

struct TlsIdentity {
    X509 *leaf;
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* above the leaf; may be NULL */
};

/* No certificate file of a person is larger. */
enum { FILE_MAX = 1 << 20 };

static void clear_identity(gpointer data)
{
    TlsIdentity *identity = data;
    X509_free(identity->leaf);
    EVP_PKEY_free(identity->key);
    sk_X509_pop_free(identity->chain, X509_free);
}

void tls_identity_unref(TlsIdentity *identity)
{
    if (identity) {
        g_atomic_rc_box_release_full(identity, clear_identity);
    }
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsIdentity, tls_identity_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)

/* The file may hold a private key: it is a secret from the start. */
static Secret *read_file(const char *file, GError **error)
{
    g_autofree char *text = NULL;
    gsize len = 0;
    g_autoptr(GError) why = NULL;
    if (!g_file_get_contents(file, &text, &len, &why)) {
        error_fail(error, POSTERN_ERROR_NO_INPUT, "the client certificate or key: %s",
                   why->message);
        return NULL;
    }
    Secret *content = len <= FILE_MAX ? secret_new(text, len) : NULL;
    secret_wipe(text, len);
    if (!content) {
        error_fail(error, POSTERN_ERROR_CONFIG, "'%s' is too large for a certificate or key", file);
    }
    return content;
}

static BIO *open_memory(const Secret *content)
{
    Bytes bytes = secret_reveal(content);
    return BIO_new_mem_buf(bytes.data, (int)bytes.len);
}

static bool is_pem(const Secret *content)
{
    Bytes bytes = secret_reveal(content);
    return g_strstr_len(bytes.data, (gssize)bytes.len, "-----BEGIN ") != NULL;
}

/* A passphrase is asked for outside of OpenSSL's callback, which must not wait: the first try only
 * finds out whether one is needed. */
typedef struct {
    const Secret *passphrase;
    bool needed;
} PassphraseTry;

static int give_passphrase(char *buffer, int size, int writing, void *user)
{
    (void)writing;
    PassphraseTry *try = user;
    try->needed = true;
    Bytes bytes = try->passphrase ? secret_reveal(try->passphrase) : BYTES_NONE;
    if (!try->passphrase || bytes.len > (size_t)size) {
        return -1;
    }
    memcpy(buffer, bytes.data, bytes.len);
    return (int)bytes.len;
}

static EVP_PKEY *try_key(const Secret *content, PassphraseTry *try)
{
    g_autoptr(BIO) bio = open_memory(content);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, try);
    ERR_clear_error();
    return key;
}

static Secret *ask(const TlsPlan *plan, const char *file, GError **error)
{
    Secret *passphrase = plan->ask_passphrase ? plan->ask_passphrase(plan->ask_user, file) : NULL;
    if (!passphrase) {
        error_fail(error, POSTERN_ERROR_CONFIG,
                   "the key in '%s' is protected by a passphrase, and nobody is here to ask for it",
                   file);
    }
    return passphrase;
}

static EVP_PKEY *read_pem_key(const TlsPlan *plan, const char *file, const Secret *content,
                              GError **error)
{
    PassphraseTry try = {0};
    EVP_PKEY *key = try_key(content, &try);
    if (!key && try.needed) {
        g_autoptr(Secret) passphrase = ask(plan, file, error);
        if (!passphrase) {
            return NULL;
        }
        try.passphrase = passphrase;
        key = try_key(content, &try);
        if (!key) {
            error_fail(error, POSTERN_ERROR_CONFIG, "the passphrase does not open the key in '%s'",
                       file);
            return NULL;
        }
    }
    if (!key) {
        error_fail(error, POSTERN_ERROR_CONFIG,
                   "'%s' has no PEM private key that can be read; name its file with --client-key",
                   file);
    }
    return key;
}

static bool read_pem_certificates(TlsIdentity *identity, const char *file, const Secret *content,
                                  GError **error)
{
    g_autoptr(BIO) bio = open_memory(content);
    identity->leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    identity->chain = sk_X509_new_null();
    X509 *next = NULL;
    while (identity->leaf && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        sk_X509_push(identity->chain, next);
    }
    ERR_clear_error();
    return identity->leaf || error_fail(error, POSTERN_ERROR_CONFIG,
                                        "'%s' has no PEM certificate that can be read", file);
}

static bool read_pem(TlsIdentity *identity, const TlsPlan *plan, const Secret *content,
                     GError **error)
{
    const char *key_file = plan->client_key ? plan->client_key : plan->client_cert;
    g_autoptr(Secret) separate = plan->client_key ? read_file(plan->client_key, error) : NULL;
    if (plan->client_key && !separate) {
        return false;
    }
    if (!read_pem_certificates(identity, plan->client_cert, content, error)) {
        return false;
    }
    identity->key = read_pem_key(plan, key_file, separate ? separate : content, error);
    return identity->key;
}

static bool fail_pkcs12(const char *file, unsigned long code, GError **error)
{
    bool retired = ERR_GET_REASON(code) == ERR_R_UNSUPPORTED;
    return error_fail(error, POSTERN_ERROR_CONFIG, "'%s' %s", file,
                      retired
                          ? "is protected by a cipher (RC2) that OpenSSL 3 has retired: convert "
                            "it with `openssl pkcs12 -legacy`"
                          : "has no PKCS#12 certificate and key that can be read");
}

static bool parse_pkcs12(TlsIdentity *identity, PKCS12 *bag, const char *passphrase,
                         const char *file, GError **error)
{
    ERR_clear_error();
    int fine = PKCS12_parse(bag, passphrase, &identity->key, &identity->leaf, &identity->chain);
    unsigned long code = ERR_peek_error();
    ERR_clear_error();
    return (fine && identity->key && identity->leaf) || fail_pkcs12(file, code, error);
}

static bool open_pkcs12(TlsIdentity *identity, PKCS12 *bag, const TlsPlan *plan, GError **error)
{
    const char *file = plan->client_cert;
    if (PKCS12_verify_mac(bag, NULL, 0) || PKCS12_verify_mac(bag, "", 0)) {
        return parse_pkcs12(identity, bag, "", file, error);
    }
    ERR_clear_error(); /* a person is waited for now */
    g_autoptr(Secret) passphrase = ask(plan, file, error);
    if (!passphrase) {
        return false;
    }
    Bytes bytes = secret_reveal(passphrase);
    if (!PKCS12_verify_mac(bag, bytes.data, (int)bytes.len)) {
        ERR_clear_error();
        return error_fail(error, POSTERN_ERROR_CONFIG, "the passphrase does not open '%s'", file);
    }
    return parse_pkcs12(identity, bag, bytes.data, file, error);
}

static bool read_pkcs12(TlsIdentity *identity, const TlsPlan *plan, const Secret *content,
                        GError **error)
{
    g_autoptr(BIO) bio = open_memory(content);
    PKCS12 *bag = d2i_PKCS12_bio(bio, NULL);
    ERR_clear_error();
    if (!bag) {
        return error_fail(error, POSTERN_ERROR_CONFIG,
                          "'%s' is neither PEM nor PKCS#12: --client-cert takes one of these",
                          plan->client_cert);
    }
    bool fine = open_pkcs12(identity, bag, plan, error);
    PKCS12_free(bag);
    return fine;
}

static bool key_fits(const TlsIdentity *identity, const TlsPlan *plan, GError **error)
{
    bool fits = X509_check_private_key(identity->leaf, identity->key) == 1;
    ERR_clear_error();
    return fits ||
           error_fail(error, POSTERN_ERROR_CONFIG,
                      "the key in '%s' does not belong to the certificate in '%s'",
                      plan->client_key ? plan->client_key : plan->client_cert, plan->client_cert);
}

static TlsIdentity *read_identity(const TlsPlan *plan, GError **error)
{
    g_autoptr(Secret) content = read_file(plan->client_cert, error);
    if (!content) {
        return NULL;
    }
    g_autoptr(TlsIdentity) identity = g_atomic_rc_box_new0(TlsIdentity);
    bool fine = is_pem(content) ? read_pem(identity, plan, content, error)
                                : read_pkcs12(identity, plan, content, error);
    return fine && key_fits(identity, plan, error) ? g_steal_pointer(&identity) : NULL;
}

static bool refuse_pkcs11(const char *name, GError **error)
{
    if (!name || g_ascii_strncasecmp(name, "pkcs11:", 7) != 0) {
        return true;
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "'%s': keys on PKCS#11 tokens are not supported; use a PEM or PKCS#12 file",
                      name);
}

static bool names_fit(const TlsPlan *plan, GError **error)
{
    if (plan->client_key && !plan->client_cert) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--client-key needs --client-cert, the certificate of that key");
    }
    return refuse_pkcs11(plan->client_cert, error) && refuse_pkcs11(plan->client_key, error);
}

/* A key that wants a passphrase is a key. */
static bool key_file_fits(const char *file, const Secret *content, GError **error)
{
    PassphraseTry try = {0};
    EVP_PKEY *key = try_key(content, &try);
    EVP_PKEY_free(key);
    return key || try.needed ||
           error_fail(error, POSTERN_ERROR_CONFIG,
                      "'%s' has no PEM private key that can be read; name its file with "
                      "--client-key",
                      file);
}

static bool pem_fits(const TlsPlan *plan, const Secret *content, GError **error)
{
    g_autoptr(TlsIdentity) identity = g_atomic_rc_box_new0(TlsIdentity);
    g_autoptr(Secret) separate = plan->client_key ? read_file(plan->client_key, error) : NULL;
    if (plan->client_key && !separate) {
        return false;
    }
    return read_pem_certificates(identity, plan->client_cert, content, error) &&
           key_file_fits(plan->client_key ? plan->client_key : plan->client_cert,
                         separate ? separate : content, error);
}

static bool pkcs12_fits(const TlsPlan *plan, const Secret *content, GError **error)
{
    g_autoptr(BIO) bio = open_memory(content);
    PKCS12 *bag = d2i_PKCS12_bio(bio, NULL);
    ERR_clear_error();
    PKCS12_free(bag);
    return bag || error_fail(error, POSTERN_ERROR_CONFIG,
                             "'%s' is neither PEM nor PKCS#12: --client-cert takes one of these",
                             plan->client_cert);
}

bool tls_identity_check(const TlsPlan *plan, GError **error)
{
    if (!names_fit(plan, error)) {
        return false;
    }
    if (!plan->client_cert) {
        return true;
    }
    g_autoptr(Secret) content = read_file(plan->client_cert, error);
    if (!content) {
        return false;
    }
    return is_pem(content) ? pem_fits(plan, content, error) : pkcs12_fits(plan, content, error);
}

/* Name and time of change of both files: another key file makes another identity. */
static char *identity_key(const TlsPlan *plan)
{
    struct stat cert = {0}, key = {0};
    stat(plan->client_cert, &cert);
    if (plan->client_key) {
        stat(plan->client_key, &key);
    }
    return g_strdup_printf("%s\n%s\n%lld.%ld %lld.%ld", plan->client_cert,
                           plan->client_key ? plan->client_key : "", (long long)cert.st_mtim.tv_sec,
                           cert.st_mtim.tv_nsec, (long long)key.st_mtim.tv_sec,
                           key.st_mtim.tv_nsec);
}

static GMutex last_lock; /* never held while a passphrase is asked for */
static char *last_key;
static TlsIdentity *last_identity;

static TlsIdentity *find_last(const char *key)
{
    g_mutex_lock(&last_lock);
    bool same = last_key && g_str_equal(key, last_key);
    TlsIdentity *found = same ? g_atomic_rc_box_acquire(last_identity) : NULL;
    g_mutex_unlock(&last_lock);
    return found;
}

static void keep_last(const char *key, TlsIdentity *identity)
{
    g_mutex_lock(&last_lock);
    g_free(last_key);
    tls_identity_unref(last_identity);
    last_key = g_strdup(key);
    last_identity = g_atomic_rc_box_acquire(identity);
    g_mutex_unlock(&last_lock);
}

TlsIdentity *tls_identity_load(const TlsPlan *plan, GError **error)
{
    if (!names_fit(plan, error) || !plan->client_cert) {
        return NULL;
    }
    g_autofree char *key = identity_key(plan);
    TlsIdentity *identity = find_last(key);
    if (!identity) {
        identity = read_identity(plan, error);
        if (identity) {
            keep_last(key, identity);
        }
    }
    return identity;
}

bool tls_identity_apply(const TlsIdentity *identity, SSL *ssl)
{
    return SSL_use_certificate(ssl, identity->leaf) == 1 &&
           SSL_use_PrivateKey(ssl, identity->key) == 1 && SSL_set1_chain(ssl, identity->chain) == 1;
}

char *tls_identity_subject(const TlsIdentity *identity)
{
    return tls_name_text(X509_get_subject_name(identity->leaf));
}
