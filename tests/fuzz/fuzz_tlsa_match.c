/* The public key within a certificate's DER, and a TLSA record (its first octets) against that
 * certificate. */
#include "audit/tlsa_match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Bytes der = {(const char *)data, size};
    Bytes spki = tlsa_spki(der);
    g_assert_true(spki.len == 0 ||
                  (spki.data >= der.data && spki.data + spki.len <= der.data + der.len));
    TlsCertificate *certificate = tls_certificate_parse(der);
    TlsaRecord *record = tlsa_record_parse(bytes_sub(der, 0, 35));
    if (certificate != NULL && record != NULL) {
        g_autoptr(GPtrArray) chain = g_ptr_array_new();
        g_ptr_array_add(chain, certificate);
        g_autofree char *match = tlsa_match(record, chain);
        g_autofree char *text = tlsa_text(record);
        g_assert_nonnull(text);
        g_assert_nonnull(match);
    }
    tlsa_record_free(record);
    tls_certificate_free(certificate);
    return 0;
}
