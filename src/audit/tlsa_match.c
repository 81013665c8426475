/* tlsa_match.c: TLSA records against certificates. */
#include "audit/tlsa_match.h"

#include "base/digest.h"

enum { USAGE_MAX = 3, SELECTOR_MAX = 1, MATCHING_MAX = 2, DATA_SHOWN = 8 };

enum { DER_SEQUENCE = 0x30, DER_VERSION = 0xa0 };

/* Takes one element off the front of *rest: its tag, its contents, and all of it. False when it is
 * not whole. */
static bool der_next(Bytes *rest, uint8_t *tag, Bytes *contents, Bytes *element)
{
    const uint8_t *p = (const uint8_t *)rest->data;
    if (rest->len < 2) {
        return false;
    }
    size_t head = 2, len = p[1];
    if (p[1] & 0x80) {
        size_t octets = p[1] & 0x7f;
        if (octets == 0 || octets > 4 || rest->len < 2 + octets) {
            return false;
        }
        len = 0;
        for (size_t i = 0; i < octets; i++) {
            len = len << 8 | p[2 + i];
        }
        head += octets;
    }
    if (len > rest->len - head) {
        return false;
    }
    *tag = p[0];
    *contents = bytes_sub(*rest, head, len);
    *element = bytes_sub(*rest, 0, head + len);
    *rest = bytes_sub(*rest, head + len, rest->len);
    return true;
}

/* Certificate -> TBSCertificate -> [version], serial, algorithm, issuer, validity, subject, SPKI
 * (RFC 5280 4.1). */
Bytes tlsa_spki(Bytes der)
{
    enum { BEFORE_SPKI = 5 };
    uint8_t tag = 0;
    Bytes certificate, tbs, element, ignored;
    if (!der_next(&der, &tag, &certificate, &ignored) || tag != DER_SEQUENCE ||
        !der_next(&certificate, &tag, &tbs, &ignored) || tag != DER_SEQUENCE) {
        return BYTES_NONE;
    }
    if (tbs.len > 0 && (uint8_t)tbs.data[0] == DER_VERSION &&
        !der_next(&tbs, &tag, &ignored, &element)) {
        return BYTES_NONE;
    }
    for (int i = 0; i < BEFORE_SPKI; i++) {
        if (!der_next(&tbs, &tag, &ignored, &element)) {
            return BYTES_NONE;
        }
    }
    return der_next(&tbs, &tag, &ignored, &element) && tag == DER_SEQUENCE ? element : BYTES_NONE;
}

static Bytes bytes_of_gbytes(GBytes *data)
{
    size_t len = 0;
    const char *start = g_bytes_get_data(data, &len);
    return (Bytes){start, len};
}

static bool matches(const TlsaRecord *record, const TlsCertificate *certificate)
{
    Bytes want = bytes_of_gbytes(record->data);
    Bytes have = bytes_of_gbytes(certificate->der);
    have = record->selector == 1 ? tlsa_spki(have) : have;
    if (have.len == 0) {
        return false;
    }
    if (record->matching == 0) {
        return bytes_equal(want, have);
    }
    DigestKind kind = record->matching == 1 ? DIGEST_SHA256 : DIGEST_SHA512;
    uint8_t digest[DIGEST_MAX];
    digest_compute(kind, have, digest);
    return bytes_equal(want, (Bytes){(const char *)digest, digest_size(kind)});
}

char *tlsa_match(const TlsaRecord *record, const GPtrArray *chain)
{
    g_autofree char *mistake = tlsa_mistake(record);
    bool leaf_only = record->usage == 1 || record->usage == 3;
    for (guint i = 0; mistake == NULL && i < (leaf_only ? MIN(chain->len, 1) : chain->len); i++) {
        const TlsCertificate *certificate = g_ptr_array_index(chain, i);
        bool asked = leaf_only || i > 0 || certificate->self_signed;
        if (asked && matches(record, certificate)) {
            return i == 0 ? g_strdup("leaf") : g_strdup_printf("issuer %u", i);
        }
    }
    return g_strdup("");
}

char *tlsa_mistake(const TlsaRecord *record)
{
    size_t len = g_bytes_get_size(record->data);
    if (record->usage > USAGE_MAX) {
        return g_strdup_printf("usage %u does not exist", record->usage);
    }
    if (record->selector > SELECTOR_MAX) {
        return g_strdup_printf("selector %u does not exist", record->selector);
    }
    if (record->matching > MATCHING_MAX) {
        return g_strdup_printf("matching type %u does not exist", record->matching);
    }
    size_t want = record->matching == 1 ? 32 : record->matching == 2 ? 64 : len;
    if (len != want || len == 0) {
        return g_strdup_printf("its data has %zu octets%s", len,
                               record->matching == 1   ? ", a SHA-256 digest has 32"
                               : record->matching == 2 ? ", a SHA-512 digest has 64"
                                                       : "");
    }
    return NULL;
}

char *tlsa_text(const TlsaRecord *record)
{
    Bytes data = bytes_of_gbytes(record->data);
    g_autofree char *hex = bytes_hex(bytes_sub(data, 0, DATA_SHOWN));
    return g_strdup_printf("%u %u %u %s%s", record->usage, record->selector, record->matching, hex,
                           data.len > DATA_SHOWN ? "..." : "");
}
