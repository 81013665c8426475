/* explain_caps_smtp.c: EHLO and LHLO keywords in a phrase. */
#include <string.h>

#include "base/escape.h"
#include "report/explain_tables.h"

static char *size_limit(const char *arguments)
{
    uint64_t octets;
    if (!explain_number(arguments, &octets) || octets == 0) {
        return g_strdup("the size can be told beforehand; the server names no maximum");
    }
    g_autofree char *size = explain_size_short(octets);
    return g_strdup_printf("messages up to %s", size);
}

static char *deliver_by(const char *arguments)
{
    uint64_t seconds;
    if (!explain_number(arguments, &seconds)) {
        return NULL;
    }
    return g_strdup_printf(
        "delivery within a time that is asked for, %" G_GUINT64_FORMAT " s at least", seconds);
}

static char *future_release(const char *arguments)
{
    Bytes rest = bytes_of(arguments);
    uint64_t seconds;
    if (!bytes_number(bytes_word(&rest), UINT64_MAX, &seconds)) {
        return NULL;
    }
    return g_strdup_printf("a message can be held back for up to %.1f days",
                           (double)seconds / 86400.0);
}

/* "RCPTMAX=100 MAILMAX=1000" (RFC 9422). */
static char *limits(const char *arguments)
{
    static const struct {
        const char *name, *words;
    } known[] = {
        {"MAILMAX=", "transactions a session"},
        {"RCPTMAX=", "recipients a transaction"},
        {"RCPTDOMAINMAX=", "domains of recipients a session"},
    };
    GString *out = g_string_new(NULL);
    g_auto(GStrv) words = g_strsplit(arguments, " ", -1);
    for (size_t i = 0; words[i] != NULL; i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(known); k++) {
            if (g_ascii_strncasecmp(words[i], known[k].name, strlen(known[k].name)) == 0) {
                g_autofree char *value =
                    escape_line_max(bytes_of(words[i] + strlen(known[k].name)), 20);
                g_string_append_printf(out, "%s%s %s", out->len > 0 ? ", " : "at most ", value,
                                       known[k].words);
            }
        }
    }
    return g_string_free(out, out->len == 0);
}

