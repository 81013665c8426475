#include "report/sandbox_mail.h"

#include <jansson.h>
#include <string.h>

static void test_links_end_where_sentences_do(void)
{
    static const struct {
        const char *text, *links;
    } rows[] = {
        {"no link: http:// ftp://a.test", ""},
        {"See https://a.test/x?y=1&z=2.", "https://a.test/x?y=1&z=2"},
        {"(http://a.test/b), <HTTPS://c.test>!", "http://a.test/b HTTPS://c.test"},
        {"https://a.test/wiki/C_(language) \"https://b.test\"",
         "https://a.test/wiki/C_(language) https://b.test"},
        {"'https://a.test/'?\nhttps://a.test/", "https://a.test/ https://a.test/"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) links = sandbox_mail_links(rows[i].text);
        g_autofree char *all = g_strjoinv(" ", links);
        g_assert_cmpstr(all, ==, rows[i].links);
    }
}

static void test_codes_are_found_where_they_are_named(void)
{
    static const struct {
        const char *text, *code;
    } rows[] = {
        {"Room 4711. Your code is 482913.", "482913"},
        {"PIN: 482-913", "482913"},
        {"Your one-time password\n\n   0042\n", "0042"},
        {"482 913 is what you type in", "482913"},
        {"https://a.test/482913 and 1234567890, v1.2345, 12", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *code = sandbox_mail_code(rows[i].text);
        g_assert_cmpstr(code, ==, rows[i].code);
    }
}

static void test_all_of_it_is_json(void)
{
    static const char *const headers[] = {"Subject", "caf\xe9", NULL};
    const SandboxMail mail = {.from = "",
                              .to = "joe@a.test",
                              .received = 1234,
                              .octets = 99,
                              .headers = headers,
                              .text = "code 1234 https://a.test/"};
    g_autofree char *text = sandbox_mail_json(&mail);
    json_t *json = json_loads(text, 0, NULL);
    g_assert_nonnull(json);
    g_assert_cmpstr(json_string_value(json_object_get(json, "from")), ==, "");
    g_assert_true(json_is_null(json_object_get(json, "subject")));
    g_assert_true(json_is_null(json_object_get(json, "path")));
    g_assert_cmpint(json_integer_value(json_object_get(json, "octets")), ==, 99);
    g_assert_cmpstr(json_string_value(json_object_get(json, "code")), ==, "1234");
    json_t *links = json_object_get(json, "links");
    g_assert_cmpstr(json_string_value(json_array_get(links, 0)), ==, "https://a.test/");
    json_t *pair = json_array_get(json_object_get(json, "headers"), 0);
    g_assert_cmpstr(json_string_value(json_array_get(pair, 1)), ==, "caf\\xE9");
    json_decref(json);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/links end where sentences do", test_links_end_where_sentences_do);
    g_test_add_func("/codes are found where they are named",
                    test_codes_are_found_where_they_are_named);
    g_test_add_func("/all of it is JSON", test_all_of_it_is_json);
    return g_test_run();
}
