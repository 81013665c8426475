/* ask.c: one hello over one connection, and what to make of the answer. What does not clearly say
 * no is no no: a server out of memory, out of DH parameters or out of patience answers with
 * internal_error, or not at all. */
#include "audit/ask.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "audit/closing.h"
#include "audit/learn.h"
#include "base/escape.h"

enum {
    BARRED_MAX = 2,
    ANSWER_SECONDS = 10,
    TRIAL_SECONDS = 3,
    CHUNK = 16 * 1024,
    SHOWN_MAX = 60,
    AGAIN_MAX = 2
};

void asked_clear(Asked *asked)
{
    prober_drop(asked->prober, asked->session);
    hello_reader_free(asked->reader);
    g_free(asked->why);
    *asked = (Asked){0};
}

bool asked_in_crowd(const Asked *asked)
{
    return asked->crowd > MAX(1U, asked->prober->borne);
}

/* --- the answer in words --- */

static char *alert_words(const HelloAnswer *a)
{
    const char *name = hello_alert_name(a->alert_description);
    return name ? g_strdup_printf("alert %s", name)
                : g_strdup_printf("alert %u", a->alert_description);
}

static bool is_no(const HelloAnswer *a)
{
    enum { HANDSHAKE_FAILURE = 40, PROTOCOL_VERSION = 70, INSUFFICIENT_SECURITY = 71 };
    static const uint8_t no[] = {HANDSHAKE_FAILURE, PROTOCOL_VERSION, INSUFFICIENT_SECURITY};
    return a->alerted && memchr(no, a->alert_description, sizeof no) != NULL;
}

/* The server chose something and failed behind it. */
static char *failed_words(const HelloAnswer *a, const char *how)
{
    const Suite *suite = a->chosen ? hello_suite(a->suite) : NULL;
    return suite ? g_strdup_printf("it chose %s and then failed: %s", suite->name, how)
                 : g_strdup(how);
}

static void judge(Asked *asked, const char *ended)
{
    const HelloAnswer *a = asked->answer;
    g_autofree char *alert = a->alerted ? alert_words(a) : NULL;
    if (a->kind == HELLO_SERVER || a->kind == HELLO_RETRY ||
        (a->kind == HELLO_SSLV2 && a->chosen)) {
        asked->outcome = ASKED_CHOSE;
    } else if (a->kind == HELLO_SSLV2) {
        asked->outcome = ASKED_REFUSED;
        asked->why = g_strdup_printf("SSLv2 error %u", a->v2_error);
    } else if (a->kind == HELLO_NOT_TLS) {
        g_autofree char *shown = escape_line_max(a->text, SHOWN_MAX);
        asked->outcome = ASKED_BROKE;
        asked->why = g_strdup_printf("what came is not TLS: \"%s\"", shown);
    } else {
        asked->outcome = is_no(a) && !a->chosen ? ASKED_REFUSED : ASKED_BROKE;
        asked->why = failed_words(a, alert ? alert : ended);
    }
}

/* --- hearing it --- */

static const char words_closed[] = "the server closed the connection without an alert";
static const char words_reset[] = "the connection was reset";
static const char words_silent[] = "the server did not answer in time";

static const char *end_words(const GError *error)
{
    if (!error) {
        return words_closed;
    }
    return error->code == POSTERN_ERROR_TIMEOUT ? words_silent : words_reset;
}

/* Feeds the reader until it knows. Gives how it ended otherwise; static. Suspends. */
static const char *hear(Asked *asked, Deadline deadline)
{
    Stream *stream = wire_stream(asked->session->wire);
    uint8_t *buffer = g_malloc(CHUNK);
    const char *ended = NULL;
    for (HelloKind kind = HELLO_MORE; kind == HELLO_MORE && !ended;) {
        g_autoptr(GError) error = NULL;
        size_t got = 0;
        if (!stream_read(stream, buffer, CHUNK, &got, deadline, &error) || !got) {
            ended = end_words(error);
        }
        kind = got ? hello_reader_feed(asked->reader, (Bytes){(const char *)buffer, got}) : kind;
    }
    g_free(buffer);
    return ended;
}

/* Had the server's machine our hello when the connection ended? One that closes at once, for it
 * wants no more connections, has not (or resets, for it has not read it). Through a hop nobody can
 * tell: no. */
static bool was_taken(const Session *s, const char *ended)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    bool direct = !s->dialled.via && ended && ended != words_reset;
    return direct && !getsockopt(wire_stream(s->wire)->fd, IPPROTO_TCP, TCP_INFO, &info, &len) &&
           info.tcpi_state == TCP_CLOSE_WAIT && info.tcpi_unacked == 0;
}

bool ask_is_open(const Asked *asked)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    const Session *s = asked->session;
    return s && !s->dialled.via &&
           !getsockopt(wire_stream(s->wire)->fd, IPPROTO_TCP, TCP_INFO, &info, &len) &&
           info.tcpi_state == TCP_ESTABLISHED;
}

