/* certificate.c: one X.509 certificate as plain facts. */
#include "tls/certificate.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/escape.h"
#include "tls/pins.h"

char *tls_name_text(const X509_NAME *name)
{
    unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    BIO *bio = BIO_new(BIO_s_mem());
    X509_NAME_print_ex(bio, name, 0, flags);
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    char *escaped = escape_line((Bytes){text, len > 0 ? (size_t)len : 0});
    BIO_free(bio);
    ERR_clear_error();
    return escaped;
}

static char *string_text(const ASN1_STRING *string)
{
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, string);
    ERR_clear_error();
    if (len < 0) {
        return NULL;
    }
    char *text = escape_line((Bytes){(const char *)utf8, (size_t)len});
    OPENSSL_free(utf8);
    return text;
}

/* The last CN is the most specific one. */
static char *common_name(const X509_NAME *name)
{
    int found = -1;
    for (int i; (i = X509_NAME_get_index_by_NID(name, NID_commonName, found)) >= 0;) {
        found = i;
    }
    const X509_NAME_ENTRY *entry = found >= 0 ? X509_NAME_get_entry(name, found) : NULL;
    return entry ? string_text(X509_NAME_ENTRY_get_data(entry)) : NULL;
}

static char *ip_text(const ASN1_OCTET_STRING *ip)
{
    char text[INET6_ADDRSTRLEN];
    int len = ASN1_STRING_length(ip);
    if (len != 4 && len != 16) {
        return bytes_hex((Bytes){(const char *)ASN1_STRING_get0_data(ip), (size_t)len});
    }
    inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), text, sizeof text);
    return g_strdup(text);
}

static void add_string(GPtrArray *to, const ASN1_STRING *string)
{
    g_ptr_array_add(to, escape_line((Bytes){(const char *)ASN1_STRING_get0_data(string),
                                            (size_t)ASN1_STRING_length(string)}));
}

static void add_name(TlsCertificate *facts, const GENERAL_NAME *name)
{
    switch (name->type) {
    case GEN_DNS:
        add_string(facts->dns_names, name->d.dNSName);
        break;
    case GEN_EMAIL:
        add_string(facts->emails, name->d.rfc822Name);
        break;
    case GEN_IPADD:
        g_ptr_array_add(facts->ip_names, ip_text(name->d.iPAddress));
        break;
    default:
        break;
    }
}

static void read_names(TlsCertificate *facts, X509 *certificate)
{
    facts->dns_names = g_ptr_array_new_with_free_func(g_free);
    facts->ip_names = g_ptr_array_new_with_free_func(g_free);
    facts->emails = g_ptr_array_new_with_free_func(g_free);
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        add_name(facts, sk_GENERAL_NAME_value(names, i));
    }
    GENERAL_NAMES_free(names);
}

gint64 tls_time_seconds(const ASN1_TIME *when)
{
    struct tm parts;
    return when && ASN1_TIME_to_tm(when, &parts) == 1 ? (gint64)timegm(&parts) : 0;
}

static const struct {
    int id;
    const char *name;
} key_names[] = {
    {EVP_PKEY_RSA, "RSA"},         {EVP_PKEY_RSA_PSS, "RSA-PSS"}, {EVP_PKEY_DSA, "DSA"},
    {EVP_PKEY_ED25519, "Ed25519"}, {EVP_PKEY_ED448, "Ed448"},
};

static char *curve_name(const EVP_PKEY *key)
{
    char group[80] = "";
    size_t len = 0;
    if (EVP_PKEY_get_group_name(key, group, sizeof group, &len) != 1) {
        return g_strdup("EC with an unnamed curve");
    }
    const char *nist = EC_curve_nid2nist(OBJ_sn2nid(group));
    return g_strconcat("EC ", nist ? nist : group, NULL);
}

static char *key_type(X509 *certificate, const EVP_PKEY *key)
{
    int id = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
    if (id == EVP_PKEY_EC) {
        return curve_name(key);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(key_names); i++) {
        if (id == key_names[i].id) {
            return g_strdup(key_names[i].name);
        }
    }
    ASN1_OBJECT *algorithm = NULL;
    char oid[80] = "unknown";
    X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, X509_get_X509_PUBKEY(certificate));
    if (algorithm) {
        OBJ_obj2txt(oid, sizeof oid, algorithm, 0);
    }
    return g_strdup(oid);
}

static void read_key(TlsCertificate *facts, X509 *certificate)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    uint8_t pin[32];
    facts->key_type = key_type(certificate, key);
    facts->key_bits = key ? EVP_PKEY_get_bits(key) : 0;
    tls_pin_of_key(certificate, pin);
    facts->spki_pin = tls_pin_text(pin);
}

