/* rdata: names and records out of wire form, whole and broken. */
#include "io/rdata.h"

static void test_names(void)
{
    static const struct {
        Bytes wire;
        const char *name;
    } rows[] = {
        {BYTES_LITERAL("\4mail\7example\3org\0"), "mail.example.org"},
        {BYTES_LITERAL("\0"), "."},
        {BYTES_LITERAL("\3a.b\2c\\\0"), "a\\.b.c\\\\"},
        {BYTES_LITERAL("\3\0 \xff\0"), "\\000\\032\\255"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Bytes rest = rows[i].wire;
        g_autofree char *name = rdata_name(&rest);
        g_assert_cmpstr(name, ==, rows[i].name);
        g_assert_cmpuint(rest.len, ==, 0);
    }
}

static void test_broken_names(void)
{
    g_autofree char *labels = g_strnfill(256, '\1');
    const Bytes broken[] = {
        BYTES_NONE,     BYTES_LITERAL("\4mai"), {"\4mail", 5}, /* no end */
        {"\300\14", 2},                                        /* compressed */
        {"\100"},                                              /* a label of 64 */
        {labels, 256},                                         /* too long, and no end */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
        Bytes rest = broken[i];
        g_autofree char *name = rdata_name(&rest);
        g_assert_null(name);
    }
}

static void test_a_name_has_at_most_255_octets(void)
{
    g_autoptr(GString) wire = g_string_new(NULL);
    for (int i = 0; i < 127; i++) {
        g_string_append(wire, "\1a");
    }
    g_string_append_len(wire, "\0", 1); /* 255 */
    Bytes rest = bytes_of_string(wire);
    g_autofree char *fits = rdata_name(&rest);
    g_assert_nonnull(fits);
    g_string_insert(wire, 0, "\1b");
    rest = bytes_of_string(wire);
    g_autofree char *longer = rdata_name(&rest);
    g_assert_null(longer);
}

static void test_mx(void)
{
    RdataMx mx;
    g_assert_true(rdata_mx((Bytes){"\0\12\4mail\0", 8}, &mx));
    g_assert_cmpuint(mx.preference, ==, 10);
    g_assert_cmpstr(mx.host, ==, "mail");
    g_free(mx.host);
    g_assert_true(rdata_mx((Bytes){"\0\0\0", 3}, &mx));
    g_assert_cmpstr(mx.host, ==, ".");
    g_free(mx.host);
    g_assert_false(rdata_mx((Bytes){"\0\12", 2}, &mx));
    g_assert_false(rdata_mx((Bytes){"\0\12\4mail\0x", 9}, &mx));
}

static void test_srv(void)
{
    RdataSrv srv;
    g_assert_true(rdata_srv((Bytes){"\0\1\0\2\3\341\4mail\0", 12}, &srv));
    g_assert_cmpuint(srv.priority, ==, 1);
    g_assert_cmpuint(srv.weight, ==, 2);
    g_assert_cmpuint(srv.port, ==, 993);
    g_assert_cmpstr(srv.host, ==, "mail");
    g_free(srv.host);
    g_assert_false(rdata_srv((Bytes){"\0\1\0\2\3\341", 6}, &srv));
    g_assert_false(rdata_srv((Bytes){"\0\1\0\2\3\341\4mail", 11}, &srv));
}

static void test_txt(void)
{
    g_autoptr(GString) text = rdata_txt((Bytes){"\6v=spf1\5 -all", 13});
    g_assert_cmpstr(text->str, ==, "v=spf1 -all");
    g_autoptr(GString) empty = rdata_txt((Bytes){"\0", 1});
    g_assert_cmpuint(empty->len, ==, 0);
    g_assert_null(rdata_txt((Bytes){"\7v=spf1", 7}));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rdata/names", test_names);
    g_test_add_func("/rdata/broken_names", test_broken_names);
    g_test_add_func("/rdata/a_name_has_at_most_255_octets", test_a_name_has_at_most_255_octets);
    g_test_add_func("/rdata/mx", test_mx);
    g_test_add_func("/rdata/srv", test_srv);
    g_test_add_func("/rdata/txt", test_txt);
    return g_test_run();
}
