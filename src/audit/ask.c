/* ask.c: one hello over one connection, and what to make of the answer. What does not clearly say
 * no is no no: a server out of memory, out of DH parameters or out of patience answers with
 * internal_error, or not at all. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "audit/learn.h"
#include "audit/offer.h"
#include "audit/prober.h"
#include "base/escape.h"

enum { ANSWER_SECONDS = 10, CHUNK = 16 * 1024, SHOWN_MAX = 60, AGAIN_MAX = 2 };

void asked_clear(Asked *asked)
{
    prober_drop(asked->prober, asked->session);
    hello_reader_free(asked->reader);
    g_free(asked->why);
    *asked = (Asked){0};
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

/* Nothing more is wanted of this server: say so, as TLS has it, in the clear. */
static void take_leave(Session *s)
{
    static const char close_notify[] = "\x15\x03\x01\x00\x02\x01\x00";
    stream_write(wire_stream(s->wire), (Bytes){close_notify, 7}, deadline_in(1), NULL);
}

static void say(Asked *asked, const GByteArray *hello)
{
    Deadline deadline =
        deadline_in(MIN((double)ANSWER_SECONDS, wire_timeout(asked->session->wire)));
    Stream *stream = wire_stream(asked->session->wire);
    /* A write that fails may have been answered before. */
    stream_write(stream, bytes_of_array(hello), deadline, NULL);
    const char *ended = hear(asked, deadline);
    asked->taken = was_taken(asked->session, ended);
    judge(asked, ended);
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

static void start(Prober *p, Asked *asked)
{
    asked_clear(asked);
    asked->reader = hello_reader_new();
    asked->answer = hello_reader_answer(asked->reader);
    asked->prober = p;
    asked->session = reach_hello(p, &asked->why);
    asked->crowded = prober_crowded(p);
}

static void once(Prober *p, const GByteArray *hello, Asked *asked)
{
    start(p, asked);
    if (asked->session) {
        say(asked, hello);
        asked->crowded = asked->crowded || prober_crowded(p);
    }
}

static void leave(Asked *asked)
{
    if (asked->session) {
        take_leave(asked->session);
        prober_drop(asked->prober, g_steal_pointer(&asked->session));
    }
}

/* Closed at once, with TLS from the start: was it the hello, or does the server want no more
 * connections? A hello that was answered before is, if it was the hello. Suspends. */
static bool is_tired(Prober *p)
{
    g_auto(Asked) control = {0};
    once(p, p->good_hello, &control);
    bool answered = control.outcome == ASKED_CHOSE;
    leave(&control);
    return !answered;
}

static bool said_nothing(const Asked *asked)
{
    return asked->outcome == ASKED_BROKE && asked->answer->kind == HELLO_MORE &&
           !asked->answer->chosen && !asked->answer->alerted && asked->answer->text.len == 0;
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
        if (!is_tired(p)) {
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

/* Once more with nobody beside us: what comes then is the answer, whatever the server does with
 * crowds. Where nothing is left to ask with, a closed connection stays in doubt. */
static void ask_alone(Prober *p, const GByteArray *hello, Asked *asked)
{
    if (!prober_can(p, 1)) {
        asked->doubtful = true;
        return;
    }
    if (!asked->taken) {
        prober_narrow(p);
    }
    leave(asked);
    prober_alone(p);
    once(p, hello, asked);
    prober_alone_no_more(p);
    if (asked->session && !said_nothing(asked)) {
        prober_narrow(p); /* it was the crowd, and will be again */
    }
}

static void ask(Prober *p, const GByteArray *hello, Asked *asked)
{
    once(p, hello, asked);
    if (asked->crowded && said_nothing(asked)) {
        ask_alone(p, hello, asked);
    }
    for (unsigned again = 0; again < AGAIN_MAX && p->facts->tls_first && p->good_hello &&
                             said_nothing(asked) && !asked->taken;
         again++) {
        leave(asked);
        if (!prober_can(p, 1) || !is_tired(p)) {
            return; /* it was the hello; or nobody can tell any more */
        }
        if (!recover(p)) {
            give_up(p, asked);
            return;
        }
        once(p, hello, asked);
    }
}

/* --- servers without alerts --- */

static bool was_closed(const Asked *asked)
{
    return said_nothing(asked) && asked->taken && !strcmp(asked->why, words_closed);
}

/* A hello that every server has to refuse: its suite has no meaning and never will (RFC 8701). And
 * a good one behind it, that it is not the connections the server has enough of. */
static void calibrate(Prober *p)
{
    static const uint16_t greased[] = {0x1a1a};
    HelloOffer offer = offer_little(p, V_TLS12);
    offer.suites = greased;
    offer.n_suites = G_N_ELEMENTS(greased);
    g_autoptr(GByteArray) hello = hello_write(&offer);
    g_auto(Asked) asked = {0};
    prober_alone(p);
    once(p, hello, &asked);
    leave(&asked);
    if (asked.outcome == ASKED_NOT) {
        /* nothing was learnt */
    } else if (!was_closed(&asked)) {
        p->refuses_by_closing = NO;
    } else if (!p->facts->tls_first || !is_tired(p)) {
        p->refuses_by_closing = YES;
        if (!p->plan->full) {
            p->bearable = 1; /* each refusal in a crowd would cost a second connection */
        }
    }
    prober_alone_no_more(p);
}

/* Those who ask at the same time wait for the answer of the one who asks. */
static void calibrate_once(Prober *p)
{
    if (gate_enter(&p->calibrating, NULL)) {
        if (p->refuses_by_closing == UNKNOWN) {
            calibrate(p);
        }
        gate_leave(&p->calibrating);
    }
}

/* Closing is a refusal only where what must be refused is refused so. */
static void judge_closing(Prober *p, Asked *asked)
{
    if (!was_closed(asked)) {
        return;
    }
    if (p->refuses_by_closing == UNKNOWN && p->good_hello && prober_can(p, 2)) {
        leave(asked);
        calibrate_once(p);
    }
    if (asked->doubtful) {
        g_free(asked->why);
        asked->why = g_strdup("closed while other connections were open, and none was left to ask "
                              "again alone");
    } else if (p->refuses_by_closing == YES) {
        asked->outcome = ASKED_REFUSED;
        asked->by_closing = true;
        g_free(asked->why);
        asked->why =
            g_strdup("closed without an alert, as this server does with all it does not know");
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
    judge_closing(p, asked);
    if (asked->outcome == ASKED_CHOSE) {
        keep_good(p, hello);
    } else {
        leave(asked);
    }
    learn_answer(p->facts, offer, asked->answer);
}

void prober_ask(Prober *p, const HelloOffer *offer, Asked *asked)
{
    prober_ask_and_stay(p, offer, asked);
    leave(asked);
}

bool prober_send_raw(Asked *asked, Bytes octets, GByteArray *heard, double seconds,
                     const char **why)
{
    enum { HEARD_MAX = 64 * 1024 };
    Stream *stream = wire_stream(asked->session->wire);
    Deadline deadline = deadline_in(seconds);
    stream_write(stream, octets, deadline, NULL);
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
