/* httpsd.c: what else a TLS server is started for while one tests: a page over HTTPS, and an echo.
 */
#include <string.h>

#include "server/sandbox_inside.h"

enum { HEADER_LINES_MAX = 200, MAILS_SHOWN = 100 };

/* --- https --- */

static const char page_head[] =
    "<!doctype html><html lang=en><meta charset=utf-8>"
    "<meta name=viewport content='width=device-width'><title>Postern sandbox</title>"
    "<style>body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:52em;padding:0 1em;"
    "color-scheme:light dark}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.2em 1em .2em 0;border-bottom:1px solid #8884;"
    "overflow-wrap:anywhere}pre{white-space:pre-wrap}</style><h1>Postern sandbox</h1>";

static void put_cell(GString *page, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autofree char *escaped = g_markup_escape_text(valid, -1);
    g_string_append_printf(page, "<td>%s", escaped);
}

static void put_services(const Sandbox *box, GString *page)
{
    g_string_append(page, "<table><tr><th>Service<th>Port<th>TLS");
    for (const Service *s = services; s->name; s++) {
        if (sandbox_port(box, s)) {
            g_string_append_printf(page, "<tr><td>%s<td>%u<td>%s", s->name, sandbox_port(box, s),
                                   s->implicit_tls ? "from the start" : "STARTTLS");
        }
    }
    g_string_append_printf(page, "</table><p>Certificates are by <a href=/ca.pem>ca.pem</a>.");
}

/* The newest first. */
static void put_mails(const Sandbox *box, GString *page)
{
    guint n = box->arrivals->len;
    g_string_append_printf(page, "<h2>Messages</h2><p>%s", n ? "" : "None yet.");
    if (n == 0) {
        return;
    }
    g_string_append(page, "<table><tr><th>UTC<th>From<th>To<th>Octets");
    for (guint i = n; i > 0 && n - i < MAILS_SHOWN; i--) {
        const Mail *mail = ((const Arrived *)box->arrivals->pdata[i - 1])->mail;
        g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(mail->received);
        g_autofree char *text = when ? g_date_time_format(when, "%F %T") : NULL;
        g_autofree char *octets = g_strdup_printf("%" G_GUINT64_FORMAT, (uint64_t)mail->octets);
        const char *const cells[] = {text, mail->from, mail->to, octets};
        g_string_append(page, "<tr>");
        for (size_t c = 0; c < G_N_ELEMENTS(cells); c++) {
            put_cell(page, cells[c] ? cells[c] : "");
        }
    }
    g_string_append(page, "</table>");
}

static char *status_page(const Sandbox *box)
{
    GString *page = g_string_new(page_head);
    put_services(box, page);
    put_mails(box, page);
    g_autofree char *report = box->plan->report ? box->plan->report(box, false) : g_strdup("");
    g_autofree char *escaped = g_markup_escape_text(report, -1);
    g_string_append_printf(page, "<h2>So far</h2><pre>%s</pre>\n", escaped);
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
