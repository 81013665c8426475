/* mailstore_inside.h: what the files of the mail store share. Internal to mailstore*.c. */
#pragma once

#include "server/mailstore.h"

struct MailStore {
    char *directory; /* NULL: memory */
    GPtrArray *users;
    GPtrArray *graveyard; /* folders that were deleted: sessions may still have them */
    GArray *watches;
    unsigned last_watch;
    uint32_t last_validity;
    GPtrArray *unwritten; /* of MailFolder, borrowed: those whose lists lack lines */
    void (*on_unwritten)(void *user);
    void *on_unwritten_user;
    char run[17];    /* sixteen hex digits: no other store has them */
    char *tmp_file;  /* "tmp/NAME": what is being written; one at a time */
    int spare_fd;    /* of a file without a name; or -1 */
    bool only_named; /* there are no such files here */
};

/* Larger ones are not kept in memory where there is a file. */
enum { MAIL_IN_MEMORY_MAX = 64 * 1024 };

/* --- mailstore.c --- */

MailFolder *mailstore_add_folder(MailStore *store, MailUser *user, const char *name);
/* A Mail with one reference, not yet among the folder's; `text` NULL: it is only in the file. */
Mail *mailstore_new_mail(MailFolder *folder, GBytes *text, const Mail *as);
void mailstore_tell(MailStore *store, MailFolder *folder);
/* Can a folder be called so? */
bool mailstore_folder_name_is_good(const char *name);

/* --- mailstore_disk.c: all do nothing where there is no directory --- */

/* Makes the Maildir of a user. CANT_CREATE. */
bool mailstore_disk_user(MailStore *store, MailUser *user, GError **error);
/* Makes the Maildir of a folder and its list of UIDs. CANT_CREATE. */
bool mailstore_disk_folder(MailStore *store, MailUser *user, MailFolder *folder, GError **error);
/* Writes a message, of which mail->text has the text; a line about its UID and envelope waits to be
 * written. IO. */
bool mailstore_disk_add(MailStore *store, MailFolder *folder, Mail *mail, GError **error);
/* Its name says its flags. */
void mailstore_disk_flags(MailFolder *folder, Mail *mail);
void mailstore_disk_remove(MailFolder *folder, Mail *mail);
void mailstore_disk_delete(MailStore *store, MailFolder *folder);
/* `folder` has its new name already. */
void mailstore_disk_rename(MailUser *user, MailFolder *folder);
void mailstore_disk_subscriptions(const MailUser *user);
/* The path of something in a folder's Maildir; the caller frees it. */
char *mailstore_disk_place(const MailFolder *folder, const char *name);

/* --- mailstore_uids.c --- */

/* Writes the list anew. */
void mailstore_uids_write(MailStore *store, MailFolder *folder);
/* A line about a message waits to be appended. */
void mailstore_uids_add(MailStore *store, MailFolder *folder, const Mail *mail);
/* What waits is written no more. */
void mailstore_uids_forget(MailStore *store, MailFolder *folder);
/* The address in a word of a line, "Tjoe@example.org"; NULL: it is none. The caller frees it. */
char *mailstore_uids_read_address(const char *word);
/* The UID in a file's name, if a folder of this UIDVALIDITY gave it; else 0. Pure. */
uint32_t mailstore_uids_of_name(const char *name, uint32_t validity);

/* --- mailstore_write.c --- */

/* A new file with the text of a message; `path` is where it belongs in the folder. False with
 * errno. */
bool mailstore_write_file(MailStore *store, const MailFolder *folder, const Mail *mail,
                          const char *path);
/* What mailstore_prepare() made, and nobody used. */
void mailstore_drop_spare(MailStore *store);

/* --- mailstore_text.c --- */

/* Before its file is removed: whoever holds it can go on reading. */
void mailstore_keep_text(Mail *mail);
/* When nobody holds it any more. */
void mailstore_drop_text(Mail *mail);

/* --- mailstore_load.c --- */

/* Reads all users of the directory. IO. */
bool mailstore_load(MailStore *store, GError **error);
