/* send.h: what the files of `postern send` share.
 *
 *   send.c          options, which of its jobs is wanted
 *   send_message.c  the message: composed, read, or a probe
 *   send_one.c      one message to one server
 *   send_mx.c       one message to the hosts of each recipient's domain
 *   send_batch.c    many messages
 *   send_spool.c    messages put aside, and what lies there
 *   send_flush.c    those delivered: what is due
 *   send_way.c      how it goes, what goes the same way together
 *   sendmail.c      the command line of sendmail, for all that
 *   send_show.c     the dialogue and the results, as they appear */
#pragma once

#include "cmd/command.h"
#include "cmd/connect.h"
#include "report/send_result.h"
#include "report/transcript.h"
#include "send/spool.h"

/* sysexits.h */
enum { STATUS_UNAVAILABLE = 69, STATUS_TEMPFAIL = 75 };

/* Does an account want what cannot be sent now to be kept, or everything to be kept at once? */
typedef enum { QUEUE_NEVER, QUEUE_AWAY, QUEUE_ALWAYS } QueueWish;

typedef struct {
    ConnectOptions connect; /* first: command.h */
    /* the message */
    char **to, **cc, **bcc;
    char *from, *envelope_from, *subject, *text, *html;
    char **attach, **inlined, **header;
    char *message;
    bool test, as_is, print, check_account, mx;
    /* how it is handed over */
    char *notify, *ret, *envid, *orcpt, *submitter;
    bool require_tls, all_or_none, no_pipelining, no_chunking, json;
    char *stop_after;
    /* many */
    char *batch, *journal;
    int connections;
    char *retries; /* a number; 0 is one */
    double retry_after;
    /* later */
    bool queue, flush, daemon, now, queue_list;
    char **queue_remove, **queue_hold, **queue_release;
    char *spool, *expire, *notices;
    QueueWish queue_wish; /* the account's */
} SendOptions;

extern const Command cmd_send;

/* --- send_message.c --- */
/* The message that the options ask for, with its envelope. `account` may be NULL. USAGE, DATA,
 * NO_INPUT. */
Outgoing *send_message(const SendOptions *o, const char *default_from, GError **error);
/* Who the mail is from when nobody says: "user@host". The caller frees it. */
char *send_default_from(const char *user, const char *server);
/* Reads a file, "-" being standard input; `what` is for messages. The caller frees the array. */
GByteArray *send_read(const char *file, const char *what, GError **error);
/* A SubmitRecode. */
GByteArray *send_recode(Bytes text, GError **error);
SubmitWishes send_wishes(const SendOptions *o);
/* --to, --cc and --bcc as one list. g_strfreev(). */
char **send_all_recipients(const SendOptions *o);

/* --- send_show.c --- */
typedef struct {
    bool dialogue; /* everything said, with swaks' marks, on standard error */
    bool quiet, colour;
    bool brief; /* TLS is as it comes, by our choice: a warning of it is one line, without advice */
    Transcript *transcript; /* or NULL */
} SendShow;

bool send_show_open(SendShow *show, const SendOptions *o, GError **error);
/* The transcript is written out; the exit status: `status`, or that of what went wrong with it. */
int send_show_close(SendShow *show, int status);
/* A WireObserver; user is the SendShow. */
void send_show_observe(void *show, const WireEvent *event);
/* Each recipient's result on standard output; refusals on standard error when quiet. */
void send_show_results(const SendShow *show, const Submission *s);

/* --- send_one.c --- */
/* Takes `message`; NULL: the one that the options ask for. */
int send_one(const SendOptions *o, const char *url, Outgoing *message);
/* The connection the options lead to, its plan observed by `show` and relaxed on loopback. The
 * caller frees it. USAGE, CONFIG. */
Connection *send_connection(const SendOptions *o, const char *url, SendShow *show, GError **error);
/* Shows the error, and frees it: the exit status. A connection that broke, and a result that nobody
 * knows, are for trying again. */
int send_fail(const Submission *s, GError *error);
/* AUTH when somebody is to log in, else TLS. */
Stage send_top_stage(Connection *c);

/* --- send_mx.c --- */
int send_mx(const SendOptions *o);

/* --- send_batch.c --- */
int send_batch(const SendOptions *o, const char *url);

/* --- send_spool.c --- */
/* The spool of --spool, of the account, or of the state directory. CANT_CREATE. */
Spool *send_spool(const SendOptions *o, GError **error);
/* Puts the message into the spool: to all its recipients, or to those that `tried` left undecided
 * (may be NULL), whose reason is `why`. Gives its id, which the caller frees. USAGE, CANT_CREATE,
 * IO. */
char *send_enqueue(const SendOptions *o, const char *url, const Outgoing *message,
                   const Submission *tried, const char *why, GError **error);
/* What the account named says of dsn and queue, where the options say nothing. CONFIG. */
bool send_take_account(SendOptions *o, GError **error);
/* Would trying again later mend it? */
bool send_is_passing(const GError *error);
int send_queue(const SendOptions *o, const char *url);
/* --queue-list, --queue-remove, --queue-hold, --queue-release. */
int send_queue_manage(const SendOptions *o);

/* --- send_flush.c --- */
/* The wait before the first try but one, where --retry-after says nothing. */
#define SEND_QUEUE_RETRY 300.0
int send_flush(const SendOptions *o);
