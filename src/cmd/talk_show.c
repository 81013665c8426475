/* talk_show.c: whatever is said on the wire comes through here, once: it is followed, written down,
 * shown and explained. */
#include <string.h>

#include "base/escape.h"
#include "cmd/talk.h"
#include "report/tls_summary.h"

#define WORTH_A_LINE_US (20 * 1000)
#define LAST_REPLY_MAX                                                                             \
    (64 * 1024) /* what /expect can look at; a peer decides how long replies are */

static bool is_auth_verb(const char *verb)
{
    static const char *const verbs[] = {"APOP",         "PASS",  "USER", "AUTH",
                                        "AUTHENTICATE", "LOGIN", NULL};
    return g_strv_contains(verbs, verb);
}

static bool is_capability_verb(const char *verb)
{
    static const char *const verbs[] = {"CAPA",         "EHLO", "LHLO", "CAPABILITY",
                                        "CAPABILITIES", "FEAT", NULL};
    return g_strv_contains(verbs, verb);
}

static bool is_message_verb(const char *verb)
{
    static const char *const verbs[] = {"RETR", "TOP", "ARTICLE", "HEAD", NULL};
    return g_strv_contains(verbs, verb);
}

/* A refusal decides the exit status, unless the ladder was only probing or something expected it.
 */
static void note_refusal(Talk *t, const ReceivedUnit *unit, Bytes line)
{
    int plain = is_auth_verb(unit->verb) ? 77 : 69;
    if (plain == 77 && t->connection != NULL) {
        connection_forget_password(t->connection); /* the next try asks for another */
    }
    t->refused_status = unit->outcome == OUTCOME_TEMPORARY ? 75 : plain;
    const char *what = *unit->verb         ? unit->verb
                       : unit->unsolicited ? "the session"
                                           : "the greeting";
    g_autofree char *words = escape_line_max(line, 200);
    g_free(t->refused_words);
    t->refused_words = g_strdup_printf("%s: %s", what, words);
}

static const Caps *known_caps(const Talk *t)
{
    return t->session ? t->session->caps : t->known;
}

static void note_outcome(Talk *t, const ReceivedUnit *unit, const WireEvent *event)
{
    bool refused = unit->outcome == OUTCOME_REFUSED || unit->outcome == OUTCOME_TEMPORARY;
    if (!refused) {
        if (unit->outcome == OUTCOME_OK && is_auth_verb(unit->verb) &&
            strcmp(unit->verb, "USER") != 0) {
            t->refused_status = 0;
        }
        return;
    }
    reply_store_begin(t->reply); /* /save after a refused RETR must not write an older reply */
    if (!t->ladder && !t->cancelled) {
        note_refusal(t, unit, event->text);
    }
    talk_annotate_take(
        t, explain_refusal(t->proto, unit->verb, event->text, event->encrypted, known_caps(t)));
}

static void remember_for_expect(Talk *t, Bytes line, bool final)
{
    if (t->reply_ended) {
        g_string_truncate(t->last_reply, 0);
    }
    t->reply_ended = final;
    if (t->last_reply->len + line.len < LAST_REPLY_MAX) {
        g_string_append_len(t->last_reply, line.data, (gssize)line.len);
        g_string_append_c(t->last_reply, '\n');
    }
    if (final && t->expectations->len > 0 &&
        g_regex_match_full(g_ptr_array_index(t->expectations, 0), t->last_reply->str,
                           (gssize)t->last_reply->len, 0, 0, NULL, NULL)) {
        g_ptr_array_remove_index(t->expectations, 0);
        t->refused_status = 0;
    }
}

/* "12.3 ms", or "198 octets in 12.3 ms" when a body has ended. *sized tells which; NULL when nobody
 * knows, as in the replay of a transcript without times. The caller frees it. */
