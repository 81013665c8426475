/* MTA-STS policies and records, TLS-RPT records. */
#include <string.h>

#include "audit/mta_sts_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Bytes text = {(const char *)data, size};
    g_autoptr(MtaStsPolicy) policy = mta_sts_policy_parse(text);
    g_assert_cmpuint(policy->mx->len, <=, 512);
    g_assert_cmpuint(policy->problems->len, <=, 32);
    g_assert_true(policy->mode != NULL || policy->problems->len > 0);
    for (guint i = 0; i < policy->mx->len; i++) {
        const char *pattern = g_ptr_array_index(policy->mx, i);
        bool wild = g_str_has_prefix(pattern, "*.");
        g_autofree char *host = g_strconcat(wild ? "a." : "", pattern + (wild ? 2 : 0), NULL);
        g_assert_true(mta_sts_mx_matches(pattern, host));
    }
    g_autofree char *id = mta_sts_record_parse(text, NULL);
    g_assert_true(id == NULL || (strlen(id) >= 1 && strlen(id) <= 32));
    g_autofree char *rua = tls_rpt_record_parse(text, NULL);
    g_assert_true(rua == NULL || strlen(rua) <= size);
    return 0;
}
