/* deflate.c: zlib over a stream. What is written goes out at once (Z_SYNC_FLUSH), each command
 * being awaited by the other side. */
#include "io/deflate.h"

#include <zlib.h>

#include "base/error.h"
#include "base/library.h"

/* Few servers offer COMPRESS: zlib is loaded for the first that does. */
#define LIBRARY "libz.so.1"
#define FUNCTIONS(X)                                                                               \
    X(inflateInit2_)                                                                               \
    X(inflate)                                                                                     \
    X(inflateEnd)                                                                                  \
    X(deflateInit2_)                                                                               \
    X(deflate)                                                                                     \
    X(deflateEnd)

typedef struct {
    FUNCTIONS(LIBRARY_MEMBER)
    LibraryOnce once;
} Library;

static const Library *library(void)
{
    static Library z;
    library_load_once(&z.once, LIBRARY, LIBRARY_NAMES(FUNCTIONS), &z, NULL);
    return &z;
}

enum {
    CHUNK = 16 * 1024,
    /* A message of zeros is one in a thousand of its size when compressed, mail mostly a half: so
     * much from so little, for so long, is nobody's mail. */
    BOMB_RATIO = 500,
    BOMB_OCTETS = 64 * 1024 * 1024,
    WINDOW_IN = -15,  /* raw, and as far back as the peer likes */
    WINDOW_OUT = -12, /* commands are short: 4 kB are enough to look back on */
    MEMORY_OUT = 4,
};

typedef struct {
    Stream stream;
    const Library *z;
    z_stream in, out;
    GByteArray *early; /* compressed octets that are not in `in` yet, or NULL */
    uint8_t input[CHUNK];
    GByteArray *pending; /* compressed, not yet written */
    size_t written;      /* of pending */
    size_t taken;        /* of the caller's octets, compressed into pending */
    uint64_t made, used; /* since the last look for bombs */
    bool maybe_more;     /* the inflater filled the last buffer: it may hold more */
    bool ended;
} Deflate;

/* By now both sides speak compressed: without the library the conversation is over. */
static bool can(const Deflate *d, GError **error)
{
    return !d->z->once.failed ||
           error_fail(error, POSTERN_ERROR_CONFIG,
                      "COMPRESS needs " LIBRARY " (Debian: zlib1g): %s", d->z->once.failed);
}

/* --- reading --- */

static StreamStatus feed(Deflate *d, GError **error)
{
    size_t got = 0;
    Stream *lower = d->stream.lower;
    if (d->early && d->early->len) {
        d->in.next_in = d->early->data;
        d->in.avail_in = d->early->len;
        d->used += d->early->len;
        d->early->len = 0; /* it stays allocated: zlib reads from it */
        return STREAM_OK;
    }
    StreamStatus status = lower->kind->try_read(lower, d->input, sizeof d->input, &got, error);
    d->stream.fd = lower->fd;
    d->in.next_in = d->input;
    d->in.avail_in = (uInt)got;
    d->used += got;
    return status;
}

static bool is_bomb(Deflate *d, size_t made)
{
    d->made += made;
    if (d->made < BOMB_OCTETS) {
        return false;
    }
    bool bomb = d->made / BOMB_RATIO > d->used;
    d->made = d->used = 0;
    return bomb;
}

static StreamStatus inflated(Deflate *d, int result, size_t made, size_t *moved, GError **error)
{
    if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END) {
        error_fail(error, POSTERN_ERROR_PROTOCOL, "what the server sent is not compressed: %s",
                   d->in.msg ? d->in.msg : "DEFLATE cannot make sense of it");
        return STREAM_FAILED;
    }
    if (is_bomb(d, made)) {
        error_fail(error, POSTERN_ERROR_LIMIT,
                   "the server sent a compression bomb: %d MB made of next to nothing",
                   BOMB_OCTETS / 1024 / 1024);
        return STREAM_FAILED;
    }
    d->ended |= result == Z_STREAM_END;
    *moved = made;
    return made ? STREAM_OK : d->ended ? STREAM_EOF : STREAM_WANT_READ;
}

