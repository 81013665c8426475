/* error.h: the one error domain, and which exit status each kind of failure has.
 *
 * A function that can fail returns bool (or a pointer) and takes `GError **error` last; on success
 * it leaves it unset. A message says what was being done, to whom, what the other side said, and
 * what to try. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define POSTERN_ERROR postern_error_quark()
GQuark postern_error_quark(void);

/* The kinds of failure. The exit status of each is in error.c's table, and promised in
 * docs/man/postern.1.scd. */
typedef enum {
    POSTERN_ERROR_USAGE, /* 64: the command line, or an argument with CR, LF or NUL */
    POSTERN_ERROR_DATA,  /* 65: what was given is not what it should be; an expectation not met */
    POSTERN_ERROR_NO_INPUT,    /* 66: a file to read is missing or unreadable */
    POSTERN_ERROR_NO_HOST,     /* 68: the name does not resolve */
    POSTERN_ERROR_UNAVAILABLE, /* 69: nobody answers there, or the service said no */
    POSTERN_ERROR_BUG,         /* 70 */
    POSTERN_ERROR_CANT_CREATE, /* 73 */
    POSTERN_ERROR_IO,          /* 74: reading or writing failed on this side */
    POSTERN_ERROR_TEMPFAIL,    /* 75: the service said "later" */
    POSTERN_ERROR_TIMEOUT,     /* 75: a deadline passed */
    POSTERN_ERROR_EOF,         /* 76: the peer closed where it must not */
    POSTERN_ERROR_PROTOCOL,    /* 76: the peer broke the protocol */
    POSTERN_ERROR_LIMIT,       /* 76: the peer sent more than a cap allows */
    POSTERN_ERROR_INSECURE,    /* 76: going on would be insecure, so we did not */
    POSTERN_ERROR_AUTH,        /* 77 */
    POSTERN_ERROR_CONFIG,      /* 78 */
    POSTERN_ERROR_CANCELLED,   /* 130: interrupted */
} PosternErrorCode;

/* Sets *error (if error is not NULL) and returns false, so that `return error_fail(...)` reads
 * well. */
bool error_fail(GError **error, PosternErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Puts "format: " before the message of *error, if it is set. Returns false. */
bool error_prefix(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The exit status of an error, from the table; 70 for a foreign domain, 0 for NULL. */
int error_exit_status(const GError *error);

/* The stable lower-case word of a code ("timeout", "insecure"), for JSON. */
const char *error_word(const GError *error);
