/* why.c: verification failures in words a person can act on.
 *
 * Every problem gives OpenSSL's line (number, depth, words), the certificate it is about, and
 * advice from the table below. */
#include "tls/why.h"

#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/escape.h"
#include "tls/certificate.h"
#include "tls/dane.h"
#include "tls/pins.h"
#include "tls/store.h"

typedef struct {
    const TlsConnection *c;
    const TlsPeer *peer;
    const TlsProblem *problem;
    GString *text;
} Writer;

static void line(const Writer *w, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void line(const Writer *w, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_string_append(w->text, "\n    ");
    g_string_append_vprintf(w->text, format, arguments);
    va_end(arguments);
}

static char *when(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    return time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S UTC") : g_strdup("an unknown time");
}

/* "3 days", "5 hours", "40 seconds". */
static char *span(gint64 seconds)
{
    static const struct {
        gint64 length;
        const char *unit;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        gint64 count = seconds / units[i].length;
        if (count > 0 || units[i].length == 1) {
            return g_strdup_printf("%" G_GINT64_FORMAT " %s%s", count, units[i].unit,
                                   count == 1 ? "" : "s");
        }
    }
    return NULL;
}

static void clock_hint(const Writer *w)
{
    g_autofree char *now = when(time(NULL));
    line(w, "this computer's clock says %s: if that is wrong, set it (timedatectl shows it)", now);
}

/* Once, however many problems there are. */
static void offer_pin(const Writer *w)
{
    const TlsCertificate *leaf =
        w->peer->chain->len > 0 ? g_ptr_array_index(w->peer->chain, 0) : NULL;
    if (leaf && !strstr(w->text->str, leaf->spki_pin)) {
        line(w, "to trust this server's key alone, once you have compared it: --pin=%s",
             leaf->spki_pin);
    }
}

static void advise_expired(const Writer *w)
{
    gint64 end = tls_time_seconds(X509_get0_notAfter(w->problem->certificate));
    g_autofree char *since = when(end);
    g_autofree char *ago = span(time(NULL) - end);
    line(w, "expired since %s (%s ago): its owner must renew it", since, ago);
    clock_hint(w);
    offer_pin(w);
}

static void advise_not_yet(const Writer *w)
{
    gint64 begin = tls_time_seconds(X509_get0_notBefore(w->problem->certificate));
    g_autofree char *from = when(begin);
    g_autofree char *left = span(begin - time(NULL));
    line(w, "not valid until %s (in %s)", from, left);
    clock_hint(w);
    offer_pin(w);
}

/* At most this many names are told; a certificate may bear hundreds. */
enum { NAMES_SHOWN = 8 };

static void append_names(GString *to, const GPtrArray *names, size_t *count)
{
    for (guint i = 0; i < names->len; i++) {
        if ((*count)++ < NAMES_SHOWN) {
            g_string_append_printf(to, "%s%s", to->len > 0 ? ", " : "",
                                   (const char *)g_ptr_array_index(names, i));
        }
    }
}

static void advise_name(const Writer *w)
{
    TlsCertificate *leaf = tls_certificate_of(w->problem->certificate);
    g_autoptr(GString) names = g_string_new(NULL);
    size_t count = 0;
    append_names(names, leaf->dns_names, &count);
    append_names(names, leaf->ip_names, &count);
    if (count == 0 && leaf->common_name) {
        g_string_append(names, leaf->common_name);
    }
    if (count > NAMES_SHOWN) {
        g_string_append_printf(names, " and %zu more", count - NAMES_SHOWN);
    }
    line(w, "it is for %s, not for %s", names->len > 0 ? names->str : "no name at all", w->c->host);
    line(w, "use a name it bears; if this is the right server all the same: --pin=%s",
         leaf->spki_pin);
    tls_certificate_free(leaf);
}

/* "example-root-ca.pem" for "CN=Example Root CA". */
static char *file_name_for(const X509_NAME *name)
{
    char common[64] = "";
    X509_NAME_get_text_by_NID((X509_NAME *)(uintptr_t)name, NID_commonName, common, sizeof common);
    GString *file = g_string_new(NULL);
    for (const char *at = common; *at; at++) {
        if (g_ascii_isalnum(*at)) {
            g_string_append_c(file, g_ascii_tolower(*at));
        } else if (file->len > 0 && file->str[file->len - 1] != '-') {
            g_string_append_c(file, '-');
        }
    }
    if (file->len > 0 && file->str[file->len - 1] == '-') {
        g_string_truncate(file, file->len - 1);
    }
    g_string_append(file, file->len > 0 ? ".pem" : "ca.pem");
    return g_string_free(file, FALSE);
}

static bool chain_verifies_with_system(const Writer *w)
{
    X509 *leaf = SSL_get0_peer_certificate(w->c->ssl);
    X509_STORE *store = tls_store_for(&(TlsPlan){0}, NULL);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool fine = leaf && store &&
                X509_STORE_CTX_init(context, store, leaf, SSL_get_peer_cert_chain(w->c->ssl)) &&
                X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return fine;
}

static void tell_where_looked(const Writer *w)
{
    const TlsPlan *plan = w->c->plan;
    g_autofree char *where = tls_store_words(plan);
    bool own = plan->ca_file || plan->ca_path;
    if (!own && !tls_store_system_exists()) {
        line(w, "this computer has no trust store in %s: install the package ca-certificates",
             where);
    } else if (own && chain_verifies_with_system(w)) {
        line(w, "not in %s, but the system's trust store has it: leave out --ca-file and --ca-path",
             where);
    } else {
        line(w, "looked for it in %s", where);
    }
}

static void advise_self_signed_leaf(const Writer *w)
{
    g_autofree char *file = file_name_for(X509_get_subject_name(w->problem->certificate));
    line(w, "the server made it itself: nobody vouches for it");
    tell_where_looked(w);
    line(w, "if it is right, compared over another way: save its PEM and give --ca-file=%s", file);
    offer_pin(w);
}

static void advise_unknown_root(const Writer *w)
{
    g_autofree char *file = file_name_for(X509_get_subject_name(w->problem->certificate));
    line(w, "the server sent this authority itself, and it is not one this computer trusts");
    tell_where_looked(w);
    line(w, "if you trust it, compared over another way: save its PEM and give --ca-file=%s", file);
    offer_pin(w);
}

/* Where the certificate says its issuer's certificate can be had. */
static char *issuer_url(X509 *certificate)
{
    char *url = NULL;
    AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
    for (int i = 0; !url && i < sk_ACCESS_DESCRIPTION_num(access); i++) {
        const ACCESS_DESCRIPTION *entry = sk_ACCESS_DESCRIPTION_value(access, i);
        if (OBJ_obj2nid(entry->method) == NID_ad_ca_issuers && entry->location->type == GEN_URI) {
            const ASN1_STRING *uri = entry->location->d.uniformResourceIdentifier;
            url = escape_line_max(
                (Bytes){(const char *)ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri)},
                200);
        }
    }
    AUTHORITY_INFO_ACCESS_free(access);
    return url;
}

