/* dialogue_grammar.h: the inside of a Dialogue, for dialogue.c and the families' files
 * (grammar_*.c), nobody else.
 *
 * dialogue.c knows whose turn it is; a grammar knows what a line means. A command that is sent
 * waits in `pending`. When the server asks for more of it (334, 354, "+"), it is `held` while the
 * person gives that, and then waits again. */
#pragma once

#include "proto/bracket.h"
#include "proto/dialogue.h"
#include "proto/grammar.h"

typedef struct {
    char verb[BRACKET_CODE_SIZE];
    char tag[BRACKET_CODE_SIZE]; /* IMAP */
    const char *mechanism;       /* of an AUTH command, from the table, or NULL */
    bool auth;                   /* challenges may come */
    bool unasked;                /* a response went out without one */
    bool given;                  /* what the server asked for with 354 or "+" has been sent */
    bool tls, quits;
    bool body;          /* a body follows when the answer is yes (POP3; NNTP's LISTGROUP) */
    unsigned replies;   /* LMTP: so many more after the next one */
    unsigned arguments; /* IMAP LOGIN: complete ones so far */
    uint64_t literal;   /* IMAP: what the next "+" asks for */
} Pending;

typedef struct DialogueGrammar {
    bool greets;                 /* the server speaks first */
    bool greets_after_tls;       /* and again after TLS (ManageSieve) */
    const char *const *commands; /* for completion */
    /* What a command line is: fills *sent and *pending. Changes nothing. */
    void (*command)(const Dialogue *d, Bytes line, SentLine *sent, Pending *pending);
    /* The command was sent. NULL: it just waits for its reply. */
    void (*command_sent)(Dialogue *d, Bytes line, Pending *pending);
    /* A line while literal octets or the rest of a command are awaited from the person. NULL: no
     * literals. */
    void (*payload)(const Dialogue *d, Bytes line, SentLine *sent);
    void (*payload_sent)(Dialogue *d, Bytes rest);
    void (*receive)(Dialogue *d, Bytes unit, ReceivedUnit *ret);
    /* NULL: a line goes out as it was typed. */
    char *(*complete)(Dialogue *d, const char *line);
} DialogueGrammar;

struct Dialogue {
    const Proto *proto;
    const DialogueGrammar *grammar; /* NULL: nothing is followed */
    GArray *pending;                /* of Pending, the oldest first */
    Pending held;                   /* while payload or response is set */
    Pending answered;               /* what the last unit was for */
    bool greeting;                  /* awaited */
    bool payload; /* the person's turn: a body up to a lone dot, or payload_octets, or the rest of a
                     line */
    bool by_octets; /* payload: not by lines up to a dot */
    uint64_t payload_octets;
    bool response; /* the person's turn: a SASL response */
    bool idle, handshake, bye;
    bool in_body;            /* a dot-terminated body is coming in */
    int multi_code;          /* a multi-line reply has begun with this code, or 0 */
    uint64_t wants_octets;   /* a literal is coming in */
    bool behind_literal;     /* the next line is the rest of a response's line */
    Outcome literal_outcome; /* ManageSieve: of the status line whose text is a literal */
    unsigned next_tag;
    unsigned recipients; /* LMTP: accepted so far */
};

/* --- for grammars: what a person sends --- */

/* The first word, upper case, into sent->verb and pending->verb; gives where the second begins. */
size_t grammar_verb(Bytes line, SentLine *sent, Pending *pending);
/* Where the n-th word (0: the first) begins at or behind `from`; quoted strings are one word;
 * line.len when there is none. */
size_t grammar_word_at(Bytes line, size_t from, unsigned n);
/* Everything from here on must not be shown. Nothing there: no secret. */
void grammar_secret_from(Bytes line, size_t from, bool cleartext, SentLine *sent);
/* "MECH [initial response]" at `at`. */
void grammar_auth(Bytes line, size_t at, SentLine *sent, Pending *pending);

/* A command that gives itself away by its first words. */
typedef struct {
    const char *words;  /* "AUTHINFO PASS" */
    unsigned arguments; /* so many arguments before the secret are shown */
    bool cleartext;
} SecretCommand;
/* Marks by a table ended by a row without words. */
void grammar_secret_commands(Bytes line, const SecretCommand *table, SentLine *sent);

/* --- for grammars: whose turn it is --- */

void grammar_push(Dialogue *d, const Pending *pending);
/* The oldest that waits; NULL when none does. */
Pending *grammar_front(Dialogue *d);
/* Sets ret->verb and, when nothing waits for it, ret->unsolicited. Gives the front, or a stand-in
 * for the greeting. */
Pending *grammar_answers(Dialogue *d, ReceivedUnit *ret);
/* The reply is complete: the front goes (or the greeting is over). */
void grammar_done(Dialogue *d, ReceivedUnit *ret);
/* The front is held: the person gives a body, octets, or a response. */
void grammar_hold_for_body(Dialogue *d, ReceivedUnit *ret);
void grammar_hold_for_octets(Dialogue *d, uint64_t octets);
void grammar_hold_for_response(Dialogue *d, Bytes challenge, ReceivedUnit *ret);
