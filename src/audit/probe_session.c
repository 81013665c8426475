/* probe_session.c: the ordinary session: what every client of the service sees. */
#include "audit/probe_session.h"

#include <string.h>

#include "audit/probe_dane.h"
#include "audit/probes.h"

#define TICKET_SECONDS 2

/* A failed verification is told, and ends nothing; DANE has a probe of its own. */
static SessionPlan ordinary_plan(const Prober *p)
{
    SessionPlan plan = prober_session_plan(p);
    plan.tls.demand = TLS_OPPORTUNISTIC;
    plan.tls.no_verify = false;
    plan.tls.dane = false;
    plan.tls.scts = true;
    return plan;
}

static void take_caps(Facts *f, Session *s)
{
    bool inside = wire_encrypted(s->wire);
    Caps **before = inside ? &s->caps_before : &s->caps;
    if (!f->caps_before) {
        f->caps_before = g_steal_pointer(before);
    }
    if (inside && !f->caps_after && !s->fresh_tls) {
        f->caps_after = g_steal_pointer(&s->caps);
    }
}

static void take_staple(Facts *f, const TlsPeer *peer)
{
    if (f->ocsp_stapled.known != YES && !peer->resumed) {
        bool stapled = peer->ocsp != NULL;
        fact_set(&f->ocsp_stapled, stapled ? YES : NO, stapled ? "%s%s" : NULL,
                 stapled ? peer->ocsp : "", peer->ocsp_valid ? "" : ", not verified");
    }
}

static void take_scts(Facts *f, const TlsPeer *peer)
{
    if (peer->resumed || peer->chain->len == 0) {
        return;
    }
    f->n_sct = MAX(f->n_sct, peer->n_scts);
    if (peer->n_scts < 0) {
        fact_set(&f->sct_present, UNKNOWN, "the timestamps that came cannot be read");
    } else {
        fact_set(&f->sct_present, peer->n_scts > 0 ? YES : NO,
                 peer->n_scts > 0 ? "%d, not verified" : "none in certificate, handshake or staple",
                 peer->n_scts);
    }
}

/* What the session has learnt, however far it came. */
static void take(Facts *f, Session *s, const GError *error)
{
    take_caps(f, s);
    if (f->tls_first) {
        f->tls_offer = TLS_OFFER_YES;
    } else if (s->tls_offer != TLS_OFFER_UNKNOWN) {
        f->tls_offer = s->tls_offer;
    }
    if (s->tls_answer && !f->tls_answer) {
        f->tls_answer = g_steal_pointer(&s->tls_answer);
    }
    bool no_tls = !wire_encrypted(s->wire);
    if (no_tls && error && !f->handshake_error) {
        f->handshake_error = g_strdup(error->message);
    }
    if (s->peer) {
        take_staple(f, s->peer);
        take_scts(f, s->peer);
        tls_peer_free(f->peer);
        f->peer = g_steal_pointer(&s->peer);
    }
    if (s->injected) {
        fact_set(&f->response_injection, YES, "%s",
                 error ? error->message : "octets came before the handshake");
    } else if (s->tls_answer || f->tls_offer == TLS_OFFER_YES) {
        fact_set(&f->response_injection, NO, NULL);
    }
}

/* --- resumption --- */

static void take_ticket(Facts *f, const TlsSessionFacts *session)
{
    f->ticket_lifetime = session->lifetime;
    if (session->version == TLS_1_3) {
        fact_set(&f->early_data, session->max_early_data > 0 ? YES : NO,
                 session->max_early_data > 0 ? "up to %u octets" : NULL, session->max_early_data);
    } else {
        fact_set(&f->early_data, NO, "%s has none", tls_version_name(session->version));
    }
}

/* The certificate of a session is verified anew when it is resumed, and by DANE if that is asked
 * for: one connection serves both. Only under the same name, by which the server chooses its
 * certificate. */
static bool may_serve_dane(const Facts *f, const char *host)
{
    g_autofree char *own = g_strdup_printf("_%u._tcp.%s", f->target->port, host ? host : "");
    return dane_counts(&f->dane) && g_ascii_strcasecmp(f->dane.base, own) == 0;
}

/* There are more connections than the server is known to bear: that it closes one says nothing. */
static bool is_crowded(const Prober *p)
{
    return prober_crowded(p) && p->gate.inside > p->borne;
}

static bool was_closed(const GError *error)
{
    return g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_EOF) ||
           g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_IO);
}

static const char WORDS_CROWDED[] = "the server closed the connection while others were open";

/* CVE-2011-1473. Over a session that nothing more is wanted of: a refusal may end it, and the
 * server then forgets it. Suspends. */
