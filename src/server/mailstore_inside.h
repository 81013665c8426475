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
    /* The list of UIDs that was written to last stays open: a line for the next message costs one
     * write. */
    const MailFolder *uids_folder;
    int uids_fd;
};

/* --- mailstore.c --- */

MailFolder *mailstore_add_folder(MailStore *store, MailUser *user, const char *name);
/* A Mail with one reference, not yet in a folder. */
Mail *mailstore_new_mail(GBytes *text, const Mail *as);
void mailstore_tell(MailStore *store, MailFolder *folder);
/* Can a folder be called so? */
bool mailstore_folder_name_is_good(const char *name);

/* --- mailstore_disk.c: all do nothing where there is no directory --- */

/* Makes the Maildir of a user. CANT_CREATE. */
bool mailstore_disk_user(MailStore *store, MailUser *user, GError **error);
/* Makes the Maildir of a folder and its list of UIDs. CANT_CREATE. */
bool mailstore_disk_folder(MailStore *store, MailUser *user, MailFolder *folder, GError **error);
/* The text of a file, to be read from it when somebody wants it: it stays good when the file is
 * renamed or removed, and the system can take its memory back. (Nobody changes a file of a Maildir
 * in place.) NULL: it is small, and better kept in memory, or cannot be had so. The caller owns. */
GBytes *mailstore_disk_map(int fd, size_t octets);
/* Writes a message, its UID and its envelope; its text may be that of the file from then on. IO. */
bool mailstore_disk_add(MailStore *store, MailFolder *folder, Mail *mail, GError **error);
/* Its name says its flags. */
void mailstore_disk_flags(MailFolder *folder, Mail *mail);
void mailstore_disk_remove(MailFolder *folder, Mail *mail);
void mailstore_disk_delete(MailStore *store, MailFolder *folder);
/* `folder` has its new name already. */
void mailstore_disk_rename(MailUser *user, MailFolder *folder);
void mailstore_disk_subscriptions(const MailUser *user);
/* Writes the list of UIDs anew. */
void mailstore_disk_uids(MailStore *store, const MailFolder *folder);
/* Closes the list that stays open. */
void mailstore_disk_close(MailStore *store);
/* The word of a list of UIDs for an envelope address, "Tjoe@example.org", and back; NULL: it is
 * none. */
char *mailstore_disk_address(char key, const char *address);
char *mailstore_disk_read_address(const char *word);

/* --- mailstore_load.c --- */

/* Reads all users of the directory. IO. */
bool mailstore_load(MailStore *store, GError **error);
