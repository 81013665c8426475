/* sandbox_log.c: the sandbox's events as JSON and as lines. */
#include "report/sandbox_log.h"

#include <jansson.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"

enum { LINE_SHOWN = 160 };

static const struct {
    const char *word;
    const char *clear, *inside; /* marks, in the clear and inside TLS */
} kinds[] = {
    [SANDBOX_CONNECTED] = {"connected", "===", "==="},
    [SANDBOX_RECEIVED] = {"received", "->", "~>"},
    [SANDBOX_SENT] = {"sent", "<-", "<~"},
    [SANDBOX_TLS] = {"tls", "===", "==="},
    [SANDBOX_LOGIN] = {"login", "===", "==="},
    [SANDBOX_MAIL] = {"mail", "===", "==="},
    [SANDBOX_PAYLOAD] = {"payload", "...", "..."},
    [SANDBOX_FAULT] = {"fault", "***", "***"},
    [SANDBOX_CONDUCT] = {"conduct", "***", "***"},
    [SANDBOX_CLOSED] = {"closed", "===", "==="},
};

/* --- JSON --- */

static void set_text(json_t *object, const char *key, Bytes text)
{
    json_t *value = json_stringn(text.data ? text.data : "", text.len);
    if (!value) {
        g_autofree char *escaped = escape_text(text);
        value = json_string(escaped);
    }
    json_object_set_new(object, key, value);
}

static void set_payload(json_t *object, Bytes payload)
{
    json_t *value = payload.data ? json_stringn(payload.data, payload.len) : NULL;
    if (value) {
        json_object_set_new(object, "payload", value);
    } else if (payload.data) {
        g_autofree char *base64 = bytes_base64(payload);
        json_object_set_new(object, "base64", json_string(base64));
    }
}

static char *dumped(json_t *object, size_t flags)
{
    char *text = json_dumps(object, flags);
    char *copy = g_strdup(text);
    free(text);
    json_decref(object);
    return copy;
}

char *sandbox_event_json(const SandboxEvent *e)
{
    char when[40];
    time_t seconds = (time_t)(e->at_us / G_USEC_PER_SEC);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
    g_snprintf(when + n, sizeof(when) - n, ".%06dZ", (int)(e->at_us % G_USEC_PER_SEC));
    json_t *object = json_object();
    json_object_set_new(object, "time", json_string(when));
    json_object_set_new(object, "session", json_integer((json_int_t)e->session));
    json_object_set_new(object, "service", json_string(e->service));
    json_object_set_new(object, "peer", json_string(e->peer));
    if (e->user) {
        set_text(object, "user", bytes_of(e->user));
    }
    json_object_set_new(object, "encrypted", json_boolean(e->encrypted));
    json_object_set_new(object, "event", json_string(kinds[e->kind].word));
    if (e->masked) {
        json_object_set_new(object, "masked", json_true());
    }
    set_text(object, "text", e->text);
    set_payload(object, e->payload);
    return dumped(object, JSON_COMPACT);
}

/* --- lines --- */

char *sandbox_event_line(const SandboxEvent *e)
{
    g_autofree char *text = escape_line_max(e->text, LINE_SHOWN);
    return g_strdup_printf("%lu %s %s %s%s", e->session, e->service,
                           e->encrypted ? kinds[e->kind].inside : kinds[e->kind].clear,
                           e->kind == SANDBOX_FAULT       ? "fault: "
                           : e->kind == SANDBOX_CONDUCT   ? "client: "
                           : e->kind == SANDBOX_MAIL      ? "mail "
                           : e->kind == SANDBOX_LOGIN     ? "login "
                           : e->kind == SANDBOX_CLOSED    ? "closed: "
                           : e->kind == SANDBOX_CONNECTED ? "from "
                                                          : "",
                           text);
}

/* --- the report --- */

static const char *verdict_of(const Sandbox *box)
{
    return sandbox_misbehaved(box) ? "bad" : sandbox_conduct(box)->len > 0 ? "good" : "none";
}

