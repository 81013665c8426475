/* explain_refusals_smtp.c: why an SMTP or LMTP server may have refused. */
#include "report/explain_tables.h"

#define NEEDS_TLS "STARTTLS|TLS|SSL|encrypt|secure"
#define NEEDS_AUTH                                                                                 \
    "authentication required|authenticate first|auth first|must authenticate|log in|login"
#define BLOCKED                                                                                    \
    "blocked|blacklist|blocklist|block list|spamhaus|rbl|dnsbl|reputation|is listed|listed "       \
    "in|listed by"

const RefusalRule smtp_refusals[] = {
    /* the connection */
    {.codes = "421",
     .words = "too many",
     .text = "too many connections from here: close some, or wait"},
    {.codes = "421",
     .words = "timeout|timed out|idle",
     .text = "the server got tired of waiting: connect again (/resume)"},
    {.verb = "",
     .words = BLOCKED,
     .text = "this address is blocked here: the list that the text names tells why and how to get "
             "off it"},
    {.codes = "421",
     .text = "the server gives no service now: connect again later; greylisting and rate limits "
             "look like this too"},
    {.verb = "",
     .codes = "554",
     .text = "no mail service here for this client: often its address is on a block list, or has "
             "no reverse DNS"},

    /* STARTTLS */
    {.verb = "STARTTLS", .where = IN_TLS, .text = "TLS is up already"},
    {.verb = "STARTTLS",
     .codes = "454",
     .text = "the server offers TLS but cannot do it just now (its certificate, most often): its "
             "administrator "
             "has to look. Nothing was sent in the clear"},
    {.verb = "STARTTLS", .codes = "501", .text = "STARTTLS stands alone, without arguments"},
    {.verb = "STARTTLS", .codes = "503", .text = "EHLO comes before STARTTLS"},
    {.verb = "STARTTLS",
     .text = "the server has no TLS to offer here, or a middlebox has answered in its place. Port "
             "465 has TLS from the start"},

    /* AUTH */
    {.verb = "AUTH",
     .codes = "530|538",
     .where = IN_CLEAR,
     .text = "the server takes authentication inside TLS only: STARTTLS first (/starttls)"},
    {.verb = "AUTH",
     .words = NEEDS_TLS,
     .where = IN_CLEAR,
     .text = "the server takes authentication inside TLS only: STARTTLS first (/starttls)"},
    {.verb = "AUTH",
     .codes = "500|502|503",
     .where = IN_CLEAR,
     .lacks = "AUTH",
     .text = "AUTH is not offered here: many servers have it only inside TLS (STARTTLS first), or "
             "on port 587 and 465 only"},
    {.verb = "AUTH",
     .codes = "500|502|503",
     .lacks = "AUTH",
     .text = "AUTH is not offered here: it belongs to submission, port 587 or 465, not to port 25"},
    {.verb = "AUTH",
     .codes = "503",
     .words = "already",
     .text = "one can log in once a session only (RFC 4954 4)"},
    {.verb = "AUTH",
     .codes = "503",
     .text = "AUTH comes after EHLO, once a session, and not within a transaction (RFC 4954 4)"},
    {.verb = "AUTH",
     .codes = "504",
     .text = "the server does not have that mechanism: it offers %M"},
    {.verb = "AUTH",
     .codes = "432|4.7.12",
     .text = "log in once with PLAIN inside TLS; then the other mechanisms work"},
    {.verb = "AUTH",
     .codes = "534",
     .words = "application-specific|app password|InvalidSecondFactor",
     .text = "the account has two-factor login: make an application password with the provider and "
             "use that"},
    {.verb = "AUTH",
     .codes = "534",
     .words = "log in via|web browser",
     .text = "the provider wants one login by browser first, then try again"},
    {.verb = "AUTH",
     .codes = "534|5.7.9",
     .text = "a stronger mechanism is wanted for this account: the server offers %M"},
    {.verb = "AUTH",
     .codes = "5.7.139",
     .text = "the provider has switched passwords off for this account: use OAuth (XOAUTH2), or "
             "have SMTP AUTH switched on"},
    {.verb = "AUTH",
     .codes = "535|5.7.8",
     .words = "application-specific|app password",
     .text = "make an application password with the provider and use that"},
    {.verb = "AUTH",
     .words = "mechanism",
     .codes = "535|5.7.8|5.5.4",
     .text = "the server does not have that mechanism: it offers %M"},
    {.verb = "AUTH",
     .codes = "535|5.7.8",
     .text = "some servers want the whole address as user name; an account with two-factor login "
             "wants an "
             "application password; the server offers %M"},
    {.verb = "AUTH", .words = "abort|cancel", .text = "that is the answer to *: nothing is wrong"},
    {.verb = "AUTH",
     .codes = "525|5.7.13",
     .text = "the account is disabled: ask its administrator"},
    {.verb = "AUTH",
     .codes = "454",
     .text = "the credentials were not judged: something behind the server does not answer; try "
             "again later"},
    {.verb = "AUTH",
     .codes = "501|5.5.2",
     .text = "the response was not what the mechanism wants, not base64, or the exchange was "
             "cancelled with *"},
    {.verb = "AUTH",
     .codes = "500|5.5.6",
     .text = "the line was too long: send the initial response on a line of its own"},

    /* not before login or TLS, whatever the command */
    {.codes = "530",
     .words = NEEDS_TLS,
     .where = IN_CLEAR,
     .text = "the server wants TLS before this: STARTTLS first (/starttls)"},
    {.codes = "530", .text = "the server wants a login before this: AUTH (/auth)"},

    /* the envelope */
    {.verb = "MAIL|RCPT|DATA|BDAT",
     .words = NEEDS_AUTH,
     .text = "the server wants a login before this: AUTH (/auth)"},
    {.verb = "MAIL|RCPT",
     .words = "relay",
     .text = "the server does not relay for you: log in first (AUTH), use port 587 or 465, or ask "
             "the recipient's own "
             "server (its MX)"},
    {.words = BLOCKED,
     .text = "this address or domain is blocked here: the list that the text names tells why and "
             "how to get off it"},
    {.codes = "450|451|4.7.1",
     .words = "greylist|grey list|graylist|try again later",
     .text = "greylisting: the same sender, recipient and client pass when they try again after "
             "some minutes"},
    {.verb = "MAIL",
     .words = "not owned|sender address rejected|not allowed to send as|SendAsDenied",
     .text = "that login may not use this sender address, or its domain does not exist: take the "
             "account's own"},
    {.verb = "MAIL",
     .codes = "552|5.3.4|5.2.3",
     .text = "the size told with SIZE= is above what EHLO allows"},
    {.verb = "MAIL",
     .codes = "555|501|553",
     .text = "the form is MAIL FROM:<address>, then parameters that EHLO has offered; no blank "
             "before \"<\""},
    {.verb = "RCPT",
     .codes = "555|501|553",
     .text = "the form is RCPT TO:<address>, then parameters that EHLO has offered; no blank "
             "before \"<\""},
    {.verb = "RCPT",
     .codes = "5.1.1|5.1.10",
     .text = "check the spelling: the server says that the mailbox, or mail for the domain, does "
             "not exist"},
    {.verb = "RCPT",
     .codes = "452|5.5.3|4.5.3",
     .words = "too many",
     .text = "send to the remaining recipients in another transaction"},
    {.verb = "RCPT", .codes = "552|452|5.2.2|4.2.2", .text = "the recipient's mailbox is full"},
    {.verb = "RCPT",
     .codes = "550|554|5.7.1",
     .text = "no such mailbox, or policy: the server may want a login (AUTH) or does not deliver "
             "for that domain"},
    {.verb = "HELO|EHLO|LHLO",
     .codes = "501|504|550|5.5.2",
     .text =
         "the server does not like the name given: a full host name, or [ADDRESS] (--ehlo=NAME)"},
    {.verb = "EHLO",
     .codes = "500|502",
     .text = "a server from before 1995: HELO; it has no extensions, so no TLS and no login"},

    /* the message */
    {.verb = "DATA|BDAT",
     .codes = "5.7.20|5.7.21|5.7.22|5.7.23|5.7.24|5.7.26",
     .text = "the message does not prove its sender: SPF, DKIM and DMARC of the "
             "sender's domain have to fit the host that sends"},
    {.verb = "DATA|BDAT",
     .codes = "5.7.25",
     .text = "the sending host needs a reverse DNS name that leads back to its address"},
    {.verb = "DATA|BDAT",
     .codes = "552|5.3.4|5.2.3",
     .text = "the message is larger than the server takes: EHLO's SIZE tells how much that is"},
    {.verb = "DATA",
     .codes = "503|554",
     .words = "valid recipients|no recipients|RCPT",
     .text = "no recipient was accepted: RCPT TO:<address> first"},
    {.verb = "DATA|BDAT",
     .words = "spam|content|virus|malware",
     .text = "a filter did not like the contents"},
    {.verb = "DATA|BDAT",
     .words = "bare|line feed|<LF>",
     .text = "lines must end in CRLF, never in LF alone"},

    /* in general */
    {.codes = "452|4.3.1", .text = "the server has no room: try again later"},
    {.codes = "503", .text = "the order is EHLO, MAIL, RCPT, DATA"},
    {.codes = "500|502|5.5.1", .text = "HELP or EHLO tells what the server knows"},
    {NULL},
};
