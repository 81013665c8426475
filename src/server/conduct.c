/* conduct.c: how clients behaved where something tempted them. */
#include <string.h>

#include "server/sandbox_inside.h"

/* How long a client that took an injected answer for the one to its command has to send the next.
 */
#define INJECTED_WAIT 0.4

static SandboxConduct *find(Sandbox *box, const char *what, bool bad)
{
    for (guint i = 0; i < box->conduct->len; i++) {
        SandboxConduct *c = box->conduct->pdata[i];
        if (strcmp(c->what, what) == 0 && c->bad == bad) {
            return c;
        }
    }
    SandboxConduct *c = g_new0(SandboxConduct, 1);
    c->what = g_strdup(what);
    c->bad = bad;
    g_ptr_array_add(box->conduct, c);
    return c;
}

void guest_conduct(Guest *g, bool bad, const char *what, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    SandboxConduct *c = find(g->box, what, bad);
    if (c->times++ == 0) {
        c->example = g_strdup_printf("session %lu (%s): %s", g->number, g->service->name, text);
    }
    guest_tell(g, SANDBOX_CONDUCT, "%s: %s", bad ? "bad" : "good", text);
}

const GPtrArray *sandbox_conduct(const Sandbox *box)
{
    return box->conduct;
}

bool sandbox_misbehaved(const Sandbox *box)
{
    for (guint i = 0; i < box->conduct->len; i++) {
        if (((const SandboxConduct *)box->conduct->pdata[i])->bad) {
            return true;
        }
    }
    return false;
}

/* --- what it does next --- */

static bool is_one_of(const char *command, const char *const *list)
{
    return g_strv_contains((const gchar *const *)list, command);
}

/* Commands that go on as if nothing was wrong are all but these. */
static const char *const harmless[] = {
    "",         "CONNECT", "EHLO",       "HELO", "LHLO", "QUIT", "LOGOUT", "NOOP", "RSET",
    "STARTTLS", "STLS",    "CAPABILITY", "CAPA", "HELP", "ID",   ".",      "?",    NULL};
static const char *const farewells[] = {"", "CONNECT", "QUIT", "LOGOUT", ".", NULL};

static void judge_plaintext(Guest *g)
{
    bool came_back =
        g->box->failed_tls && !g->fell_back && sandbox_fault_certificate(g->box) != NULL;
    bool tempted = g->tempted.no_tls || came_back;
    if (!tempted || g->encrypted || is_one_of(g->command, harmless)) {
        return;
    }
    if (g->tempted.no_tls) {
        g->tempted.no_tls = false;
        guest_conduct(g, true, "plaintext", "went on in plaintext (%s) when TLS could not be had",
                      g->command);
    } else {
        g->fell_back = true;
        guest_conduct(g, true, "plaintext", "came back in plaintext (%s) after TLS had failed",
                      g->command);
    }
}

static void judge_certificate(Guest *g)
{
    if (g->tempted.certificate && g->encrypted && !is_one_of(g->command, farewells)) {
        g->tempted.certificate = false;
        guest_conduct(g, true, "bad-certificate", "accepted a bad certificate (%s) and said %s",
                      sandbox_fault_certificate(g->box), g->command);
    }
}

/* Whoever took the injected answer for the one to its first command inside TLS says the next
 * without waiting for ours. */
static bool judge_injected(Guest *g, GError **error)
{
    if (g->hasty) {
        g->hasty = g->tempted.injected = false;
        guest_conduct(g, true, "injected",
                      "took an answer that stood in plaintext for one from inside TLS");
    }
    if (!g->tempted.injected || !g->encrypted || g->waited || !*g->command) {
        return true;
    }
    g->waited = true;
    if (!io_sleep(deadline_in(INJECTED_WAIT), error)) {
        return false;
    }
    return wire_poll(g->wire, &g->hasty, error);
}

static void judge_proof(Guest *g)
{
    /* "?" is a client that goes on with its exchange, which no proof will end. */
    if (g->tempted.proof && !is_one_of(g->command, farewells) && strcmp(g->command, "?") != 0 &&
        g->user) {
        g->tempted.proof = false;
        guest_conduct(g, true, "server-proof",
                      "went on (%s) though the server had not proven that it knows the password",
                      g->command);
    }
}

bool guest_judge_command(Guest *g, GError **error)
{
    judge_plaintext(g);
    judge_certificate(g);
    judge_proof(g);
    return judge_injected(g, error);
}

void guest_judge_end(Guest *g)
{
    const struct {
        bool withstood;
        const char *what, *text;
    } rows[] = {
        {g->tempted.no_tls, "plaintext", "left when TLS could not be had"},
        {g->tempted.certificate, "bad-certificate", "refused a bad certificate"},
        {g->tempted.injected, "injected", "took no answer that stood in plaintext"},
        {g->tempted.proof, "server-proof", "left when the server had not proven itself"},
        {g->tempted.downgrade, "downgrade", "sent no password when a strong mechanism was refused"},
        {g->tempted.capabilities, "old-capabilities", "asked anew what the server can, inside TLS"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].withstood) {
            guest_conduct(g, false, rows[i].what, "%s", rows[i].text);
        }
    }
}
