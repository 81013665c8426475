/* The exit status fetchmail would give (fetchmail(1), EXIT CODES), for scripts that look at it. */
#include <string.h>

#include "cmd/fetch_rc.h"

enum {
    PS_SUCCESS = 0,
    PS_NOMAIL = 1,
    PS_SOCKET = 2,
    PS_AUTHFAIL = 3,
    PS_PROTOCOL = 4,
    PS_SYNTAX = 5,
    PS_ERROR = 7,
    PS_EXCLUDE = 8,
    PS_LOCKBUSY = 9,
    PS_SMTP = 10,
    PS_DNS = 11,
    PS_MAXFETCH = 13,
    PS_SERVBUSY = 14,
    PS_UNDEFINED = 23,
};

/* The server's own words (RFC 2449 and 3206) tell a mailbox in use from a server that is busy. */
static int busy_status(const FetchOutcome *o)
{
    const char *said = o->error->message;
    if (o->totals.kept_back > 0) {
        return PS_SMTP;
    }
    if (strstr(said, "[IN-USE]") || strstr(said, "[INUSE]")) {
        return PS_LOCKBUSY;
    }
    return o->reached == STAGE_NONE && !strstr(said, "[") ? PS_EXCLUDE : PS_SERVBUSY;
}

static int failure_status(const FetchOutcome *o)
{
    bool connected = o->reached >= STAGE_CONNECT;
    bool logged_in = o->reached >= STAGE_AUTH;
    if (o->command_status != 0) {
        return PS_SYNTAX;
    }
    switch ((PosternErrorCode)o->error->code) {
    case POSTERN_ERROR_NO_HOST:
        return PS_DNS;
    case POSTERN_ERROR_AUTH:
        return PS_AUTHFAIL;
    case POSTERN_ERROR_TEMPFAIL:
        return busy_status(o);
    case POSTERN_ERROR_USAGE:
    case POSTERN_ERROR_CONFIG:
        return PS_SYNTAX;
    case POSTERN_ERROR_INSECURE: /* fetchmail counts a failed handshake as no connection */
    case POSTERN_ERROR_EOF:
    case POSTERN_ERROR_UNAVAILABLE:
        return logged_in ? PS_ERROR : PS_SOCKET;
    case POSTERN_ERROR_TIMEOUT:
        return connected ? PS_ERROR : PS_SOCKET;
    case POSTERN_ERROR_PROTOCOL:
    case POSTERN_ERROR_LIMIT:
        return PS_PROTOCOL;
    case POSTERN_ERROR_CANT_CREATE:
    case POSTERN_ERROR_IO:
        return logged_in ? PS_SMTP : PS_SOCKET;
    default:
        return PS_UNDEFINED;
    }
}

static int outcome_status(const FetchOutcome *o)
{
    if (o->error) {
        return failure_status(o);
    }
    if (o->totals.fetched == 0) {
        return PS_NOMAIL;
    }
    bool at_limit = o->job->limit > 0 && o->totals.fetched >= o->job->limit;
    return at_limit ? PS_MAXFETCH : PS_SUCCESS;
}

/* With several servers: 0 if any gave mail, else what the last one says. */
int fetch_rc_exit_status(const FetchRun *run)
{
    int status = PS_NOMAIL;
    if (run->rc_failure) {
        return run->rc_failure;
    }
    for (guint i = 0; i < run->outcomes->len; i++) {
        const FetchOutcome *o = &g_array_index(run->outcomes, FetchOutcome, i);
        if (o->job) { /* else it was not its turn */
            status = outcome_status(o);
        }
        if (o->job && status == PS_SUCCESS) {
            return status;
        }
    }
    return status;
}
