/* netrc.h: ~/.netrc as a source of passwords. */
#pragma once

#include "base/error.h"
#include "base/secret.h"

/* The password for machine `host` and, if user is not NULL, login `user`; *ret_user is the login
 * found (the caller frees it; may be NULL). NULL without an error when there is none. A file others
 * can read fails with CONFIG. */
Secret *netrc_password(const char *file, const char *host, const char *user, char **ret_user,
                       GError **error);
/* The pure part. */
Secret *netrc_parse(Bytes text, const char *host, const char *user, char **ret_user);
