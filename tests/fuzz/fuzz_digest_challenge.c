/* DIGEST-MD5's lists of directives. */
#include "sasl/digest_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_auto(DigestChallenge) challenge = {0};
    bool ok = digest_parse_challenge((Bytes){(const char *)data, size}, &challenge, &error);
    g_assert_true(ok == (error == NULL));
    g_assert_true(!ok || (*challenge.nonce && challenge.has_auth && challenge.is_md5_sess));
    return 0;
}