static void renegotiate(Prober *p, Session *s)
{
    enum { SECONDS = 8 };
    g_autoptr(GError) error = NULL;
    Fact *fact = &p->facts->client_renegotiation;
    bool crowded = is_crowded(p);
    if (tls_renegotiate(wire_stream(s->wire), deadline_in(SECONDS), &error)) {
        fact_set(fact, YES, "a second handshake was agreed to");
    } else if (g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT) ||
               g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED)) {
        fact_set(fact, UNKNOWN, "the server neither agreed nor refused: %s", error->message);
    } else if ((crowded || is_crowded(p)) && was_closed(error)) {
        fact_set(fact, UNKNOWN, "%s", WORDS_CROWDED);
    } else {
        fact_set(fact, NO, "refused: %.*s", (int)strcspn(error->message, "\n"), error->message);
    }
}

/* One connection with a session to resume. Suspends. */
static void resume(Prober *p, SessionPlan plan, TlsSession *session, Fact *fact)
{
    g_autoptr(GError) error = NULL;
    const char *what = tls_version_name(tls_session_facts(session).version);
    plan.tls.resume = session;
    bool dane =
        p->facts->dane.verified.known == UNKNOWN && may_serve_dane(p->facts, p->target->host);
    plan.tls.dane = dane;
    plan.tls.tlsa_without_pkix = p->facts->role == ROLE_MX;
    if (!prober_can(p, 1)) {
        fact_set(fact, UNKNOWN, "no connection was left to try it");
        prober_missing(p, "resumption of a session");
        return;
    }
    Session *s = prober_climb(p, &plan, STAGE_TLS, &error);
    if (!s || !s->peer || !wire_encrypted(s->wire)) {
        fact_set(fact, UNKNOWN, "%s", error ? error->message : "there was no TLS the second time");
    } else if (s->peer->resumed) {
        fact_set(fact, YES, "%s", what);
    } else {
        fact_set(fact, NO, "%s: a session is given, but not taken up again", what);
    }
    if (dane && s && s->peer) {
        dane_take_verdict(p->facts, s->peer);
    }
    if (s && wire_encrypted(s->wire) && s->peer && s->peer->version < TLS_1_3 &&
        p->facts->client_renegotiation.known == UNKNOWN) {
        renegotiate(p, s);
        prober_drop(p, s);
        return;
    }
    prober_hang_up(p, s);
}

/* --- the probes --- */

/* TLS was to come first, and did not: whether it is TLS that we do not understand, the raw hellos
 * tell. */
static void take_failure(Facts *f, const GError *error)
{
    if (!f->tls_first || f->reachable.known != YES) {
        return;
    }
    f->tls_offer = TLS_OFFER_YES;
    if (!f->handshake_error) {
        f->handshake_error = g_strdup(error ? error->message : "TLS did not come about");
    }
}

/* The session to take up again. TLS 1.3 sends its tickets behind the handshake, where a protocol
 * without a greeting has nothing to read yet: they are waited for a moment. Suspends. */
static TlsSession *session_to_resume(Session *s, const TlsPeer *peer)
{
    Stream *stream = wire_stream(s->wire);
    TlsSession *session = tls_session_take(stream);
    if (session || !peer || peer->version != TLS_1_3) {
        return session;
    }
    Deadline deadline = deadline_in(TICKET_SECONDS);
    Bytes piece;
    bool eof = false;
    while (!session && !eof && io_wait_read(stream->fd, deadline, NULL) &&
           wire_some_now(s->wire, &piece, &eof, NULL)) {
        session = tls_session_take(stream);
    }
    return session;
}

/* One session to its end; *ret_resume is set when it can be taken up again. False: there was none
 * at all. Suspends. */
static bool run(Prober *p, TlsSession **ret_resume)
{
    Facts *f = p->facts;
    g_autoptr(GError) error = NULL;
    /* Where TLS is first there is nothing to see before it. */
    Stage first = f->tls_first ? STAGE_TLS : STAGE_CAPABILITIES;
    Session *s = prober_climb(p, &p->ordinary, first, &error);
    if (!s) {
        take_failure(f, error);
        return false;
    }
    (void)session_climb(s, STAGE_TLS, &error);
    p->reached = MAX(p->reached, s->reached);
    take(f, s, error);
    if (wire_encrypted(s->wire)) {
        *ret_resume = session_to_resume(s, f->peer);
    }
    if (f->peer && p->plan->full) {
        p->farewell = s; /* nothing waits for it */
    } else {
        prober_hang_up(p, s);
    }
    return f->peer != NULL;
}

/* Nothing newer than TLS 1.1, it seems: its certificate and capabilities count all the same. Why
 * the ordinary handshake failed is kept. Suspends. */
static void run_old(Prober *p, TlsSession **ret_resume)
{
    p->ordinary.tls.min = TLS_1_0;
    prober_progress(p, "session with old TLS");
    run(p, ret_resume);
}

