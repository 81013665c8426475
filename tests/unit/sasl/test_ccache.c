#include "sasl/ccache.h"
#include "sasl/sasl.h"

#include <glib/gstdio.h>
#include <string.h>

#define NOW 1000000

static void number(GByteArray *out, size_t size, uint32_t value)
{
    for (size_t i = size; i-- > 0;) {
        guint8 octet = (guint8)(value >> (8 * i));
        g_byte_array_append(out, &octet, 1);
    }
}

static void blob(GByteArray *out, const char *text)
{
    number(out, 4, (uint32_t)strlen(text));
    g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
}

static void principal(GByteArray *out, const char *realm, const char *name)
{
    number(out, 4, 1);
    number(out, 4, 1);
    blob(out, realm);
    blob(out, name);
}

static void credential(GByteArray *out, unsigned version, const char *realm, uint32_t end)
{
    principal(out, "EXAMPLE.ORG", "joe");
    principal(out, realm, "krbtgt");
    number(out, 2, 18);
    if (version == 3) {
        number(out, 2, 18);
    }
    blob(out, "the session key");
    number(out, 4, 1);
    number(out, 4, 1);
    number(out, 4, end);
    number(out, 4, 0);
    number(out, 1, 0);
    number(out, 4, 0x40e00000);
    number(out, 4, 1); /* one address */
    number(out, 2, 2);
    blob(out, "addr");
    number(out, 4, 0);
    blob(out, "the ticket");
    blob(out, "");
}

static GByteArray *cache(unsigned version)
{
    GByteArray *out = g_byte_array_new();
    number(out, 2, 0x0500 | version);
    if (version == 4) {
        number(out, 2, 12);
        number(out, 2, 1);
        number(out, 2, 8);
        number(out, 4, 0);
        number(out, 4, 0);
    }
    principal(out, "EXAMPLE.ORG", "joe");
    return out;
}

static void test_a_ticket_counts_until_it_ends(void)
{
    for (unsigned version = 3; version <= 4; version++) {
        g_autoptr(GByteArray) file = cache(version);
        g_assert_false(ccache_has_ticket(bytes_of_array(file), NOW));
        credential(file, version, "X-CACHECONF:", NOW + 100); /* a note, not a ticket */
        g_assert_false(ccache_has_ticket(bytes_of_array(file), NOW));
        credential(file, version, "EXAMPLE.ORG", NOW);
        g_assert_false(ccache_has_ticket(bytes_of_array(file), NOW));
        credential(file, version, "EXAMPLE.ORG", NOW + 1);
        g_assert_true(ccache_has_ticket(bytes_of_array(file), NOW));
        g_assert_false(ccache_has_ticket(bytes_of_array(file), NOW + 1));
    }
}

static void test_a_cut_file_has_none(void)
{
    g_autoptr(GByteArray) file = cache(4);
    credential(file, 4, "EXAMPLE.ORG", NOW + 1);
    for (size_t len = 0; len < file->len; len++) {
        g_autofree char *part =
            g_memdup2(file->data, len); /* so that a sanitizer sees what is read past the end */
        g_assert_false(ccache_has_ticket((Bytes){part, len}, NOW));
    }
    g_assert_false(ccache_has_ticket(BYTES_LITERAL("\x05\x02whatever"), NOW));
    memset(file->data + 14, 0xff, 8); /* counts and lengths beyond reason */
    g_assert_false(ccache_has_ticket(bytes_of_array(file), NOW));
}

static void write_cache(const char *path, uint32_t end)
{
    g_autoptr(GByteArray) file = cache(4);
    credential(file, 4, "EXAMPLE.ORG", end);
    g_assert_true(g_file_set_contents(path, (const char *)file->data, (gssize)file->len, NULL));
}

static void test_where_the_cache_is_looked_for(void)
{
    g_autofree char *dir = g_dir_make_tmp("postern-ccache-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "tkt", NULL),
                    *primary = g_build_filename(dir, "primary", NULL);
    g_autofree char *conf = g_build_filename(dir, "krb5.conf", NULL);
    g_autofree char *as_file = g_strconcat("FILE:", file, NULL),
                    *as_dir = g_strconcat("DIR:", dir, NULL);
    g_autofree char *as_member = g_strconcat("DIR::", file, NULL);
    const char *const names[] = {file, as_file, as_dir, as_member};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_setenv("KRB5CCNAME", names[i], TRUE);
        g_unlink(file);
        g_assert_false(sasl_have_ticket());
        write_cache(file, (uint32_t)(g_get_real_time() / G_USEC_PER_SEC) + 60);
        g_assert_true(sasl_have_ticket());
        write_cache(file, (uint32_t)(g_get_real_time() / G_USEC_PER_SEC) - 60);
        g_assert_false(sasl_have_ticket());
    }
    write_cache(file, UINT32_MAX);
    g_assert_true(g_file_set_contents(primary, "../tkt\n", -1, NULL));
    g_setenv("KRB5CCNAME", as_dir, TRUE);
    g_assert_false(sasl_have_ticket());

    g_unsetenv("KRB5CCNAME");
    g_autofree char *text =
        g_strdup_printf("[libdefaults]\n  default_ccache_name = FILE:%s\n", file);
    g_assert_true(g_file_set_contents(conf, text, -1, NULL));
    g_setenv("KRB5_CONFIG", conf, TRUE);
    g_assert_true(sasl_have_ticket());
    g_setenv("KRB5CCNAME",
             "KCM:", TRUE); /* asked of Kerberos itself: there is no such daemon here */
    g_assert_false(sasl_have_ticket());
    g_unlink(file);
    g_unlink(primary);
    g_unlink(conf);
    g_rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/ccache/a_ticket_counts_until_it_ends",
                    test_a_ticket_counts_until_it_ends);
    g_test_add_func("/sasl/ccache/a_cut_file_has_none", test_a_cut_file_has_none);
    g_test_add_func("/sasl/ccache/where_the_cache_is_looked_for",
                    test_where_the_cache_is_looked_for);
    return g_test_run();
}
