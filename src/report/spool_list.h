/* spool_list.h: messages that wait, for people and for programs. Without line end; the caller frees
 * what is given. */
#pragma once

#include "send/spool.h"

/* "6921...-4f2a9c01  1.8 kB  alice@a -> bob@b, carol@c  queued 3 min ago, next try in 4 min (1
 * before: 451 ...)"; escaped. `now` in seconds since the epoch. */
char *spool_job_text(const SpoolJob *job, int64_t now);
/* One object on a line: id, message_id, server, sender, recipients, octets, queued, next, expires,
 * tries, held, why. */
char *spool_job_json(const SpoolJob *job);
/* {"result": "queued", "id": ..., "message_id": ..., "sender": ..., "recipients": [...]} */
char *spool_added_json(const char *id, const Outgoing *message);
