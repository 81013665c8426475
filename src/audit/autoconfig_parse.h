/* autoconfig_parse.h: the file by which mail programs set themselves up
 * (https://autoconfig.DOMAIN/mail/config-v1.1.xml, draft-bucksch-autoconfig). Pure; a fuzz target.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

typedef enum { AUTOCONFIG_TLS, AUTOCONFIG_STARTTLS, AUTOCONFIG_PLAIN } AutoconfigSecurity;

/* One server the file names. */
typedef struct {
    const char *scheme; /* static: what is spoken there: "imaps", "submission" ... */
    char *host;         /* not empty */
    uint16_t port;      /* not 0 */
    AutoconfigSecurity security;
} AutoconfigServer;

/* How the file calls it: "SSL", "STARTTLS", "plain". Static. */
const char *autoconfig_security_name(AutoconfigSecurity security);

/* The IMAP, POP3 and SMTP servers, in the file's order; others, and those without a host or a port,
 * are passed over; at most 16. GPtrArray of AutoconfigServer, the caller's to unref. `domain`
 * stands in for %EMAILDOMAIN%. NULL with DATA when it is no such file. */
GPtrArray *autoconfig_parse(Bytes xml, const char *domain, GError **error);
