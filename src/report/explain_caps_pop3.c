/* explain_caps_pop3.c: CAPA lines in a phrase (RFC 2449 6 and its extensions). */
#include "report/explain_tables.h"

static char *login_delay(const char *arguments)
{
    Bytes rest = bytes_of(arguments);
    uint64_t seconds;
    if (!bytes_number(bytes_word(&rest), UINT64_MAX, &seconds)) {
        return NULL;
    }
    g_autofree char *time = explain_count(seconds, "second", "seconds");
    return g_strdup_printf("at least %s between logins%s", time,
                           bytes_equal_ci(rest, "USER") ? " (differs by user)" : "");
}

static char *expire(const char *arguments)
{
    Bytes rest = bytes_of(arguments);
    Bytes first = bytes_word(&rest);
    uint64_t days;
    if (bytes_equal_ci(first, "NEVER")) {
        return g_strdup("the server deletes nothing by itself");
    }
    if (!bytes_number(first, UINT64_MAX, &days)) {
        return NULL;
    }
    const char *by_user = bytes_equal_ci(rest, "USER") ? " (differs by user)" : "";
    if (days == 0) {
        return g_strdup_printf("what has been retrieved is deleted at QUIT%s", by_user);
    }
    g_autofree char *time = explain_count(days, "day", "days");
    return g_strdup_printf("the server deletes messages after %s%s", time, by_user);
}

const CapMeaning pop3_capabilities[] = {
    {"STLS", GROUP_SECURITY, "the connection can be upgraded to TLS", "RFC 2595"},
    {"USER", GROUP_AUTH, "log in with USER and PASS (the password itself)", "RFC 1939"},
    {"APOP", GROUP_AUTH, "log in with a digest of the greeting's challenge (weak)", "RFC 1939"},
    {"SASL", GROUP_AUTH, "one can log in with AUTH", "RFC 5034", explain_login_by},
    {"AUTH-RESP-CODE", GROUP_AUTH, "[AUTH] tells wrong credentials from a broken server",
     "RFC 3206"},
    {"CAPA", GROUP_SERVER, "this list itself", "RFC 2449"},
    {"PIPELINING", GROUP_TRANSPORT, "several commands may go at once, without waiting for replies",
     "RFC 2449"},
    {"TOP", GROUP_MESSAGE, "the header and first lines of a message, without the rest", "RFC 2449"},
    {"UIDL", GROUP_MESSAGE, "unique ids of messages, for leaving mail on the server", "RFC 2449"},
    {"UTF8", GROUP_MESSAGE, "a mode with headers in UTF-8; with USER: names and passwords too",
     "RFC 6856"},
    {"XTND", GROUP_MESSAGE, "old extensions such as XTND XMIT", NULL},
    {"EXPIRE", GROUP_LIMIT, "how long messages are kept", "RFC 2449", expire},
    {"LOGIN-DELAY", GROUP_LIMIT, "a time must pass between logins", "RFC 2449", login_delay},
    {"RESP-CODES", GROUP_SERVER, "refusals carry codes in brackets such as [IN-USE]", "RFC 2449"},
    {"IMPLEMENTATION", GROUP_SERVER, "which server this is", "RFC 2449", explain_software},
    {"LANG", GROUP_SERVER, "replies in another language", "RFC 6856"},
    {"XCLIENT", GROUP_SERVER, "a trusted proxy can tell who the client is", NULL},
    {NULL},
};
