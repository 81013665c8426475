/* content.c: reading leaves through GMime's streams and decoders. */
#include "mime/content.h"

#include <errno.h>

#include "mime/embedded.h"

#define PIECE (64 * 1024)

static GMimeDataWrapper *wrapper_of(const Gmime *g, GMimeObject *leaf)
{
    bool is_part = gmime_is(g, leaf, g->g_mime_part_get_type());
    return is_part ? g->g_mime_part_get_content((GMimePart *)leaf) : NULL;
}

uint64_t content_raw_size(const Gmime *g, GMimeObject *leaf)
{
    GMimeDataWrapper *wrapper = wrapper_of(g, leaf);
    GMimeStream *stream = wrapper ? g->g_mime_data_wrapper_get_stream(wrapper) : NULL;
    gint64 len = stream ? g->g_mime_stream_length(stream) : 0;
    return len > 0 ? (uint64_t)len : 0;
}

bool content_is_plain(const Gmime *g, GMimeObject *leaf)
{
    GMimeDataWrapper *wrapper = wrapper_of(g, leaf);
    if (wrapper == NULL) {
        return true;
    }
    GMimeContentEncoding encoding = g->g_mime_data_wrapper_get_encoding(wrapper);
    return encoding != GMIME_CONTENT_ENCODING_BASE64 &&
           encoding != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE &&
           encoding != GMIME_CONTENT_ENCODING_UUENCODE;
}

/* What decodes a piece: GMime's decoder, or for uuencode ours, which looks for the "begin" itself.
 */
typedef struct {
    const Gmime *g;
    GMimeEncoding state;
    EmbeddedScan *uu; /* or NULL */
    char *out;
    MimeSink sink;
    void *user;
    GError **error;
    bool good;
} Decoder;

static void take_uu(void *user, const EmbeddedFile *file, Bytes piece)
{
    Decoder *d = user;
    (void)file;
    d->good = d->good && (piece.len == 0 || d->sink(d->user, piece, d->error));
}

static bool decode_piece(Decoder *d, const char *in, size_t len, bool last)
{
    if (d->uu != NULL) {
        embedded_feed(d->uu, (Bytes){in, len});
        if (last) {
            embedded_end(d->uu);
        }
        return d->good;
    }
    /* Base64 that ends without padding: two or three digits are waiting. */
    if (last && d->state.encoding == GMIME_CONTENT_ENCODING_BASE64 && d->state.state >= 2) {
        in = "==";
        len = d->state.state == 2 ? 2 : 1;
    }
    size_t got = last ? d->g->g_mime_encoding_flush(&d->state, in, len, d->out)
                      : d->g->g_mime_encoding_step(&d->state, in, len, d->out);
    return got == 0 || d->sink(d->user, (Bytes){d->out, got}, d->error);
}

static bool read_pieces(Decoder *d, GMimeStream *stream, bool decoded)
{
    g_autofree char *in = g_malloc(PIECE);
    ssize_t got = 0;
    /* At its end a part's stream fails instead of giving nothing. */
    while (!d->g->g_mime_stream_eos(stream) &&
           (got = d->g->g_mime_stream_read(stream, in, PIECE)) > 0) {
        bool good = decoded ? decode_piece(d, in, (size_t)got, false)
                            : d->sink(d->user, (Bytes){in, (size_t)got}, d->error);
        if (!good) {
            return false;
        }
    }
    if (got < 0) {
        return error_fail(d->error, POSTERN_ERROR_IO, "cannot read the message: %s",
                          g_strerror(errno));
    }
    return !decoded || decode_piece(d, in, 0, true);
}

/* A multipart without parts has its text in GMime's prologue. */
static Bytes text_of_hollow(const Gmime *g, GMimeObject *object)
{
    bool hollow = gmime_is(g, object, g->g_mime_multipart_get_type()) &&
                  g->g_mime_multipart_get_count((GMimeMultipart *)object) == 0;
    return hollow ? bytes_of(g->g_mime_multipart_get_prologue((GMimeMultipart *)object))
                  : BYTES_NONE;
}

bool content_read(const Gmime *g, GMimeObject *leaf, bool decoded, MimeSink sink, void *user,
                  GError **error)
{
    GMimeDataWrapper *wrapper = wrapper_of(g, leaf);
    GMimeStream *stream = wrapper ? g->g_mime_data_wrapper_get_stream(wrapper) : NULL;
    if (stream == NULL) {
        Bytes hollow = text_of_hollow(g, leaf);
        return hollow.len == 0 || sink(user, hollow, error);
    }
    decoded = decoded && !content_is_plain(g, leaf);
    Decoder d = {.g = g, .sink = sink, .user = user, .error = error, .good = true};
    g_autofree char *out = NULL;
    if (decoded) {
        GMimeContentEncoding encoding = g->g_mime_data_wrapper_get_encoding(wrapper);
        g->g_mime_encoding_init_decode(&d.state, encoding);
        if (encoding == GMIME_CONTENT_ENCODING_UUENCODE) {
            d.uu = embedded_new(take_uu, &d);
        } else {
            out = g_malloc(g->g_mime_encoding_outlen(&d.state, PIECE) + 64);
            d.out = out;
        }
    }
    g->g_mime_stream_reset(stream);
    bool good = read_pieces(&d, stream, decoded);
    g_clear_pointer(&d.uu, embedded_free);
    return good;
}
