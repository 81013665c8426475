/* sandbox_mail.h: what a test wants to know of a message that came: its links, its code, all of it
 * as JSON. Pure. */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

typedef struct {
    const char *from, *to; /* envelope */
    const char *subject;   /* decoded, or NULL */
    const char *file;      /* or NULL */
    int64_t received;      /* seconds since the epoch */
    uint64_t octets;
    const char *const *headers; /* names and values in turn, ended by NULL */
    const char *text;           /* of its bodies, HTML reduced */
} SandboxMail;

/* Every http and https address in the text, in order, ended by NULL. g_strfreev(). */
char **sandbox_mail_links(const char *text);
/* The code somebody is to type in: 4 to 8 digits (or 123-456), first where "code", "PIN" or the
 * like stands before it. NULL when there is none. The caller frees it. */
char *sandbox_mail_code(const char *text);
/* {"from", "to", "subject", "received" (seconds), "octets", "path", "headers": [[name, value]],
 * "text", "links": [], "code"}. The caller frees it. */
char *sandbox_mail_json(const SandboxMail *mail);