static void advise_missing_issuer(const Writer *w)
{
    const X509_NAME *name = X509_get_issuer_name(w->problem->certificate);
    g_autofree char *issuer = tls_name_text(name);
    g_autofree char *file = file_name_for(name);
    g_autofree char *url = issuer_url(w->problem->certificate);
    line(w, "its issuer is %s, which this computer does not have and the server did not send",
         issuer);
    tell_where_looked(w);
    line(w,
         "if that is an intermediate, the server's operator must add it to the chain it sends%s%s",
         url ? "; it can be had from " : "", url ? url : "");
    line(w, "if it is an authority of your own, give its PEM: --ca-file=%s", file);
    offer_pin(w);
}

static void advise_weak_key(const Writer *w)
{
    const EVP_PKEY *key = X509_get0_pubkey(w->problem->certificate);
    line(w, "its key has only %d bits and can be broken: its owner must replace it",
         key ? EVP_PKEY_get_bits(key) : 0);
    line(w, "to accept weak certificates in this run: --ciphers=DEFAULT@SECLEVEL=0");
}

static void advise_weak_signature(const Writer *w)
{
    const char *name = OBJ_nid2ln(X509_get_signature_nid(w->problem->certificate));
    line(w, "it is signed with %s, which can be forged: its owner must replace it",
         name ? name : "a weak algorithm");
    line(w, "to accept weak certificates in this run: --ciphers=DEFAULT@SECLEVEL=0");
}

static void advise_purpose(const Writer *w)
{
    line(w,
         "it was made for another purpose than being a TLS server (key usage, basic constraints)");
    offer_pin(w);
}

static void offer_tlsa(const Writer *w)
{
    X509 *leaf = SSL_get0_peer_certificate(w->c->ssl);
    uint8_t pin[32];
    if (!leaf) {
        return;
    }
    tls_pin_of_key(leaf, pin);
    g_autofree char *hex = bytes_hex((Bytes){(const char *)pin, 32});
    line(w, "a record for the certificate the server has now would be: TLSA 3 1 1 %s", hex);
}

static void advise_dane(const Writer *w)
{
    const GPtrArray *records = w->c->plan->tlsa;
    for (guint i = 0; records && i < records->len && i < NAMES_SHOWN; i++) {
        g_autofree char *text = tlsa_record_text(g_ptr_array_index(records, i), 64);
        line(w, "the zone says: TLSA %s", text);
    }
    offer_tlsa(w);
    line(w, "perhaps the certificate was renewed without the record; else somebody sits between");
}

