/* xmpp.c: XMPP up to TLS (RFC 6120 4, 5), between clients and servers and between servers. */
#include <string.h>

#include "base/escape.h"
#include "proto/row.h"
#include "proto/xmpp_parse.h"

enum { TAG_MAX = 16 * 1024, TAGS_MAX = 512, DEPTH_MAX = 16, SHOWN_MAX = 120 };

/* One tag with the text before it, read not one octet further: what stands behind <proceed/> must
 * not be swallowed. The copy is in `whole`. Suspends. */
static bool next_tag(Session *s, GByteArray *whole, XmppTag *tag, GError **error)
{
    Bytes piece;
    g_byte_array_set_size(whole, 0);
    do {
        if (!wire_until(s->wire, '>', &piece, error)) {
            return false;
        }
        if (whole->len + piece.len > TAG_MAX) {
            return error_fail(error, POSTERN_ERROR_LIMIT,
                              "the server sent a tag of more than %d octets", TAG_MAX);
        }
        g_byte_array_append(whole, (const uint8_t *)piece.data, (guint)piece.len);
    } while (xmpp_tag_unfinished(bytes_of_array(whole)));
    xmpp_parse_tag(bytes_of_array(whole), tag);
    return tag->kind != XMPP_BAD || row_not_spoken(s, bytes_of_array(whole), error);
}

/* What is said to a stream error or a </stream>. Suspends. */
static bool stream_failed(Session *s, GByteArray *whole, XmppTag *tag, GError **error)
{
    g_autoptr(GString) words = g_string_new(NULL);
    for (int i = 0; i < DEPTH_MAX && tag->kind != XMPP_CLOSE; i++) {
        if (!next_tag(s, whole, tag, NULL)) {
            break;
        }
        if (tag->kind != XMPP_CLOSE) {
            g_string_append_len(words, tag->name.data, (gssize)tag->name.len);
            g_string_append_c(words, ' ');
        }
        g_string_append_len(words, tag->text.data, (gssize)tag->text.len);
    }
    return row_turned_away(false, bytes_trim(bytes_of_string(words)), error);
}

/* The next tag right below the stream, its errors dealt with. Suspends. */
static bool next_element(Session *s, GByteArray *whole, XmppTag *tag, GError **error)
{
    do {
        if (!next_tag(s, whole, tag, error)) {
            return false;
        }
    } while (tag->kind == XMPP_PROLOGUE);
    bool failed = bytes_equal_ci(tag->name, "error") || tag->kind == XMPP_CLOSE;
    return !failed || stream_failed(s, whole, tag, error);
}

static bool open_stream(Session *s, GError **error)
{
    bool server = !strcmp(s->proto->name, "xmpp-server");
    g_autofree char *host =
        g_markup_escape_text(s->plan->target->host ? s->plan->target->host : "localhost", -1);
    g_autofree char *header =
        g_strdup_printf("<?xml version='1.0'?><stream:stream to='%s' xmlns='jabber:%s' "
                        "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
                        host, server ? "server" : "client");
    g_autoptr(GByteArray) whole = g_byte_array_new();
    XmppTag tag = {0};
    if (!wire_send_bytes(s->wire, bytes_of(header), false, error)) {
        return false;
    }
    wire_await(s->wire, "the server's stream header");
    if (!next_element(s, whole, &tag, error)) {
        return false;
    }
    row_keep_greeting(s, bytes_of_array(whole));
    return (tag.kind == XMPP_OPEN && bytes_equal_ci(tag.name, "stream")) ||
           row_not_spoken(s, bytes_of_array(whole), error);
}

static bool greet(Session *s, GError **error)
{
    return open_stream(s, error);
}

/* A feature is the name of an element right below <features>; mechanisms become "SASL NAME ...". */
static void take_feature(Caps *caps, const XmppTag *tag, size_t depth)
{
    if (tag->kind == XMPP_CLOSE && bytes_equal_ci(tag->name, "mechanism")) {
        g_autofree char *name = bytes_dup(bytes_trim(tag->text));
        g_autofree char *line = g_strconcat("SASL ", name, NULL);
        caps_add_line(caps, bytes_of(line));
    } else if (tag->kind != XMPP_CLOSE && depth == 1 && !bytes_equal_ci(tag->name, "mechanisms")) {
        caps_add_line(caps, tag->name);
    }
}

/* Everything up to </features>, `tag` being its opening. Suspends. */
static bool read_features(Session *s, XmppTag *tag, GByteArray *whole, Caps *caps, GError **error)
{
    size_t depth = tag->kind == XMPP_OPEN;
    for (int i = 0; depth && i < TAGS_MAX; i++) {
        if (!next_tag(s, whole, tag, error)) {
            return false;
        }
        take_feature(caps, tag, depth);
        depth += tag->kind == XMPP_OPEN;
        depth -= tag->kind == XMPP_CLOSE;
    }
    return !depth || error_fail(error, POSTERN_ERROR_LIMIT, "the server's features do not end");
}

static bool capabilities(Session *s, GError **error)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    g_autoptr(Caps) caps = caps_new();
    XmppTag tag = {0};
    if (s->fresh_tls && !open_stream(s, error)) {
        return false; /* a new stream begins inside TLS (RFC 6120 section 5.4.3.3) */
    }
    if (s->caps && s->reached >= STAGE_CAPABILITIES) {
        return true; /* features are said once a stream */
    }
    wire_await(s->wire, "the stream's features");
    if (!next_element(s, whole, &tag, error)) {
        return false;
    }
    if (!bytes_equal_ci(tag.name, "features")) {
        return row_not_spoken(s, bytes_of_array(whole), error);
    }
    if (!read_features(s, &tag, whole, caps, error)) {
        return false;
    }
    row_set_caps(s, g_steal_pointer(&caps));
    return true;
}

static bool ask_tls(Session *s, GError **error)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    XmppTag tag = {0};
    if (!row_tls_offered(s, "starttls", "<starttls/>", error) ||
        !wire_send_bytes(s->wire,
                         BYTES_LITERAL("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
                         false, error)) {
        return false;
    }
    wire_await(s->wire, "<proceed/>");
    if (!next_element(s, whole, &tag, error)) {
        return false;
    }
    bool agreed = bytes_equal_ci(tag.name, "proceed");
    if (agreed && tag.kind == XMPP_OPEN && !next_tag(s, whole, &tag, error)) {
        return false; /* <proceed ...></proceed> */
    }
    return row_tls_answer(s, "<starttls/>", agreed, bytes_of_array(whole), error);
}

static void quit(Session *s)
{
    wire_send_bytes(s->wire, BYTES_LITERAL("</stream:stream>"), false, NULL);
}

const Proto proto_xmpp = {
    .name = "xmpp",
    .title = "XMPP",
    .rfc = "RFC 6120",
    .greet = greet,
    .capabilities = capabilities,
    .ask_tls = ask_tls,
    .quit = quit,
};

const Proto proto_xmpp_server = {
    .name = "xmpp-server",
    .title = "XMPP between servers",
    .rfc = "RFC 6120",
    .greet = greet,
    .capabilities = capabilities,
    .ask_tls = ask_tls,
    .quit = quit,
};
