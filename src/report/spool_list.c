#include "report/spool_list.h"

#include <jansson.h>
#include <string.h>

#include "base/escape.h"

/* "3 min": about how long. The caller frees it. */
static char *about(int64_t seconds)
{
    static const struct {
        int64_t from, unit;
        const char *name;
    } units[] = {{2 * 86400, 86400, "days"}, {2 * 3600, 3600, "h"}, {120, 60, "min"}, {0, 1, "s"}};
    int64_t length = MAX(seconds, 0);
    size_t i = 0;
    while (length < units[i].from) {
        i++;
    }
    return g_strdup_printf("%" G_GINT64_FORMAT " %s", length / units[i].unit, units[i].name);
}

static char *state_text(const SpoolJob *job, int64_t now)
{
    if (job->held) {
        return g_strdup("on hold");
    }
    if (job->next <= now) {
        return g_strdup("due");
    }
    g_autofree char *wait = about(job->next - now);
    return g_strdup_printf("next try in %s", wait);
}

char *spool_job_text(const SpoolJob *job, int64_t now)
{
    g_autofree char *size = g_format_size(job->octets);
    g_autofree char *sender = escape_line(bytes_of(*job->sender ? job->sender : "<>"));
    g_autofree char *joined = g_strjoinv(", ", job->recipients);
    g_autofree char *recipients = escape_line_max(bytes_of(joined), 300);
    g_autofree char *age = about(now - job->queued);
    g_autofree char *state = state_text(job, now);
    g_autofree char *why = escape_line_max(bytes_of(job->why), 300);
    GString *line = g_string_new(NULL);
    if (job->damaged) {
        g_string_append_printf(line, "%s  %s", job->id, why);
        return g_string_free(line, FALSE);
    }
    g_string_append_printf(line, "%s  %s -> %s  (%s, queued %s ago, %s)", job->id, sender,
                           recipients, size, age, state);
    if (job->why) {
        g_string_append_printf(line, "\n  %u tr%s; the last: %s", job->tries,
                               job->tries == 1 ? "y" : "ies", why);
    }
    return g_string_free(line, FALSE);
}

static json_t *strings(char *const *list)
{
    json_t *array = json_array();
    for (char *const *item = list; item && *item; item++) {
        json_array_append_new(array, json_string(*item));
    }
    return array;
}

static char *text_of(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    char *copy = g_strdup(text);
    free(text);
    return copy;
}

static json_t *or_null(const char *text)
{
    json_t *json = text ? json_string(text) : NULL;
    return json ? json : json_null();
}

char *spool_job_json(const SpoolJob *job)
{
    json_t *object = json_object();
    json_object_set_new(object, "id", json_string(job->id));
    json_object_set_new(object, "message_id", or_null(job->message_id));
    json_object_set_new(object, "server", or_null(job->url));
    json_object_set_new(object, "sender", or_null(job->sender));
    json_object_set_new(object, "recipients", strings(job->recipients));
    json_object_set_new(object, "octets", json_integer((json_int_t)job->octets));
    json_object_set_new(object, "queued", json_integer(job->queued));
    json_object_set_new(object, "next", json_integer(job->next));
    json_object_set_new(object, "expires", json_integer(job->expires));
    json_object_set_new(object, "tries", json_integer(job->tries));
    json_object_set_new(object, "held", json_boolean(job->held));
    json_object_set_new(object, "damaged", json_boolean(job->damaged));
    json_object_set_new(object, "why", or_null(job->why));
    return text_of(object);
}

char *spool_added_json(const char *id, const Outgoing *message)
{
    json_t *recipients = json_array();
    for (guint i = 0; i < message->recipients->len; i++) {
        json_array_append_new(recipients, json_string(g_ptr_array_index(message->recipients, i)));
    }
    json_t *object = json_object();
    json_object_set_new(object, "result", json_string("queued"));
    json_object_set_new(object, "id", json_string(id));
    json_object_set_new(object, "message_id", or_null(message->message_id));
    json_object_set_new(object, "sender", or_null(message->sender));
    json_object_set_new(object, "recipients", recipients);
    return text_of(object);
}
