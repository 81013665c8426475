/* imapd.h: one IMAP session (RFC 3501), as the files of imapd share it. Internal to imapd*.c. */
#pragma once

#include "server/imap_command.h"
#include "server/imapd_structure.h"
#include "server/sandbox_inside.h"

/* One message as the session counts them. */
typedef struct {
    Mail *mail;    /* a reference: it may be gone from the folder, and the client not told yet */
    uint64_t told; /* mail->changed when its flags were last shown */
    bool recent;
} ImapRow;

typedef struct {
    Guest *g;
    MailUser *user;     /* logged in */
    MailFolder *folder; /* selected; NULL: none */
    bool read_only;
    GArray *rows;     /* of ImapRow */
    uint64_t changes; /* of the folder, as far as the client was told */
    uint32_t last_uid;
    GString *command;  /* all of it, literals in place */
    char *tag;         /* of the one that is being done */
    bool uid;          /* it is a UID form */
    bool no_expunge;   /* during it EXPUNGE is forbidden (RFC 3501 7.4.1) */
    ImapAppend append; /* APPEND: what was announced, */
    GBytes *message;   /* and what came; NULL: too large, or none */
    bool preauth;      /* by fault, in the clear: what does the client do? */
    unsigned errors;   /* in a row */
} Imapd;

/* --- replies --- */

/* News first, then "TAG OK text". */
void imapd_ok(Imapd *i, const char *format, ...) G_GNUC_PRINTF(2, 3);
void imapd_no(Imapd *i, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* For what cannot be understood; counted. Always true, for `return`. */
bool imapd_bad(Imapd *i, const char *text);
/* One response that is ready, CRLF added: literals may be in it. Large ones go out at once.
 * Suspends. */
bool imapd_say(Imapd *i, GString *text, GError **error);
/* A folder's name as it is sent. */
void imapd_put_mailbox(GString *out, const char *name);

/* --- imapd_read.c --- */

/* The next command, literals and all, into i->command; *ret_good false: it was answered already.
 * Suspends. */
bool imapd_read(Imapd *i, bool *ret_good, GError **error);

/* --- imapd_view.c: the selected folder --- */

void imapd_select(Imapd *i, MailFolder *folder, bool read_only);
void imapd_unselect(Imapd *i);
/* Tells what has changed since: flags, EXPUNGE unless forbidden, EXISTS. */
void imapd_news(Imapd *i);
ImapRow *imapd_row(const Imapd *i, guint place);
/* The places (guint) of the rows a set names. */
GArray *imapd_pick(const Imapd *i, const ImapSet *set);
/* Takes a set off the front, of UIDs or of numbers, which must exist. */
bool imapd_scan_set(const Imapd *i, Bytes *in, ImapSet *set);
/* "(\Seen $Forwarded)" */
void imapd_put_flags(GString *out, const Mail *mail, bool recent);
/* "* 3 FETCH (FLAGS (...))", and the row counts as told. */
void imapd_say_flags(Imapd *i, guint place);
/* Flags and keywords that are in use in a folder. */
void imapd_put_known_flags(GString *out, const MailFolder *folder);

/* --- commands: each answers for itself. Suspend. --- */

typedef bool ImapdFunc(Imapd *i, Bytes args, GError **error);
/* imapd_login.c */
ImapdFunc imapd_cmd_capability, imapd_cmd_login, imapd_cmd_authenticate, imapd_cmd_starttls,
    imapd_cmd_id, imapd_cmd_enable, imapd_cmd_logout;
char *imapd_capabilities(Imapd *i);
/* Who is logged in has its folders from here on; false: it cannot be. */
bool imapd_enter(Imapd *i, const char *name);
/* imapd_folders.c */
ImapdFunc imapd_cmd_select, imapd_cmd_examine, imapd_cmd_create, imapd_cmd_delete, imapd_cmd_rename,
    imapd_cmd_subscribe, imapd_cmd_unsubscribe, imapd_cmd_status, imapd_cmd_close,
    imapd_cmd_unselect;
/* imapd_list.c */
ImapdFunc imapd_cmd_list, imapd_cmd_lsub, imapd_cmd_namespace;
/* imapd_fetch.c, imapd_search.c, imapd_store.c, imapd_idle.c */
ImapdFunc imapd_cmd_fetch, imapd_cmd_search, imapd_cmd_store, imapd_cmd_copy, imapd_cmd_move,
    imapd_cmd_expunge, imapd_cmd_append, imapd_cmd_idle;
