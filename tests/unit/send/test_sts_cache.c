#include "send/sts_cache.h"

#include <glib/gstdio.h>
#include <string.h>

#define POLICY "version: STSv1\nmode: enforce\nmx: mail.example.org\nmax_age: 86400\n"

static void test_remembered_while_it_is_young(void)
{
    g_autofree char *top = g_dir_make_tmp("sts-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(top, "mta-sts", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(sts_cache_read(folder, "example.org", 1000));
    g_assert_true(
        sts_cache_write(folder, "Example.org", "id1", BYTES_LITERAL(POLICY), 1000, &error));
    g_assert_no_error(error);
    GStatBuf st;
    g_assert_cmpint(g_stat(folder, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 0777, ==, 0700);
    g_autoptr(StsCached) cached = sts_cache_read(folder, "example.org", 1000 + 86399);
    g_assert_nonnull(cached);
    g_assert_cmpstr(cached->id, ==, "id1");
    g_assert_cmpint(cached->fetched, ==, 1000);
    g_assert_cmpstr(cached->policy->mode, ==, "enforce");
    g_assert_null(sts_cache_read(folder, "example.org", 1000 + 86400));
    g_assert_null(sts_cache_read(folder, "example.org", 999)); /* the clock went back */
    g_assert_null(sts_cache_read(folder, "other.example", 1000));
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autofree char *file = g_build_filename(folder, g_dir_read_name(dir), NULL);
    g_assert_null(g_dir_read_name(dir));
    g_unlink(file);
    g_rmdir(folder);
    g_rmdir(top);
}

static void test_what_is_no_such_file(void)
{
    static const char *const rows[] = {
        "",
        "MTA-STS 1\n",
        "MTA-STS 2\na.example\nid\n5\n" POLICY,
        "MTA-STS 1\nb.example\nid\n5\n" POLICY,
        "MTA-STS 1\na.example\nid\nx\n" POLICY,
        "MTA-STS 1\na.example\nid\n5\nversion: STSv1\nmode: enforce\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_null(sts_cached_parse(bytes_of(rows[i]), "a.example", 5));
    }
    g_autoptr(StsCached) good =
        sts_cached_parse(BYTES_LITERAL("MTA-STS 1\na.example\nid\n5\n" POLICY), "a.example", 5);
    g_assert_nonnull(good);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sts-cache/remembered-while-it-is-young", test_remembered_while_it_is_young);
    g_test_add_func("/sts-cache/what-is-no-such-file", test_what_is_no_such_file);
    return g_test_run();
}
