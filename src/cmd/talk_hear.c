/* talk_hear.c: what the server says, taken in, and whose turn it is then. What it means is followed
 * by the observer (talk_show.c). */
#include <string.h>

#include "cmd/talk.h"
#include "io/io.h"

#define LITERAL_MAX (256u * 1024 * 1024) /* a literal is held in memory while it is shown */
#define REPLY_MAX (256u * 1024 * 1024)   /* the same for all the lines of an answer */
#define CODES_MAX (1024u * 1024)         /* ... for lines of "250-words": nothing is kept in them */
#define HEAR_AT_ONCE 1000 /* then the keyboard is looked at again: a flood must not lock it out */
#define AUTH_WAIT_DEFAULT 2.0
#define GOODBYE_SECONDS 3.0
#define REMARK_SECONDS 1.0 /* so long a person wonders silently why nothing happens */

/* The peer's end of the connection is an end, not a failure, here: who waits for more says so. */
static bool or_closed(Talk *t, bool good, GError *problem, GError **error)
{
    if (good) {
        return true;
    }
    if (g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_EOF)) {
        if (!t->quitting && dialogue_expects(t->dialogue) == EXPECT_REPLY) {
            talk_note(t, false, "%s", problem->message); /* what was waited for */
        }
        g_error_free(problem);
        t->closed = true;
        return true;
    }
    g_propagate_error(error, problem);
    return false;
}

/* Lines may be as short as they like: an answer that does not end is one too long. */
static bool has_end(const Talk *t, GError **error)
{
    bool codes = t->heard_codes > CODES_MAX;
    return (!codes && t->heard_octets <= REPLY_MAX) ||
           error_fail(error, POSTERN_ERROR_LIMIT,
                      "the answer to %s does not end: it has more than %u MB",
                      *t->last_verb ? t->last_verb : "the connection",
                      (codes ? CODES_MAX : REPLY_MAX) / (1024 * 1024));
}

/* An upgrade that was asked for by hand and agreed to is begun at once: neither /starttls nor
 * SIGALRM is needed. */
static bool shake_hands_if_agreed(Talk *t, GError **error)
{
    if (dialogue_expects(t->dialogue) != EXPECT_HANDSHAKE) {
        return true;
    }
    t->ladder = true;
    bool good = session_upgrade(t->session, true, error);
    t->ladder = false;
    if (good) {
        talk_show_capabilities(t, false);
    }
    return good;
}

bool talk_hear(Talk *t, GError **error)
{
    GError *problem = NULL;
    Bytes unit;
    Wire *w = t->session->wire;
    bool good;
    if (!t->session->proto->line_based) {
        good = wire_some(w, &unit, &problem);
        t->closed = t->closed || (good && unit.len == 0);
    } else {
        uint64_t octets = dialogue_wants_octets(t->dialogue);
        good = octets > 0 ? wire_exact(w, octets, LITERAL_MAX, &unit, &problem)
                          : wire_line(w, &unit, &problem);
    }
    return or_closed(t, good, problem, error) && has_end(t, error) &&
           (t->closed || shake_hands_if_agreed(t, error));
}

/* One line or piece if it is there. *got tells. A literal that has begun is waited for: its rest is
 * on its way. */
static bool hear_one_now(Talk *t, bool *got, GError **error)
{
    Wire *w = t->session->wire;
    Bytes unit = BYTES_NONE;
    bool eof = false;
    GError *problem = NULL;
    bool good;
    if (!t->session->proto->line_based) {
        good = wire_some_now(w, &unit, &eof, &problem);
        *got = good && unit.len > 0;
    } else if (dialogue_wants_octets(t->dialogue) > 0) {
        *got = true;
        return talk_hear(t, error);
    } else {
        good = wire_line_now(w, &unit, got, &eof, &problem);
    }
    t->closed = t->closed || eof;
    return or_closed(t, good, problem, error) && has_end(t, error) &&
           (t->closed || shake_hands_if_agreed(t, error));
}

bool talk_hear_now(Talk *t, bool *more, GError **error)
{
    bool got = true;
    for (int units = 0; got && units < HEAR_AT_ONCE && !t->closed; units++) {
        got = false;
        if (!hear_one_now(t, &got, error)) {
            return false;
        }
    }
    *more = got && !t->closed;
    return true;
}

bool talk_hear_reply(Talk *t, GError **error)
{
    while (!t->closed && (dialogue_expects(t->dialogue) == EXPECT_REPLY ||
                          dialogue_wants_octets(t->dialogue) > 0)) {
        if (!talk_hear(t, error)) {
            return false;
        }
    }
    return true;
}

/* Waits for more to come; *late when the time is up. Suspends. */
static bool wait_for_more(Talk *t, Deadline until, bool *late, GError **error)
{
    GError *problem = NULL;
    bool came = io_wait_read(wire_stream(t->session->wire)->fd, until, &problem);
    *late = !came && g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    if (came || *late) {
        g_clear_error(&problem);
        return true;
    }
    g_propagate_error(error, problem);
    return false;
}