static char *fingerprint(X509 *certificate, const EVP_MD *digest)
{
    uint8_t out[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (X509_digest(certificate, digest, out, &len) != 1) {
        len = 0; /* MD5 is off in FIPS mode */
    }
    return bytes_hex_colons((Bytes){(const char *)out, len});
}

static char *serial_text(X509 *certificate)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    g_autofree char *hex = NULL;
    if (number) {
        char *text = BN_bn2hex(number);
        hex = g_strdup(text ? text : "");
        OPENSSL_free(text);
    }
    BN_free(number);
    if (!hex || hex[0] == '-') {
        return g_steal_pointer(&hex) ?: g_strdup(""); /* a negative one stays as it is written */
    }
    g_autoptr(GByteArray) bytes = bytes_from_hex(bytes_of(hex));
    return bytes ? bytes_hex_colons(bytes_of_array(bytes)) : g_steal_pointer(&hex);
}

/* RFC 7633: a TLS feature extension that has status_request (5). */
static bool must_staple(X509 *certificate)
{
    enum { STATUS_REQUEST = 5 };
    TLS_FEATURE *features = X509_get_ext_d2i(certificate, NID_tlsfeature, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++) {
        found |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == STATUS_REQUEST;
    }
    TLS_FEATURE_free(features);
    return found;
}

static char *ocsp_url(X509 *certificate)
{
    STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(certificate);
    const char *first = urls ? sk_OPENSSL_STRING_value(urls, 0) : NULL;
    char *url = first ? escape_line(bytes_of(first)) : NULL;
    X509_email_free(urls);
    return url;
}

static GBytes *der_of(X509 *certificate)
{
    unsigned char *der = NULL;
    int len = i2d_X509(certificate, &der);
    GBytes *bytes = g_bytes_new(der, len > 0 ? (size_t)len : 0);
    OPENSSL_free(der);
    return bytes;
}

/* "ecdsa-with-SHA256"; an algorithm without a name as its number. */
static char *signature_text(const X509 *certificate)
{
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *object = NULL;
    char text[80] = "";
    X509_get0_signature(NULL, &algorithm, certificate);
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    OBJ_obj2txt(text, sizeof text, object, 0);
    return g_strdup(text);
}

/* One that names itself as its issuer, and its own key as the issuer's, says that it is, as does an
 * authority; of others the signature is computed, which takes long. */
static bool is_self_signed(X509 *certificate)
{
    bool says_so = X509_get0_authority_key_id(certificate) || X509_check_ca(certificate) > 0;
    return X509_self_signed(certificate, !says_so) == 1;
}

TlsCertificate *tls_certificate_of(X509 *certificate)
{
    TlsCertificate *facts = g_new0(TlsCertificate, 1);
    facts->subject = tls_name_text(X509_get_subject_name(certificate));
    facts->issuer = tls_name_text(X509_get_issuer_name(certificate));
    facts->common_name = common_name(X509_get_subject_name(certificate));
    read_names(facts, certificate);
    facts->not_before = tls_time_seconds(X509_get0_notBefore(certificate));
    facts->not_after = tls_time_seconds(X509_get0_notAfter(certificate));
    read_key(facts, certificate);
    facts->signature = signature_text(certificate);
    facts->serial = serial_text(certificate);
    facts->sha256 = fingerprint(certificate, EVP_sha256());
    facts->sha1 = fingerprint(certificate, EVP_sha1());
    facts->md5 = fingerprint(certificate, EVP_md5());
    facts->self_signed = is_self_signed(certificate);
    facts->is_ca = X509_check_ca(certificate) > 0;
    facts->ocsp_url = ocsp_url(certificate);
    facts->must_staple = must_staple(certificate);
    facts->der = der_of(certificate);
    ERR_clear_error();
    return facts;
}

TlsCertificate *tls_certificate_parse(Bytes der)
{
    const unsigned char *at = (const unsigned char *)der.data;
    if (der.len == 0 || der.len > G_MAXINT) {
        return NULL;
    }
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    bool whole = certificate && at == (const unsigned char *)der.data + der.len;
    TlsCertificate *facts = whole ? tls_certificate_of(certificate) : NULL;
    X509_free(certificate);
    ERR_clear_error();
    return facts;
}

void tls_certificate_free(TlsCertificate *facts)
{
    if (!facts) {
        return;
    }
    g_ptr_array_unref(facts->dns_names);
    g_ptr_array_unref(facts->ip_names);
    g_ptr_array_unref(facts->emails);
    char *strings[] = {facts->subject,   facts->issuer,   facts->common_name, facts->key_type,
                       facts->signature, facts->serial,   facts->sha256,      facts->sha1,
                       facts->md5,       facts->spki_pin, facts->ocsp_url};
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_free(strings[i]);
    }
    g_bytes_unref(facts->der);
    g_free(facts);
}

char *tls_certificate_pem(const TlsCertificate *facts)
{
    enum { LINE = 64 }; /* RFC 7468 */
    size_t len;
    const char *der = g_bytes_get_data(facts->der, &len);
    g_autofree char *base64 = bytes_base64((Bytes){der, len});
    GString *pem = g_string_new("-----BEGIN CERTIFICATE-----\n");
    for (size_t i = 0, total = strlen(base64); i < total; i += LINE) {
        g_string_append_len(pem, base64 + i, (gssize)MIN(LINE, total - i));
        g_string_append_c(pem, '\n');
    }
    g_string_append(pem, "-----END CERTIFICATE-----\n");
    return g_string_free(pem, FALSE);
}
