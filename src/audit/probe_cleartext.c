/* probe_cleartext.c: what may be done before TLS. Nothing secret is sent: AUTH is begun without an
 * answer and taken back with "*" (RFC 4954 4), USER is not followed by PASS, MAIL FROM by RSET. */
#include <string.h>

#include "audit/probe_session.h"
#include "base/escape.h"
#include "proto/code_reply.h"
#include "proto/pop3.h"

enum { SHOWN_MAX = 120 };

/* A name nobody has. */
#define NOBODY "postern-check"

static bool speaks(const Session *s, const char *const *names)
{
    return g_strv_contains(names, s->proto->name);
}

static bool speaks_smtp(const Session *s)
{
    static const char *const names[] = {"smtp", "submission", "lmtp", NULL};
    return speaks(s, names);
}

/* Dovecot takes connections from its own machine for secure, and offers there what it offers to
 * nobody else. */
static const char *where(const Session *s)
{
    return s->dialled.loopback ? " (as seen from the machine itself, which many servers trust)"
                               : "";
}

/* --- what is offered --- */

typedef struct {
    GString *cleartext; /* ways that send a password or token as it is: "PLAIN, LOGIN command" */
    bool any;           /* any way at all */
} Ways;

static void add_way(Ways *ways, const char *name)
{
    const SaslMechanism *mechanism = sasl_mechanism_find(bytes_of(name));
    ways->any = true;
    if (mechanism && mechanism->cleartext) {
        g_string_append_printf(ways->cleartext, "%s%s", ways->cleartext->len ? ", " : "", name);
    }
}

/* Only what the capabilities say: a server that tells none offers nothing. */
static Ways offered(Session *s)
{
    Ways ways = {g_string_new(NULL), false};
    g_auto(GStrv) mechanisms = caps_mechanisms(s->caps);
    for (char **name = mechanisms; *name; name++) {
        g_autofree char *shown = escape_line_max(bytes_of(*name), SHOWN_MAX);
        add_way(&ways, shown);
    }
    const AuthFraming *auth = s->proto->auth;
    const char *const *own = s->caps && auth->own_ways ? auth->own_ways(s) : NULL;
    for (; own && *own; own++) {
        add_way(&ways, *own);
    }
    return ways;
}

/* Is logging in any part of this service? An MX without AUTH need not be asked. */
static bool has_login(const Facts *f)
{
    if (f->role != ROLE_MX || !f->caps_after) {
        return true;
    }
    g_auto(GStrv) mechanisms = caps_mechanisms(f->caps_after);
    return mechanisms[0] != NULL;
}

/* --- what is accepted without being offered --- */

static void set_login(Facts *f, const Session *s, Known known, const char *what, Bytes words)
{
    g_autofree char *shown = escape_line_max(bytes_trim(words), SHOWN_MAX);
    fact_set(&f->login_before_tls, known, "%s: \"%s\"%s", what, shown,
             known == YES ? where(s) : "");
}

/* "AUTH PLAIN" without a response: a server that asks for one would take it. Suspends. */
static bool try_plain(Facts *f, Session *s, GError **error)
{
    const AuthFraming *auth = s->proto->auth;
    AuthReply reply;
    if (!auth->begin(s, "PLAIN", NULL, error) || !auth->reply(s, &reply, error)) {
        return false;
    }
    Known known = reply.kind != AUTH_REFUSED ? YES : reply.temporary ? UNKNOWN : NO;
    set_login(f, s, known, known == YES ? "PLAIN is not offered, but accepted" : "PLAIN is refused",
              reply.text);
    if (reply.kind != AUTH_CHALLENGE) {
        return true;
    }
    return auth->respond(s, NULL, error) && auth->reply(s, &reply, error);
}

/* "USER somebody", never followed by PASS. Suspends. */
static bool try_user(Facts *f, Session *s, GError **error)
{
    Pop3Line reply;
    if (!wire_sendf(s->wire, error, "USER " NOBODY) || !pop3_reply(s, &reply, error)) {
        return false;
    }
    bool accepted = reply.status == POP3_OK;
    set_login(f, s, accepted ? YES : NO,
              accepted ? "USER is not offered, but accepted" : "USER is refused", reply.text);
    return true;
}

/* Suspends. */
static bool look_at_login(Facts *f, Session *s, bool *ret_any, GError **error)
{
    static const char *const pop3[] = {"pop3", NULL};
    if (!s->proto->auth) {
        return true;
    }
    Ways ways = offered(s);
    g_autoptr(GString) cleartext = ways.cleartext;
    *ret_any = ways.any;
    if (cleartext->len) {
        fact_set(&f->login_before_tls, YES, "%s offered before TLS%s", cleartext->str, where(s));
        return true;
    }
    if (!has_login(f)) {
        fact_set(&f->login_before_tls, NO, "no way to log in is offered at all");
        return true;
    }
    return speaks(s, pop3) ? try_user(f, s, error) : try_plain(f, s, error);
}

/* --- is TLS enforced? --- */

static bool mentions(const char *text, const char *const *words)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);
    for (; *words; words++) {
        if (strstr(lower, *words)) {
            return true;
        }
    }
    return false;
}