static char *time_and_size(const Talk *t, const ReceivedUnit *unit, gint64 at_us, bool *sized)
{
    double took = (double)(at_us - t->sent_at) / 1000.0;
    uint64_t size = reply_store_size(t->reply);
    *sized = size > 0 && unit->ends_body && !is_capability_verb(unit->verb);
    g_autofree char *octets = *sized ? explain_size(size) : NULL;
    if (t->sent_at == 0 || took <= 0) {
        return g_steal_pointer(&octets);
    }
    return *sized ? g_strdup_printf("%s in %.1f ms", octets, took)
                  : g_strdup_printf("%.1f ms", took);
}

/* The capabilities of an answer to a command typed by hand, gathered line by line and explained at
 * its end. */
static void gather_capability(Talk *t, const ReceivedUnit *unit, Bytes line)
{
    if (t->gathered == NULL) {
        t->gathered = caps_new();
        if (unit->code != 0) {
            return; /* EHLO's first line is the server's name */
        }
    }
    if (bytes_starts_ci(line, "* CAPABILITY ")) {
        Bytes rest = bytes_sub(line, strlen("* CAPABILITY "), line.len);
        for (Bytes word = bytes_word(&rest); word.len > 0; word = bytes_word(&rest)) {
            caps_add_line(t->gathered, word);
        }
    } else if (unit->is_body && !unit->ends_body) {
        caps_add_line(t->gathered, bytes_trim(line));
    } else if (unit->code == 250 && line.len > 4) {
        caps_add_line(t->gathered, bytes_sub(line, 4, line.len));
    }
}

/* What a status line means; NULL when there is nothing to say. The caller frees it. */
static char *meaning_of(const Talk *t, const ReceivedUnit *unit, Bytes line)
{
    if (unit->is_challenge && t->mechanism != NULL) {
        return explain_sasl(t->mechanism->name, unit->challenge, true);
    }
    bool capabilities = is_capability_verb(unit->verb) && unit->outcome != OUTCOME_REFUSED;
    return capabilities ? NULL : explain_reply(t->proto, unit, line, t->explain);
}

/* The last line of a reply tells how long it took; in a line of its own only where that was long,
 * or everything is wanted. */
static void explain_status(Talk *t, const ReceivedUnit *unit, const WireEvent *event)
{
    if (unit->verb[0] == '\0' && !unit->unsolicited) {
        talk_annotate_take(t, explain_greeting(t->proto, event->text));
    }
    bool sized = false;
    bool slow = !t->ladder && event->at_us - t->sent_at >= WORTH_A_LINE_US;
    g_autofree char *meaning = unit->is_body ? NULL : meaning_of(t, unit, event->text);
    g_autofree char *took = unit->final ? time_and_size(t, unit, event->at_us, &sized) : NULL;
    if (meaning != NULL && took != NULL) {
        talk_annotate_take(t, g_strdup_printf("%s; %s", meaning, took));
    } else if (meaning != NULL || sized) {
        talk_annotate(t, meaning ? meaning : took);
    } else if (took != NULL && (slow || t->explain == EXPLAIN_FULL)) {
        talk_annotate_take(t, g_strdup_printf("after %s", took));
    }
}

static void explain_body_line(Talk *t, const ReceivedUnit *unit, Bytes line)
{
    if (!is_message_verb(unit->verb)) {
        return;
    }
    if (line.len == 0) {
        t->in_header = false;
    } else if (t->in_header) {
        talk_annotate_take(t, explain_header_field(line));
    }
}

/* False when there is none. */
static bool explain_difference(Talk *t, const char *title, const Caps *before, const Caps *after)
{
    g_autofree char *changed = explain_caps_difference(before, after);
    if (changed != NULL) {
        talk_annotate(t, title);
        talk_annotate(t, changed);
    }
    return changed != NULL;
}

/* What was explained when the ladder asked is not explained again: only what is new. From now on
 * this is what is known; in a replay nothing else tells. */
static void take_capabilities(Talk *t)
{
    Caps **known = t->session ? &t->session->caps : &t->known;
    if (caps_count(t->gathered) == 0 || t->ladder) {
        return;
    }
    if (*known == NULL || t->explain == EXPLAIN_FULL) {
        talk_annotate_take(t, explain_capabilities(t->proto, t->gathered, t->explain));
        if (t->known_before_tls != NULL) {
            explain_difference(t, "What TLS changed:", t->known_before_tls, t->gathered);
        }
    } else if (!explain_difference(t, "What is new:", *known, t->gathered)) {
        talk_annotate(t, "The same as before: /caps explains them");
    }
    caps_free(*known);
    *known = g_steal_pointer(&t->gathered);
}

