/* A certificate in DER: what is shown of one holds nothing a terminal would obey. */
#include <string.h>

#include "base/escape.h"
#include "tls/peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void harmless(const char *text)
{
    if (!text) {
        return;
    }
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (const char *at = text; *at; at++) {
        g_assert_false(g_ascii_iscntrl(*at) && *at != '\t');
    }
}

static void all_harmless(const GPtrArray *texts)
{
    for (guint i = 0; i < texts->len; i++) {
        harmless(g_ptr_array_index(texts, i));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    TlsCertificate *facts = tls_certificate_parse((Bytes){(const char *)data, size});
    if (!facts) {
        return 0;
    }
    harmless(facts->subject);
    harmless(facts->issuer);
    harmless(facts->common_name);
    harmless(facts->key_type);
    harmless(facts->signature);
    harmless(facts->serial);
    harmless(facts->ocsp_url);
    all_harmless(facts->dns_names);
    all_harmless(facts->ip_names);
    all_harmless(facts->emails);
    g_autofree char *pem = tls_certificate_pem(facts);
    g_assert_true(g_str_has_suffix(pem, "-----END CERTIFICATE-----\n"));
    tls_certificate_free(facts);
    return 0;
}
