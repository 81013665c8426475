/* fetch_rc.h: what the fetch_rc*.c files share: one user of one entry of a fetchmailrc on its way
 * to a FetchJob. Internal to cmd/. */
#pragma once

#include "cmd/connection.h"
#include "cmd/fetch.h"
#include "config/fetchmailrc_judge.h"

/* What a job borrows from: its `owner`. The entry's strings are the FetchmailRc's, which lives as
 * long as any of its jobs. */
typedef struct {
    FetchmailRc **shared;  /* a g_rc_box */
    const FetchmailRc *rc; /* the same */
    const FetchmailServer *server;
    const FetchmailUser *user;
    const char *protocol; /* "pop3" or "imap" */
    bool through_ssh;
    ConnectOptions options; /* the command line's; what the entry says is laid below it */
    Connection *connection;
    Gate *asking; /* the run's */
    ConnectOptions smtp_options;
    Connection *smtp;   /* for delivery to other hosts; NULL: not needed */
    char *owned[4];     /* strings that `options` borrows */
    char *auth_list[2]; /* likewise */
} RcEntry;

/* fetch_rc_connect.c: how to get to the server and who one is there: fills entry->connection.
 * CONFIG, with the line in front. */
bool rc_entry_connect(RcEntry *entry, GError **error);
/* fetch_rc_deliver.c: where the mail goes: fills job->deliver. CONFIG. */
bool rc_entry_deliver(RcEntry *entry, const FetchOptions *options, FetchJob *job, GError **error);
/* fetch_rc.c: puts "FILE:LINE: WORD: " before the message, by where the entry says `word`. Returns
 * false. */
bool rc_fail_at(const RcEntry *entry, const char *word, GError **error);
