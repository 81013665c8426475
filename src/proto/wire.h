/* wire.h: the line protocol under POP3, IMAP, SMTP and their kin.
 *
 * A Wire owns its Stream. Lines and literals it returns are borrowed: valid until the next wire_
 * call. Everything it reads is capped; everything it sends is checked for CR, LF and NUL. Every
 * line in either direction goes to the observer, with secrets as "*****" because of their type. */
#pragma once

#include "base/secret.h"
#include "io/stream.h"
#include "tls/engine.h"

typedef struct Wire Wire;

typedef enum {
    WIRE_SENT,             /* `text` without its line end */
    WIRE_RECEIVED,         /* `text` without its line end */
    WIRE_PAYLOAD_SENT,     /* a piece of a body or literal, as it went out */
    WIRE_PAYLOAD_RECEIVED, /* a literal or other counted bytes, as they came */
    WIRE_NOTE,             /* Postern itself says (===) */
    WIRE_WARNING,          /* Postern itself warns (***) */
    WIRE_CONNECTED,
    WIRE_TLS_STARTED,
    WIRE_CLOSED, /* milestones; text is a summary */
} WireEventKind;

typedef struct {
    WireEventKind kind;
    bool encrypted;
    bool masked;   /* text holds ***** for a secret */
    Bytes text;    /* raw, not escaped: whoever shows it escapes it */
    Bytes raw;     /* RECEIVED: with its line end, byte for byte; else as text */
    size_t octets; /* how many it was on the wire, line end included: of masked ones too, whose text
                      is shorter or longer */
    gint64 at_us;  /* real time, microseconds since the epoch */
    const TlsPeer *peer; /* TLS_STARTED */
} WireEvent;

typedef void (*WireObserver)(void *user, const WireEvent *event);

/* Takes the stream. timeout in seconds is for each wait; the caps start at 64 kB a line. */
Wire *wire_new(Stream *stream, double timeout);
/* Frees the stream too; NULL is fine. */
void wire_free(Wire *w);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Wire, wire_free)

/* Adds one who is told of everything; in the order added. */
void wire_observe(Wire *w, WireObserver observer, void *user);
void wire_note(Wire *w, WireEventKind kind, const char *format, ...) G_GNUC_PRINTF(3, 4);

void wire_set_max_line(Wire *w, size_t bytes);
void wire_set_timeout(Wire *w, double seconds);
double wire_timeout(const Wire *w);
/* No wait goes past this point, whatever the timeout. */
void wire_set_deadline(Wire *w, Deadline deadline);
/* The point in time at which a wait that begins now ends. */
Deadline wire_next_deadline(const Wire *w);
bool wire_encrypted(const Wire *w);
/* Octets on the wire so far, as read and written here (inside TLS). */
uint64_t wire_bytes_in(const Wire *w);
uint64_t wire_bytes_out(const Wire *w);
/* The stream, borrowed: for waiting on its descriptor, channel bindings, the TLS session. */
Stream *wire_stream(Wire *w);

/* Reads one line, without its CRLF (a bare LF ends a line too). LIMIT past the cap, EOF if the peer
 * closed: the message tells whether in mid-line. Suspends. */
bool wire_line(Wire *w, Bytes *line, GError **error);
/* The last line with its line end, byte for byte. Borrowed as the line is. */
Bytes wire_last_raw(const Wire *w);
/* A complete line if one is there now or can be had without waiting; *got tells. *eof when the peer
 * has closed and nothing is left. */
bool wire_line_now(Wire *w, Bytes *line, bool *got, bool *eof, GError **error);
/* Reads up to and with the next `end` octet, and not one further: XML's ">" for XMPP. Caps and
 * failures as wire_line(), shown as payload. Suspends. */
bool wire_until(Wire *w, char end, Bytes *piece, GError **error);
/* Whatever is there, at least a byte, in pieces of at most 64 kB; len 0 at the end. For peers that
 * speak no lines. Suspends. */
bool wire_some(Wire *w, Bytes *piece, GError **error);
/* The same without waiting: len 0 and !*eof when there is nothing now. */
bool wire_some_now(Wire *w, Bytes *piece, bool *eof, GError **error);
/* What has come and was not taken yet, at least a byte, waiting for it if need be; nothing is
 * taken. EOF when the peer closed. For bodies, whose end shows only while they are read.
 * Suspends. */
