/* session.c: the ladder. Each rung is one function; what a protocol says on it is in its row. */
#include "proto/session.h"

#include <string.h>

#include "base/escape.h"
#include "proto/auth_exchange.h"
#include "proto/dane.h"
#include "proto/dialogue_grammar.h"
#include "proto/row.h"

enum { TIMEOUT_DEFAULT = 60, QUIT_SECONDS = 3, SILENCE_SECONDS = 5 };

/* --- stages --- */

static const char *const stage_names[] = {
    [STAGE_NONE] = "none",         [STAGE_CONNECT] = "connect",
    [STAGE_GREETING] = "greeting", [STAGE_CAPABILITIES] = "capabilities",
    [STAGE_STARTTLS] = "starttls", [STAGE_TLS] = "tls",
    [STAGE_AUTH] = "auth",
};

const char *stage_name(Stage stage)
{
    return stage_names[stage];
}

bool stage_parse(const char *text, Stage *ret, GError **error)
{
    for (Stage stage = STAGE_CONNECT; stage <= STAGE_AUTH; stage++) {
        if (!g_ascii_strcasecmp(text, stage_names[stage])) {
            *ret = stage;
            return true;
        }
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "\"%s\" is no stage: connect, greeting, capabilities, starttls, tls or auth",
                      text);
}

/* --- small things --- */

Session *session_new(const SessionPlan *plan)
{
    Session *s = g_new0(Session, 1);
    s->plan = plan;
    s->proto = plan->target->scheme->proto;
    return s;
}

void session_free(Session *s)
{
    if (!s) {
        return;
    }
    wire_free(s->wire);
    dial_result_clear(&s->dialled);
    g_free(s->greeting);
    caps_free(s->caps_before);
    caps_free(s->caps);
    g_free(s->tls_answer);
    g_free(s->utf8_refused);
    tls_peer_free(s->peer);
    dane_plan_free(s->dane); /* behind the wire, whose TLS was made by it */
    g_free(s->auth_answer);
    g_free(s);
}

bool session_is_private(const Session *s)
{
    bool verified = s->wire && wire_encrypted(s->wire) && s->peer && s->peer->verified;
    return verified || s->dialled.private_way;
}

char *session_whom(const Session *s)
{
    const Target *target = s->plan->target;
    if (target->unix_path) {
        return g_strdup(target->unix_path);
    }
    g_autofree char *host = escape_line(bytes_of(target->host));
    bool brackets = strchr(host, ':') != NULL;
    g_autofree char *there =
        g_strdup_printf("%s%s%s:%u", brackets ? "[" : "", host, brackets ? "]" : "", target->port);
    const char *address = s->dialled.address;
    if (address && (g_strcmp0(address, target->host) != 0 || s->dialled.port != target->port)) {
        return s->dialled.port == target->port
                   ? g_strdup_printf("%s (%s)", there, address)
                   : g_strdup_printf("%s (%s port %u)", there, address, s->dialled.port);
    }
    return g_steal_pointer(&there);
}

static double timeout_of(const Session *s)
{
    return s->plan->timeout > 0 ? s->plan->timeout : TIMEOUT_DEFAULT;
}

/* --- the upgrade --- */

/* The handshake, by the plan or, where DANE is demanded, by the plan with the records found for it.
 * Suspends. */
static bool handshake(Session *s, GError **error)
{
    const TlsPlan *plan = &s->plan->tls;
    if (plan->dane) {
        dane_plan_free(s->dane);
        s->dane = dane_look_up(s, error);
        if (!s->dane) {
            return false;
        }
        plan = dane_tls_plan(s->dane);
    }
    const char *host = s->plan->target->host; /* NULL on a unix socket */
    tls_peer_free(s->peer);
    s->peer = NULL;
    bool up =
        wire_start_tls(s->wire, plan, host ? host : "localhost", &s->injected, &s->peer, error);
    if (s->injected) {
        s->tls_offer = TLS_OFFER_INJECTED;
    }
    return up;
}

static void warn_unverified(Session *s)
{
    if (s->peer->verified) {
        return;
    }
    const char *allowed = s->plan->tls.no_verify ? "--no-verify" : "--tls=opportunistic";
    wire_note(s->wire, WIRE_WARNING, "the server's certificate is NOT verified (%s): %s", allowed,
              s->peer->why_not ? s->peer->why_not : "nobody knows who is at the other end");
}

/* Handshake in mid-session: what the server said before it is no longer true (RFC 3207 4.2).
 * Suspends. */
static bool upgrade(Session *s, GError **error)
{
    if (!handshake(s, error)) {
        return false;
    }
    warn_unverified(s);
    caps_free(s->caps_before);
    s->caps_before = g_steal_pointer(&s->caps);
    s->fresh_tls = true;
    return true;
}

