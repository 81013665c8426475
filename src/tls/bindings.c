/* bindings.c: channel bindings: what ties an authentication to this very TLS session. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "tls/connection.h"

static GByteArray *take(const uint8_t *data, size_t len)
{
    return g_byte_array_append(g_byte_array_new(), data, (guint)len);
}

/* RFC 9266. Below TLS 1.3 the exporter is tied to the session only with the extended master secret
 * (RFC 7627). */
static GByteArray *exporter(SSL *ssl)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    uint8_t out[32];
    if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1) {
        return NULL;
    }
    if (SSL_export_keying_material(ssl, out, sizeof out, label, strlen(label), (const uint8_t *)"",
                                   0, 1) != 1) {
        return NULL;
    }
    return take(out, sizeof out);
}

/* RFC 5929 section 3: the first Finished message of the handshake: the client's, but the server's
 * when it is resumed. A resumed session without the extended master secret could be shared with a
 * third party (RFC 7627): none. */
static GByteArray *unique(SSL *ssl)
{
    uint8_t out[EVP_MAX_MD_SIZE];
    bool resumed = SSL_session_reused(ssl);
    if (SSL_version(ssl) >= TLS1_3_VERSION || (resumed && SSL_get_extms_support(ssl) != 1)) {
        return NULL;
    }
    bool ours_is_first = SSL_is_server(ssl) ? resumed : !resumed;
    size_t len = ours_is_first ? SSL_get_finished(ssl, out, sizeof out)
                               : SSL_get_peer_finished(ssl, out, sizeof out);
    return len > 0 && len <= sizeof out ? take(out, len) : NULL;
}

/* RFC 5929 section 4: the digest of the server's certificate by its signature's own hash, but
 * SHA-256 for MD5 and SHA-1. A signature without a hash of its own (Ed25519) has no such binding.
 */
static GByteArray *server_end_point(SSL *ssl)
{
    X509 *certificate =
        SSL_is_server(ssl) ? SSL_get_certificate(ssl) : SSL_get0_peer_certificate(ssl);
    int digest = NID_undef;
    if (!certificate || !X509_get_signature_info(certificate, &digest, NULL, NULL, NULL)) {
        return NULL;
    }
    const EVP_MD *md =
        digest == NID_md5 || digest == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(digest);
    uint8_t out[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (!md || X509_digest(certificate, md, out, &len) != 1) {
        return NULL;
    }
    return take(out, len);
}

static const struct {
    const char *type;
    GByteArray *(*make)(SSL *ssl);
} bindings[] = {
    {"tls-exporter", exporter},
    {"tls-unique", unique},
    {"tls-server-end-point", server_end_point},
};

GByteArray *tls_channel_binding(Stream *s, const char *type)
{
    if (!tls_is(s) || !SSL_is_init_finished(((TlsConnection *)s)->ssl)) {
        return NULL;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bindings); i++) {
        if (g_str_equal(type, bindings[i].type)) {
            ERR_clear_error();
            GByteArray *binding = bindings[i].make(((TlsConnection *)s)->ssl);
            ERR_clear_error();
            return binding;
        }
    }
    return NULL;
}
