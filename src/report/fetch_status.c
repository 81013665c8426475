#include "report/fetch_status.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/escape.h"
#include "report/tls_words.h"

/* --- text --- */

/* "3 minutes ago", "in 2 hours". */
static char *relative(int64_t when, int64_t now)
{
    static const struct {
        int64_t seconds;
        const char *unit;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    int64_t distance = when > now ? when - now : now - when;
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        int64_t count = distance / units[i].seconds;
        if (count > 0) {
            return g_strdup_printf("%s%" PRId64 " %s%s%s", when > now ? "in " : "", count,
                                   units[i].unit, count == 1 ? "" : "s", when > now ? "" : " ago");
        }
    }
    return g_strdup("now");
}

static char *moment(int64_t when, int64_t now)
{
    if (when <= 0) {
        return g_strdup("never");
    }
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(when);
    g_autofree char *shown =
        time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup("an odd time");
    g_autofree char *distance = relative(when, now);
    return g_strdup_printf("%s (%s)", shown, distance);
}

static void add_account(GString *out, const StateAccount *a, int64_t now)
{
    g_autofree char *name = escape_line(bytes_of(a->name));
    g_autofree char *success = moment(a->last_success, now);
    g_autofree char *size = g_format_size(a->bytes);
    g_string_append_printf(out, "%s\n", name);
    g_string_append_printf(out, "  last success  %s\n", success);
    if (a->last_error) {
        g_autofree char *error = escape_line(bytes_of(a->last_error));
        g_autofree char *tried = moment(a->last_try, now);
        g_string_append_printf(out, "  last try      %s: failed%s\n", tried,
                               a->failures > 1 ? ", again" : "");
        g_string_append_printf(out, "  last error    %s\n", error);
        g_string_append_printf(out, "  failures      %u in a row\n", a->failures);
    }
    g_string_append_printf(out, "  fetched       %u by the last run, %" PRIu64 " (%s) in all\n",
                           a->last_fetched, a->fetched, size);
    if (a->next_run > 0) {
        g_autofree char *next = moment(a->next_run, now);
        g_string_append_printf(out, "  next run      %s\n",
                               a->next_run < now ? "overdue: is the daemon running?" : next);
    }
}

char *fetch_status_text(const GPtrArray *accounts, int64_t now)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < accounts->len; i++) {
        g_string_append(out, i ? "\n" : "");
        add_account(out, g_ptr_array_index(accounts, i), now);
    }
    if (accounts->len == 0) {
        g_string_append(out, "nothing was fetched yet\n");
    }
    return g_string_free(out, FALSE);
}

/* --- JSON --- */

static json_t *text(const char *value)
{
    if (!value) {
        return json_null();
    }
    g_autofree char *shown = escape_text(bytes_of(value));
    return json_string(shown);
}

static json_t *time_of(int64_t when)
{
    if (when <= 0) {
        return json_null();
    }
    g_autofree char *iso = tls_word_iso_time(when);
    return json_string(iso);
}

static json_t *account_json(const StateAccount *a)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:i, s:I, s:I, s:i, s:o}", "name", text(a->name),
                     "key", text(a->key), "last_try", time_of(a->last_try), "last_success",
                     time_of(a->last_success), "last_error", text(a->last_error), "failures",
                     (int)a->failures, "fetched", (json_int_t)a->fetched, "bytes",
                     (json_int_t)a->bytes, "last_fetched", (int)a->last_fetched, "next_run",
                     time_of(a->next_run));
}

char *fetch_status_json(const GPtrArray *accounts)
{
    json_t *list = json_array();
    for (guint i = 0; i < accounts->len; i++) {
        json_array_append_new(list, account_json(g_ptr_array_index(accounts, i)));
    }
    json_t *root = json_pack("{s:o}", "accounts", list);
    char *dumped = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    char *copy = g_strdup_printf("%s\n", dumped);
    free(dumped);
    return copy;
}

/* --- Prometheus --- */

static uint64_t value_failures(const StateAccount *a)
{
    return a->failures;
}

static uint64_t value_up(const StateAccount *a)
{
    return a->failures == 0 && a->last_success > 0;
}

static uint64_t value_last_try(const StateAccount *a)
{
    return (uint64_t)a->last_try;
}

static uint64_t value_last_success(const StateAccount *a)
{
    return (uint64_t)a->last_success;
}

static uint64_t value_fetched(const StateAccount *a)
{
    return a->fetched;
}

static uint64_t value_bytes(const StateAccount *a)
{
    return a->bytes;
}

static const struct {
    const char *name, *type, *help;
    uint64_t (*value)(const StateAccount *a);
} figures[] = {
    {"postern_fetch_up", "gauge", "Whether the last run went well.", value_up},
    {"postern_fetch_failures", "gauge", "Runs in a row that failed.", value_failures},
    {"postern_fetch_last_try_timestamp_seconds", "gauge", "When the last run was.", value_last_try},
    {"postern_fetch_last_success_timestamp_seconds", "gauge", "When a run went well last.",
     value_last_success},
    {"postern_fetch_messages_total", "counter", "Messages fetched ever.", value_fetched},
    {"postern_fetch_bytes_total", "counter", "Octets of these.", value_bytes},
};

/* A label's value: \, " and line ends are escaped. */
static char *label(const char *value)
{
    g_autofree char *shown = escape_line(bytes_of(value));
    GString *out = g_string_new(NULL);
    for (const char *c = shown; *c; c++) {
        g_string_append(out, *c == '\\' || *c == '"' ? "\\" : "");
        g_string_append_c(out, *c);
    }
    return g_string_free(out, FALSE);
}

char *fetch_status_prometheus(const GPtrArray *accounts)
{
    GString *out = g_string_new(NULL);
    for (size_t f = 0; f < G_N_ELEMENTS(figures); f++) {
        g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", figures[f].name,
                               figures[f].help, figures[f].name, figures[f].type);
        for (guint i = 0; i < accounts->len; i++) {
            const StateAccount *a = g_ptr_array_index(accounts, i);
            g_autofree char *name = label(a->name);
            g_string_append_printf(out, "%s{account=\"%s\"} %" PRIu64 "\n", figures[f].name, name,
                                   figures[f].value(a));
        }
    }
    return g_string_free(out, FALSE);
}
