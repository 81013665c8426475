/* received.c: one header. */
#include "fetch/received.h"

#include <string.h>

static char *tame(const char *text)
{
    char *copy = g_strdup(text != NULL ? text : "");
    for (char *c = copy; *c != '\0'; c++) {
        bool plain = g_ascii_isalnum(*c) || strchr("@._-+=:%/~", *c) != NULL;
        if (!plain) {
            *c = '_';
        }
    }
    return copy;
}

char *received_header(const ReceivedFacts *facts)
{
    g_autofree char *host = tame(facts->host);
    g_autofree char *address = tame(facts->address);
    g_autofree char *user = tame(facts->user);
    g_autofree char *local = tame(facts->local);
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_local(facts->when);
    /* Not by strftime: names of days and months are English here whatever the locale. */
    static const char *const days[] = {"", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"",    "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    g_autofree char *clock = g_date_time_format(when, "%Y %H:%M:%S %z");
    GString *text = g_string_sized_new(256);
    g_string_append_printf(text, "Received: from %s", host);
    if (*address != '\0') {
        g_string_append_printf(text, " ([%s])", address);
    }
    g_string_append_printf(text, "\r\n\tby %s with %s%s (Postern " POSTERN_VERSION ")", local,
                           facts->proto, facts->encrypted ? "S" : "");
    g_string_append_printf(text, "\r\n\tid %s", facts->marker);
    if (*user != '\0') {
        g_string_append_printf(text, " for <%s>", user);
    }
    g_string_append_printf(text, ";\r\n\t%s, %d %s %s\r\n", days[g_date_time_get_day_of_week(when)],
                           g_date_time_get_day_of_month(when), months[g_date_time_get_month(when)],
                           clock);
    return g_string_free(text, FALSE);
}