/* What the answer to MAIL FROM means: of those that refuse, some want TLS, some a login, and others
 * have reasons that have nothing to do with either. */
static void judge_mail(Facts *f, const CodeReply *reply)
{
    static const char *const tls[] = {"starttls", "tls", "encrypt", "ssl", NULL};
    static const char *const login[] = {"authent", "auth ", "login", "log in", NULL};
    Known known = UNKNOWN;
    g_autofree char *words = code_reply_words(reply);
    if (reply->code / 100 == 2) {
        known = NO;
    } else if (mentions(words, tls)) {
        known = YES;
    } else if (mentions(words, login) && f->login_before_tls.known != UNKNOWN) {
        known = f->login_before_tls.known == NO ? YES : NO;
    }
    g_autofree char *shown = escape_line_max(bytes_of(words), SHOWN_MAX);
    const char *but =
        known == NO && reply->code / 100 != 2 ? ", and that is to be had before TLS" : "";
    fact_set(&f->tls_enforced, known, "MAIL FROM before TLS: \"%s\"%s", shown, but);
}

/* The null sender: no mail comes of it, RSET takes it back. Suspends. */
static bool try_mail(Facts *f, Session *s, GError **error)
{
    g_auto(CodeReply) mail = {0}, reset = {0};
    if (!wire_sendf(s->wire, error, "MAIL FROM:<>") || !code_reply(s->wire, false, &mail, error)) {
        return false;
    }
    judge_mail(f, &mail);
    return mail.code / 100 != 2 ||
           (wire_sendf(s->wire, error, "RSET") && code_reply(s->wire, false, &reset, error));
}

/* Where one logs in, TLS is enforced when one cannot without it. */
static void judge_access(Facts *f, bool any)
{
    if (any) {
        fact_set(&f->tls_enforced, NO, "logging in is offered before TLS");
    } else {
        fact_set(&f->tls_enforced,
                 f->login_before_tls.known == UNKNOWN ? UNKNOWN
                 : f->login_before_tls.known == YES   ? NO
                                                      : YES,
                 f->login_before_tls.why ? "%s" : NULL, f->login_before_tls.why);
    }
}

/* False when the connection is not good for more. Suspends. */
static bool look(Facts *f, Session *s)
{
    g_autoptr(GError) error = NULL;
    bool any = false;
    bool good = look_at_login(f, s, &any, &error);
    if (!good) {
        fact_set(&f->login_before_tls, UNKNOWN, "%s", error->message);
    }
    if (!speaks_smtp(s)) {
        judge_access(f, any);
    } else if (good && !try_mail(f, s, &error)) {
        good = false;
        if (f->tls_enforced.known == UNKNOWN) {
            fact_set(&f->tls_enforced, UNKNOWN, "%s", error->message);
        }
    } else if (!good) {
        fact_set(&f->tls_enforced, UNKNOWN, "%s", error->message);
    }
    return good;
}

/* --- the probe --- */

static void tls_is_first(Facts *f)
{
    fact_set(&f->login_before_tls, NO, "TLS is there from the start");
    fact_set(&f->tls_enforced, YES, "TLS is there from the start");
    fact_set(&f->command_injection, NO, "TLS is there from the start");
    fact_set(&f->response_injection, NO, "TLS is there from the start");
}

static void not_reached(Facts *f, const char *why)
{
    Fact *const facts[] = {&f->login_before_tls, &f->tls_enforced, &f->command_injection};
    for (size_t i = 0; i < G_N_ELEMENTS(facts); i++) {
        if (facts[i]->known == UNKNOWN && !facts[i]->why) {
            fact_set(facts[i], UNKNOWN, "%s", why);
        }
    }
}

static void without_starttls(Facts *f)
{
    static const char why[] = "there is no STARTTLS to try it on";
    fact_set(&f->command_injection, UNKNOWN, "%s", why);
    if (f->response_injection.known == UNKNOWN) {
        fact_set(&f->response_injection, UNKNOWN, "%s", why);
    }
}

static Session *open_cleartext(Prober *p, const SessionPlan *plan)
{
    g_autoptr(GError) error = NULL;
    Session *s = prober_climb(p, plan, STAGE_CAPABILITIES, &error);
    if (!s) {
        not_reached(p->facts, error ? error->message : "no connection was left to ask");
    }
    return s;
}

void probe_cleartext(Prober *p)
{
    Facts *f = p->facts;
    if (f->tls_first) {
        tls_is_first(f);
        return;
    }
    SessionPlan plan = prober_session_plan(p);
    plan.tls.demand =
        TLS_OPPORTUNISTIC; /* for the end of it: no rung that is climbed asks for TLS */
    plan.tls.no_verify = false;
    plan.tls.dane = false;
    prober_progress(p, "what may be done before TLS");
    Session *s = open_cleartext(p, &plan);
    bool good = s && look(f, s);
    if (f->tls_offer != TLS_OFFER_YES) {
        without_starttls(f);
        prober_hang_up(p, s);
        return;
    }
    if (s && !good) {
        prober_hang_up(p, s);
        s = open_cleartext(p, &plan);
    }
    if (s) {
        prober_progress(p, "command injection");
        probe_command_injection(p, s);
        prober_hang_up(p, s);
    }
}