static const struct {
    int number;
    bool needs_certificate;
    void (*advise)(const Writer *w);
} advice[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, true, advise_expired},
    {X509_V_ERR_CERT_NOT_YET_VALID, true, advise_not_yet},
    {X509_V_ERR_HOSTNAME_MISMATCH, true, advise_name},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, true, advise_name},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, true, advise_self_signed_leaf},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, true, advise_unknown_root},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, true, advise_missing_issuer},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, true, advise_missing_issuer},
    {X509_V_ERR_EE_KEY_TOO_SMALL, true, advise_weak_key},
    {X509_V_ERR_CA_KEY_TOO_SMALL, true, advise_weak_key},
    {X509_V_ERR_CA_MD_TOO_WEAK, true, advise_weak_signature},
    {X509_V_ERR_INVALID_PURPOSE, false, advise_purpose},
    {X509_V_ERR_INVALID_CA, false, advise_purpose},
    {X509_V_ERR_DANE_NO_MATCH, false, advise_dane},
};

static void write_problem(Writer *w, const TlsProblem *problem)
{
    w->problem = problem;
    g_string_append_printf(w->text, "%serror %d at depth %d: %s", w->text->len > 0 ? "\n" : "",
                           problem->number, problem->depth,
                           X509_verify_cert_error_string(problem->number));
    if (problem->certificate) {
        g_autofree char *subject = tls_name_text(X509_get_subject_name(problem->certificate));
        line(w, "certificate: %s", *subject ? subject : "(without a subject)");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(advice); i++) {
        if (advice[i].number == problem->number &&
            (problem->certificate || !advice[i].needs_certificate)) {
            advice[i].advise(w);
        }
    }
}

/* "Unable to verify the first certificate" says again what 20 has said. */
static bool is_echo(const TlsTrustRecord *record, guint at)
{
    const TlsProblem *problem = &g_array_index(record->problems, TlsProblem, at);
    return at > 0 && problem->number == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

static void write_problems(Writer *w)
{
    const GArray *problems = w->c->trust.problems;
    for (guint i = 0; problems && i < problems->len; i++) {
        if (!is_echo(&w->c->trust, i)) {
            write_problem(w, &g_array_index(problems, TlsProblem, i));
        }
    }
}

static void write_pin_mismatch(const Writer *w)
{
    X509 *leaf = SSL_get0_peer_certificate(w->c->ssl);
    g_string_append(w->text, "none of the demanded pins matches the server's certificate");
    if (!leaf) {
        return;
    }
    uint8_t pin[32];
    tls_pin_of_certificate(leaf, pin);
    g_autofree char *of_certificate = tls_pin_text(pin);
    g_autofree char *subject = tls_name_text(X509_get_subject_name(leaf));
    line(w, "certificate: %s", *subject ? subject : "(without a subject)");
    line(w, "the certificate's pin is %s", of_certificate);
    line(w, "perhaps its key was renewed; else somebody sits between");
    offer_pin(w);
}

static void write_no_tlsa(const Writer *w)
{
    size_t count = w->c->plan->tlsa ? w->c->plan->tlsa->len : 0;
    g_string_append_printf(w->text, "%sDANE is demanded, but ", w->text->len > 0 ? "\n" : "");
    if (count == 0) {
        g_string_append(w->text, "there is no TLSA record from a validated answer");
    } else {
        g_string_append_printf(w->text, "none of the %zu TLSA records can be used", count);
    }
    offer_tlsa(w);
}

static void write_revoked(const Writer *w)
{
    g_string_append_printf(w->text, "%serror %d at depth 0: %s", w->text->len > 0 ? "\n" : "",
                           X509_V_ERR_CERT_REVOKED,
                           X509_verify_cert_error_string(X509_V_ERR_CERT_REVOKED));
    line(w, "its authority says so in the OCSP answer the server itself sent");
}

char *tls_why_not(const TlsConnection *c, const TlsPeer *peer)
{
    const TlsPlan *plan = c->plan;
    bool pinned = plan->pins && plan->pins[0];
    Writer w = {.c = c, .peer = peer, .text = g_string_new(NULL)};
    if (!c->trust.checked) {
        g_string_append(w.text, "the handshake ended before a certificate could be verified");
    }
    if (c->trust.checked && pinned && !c->trust.matched_pin) {
        write_pin_mismatch(&w);
    }
    if (plan->dane && c->trust.tlsa_usable == 0) {
        write_no_tlsa(&w);
    } else if (plan->dane || !pinned) {
        write_problems(&w);
    }
    if (c->trust.revoked) {
        write_revoked(&w);
    }
    return g_string_free(w.text, FALSE);
}
