/* tls_chain.c: every certificate of a chain, as a person wants to see it. */
#include <string.h>

#include "base/escape.h"
#include "report/tls_summary.h"
#include "report/tls_words.h"

static const char *or_none(const char *text)
{
    return text == NULL ? "none" : text;
}

static const char *role(const TlsCertificate *c, guint index)
{
    if (index == 0) {
        return c->self_signed ? "the server's own, self-signed"
               : c->is_ca     ? "the server's own, though it is a CA"
                              : "the server's own";
    }
    return c->self_signed ? "root CA"
           : c->is_ca     ? "intermediate CA"
                          : "no CA: it can vouch for nothing";
}

/* A list may be long: one line each. */
static void names(GString *out, const char *kind, const GPtrArray *list)
{
    for (guint i = 0; list != NULL && i < list->len; i++) {
        tls_word_line(out, "    name", "%s %s", kind, (const char *)g_ptr_array_index(list, i));
    }
}

static void validity(GString *out, const TlsCertificate *c)
{
    g_autofree char *from = tls_word_time(c->not_before);
    g_autofree char *until = tls_word_time(c->not_after);
    g_autofree char *left = tls_word_validity(c);
    tls_word_line(out, "    valid", "%s to %s (%s)", from, until, left);
}

static void certificate(GString *out, const TlsCertificate *c, guint index)
{
    g_string_append_printf(out, "[%u] %s\n", index, role(c, index));
    tls_word_line(out, "    subject", "%s",
                  c->subject == NULL || c->subject[0] == '\0' ? "empty" : c->subject);
    tls_word_line(out, "    issuer", "%s", or_none(c->issuer));
    names(out, "DNS", c->dns_names);
    names(out, "IP", c->ip_names);
    names(out, "email", c->emails);
    validity(out, c);
    tls_word_line(out, "    key", "%s, %d bits", or_none(c->key_type), c->key_bits);
    tls_word_line(out, "    signed with", "%s", or_none(c->signature));
    tls_word_line(out, "    serial", "%s", or_none(c->serial));
    tls_word_line(out, "    SHA-256", "%s", or_none(c->sha256));
    tls_word_line(out, "    SHA-1", "%s", or_none(c->sha1));
    tls_word_line(out, "    MD5 (weak)", "%s", or_none(c->md5));
    tls_word_line(out, "    key pin", "--pin=%s", or_none(c->spki_pin));
    if (c->ocsp_url != NULL) {
        tls_word_line(out, "    OCSP", "%s", c->ocsp_url);
    }
    if (c->must_staple) {
        tls_word_line(out, "    must staple", "an OCSP response has to come with it (RFC 7633)");
    }
}

char *tls_summary_chain(const TlsPeer *peer, bool pem)
{
    guint count = peer->chain == NULL ? 0 : peer->chain->len;
    if (count == 0) {
        return g_strdup(peer->resumed ? "No certificates: the session was resumed."
                                      : "The server has sent no certificate.");
    }
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < count; i++) {
        const TlsCertificate *c = g_ptr_array_index(peer->chain, i);
        certificate(out, c, i);
        if (pem) {
            g_autofree char *block = tls_certificate_pem(c);
            g_string_append(out, g_strchomp(block));
            g_string_append_c(out, '\n');
        }
    }
    g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}