static StreamStatus try_read(Stream *s, void *buffer, size_t len, size_t *moved, GError **error)
{
    Deflate *d = (Deflate *)s;
    uInt room = (uInt)MIN(len, G_MAXUINT16);
    *moved = 0;
    if (!can(d, error)) {
        return STREAM_FAILED;
    }
    while (!d->ended) {
        if (!d->in.avail_in && !d->maybe_more) {
            StreamStatus status = feed(d, error);
            if (status != STREAM_OK) {
                return status;
            }
        }
        d->in.next_out = buffer;
        d->in.avail_out = room;
        int result = d->z->inflate(&d->in, Z_SYNC_FLUSH);
        d->maybe_more = d->in.avail_out == 0;
        StreamStatus status = inflated(d, result, room - d->in.avail_out, moved, error);
        if (status != STREAM_WANT_READ) {
            return status;
        }
    }
    return STREAM_EOF;
}

static bool has_pending(const Stream *s)
{
    const Deflate *d = (const Deflate *)s;
    return !d->ended && (d->in.avail_in || d->maybe_more || (d->early && d->early->len) ||
                         stream_has_pending(s->lower));
}

/* --- writing --- */

static void compress_all(Deflate *d, const void *data, size_t len)
{
    uint8_t piece[1024];
    d->out.next_in = (Bytef *)data;
    d->out.avail_in = (uInt)len;
    do {
        d->out.next_out = piece;
        d->out.avail_out = sizeof piece;
        d->z->deflate(&d->out, Z_SYNC_FLUSH);
        g_byte_array_append(d->pending, piece, (guint)(sizeof piece - d->out.avail_out));
    } while (d->out.avail_out == 0);
}

/* Octets count as moved once all that was made of them has gone down: the caller comes with the
 * same ones until then. */
static StreamStatus try_write(Stream *s, const void *data, size_t len, size_t *moved,
                              GError **error)
{
    Deflate *d = (Deflate *)s;
    *moved = 0;
    if (!can(d, error)) {
        return STREAM_FAILED;
    }
    if (!d->taken) {
        d->taken = MIN(len, CHUNK);
        compress_all(d, data, d->taken);
    }
    while (d->written < d->pending->len) {
        size_t went = 0;
        StreamStatus status = s->lower->kind->try_write(s->lower, d->pending->data + d->written,
                                                        d->pending->len - d->written, &went, error);
        s->fd = s->lower->fd;
        if (status != STREAM_OK) {
            return status;
        }
        d->written += went;
    }
    g_byte_array_set_size(d->pending, 0);
    *moved = d->taken;
    d->written = d->taken = 0;
    return STREAM_OK;
}

static StreamStatus try_shutdown(Stream *s, GError **error)
{
    return s->lower->kind->try_shutdown ? s->lower->kind->try_shutdown(s->lower, error) : STREAM_OK;
}

/* --- */

static void destroy(Stream *s)
{
    Deflate *d = (Deflate *)s;
    if (!d->z->once.failed) {
        d->z->inflateEnd(&d->in);
        d->z->deflateEnd(&d->out);
    }
    g_clear_pointer(&d->early, g_byte_array_unref);
    g_byte_array_unref(d->pending);
    stream_free(s->lower);
}

static const StreamKind deflate_kind = {
    .name = "deflate",
    .try_read = try_read,
    .try_write = try_write,
    .try_shutdown = try_shutdown,
    .has_pending = has_pending,
    .destroy = destroy,
};

/* zlib.h's inflateInit2() and deflateInit2() are macros around these. */
static void begin(Deflate *d)
{
    int size = (int)sizeof(z_stream);
    int in = d->z->inflateInit2_(&d->in, WINDOW_IN, ZLIB_VERSION, size);
    int out = d->z->deflateInit2_(&d->out, Z_BEST_SPEED, Z_DEFLATED, WINDOW_OUT, MEMORY_OUT,
                                  Z_DEFAULT_STRATEGY, ZLIB_VERSION, size);
    g_assert(in == Z_OK && out == Z_OK); /* they fail for want of memory only */
}

Stream *deflate_stream(Stream *lower, Bytes early)
{
    Deflate *d = g_new0(Deflate, 1);
    d->stream = (Stream){.kind = &deflate_kind, .fd = lower->fd, .lower = lower};
    d->pending = g_byte_array_new();
    if (early.len) {
        d->early = g_byte_array_new();
        g_byte_array_append(d->early, (const uint8_t *)early.data, (guint)early.len);
    }
    d->z = library();
    if (!d->z->once.failed) {
        begin(d);
    }
    return &d->stream;
}
