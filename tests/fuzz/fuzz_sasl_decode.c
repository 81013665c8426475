/* Messages of any mechanism, from either side, with and without knowing which. */
#include "sasl/decode.h"
#include "sasl/sasl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(Bytes raw, const char *hint, bool from_server)
{
    g_autoptr(SaslDecoded) decoded = sasl_decode(raw, hint, from_server, (raw.len & 1) == 0);
    g_autofree char *line = sasl_decoded_line(decoded);
    g_assert_true(g_utf8_validate(line, -1, NULL));
    for (const char *c = line; *c; c++) {
        g_assert_true(*c == '\t' ||
                      ((unsigned char)*c >= ' ' && *c != 0x7f)); /* safe for a terminal */
    }
}

/* The first octet chooses the hint and the side. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const hints[] = {
        NULL,       "PLAIN",       "LOGIN",       "LOGIN user", "LOGIN password",
        "CRAM-MD5", "DIGEST-MD5",  "SCRAM-SHA-1", "NTLM",       "GSSAPI",
        "XOAUTH2",  "OAUTHBEARER", "EXTERNAL",    "ANONYMOUS",  "X-NEW",
    };
    if (size == 0) {
        return 0;
    }
    Bytes raw = {(const char *)data + 1, size - 1};
    decode(raw, hints[(data[0] >> 1) % G_N_ELEMENTS(hints)], data[0] & 1);
    sasl_apop_challenge(raw);
    return 0;
}
