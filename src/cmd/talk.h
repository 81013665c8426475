/* talk.h: what the files of `postern talk` share. The conversation itself is the Session's wire;
 * everything that is said on it, by a person, a script or the ladder, reaches talk_observe(), and
 * is followed, shown and explained there, once.
 *
 *   talk.c          options, the ladder, exit status
 *   talk_say.c      one typed line: checked, masked, sent
 *   talk_hear.c     what the server says, taken in; whose turn it is; the end
 *   talk_show.c     the observer: follow, show, explain
 *   talk_screen.c   how a line gets onto the screen
 *   talk_local.c    the commands that begin with "/"
 *   talk_send.c     /send
 *   talk_reply.c    the last reply, kept for /save
 *   talk_tty.c      a person at a terminal (with talk_line, talk_complete, talk_history,
 * talk_signals) talk_script.c   a pipe or a file, in lock-step talk_replay.c   a transcript shown
 * again */
#pragma once

#include <stdio.h>

#include "cmd/connect.h"
#include "proto/dialogue.h"
#include "proto/http_message.h"
#include "report/explain.h"
#include "report/transcript.h"

typedef struct {
    ConnectOptions connect; /* first: command.h */
    bool login, no_history;
    char *explain, *script, *stop_after, *start_at, *replay;
    char **expect;
} TalkOptions;

/* The body of the last reply that had one (RETR, FETCH, LIST): dot-unstuffed, byte for byte. */
typedef struct ReplyStore ReplyStore;

typedef struct Talk {
    const TalkOptions *options;
    Connection *connection;
    Session *session;   /* NULL when the connection is closed */
    const Proto *proto; /* what is spoken */
    Dialogue *dialogue;
    Transcript *transcript; /* or NULL */
    ReplyStore *reply;      /* the body of the last reply that had one */
    unsigned literals;      /* how many came in that reply: the last one is kept */
    ExplainLevel explain;
    bool quiet; /* -q: only what the server says, byte for byte */
    bool colour;
    bool interactive;
    FILE *out;

    /* Following the conversation. */
    bool typed;        /* the line that goes out now stands on the screen as it is */
    int typed_rows;    /* rows above the cursor that a typed line takes up, and nothing below it */
    bool typed_gone;   /* it was taken off the screen: it is shown when it goes out */
    bool mid_line;     /* the last octet on the screen was no line end */
    bool body_awaited; /* a reply has begun and nothing of a body has come yet */
    bool in_header;    /* the body being received is a message whose header has not ended */
    bool ladder;       /* the session's own code leads now: what it probes for is no refusal */
    Caps *gathered;    /* lines of the answer to a capability command typed by hand, or NULL */
    Caps *known, *known_before_tls; /* in a replay, which has no session to know them; or NULL */
    bool cancelled;                 /* "*" was said to an AUTH: its refusal is what was wanted */
    bool tls_asked;                 /* STARTTLS was typed and its answer is not here yet */
    bool impatient; /* Ctrl-C: lines go out without waiting for what decides about them */
    gint64 sent_at; /* when the oldest command that waits went out, as its event tells; 0: none */
    HttpMessage *http;              /* follows answers over https, in a script; or NULL */
    const SaslMechanism *mechanism; /* of the exchange that is going on */
    char last_verb[32];
    uint64_t heard_codes, heard_octets; /* of the reply that has not ended: of its lines with a
                                           code; of all of it. talk_hear.c has the caps */
    GString *last_reply; /* status lines of the reply that ended last, for /expect; capped */
    bool reply_ended;    /* the next status line begins a new last_reply */

    TlsSession *resumable;                 /* behind the plan's `resume`, or NULL */
    void (*print_history)(struct Talk *t); /* set while a person types */
    void *terminal;                        /* talk_tty.c's own */

    /* What becomes of it. */
    GPtrArray *expectations; /* of GRegex, those of --expect not met yet */
    bool quitting;           /* a polite end was asked for: the server may close */
    bool closed;             /* the server has closed */
    int refused_status;      /* 0, or the exit status of the last refusal that nothing expected */
    char *refused_words;     /* what was refused, for the message */
} Talk;

/* --- talk_screen.c --- */
typedef enum { INK_PLAIN, INK_SENT, INK_NOTE, INK_WARNING, INK_ANNOTATION } Ink;
/* An event as a transcript has it. */
void talk_put_event(Talk *t, Ink ink, const WireEvent *event);
/* What went out, unless it stands on the screen as it is; then a line typed otherwise (without its
 * tag, with its secret) makes room for it. */
void talk_put_sent(Talk *t, const WireEvent *event);
/* The line that was typed goes off the screen, to be shown when it goes out. */
void talk_take_back_typed(Talk *t);
/* The server's octets: with -q in a pipe as they are, else without control characters. */
void talk_put_raw(Talk *t, Bytes raw);
/* The next thing begins a line, whatever the server ended with. */
void talk_end_line(Talk *t);
/* One line by Postern itself: "=== ..." or, for a warning, "*** ...". Goes to the transcript too.
 */
