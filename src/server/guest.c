/* guest.c: lines from a client, replies to it, the upgrade. */
#include "server/guest.h"

#include <string.h>

#include "server/sandbox_inside.h"

enum { OUT_FLUSH = 32 * 1024 };

void guest_tell(Guest *g, SandboxEventKind kind, const char *format, ...)
{
    const SandboxPlan *plan = g->box->plan;
    if (!plan->observer) {
        return;
    }
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    guest_tell_bytes(g, kind, bytes_of(text), false);
}

void guest_tell_bytes(Guest *g, SandboxEventKind kind, Bytes text, bool masked)
{
    const SandboxPlan *plan = g->box->plan;
    if (plan->observer) {
        const SandboxEvent event = {.kind = kind,
                                    .session = g->number,
                                    .service = g->service->name,
                                    .peer = g->peer,
                                    .user = g->user,
                                    .encrypted = g->encrypted,
                                    .masked = masked,
                                    .text = text,
                                    .at_us = g_get_real_time()};
        plan->observer(plan->observer_user, &event);
    }
}

bool guest_flush(Guest *g, GError **error)
{
    if (g->out->len == 0) {
        return true;
    }
    bool ok = wire_send_bytes(g->wire, bytes_of_string(g->out), false, error);
    g_string_truncate(g->out, 0);
    return ok;
}

bool guest_line(Guest *g, Bytes *line, GError **error)
{
    bool got = false, eof = false;
    if (!wire_line_now(g->wire, line, &got, &eof, error)) {
        return false;
    }
    if (got) {
        return true;
    }
    return guest_flush(g, error) && wire_line(g->wire, line, error);
}

void guest_reply(Guest *g, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    gsize before = g->out->len;
    g_string_append_vprintf(g->out, format, args);
    va_end(args);
    guest_tell_bytes(g, SANDBOX_SENT, bytes_sub(bytes_of_string(g->out), before, SIZE_MAX), false);
    g_string_append(g->out, "\r\n");
}

bool guest_send(Guest *g, Bytes octets, GError **error)
{
    if (g->out->len + octets.len < OUT_FLUSH) {
        g_string_append_len(g->out, octets.data, (gssize)octets.len);
        return true;
    }
    return guest_flush(g, error) && wire_send_bytes(g->wire, octets, false, error);
}

bool guest_start_tls(Guest *g, GError **error)
{
    size_t early = 0;
    GError *why = NULL;
    if (!guest_flush(g, error)) {
        return false;
    }
    bool ok = wire_accept_tls(g->wire, g->box->tls, &early, &why);
    if (early) {
        guest_conduct(g, true, "early-data",
                      "sent %zu octets in plaintext behind its request for TLS", early);
    }
    if (!ok) {
        guest_tell(g, SANDBOX_TLS, "no TLS: %s", why->message);
        g_propagate_error(error, why);
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
    const FaultMoment moment = moment_of(g);
    const Fault *f = fault_find(g->box->plan->faults, name, &moment);
    if (f) {
        guest_tell(g, SANDBOX_FAULT, "%s%s%s", name, *f->arguments ? "=" : "", f->arguments);
    }
    return f;
}
