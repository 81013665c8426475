/* imapd_read.c: commands with their literals (RFC 3501 4.3, RFC 7888), and messages on their way
 * into the store. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "server/imapd.h"

enum {
    COMMAND_MAX = 256 * 1024,
    LITERAL_MAX = 64 * 1024,
    LOGIN_COMMAND_MAX = 16 * 1024, /* from those who are not logged in */
    PIECE = 64 * 1024,
};

/* What is there of the next `left` octets, at least one. Suspends. */
static bool take_piece(Imapd *i, uint64_t left, Bytes *ret, GError **error)
{
    Bytes there;
    if (!guest_flush(i->g, error) || !wire_peek(i->g->wire, &there, error)) {
        return false;
    }
    *ret = wire_take(i->g->wire, (size_t)MIN(MIN(left, PIECE), there.len));
    return true;
}

/* The message of APPEND. One that is too large is read and forgotten when it comes anyhow. */
static bool read_message(Imapd *i, GError **error)
{
    uint64_t left = i->append.octets;
    bool keep = left <= sandbox_max_size(i->g->box);
    g_autoptr(GByteArray) text = g_byte_array_new();
    while (left > 0) {
        Bytes piece;
        if (!take_piece(i, left, &piece, error)) {
            return false;
        }
        left -= piece.len;
        if (keep) {
            g_byte_array_append(text, (const guint8 *)piece.data, (guint)piece.len);
        }
    }
    guest_tell(i->g, SANDBOX_PAYLOAD, "%" G_GUINT64_FORMAT " octets", i->append.octets);
    i->message = keep ? g_byte_array_free_to_bytes(g_steal_pointer(&text)) : NULL;
    return true;
}

/* Says what is wrong with a command whose literal is not wanted. */
static void refuse(Imapd *i, bool at_once, const char *status, const char *why)
{
    ImapCommandLine line;
    bool tagged = imap_command_line(bytes_of_string(i->command), &line);
    g_autofree char *tag = tagged ? bytes_dup(line.tag) : g_strdup("*");
    guest_tell_bytes(i->g, SANDBOX_RECEIVED, line.verb, false);
    guest_reply(i->g, "%s %s %s", tag, status, why);
    if (at_once) { /* its octets are under way: they cannot be told from commands */
        guest_reply(i->g, "* BYE too much");
        i->g->closing = true;
    }
    i->errors++;
}

static bool announces_message(Imapd *i)
{
    ImapCommandLine line;
    return i->user && imap_command_line(bytes_of_string(i->command), &line) &&
           bytes_equal_ci(line.verb, "APPEND") && imap_parse_append(line.args, &i->append);
}

/* Many clients write a literal and the line end behind it separately: with Nagle's algorithm the
 * second waits for our ACK of the first, which the kernel holds back for 40 ms. */
static void acknowledge(Imapd *i)
{
    const int yes = 1;
    (void)setsockopt(wire_stream(i->g->wire)->fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof(yes));
}

/* A literal that is part of the command. Suspends. */
static bool read_literal(Imapd *i, uint64_t octets, bool at_once, bool *ret_good, GError **error)
{
    size_t max = i->user ? COMMAND_MAX : LOGIN_COMMAND_MAX;
    if (octets > LITERAL_MAX || i->command->len + octets > max) {
        refuse(i, at_once, "BAD", "the literal is too long");
        *ret_good = false;
        return true;
    }
    Bytes literal;
    if (!at_once) {
        guest_reply(i->g, "+ go ahead");
    }
    if (!guest_flush(i->g, error) ||
        !wire_exact(i->g->wire, octets, LITERAL_MAX, &literal, error)) {
        return false;
    }
    g_string_append(i->command, "\r\n");
    g_string_append_len(i->command, literal.data, (gssize)literal.len);
    acknowledge(i);
    return true;
}

/* A line that is too long ends the session, with a word about why. */
static bool read_line(Imapd *i, Bytes *line, bool *ret_good, GError **error)
{
    GError *why = NULL;
    if (guest_line(i->g, line, &why)) {
        return true;
    }
    if (!g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_LIMIT)) {
        g_propagate_error(error, why);
        return false;
    }
    g_error_free(why);
    guest_reply(i->g, "* BYE a line is too long");
    i->g->closing = true;
    *ret_good = false;
    return true;
}

/* Behind the literal of a message only the line's end may stand. */
static bool read_append(Imapd *i, bool *ret_good, GError **error)
{
    Bytes line;
    bool fits = i->append.octets <= sandbox_max_size(i->g->box);
    if (!fits && !i->append.at_once) {
        refuse(i, false, "NO", "[TOOBIG] the message is too large");
        *ret_good = false;
        return true;
    }
    if (!i->append.at_once) {
        guest_reply(i->g, "+ go ahead");
    }
    if (!read_message(i, error)) {
        return false;
    }
    acknowledge(i);
    if (!read_line(i, &line, ret_good, error)) {
        return false;
    }
    if (*ret_good && line.len > 0) {
        refuse(i, false, "BAD", "nothing may stand behind the message");
        *ret_good = false;
    }
    return true;
}

bool imapd_read(Imapd *i, bool *ret_good, GError **error)
{
    uint64_t octets;
    bool at_once;
    *ret_good = true;
    for (;;) {
        Bytes line;
        if (!read_line(i, &line, ret_good, error)) {
            return false;
        }
        if (!*ret_good) {
            return true;
        }
        g_string_append_len(i->command, line.data, (gssize)line.len);
        if (i->command->len > COMMAND_MAX) {
            refuse(i, true, "BAD", "the command is too long");
            *ret_good = false;
            return true;
        }
        if (!imap_literal_at_end(line, &octets, &at_once)) {
            return true;
        }
        if (announces_message(i)) {
            return read_append(i, ret_good, error);
        }
        if (!read_literal(i, octets, at_once, ret_good, error) || !*ret_good) {
            return *ret_good == false;
        }
    }
}