const CapMeaning smtp_capabilities[] = {
    {"STARTTLS", GROUP_SECURITY, "the connection can be upgraded to TLS", "RFC 3207"},
    {"REQUIRETLS", GROUP_SECURITY, "a message can demand verified TLS on every hop", "RFC 8689"},
    {"X-ANONYMOUSTLS", GROUP_SECURITY, "Exchange's own TLS between its servers", NULL},
    {"AUTH", GROUP_AUTH, "one can log in", "RFC 4954", explain_login_by},
    {"AUTH=", GROUP_AUTH, "AUTH once more, as clients of before 1999 want it", NULL,
     explain_login_by},
    {"X-EXPS", GROUP_AUTH, "Exchange's login between its servers", NULL, explain_login_by},
    {"CLIENTID", GROUP_AUTH, "a client can identify the device (a draft)", NULL},
    {"PIPELINING", GROUP_TRANSPORT, "several commands may go at once, without waiting for replies",
     "RFC 2920"},
    {"PIPECONNECT", GROUP_TRANSPORT, "commands may go before the greeting (Exim)", NULL},
    {"X_PIPE_CONNECT", GROUP_TRANSPORT, "commands may go before the greeting (Exim)", NULL},
    {"CHUNKING", GROUP_TRANSPORT, "messages in counted pieces (BDAT), no dot-stuffing", "RFC 3030"},
    {"BINARYMIME", GROUP_MESSAGE, "any octets and line lengths, with BDAT", "RFC 3030"},
    {"8BITMIME", GROUP_MESSAGE, "bodies in 8-bit text", "RFC 6152"},
    {"SMTPUTF8", GROUP_MESSAGE, "addresses and headers in UTF-8", "RFC 6531"},
    {"UTF8SMTP", GROUP_MESSAGE, "the experiment before SMTPUTF8", "RFC 5336"},
    {"DSN", GROUP_MESSAGE, "delivery reports as the sender asks for them", "RFC 3461"},
    {"DELIVERBY", GROUP_MESSAGE, "delivery within a time that is asked for", "RFC 2852",
     deliver_by},
    {"FUTURERELEASE", GROUP_MESSAGE, "a message can be held back until a time", "RFC 4865",
     future_release},
    {"MT-PRIORITY", GROUP_MESSAGE, "messages have priorities", "RFC 6710"},
    {"BURL", GROUP_MESSAGE, "a message can be fetched from an IMAP server by URL", "RFC 4468"},
    {"MTRK", GROUP_MESSAGE, "messages can be tracked", "RFC 3885"},
    {"CONPERM", GROUP_MESSAGE, "conversion of contents may be permitted", "RFC 4141"},
    {"CONNEG", GROUP_MESSAGE, "recipients' abilities are told for conversion", "RFC 4141"},
    {"CHECKPOINT", GROUP_MESSAGE, "a broken transfer can go on where it stopped", "RFC 1845"},
    {"NO-SOLICITING", GROUP_MESSAGE, "kinds of advertising the server does not take", "RFC 3865"},
    {"RRVS", GROUP_MESSAGE, "mail only if the mailbox has had the same owner since a date",
     "RFC 7293"},
    {"SUBMITTER", GROUP_MESSAGE, "the responsible submitter is told with MAIL", "RFC 4405"},
    {"PRDR", GROUP_MESSAGE, "a reply for each recipient after the message", NULL},
    {"XEXCH50", GROUP_MESSAGE, "Exchange's own properties with a message", NULL},
    {"X-EXCH50", GROUP_MESSAGE, "Exchange's own properties with a message", NULL},
    {"XRDST", GROUP_MESSAGE, "Exchange's own routing by database", NULL},
    {"XSHADOW", GROUP_MESSAGE, "Exchange keeps a second copy until delivery", NULL},
    {"XSHADOWREQUEST", GROUP_MESSAGE, "Exchange keeps a second copy until delivery", NULL},
    {"XVERP", GROUP_MESSAGE, "a return address of its own for each recipient (Postfix)", NULL},
    {"SIZE", GROUP_LIMIT, "the size can be told beforehand", "RFC 1870", size_limit},
    {"LIMITS", GROUP_LIMIT, "limits of a session are told", "RFC 9422", limits},
    {"X-RCPTLIMIT", GROUP_LIMIT, "how many recipients a transaction may have", NULL},
    {"IGNOREQUOTA", GROUP_MAILBOX, "delivery above a full mailbox's quota (Cyrus)", NULL},
    {"ETRN", GROUP_MAILBOX, "mail that waits for a host can be sent for", "RFC 1985"},
    {"ATRN", GROUP_MAILBOX, "mail that waits can be had over this connection, turned round",
     "RFC 2645"},
    {"TURN", GROUP_MAILBOX, "roles can be swapped (insecure, of old)", "RFC 821"},
    {"VRFY", GROUP_MAILBOX, "an address can be verified", "RFC 5321"},
    {"EXPN", GROUP_MAILBOX, "a mailing list can be expanded", "RFC 5321"},
    {"SEND", GROUP_MAILBOX, "mail to a terminal (of old)", "RFC 821"},
    {"SOML", GROUP_MAILBOX, "mail to a terminal or mailbox (of old)", "RFC 821"},
    {"SAML", GROUP_MAILBOX, "mail to a terminal and mailbox (of old)", "RFC 821"},
    {"HELP", GROUP_SERVER, "HELP says something", "RFC 5321"},
    {"ENHANCEDSTATUSCODES", GROUP_SERVER, "replies carry precise codes such as 5.1.1", "RFC 2034"},
    {"XCLIENT", GROUP_SERVER, "a trusted proxy can tell who the client is (Postfix)", NULL},
    {"XFORWARD", GROUP_SERVER, "a trusted filter can tell who the client was (Postfix)", NULL},
    {"XPROXYFROM", GROUP_SERVER, "a proxy can tell who the client is (Exchange)", NULL},
    {"X-LINK2STATE", GROUP_SERVER, "Exchange 2000's routing state", NULL},
    {"XACK", GROUP_SERVER, "acknowledgement between Exchange servers", NULL},
    {NULL},
};
