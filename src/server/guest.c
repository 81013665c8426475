/* guest.c: lines from a client, replies to it, the upgrade. */
#include "server/guest.h"

#include <string.h>

#include "server/sandbox_inside.h"

enum { OUT_FLUSH = 32 * 1024 };

/* Nobody is told of who only controls the sandbox. */
static bool is_watched(const Guest *g)
{
    return g->box->plan->observer && g->service != &control_service;
}

void guest_tell(Guest *g, SandboxEventKind kind, const char *format, ...)
{
    if (!is_watched(g)) {
        return;
    }
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    guest_tell_bytes(g, kind, bytes_of(text), false);
}

static SandboxEvent event_of(const Guest *g, SandboxEventKind kind, Bytes text)
{
    return (SandboxEvent){.kind = kind,
                          .session = g->number,
                          .service = g->service->name,
                          .peer = g->peer,
                          .user = g->user,
                          .encrypted = g->encrypted,
                          .text = text,
                          .at_us = g_get_real_time()};
}

static void observe(Guest *g, const SandboxEvent *event)
{
    g->box->plan->observer(g->box->plan->observer_user, event);
}

void guest_tell_bytes(Guest *g, SandboxEventKind kind, Bytes text, bool masked)
{
    if (is_watched(g)) {
        SandboxEvent event = event_of(g, kind, text);
        event.masked = masked;
        observe(g, &event);
    }
}

void guest_tell_payload(Guest *g, Bytes payload)
{
    if (is_watched(g)) {
        g_autofree char *text = g_strdup_printf("%zu octets", payload.len);
        SandboxEvent event = event_of(g, SANDBOX_PAYLOAD, bytes_of(text));
        event.payload = payload;
        observe(g, &event);
    }
}

/* --- out and in --- */

/* One octet after the other. */
static bool drip(Guest *g, Bytes octets, GError **error)
{
    for (size_t i = 0; i < octets.len; i++) {
        if (!wire_send_bytes(g->wire, bytes_sub(octets, i, 1), false, error) ||
            !io_sleep(deadline_in(g->tarpit), error)) {
            return false;
        }
    }
    return true;
}

/* Everything that goes out goes through here, and some of it no further. */
static bool put(Guest *g, Bytes octets, GError **error)
{
    bool cut = g->cut >= 0 && octets.len >= (uint64_t)g->cut;
    Bytes part = cut ? bytes_sub(octets, 0, (size_t)g->cut) : octets;
    bool ok = part.len == 0 ||
              (g->tarpit > 0 ? drip(g, part, error) : wire_send_bytes(g->wire, part, false, error));
    if (g->cut >= 0) {
        g->cut -= (int64_t)part.len;
    }
    return ok && (!cut || error_fail(error, POSTERN_ERROR_CANCELLED, "cut off on purpose"));
}

bool guest_flush(Guest *g, GError **error)
{
    if (g->out->len == 0) {
        return true;
    }
    bool ok = put(g, bytes_of_string(g->out), error);
    g_string_truncate(g->out, 0);
    return ok;
}

/* Replies go out as soon as no whole line is here: there is nothing to be had by asking the kernel
 * first, for a client that waits has sent nothing more. */
bool guest_line(Guest *g, Bytes *line, GError **error)
{
    bool got = false, eof = false;
    if (g->drop_after) {
        return guest_flush(g, error) &&
               error_fail(error, POSTERN_ERROR_CANCELLED, "closed on purpose");
    }
    if (wire_has_buffered(g->wire) && !wire_line_now(g->wire, line, &got, &eof, error)) {
        return false;
    }
    return got || (guest_flush(g, error) && wire_line(g->wire, line, error));
}

void guest_reply(Guest *g, const char *format, ...)
{
    va_list args;
    gsize before = g->out->len;
    va_start(args, format);
    if (strchr(format, '%')) {
        g_string_append_vprintf(g->out, format, args);
    } else {
        g_string_append(g->out, format);
    }
    va_end(args);
    guest_tell_bytes(g, SANDBOX_SENT, bytes_sub(bytes_of_string(g->out), before, SIZE_MAX), false);
    g_string_append(g->out, "\r\n");
}

void guest_reply_decoded(Guest *g, const char *before, Bytes raw)
{
    g_autofree char *text = bytes_base64(raw);
    g_autoptr(GString) told = g_string_new(before);
    g_string_append_len(told, raw.data, (gssize)raw.len);
    g_string_append_printf(g->out, "%s%s\r\n", before, text);
    guest_tell_bytes(g, SANDBOX_SENT, bytes_of_string(told), false);
}

bool guest_send(Guest *g, Bytes octets, GError **error)
{
    if (g->out->len + octets.len < OUT_FLUSH) {
        g_string_append_len(g->out, octets.data, (gssize)octets.len);
        return true;
    }
    return guest_flush(g, error) && put(g, octets, error);
}

bool guest_start_tls(Guest *g, GError **error)
{
    size_t early = 0;
    GError *why = NULL;
    guest_inject(g);
    g->tempted.certificate = sandbox_fault_certificate(g->box) != NULL;
    if (!guest_flush(g, error) || !guest_fault_handshake(g, error)) {
        return false;
    }
    bool ok = wire_accept_tls(g->wire, g->box->tls, &early, &why);
    if (early) {
        guest_conduct(g, true, "early-data",
                      "sent %zu octets in plaintext behind its request for TLS", early);
    }
    if (!ok) {
        g->box->failed_tls++;
        guest_tell(g, SANDBOX_TLS, "no TLS: %s", why->message);
        error_fail(error, (PosternErrorCode)why->code, "there was no TLS");
        g_error_free(why);
        return false;
    }
    g->encrypted = true;
    g_autofree char *words = tls_session_words(wire_stream(g->wire));
    guest_tell(g, SANDBOX_TLS, "%s", words);
    return true;
}

static FaultMoment moment_of(const Guest *g)
{
    return (FaultMoment){.protocol = g->service->protocol,
                         .service = g->service->name,
                         .command = g->command,
                         .from = g->from,
                         .to = g->to,
                         .user = g->user};
}

const Fault *guest_fault(Guest *g, const char *name)
{
    const GPtrArray *faults = g->box->plan->faults;
    if (!faults || faults->len == 0 || g->service == &control_service) {
        return NULL;
    }
    const FaultMoment moment = moment_of(g);
    const Fault *f = fault_find(g->box->plan->faults, name, &moment);
    if (f) {
        guest_tell(g, SANDBOX_FAULT, "%s%s%s", name, *f->arguments ? "=" : "", f->arguments);
    }
    return f;
}
