/* tunnel_way.c: from a client to the server. */
#include <string.h>

#include "base/escape.h"
#include "cmd/tunnel.h"
#include "io/pump.h"

/* A client that connects and says nothing for that long is not waited for: servers wait less (RFC
 * 1939, RFC 5321 section 4.5.3.2, RFC 9051 section 5.4). */
#define CLIENT_SECONDS 1800
#define GOODBYE_SECONDS 5
/* ssh does not tell that it is through; for a peer that does not speak first this is how long it is
 * given to fail. */
#define SILENT_PROOF_SECONDS 2
#define RETRY_PAUSE 0.5
#define PENDING_MAX ((size_t)1024 * 1024)

static double timeout_of(const Tunnel *t)
{
    return t->plan->timeout > 0 ? t->plan->timeout : 60;
}

/* --- clients that cannot be served --- */

void tunnel_turn_away(const Tunnel *t, Stream *client, const char *words)
{
    if (t->front && !(t->pipe && t->plan->target->scheme->tls_first)) {
        g_autofree char *line = front_refusal(t->front, words);
        bool told = stream_write(client, bytes_of(line), deadline_in(GOODBYE_SECONDS), NULL);
        (void)told; /* he may have gone */
    }
    (void)stream_shutdown(client, deadline_in(GOODBYE_SECONDS), NULL);
    stream_free(client);
}

static char *first_line(const char *message)
{
    return g_strndup(message, strcspn(message, "\n"));
}

/* --- joining --- */

/* What was read from the stream already and has not been handed out. */
static void drain(Wire *w, GByteArray *to)
{
    while (wire_has_buffered(w) && to->len < PENDING_MAX) {
        Bytes piece;
        bool eof;
        if (!wire_some_now(w, &piece, &eof, NULL) || piece.len == 0) {
            return;
        }
        g_byte_array_append(to, (const guint8 *)piece.data, (guint)piece.len);
    }
}

static bool join(const Tunnel *t, Pump *pump, const char *who, GError **error)
{
    bool good = pump_run(pump, "the client", "the server", error);
    tunnel_say(t, true,
               "%s: %" G_GUINT64_FORMAT " octets to the server, %" G_GUINT64_FORMAT " back", who,
               pump->a_to_b, pump->b_to_a);
    return good;
}

static bool join_wires(const Tunnel *t, Wire *client, Wire *server, const char *who, GError **error)
{
    g_autoptr(GByteArray) from_client = g_byte_array_new();
    g_autoptr(GByteArray) from_server = g_byte_array_new();
    drain(client, from_client);
    drain(server, from_server);
    Pump pump = {.a = wire_stream(client),
                 .b = wire_stream(server),
                 .from_a = bytes_of_array(from_client),
                 .from_b = bytes_of_array(from_server)};
    return join(t, &pump, who, error);
}

/* --- a byte pipe --- */

static Stream *dial_target(const Tunnel *t, GError **error)
{
    DialResult result = {0};
    DialPlan plan = t->plan->dial;
    Stream *s = dial(&plan, &result, deadline_in(timeout_of(t)), error);
    dial_result_clear(&result);
    return s;
}

/* Through ssh a way that does not exist shows only now: as long as the server has not said a word
 * the client can still be told in his own language. Suspends. */
static bool await_server(const Tunnel *t, Stream *server, GByteArray *first, GError **error)
{
    bool greets = t->front && !t->plan->target->scheme->tls_first;
    if (!greets) {
        return true;
    }
    size_t got = 0;
    g_byte_array_set_size(first, 4096);
    bool good =
        stream_read(server, first->data, first->len, &got, deadline_in(timeout_of(t)), error);
    g_byte_array_set_size(first, (guint)got);
    if (!good && error && g_error_matches(*error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT)) {
        error_prefix(error, "waiting for the server's greeting");
    }
    return good;
}

/* --- opening --- */

/* Opens a way; suspends. */
typedef bool (*OpenFunc)(const Tunnel *t, void *way, GError **error);

/* Not too many at a time; and once more where a busy hop has hung up, or the login that was shared
 * has ended just then. Suspends. */
static bool open_way(Tunnel *t, OpenFunc open, void *way, GError **error)
{
    g_autoptr(GError) why = NULL;
    if (!gate_enter(&t->opening, error)) {
        return false;
    }
    bool good = open(t, way, &why);
    if (!good && via_ssh_may_pass(why) && io_sleep(deadline_in(RETRY_PAUSE), NULL)) {
        g_clear_error(&why);
        good = open(t, way, &why);
    }
    gate_leave(&t->opening);
    if (!good) {
        g_propagate_error(error, g_steal_pointer(&why));
    }
    return good;
}

