/* fetchmailrc.h: a fetchmail run-control file as fetchmail 6.4 understands it: what it says, with
 * `defaults` merged in and fetchmail's own defaults filled in. What Postern does about it is
 * judged in fetchmailrc_judge.h. */
#pragma once

#include "base/error.h"
#include "base/secret.h"

/* `is NAME=LOCAL`: NAME at the server is LOCAL here; local is NULL for a plain name. */
typedef struct {
    char *name, *local;
} FetchmailMapping;

/* Flags are 0 or 1, numbers as written or their default; strings NULL where nothing was said. */
typedef struct {
    unsigned line; /* where its `user` stands, or its server's line */
    char *remote;
    Secret *password;
    GPtrArray *local; /* of FetchmailMapping; empty: the caller */
    int wildcard;     /* `*` among them */
    char **folders, **smtphost, **fetchdomains;
    char *smtpaddress, *smtpname, *mda, *bsmtp, *preconnect, *postconnect, *properties;
    GArray *antispam; /* of int; NULL: none */
    int keep, fetchall, flush, limitflush, rewrite, stripcr, forcecr, pass8bits, dropstatus,
        dropdelivered, mimedecode, idle, lmtp;
    int limit, warnings, batchlimit, fetchlimit, fetchsizelimit, fastuidl, expunge;
    int ssl, sslcertck;
    char *sslproto, *sslcertfile, *sslcertpath, *sslfingerprint, *sslcommonname, *sslcert, *sslkey;
    /* Of later fetchmails. */
    char *passwordfile, *moveto, *retrieve_error;
    int passwordfd, forceidle;
    GHashTable *lines; /* see fetchmail_line() */
} FetchmailUser;

typedef struct {
    unsigned line;
    char *name;
    bool active; /* `poll`, not `skip` */
    char *via;
    const char *protocol; /* "auto", "pop3", "apop", "imap", "pop2", ... */
    const char *auth;     /* "any", "password", "cram-md5", ... */
    char *service;        /* port number or service name */
    char **aka, **localdomains;
    int uidl, dns, checkalias, tracepolls, bad_header; /* bad_header 1: accept */
    int timeout, interval, envskip;
    char *envelope; /* NULL with no_envelope: `no envelope` */
    int no_envelope;
    char *qvirtual, *plugin, *plugout, *interface, *monitor, *principal, *esmtpname;
    Secret *esmtppassword;
    GPtrArray *users; /* of FetchmailUser; at least one */
    GHashTable *lines;
} FetchmailServer;

typedef struct {
    char *file; /* escaped, for messages */
    int daemon; /* seconds; 0: once */
    char *logfile, *idfile, *pidfile, *postmaster, *properties;
    int bouncemail, spambounce, softbounce, syslog, invisible, showdots;
    GPtrArray *servers; /* of FetchmailServer, in the file's order */
    GHashTable *lines;
} FetchmailRc;

void fetchmailrc_free(FetchmailRc *rc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FetchmailRc, fetchmailrc_free)

/* Pure. `file` is the name for messages, already escaped, and the place relative file names start
 * at; `caller` is the login name that stands in where no user is named. Fails with CONFIG
 * ("FILE:LINE: ..."), LIMIT. Passwords are never in a message. */
FetchmailRc *fetchmailrc_parse(Bytes text, const char *file, const char *caller, GError **error);

/* What kind of failure: fetchmail's own exit status tells them apart. */
typedef enum {
    FETCHMAILRC_SYNTAX = 5,
    FETCHMAILRC_PERMISSIONS = 6,
} FetchmailrcFailure;

/* Reads the file; "-" is standard input. As with fetchmail it must be a regular file of the
 * caller's own, closed to group and others. *ret_failure (may be NULL) is set on failure. CONFIG,
 * NO_INPUT, LIMIT. */
FetchmailRc *fetchmailrc_load(const char *path, FetchmailrcFailure *ret_failure, GError **error);

/* The line an option was said at (its canonical word: "sslcertck"), also when it was said in
 * `defaults`; `otherwise` when it was not said. */
unsigned fetchmail_line(const GHashTable *lines, const char *word, unsigned otherwise);
