/* journal.h: which messages of a batch, and which of their recipients, have been decided: what a
 * server took or refused for good is never sent again, whatever kills the program.
 *
 * What journal_write() wrote outlives the program at once, kill -9 too; once journal_sync() has
 * returned, it outlives a crash of the machine. Local files; nothing suspends. */
#pragma once

#include "send/submit.h"

typedef struct Journal Journal;

/* Opens or makes the file (0600), and keeps others out of it: two runs of one batch would send
 * everything twice. TEMPFAIL when another has it; CANT_CREATE, CONFIG, DATA, IO. */
Journal *journal_open(const char *path, GError **error);
/* NULL is fine. */
void journal_close(Journal *j);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Journal, journal_close)

/* What is known of the message: *complete when nothing is left to be done for it; else the
 * addresses already decided are appended to `decided` (of char*). */
bool journal_look(Journal *j, const char *key, bool *complete, GPtrArray *decided, GError **error);

/* What was decided of one message; all borrowed. */
typedef struct {
    const char *key;
    const Submission *submission;
    bool complete; /* nothing more will be done for it */
} JournalEntry;

/* Makes room for what is known of so many messages more, so that it is written and synced quickly.
 * To be called before the first journal_write(). IO. */
bool journal_expect(Journal *j, size_t messages, GError **error);
/* Writes down what was decided of one message, all or nothing. */
bool journal_write(Journal *j, const JournalEntry *entry, GError **error);
/* Returns when all that was written down is on disk. */
bool journal_sync(Journal *j, GError **error);
