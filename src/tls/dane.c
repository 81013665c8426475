/* dane.c: TLSA records (RFC 6698), their use by OpenSSL (RFC 7671, 7672). */
#include "tls/dane.h"

#include <string.h>

#include <openssl/err.h>

/* A TLSA record holds a digest or a whole certificate; nothing honest is larger. */
enum { TLSA_MAX = 16384 };

void tlsa_record_free(TlsaRecord *record)
{
    if (!record) {
        return;
    }
    g_bytes_unref(record->data);
    g_free(record);
}

TlsaRecord *tlsa_record_parse(Bytes rdata)
{
    if (rdata.len <= 3 || rdata.len > TLSA_MAX) {
        return NULL;
    }
    TlsaRecord *record = g_new0(TlsaRecord, 1);
    record->usage = (uint8_t)rdata.data[0];
    record->selector = (uint8_t)rdata.data[1];
    record->matching = (uint8_t)rdata.data[2];
    record->data = g_bytes_new(rdata.data + 3, rdata.len - 3);
    return record;
}

char *tlsa_record_text(const TlsaRecord *record, size_t max_hex)
{
    size_t len;
    const char *data = g_bytes_get_data(record->data, &len);
    g_autofree char *hex = bytes_hex((Bytes){data, len});
    bool cut = max_hex > 0 && strlen(hex) > max_hex;
    if (cut) {
        hex[max_hex] = '\0';
    }
    return g_strdup_printf("%u %u %u %s%s", record->usage, record->selector, record->matching, hex,
                           cut ? "..." : "");
}

/* The names a DANE-TA certificate may bear: the TLSA base domain, and the host before and after its
 * CNAMEs (RFC 7671 section 7, RFC 7672 section 3.2.3). */
static bool add_names(SSL *ssl, const TlsPlan *plan, const char *host)
{
    const char *names[] = {host, plan->tlsa_alt_name};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i] && names[i][0] && !SSL_add1_host(ssl, names[i])) {
            return false;
        }
    }
    return true;
}

/* 1: usable, 0: of a kind OpenSSL does not know, below: malformed for its kind. The last two are
 * passed over alike: one bad record must not disable the good ones (RFC 6698 section 4.1). */
static bool add_record(SSL *ssl, const TlsPlan *plan, const TlsaRecord *record)
{
    if (record->usage <= 1 && plan->tlsa_without_pkix) {
        return false;
    }
    size_t len;
    const unsigned char *data = g_bytes_get_data(record->data, &len);
    return SSL_dane_tlsa_add(ssl, record->usage, record->selector, record->matching, data, len) > 0;
}

bool tls_dane_apply(SSL *ssl, const TlsPlan *plan, const char *host, size_t *ret_usable,
                    GError **error)
{
    const char *base = plan->tlsa_base ? plan->tlsa_base : host;
    *ret_usable = 0;
    bool fine = SSL_dane_enable(ssl, base) > 0 && add_names(ssl, plan, host);
    ERR_clear_error();
    if (!fine) {
        return error_fail(error, POSTERN_ERROR_USAGE, "'%s' cannot be used with DANE", base);
    }
    /* With DANE-EE the record alone says which key is right: names and dates do not count (RFC 7671
     * section 5.1). */
    SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    for (size_t i = 0; plan->tlsa && i < plan->tlsa->len; i++) {
        *ret_usable += add_record(ssl, plan, g_ptr_array_index(plan->tlsa, i));
    }
    ERR_clear_error();
    return true;
}

char *tls_dane_matched(SSL *ssl)
{
    uint8_t usage, selector, matching;
    const unsigned char *data;
    size_t len;
    if (SSL_get0_dane_tlsa(ssl, &usage, &selector, &matching, &data, &len) < 0) {
        return NULL;
    }
    g_autoptr(GBytes) copy = g_bytes_new(data, len);
    g_autofree char *text = tlsa_record_text(&(TlsaRecord){usage, selector, matching, copy}, 64);
    return g_strconcat("TLSA ", text, NULL);
}
