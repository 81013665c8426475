/* mailstore.h: the mail of the sandbox: users, their folders, the messages in them. All sessions of
 * the process share one store; nothing here suspends, so that what one session sees is whole.
 *
 * Messages are kept in memory; with a directory each is a file of a Maildir (DIR/USER/Maildir,
 * folders as Maildir++ has them), of which the text of large ones is read when it is wanted, and
 * what lies there at the start is read. UIDs are kept where Dovecot keeps them (dovecot-uidlist),
 * so that it can serve the directory afterwards; the envelope stands there too, as fields of a line
 * that Dovecot leaves alone. Files are whole at any moment, but not synced: a sandbox may lose its
 * last mails with the power.
 *
 * A message is in the Maildir when mail_add() returns; its line in the list may come later, with
 * those of others (mailstore_write_lists()). What a server that is killed takes with it of that is
 * the envelopes of the last messages: their UIDs are in the names of the files, too. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

typedef struct MailStore MailStore;
typedef struct MailFolder MailFolder;

typedef struct {
    uint32_t uid;
    int64_t received; /* seconds since the epoch */
    bool seen, answered, flagged, deleted, draft;
    GPtrArray *keywords; /* of char*; NULL: none */
    size_t octets;       /* of the text, which mail_text() has */
    GBytes *text;        /* in memory; NULL: only in the file */
    GBytes *lent;        /* read from the file, while somebody holds it; not a reference */
    char *from;          /* envelope sender; NULL for what was appended */
    char *to;            /* the recipient it was delivered for, or NULL */
    MailFolder *folder;  /* where it is, or was */
    char *file;          /* in the Maildir ("cur/NAME:2,S"), or NULL */
    int fd;              /* of a file that was removed and is still wanted; or -1 */
    uint64_t changed;    /* the folder's `changes` when its flags last changed */
    bool gone;           /* removed; only who holds a reference still sees it */
    unsigned refs;       /* see mail_ref() */
} Mail;

struct MailFolder {
    char *name;        /* UTF-8, "/" between levels; "INBOX" */
    uint32_t validity; /* UIDVALIDITY */
    uint32_t uid_next;
    GPtrArray *mails; /* of Mail, by UID */
    uint64_t changes; /* grows with every change: sessions compare it to know whether to look */
    bool locked;      /* a POP3 session has it (RFC 1939) */
    bool gone;        /* deleted while a session had it; it stays, empty */
    uint32_t first_recent; /* UIDs from here on are \Recent to the next session (RFC 3501 2.3.2) */
    char *path;            /* its Maildir; NULL: memory */
    GString *unwritten;    /* lines for its list of UIDs */
};

typedef struct {
    char *name;
    GPtrArray *folders;       /* of MailFolder; the first is INBOX */
    GPtrArray *subscriptions; /* of char*: names of folders */
    char *path;               /* its Maildir; NULL: memory */
} MailUser;

/* `directory` NULL: memory only. CANT_CREATE, IO. */
MailStore *mailstore_new(const char *directory, GError **error);
void mailstore_free(MailStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailStore, mailstore_free)

/* Finds or makes the user; names that could not be a directory are refused with DATA. */
MailUser *mailstore_user(MailStore *store, const char *name, GError **error);
/* All of them, of MailUser, borrowed. */
const GPtrArray *mailstore_users(const MailStore *store);
/* NULL when there is none. */
MailUser *mailstore_find_user(MailStore *store, const char *name);

/* Case of INBOX is no matter; NULL when there is none. */
MailFolder *mail_find_folder(MailUser *user, const char *name);
/* Makes it, and those above it. DATA: it exists, or the name is not good (".." and "." within are
 * not, because Maildir++ has them between levels). */
MailFolder *mail_create_folder(MailStore *store, MailUser *user, const char *name, GError **error);
/* Not INBOX. What lies below stays. */
bool mail_delete_folder(MailStore *store, MailUser *user, const char *name, GError **error);
/* Those below it come along; INBOX is emptied into the new one (RFC 3501 6.3.5). */
bool mail_rename_folder(MailStore *store, MailUser *user, const char *from, const char *to,
                        GError **error);

/* Adds a message (a copy of its flags; text by reference) and tells those who watch. `as` may be
 * NULL: a new, unseen one. The Mail is the folder's. IO when it cannot be written. On success it
 * is a whole file. */
Mail *mail_add(MailStore *store, MailFolder *folder, GBytes *text, const Mail *as, GError **error);
/* Opens the file of the next message ahead of time: for moments in which there is nothing else to
 * do. */
void mailstore_prepare(MailStore *store);
/* Call after a change of flags: writes it and tells those who watch. */
void mail_changed(MailStore *store, MailFolder *folder, Mail *mail);
/* Removes; the Mail is gone, but for those who hold a reference. */
void mail_remove(MailStore *store, MailFolder *folder, Mail *mail);
/* Sessions keep what they show, whatever others remove. */
Mail *mail_ref(Mail *mail);
void mail_unref(Mail *mail);
/* All of its text, with CRLF line ends, as it came; the caller owns the reference. What is large is
 * read from its file each time, and kept while somebody holds it. IO when another program has
 * removed or shortened the file, or it cannot be read. */
GBytes *mail_text(Mail *mail, GError **error);
/* A part of it, `offset` + `len` being no more than mail->octets: without having all of it in
 * memory. The same. */
bool mail_read(Mail *mail, size_t offset, char *buffer, size_t len, GError **error);
/* Is the keyword set? Case is no matter. */
bool mail_has_keyword(const Mail *mail, const char *keyword);
/* What clients subscribe to; the folder need not be there any more. */
void mail_subscribe(MailStore *store, MailUser *user, const char *name, bool subscribed);
/* The folder gets a new UIDVALIDITY, as if its UIDs had been lost. */
void mail_new_validity(MailStore *store, MailFolder *folder);

/* Writes what waits to be written to lists of UIDs. */
void mailstore_write_lists(MailStore *store);
/* Calls func(user) when the first line begins to wait, after each time they were written; NULL:
 * each is written at once. func must not suspend. */
void mailstore_on_unwritten(MailStore *store, void (*func)(void *user), void *user);

/* Calls func(user, folder) after each change of any folder; 0 is no id. Sessions in IDLE wake by
 * it, and `serve wait`. func must not suspend. */
unsigned mailstore_watch(MailStore *store, void (*func)(void *user, MailFolder *folder),
                         void *user);
void mailstore_unwatch(MailStore *store, unsigned id);