typedef struct {
    Stream *server;
    GByteArray *first; /* what it has said already */
} PipeWay;

static bool open_pipe(const Tunnel *t, void *user, GError **error)
{
    PipeWay *way = user;
    g_autoptr(Stream) server = dial_target(t, error);
    g_byte_array_set_size(way->first, 0);
    if (!server || !await_server(t, server, way->first, error)) {
        return false;
    }
    way->server = g_steal_pointer(&server);
    return true;
}

static bool serve_pipe(Tunnel *t, Stream **client, const char *who, GError **error)
{
    g_autoptr(GByteArray) first = g_byte_array_new();
    PipeWay way = {NULL, first};
    if (!open_way(t, open_pipe, &way, error)) {
        return false;
    }
    g_autoptr(Stream) server = way.server;
    g_autoptr(Stream) mine = g_steal_pointer(client);
    Pump pump = {.a = mine, .b = server, .from_b = bytes_of_array(first)};
    g_autoptr(GError) broken = NULL;
    if (!join(t, &pump, who, &broken)) {
        tunnel_say(t, true, "%s: %s", who, broken->message);
    }
    return true;
}

/* --- TLS spoken here --- */

static bool serve_inside(const Tunnel *t, Session *s, Wire *client, const char *who, GError **error)
{
    bool ended = false;
    bool greeted = t->front && !t->plan->target->scheme->tls_first;
    if (greeted && !front_serve(t->front, s, client, &ended, error)) {
        return false;
    }
    if (ended) {
        session_quit(s);
        return true;
    }
    return join_wires(t, client, s->wire, who, error);
}

/* A Session **. */
static bool open_session(const Tunnel *t, void *way, GError **error)
{
    bool tls_first = t->plan->target->scheme->tls_first;
    g_autoptr(Session) s = session_new(t->plan);
    if (!session_climb(s, tls_first ? STAGE_CONNECT : STAGE_TLS, error)) {
        return false;
    }
    *(Session **)way = g_steal_pointer(&s);
    return true;
}

static bool serve_tls(Tunnel *t, Stream **client, const char *who, GError **error)
{
    g_autoptr(Session) s = NULL;
    if (!open_way(t, open_session, &s, error)) {
        return false;
    }
    g_autoptr(Wire) mine = wire_new(g_steal_pointer(client), CLIENT_SECONDS);
    g_autoptr(GError) broken = NULL;
    if (!serve_inside(t, s, mine, who, &broken)) {
        tunnel_say(t, true, "%s: %s", who, broken->message);
    }
    return true;
}

void tunnel_serve(Tunnel *t, Stream *client, const char *who)
{
    g_autoptr(GError) error = NULL;
    bool served = (t->pipe ? serve_pipe : serve_tls)(t, &client, who, &error);
    t->last_status = error_exit_status(error);
    if (!served) {
        tunnel_say(t, false, "%s: %s", who, error->message);
        g_autofree char *words = first_line(error->message);
        tunnel_turn_away(t, client, words);
    }
}

/* --- proof --- */

static bool prove_silent(const Tunnel *t, GError **error)
{
    g_autoptr(Stream) s = dial_target(t, error);
    char octet;
    size_t got;
    g_autoptr(GError) why = NULL;
    if (!s) {
        return false;
    }
    if (t->plan->dial.via &&
        !stream_read(s, &octet, 1, &got, deadline_in(SILENT_PROOF_SECONDS), &why) &&
        !g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    return true;
}

/* Where the client will speak TLS himself it is not for us to judge the certificate: that there is
 * TLS at the other end is proof of the way. */
static SessionPlan plan_of_proof(const Tunnel *t)
{
    SessionPlan plan = *t->plan;
    if (t->pipe) {
        plan.tls.no_verify = plan.target->scheme->tls_first;
        plan.tls.dane = false;
        plan.tls.pins = NULL;
        plan.tls.demand = TLS_OFF;
    }
    return plan;
}

bool tunnel_prove(Tunnel *t, GError **error)
{
    const Scheme *scheme = t->plan->target->scheme;
    if (!scheme->tls_first && !t->front) {
        return prove_silent(t, error);
    }
    SessionPlan plan = plan_of_proof(t);
    Stage upto = scheme->tls_first ? (t->front ? STAGE_GREETING : STAGE_CONNECT)
                 : t->pipe         ? STAGE_GREETING
                                   : STAGE_TLS;
    g_autoptr(Session) s = session_new(&plan);
    bool good = session_climb(s, upto, error);
    if (good) {
        session_quit(s);
    }
    return good;
}