static bool ask_capabilities(Session *s, GError **error)
{
    bool ok = !s->proto->capabilities || s->proto->capabilities(s, error);
    s->fresh_tls = false;
    return ok;
}

/* --- the rungs --- */

static bool has_tls_first(const Session *s)
{
    return s->plan->target->scheme->tls_first;
}

/* A peer that speaks at once on a port for TLS from the start. */
static bool speaks_in_the_clear(GError **error)
{
    return error_prefix(error,
                        "the server speaks before TLS, so this port seems to have no TLS from "
                        "the start (try the scheme with STARTTLS)");
}

static bool dial_target(Session *s, GError **error)
{
    DialPlan plan = s->plan->dial;
    plan.host = s->plan->target->host;
    plan.port = s->plan->target->port;
    plan.unix_path = s->plan->target->unix_path;
    gint64 start = g_get_monotonic_time();
    Stream *stream = dial(&plan, &s->dialled, deadline_in(timeout_of(s)), error);
    s->connect_us = g_get_monotonic_time() - start;
    if (!stream) {
        return false;
    }
    s->wire = wire_new(stream, timeout_of(s));
    return true;
}

static void tell_connected(Session *s)
{
    g_autofree char *whom = session_whom(s);
    wire_note(s->wire, WIRE_CONNECTED, "connected to %s%s%s", whom,
              s->dialled.via ? " through " : "", s->dialled.via ? s->dialled.via : "");
}

static bool rung_connect(Session *s, GError **error)
{
    if (!s->wire && !dial_target(s, error)) {
        return false;
    }
    if (s->plan->observer) {
        wire_observe(s->wire, s->plan->observer, s->plan->observer_user);
    }
    tell_connected(s);
    if (!has_tls_first(s)) {
        return true;
    }
    if (!handshake(s, error)) {
        return s->injected ? speaks_in_the_clear(error) : error_prefix(error, "TLS");
    }
    warn_unverified(s);
    return true;
}

/* A server that is silent where it should greet may be waiting for our ClientHello. Says so in
 * words, or "" when that cannot be it. The caller frees it. */
static char *why_silent(const Session *s)
{
    if (wire_encrypted(s->wire) || wire_bytes_in(s->wire) > 0 || s->plan->target->unix_path) {
        return g_strdup("");
    }
    for (const Scheme *other = target_schemes; other->name != NULL; other++) {
        if (other->tls_first && s->proto->grammar && other->proto->grammar == s->proto->grammar) {
            return g_strdup_printf("; if this port wants TLS from the start, try %s:// with it",
                                   other->name);
        }
    }
    return g_strdup("");
}

static bool never_greeted(Session *s, GError **error)
{
    g_autofree char *why = why_silent(s);
    return error_fail(error, POSTERN_ERROR_TIMEOUT,
                      "timed out after %g s waiting for the greeting%s", timeout_of(s), why);
}

/* Waits for the first octet; *came tells whether there is one. Suspends. */
static bool await_octet(Session *s, double seconds, bool *came, GError **error)
{
    GError *cause = NULL;
    *came = io_wait_read(wire_stream(s->wire)->fd, deadline_in(seconds), &cause);
    if (*came || g_error_matches(cause, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT)) {
        g_clear_error(&cause);
        return true;
    }
    g_propagate_error(error, cause);
    return false;
}

/* A server that is silent for a while is worth a word: somebody may be looking on. Suspends. */
static bool await_greeting(Session *s, GError **error)
{
    bool speaks_first = s->proto->grammar && s->proto->grammar->greets;
    bool came = !speaks_first || wire_encrypted(s->wire) || wire_stream(s->wire)->fd < 0;
    double soon = MIN(SILENCE_SECONDS, timeout_of(s));
    if (came || !await_octet(s, soon, &came, error)) {
        return came;
    }
    if (!came && timeout_of(s) > soon) {
        g_autofree char *why = why_silent(s);
        wire_note(s->wire, WIRE_NOTE, "no greeting yet%s", why);
        if (!await_octet(s, timeout_of(s) - soon, &came, error)) {
            return false;
        }
    }
    return came || never_greeted(s, error);
}

static bool rung_greeting(Session *s, GError **error)
{
    gint64 start = g_get_monotonic_time();
    wire_await(s->wire, "the greeting");
    bool ok = !s->proto->greet || (await_greeting(s, error) && s->proto->greet(s, error));
    s->greeting_us = g_get_monotonic_time() - start;
    return ok;
}

static bool rung_capabilities(Session *s, GError **error)
{
    return ask_capabilities(s, error);
}

static bool wants_upgrade(const Session *s)
{
    return s->proto->ask_tls && s->plan->tls.demand != TLS_OFF && !wire_encrypted(s->wire) &&
           !s->plan->target->unix_path;
}