bool talk_hear_until(Talk *t, Deadline until, GError **error)
{
    bool late = false;
    while (!t->closed && !late) {
        bool more = false;
        if (!talk_hear_now(t, &more, error) ||
            (!more && !t->closed && !wait_for_more(t, until, &late, error))) {
            return false;
        }
    }
    return true;
}

static Turn turn_of(const Talk *t)
{
    bool follows = t->session != NULL && t->session->wire != NULL && !t->closed &&
                   t->proto->line_based && !t->impatient;
    return follows ? dialogue_turn(t->dialogue) : TURN_FREE;
}

/* Until the turn is clear, or so long. Suspends. */
static bool await_turn_until(Talk *t, Deadline until, bool *late, GError **error)
{
    *late = false;
    while (turn_of(t) != TURN_FREE && !*late) {
        bool more = false;
        if (!talk_hear_now(t, &more, error) ||
            (!more && turn_of(t) != TURN_FREE && !wait_for_more(t, until, late, error))) {
            return false;
        }
    }
    return true;
}

/* Some servers never ask for the response to AUTH PLAIN: in TLS they get it all the same. */
static bool await_challenge(Talk *t, GError **error)
{
    double patience = t->options->connect.auth_wait;
    bool late = false;
    patience = patience > 0 ? patience : AUTH_WAIT_DEFAULT;
    if (!await_turn_until(t, deadline_in(patience), &late, error)) {
        return false;
    }
    if (late && wire_encrypted(t->session->wire)) {
        talk_note(t, false, "no challenge within %g s: sending the response unasked", patience);
        return true;
    }
    return !late || await_turn_until(t, deadline_in(wire_timeout(t->session->wire)), &late, error);
}

bool talk_must_wait(const Talk *t)
{
    return turn_of(t) != TURN_FREE;
}

bool talk_await_turn(Talk *t, GError **error)
{
    bool late = false;
    if (turn_of(t) == TURN_AWAIT_CHALLENGE) {
        return await_challenge(t, error);
    }
    if (!await_turn_until(t, deadline_in(REMARK_SECONDS), &late, error)) {
        return false;
    }
    if (late) {
        talk_note(t, false, "waiting for the reply to %s first%s", t->last_verb,
                  t->interactive ? " (Ctrl-C stops waiting)" : "");
    }
    return !late || await_turn_until(t, deadline_in(wire_timeout(t->session->wire)), &late, error);
}

bool talk_hear_before_line(Talk *t, GError **error)
{
    bool in_tls =
        t->session != NULL && t->session->wire != NULL && wire_encrypted(t->session->wire);
    if (in_tls && turn_of(t) == TURN_AWAIT_CHALLENGE) {
        return await_challenge(t, error) &&
               (turn_of(t) == TURN_AWAIT_CHALLENGE || talk_hear_reply(t, error));
    }
    return talk_hear_reply(t, error);
}

void talk_check_open(Talk *t)
{
    bool open =
        t->session != NULL && t->session->wire != NULL && wire_stream(t->session->wire) != NULL;
    t->closed = t->closed || !open;
}

/* Gets out of what the server would take a goodbye for a part of; false when there is no way out.
 * Suspends. */
static bool leave_off(Talk *t)
{
    Wire *w = t->session->wire;
    switch (dialogue_expects(t->dialogue)) {
    case EXPECT_PAYLOAD:
        talk_note(t, true, "dropped in the middle of %s: the server has not taken it",
                  t->last_verb);
        return false;
    case EXPECT_RESPONSE:
        return wire_sendf(w, NULL, "*") && talk_hear_reply(t, NULL) && !t->closed;
    case EXPECT_IDLE:
        return wire_sendf(w, NULL, "DONE") && talk_hear_reply(t, NULL) && !t->closed;
    default:
        return true;
    }
}

static bool is_due(const Talk *t)
{
    return !t->closed && dialogue_pending(t->dialogue) > 0 &&
           dialogue_expects(t->dialogue) == EXPECT_REPLY;
}

/* Replies on their way belong to what was said before: they are heard out, within reason.
 * Suspends. */
static bool hear_what_is_due(Talk *t)
{
    Deadline until = deadline_in(GOODBYE_SECONDS);
    bool late = false, more = false;
    while (is_due(t) && !late) {
        if (!talk_hear_now(t, &more, NULL) ||
            (is_due(t) && !more && !wait_for_more(t, until, &late, NULL))) {
            return false;
        }
    }
    return !t->closed;
}

void talk_goodbye(Talk *t)
{
    t->quitting = true;
    if (t->session == NULL || t->session->wire == NULL || t->closed) {
        return;
    }
    bool can_speak = !t->proto->line_based || hear_what_is_due(t);
    t->ladder = true;
    if (can_speak && leave_off(t)) {
        session_quit(t->session);
    } else {
        talk_close(t);
    }
    t->ladder = false;
}
