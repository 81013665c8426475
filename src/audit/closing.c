/* closing.c: connections that end without a word: refusals, or too many at a time? */
#include "audit/closing.h"

#include "audit/ask.h"
#include "audit/offer.h"

enum {
    TRIAL = 8, /* connections held at once, to see that they are borne; and so many then */
};

/* --- how the server refuses, and how many it bears --- */

/* A hello that every server has to refuse: its suite has no meaning and never will (RFC 8701). */
static GByteArray *hello_to_refuse(const Prober *p)
{
    static const uint16_t greased[] = {0x1a1a};
    HelloOffer offer = offer_little(p, V_TLS12);
    offer.suites = greased;
    offer.n_suites = G_N_ELEMENTS(greased);
    return hello_write(&offer);
}

typedef struct {
    Prober *p;
    const GByteArray *hello;
    Asked asked;
} Guest;

static void be_guest(void *user)
{
    Guest *guest = user;
    ask_once_reserved(guest->p, guest->hello, &guest->asked);
}

/* The last has the hello to refuse, all others a good one. They stay until each has its answer:
 * a server that has too many would have ended the oldest, or the newest, of them. */
static void judge_trial(Prober *p, const Guest *guests, unsigned n)
{
    const Asked *refused = &guests[n - 1].asked;
    bool borne = refused->outcome != ASKED_NOT;
    for (unsigned i = 0; i < n - 1; i++) {
        borne = borne && guests[i].asked.outcome == ASKED_CHOSE && ask_is_open(&guests[i].asked);
    }
    if (!borne) {
        return;
    }
    if (!asked_nothing(refused)) {
        p->refuses_by_closing = NO;
        p->borne = n;
    } else if (asked_closed(refused)) {
        p->refuses_by_closing = YES;
        p->borne = n;
    }
}

/* Several at once, of a server that is to be asked much. True: it was tried. Suspends. */
static bool try_crowd(Prober *p)
{
    if (!p->plan->full || p->per_minute > 0 || p->bearable < 2 || !prober_can(p, 2 * TRIAL)) {
        return false;
    }
    unsigned n = prober_reserve(p, MIN(TRIAL, p->bearable));
    if (n == 0) {
        return false;
    }
    g_autoptr(GByteArray) hello = hello_to_refuse(p);
    Guest guests[TRIAL] = {{0}};
    void *users[TRIAL];
    for (unsigned i = 0; i < n; i++) {
        guests[i] = (Guest){.p = p, .hello = i == n - 1 ? hello : p->good_hello};
        users[i] = &guests[i];
    }
    io_together(be_guest, users, n);
    judge_trial(p, guests, n);
    for (unsigned i = 0; i < n; i++) {
        ask_leave(&guests[i].asked);
        asked_clear(&guests[i].asked);
    }
    prober_reserve_end(p);
    return true;
}

/* One hello to refuse, alone, and a good one behind it, that it is not the connections the server
 * has enough of. Suspends. */
static void try_alone(Prober *p)
{
    g_autoptr(GByteArray) hello = hello_to_refuse(p);
    g_auto(Asked) asked = {0};
    prober_alone(p);
    ask_once(p, hello, &asked);
    ask_leave(&asked);
    if (asked.outcome != ASKED_NOT && !asked_nothing(&asked)) {
        p->refuses_by_closing = NO;
    } else if (!asked_closed(&asked)) {
        /* reset, or silent: nothing was learnt */
    } else if (!p->facts->tls_first || !ask_is_tired(p)) {
        p->refuses_by_closing = YES;
    }
    prober_alone_no_more(p);
}

static void calibrate(Prober *p)
{
    bool tried = try_crowd(p);
    if (p->refuses_by_closing == UNKNOWN) {
        try_alone(p);
    }
    if (p->refuses_by_closing != YES) {
        return;
    }
    if (p->borne) {
        prober_bear(p, MIN(p->bearable, p->borne));
    } else if (tried || !p->plan->full) {
        prober_bear(p, 1); /* each refusal in a crowd would cost a second connection */
    }
}

/* Those who ask at the same time wait for the answer of the one who asks. To be called without a
 * connection. Suspends. */
static void calibrate_once(Prober *p)
{
    if (p->refuses_by_closing != UNKNOWN || !p->good_hello || !prober_can(p, 2)) {
        return;
    }
    if (gate_enter(&p->calibrating, NULL)) {
        if (p->refuses_by_closing == UNKNOWN) {
            calibrate(p);
        }
        gate_leave(&p->calibrating);
    }
}

/* --- one that was closed on --- */

static bool is_in_doubt(const Asked *asked)
{
    return asked_nothing(asked) && asked_in_crowd(asked);
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
    ask_leave(asked);
    prober_alone(p);
    ask_once(p, hello, asked);
    prober_alone_no_more(p);
    if (asked->session && !asked_nothing(asked)) {
        prober_narrow(p); /* it was the crowd, and will be again */
    }
}

void closing_ask_again(Prober *p, const GByteArray *hello, Asked *asked)
{
    if (asked_closed(asked)) {
        ask_leave(asked);
        calibrate_once(p);
        if (is_in_doubt(asked) && p->borne > 1 && prober_can(p, 1)) {
            ask_once(p, hello, asked);
        }
    }
    if (is_in_doubt(asked)) {
        ask_alone(p, hello, asked);
    }
}

void closing_judge(Prober *p, Asked *asked)
{
    if (!asked_closed(asked)) {
        return;
    }
    ask_leave(asked);
    calibrate_once(p);
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
