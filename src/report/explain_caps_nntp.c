/* explain_caps_nntp.c: NNTP capabilities in a phrase (RFC 3977 3.3 and its extensions). */
#include <string.h>

#include "report/explain_tables.h"

static char *authinfo(const char *arguments)
{
    bool user = strstr(arguments, "USER") != NULL;
    bool sasl = strstr(arguments, "SASL") != NULL;
    if (!user && !sasl) {
        return g_strdup("AUTHINFO is known, but not to be had at this point (before TLS, usually)");
    }
    return g_strdup_printf("log in with %s",
                           user && sasl ? "AUTHINFO USER/PASS (the password itself) or SASL"
                           : user       ? "AUTHINFO USER/PASS (the password itself)"
                                        : "AUTHINFO SASL");
}

const CapMeaning nntp_capabilities[] = {
    {"STARTTLS", GROUP_SECURITY, "the connection can be upgraded to TLS", "RFC 4642"},
    {"AUTHINFO", GROUP_AUTH, "one can log in", "RFC 4643", authinfo},
    {"SASL", GROUP_AUTH, "mechanisms to log in", "RFC 4643", explain_login_by},
    {"COMPRESS", GROUP_TRANSPORT, "the connection can be compressed", "RFC 8054"},
    {"STREAMING", GROUP_TRANSPORT, "articles are fed without waiting (CHECK, TAKETHIS)",
     "RFC 4644"},
    {"IHAVE", GROUP_TRANSPORT, "articles are taken from other servers", "RFC 3977"},
    {"MODE-READER", GROUP_SERVER, "MODE READER switches to reading", "RFC 3977"},
    {"READER", GROUP_MESSAGE, "articles can be read", "RFC 3977"},
    {"POST", GROUP_MESSAGE, "articles can be posted", "RFC 3977"},
    {"NEWNEWS", GROUP_SEARCH, "new articles can be asked for by date", "RFC 3977"},
    {"HDR", GROUP_SEARCH, "one header field of many articles", "RFC 3977"},
    {"OVER", GROUP_SEARCH, "overview of many articles", "RFC 3977"},
    {"XPAT", GROUP_SEARCH, "header fields that match a pattern", "RFC 2980"},
    {"XHDR", GROUP_SEARCH, "one header field of many articles (of old)", "RFC 2980"},
    {"XOVER", GROUP_SEARCH, "overview of many articles (of old)", "RFC 2980"},
    {"LIST", GROUP_MAILBOX, "lists of groups the server has", "RFC 3977"},
    {"VERSION", GROUP_SERVER, "version of the protocol", "RFC 3977"},
    {"IMPLEMENTATION", GROUP_SERVER, "which server this is", "RFC 3977", explain_software},
    {NULL},
};
