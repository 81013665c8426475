#include "report/fetchmailrc_json.h"

#include <jansson.h>
#include <string.h>

static void test_fetchmailrc_json_names_things_as_the_file_does(void)
{
    const char *text = "set daemon 5 poll h proto pop3 port 1110 user \"j\xff\" pass hunter2 is a\n"
                       "b=c keep antispam 571 550";
    g_autoptr(FetchmailRc) rc = fetchmailrc_parse(bytes_of(text), "rc", "joe", NULL);
    g_assert_nonnull(rc);
    g_autofree char *dumped = fetchmailrc_json(rc);
    g_assert_null(strstr(dumped, "hunter2"));
    json_t *root = json_loads(dumped, 0, NULL);
    g_assert_nonnull(root);
    g_assert_cmpint(json_integer_value(json_object_get(root, "daemon")), ==, 5);
    json_t *server = json_array_get(json_object_get(root, "servers"), 0);
    g_assert_cmpstr(json_string_value(json_object_get(server, "poll")), ==, "h");
    g_assert_cmpstr(json_string_value(json_object_get(server, "port")), ==, "1110");
    json_t *user = json_array_get(json_object_get(server, "users"), 0);
    g_assert_cmpstr(json_string_value(json_object_get(user, "user")), ==, "j\\xFF");
    g_assert_cmpstr(json_string_value(json_object_get(user, "password")), ==, "*****");
    g_assert_true(json_is_true(json_object_get(user, "keep")));
    g_assert_true(json_is_true(json_object_get(user, "multidrop")));
    json_t *is = json_object_get(user, "is");
    g_assert_cmpstr(json_string_value(json_array_get(json_array_get(is, 1), 1)), ==, "c");
    g_assert_cmpuint(json_array_size(json_object_get(user, "antispam")), ==, 2);
    json_decref(root);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fetchmailrc_json/names_things_as_the_file_does",
                    test_fetchmailrc_json_names_things_as_the_file_does);
    return g_test_run();
}
