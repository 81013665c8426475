/* import_block.h: settings of one account in a foreign file, by name: what the readers of mpoprc,
 * msmtprc and getmailrc share. A password becomes a Secret as soon as it is read. Internal to
 * config/. */
#pragma once

#include "config/import.h"

typedef struct {
    GHashTable *values; /* name -> char*; owns both */
    GHashTable *lines;  /* name -> line */
    Secret *password;
    unsigned line; /* where the block begins */
} ImportBlock;

ImportBlock *import_block_new(unsigned line);
void import_block_free(ImportBlock *block);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImportBlock, import_block_free)
/* The last one wins. */
void import_block_set(ImportBlock *block, const char *name, Bytes value, unsigned line);
void import_block_set_password(ImportBlock *block, Bytes value, unsigned line);
/* Takes over everything of the other block. */
void import_block_lay(ImportBlock *block, const ImportBlock *from);
/* NULL: not said. Borrowed. */
const char *import_block_get(const ImportBlock *block, const char *name);
unsigned import_block_line(const ImportBlock *block, const char *name);
/* "on", "true", "yes", "1" against everything else; `otherwise` where nothing is said. */
bool import_block_is_on(const ImportBlock *block, const char *name, bool otherwise);

/* One account under way from a block into an import. */
typedef struct {
    Import *to;
    const ImportBlock *block;
    Account *account;
} ImportMove;

/* What the block says of it, borrowed; NULL: nothing. */
const char *import_said(const ImportMove *m, const char *name);
/* Notes what becomes of it, where the block says it; a section ("options.") is not shown. */
void import_remark(const ImportMove *m, const char *name, const char *words);