bool wire_peek(Wire *w, Bytes *there, GError **error);
/* Is something there to be read, without waiting for it? *ret_there is true at the end, too: the
 * next read tells. */
bool wire_poll(Wire *w, bool *ret_there, GError **error);
/* Takes the first n octets of what wire_peek() showed. No I/O. */
Bytes wire_take(Wire *w, size_t n);
/* Exactly n bytes (an IMAP literal, a binary frame). LIMIT when n is above max. Suspends. */
bool wire_exact(Wire *w, uint64_t n, size_t max, Bytes *bytes, GError **error);
/* Is something buffered, here or in the stream, that poll(2) would not show? */
bool wire_has_buffered(const Wire *w);
/* Between answers to commands that went out together: a server that has not set TCP_NODELAY keeps
 * the next one back until this one is acknowledged, and a delayed ACK makes that 40 ms. Nothing
 * when more is buffered, or where there is no TCP. */
void wire_acknowledge(const Wire *w);

/* What is awaited, for the messages of waits that fail: "the greeting". Each sent command sets it
 * to "a reply to COMMAND". */
void wire_await(Wire *w, const char *what);
/* "a reply to ...": what was said earlier, or what it is about; as it is, it is escaped here. */
void wire_await_reply(Wire *w, const char *to);

/* Sends one command; CRLF is added. An argument with CR, LF or NUL fails with USAGE and sends
 * nothing. Suspends. */
bool wire_sendf(Wire *w, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The same for bytes that are ready, 8-bit and all. Suspends. */
bool wire_send_line(Wire *w, Bytes line, GError **error);
/* From now on what is sent is kept back (and shown at once), up to 64 kB at a time, to go out in
 * one piece with wire_release(): a window of pipelined commands, or a short body with them, is one
 * write and one TLS record. A read that has to wait releases it first, and so does a secret, which
 * does not wait here; both end the holding. */
void wire_hold(Wire *w);
/* Sends what was kept back and ends the holding; fine when there is none. Suspends. */
bool wire_release(Wire *w, GError **error);
/* Sends prefix, secret, CRLF; shown as prefix and *****. A secret with CR, LF or NUL fails with
 * USAGE. Suspends. */
bool wire_send_secret(Wire *w, const char *prefix, const Secret *secret, GError **error);
/* The same with something behind the secret: a line typed by hand whose middle is one. Suspends. */
bool wire_send_secret_within(Wire *w, Bytes prefix, const Secret *secret, Bytes suffix,
                             GError **error);
/* The secret's bytes as they are, without a line end: a literal. Shown as masked payload. Suspends.
 */
bool wire_send_secret_octets(Wire *w, const Secret *secret, GError **error);
/* The secret as an IMAP or ManageSieve quoted string, with its quotes, owned by the caller; NULL
 * when it can only travel as a literal (8-bit bytes, which a quoted string of RFC 3501 may not
 * hold). No I/O. */
Secret *wire_quoted(const Secret *secret);
/* Sends bytes as they are (a body, a literal, a binary frame); may be masked. Suspends. */
bool wire_send_bytes(Wire *w, Bytes bytes, bool masked, GError **error);

/* Upgrades in place (RFC 3207, 2595, 8314). Plaintext that arrived early is refused with INSECURE
 * and counted in *ret_injected. On success the wire is empty: nothing from before is left.
 * *ret_peer as in tls_client(). Suspends. */
bool wire_start_tls(Wire *w, const TlsPlan *plan, const char *host, size_t *ret_injected,
                    TlsPeer **ret_peer, GError **error);

/* The server's side of it: shakes hands as `server`. What came in plaintext behind the request is
 * thrown away and counted in *ret_early. On failure the stream is gone. Suspends. */
bool wire_accept_tls(Wire *w, TlsServer *server, size_t *ret_early, GError **error);

/* Compresses from here on, both ways, once the server has agreed (RFC 4978). What has come and was
 * not taken is compressed already. */
void wire_compress(Wire *w);

/* Says no more will come from us (close_notify, FIN); reading goes on. Suspends. */
bool wire_shutdown(Wire *w, GError **error);
