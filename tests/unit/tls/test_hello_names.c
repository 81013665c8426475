/* The tables of what a hello can carry. */
#include <string.h>

#include "tls/hello.h"

static void test_names_stand_once_and_are_found(void)
{
    const HelloName *const tables[] = {hello_groups, hello_signatures};
    const HelloName *(*const find[])(uint16_t) = {hello_group, hello_signature};
    for (size_t t = 0; t < G_N_ELEMENTS(tables); t++) {
        size_t n = 0;
        for (const HelloName *row = tables[t]; row->name; row++, n++) {
            g_assert_true(find[t](row->id) == row);
        }
        g_assert_cmpuint(n, >, 25);
        g_assert_null(find[t](0xfffe));
    }
}

static void test_the_hybrid_groups_are_known(void)
{
    static const struct {
        uint16_t id;
        const char *name;
    } hybrids[] = {{0x11ec, "X25519MLKEM768"},
                   {0x11eb, "SecP256r1MLKEM768"},
                   {0x11ed, "SecP384r1MLKEM1024"},
                   {0x6399, "X25519Kyber768Draft00"}};
    for (size_t i = 0; i < G_N_ELEMENTS(hybrids); i++) {
        g_assert_true(hello_group(hybrids[i].id)->hybrid);
        g_assert_cmpstr(hello_group(hybrids[i].id)->name, ==, hybrids[i].name);
    }
    g_assert_false(hello_group(0x001d)->hybrid);
}

static void test_alerts_have_names(void)
{
    g_assert_cmpstr(hello_alert_name(80), ==, "internal_error");
    g_assert_cmpstr(hello_alert_name(86), ==, "inappropriate_fallback");
    g_assert_null(hello_alert_name(255));
}

static void test_sslv2_ciphers_have_names(void)
{
    size_t named = 0;
    for (const HelloV2Suite *row = hello_v2_suites; row->name; row++) {
        g_assert_true(g_str_has_prefix(row->name, "SSL_CK_"));
        bool export40 = row->id == 0x020080 || row->id == 0x040080;
        g_assert_true(export40 == (strstr(row->name, "EXPORT40") != NULL));
        named++;
    }
    g_assert_cmpuint(named, >, 6);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hello-names/once", test_names_stand_once_and_are_found);
    g_test_add_func("/hello-names/hybrids", test_the_hybrid_groups_are_known);
    g_test_add_func("/hello-names/alerts", test_alerts_have_names);
    g_test_add_func("/hello-names/ssl2", test_sslv2_ciphers_have_names);
    return g_test_run();
}
