/* gsasl_load.h: libgsasl, loaded when Kerberos or SASLprep's tables are wanted: it brings libidn,
 * libntlm and a GSSAPI that most logins never use. A function is called through the table,
 * `g->gsasl_step()`. Internal to sasl/. */
#pragma once

#include <gsasl.h>

#include "base/error.h"
#include "base/library.h"

#define GSASL_FUNCTIONS(X)                                                                         \
    X(gsasl_init)                                                                                  \
    X(gsasl_done)                                                                                  \
    X(gsasl_callback_set)                                                                          \
    X(gsasl_client_start)                                                                          \
    X(gsasl_server_start)                                                                          \
    X(gsasl_step)                                                                                  \
    X(gsasl_finish)                                                                                \
    X(gsasl_free)                                                                                  \
    X(gsasl_strerror)                                                                              \
    X(gsasl_property_set)                                                                          \
    X(gsasl_property_fast)                                                                         \
    X(gsasl_session_hook_set)                                                                      \
    X(gsasl_session_hook_get)                                                                      \
    X(gsasl_saslprep)

typedef struct {
    GSASL_FUNCTIONS(LIBRARY_MEMBER)
    LibraryOnce once;
} GsaslLibrary;

/* The table; it lives as long as the process. NULL with CONFIG when the library is missing; `what`
 * is what needs it. Does not suspend. */
const GsaslLibrary *gsasl_load(const char *what, GError **error);
