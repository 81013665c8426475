/* accounts_scan.h: the lines of an accounts.conf, looked at before GKeyFile gets them: where each
 * key stands (for messages), that nothing is said twice, and the passwords taken out. Pure;
 * internal to config/. */
#pragma once

#include "base/error.h"
#include "base/secret.h"

typedef struct {
    GHashTable *lines;     /* "section" and "section\nkey" -> line number */
    GHashTable *passwords; /* section -> Secret */
} AccountsScan;

/* `text` is NUL-terminated and is changed: the value of every `password` key is overwritten with
 * '*' once it has become a Secret, so that no library function ever sees it. `file` is for
 * messages, which never show a line's contents. Fails with CONFIG; on success the caller clears
 * *ret. */
bool accounts_scan(char *text, size_t len, const char *file, AccountsScan *ret, GError **error);
void accounts_scan_clear(AccountsScan *scan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AccountsScan, accounts_scan_clear)

/* The line of a section (key NULL) or of a key in it; 0 when it is not there. */
unsigned accounts_scan_line(const AccountsScan *scan, const char *section, const char *key);
/* Borrowed; NULL when the section has none. */
const Secret *accounts_scan_password(const AccountsScan *scan, const char *section);
