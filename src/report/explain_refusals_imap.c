/* explain_refusals_imap.c: why an IMAP or ManageSieve server may have said NO or BAD. */
#include "report/explain_tables.h"

#define NEEDS_TLS                                                                                  \
    "disallowed|disabled|secure connection|SSL|TLS|privacy|encrypt|plaintext|cleartext|clear text"

const RefusalRule imap_refusals[] = {
    {.codes = "PRIVACYREQUIRED",
     .where = IN_CLEAR,
     .text = "the server wants TLS before this: STARTTLS first (/starttls)"},
    {.codes = "PRIVACYREQUIRED",
     .text = "the server does not take this connection for private, though TLS is up: something "
             "behind it may end TLS"},
    {.verb = "LOGIN",
     .words = NEEDS_TLS,
     .where = IN_CLEAR,
     .text = "LOGIN is off (LOGINDISABLED) until TLS is up: STARTTLS first (/starttls)"},
    {.verb = "LOGIN",
     .has = "LOGINDISABLED",
     .where = IN_CLEAR,
     .text = "LOGIN is off (LOGINDISABLED) until TLS is up: STARTTLS first (/starttls)"},
    {.verb = "LOGIN",
     .has = "LOGINDISABLED",
     .text = "the server has LOGIN switched off (LOGINDISABLED): AUTHENTICATE, by %M"},
    {.codes = "AUTHENTICATIONFAILED",
     .text =
         "or the account may not log in so: an application password, or OAuth, may be wanted; the "
         "server offers %M"},
    {.codes = "AUTHORIZATIONFAILED",
     .text = "the password was right, but not for acting as that user: leave the authorization "
             "identity out"},
    {.codes = "EXPIRED", .text = "a new password, or token, is needed"},
    {.codes = "UNAVAILABLE",
     .text = "something behind the server does not answer: the credentials were not judged; try "
             "again later"},
    {.codes = "CONTACTADMIN", .text = "nothing a client could do: ask the administrator"},
    {.codes = "NOPERM", .text = "MYRIGHTS tells what is allowed there"},
    {.codes = "INUSE|LIMIT", .text = "close other sessions, or try again later"},
    {.codes = "TRYCREATE", .text = "CREATE the mailbox, then do it again"},
    {.codes = "NONEXISTENT",
     .text =
         "LIST \"\" * shows the mailboxes; names are in modified UTF-7 unless UTF8=ACCEPT is on"},
    {.codes = "OVERQUOTA", .text = "GETQUOTAROOT INBOX shows the quota"},
    {.codes = "ALREADYEXISTS", .text = "choose another name"},
    {.codes = "CLIENTBUG",
     .text = "look at the line that was sent: the server holds it to be wrong"},
    {.codes = "UIDREQUIRED", .text = "message numbers are off: UID FETCH, UID SEARCH ..."},
    {.verb = "AUTHENTICATE",
     .words = "unsupported|not supported|unknown|mechanism|unrecognized",
     .text = "the server does not have that mechanism, or not here: it offers %M"},
    {.verb = "AUTHENTICATE",
     .words = NEEDS_TLS,
     .where = IN_CLEAR,
     .text = "that mechanism only inside TLS: STARTTLS first (/starttls)"},
    {.verb = "LOGIN|AUTHENTICATE",
     .words = "already|state|invalid command",
     .text = "only before login, and only once (RFC 9051 6.2)"},
    {.verb = "LOGIN|AUTHENTICATE",
     .text = "the user name or the password is wrong, or the account may not log in so; the server "
             "offers %M"},
    {.verb = "STARTTLS", .where = IN_TLS, .text = "TLS is up already"},
    {.verb = "STARTTLS",
     .text = "the server has no TLS to offer here, or cannot just now; a middlebox may have "
             "answered in its place. "
             "Port 993 (imaps) has TLS from the start"},
    {.verb = "FETCH|STORE|COPY|MOVE|SEARCH|EXPUNGE|CLOSE|UNSELECT|UID|SORT|THREAD",
     .words = "select|state|no mailbox|not valid|invalid command",
     .text = "a mailbox must be open: SELECT or EXAMINE first (RFC 9051 6.4)"},
    {.verb = "SELECT|EXAMINE|LIST|LSUB|STATUS|CREATE|DELETE|RENAME|SUBSCRIBE|APPEND|NAMESPACE|IDLE|"
             "ENABLE",
     .words = "login|authenticate|state|not valid|unauthenticated|invalid command",
     .text = "only after login (RFC 9051 6.3)"},
    {.verb = "IDLE",
     .words = "expected DONE|done",
     .text = "IDLE is ended by DONE alone, without a tag (RFC 2177)"},
    {.words = " BAD ",
     .text = "the server did not understand the line: the command, its arguments, or its quoting "
             "(a literal or \"...\")"},
    {.verb = "",
     .words = "BYE",
     .text =
         "the server does not serve you now: too many connections, or a block; try again later"},
    {NULL},
};

const RefusalRule sieve_refusals[] = {
    {.codes = "ENCRYPT-NEEDED",
     .where = IN_CLEAR,
     .text = "the server wants TLS before this: STARTTLS first (/starttls)"},
    {.codes = "AUTH-TOO-WEAK", .text = "a stronger mechanism is wanted: the server offers %M"},
    {.codes = "TRANSITION-NEEDED",
     .text = "log in once with PLAIN inside TLS; then the other mechanisms work"},
    {.codes = "TRYLATER", .text = "try again later"},
    {.codes = "QUOTA", .text = "delete scripts that are not needed (LISTSCRIPTS, DELETESCRIPT)"},
    {.codes = "ACTIVE", .text = "the active script cannot be deleted: SETACTIVE \"\" first"},
    {.codes = "NONEXISTENT", .text = "LISTSCRIPTS shows the names"},
    {.codes = "ALREADYEXISTS", .text = "choose another name, or delete that one"},
    {.verb = "AUTHENTICATE",
     .words = NEEDS_TLS,
     .where = IN_CLEAR,
     .text = "the server wants TLS before this: STARTTLS first (/starttls)"},
    {.verb = "AUTHENTICATE",
     .words = "unsupported|not supported|unknown|mechanism|unrecognized",
     .text = "the server does not have that mechanism, or not here: it offers %M"},
    {.verb = "AUTHENTICATE",
     .text = "the user name or the password is wrong, or the account has no scripts here; the "
             "server offers %M"},
    {.verb = "STARTTLS", .where = IN_TLS, .text = "TLS is up already"},
    {.verb = "STARTTLS",
     .text = "the server has no TLS to offer here, or cannot just now; a middlebox may have "
             "answered in its place"},
    {.verb = "PUTSCRIPT|CHECKSCRIPT|LISTSCRIPTS|GETSCRIPT|SETACTIVE|DELETESCRIPT|RENAMESCRIPT|"
             "HAVESPACE",
     .words = "authenticate|login|state|error in managesieve command",
     .text = "that may be for after AUTHENTICATE only (RFC 5804 2)"},
    {.verb = "PUTSCRIPT|CHECKSCRIPT",
     .text = "the script has an error: the text tells the line; every extension needs its require"},
    {NULL},
};
