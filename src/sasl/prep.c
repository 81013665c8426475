/* prep.c: SASLprep (RFC 4013) by libgsasl, which brings the tables of stringprep. */
#include "sasl/gsasl_load.h"
#include "sasl/sasl.h"

#include <string.h>

static bool is_plain_ascii(Bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.data[i] < ' ' || b.data[i] > '~') { /* char is signed: 8-bit ones are below too */
            return false;
        }
    }
    return true;
}

/* Unassigned code points may stand in what is only compared, not stored (RFC 4013 section 2.5):
 * emoji are some. libgsasl 2.2 has its flag for that the wrong way round, so that which of the two
 * is the lenient one depends on the version. */
static int prepare_lenient(const GsaslLibrary *g, const char *text, char **ret)
{
    int detail = 0;
    int rc = g->gsasl_saslprep(text, GSASL_ALLOW_UNASSIGNED, ret, &detail);
    return rc == GSASL_OK ? rc : g->gsasl_saslprep(text, (Gsasl_saslprep_flags)0, ret, &detail);
}

Secret *sasl_prepare(const Secret *text, bool *was_8bit, GError **error)
{
    Bytes raw = secret_reveal(text);
    *was_8bit = false;
    if (is_plain_ascii(raw)) {
        return secret_copy(text);
    }
    if (bytes_index(raw, '\0') >= 0) {
        error_fail(error, POSTERN_ERROR_AUTH, "SASLprep (RFC 4013) forbids a NUL");
        return NULL;
    }
    if (!g_utf8_validate(raw.data, (gssize)raw.len, NULL)) {
        *was_8bit = true;
        return secret_copy(text);
    }
    const GsaslLibrary *g = gsasl_load("a name or password outside ASCII", error);
    if (!g) {
        return NULL;
    }
    char *prepared = NULL;
    int rc = prepare_lenient(g, raw.data, &prepared);
    if (rc != GSASL_OK) {
        error_fail(error, POSTERN_ERROR_AUTH,
                   "it has a character that SASLprep (RFC 4013) forbids: a control character, or "
                   "one that hides or turns text");
        return NULL;
    }
    Secret *result = secret_new(prepared, strlen(prepared));
    secret_wipe(prepared, strlen(prepared));
    g->gsasl_free(prepared);
    return result;
}