/* Nothing more is wanted of this server: say so, as TLS has it, in the clear. */
static void take_leave(Session *s)
{
    static const char close_notify[] = "\x15\x03\x01\x00\x02\x01\x00";
    stream_write(wire_stream(s->wire), (Bytes){close_notify, 7}, deadline_in(1), NULL);
}

static void say(Asked *asked, const GByteArray *hello, double seconds)
{
    Deadline deadline = deadline_in(MIN(seconds, wire_timeout(asked->session->wire)));
    Stream *stream = wire_stream(asked->session->wire);
    /* A write that fails may have been answered before. */
    stream_write(stream, bytes_of_array(hello), deadline, NULL);
    const char *ended = hear(asked, deadline);
    asked->taken = was_taken(asked->session, ended);
    judge(asked, ended);
    asked->prober->facts->hellos++;
    asked->prober->facts->hellos_not_tls += asked->answer->kind == HELLO_NOT_TLS;
}

/* --- getting there --- */

static bool is_temporary(const Session *s)
{
    return s->tls_offer == TLS_OFFER_REFUSED && s->tls_answer && s->tls_answer[0] == '4';
}

static const char *no_tls_words(const Session *s)
{
    static const char *const words[] = {
        [TLS_OFFER_UNKNOWN] = "there is no way to ask this service for TLS",
        [TLS_OFFER_YES] = "TLS was agreed on",
        [TLS_OFFER_MISSING] = "TLS is not offered",
        [TLS_OFFER_MANGLED] = "the offer of TLS is mangled",
        [TLS_OFFER_REFUSED] = "the server refused to start TLS",
        [TLS_OFFER_INJECTED] = "plaintext came where TLS was due",
        [TLS_OFFER_PREAUTH] = "the server says we are logged in already, and has no TLS for us",
    };
    return words[s->tls_offer];
}

/* A server with which nobody ever got as far as TLS is not asked for it again and again. */
static void note_barred(Prober *p, const char *why)
{
    if (p->answered && p->reached < STAGE_STARTTLS && ++p->barred >= BARRED_MAX && !p->no_tls) {
        p->no_tls = g_strdup(why);
    }
}

/* A connection on which the server waits for our hello. NULL: *why tells. Suspends. */
static Session *reach_hello(Prober *p, char **why)
{
    if (p->no_tls) {
        *why = g_strdup(p->no_tls);
        return NULL;
    }
    for (double pause = 1;; pause *= 2) {
        g_autoptr(GError) error = NULL;
        Session *s = prober_climb(p, NULL, STAGE_STARTTLS, &error);
        if (!s) {
            *why = g_strdup(error->message);
            note_barred(p, *why);
            return NULL;
        }
        if (p->facts->tls_first || s->tls_offer == TLS_OFFER_YES) {
            p->agreed = true;
            return s;
        }
        *why = s->tls_answer ? g_strdup_printf("%s: \"%s\"", no_tls_words(s), s->tls_answer)
                             : g_strdup(no_tls_words(s));
        bool again = p->agreed && is_temporary(s) && pause < p->patience && prober_can(p, 1);
        prober_hang_up(p, s);
        if (!again || !io_sleep(deadline_in(pause), NULL)) {
            p->no_tls = g_strdup(*why);
            return NULL;
        }
        prober_progress(p, "waiting: %s", *why);
        g_clear_pointer(why, g_free);
    }
}

static void begin(Prober *p, Asked *asked)
{
    asked_clear(asked);
    asked->reader = hello_reader_new();
    asked->answer = hello_reader_answer(asked->reader);
    asked->prober = p;
}

static void say_in_company(Prober *p, const GByteArray *hello, double seconds, Asked *asked)
{
    asked->crowd = p->gate.inside;
    g_ptr_array_add(p->asking, asked);
    say(asked, hello, seconds);
    g_ptr_array_remove_fast(p->asking, asked);
}

void ask_once(Prober *p, const GByteArray *hello, Asked *asked)
{
    begin(p, asked);
    asked->session = reach_hello(p, &asked->why);
    if (asked->session) {
        say_in_company(p, hello, ANSWER_SECONDS, asked);
        prober_note_hello(p, !asked_nothing(asked) || strcmp(asked->why, words_silent) != 0);
    }
}

/* A server that serves one after the other lets all but one wait for ever. */
void ask_once_reserved(Prober *p, const GByteArray *hello, Asked *asked)
{
    begin(p, asked);
    g_autoptr(GError) error = NULL;
    Session *s = prober_climb_reserved(p, STAGE_STARTTLS, &error);
    if (s && !p->facts->tls_first && s->tls_offer != TLS_OFFER_YES) {
        prober_hang_up(p, g_steal_pointer(&s));
    }
    asked->session = s;
    if (s) {
        say_in_company(p, hello, TRIAL_SECONDS, asked);
    } else {
        asked->why = g_strdup(error ? error->message : "there was no TLS to be had");
    }
}

