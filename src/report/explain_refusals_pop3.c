/* explain_refusals_pop3.c: why a POP3 server may have said -ERR. First match speaks: codes, then
 * words, then the command alone. */
#include "report/explain_tables.h"

#define NEEDS_TLS                                                                                  \
    "disallowed|disabled|secure connection|SSL|TLS|privacy|encrypt|plaintext|cleartext|clear text"

const RefusalRule pop3_refusals[] = {
    {.codes = "IN-USE",
     .text = "another session holds the mailbox: quit that one, or wait until the server drops it "
             "(ten minutes, often)"},
    {.codes = "LOGIN-DELAY",
     .text = "too soon after the last login: CAPA's LOGIN-DELAY tells how long to wait"},
    {.codes = "SYS/TEMP", .text = "the credentials were not judged: try again later"},
    {.codes = "SYS/PERM|SYS",
     .text = "the credentials were not judged: only the server's administrator can mend this"},
    {.verb = "APOP",
     .codes = "AUTH",
     .text = "the secret is wrong, or this account has no APOP: for it the server must keep the "
             "password itself, not a hash"},
    {.verb = "USER|PASS|AUTH",
     .words = NEEDS_TLS,
     .where = IN_CLEAR,
     .text = "the server takes passwords inside TLS only: STLS first (/starttls)"},
    {.codes = "AUTH",
     .text = "the user name or the password is wrong; a server does not tell which"},
    {.verb = "APOP",
     .words = "unknown command|invalid command|not implemented|not supported|unrecognized",
     .text = "this server has no APOP (its greeting has no <challenge> then): USER and PASS or "
             "AUTH, inside TLS"},
    {.verb = "APOP",
     .text = "the secret is wrong, or this account has no APOP: for it the server must keep the "
             "password itself, not a hash. "
             "Mind that the digest is made of the challenge of this very greeting; USER and PASS "
             "inside TLS tell the two cases apart"},
    {.verb = "AUTH",
     .words = "unsupported|not supported|unknown|mechanism|invalid|unrecognized",
     .text = "the server does not have that mechanism, or not here: it offers %M"},
    {.verb = "AUTH",
     .text = "the user name or the password is wrong, or the account may not use this mechanism; "
             "the server offers %M"},
    {.verb = "PASS",
     .words = "lock|in use|busy",
     .text = "another session holds the mailbox: quit that one, or wait until the server drops it"},
    {.verb = "PASS",
     .words = "no USER|USER first|before",
     .text = "USER comes directly before PASS (RFC 1939 7)"},
    {.verb = "PASS",
     .text = "the user name or the password is wrong, or the mailbox is locked; a server does not "
             "tell which"},
    {.verb = "USER",
     .text =
         "the server does not take USER at this point: CAPA tells what it takes (it offers %M)"},
    {.verb = "STLS", .where = IN_TLS, .text = "TLS is up already"},
    {.verb = "STLS",
     .text = "the server has no TLS to offer here, or cannot just now; a middlebox may have "
             "answered in its place. "
             "Port 995 (pop3s) has TLS from the start"},
    {.verb = "RETR|LIST|UIDL|TOP|DELE",
     .words = "no such|invalid message|deleted|out of range|doesn't exist|there's no",
     .text = "no message of that number: they count from 1 to what STAT says, without those "
             "deleted in this session"},
    {.verb = "STAT|LIST|RETR|DELE|UIDL|TOP|RSET|NOOP",
     .words = "unknown|invalid|not valid|state|login|auth",
     .text = "that command is for after login (RFC 1939 5)"},
    {.verb = "",
     .text = "the server does not serve you now: nothing but trying again later, or another "
             "server, helps"},
    {NULL},
};
