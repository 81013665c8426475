/* SPF and DMARC records. */
#include <string.h>

#include "audit/spf_dmarc_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Bytes text = {(const char *)data, size};
    g_autoptr(SpfRecord) spf = spf_parse(text);
    g_assert_true(spf->all == 0 || strchr("+-~?", spf->all) != NULL);
    g_assert_cmpuint(spf->problems->len, <=, 32);
    g_assert_true(spf->records > 0 || (spf->all == 0 && spf->lookups == 0));
    g_autoptr(DmarcRecord) dmarc = dmarc_parse(text);
    g_assert_cmpuint(dmarc->percent, <=, 100);
    g_assert_cmpuint(dmarc->problems->len, <=, 32);
    g_assert_true(dmarc->records > 0 || dmarc->policy == NULL);
    return 0;
}
