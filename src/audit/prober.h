/* prober.h: what all probes of one service share: the connections, which are counted, spaced and
 * given up in one place, and the asking of one hello over one of them.
 *
 * Probes run beside each other (io_together): each connection takes a place at the gate, and holds
 * it until it is hung up or dropped; nobody opens a second one while it holds one. A server that
 * does not bear so many is asked one at a time from then on, and what was asked when it broke down
 * is asked again. What is closed on without a word is only an answer where there was no crowd, or
 * none larger than the server has been seen to bear (closing.h).
 *
 * A probe is straight-line code: it asks, looks at what came back, and fills the Facts. When a
 * server turns us away (421, resets, closed at once) the Prober waits and tries again; a probe only
 * sees ASKED_NOT when no connection was to be had at all, with the reason. */
#pragma once

#include "audit/probe.h"
#include "io/together.h"

struct Prober {
    const ProbePlan *plan;    /* borrowed */
    const Target *target;     /* borrowed */
    Facts *facts;             /* borrowed; connections and budget are counted in it */
    SessionPlan raw;          /* up to just before the handshake, which is ours to make */
    SessionPlan impatient;    /* the same, for many at a time: some servers let all but one wait */
    Target raw_target;        /* as target, but without TLS from the start */
    char **connect_to;        /* pins the address once one has answered */
    char *stopped;            /* why no more connections are made, or NULL */
    char *no_tls;             /* why there is no TLS to be asked for, or NULL */
    Known refuses_by_closing; /* Dovecot sends no alert: what it does not know it answers by closing
                               */
    Gate gate;         /* so many connections at once; one, while somebody wants to be alone */
    unsigned bearable; /* ... else this many; one, when the server has enough */
    unsigned alone;    /* who wants to be alone */
    unsigned borne;    /* it has served so many at once, all held until all were answered */
    GPtrArray *asking; /* of Asked, borrowed: who waits for an answer, to be told of the crowd */
    Gate calibrating;  /* who finds out about refuses_by_closing: one is enough */
    bool answered;     /* a connection has got as far as it was meant to */
    Stage reached;     /* the furthest that any has got */
    bool heard;        /* a hello has had an answer, or the connection an end */
    unsigned silent;   /* hellos that had neither, before any had */
    unsigned barred;   /* hellos that were not asked, for the conversation before TLS ended */
    bool agreed;       /* the server has agreed to TLS, or needs no asking */
    GArray *starts;    /* of gint64: when each connection was begun (monotonic) */
    double per_minute; /* ours, or what the server was found to bear; 0: no limit */
    double patience;   /* seconds of waiting for a server that turns us away, each time anew */
    GByteArray *good_hello; /* one that was answered: to tell a refusal from a server that wants no
                               more connections */
    int next_version;       /* of VersionIndex: from there on downwards nothing was asked yet;
                               V_COUNT: of all; -1: of none */
    HelloReader *best;      /* the first complete answer below TLS 1.3, or NULL */
    TlsSession *session;    /* of the ordinary session, to be taken up again, or NULL */
    TlsVersion session_min; /* with which it was had */
    SessionPlan ordinary;   /* ... and how it is had */
    Session *farewell;      /* the ordinary session, to be hung up beside other things, or NULL */
    GArray *suites, *suites13, *rare_suites, *groups, *old_groups,
        *signatures; /* of uint16_t: all there are to offer */
};

/* Borrows all three. No I/O. */
Prober *prober_new(const ProbePlan *plan, const Target *target, Facts *facts);
void prober_free(Prober *p);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Prober, prober_free)

