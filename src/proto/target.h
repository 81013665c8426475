/* target.h: server addresses, SCHEME://[USER@]HOST[:PORT], and the table of schemes. Pure. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

struct Proto;

/* One row a scheme; `postern help ports` prints them. */
typedef struct {
    const char *name;          /* "pop3s" */
    const struct Proto *proto; /* the registry row of what is spoken */
    uint16_t port;             /* 0: must be given */
    bool tls_first;            /* TLS from the start */
    bool mail;                 /* false: talk and check only */
    const char *alias_of;      /* "submissions" for smtps and ssmtp, else NULL */
    const char *tls; /* how TLS comes about, in words: "STARTTLS", "from the start", "none" */
} Scheme;

extern const Scheme target_schemes[]; /* ended by a row with name NULL */
const Scheme *target_scheme_find(const char *name);

typedef struct {
    const Scheme *scheme;
    char *user;       /* decoded, or NULL */
    char *host;       /* A-label or address, lower case, without brackets; NULL for a unix socket */
    char *shown_host; /* as the user wrote it */
    uint16_t port;
    char *unix_path; /* lmtp:///PATH, or NULL */
    char *path;      /* what stood behind host and port, or NULL */
} Target;

void target_free(Target *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Target, target_free)

/* default_scheme is used for a bare HOST[:PORT], or NULL where a scheme must be given. A port may
 * be a service name. A password in the address is refused, naming the ways to give one. Fails with
 * USAGE. */
Target *target_parse(const char *text, const char *default_scheme, GError **error);
/* "pop3s://joe@mail.example.org" with the port only when it is not the scheme's. The caller frees
 * it. */
char *target_text(const Target *target);
