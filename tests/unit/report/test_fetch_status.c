#include "report/fetch_status.h"

#include <jansson.h>
#include <string.h>

static StateAccount good = {.key = (char *)"imap://joe@h",
                            .name = (char *)"work \"1\"",
                            .last_try = 1700000000,
                            .last_success = 1700000000,
                            .fetched = 12,
                            .bytes = 3000000000,
                            .last_fetched = 2,
                            .next_run = 1700000300};
static StateAccount bad = {.key = (char *)"pop3://joe@h",
                           .name = (char *)"home",
                           .last_try = 1700000000,
                           .last_error = (char *)"no\x1b[31m way",
                           .failures = 3};

static GPtrArray *both(void)
{
    GPtrArray *accounts = g_ptr_array_new();
    g_ptr_array_add(accounts, &good);
    g_ptr_array_add(accounts, &bad);
    return accounts;
}

static void test_status_text_tells_success_error_and_what_is_next(void)
{
    g_autoptr(GPtrArray) accounts = both();
    g_autofree char *text = fetch_status_text(accounts, 1700000120);
    g_assert_nonnull(strstr(text, "(2 minutes ago)"));
    g_assert_nonnull(strstr(text, "(in 3 minutes)"));
    g_assert_nonnull(strstr(text, "last success  never"));
    g_assert_nonnull(strstr(text, "last error    no\\x1B[31m way"));
    g_assert_nonnull(strstr(text, "3 in a row"));
    g_autofree char *late = fetch_status_text(accounts, 1700010000);
    g_assert_nonnull(strstr(late, "overdue"));
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autofree char *empty = fetch_status_text(none, 5);
    g_assert_cmpstr(empty, ==, "nothing was fetched yet\n");
}

static void test_status_json_has_every_figure(void)
{
    g_autoptr(GPtrArray) accounts = both();
    g_autofree char *text = fetch_status_json(accounts);
    json_t *root = json_loads(text, 0, NULL);
    json_t *first = json_array_get(json_object_get(root, "accounts"), 0);
    json_t *second = json_array_get(json_object_get(root, "accounts"), 1);
    g_assert_cmpint(json_integer_value(json_object_get(first, "bytes")), ==, 3000000000);
    g_assert_cmpstr(json_string_value(json_object_get(first, "last_success")), ==,
                    "2023-11-14T22:13:20Z");
    g_assert_true(json_is_null(json_object_get(first, "last_error")));
    g_assert_true(json_is_null(json_object_get(second, "last_success")));
    g_assert_cmpint(json_integer_value(json_object_get(second, "failures")), ==, 3);
    json_decref(root);
}

static void test_status_prometheus_escapes_labels(void)
{
    g_autoptr(GPtrArray) accounts = both();
    g_autofree char *text = fetch_status_prometheus(accounts);
    g_assert_nonnull(strstr(text, "postern_fetch_up{account=\"work \\\"1\\\"\"} 1\n"));
    g_assert_nonnull(strstr(text, "postern_fetch_up{account=\"home\"} 0\n"));
    g_assert_nonnull(strstr(text, "# TYPE postern_fetch_messages_total counter\n"
                                  "postern_fetch_messages_total{account=\"work \\\"1\\\"\"} 12\n"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fetch_status/text_tells_success_error_and_what_is_next",
                    test_status_text_tells_success_error_and_what_is_next);
    g_test_add_func("/fetch_status/json_has_every_figure", test_status_json_has_every_figure);
    g_test_add_func("/fetch_status/prometheus_escapes_labels",
                    test_status_prometheus_escapes_labels);
    return g_test_run();
}
