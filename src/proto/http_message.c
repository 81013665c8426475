/* http_message.c: HTTP/1.1 message framing (RFC 9112 6), fed piece by piece. */
#include <string.h>

#include "proto/http_message.h"

#define HEADER_LINE_MAX 8192 /* of a header line only so much is looked at */
#define REQUESTS_MAX 1000

typedef enum {
    IN_HEADER,
    IN_LENGTH,
    IN_CHUNK_SIZE,
    IN_CHUNK,
    IN_CHUNK_END,
    IN_TRAILER,
    IN_CLOSE
} Where;

struct HttpMessage {
    GByteArray *heads; /* a byte per request that waits for its answer: 1 for HEAD */
    bool in_request, request_is_head;
    GString *line; /* of the header, so far */
    Where where;
    bool started; /* the status line was seen */
    int status;
    bool chunked, has_length;
    uint64_t left; /* octets of the body, or the chunk, still to come */
};

HttpMessage *http_message_new(void)
{
    HttpMessage *m = g_new0(HttpMessage, 1);
    m->heads = g_byte_array_new();
    m->line = g_string_new(NULL);
    return m;
}

void http_message_free(HttpMessage *m)
{
    if (m != NULL) {
        g_byte_array_unref(m->heads);
        g_string_free(m->line, TRUE);
        g_free(m);
    }
}

void http_message_request_line(HttpMessage *m, Bytes line)
{
    if (!m->in_request && line.len > 0) {
        m->in_request = true;
        m->request_is_head = bytes_starts(line, "HEAD ");
    } else if (m->in_request && line.len == 0 && m->heads->len < REQUESTS_MAX) {
        guint8 head = m->request_is_head;
        g_byte_array_append(m->heads, &head, 1);
        m->in_request = false;
    }
}

bool http_message_complete(const HttpMessage *m)
{
    return m->heads->len == 0 && !m->started && m->where == IN_HEADER;
}

static void end_of_answer(HttpMessage *m)
{
    bool informational = m->status >= 100 && m->status < 200;
    if (!informational && m->heads->len > 0) {
        g_byte_array_remove_index(m->heads, 0);
    }
    m->where = IN_HEADER;
    m->started = m->chunked = m->has_length = false;
    m->status = 0;
    m->left = 0;
}

static bool has_no_body(const HttpMessage *m)
{
    bool head = m->heads->len > 0 && m->heads->data[0] != 0;
    return head || m->status < 200 || m->status == 204 || m->status == 304;
}

static void end_of_header(HttpMessage *m)
{
    if (has_no_body(m) || (!m->chunked && m->has_length && m->left == 0)) {
        end_of_answer(m);
    } else if (m->chunked) {
        m->where = IN_CHUNK_SIZE;
    } else {
        m->where = m->has_length ? IN_LENGTH : IN_CLOSE;
    }
}

static void header_line(HttpMessage *m, Bytes line)
{
    if (!m->started) {
        Bytes rest = line;
        uint64_t status = 0;
        bytes_word(&rest);
        if (bytes_number(bytes_word(&rest), 999, &status)) {
            m->started = true;
            m->status = (int)status;
        }
        return;
    }
    if (line.len == 0) {
        end_of_header(m);
    } else if (bytes_starts_ci(line, "Content-Length:")) {
        m->has_length =
            bytes_number(bytes_trim(bytes_sub(line, 15, line.len)), INT64_MAX, &m->left);
    } else if (bytes_starts_ci(line, "Transfer-Encoding:")) {
        m->chunked = bytes_equal_ci(bytes_trim(bytes_sub(line, 18, line.len)), "chunked");
    }
}

static void chunk_size_line(HttpMessage *m, Bytes line)
{
    uint64_t size = 0;
    size_t i = 0;
    for (; i < line.len && i < 15 && g_ascii_isxdigit(line.data[i]); i++) {
        size = size * 16 + (uint64_t)g_ascii_xdigit_value(line.data[i]);
    }
    if (i == 0) {
        m->where = IN_CLOSE; /* not chunks after all: only the close can end it */
    } else {
        m->left = size;
        m->where = size > 0 ? IN_CHUNK : IN_TRAILER;
    }
}

static void one_line(HttpMessage *m, Bytes line)
{
    switch (m->where) {
    case IN_HEADER:
        header_line(m, line);
        break;
    case IN_CHUNK_SIZE:
        chunk_size_line(m, line);
        break;
    case IN_CHUNK_END:
        m->where = IN_CHUNK_SIZE;
        break;
    case IN_TRAILER:
        if (line.len == 0) {
            end_of_answer(m);
        }
        break;
    case IN_LENGTH:
    case IN_CHUNK:
    case IN_CLOSE:
        break;
    }
}

/* Takes counted octets off the front of the piece. */
static void counted(HttpMessage *m, Bytes *piece)
{
    size_t n = (size_t)MIN(m->left, (uint64_t)piece->len);
    *piece = bytes_sub(*piece, n, piece->len - n);
    m->left -= n;
    if (m->left == 0 && m->where == IN_LENGTH) {
        end_of_answer(m);
    } else if (m->left == 0) {
        m->where = IN_CHUNK_END;
    }
}

static void line_bytes(HttpMessage *m, Bytes *piece)
{
    gssize end = bytes_index(*piece, '\n');
    size_t n = end < 0 ? piece->len : (size_t)end;
    size_t room = HEADER_LINE_MAX - MIN(m->line->len, HEADER_LINE_MAX);
    g_string_append_len(m->line, piece->data, (gssize)MIN(n, room));
    *piece = end < 0 ? BYTES_NONE : bytes_sub(*piece, n + 1, piece->len);
    if (end >= 0) {
        Bytes line = bytes_of_string(m->line);
        if (line.len > 0 && line.data[line.len - 1] == '\r') {
            line.len--;
        }
        one_line(m, line);
        g_string_truncate(m->line, 0);
    }
}

void http_message_receive(HttpMessage *m, Bytes piece)
{
    while (piece.len > 0 && m->where != IN_CLOSE) {
        if (m->where == IN_LENGTH || m->where == IN_CHUNK) {
            counted(m, &piece);
        } else {
            line_bytes(m, &piece);
        }
    }
}