void talk_note(Talk *t, bool warning, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* Several lines of annotation, each marked; NULL is nothing. */
void talk_annotate(Talk *t, const char *text);
/* The same, and frees it. */
void talk_annotate_take(Talk *t, char *text);
/* Text that was asked for by a local command: plain lines, not in the transcript. */
void talk_print(Talk *t, const char *text);
/* The same, wrapped at blanks to the width of the terminal. */
void talk_print_wrapped(Talk *t, const char *text);
/* Shows an error as a warning with its indented lines, and frees it. */
void talk_warn(Talk *t, GError *error);

/* --- talk_show.c --- */
/* A WireObserver; user is the Talk. Follows the dialogue, writes transcript and screen. */
void talk_observe(void *talk, const WireEvent *event);
/* What the ladder found out about capabilities. */
void talk_show_capabilities(Talk *t, bool always);

/* --- talk_say.c --- */
/* Sends one line that a person or script wrote. *line is wiped when there was a secret in it. A
 * password that would travel in the clear is refused with INSECURE and nothing is sent. Suspends.
 */
bool talk_say(Talk *t, char *line, GError **error);
/* One line as it was typed or read from a script: a local command, "//" for a slash, an empty line
 * that says nothing, or something for the server. Wiped where it held a secret. Suspends. */
bool talk_enter(Talk *t, char *line, GError **error);
/* Would this line be a secret, or part of one, so that it must not be remembered? Also when it is
 * never sent. */
bool talk_is_secret(const Talk *t, const char *line);
/* Is a "/" at the start of the next line a local command? Not inside payload and authentication
 * responses. */
bool talk_local_active(const Talk *t);

/* --- talk_hear.c --- */
/* Takes in what belongs to the dialogue next: one line, literal or piece. EOF sets t->closed and is
 * no error. Suspends. */
bool talk_hear(Talk *t, GError **error);
/* The same for what is there already, without waiting; *more is set when there is so much that it
 * stopped half-way. */
bool talk_hear_now(Talk *t, bool *more, GError **error);
/* Hears until it is the person's turn. Suspends. */
bool talk_hear_reply(Talk *t, GError **error);
/* The same before the next line of a script goes out: a server that never asks for the response to
 * AUTH gets it all the same, inside TLS. Suspends. */
bool talk_hear_before_line(Talk *t, GError **error);
/* Hears whatever comes until then. Suspends. */
bool talk_hear_until(Talk *t, Deadline until, GError **error);
/* What was typed or pasted ahead waits for the answer that decides what it is: to STARTTLS, DATA,
 * AUTH, a literal, IDLE. Suspends. */
bool talk_await_turn(Talk *t, GError **error);
/* Would it wait? */
bool talk_must_wait(const Talk *t);
/* After a failure: does the connection still stand? If not, t->closed is set. */
void talk_check_open(Talk *t);
/* A polite end, from wherever the conversation stands. Suspends. */
void talk_goodbye(Talk *t);

/* --- talk_local.c --- */
typedef struct {
    const char *name;      /* "starttls" */
    const char *arguments; /* "[MECH]", or NULL */
    const char *help;
    bool (*run)(Talk *t, const char *arguments, GError **error);
} LocalCommand;
extern const LocalCommand local_commands[]; /* ended by a row without a name */
/* Would these octets of "/raw HEX" hold a secret? */
bool talk_raw_is_secret(const Talk *t, const char *line);
/* Runs "/name arguments" (without the slash). Fails with USAGE for an unknown name, naming the
 * nearest. Suspends. */
bool talk_local(Talk *t, const char *text, GError **error);

/* --- talk.c --- */
/* Connects (again) and climbs to `upto`; the wire is observed from the first byte. Suspends. */
bool talk_open(Talk *t, Stage upto, GError **error);
/* Closes without a word. */
void talk_close(Talk *t);
/* How far up the ladder the options want the conversation to begin. */
Stage talk_start_stage(const Talk *t);

/* --- talk_send.c --- */
/* Sends a file as the protocol sends a message: DATA and POST dot-stuffed, APPEND and PUTSCRIPT as
 * a literal, else as it is. `place` is the mailbox or script name, or NULL. Suspends. */
bool talk_send_file(Talk *t, const char *file, const char *place, GError **error);

/* --- talk_tty.c, talk_script.c, talk_replay.c --- */
bool talk_interactive(Talk *t, GError **error);
/* Reads lines from fd: name is for messages. */
bool talk_script(Talk *t, int fd, const char *name, GError **error);
/* `url` tells the protocol when the transcript does not; may be NULL. */
bool talk_replay(Talk *t, const char *file, const char *url, GError **error);
/* Does any line of the reply that ended last match? A match also forgives a refusal. */
bool talk_expect(Talk *t, const char *pattern, GError **error);

/* --- talk_reply.c --- */
ReplyStore *reply_store_new(void);
void reply_store_free(ReplyStore *store);
/* A new reply begins: what was kept is dropped. */
void reply_store_begin(ReplyStore *store);
/* One body line with its line end as it came; one leading dot of a stuffed line is taken off. */
void reply_store_line(ReplyStore *store, Bytes raw, bool unstuff);
/* Literal octets. */
void reply_store_octets(ReplyStore *store, Bytes octets);
uint64_t reply_store_size(const ReplyStore *store);
/* Writes it to a new file, or over an old one, mode 0600. DATA when there is nothing, or it outgrew
 * the cap. */
bool reply_store_save(const ReplyStore *store, const char *file, GError **error);
/* Writes it to fd. DATA as above. */
bool reply_store_copy(const ReplyStore *store, int fd, GError **error);

/* --- talk_mime.c --- */
/* Shows the last reply as a message; the arguments are NULL or an option of `postern mime`.
 * Suspends. */
bool talk_mime(Talk *t, const char *arguments, GError **error);
/* "PART FILE": writes a part of it to a new file. Suspends. */
bool talk_attach(Talk *t, const char *arguments, GError **error);