/* Are there still so many connections in the budget, and is the server still talking to us? */
bool prober_can(const Prober *p, unsigned connections);
/* Tells progress to whoever runs the audit. */
void prober_progress(const Prober *p, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Notes that something could not be asked, and why. */
void prober_missing(Prober *p, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Opens a connection that counts and climbs: waits for its turn, backs off and tries again when the
 * server turns us away, keeps what is learnt about reachability and greeting. NULL plan: p->raw.
 * NULL on failure. End it with prober_hang_up(). Suspends. */
Session *prober_climb(Prober *p, const SessionPlan *plan, Stage upto, GError **error);
/* The plan for an ordinary session with this service, at the address that was pinned. Give it back
 * to prober_climb(). */
SessionPlan prober_session_plan(const Prober *p);
/* A hello has had an answer (or the connection an end), or nothing at all. A server that lets all
 * of them wait is not asked for TLS for ever. */
void prober_note_hello(Prober *p, bool heard);
/* QUIT where the conversation is in order, and closes. NULL is fine. Suspends. */
void prober_hang_up(Prober *p, Session *s);
/* Closes without a word. NULL is fine. */
void prober_drop(Prober *p, Session *s);
/* Waits until nobody else has a connection, and takes up to so many places at once, each for one
 * prober_climb_reserved(). Gives how many; with 0 nothing was begun. Nobody else comes in until
 * prober_reserve_end(). To be called without a connection. Suspends. */
unsigned prober_reserve(Prober *p, unsigned wanted);
void prober_reserve_end(Prober *p);
/* As prober_climb() with p->raw, but with a place that was reserved, little patience and no second
 * try. Failing gives the place back. Suspends. */
Session *prober_climb_reserved(Prober *p, Stage upto, GError **error);
/* Is there more than one connection at this moment? Then what fails may have failed for that. */
bool prober_crowded(const Prober *p);
/* A quarter of them from now on, in the end one at a time. */
void prober_narrow(Prober *p);
/* From now on whoever opens a connection is the only one, until this many times
 * prober_alone_no_more() was called. To be called without a connection. */
void prober_alone(Prober *p);
void prober_alone_no_more(Prober *p);
/* From now on so many at most. */
void prober_bear(Prober *p, unsigned limit);
/* prober_alone() before what is likely to be refused, of a server that refuses by closing and is
 * not known to bear a crowd (or may be one, where connections are few): that would have to be asked
 * again alone. True: it was begun. */
bool prober_alone_for_no(Prober *p);

typedef enum {
    ASKED_NOT, /* there was no connection, or no TLS to be had: the budget, the server, the network
                */
    ASKED_CHOSE,   /* the server chose: SERVER, RETRY, SSLV2 */
    ASKED_REFUSED, /* an alert that means no: handshake_failure, protocol_version,
                      insufficient_security; or by_closing */
    ASKED_BROKE,   /* any other alert, closed, reset, silent, not TLS: says nothing about what is
                      offered */
} AskedOutcome;

typedef struct {
    AskedOutcome outcome;
    const HelloAnswer *answer; /* never NULL after prober_ask(); of the reader */
    HelloReader *reader;
    char *why;        /* but for CHOSE: the alert, or what else happened, in words */
    bool taken;       /* the server had our hello before it ended the connection */
    bool by_closing;  /* REFUSED: without an alert, by a server that does so with whatever it does
                         not know */
    unsigned crowd;   /* the most connections there were at a time while it lasted, with this one */
    bool doubtful;    /* closed on in a crowd, and nothing was left to ask again alone */
    Session *session; /* prober_ask_and_stay(): the connection, else NULL */
    Prober *prober;   /* whose connection that is; borrowed */
} Asked;

void asked_clear(Asked *asked);
/* Were there more connections at a time than the server is known to bear? Then that it closed this
 * one says nothing. */
bool asked_in_crowd(const Asked *asked);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, asked_clear)

/* One hello over one connection; *ret is all zero or cleared. What the answer teaches is in the
 * Facts (learn.h). Suspends. */
void prober_ask(Prober *p, const HelloOffer *offer, Asked *ret);
/* The same, and stays on the line when the server chose: asked->session. Suspends. */
void prober_ask_and_stay(Prober *p, const HelloOffer *offer, Asked *ret);
/* Sends octets as they are over asked->session, and reads what comes back until a whole record is
 * in `heard`. False at the end of the connection or of the time: *why says which (static).
 * Suspends. */
bool prober_send_raw(Asked *asked, Bytes octets, GByteArray *heard, double seconds,
                     const char **why);
