#include "io/addresses.h"

#include <string.h>

#include "io/hosts.h"
#include "io/resolvconf.h"

static void test_literals_are_read_and_written_back(void)
{
    static const struct {
        const char *text, *back;
    } good[] = {
        {"192.0.2.1", "192.0.2.1"},   {"2001:DB8:0::1", "2001:db8::1"},         {"[::1]", "::1"},
        {"fe80::1%lo", "fe80::1%lo"}, {"::ffff:127.0.0.1", "::ffff:127.0.0.1"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        DnsAddress a;
        g_assert_true(address_parse(good[i].text, &a));
        g_autofree char *back = dns_address_text((const struct sockaddr *)&a.address);
        g_assert_cmpstr(back, ==, good[i].back);
    }
    static const char *const bad[] = {"",     "[",    "[]",   "1.2.3", "192.0.2.256",
                                      "::1]", "[::1", "host", "::1%",  "fe80::1%nosuchlink",
                                      "%lo"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        DnsAddress a;
        g_assert_false(address_parse(bad[i], &a));
    }
}

static void test_loopback_is_known(void)
{
    static const struct {
        const char *text;
        bool loopback;
    } cases[] = {{"127.0.0.1", true},
                 {"127.1.2.3", true},
                 {"128.0.0.1", false},
                 {"::1", true},
                 {"::", false},
                 {"::ffff:127.0.0.1", true},
                 {"::ffff:192.0.2.1", false},
                 {"0.0.0.0", false}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        DnsAddress a;
        g_assert_true(address_parse(cases[i].text, &a));
        g_assert_true(address_is_loopback((const struct sockaddr *)&a.address) ==
                      cases[i].loopback);
    }
    g_assert_false(address_is_loopback(&(struct sockaddr){.sa_family = AF_UNIX}));
}

static void test_rdata_of_odd_length_is_refused(void)
{
    DnsAddress a;
    g_assert_true(address_from_rdata(AF_INET, (Bytes){"\x7f\0\0\1", 4}, &a));
    g_assert_false(address_from_rdata(AF_INET, (Bytes){"\x7f\0\0\1\2", 5}, &a));
    g_assert_false(address_from_rdata(AF_INET6, (Bytes){"\x7f\0\0\1", 4}, &a));
}

static GArray *list_of(const char *const *texts)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(DnsAddress));
    for (; *texts; texts++) {
        DnsAddress a;
        g_assert_true(address_parse(*texts, &a));
        g_array_append_val(list, a);
    }
    return list;
}

static void assert_list(const GArray *list, const char *expected)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < list->len; i++) {
        const DnsAddress *a = &g_array_index(list, DnsAddress, i);
        g_autofree char *text = dns_address_text((const struct sockaddr *)&a->address);
        g_string_append_printf(all, "%s%s", i > 0 ? " " : "", text);
    }
    g_assert_cmpstr(all->str, ==, expected);
}

static void test_families_take_turns(void)
{
    g_autoptr(GArray) six = list_of((const char *const[]){"::1", "::2", "::3", NULL});
    g_autoptr(GArray) four = list_of((const char *const[]){"10.0.0.1", NULL});
    g_autoptr(GArray) none = list_of((const char *const[]){NULL});
    g_autoptr(GArray) both = addresses_interleave(six, four);
    assert_list(both, "::1 10.0.0.1 ::2 ::3");
    g_autoptr(GArray) only = addresses_interleave(none, four);
    assert_list(only, "10.0.0.1");
}

static void test_hosts_are_found_by_any_name(void)
{
    Bytes text = BYTES_LITERAL("127.0.0.1 localhost\n"
                               "#192.0.2.9 mail\n"
                               "192.0.2.1\tmail.example mail # the server\r\n"
                               "2001:db8::1 mail\n"
                               "192.0.2.1 mail\n"
                               "nonsense mail\n"
                               "192.0.2.3\n"
                               "192.0.2.2 other mail");
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(DnsAddress));
    g_autofree char *canonical = NULL;
    g_assert_true(hosts_find(text, "MAIL", AF_UNSPEC, all, &canonical));
    assert_list(all, "192.0.2.1 2001:db8::1 192.0.2.2");
    g_assert_cmpstr(canonical, ==, "mail.example");

    g_autoptr(GArray) six = g_array_new(FALSE, FALSE, sizeof(DnsAddress));
    g_assert_true(hosts_find(text, "other", AF_INET6, six, NULL));
    g_assert_cmpuint(six->len, ==, 0);
    g_assert_false(hosts_find(text, "server", AF_UNSPEC, six, NULL));
    g_assert_false(hosts_find(text, "192.0.2.3", AF_UNSPEC, six, NULL));
    g_assert_false(hosts_find(BYTES_NONE, "mail", AF_UNSPEC, six, NULL));
}

static void test_resolv_conf_is_read_as_the_c_library_does(void)
{
    g_autoptr(ResolvConf) conf = resolvconf_parse(BYTES_LITERAL("# generated\n"
                                                                "search old.example\n"
                                                                "nameserver 192.0.2.1\n"
                                                                "  nameserver\t2001:db8::1  \r\n"
                                                                "nameserver fe80::1%eth0\n"
                                                                "nameserver 192.0.2.4\n"
                                                                "nameservers 192.0.2.5\n"
                                                                "nameserver\n"
                                                                "options ndots:2\n"
                                                                "search a.example b.example.\n"));
    g_assert_cmpuint(conf->servers->len, ==, 3);
    g_assert_cmpstr(g_ptr_array_index(conf->servers, 1), ==, "2001:db8::1");
    g_assert_cmpstr(g_ptr_array_index(conf->servers, 2), ==, "fe80::1%eth0");
    g_assert_cmpuint(conf->search->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(conf->search, 1), ==, "b.example");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/addresses/literals", test_literals_are_read_and_written_back);
    g_test_add_func("/addresses/loopback", test_loopback_is_known);
    g_test_add_func("/addresses/rdata", test_rdata_of_odd_length_is_refused);
    g_test_add_func("/addresses/interleave", test_families_take_turns);
    g_test_add_func("/addresses/hosts", test_hosts_are_found_by_any_name);
    g_test_add_func("/addresses/resolv-conf", test_resolv_conf_is_read_as_the_c_library_does);
    return g_test_run();
}
