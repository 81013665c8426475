/* httpsd.c: what else a TLS server is started for while one tests: a page over HTTPS, and an echo.
 */
#include <string.h>

#include "server/sandbox_inside.h"

enum { HEADER_LINES_MAX = 200 };

/* --- https --- */

static char *status_page(const Sandbox *box)
{
    SandboxCounts counts = sandbox_counts(box);
    GString *page = g_string_new("<!doctype html><meta charset=utf-8><title>Postern sandbox</title>"
                                 "<h1>Postern sandbox</h1><table>");
    for (const Service *s = services; s->name; s++) {
        if (sandbox_port(box, s)) {
            g_string_append_printf(page, "<tr><td>%s<td>%u", s->name, sandbox_port(box, s));
        }
    }
    g_string_append_printf(page, "</table><p>%lu sessions, %u messages.", counts.sessions,
                           counts.mails);
    for (guint i = 0; i < box->conduct->len; i++) {
        const SandboxConduct *c = box->conduct->pdata[i];
        g_autofree char *text = g_markup_escape_text(c->example, -1);
        g_string_append_printf(page, "<p>%s, %u times: %s", c->bad ? "Bad" : "Good", c->times,
                               text);
    }
    g_string_append(page, "<p><a href=/ca.pem>ca.pem</a>\n");
    return g_string_free(page, FALSE);
}

static void answer(Guest *g, const char *status, const char *type, const char *body)
{
    guest_reply(g, "HTTP/1.1 %s", status);
    guest_reply(g, "Content-Type: %s", type);
    guest_reply(g, "Content-Length: %zu", strlen(body));
    guest_reply(g, "Connection: close");
    guest_reply(g, "%s", "");
    g_string_append(g->out, body);
}

bool httpsd_serve(Guest *g, GError **error)
{
    Bytes line;
    if (!guest_line(g, &line, error)) {
        return false;
    }
    guest_tell_bytes(g, SANDBOX_RECEIVED, line, false);
    Bytes rest = line, verb = bytes_word(&rest), path = bytes_word(&rest);
    bool get = bytes_equal(verb, BYTES_LITERAL("GET"));
    bool ca = bytes_equal(path, BYTES_LITERAL("/ca.pem"));
    bool root = bytes_equal(path, BYTES_LITERAL("/"));
    for (unsigned i = 0; i < HEADER_LINES_MAX && line.len > 0; i++) {
        if (!guest_line(g, &line, error)) {
            return false;
        }
    }
    g_autofree char *body = ca ? tls_mint_root(g->box->mint) : status_page(g->box);
    if (!get) {
        answer(g, "405 Method Not Allowed", "text/plain", "GET only\n");
    } else if (!ca && !root) {
        answer(g, "404 Not Found", "text/plain", "there are / and /ca.pem\n");
    } else {
        answer(g, "200 OK", ca ? "application/x-pem-file" : "text/html; charset=utf-8", body);
    }
    return true;
}

/* --- echo --- */

bool echod_serve(Guest *g, GError **error)
{
    Bytes piece;
    for (;;) {
        if (!wire_some(g->wire, &piece, error)) {
            return false;
        }
        if (piece.len == 0) {
            return true;
        }
        guest_tell_payload(g, piece);
        if (!guest_send(g, piece, error) || !guest_flush(g, error)) {
            return false;
        }
    }
}
