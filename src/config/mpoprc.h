/* mpoprc.h: the file format mpop and msmtp share: lines of "NAME VALUE", `defaults`, `account NAME
 * [: NAME[, NAME...]]`. Pure; internal to config/. */
#pragma once

#include "config/import_block.h"

typedef struct {
    char *name;
    ImportBlock *block; /* with the defaults and the accounts it builds on laid below */
    char *same_as;      /* `account default : NAME` and nothing else; or NULL */
} MpopAccount;

/* The accounts in the file's order (of MpopAccount); the caller unrefs the array. CONFIG, LIMIT.
 * Passwords are in no message. */
GPtrArray *mpoprc_parse(Bytes text, const char *file, GError **error);
