/* replayd.c: serves a conversation that was recorded: says what the server said then, whenever the
 * client has said something like what the client said then.
 *
 * "Like" is the same command word in any case: names, addresses and sizes may differ. Where tags
 * stand before the commands (IMAP), the client's own take the place of the recorded ones. */
#include <string.h>

#include "server/sandbox_inside.h"

enum { TAG_MAX = 64, WANTED_SHOWN = 100 };

typedef struct {
    Guest *g;
    char *recorded, *said; /* tags; NULL: the command itself comes first */
    char *last;            /* what the client said last */
    bool strayed;          /* it said something else than is wanted */
    bool after_dot;        /* the server asked for a body that ends in a dot */
} Replay;

static Bytes octets_of(const SandboxStep *step)
{
    gsize len;
    const char *data = g_bytes_get_data(step->octets, &len);
    return (Bytes){data, len};
}

static bool says(Replay *r, const SandboxStep *step, GError **error)
{
    Bytes text = octets_of(step);
    Bytes rest = text, first = bytes_word(&rest);
    r->after_dot = bytes_starts(text, "354");
    guest_tell_bytes(r->g, SANDBOX_SENT, bytes_trim(text), false);
    if (r->recorded && bytes_equal(first, bytes_of(r->recorded))) {
        g_string_append(r->g->out, r->said);
        text = bytes_sub(text, first.len, SIZE_MAX);
    }
    return guest_send(r->g, text, error);
}

static bool is_like(Bytes a, Bytes b)
{
    g_autofree char *word = bytes_dup(b);
    return bytes_equal_ci(a, word);
}

/* Is it the same command? Learns the tag. */
static bool fits(Replay *r, Bytes recorded, Bytes said)
{
    Bytes rest = recorded, other = said;
    Bytes word = bytes_word(&rest), other_word = bytes_word(&other);
    if (is_like(word, other_word)) {
        return true;
    }
    Bytes verb = bytes_word(&rest), other_verb = bytes_word(&other);
    if (verb.len == 0 || word.len > TAG_MAX || other_word.len > TAG_MAX ||
        !is_like(verb, other_verb)) {
        return false;
    }
    g_free(r->recorded);
    g_free(r->said);
    r->recorded = bytes_dup(word);
    r->said = bytes_dup(other_word);
    return true;
}

static bool expects(Replay *r, const SandboxStep *step, GError **error)
{
    Guest *g = r->g;
    Bytes line;
    Bytes wanted = bytes_trim(octets_of(step));
    if (!guest_line(g, &line, error)) {
        return false;
    }
    if (step->masked && !g->box->plan->show_secrets) {
        guest_tell_bytes(g, SANDBOX_RECEIVED, wanted, true);
    } else {
        guest_tell_bytes(g, SANDBOX_RECEIVED, line, false);
    }
    g_free(r->last);
    r->last = bytes_dup(line);
    if (step->masked || fits(r, wanted, line)) {
        return true;
    }
    g_autofree char *word = bytes_dup(bytes_sub(wanted, 0, WANTED_SHOWN));
    r->strayed = true;
    return error_fail(error, POSTERN_ERROR_DATA,
                      "the client said something else than in the transcript, where '%s' comes",
                      word);
}

/* How many octets the client said would come: "{12}", "{12+}", "BDAT 12". */
static bool announced(const char *line, uint64_t *ret)
{
    const char *brace = line ? strrchr(line, '{') : NULL;
    Bytes rest = bytes_of(line);
    if (brace) {
        char *end;
        *ret = g_ascii_strtoull(brace + 1, &end, 10);
        return *end == '}' || *end == '+';
    }
    return bytes_equal_ci(bytes_word(&rest), "BDAT") &&
           bytes_number(bytes_word(&rest), G_MAXINT64, ret);
}

static bool take_octets(Guest *g, uint64_t octets, GError **error)
{
    while (octets > 0) {
        Bytes there;
        if (!wire_peek(g->wire, &there, error)) {
            return false;
        }
        size_t n = (size_t)MIN(there.len, octets);
        guest_tell_payload(g, wire_take(g->wire, n));
        octets -= n;
    }
    return true;
}

static bool payload(Replay *r, GError **error)
{
    Guest *g = r->g;
    uint64_t octets;
    Bytes line;
    if (!guest_flush(g, error)) {
        return false;
    }
    if (!r->after_dot) {
        return !announced(r->last, &octets) || take_octets(g, octets, error);
    }
    do {
        if (!guest_line(g, &line, error)) {
            return false;
        }
    } while (!bytes_equal(line, BYTES_LITERAL(".")));
    r->after_dot = false;
    guest_tell(g, SANDBOX_PAYLOAD, "a body, up to its dot");
    return true;
}

/* Where the transcript goes on; the caller frees it. */
static char *place_of(const SandboxStep *step)
{
    if (step->kind == SANDBOX_STEP_TLS || step->kind == SANDBOX_STEP_PAYLOAD) {
        return g_strdup(step->kind == SANDBOX_STEP_TLS ? "the TLS handshake" : "a body");
    }
    g_autofree char *text = bytes_dup(bytes_sub(bytes_trim(octets_of(step)), 0, WANTED_SHOWN));
    return g_strdup_printf("'%s'", text);
}

/* For the verdict: did the client do what was recorded? Who only looked in and said nothing is not
 * judged. What it said instead may be a secret, and is not told. */
static void judge(Replay *r, bool done, const SandboxStep *next, const GError *why)
{
    bool left = g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_EOF) && r->last;
    g_autofree char *place = place_of(next);
    if (done) {
        guest_conduct(r->g, false, "transcript", "said what is in the transcript, to its end");
    } else if (r->strayed) {
        guest_conduct(r->g, true, "transcript",
                      "said something else than %s, which is in the transcript", place);
    } else if (left) {
        guest_conduct(r->g, true, "transcript", "left the transcript before %s", place);
    }
}

static bool play(Replay *r, GError **error)
{
    const GPtrArray *script = r->g->box->plan->script;
    const SandboxStep *step = NULL;
    SandboxStepKind before = SANDBOX_STEP_SAYS;
    GError *why = NULL;
    bool ok = true;
    for (guint i = 0; ok && i < script->len; i++) {
        step = script->pdata[i];
        switch (step->kind) {
        case SANDBOX_STEP_SAYS:
            ok = says(r, step, &why);
            break;
        case SANDBOX_STEP_EXPECTS:
            ok = expects(r, step, &why);
            break;
        case SANDBOX_STEP_PAYLOAD:
            /* One body may have been recorded in several pieces. */
            ok = before == SANDBOX_STEP_PAYLOAD || payload(r, &why);
            break;
        case SANDBOX_STEP_TLS:
            ok = guest_start_tls(r->g, &why);
            break;
        }
        before = step->kind;
    }
    if (step) {
        judge(r, ok, step, why);
    }
    if (!ok) {
        g_propagate_error(error, why);
    }
    return ok;
}

bool replayd_serve(Guest *g, GError **error)
{
    Replay r = {.g = g};
    bool ok = play(&r, error);
    g_free(r.recorded);
    g_free(r.said);
    g_free(r.last);
    return ok;
}
