#include "report/sandbox_log.h"

#include <jansson.h>
#include <string.h>

#include "server/sandbox_inside.h"

static SandboxEvent event(SandboxEventKind kind, const char *text, bool encrypted)
{
    return (SandboxEvent){.kind = kind,
                          .session = 3,
                          .service = "smtp",
                          .peer = "127.0.0.1:4",
                          .encrypted = encrypted,
                          .text = bytes_of(text),
                          .at_us = 1795248900123456};
}

static void test_lines_for_people(void)
{
    const struct {
        SandboxEvent event;
        const char *line;
    } rows[] = {
        {event(SANDBOX_CONNECTED, "127.0.0.1:4", false), "3 smtp === from 127.0.0.1:4"},
        {event(SANDBOX_RECEIVED, "EHLO joe", false), "3 smtp -> EHLO joe"},
        {event(SANDBOX_SENT, "250 ok", true), "3 smtp <~ 250 ok"},
        {event(SANDBOX_FAULT, "delay=1", true), "3 smtp *** fault: delay=1"},
        {event(SANDBOX_CONDUCT, "bad: x", true), "3 smtp *** client: bad: x"},
        {event(SANDBOX_RECEIVED, "\033[2J\r\n", false), "3 smtp -> \\x1B[2J\\r\\n"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *line = sandbox_event_line(&rows[i].event);
        g_assert_cmpstr(line, ==, rows[i].line);
    }
}

static void test_lines_for_programs(void)
{
    SandboxEvent payload = event(SANDBOX_PAYLOAD, "4 octets", true);
    payload.payload = (Bytes){"a\xff\0b", 4};
    payload.user = "joe";
    payload.masked = true;
    g_autofree char *line = sandbox_event_json(&payload);
    json_t *json = json_loads(line, 0, NULL);
    g_assert_cmpstr(json_string_value(json_object_get(json, "time")), ==,
                    "2026-11-21T08:15:00.123456Z");
    g_assert_cmpint(json_integer_value(json_object_get(json, "session")), ==, 3);
    g_assert_cmpstr(json_string_value(json_object_get(json, "event")), ==, "payload");
    g_assert_cmpstr(json_string_value(json_object_get(json, "user")), ==, "joe");
    g_assert_true(json_is_true(json_object_get(json, "masked")));
    g_assert_true(json_is_true(json_object_get(json, "encrypted")));
    g_assert_cmpstr(json_string_value(json_object_get(json, "base64")), ==, "Yf8AYg==");
    g_assert_null(json_object_get(json, "payload"));
    json_decref(json);
}

/* One of each sort, in a sandbox that is only described. */
static void test_the_report_has_a_verdict(void)
{
    g_autoptr(GPtrArray) conduct = g_ptr_array_new();
    g_autoptr(GPtrArray) faults = g_ptr_array_new();
    g_autoptr(Fault) stripped = fault_parse("starttls-stripped", NULL);
    g_autoptr(Fault) unseen = fault_parse("reply=451 \033@cmd=NOPE", NULL);
    SandboxConduct good = {(char *)"plaintext", false, 2, (char *)"session 1 (smtp): left"};
    SandboxConduct bad = {(char *)"injected", true, 1, (char *)"session 2 (smtp): took \033"};
    const SandboxPlan plan = {.faults = faults};
    const Sandbox box = {.plan = &plan, .conduct = conduct, .sessions = 2, .taken = 1};
    g_autofree char *none = sandbox_report(&box, false);
    g_assert_cmpstr(none, ==, "2 sessions, 1 message\nverdict: nothing tempted the client\n");
    g_ptr_array_add(conduct, &good);
    g_ptr_array_add(faults, stripped);
    g_ptr_array_add(faults, unseen);
    stripped->done = 2;
    g_autofree char *behaved = sandbox_report(&box, false);
    g_assert_nonnull(strstr(behaved, "fault starttls-stripped: done 2 times\n"));
    g_assert_nonnull(strstr(behaved, "fault reply=451 \\x1B@cmd=NOPE: never done\n"));
    g_assert_nonnull(strstr(behaved, "verdict: the client behaved\n"));
    g_ptr_array_add(conduct, &bad);
    g_autofree char *misbehaved = sandbox_report(&box, false);
    g_assert_nonnull(strstr(misbehaved, "BAD   injected, once; session 2 (smtp): took \\x1B\n"));
    g_assert_nonnull(strstr(misbehaved, "verdict: the client misbehaved\n"));
    g_autofree char *text = sandbox_report(&box, true);
    json_t *json = json_loads(text, 0, NULL);
    g_assert_cmpstr(json_string_value(json_object_get(json, "verdict")), ==, "bad");
    g_assert_cmpuint(json_array_size(json_object_get(json, "conduct")), ==, 2);
    g_assert_cmpuint(json_array_size(json_object_get(json, "faults")), ==, 2);
    json_decref(json);
}

static void test_ports_are_numbers(void)
{
    static const char *const pairs[] = {"SMTP_PORT", "2525", "DIR", "/tmp/\"x\""};
    g_autofree char *text = sandbox_ready_json(pairs, G_N_ELEMENTS(pairs));
    g_assert_cmpstr(text, ==, "{\"SMTP_PORT\": 2525, \"DIR\": \"/tmp/\\\"x\\\"\"}");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lines for people", test_lines_for_people);
    g_test_add_func("/lines for programs", test_lines_for_programs);
    g_test_add_func("/the report has a verdict", test_the_report_has_a_verdict);
    g_test_add_func("/ports are numbers", test_ports_are_numbers);
    return g_test_run();
}
