/* accounts_keys.h: the keys of an accounts.conf section, one row each: where the value goes, and
 * what it must be. Internal to config/. */
#pragma once

#include <stddef.h>

#include "config/accounts.h"

typedef enum {
    KEY_STRING, /* char* */
    KEY_FILE, /* char*; ~/ is the home directory, a relative name starts at the file's own directory
               */
    KEY_LIST, /* char**; separated by ';' */
    KEY_WORDS,  /* char**; separated by ';' or ',' */
    KEY_BOOL,   /* int */
    KEY_DAYS,   /* int */
    KEY_SIZE,   /* int64_t */
    KEY_SECRET, /* Secret* */
} KeyKind;

/* Of each group a section may have one, and a section's own choice hides those below it. */
typedef enum { GROUP_NONE, GROUP_PASSWORD, GROUP_TOKEN } KeyGroup;

typedef struct {
    const char *key;
    size_t offset; /* into Account */
    KeyKind kind;
    KeyGroup group;
    bool (*check)(
        const char *value); /* one value, or one item of a list; NULL: not empty is enough */
    const char *expected;   /* for the message: "expected ..." */
} AccountKey;

/* Ended by a row whose key is NULL. */
extern const AccountKey account_keys[];
const AccountKey *account_key_find(const char *key);

/* Nothing said: NULL and -1 everywhere. The caller frees it. */
Account *account_new(void);
bool account_key_is_set(const Account *account, const AccountKey *key);
void account_key_copy(Account *to, const Account *from, const AccountKey *key);

/* "500", "10k", "25M", "1G" (powers of 1024); false when it is not a size. */
bool account_size_parse(const char *text, int64_t *ret);
