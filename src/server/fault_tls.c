/* fault_tls.c: what goes wrong about TLS on purpose: the certificate and versions of the whole
 * server, what is offered and answered to STARTTLS, the handshake. */
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "server/sandbox_inside.h"

enum { NOISE = 512 };

static const Fault *asked(const Sandbox *box, const char *name)
{
    const GPtrArray *faults = box->plan->faults;
    for (guint i = 0; faults && i < faults->len; i++) {
        Fault *f = faults->pdata[i];
        if (strcmp(f->row->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

/* --- the whole server --- */

static void spoil_certificate(const Sandbox *box, TlsMintPlan *mint)
{
    static const char *const elsewhere[] = {"elsewhere.sandbox.test", NULL};
    gint64 now = (gint64)time(NULL);
    if (asked(box, "cert-expired")) {
        mint->not_before = now - (gint64)60 * 86400;
        mint->not_after = now - 86400;
    }
    if (asked(box, "cert-not-yet")) {
        mint->not_before = now + 86400;
    }
    if (asked(box, "cert-wrong-host")) {
        mint->names = elsewhere;
    }
    mint->rsa_bits = asked(box, "cert-weak-key") ? 1024 : 0;
    mint->self_signed = asked(box, "cert-self-signed") != NULL;
    mint->without_intermediate = asked(box, "cert-short-chain") != NULL;
}

static bool read_version(const Fault *f, TlsVersion *ret, GError **error)
{
    return tls_version_parse(f->arguments, ret, error) || error_prefix(error, "--fault tls-only");
}

bool sandbox_fault_tls(const Sandbox *box, TlsMintPlan *mint, TlsServerPlan *tls, GError **error)
{
    spoil_certificate(box, mint);
    tls->weak = tls->weak || mint->rsa_bits;
    const Fault *only = asked(box, "tls-only"), *ciphers = asked(box, "tls-ciphers");
    if (ciphers) { /* no others: those of TLS 1.3 have lists of their own */
        bool of_13 = g_str_has_prefix(ciphers->arguments, "TLS_");
        tls->ciphers = ciphers->arguments;
        tls->min = of_13 ? TLS_1_3 : tls->min;
        tls->max = of_13 ? tls->max : TLS_1_2;
    }
    if (only) {
        if (!read_version(only, &tls->min, error)) {
            return false;
        }
        tls->max = tls->min;
    }
    return true;
}

bool sandbox_fault_revoked(const Sandbox *box)
{
    return asked(box, "cert-revoked") != NULL;
}

bool sandbox_fault_stranger(const Sandbox *box)
{
    return asked(box, "cert-unknown-ca") != NULL;
}

const char *sandbox_fault_certificate(const Sandbox *box)
{
    const GPtrArray *faults = box->plan->faults;
    for (guint i = 0; faults && i < faults->len; i++) {
        const Fault *f = faults->pdata[i];
        if (f->row->kind == FAULT_OF_TLS && f->row->security) {
            return f->row->name;
        }
    }
    return NULL;
}

/* --- STARTTLS --- */

const char *guest_tls_word(Guest *g, const char *word)
{
    if (g->encrypted || g->user) {
        return NULL;
    }
    if (guest_fault(g, "starttls-stripped")) {
        g->tempted.no_tls = true;
        return NULL;
    }
    if (guest_fault(g, "starttls-mangled")) {
        g->tempted.no_tls = true;
        return "XXXXXXXA";
    }
    return word;
}

bool guest_tls_refused(Guest *g)
{
    static const char *const names[] = {"starttls-stripped", "starttls-mangled",
                                        "starttls-refused"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (guest_fault(g, names[i])) {
            g->tempted.no_tls = true;
            return true;
        }
    }
    return false;
}

void guest_inject(Guest *g)
{
    static const struct {
        const char *protocol, *text;
    } injections[] = {
        {"smtp", "250-localhost\r\n250 AUTH PLAIN LOGIN\r\n"},
        {"pop3", "+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n"},
        {"imap", "* CAPABILITY IMAP4rev1 AUTH=PLAIN INJECTED\r\n"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(injections); i++) {
        if (strcmp(g->service->protocol, injections[i].protocol) == 0 &&
            guest_fault(g, "starttls-injected")) {
            g_string_append(g->out, injections[i].text);
            guest_tell(g, SANDBOX_SENT, "%s", injections[i].text);
            g->tempted.injected = true;
        }
    }
}

/* --- the handshake --- */

bool guest_wait_until_gone(Guest *g, GError **error)
{
    Bytes piece;
    do {
        if (!wire_some(g->wire, &piece, error)) {
            return false;
        }
    } while (piece.len > 0);
    return error_fail(error, POSTERN_ERROR_EOF, "the client left while nothing was answered");
}

/* Those of the whole server are done to everybody who begins TLS. */
static void count_handshake(const Sandbox *box)
{
    const GPtrArray *faults = box->plan->faults;
    for (guint i = 0; faults && i < faults->len; i++) {
        Fault *f = faults->pdata[i];
        f->done += f->row->kind == FAULT_OF_TLS;
    }
}

bool guest_fault_handshake(Guest *g, GError **error)
{
    count_handshake(g->box);
    if (guest_fault(g, "tls-stall")) {
        return guest_wait_until_gone(g, error);
    }
    if (guest_fault(g, "tls-garbage")) {
        Bytes hello;
        uint8_t noise[NOISE];
        /* Noise that came before the hello would be injected behind the answer to STARTTLS. */
        if (!wire_some(g->wire, &hello, error)) {
            return false;
        }
        digest_random(noise, sizeof(noise));
        noise[0] = 'N'; /* never the type of a record */
        return wire_send_bytes(g->wire, (Bytes){(const char *)noise, sizeof(noise)}, false,
                               error) &&
               error_fail(error, POSTERN_ERROR_PROTOCOL, "the handshake was spoiled on purpose");
    }
    return true;
}
