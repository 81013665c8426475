/* explain_refusals_other.c: why an NNTP or FTP server may have refused. */
#include "report/explain_tables.h"

const RefusalRule nntp_refusals[] = {
    {.codes = "483",
     .where = IN_CLEAR,
     .text = "the server wants TLS before this: STARTTLS first (/starttls)"},
    {.codes = "483", .text = "a stronger encryption is wanted"},
    {.codes = "480", .text = "the server wants a login before this: AUTHINFO (/auth)"},
    {.codes = "481", .text = "the user name or the password is wrong"},
    {.codes = "482", .text = "AUTHINFO USER comes directly before AUTHINFO PASS"},
    {.verb = "AUTHINFO",
     .codes = "502",
     .where = IN_CLEAR,
     .text = "already logged in, or only inside TLS: CAPABILITIES tells (it offers %M)"},
    {.verb = "STARTTLS", .where = IN_TLS, .text = "TLS is up already"},
    {.verb = "STARTTLS",
     .text = "the server has no TLS to offer here, or not after login; port 563 (nntps) has TLS "
             "from the start"},
    {.codes = "401", .text = "MODE READER first"},
    {.codes = "412", .text = "GROUP NAME first"},
    {.verb = "", .codes = "502", .text = "this client may not connect here"},
    {NULL},
};

const RefusalRule ftp_refusals[] = {
    {.verb = "AUTH", .where = IN_TLS, .text = "TLS is up already"},
    {.verb = "AUTH",
     .codes = "431",
     .text = "the server has TLS but no certificate for it: its administrator has to look"},
    {.verb = "AUTH",
     .text = "the server has no TLS to offer here (AUTH TLS, RFC 4217); FEAT tells what it has"},
    {.verb = "USER|PASS",
     .words = "TLS|SSL|secure|encrypt|clear",
     .where = IN_CLEAR,
     .text = "the server wants TLS before a login: AUTH TLS first (/starttls)"},
    {.verb = "PASS",
     .codes = "530",
     .text = "the user name or the password is wrong, or the account may not use FTP"},
    {.codes = "530", .text = "the server wants a login before this: USER, PASS"},
    {.codes = "522|521",
     .words = "PROT|protect|TLS|SSL",
     .text = "data connections must be encrypted: PBSZ 0, PROT P first"},
    {.codes = "425",
     .text =
         "the data connection could not be made: PASV or EPSV first; a firewall may be in the way"},
    {.codes = "421", .text = "connect again later: too many users, or idle for too long"},
    {NULL},
};
