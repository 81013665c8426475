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
bool mailstore_disk_folder(MailUser *user, MailFolder *folder, GError **error);
/* Writes a message and its UID. IO. */
bool mailstore_disk_add(MailFolder *folder, Mail *mail, GError **error);
/* Its name says its flags. */
void mailstore_disk_flags(MailFolder *folder, Mail *mail);
void mailstore_disk_remove(MailFolder *folder, Mail *mail);
void mailstore_disk_delete(MailFolder *folder);
/* `folder` has its new name already. */
void mailstore_disk_rename(MailUser *user, MailFolder *folder);
void mailstore_disk_subscriptions(const MailUser *user);
/* Writes the list of UIDs anew. */
void mailstore_disk_uids(const MailFolder *folder);

/* --- mailstore_load.c --- */

/* Reads all users of the directory. IO. */
bool mailstore_load(MailStore *store, GError **error);