static void without_tls(Facts *f)
{
    const char *why = f->handshake_error ? f->handshake_error : "there was no TLS to be had";
    Fact *const facts[] = {&f->resumption_ticket, &f->early_data, &f->ocsp_stapled};
    for (size_t i = 0; i < G_N_ELEMENTS(facts); i++) {
        if (facts[i]->known == UNKNOWN) {
            fact_set(facts[i], UNKNOWN, "%s", why);
        }
    }
}

static bool has_tls(const Facts *f)
{
    return f->tls_offer == TLS_OFFER_YES;
}

void probe_session(Prober *p)
{
    Facts *f = p->facts;
    g_autoptr(TlsSession) session = NULL;
    prober_progress(p, "session");
    p->ordinary = ordinary_plan(p);
    bool done = run(p, &session);
    if (!done && has_tls(f) && f->reachable.known == YES &&
        p->ordinary.tls.min == TLS_VERSION_ANY && prober_can(p, 1)) {
        run_old(p, &session);
    }
    if (!f->peer) {
        without_tls(f);
        return;
    }
    if (!session) {
        fact_set(&f->resumption_ticket, NO, "the server gives no session to resume");
        fact_set(&f->early_data, NO, NULL);
        return;
    }
    TlsSessionFacts facts = tls_session_facts(session);
    take_ticket(f, &facts);
    if (!facts.ticket && facts.version != TLS_1_3) {
        fact_set(&f->resumption_ticket, NO, "the server gives no ticket");
    }
    p->session_min = p->ordinary.tls.min;
    p->session = g_steal_pointer(&session);
}

void probe_resumption(Prober *p)
{
    Facts *f = p->facts;
    if (!p->session) {
        return;
    }
    SessionPlan plan = ordinary_plan(p);
    plan.tls.min = p->session_min;
    TlsSessionFacts facts = tls_session_facts(p->session);
    bool ticket = facts.ticket || facts.version == TLS_1_3;
    dane_look_up_records(p);
    prober_progress(p, "resumption");
    resume(p, plan, p->session, ticket ? &f->resumption_ticket : &f->resumption_id);
}

/* --- TLS 1.2: resumption by id, and a new handshake at the client's wish (CVE-2011-1473) --- */

static bool wants_id(const Prober *p)
{
    Facts *f = p->facts;
    if (f->resumption_id.known != UNKNOWN) {
        return false;
    }
    if (f->resumption_ticket.known == YES && !p->plan->full) {
        fact_set(&f->resumption_id, UNKNOWN,
                 "not asked for, because sessions are resumed by ticket");
        return false;
    }
    return true;
}

static void settle_old_session(Facts *f, bool id, Known known, const char *why)
{
    fact_set(&f->client_renegotiation, known, "%s", why);
    if (id) {
        fact_set(&f->resumption_id, known, "%s", why);
    }
}

static void look_at_old_session(Prober *p)
{
    Facts *f = p->facts;
    if (!has_tls(f)) {
        return;
    }
    SessionPlan plan = ordinary_plan(p);
    plan.tls.no_ticket = true;
    plan.tls.max = TLS_1_2;
    plan.tls.min = p->session_min;
    bool id = wants_id(p);
    if (f->version[V_TLS12].offered.known == NO && highest_old(f) == V_COUNT) {
        settle_old_session(f, id, NO, "there is no TLS below 1.3, and TLS 1.3 has none of that");
        return;
    }
    if (!prober_can(p, 1)) {
        settle_old_session(f, id, UNKNOWN, "no connection was left to try it");
        prober_missing(p, "resumption by id, renegotiation: no connections were left");
        return;
    }
    g_autoptr(GError) error = NULL;
    prober_progress(p, "resumption by id, renegotiation");
    Session *s = prober_climb(p, &plan, STAGE_TLS, &error);
    if (!s || !wire_encrypted(s->wire)) {
        settle_old_session(f, id, UNKNOWN, error ? error->message : "there was no TLS to be had");
        prober_hang_up(p, s);
        return;
    }
    g_autoptr(TlsSession) session = tls_session_take(wire_stream(s->wire));
    if (id && session) {
        prober_hang_up(p, s);
        resume(p, plan, session, &f->resumption_id); /* and renegotiates there */
        return;
    }
    if (f->client_renegotiation.known == UNKNOWN) {
        renegotiate(p, s);
    }
    prober_drop(p, s);
    if (id) {
        fact_set(&f->resumption_id, NO, "the server gives no id to resume by");
    }
}

void probe_resumption_id(Prober *p)
{
    Facts *f = p->facts;
    look_at_old_session(p);
    bool doubtful = f->client_renegotiation.known == UNKNOWN &&
                    g_strcmp0(f->client_renegotiation.why, WORDS_CROWDED) == 0;
    if (doubtful && prober_can(p, 1)) {
        prober_alone(p);
        look_at_old_session(p);
        prober_alone_no_more(p);
    }
}