static void end_of_reply(Talk *t, gint64 at_us)
{
    take_capabilities(t);
    g_clear_pointer(&t->gathered, caps_free);
    t->sent_at = dialogue_pending(t->dialogue) > 0 ? at_us : 0;
}

/* The first unit of a reply: what it will bring takes the place of the last reply's body, once
 * there is any. */
static void begin_reply(Talk *t)
{
    t->body_awaited = t->in_header = true;
    t->literals = 0;
}

static void keep_line(Talk *t, const ReceivedUnit *unit, Bytes raw)
{
    if (unit->is_body && t->body_awaited) {
        reply_store_begin(t->reply);
        t->body_awaited = false;
    }
    if (unit->is_body && !unit->ends_body) {
        reply_store_line(t->reply, raw, t->proto != &proto_ftp); /* FTP stuffs no dots */
    }
}

static void count_reply(Talk *t, const ReceivedUnit *unit, Bytes raw)
{
    bool over = unit->final || dialogue_expects(t->dialogue) != EXPECT_REPLY;
    t->heard_octets = over ? 0 : t->heard_octets + raw.len;
    t->heard_codes = over ? 0 : t->heard_codes + (unit->code ? raw.len : 0);
}

static void received_line(Talk *t, const WireEvent *event)
{
    ReceivedUnit unit;
    dialogue_receive(t->dialogue, event->text, &unit);
    count_reply(t, &unit, event->raw);
    if (t->reply_ended && !unit.unsolicited) {
        begin_reply(t);
    }
    keep_line(t, &unit, event->raw);
    if (t->quiet) {
        talk_put_raw(t, event->raw);
    } else {
        talk_put_event(t, INK_PLAIN, event);
    }
    if (is_capability_verb(unit.verb) && !t->ladder) {
        gather_capability(t, &unit, event->text);
    }
    if (unit.is_body) {
        explain_body_line(t, &unit, event->text);
    }
    if (!unit.is_body || unit.final) {
        explain_status(t, &unit, event);
    }
    if (!unit.is_body) {
        note_outcome(t, &unit, event);
    }
    if (unit.final) {
        t->tls_asked = t->impatient = t->cancelled = false;
        end_of_reply(t, event->at_us);
    }
    remember_for_expect(t, event->text, unit.final || unit.unsolicited);
}

/* A literal of an IMAP reply: shown line by line, kept as it is. */
static void received_literal(Talk *t, const WireEvent *event)
{
    ReceivedUnit unit;
    dialogue_receive(t->dialogue, event->text, &unit);
    reply_store_begin(t->reply);
    reply_store_octets(t->reply, event->raw);
    t->body_awaited = false;
    t->literals++;
    if (t->quiet) {
        talk_put_raw(t, event->raw);
        return;
    }
    Bytes rest = event->text;
    bool header = true;
    while (rest.len > 0) {
        gssize at = bytes_index(rest, '\n');
        Bytes line = at < 0 ? rest : bytes_sub(rest, 0, (size_t)at);
        if (line.len > 0 && line.data[line.len - 1] == '\r') {
            line.len--;
        }
        WireEvent part = *event;
        part.kind = WIRE_RECEIVED;
        part.text = part.raw = line;
        talk_put_event(t, INK_PLAIN, &part);
        header = header && line.len > 0;
        if (header) {
            talk_annotate_take(t, explain_header_field(line));
        }
        rest = at < 0 ? BYTES_NONE : bytes_sub(rest, (size_t)at + 1, rest.len);
    }
}