/* May the session go on in the clear after the upgrade was not to be had? Only if TLS was optional,
 * or the way is as good; and never after an injection. */
static bool may_go_on(const Session *s)
{
    bool optional = s->plan->tls.demand == TLS_OPPORTUNISTIC ||
                    (s->dialled.private_way && s->tls_offer == TLS_OFFER_MISSING);
    return optional && (s->tls_offer == TLS_OFFER_MISSING || s->tls_offer == TLS_OFFER_MANGLED ||
                        s->tls_offer == TLS_OFFER_REFUSED || s->tls_offer == TLS_OFFER_PREAUTH);
}

static void tell_without_tls(Session *s, const GError *cause)
{
    if (s->dialled.private_way && s->tls_offer == TLS_OFFER_MISSING) {
        wire_note(s->wire, WIRE_NOTE,
                  "the server offers no TLS; going on without it, because %s ends on the very "
                  "machine it is for",
                  s->dialled.via ? s->dialled.via : "the way");
    } else {
        wire_note(s->wire, WIRE_WARNING, "going on WITHOUT TLS: %s", cause->message);
    }
}

static bool rung_starttls(Session *s, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (!wants_upgrade(s) || s->proto->ask_tls(s, &cause)) {
        return true;
    }
    if (may_go_on(s)) {
        tell_without_tls(s, cause);
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool rung_tls(Session *s, GError **error)
{
    if (!wants_upgrade(s) || s->tls_offer != TLS_OFFER_YES) {
        return true;
    }
    return upgrade(s, error) && ask_capabilities(s, error);
}

static bool rung_auth(Session *s, GError **error)
{
    return session_auth(s, NULL, error);
}

static const struct {
    Stage stage;
    bool (*climb)(Session *s, GError **error);
} rungs[] = {
    {STAGE_CONNECT, rung_connect},
    {STAGE_GREETING, rung_greeting},
    {STAGE_CAPABILITIES, rung_capabilities},
    {STAGE_STARTTLS, rung_starttls},
    {STAGE_TLS, rung_tls},
    {STAGE_AUTH, rung_auth},
};

/* --- climbing --- */

static bool broke(Session *s, GError **error)
{
    g_autofree char *whom = session_whom(s);
    if (!s->wire) {
        return false; /* dial() names everyone it tried */
    }
    return s->trying == STAGE_CONNECT ? error_prefix(error, "%s", whom)
                                      : error_prefix(error, "%s: %s", whom, stage_name(s->trying));
}

bool session_climb(Session *s, Stage upto, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rungs); i++) {
        if (rungs[i].stage <= s->reached || rungs[i].stage > upto) {
            continue;
        }
        s->trying = rungs[i].stage;
        if (!rungs[i].climb(s, error)) {
            return broke(s, error);
        }
        s->reached = rungs[i].stage;
    }
    return true;
}

Session *session_new_over(const SessionPlan *plan, Stream *stream)
{
    Session *s = session_new(plan);
    s->wire = wire_new(stream, timeout_of(s));
    return s;
}

bool session_upgrade(Session *s, bool already_agreed, GError **error)
{
    if (wire_encrypted(s->wire)) {
        return error_fail(error, POSTERN_ERROR_USAGE, "the session is inside TLS already");
    }
    s->trying = STAGE_STARTTLS;
    if (!already_agreed) {
        if (!s->proto->ask_tls) {
            return error_fail(error, POSTERN_ERROR_USAGE, "%s has no STARTTLS", s->proto->title);
        }
        if (!s->caps && !ask_capabilities(s, error)) {
            return broke(s, error);
        }
        if (!s->proto->ask_tls(s, error)) {
            return broke(s, error);
        }
    }
    s->trying = STAGE_TLS;
    s->tls_offer = TLS_OFFER_YES;
    if (!upgrade(s, error) || !ask_capabilities(s, error)) {
        return broke(s, error);
    }
    s->reached = MAX(s->reached, STAGE_TLS);
    return true;
}

void session_quit(Session *s)
{
    if (!s->wire || s->reached < STAGE_CONNECT) {
        return;
    }
    wire_set_deadline(s->wire, deadline_in(QUIT_SECONDS));
    bool awaits_handshake = s->tls_offer == TLS_OFFER_YES && !wire_encrypted(s->wire);
    if (s->proto->quit && s->reached >= STAGE_GREETING && !awaits_handshake) {
        s->proto->quit(s);
    }
    wire_shutdown(s->wire, NULL);
}

bool session_renew(Session *s, GError **error)
{
    session_quit(s);
    Session *fresh = session_new(s->plan);
    fresh->remembered = s->remembered;
    fresh->wants_utf8 = s->wants_utf8;
    fresh->after_login = s->after_login;
    Session old = *s;
    *s = *fresh;
    *fresh = old;
    session_free(fresh);
    return session_climb(s, old.reached, error);
}