void ask_leave(Asked *asked)
{
    if (asked->session) {
        take_leave(asked->session);
        prober_drop(asked->prober, g_steal_pointer(&asked->session));
    }
}

/* Closed at once, with TLS from the start: was it the hello, or does the server want no more
 * connections? */
bool ask_is_tired(Prober *p)
{
    g_auto(Asked) control = {0};
    ask_once(p, p->good_hello, &control);
    bool answered = control.outcome == ASKED_CHOSE;
    ask_leave(&control);
    return !answered;
}

bool asked_nothing(const Asked *asked)
{
    return asked->outcome == ASKED_BROKE && asked->answer->kind == HELLO_MORE &&
           !asked->answer->chosen && !asked->answer->alerted && asked->answer->text.len == 0;
}

bool asked_closed(const Asked *asked)
{
    return asked_nothing(asked) && asked->taken && !strcmp(asked->why, words_closed);
}

/* Waits until a good hello is answered again; false: never, or no more connections. Suspends. */
static bool recover(Prober *p)
{
    double waited = 0;
    for (double pause = 1; waited < p->patience && prober_can(p, 2); pause *= 2) {
        prober_progress(p, "the server closes connections at once: waiting %g s", pause);
        if (!io_sleep(deadline_in(pause), NULL)) {
            return false;
        }
        waited += pause;
        if (!ask_is_tired(p)) {
            return true;
        }
    }
    return false;
}

static void give_up(Prober *p, Asked *asked)
{
    asked->outcome = ASKED_NOT;
    if (prober_can(p, 1)) {
        p->stopped = g_strdup_printf("the server takes no more connections: %s", asked->why);
    }
}

static void ask(Prober *p, const GByteArray *hello, Asked *asked)
{
    ask_once(p, hello, asked);
    if (asked_nothing(asked) && asked_in_crowd(asked)) {
        closing_ask_again(p, hello, asked);
    }
    for (unsigned again = 0; again < AGAIN_MAX && p->facts->tls_first && p->good_hello &&
                             asked_nothing(asked) && !asked->taken;
         again++) {
        ask_leave(asked);
        if (!prober_can(p, 1) || !ask_is_tired(p)) {
            return; /* it was the hello; or nobody can tell any more */
        }
        if (!recover(p)) {
            give_up(p, asked);
            return;
        }
        ask_once(p, hello, asked);
    }
}

static void keep_good(Prober *p, const GByteArray *hello)
{
    if (!p->good_hello) {
        p->good_hello = g_byte_array_new();
        g_byte_array_append(p->good_hello, hello->data, hello->len);
    }
}

void prober_ask_and_stay(Prober *p, const HelloOffer *offer, Asked *asked)
{
    g_autoptr(GByteArray) hello = hello_write(offer);
    ask(p, hello, asked);
    closing_judge(p, asked);
    if (asked->outcome == ASKED_CHOSE) {
        keep_good(p, hello);
    } else {
        ask_leave(asked);
    }
    learn_answer(p->facts, offer, asked->answer);
}

void prober_ask(Prober *p, const HelloOffer *offer, Asked *asked)
{
    prober_ask_and_stay(p, offer, asked);
    ask_leave(asked);
}

/* Until a whole record has come. Suspends. */
static bool hear_raw(const Asked *asked, GByteArray *heard, Deadline deadline, const char **why)
{
    enum { HEARD_MAX = 64 * 1024 };
    Stream *stream = wire_stream(asked->session->wire);
    uint8_t buffer[1024];
    while (heard->len < HEARD_MAX) {
        g_autoptr(GError) error = NULL;
        size_t got = 0;
        if (!stream_read(stream, buffer, sizeof buffer, &got, deadline, &error) || !got) {
            *why = error && error->code == POSTERN_ERROR_TIMEOUT ? "the server stayed silent"
                                                                 : end_words(error);
            return false;
        }
        g_byte_array_append(heard, buffer, (guint)got);
        Bytes rest = bytes_of_array(heard), body;
        uint8_t type;
        if (hello_record(&rest, &type, &body)) {
            return true;
        }
    }
    *why = "the server sent too much";
    return false;
}

bool prober_send_raw(Asked *asked, Bytes octets, GByteArray *heard, double seconds,
                     const char **why)
{
    Stream *stream = wire_stream(asked->session->wire);
    Deadline deadline = deadline_in(seconds);
    stream_write(stream, octets, deadline, NULL);
    asked->crowd = MAX(asked->crowd, asked->prober->gate.inside);
    g_ptr_array_add(asked->prober->asking, asked);
    bool heard_one = hear_raw(asked, heard, deadline, why);
    g_ptr_array_remove_fast(asked->prober->asking, asked);
    return heard_one;
}