static void on_received(Talk *t, const WireEvent *event)
{
    if (t->http != NULL) {
        http_message_receive(t->http, event->raw);
    }
    if (t->proto->line_based && event->kind == WIRE_RECEIVED) {
        received_line(t, event);
    } else if (t->proto->line_based && dialogue_wants_octets(t->dialogue) > 0) {
        received_literal(t, event);
    } else if (t->quiet || !t->ladder) {
        talk_put_raw(t, event->raw);
    } else {
        talk_put_event(t, INK_PLAIN, event);
    }
}

static void on_sent(Talk *t, const WireEvent *event)
{
    if (event->kind == WIRE_SENT) {
        SentLine sent;
        dialogue_send(t->dialogue, event->text, &sent);
        t->cancelled = sent.is_response && !sent.has_secret;
        if (sent.is_command) {
            g_strlcpy(t->last_verb, sent.verb, sizeof t->last_verb);
            t->quitting = t->quitting || sent.quits;
            t->tls_asked = sent.asks_tls;
            t->mechanism = sent.mechanism ? sasl_mechanism_find(bytes_of(sent.mechanism)) : NULL;
        }
    } else if (t->ladder) {
        dialogue_send_octets(t->dialogue,
                             dialogue_payload_octets(t->dialogue)); /* it sends literals whole */
    }
    t->sent_at = t->sent_at != 0 ? t->sent_at : event->at_us;
    talk_put_sent(t, event);
}

static void on_note(Talk *t, const WireEvent *event)
{
    if (!t->quiet) {
        talk_put_event(t, event->kind == WIRE_WARNING ? INK_WARNING : INK_NOTE, event);
    } else if (event->kind == WIRE_WARNING) {
        g_autofree char *line = transcript_text_line(event);
        fflush(t->out);
        fprintf(stderr, "%s\n", line); /* standard output is the server's alone */
    }
}

static void on_connected(Talk *t, const WireEvent *event)
{
    on_note(t, event);
    t->sent_at = event->at_us; /* for the greeting */
}

static void on_tls(Talk *t, const WireEvent *event)
{
    caps_free(t->known_before_tls);
    t->known_before_tls = g_steal_pointer(&t->known);
    dialogue_reset_after_tls(t->dialogue);
    on_connected(t, event);
    if (event->peer != NULL && t->explain == EXPLAIN_BRIEF) {
        talk_annotate_take(t, tls_summary_line(event->peer));
    } else if (event->peer != NULL && t->explain == EXPLAIN_FULL) {
        talk_annotate_take(t, tls_summary_connection(event->peer));
        talk_annotate_take(t, tls_summary_chain(event->peer, false));
    }
}

static void (*const handlers[])(Talk *, const WireEvent *) = {
    [WIRE_SENT] = on_sent,           [WIRE_PAYLOAD_SENT] = on_sent,
    [WIRE_RECEIVED] = on_received,   [WIRE_PAYLOAD_RECEIVED] = on_received,
    [WIRE_NOTE] = on_note,           [WIRE_WARNING] = on_note,
    [WIRE_CONNECTED] = on_connected, [WIRE_TLS_STARTED] = on_tls,
    [WIRE_CLOSED] = on_note,
};

void talk_observe(void *talk, const WireEvent *event)
{
    Talk *t = talk;
    if (t->transcript != NULL) {
        transcript_observe(t->transcript, event);
    }
    handlers[event->kind](t, event);
}

void talk_show_capabilities(Talk *t, bool always)
{
    Session *s = t->session;
    if (s == NULL || s->caps == NULL) {
        if (always) {
            talk_print(t, "The server has not told any capabilities.");
        }
        return;
    }
    const Proto *proto = s->proto;
    g_autofree char *all = explain_capabilities(proto, s->caps, always ? EXPLAIN_FULL : t->explain);
    g_autofree char *changed = s->caps_before != NULL && s->caps_before != s->caps
                                   ? explain_caps_difference(s->caps_before, s->caps)
                                   : NULL;
    void (*show)(Talk *, const char *) = always ? talk_print_wrapped : talk_annotate;
    if (all != NULL) {
        show(t, all);
    }
    if (changed != NULL) {
        show(t, s->auth_used ? "What TLS and the login changed:" : "What TLS changed:");
        show(t, changed);
    }
}
