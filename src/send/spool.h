/* spool.h: messages that wait on disk for their server. A directory with two files a message:
 *
 *     ID.msg    the text as it will travel; never changed
 *     ID.job    its envelope, where it goes, and how it fared so far (a GKeyFile)
 *
 * A message is there as soon as ID.job is, and as long: that file is made after the text is on
 * disk, replaced as a whole, and removed when nothing is left to be done. Who works on a message
 * holds flock() on its text; the kernel lets go however a process ends. Local files; nothing
 * suspends. */
#pragma once

#include "send/outgoing.h"

typedef struct Spool Spool;

/* One message. Owns its strings; lists are NULL-terminated. */
typedef struct {
    char *id;
    char *url;         /* or NULL: the options name an account */
    char **options;    /* words of a command line: how the server is reached, what is asked for */
    char *sender;      /* "" is the null reverse-path */
    char **recipients; /* those left */
    char *message_id;  /* or NULL */
    char *notices;     /* the Maildir for a failure notice, or NULL: by mail */
    int64_t queued, next, expires; /* seconds since the epoch */
    uint64_t octets;
    unsigned tries;
    bool held;
    bool damaged; /* its file cannot be read: it is held, and stays until somebody removes it */
    char *why;    /* what ended the last try, or NULL */
    int fd;       /* the text, locked; -1 for one that was only listed */
} SpoolJob;

SpoolJob *spool_job_new(void);
/* Lets go of the lock too. */
void spool_job_free(SpoolJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpoolJob, spool_job_free)

/* What an ID.job says; one that is none is damaged, and `why` tells. Never NULL. Pure; a fuzz
 * target. */
SpoolJob *spool_job_parse(const char *id, Bytes text);

/* Opens the directory; it is made (0700) when missing. CANT_CREATE. */
Spool *spool_open(const char *path, GError **error);
void spool_close(Spool *spool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Spool, spool_close)
const char *spool_path(const Spool *spool);
/* "PATH/ID.msg". The caller frees it. */
char *spool_text_path(const Spool *spool, const char *id);

/* Puts a message there: on disk when this returns. Gives the job its id, octets, message_id, and,
 * unless it has them, the message's sender and recipients. CANT_CREATE, IO: then nothing is there.
 */
bool spool_add(Spool *spool, const Outgoing *message, SpoolJob *job, GError **error);

/* All that lie there, the oldest first (of SpoolJob, without locks), damaged ones too.
 * CANT_CREATE. The caller unrefs the array. */
GPtrArray *spool_list(Spool *spool, GError **error);

/* The message, locked. NULL without an error when it is gone, or when somebody else is at it
 * (*busy). The caller frees it. */
SpoolJob *spool_take(Spool *spool, const char *id, bool *busy);
/* Writes down a taken job's state. IO; DATA for a damaged one, which stays as it is. */
bool spool_save(Spool *spool, const SpoolJob *job, GError **error);
/* Removes a taken job with its text: for good when this returns. IO. */
bool spool_remove(Spool *spool, const SpoolJob *job, GError **error);

/* Removes texts whose job was never written, an hour old: their writer was killed. How many. */
unsigned spool_sweep(Spool *spool);

/* Has this recipient off the list. */
void spool_job_decided(SpoolJob *job, const char *address);
/* The next try: `first` seconds behind the first, twice as long each time, at most four hours. */
void spool_job_put_off(SpoolJob *job, double first, const char *why);
