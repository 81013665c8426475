/* bio.c: OpenSSL reads and writes through the try_ operations of the lower stream, which never
 * wait. */
#include "tls/bio.h"

#include <limits.h>
#include <string.h>

/* OpenSSL learns from the BIO's retry flags what to wait for; a TLS stream below may want to write
 * in order to read. */
static int retry(BIO *bio, StreamStatus status)
{
    if (status == STREAM_WANT_READ) {
        BIO_set_retry_read(bio);
    } else {
        BIO_set_retry_write(bio);
    }
    return -1;
}

static int failed(TlsConnection *c, GError *error)
{
    g_clear_error(&c->lower_error);
    c->lower_error = error;
    return -1;
}

/* The first bytes tell what the other side is when it turns out not to speak TLS. */
static void remember_first(TlsHandshake *handshake, const char *data, size_t len)
{
    size_t room = TLS_FIRST_BYTES - handshake->first_len;
    size_t taken = MIN(len, room);
    memcpy(handshake->first + handshake->first_len, data, taken);
    handshake->first_len += taken;
}

static int bio_read(BIO *bio, char *buffer, int len)
{
    TlsConnection *c = BIO_get_data(bio);
    Stream *lower = c->stream.lower;
    GError *error = NULL;
    size_t moved = 0;
    BIO_clear_retry_flags(bio);
    if (len <= 0) {
        return 0;
    }
    StreamStatus status = lower->kind->try_read(lower, buffer, (size_t)len, &moved, &error);
    switch (status) {
    case STREAM_OK:
        c->lower_moved = true;
        if (c->handshake) {
            remember_first(c->handshake, buffer, moved);
        }
        return (int)moved;
    case STREAM_EOF:
        c->lower_eof = true;
        return 0;
    case STREAM_FAILED:
        return failed(c, error);
    default:
        return retry(bio, status);
    }
}

static int bio_write(BIO *bio, const char *data, int len)
{
    TlsConnection *c = BIO_get_data(bio);
    Stream *lower = c->stream.lower;
    GError *error = NULL;
    size_t moved = 0;
    BIO_clear_retry_flags(bio);
    if (len <= 0) {
        return 0;
    }
    StreamStatus status = lower->kind->try_write(lower, data, (size_t)len, &moved, &error);
    if (status == STREAM_OK) {
        return (int)moved;
    }
    return status == STREAM_FAILED ? failed(c, error) : retry(bio, status);
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    const TlsConnection *c = BIO_get_data(bio);
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1; /* nothing is held back here */
    case BIO_CTRL_EOF:
        return c->lower_eof;
    default:
        return 0;
    }
}

static BIO_METHOD *make_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "postern stream");
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
    return method;
}

BIO *tls_bio_new(TlsConnection *c)
{
    static BIO_METHOD *method;
    static gsize made;
    if (g_once_init_enter(&made)) {
        method = make_method();
        g_once_init_leave(&made, 1);
    }
    BIO *bio = BIO_new(method);
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    return bio;
}
