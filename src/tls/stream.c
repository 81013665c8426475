/* stream.c: TLS as a stream, once the handshake is over. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <openssl/err.h>

#include "tls/bio.h"
#include "tls/connection.h"
#include "tls/failure.h"

/* After a TLS 1.3 handshake the server writes its tickets, then waits with its reply until we have
 * acknowledged them (Nagle's algorithm), while our kernel holds that ACK back for 40 ms in the hope
 * of data to send along. TCP_QUICKACK sends an ACK that is being held back, and little more: so it
 * is asked for each time bytes came that gave the application nothing to answer. */
enum { QUICK_ACKS = 8 };

static TlsConnection *connection(Stream *s)
{
    return (TlsConnection *)s;
}

static void ask_quick_ack(TlsConnection *c)
{
    if (c->quick_acks == 0 || c->stream.fd < 0) {
        return;
    }
    c->quick_acks--;
    int yes = 1;
    if (setsockopt(c->stream.fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes) != 0) {
        c->quick_acks = 0; /* not TCP: a pipe, a unix socket */
    }
}

void tls_stream_opened(TlsConnection *c)
{
    bool fresh = SSL_version(c->ssl) == TLS1_3_VERSION && !SSL_is_server(c->ssl);
    c->quick_acks = fresh ? QUICK_ACKS : 0;
    ask_quick_ack(c);
}

/* What ended the connection once ends every later try. */
static bool is_broken(const TlsConnection *c, GError **error)
{
    if (c->broken && error) {
        *error = g_error_copy(c->broken);
    }
    return c->broken;
}

static StreamStatus try_read(Stream *s, void *buffer, size_t len, size_t *moved, GError **error)
{
    TlsConnection *c = connection(s);
    *moved = 0;
    if (is_broken(c, error)) {
        return STREAM_FAILED;
    }
    if (c->closed == TLS_CLOSE_TRUNCATED) {
        return STREAM_EOF;
    }
    ERR_clear_error();
    int result = SSL_read_ex(c->ssl, buffer, len, moved);
    if (result == 1) {
        c->lower_moved = false;
        return STREAM_OK;
    }
    StreamStatus status = tls_settle(c, result, error);
    if (status == STREAM_WANT_READ && c->lower_moved) {
        c->lower_moved = false;
        ask_quick_ack(c);
    }
    return status;
}

static StreamStatus try_write(Stream *s, const void *data, size_t len, size_t *moved,
                              GError **error)
{
    TlsConnection *c = connection(s);
    *moved = 0;
    if (is_broken(c, error)) {
        return STREAM_FAILED;
    }
    if (len == 0) {
        return STREAM_OK;
    }
    ERR_clear_error();
    int result = SSL_write_ex(c->ssl, data, len, moved);
    if (result == 1) {
        return STREAM_OK;
    }
    StreamStatus status = tls_settle(c, result, error);
    if (status == STREAM_EOF) { /* a reader's answer; a writer cannot go on */
        error_fail(error, POSTERN_ERROR_EOF, "%s closed the connection", c->host);
        return STREAM_FAILED;
    }
    return status;
}

static StreamStatus try_shutdown(Stream *s, GError **error)
{
    TlsConnection *c = connection(s);
    if (c->broken || c->lower_eof || !SSL_is_init_finished(c->ssl)) {
        return STREAM_OK; /* nobody is there to be told */
    }
    ERR_clear_error();
    int result = SSL_shutdown(c->ssl);
    if (result >= 0) {
        return STREAM_OK; /* 0: ours is sent, theirs may come later */
    }
    StreamStatus status = tls_settle(c, result, error);
    return status == STREAM_EOF ? STREAM_OK : status;
}

static bool has_pending(const Stream *s)
{
    const TlsConnection *c = (const TlsConnection *)s;
    return SSL_pending(c->ssl) > 0 || stream_has_pending(s->lower);
}

static void destroy(Stream *s)
{
    TlsConnection *c = connection(s);
    SSL_free(c->ssl);
    SSL_SESSION_free(c->session);
    tls_identity_unref(c->identity);
    tls_trust_clear(&c->trust);
    g_clear_error(&c->lower_error);
    g_clear_error(&c->broken);
    g_free(c->handshake);
    g_free(c->host);
    stream_free(s->lower);
}

static const StreamKind tls_kind = {
    .name = "tls",
    .try_read = try_read,
    .try_write = try_write,
    .try_shutdown = try_shutdown,
    .has_pending = has_pending,
    .destroy = destroy,
};

TlsConnection *tls_connection_new(SSL *ssl, Stream *lower, const char *host)
{
    TlsConnection *c = g_new0(TlsConnection, 1);
    c->stream = (Stream){.kind = &tls_kind, .fd = lower->fd, .lower = lower};
    c->ssl = ssl;
    c->host = g_strdup(host);
    c->handshake = g_new0(TlsHandshake, 1);
    SSL_set_app_data(ssl, c);
    BIO *bio = tls_bio_new(c);
    SSL_set_bio(ssl, bio, bio);
    return c;
}

TlsConnection *tls_connection_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

bool tls_is(const Stream *s)
{
    return s && s->kind == &tls_kind;
}

TlsClose tls_how_closed(const Stream *s)
{
    return tls_is(s) ? ((const TlsConnection *)s)->closed : TLS_CLOSE_OPEN;
}