static char *report_json(const Sandbox *box)
{
    const GPtrArray *conduct = sandbox_conduct(box), *faults = sandbox_plan(box)->faults;
    const SandboxCounts counts = sandbox_counts(box);
    json_t *object = json_object(), *done = json_array(), *rows = json_array();
    json_object_set_new(object, "sessions", json_integer((json_int_t)counts.sessions));
    json_object_set_new(object, "messages", json_integer(counts.mails));
    for (guint i = 0; faults && i < faults->len; i++) {
        const Fault *f = faults->pdata[i];
        json_t *row = json_object();
        json_object_set_new(row, "name", json_string(f->row->name));
        set_text(row, "fault", bytes_of(f->said));
        json_object_set_new(row, "done", json_integer(f->done));
        json_array_append_new(done, row);
    }
    for (guint i = 0; i < conduct->len; i++) {
        const SandboxConduct *c = conduct->pdata[i];
        json_t *row = json_object();
        json_object_set_new(row, "what", json_string(c->what));
        json_object_set_new(row, "verdict", json_string(c->bad ? "bad" : "good"));
        json_object_set_new(row, "times", json_integer(c->times));
        set_text(row, "example", bytes_of(c->example));
        json_array_append_new(rows, row);
    }
    json_object_set_new(object, "faults", done);
    json_object_set_new(object, "conduct", rows);
    json_object_set_new(object, "verdict", json_string(verdict_of(box)));
    g_autofree char *text = dumped(object, JSON_COMPACT);
    return g_strconcat(text, "\n", NULL);
}

static char *times(unsigned n)
{
    return n == 1 ? g_strdup("once") : g_strdup_printf("%u times", n);
}

static char *report_text(const Sandbox *box)
{
    const GPtrArray *conduct = sandbox_conduct(box), *faults = sandbox_plan(box)->faults;
    const SandboxCounts counts = sandbox_counts(box);
    GString *out = g_string_new(NULL);
    g_string_printf(out, "%lu session%s, %u message%s\n", counts.sessions,
                    counts.sessions == 1 ? "" : "s", counts.mails, counts.mails == 1 ? "" : "s");
    for (guint i = 0; faults && i < faults->len; i++) {
        const Fault *f = faults->pdata[i];
        g_autofree char *said = escape_line(bytes_of(f->said));
        g_autofree char *done = times(f->done);
        g_string_append_printf(out, f->done ? "fault %s: done %s\n" : "fault %s: never done\n",
                               said, done);
    }
    for (guint i = 0; i < conduct->len; i++) {
        const SandboxConduct *c = conduct->pdata[i];
        g_autofree char *example = escape_line(bytes_of(c->example));
        g_autofree char *done = times(c->times);
        g_string_append_printf(out, "%s  %s, %s; %s\n", c->bad ? "BAD " : "good", c->what, done,
                               example);
    }
    const char *verdict = verdict_of(box);
    g_string_append(out, strcmp(verdict, "bad") == 0    ? "verdict: the client misbehaved\n"
                         : strcmp(verdict, "good") == 0 ? "verdict: the client behaved\n"
                                                        : "verdict: nothing tempted the client\n");
    return g_string_free(out, FALSE);
}

char *sandbox_report(const Sandbox *box, bool json)
{
    return json ? report_json(box) : report_text(box);
}

/* Ports are numbers. */
char *sandbox_ready_json(const char *const *pairs, size_t n)
{
    json_t *object = json_object();
    for (size_t i = 0; i + 1 < n; i += 2) {
        uint64_t port;
        bool number = g_str_has_suffix(pairs[i], "PORT") &&
                      bytes_number(bytes_of(pairs[i + 1]), G_MAXUINT16, &port);
        json_object_set_new(object, pairs[i],
                            number ? json_integer((json_int_t)port) : json_string(pairs[i + 1]));
    }
    return dumped(object, 0);
}
