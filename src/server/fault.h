/* fault.h: what goes wrong on purpose. `--fault NAME[=ARGS][@WHEN]`; each NAME is a row of
 * fault.c's table; WHEN narrows it: "imap", "cmd=FETCH", "nth=2", "from=joe@example.org", "to=...",
 * "user=...", "service=submissions", separated by commas. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

typedef enum {
    FAULT_OF_TLS,     /* changes certificate, versions or the handshake of the whole server */
    FAULT_OF_SESSION, /* asked for by name at the place it concerns: fault_hits() */
    FAULT_OF_COMMAND, /* done in place of, before or after any command: fault_at_command() */
    FAULT_OF_MAIL,    /* changes what is listed or sent of messages */
} FaultKind;

typedef struct {
    const char *name;
    FaultKind kind;
    const char *arguments; /* "SECONDS"; "[OCTETS]": may be left out; NULL: none */
    const char *protocols; /* "smtp pop3 imap", or NULL: all */
    const char *summary;   /* for --list-faults: what happens, and what a client should do */
    bool security;         /* the verdict on the client counts it */
} FaultRow;

/* Ended by a row whose name is NULL. */
extern const FaultRow fault_rows[];

/* One that was asked for. */
typedef struct {
    const FaultRow *row;
    char *said;                                            /* all of it, as it was asked for */
    char *arguments;                                       /* "" when none */
    char *protocol, *service, *command, *from, *to, *user; /* WHEN; NULL: any */
    unsigned nth;                                          /* 0: every time */
    unsigned seen;                                         /* how often the rest of WHEN fitted */
    unsigned done;                                         /* how often it was done */
} Fault;

/* USAGE, naming what is near. The caller frees it. */
Fault *fault_parse(const char *text, GError **error);
void fault_free(Fault *fault);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fault, fault_free)

/* Where a session is. NULL members fit nothing that WHEN asks for. */
typedef struct {
    const char *protocol, *service; /* "smtp", "submission" */
    const char *command;            /* upper case, "" before the first */
    const char *from, *to, *user;
} FaultMoment;

/* The first of the faults (of Fault) with that name that fits the moment, counted; NULL: none. */
const Fault *fault_find(GPtrArray *faults, const char *name, const FaultMoment *moment);
