/* Which hosts, in which order; what they must prove is shown on real servers (test_send_mx.py). */
#include "send/route.h"

#include <glib/gstdio.h>

#include "../io/dns_server.h"

static const ServedRecord records[] = {
    {"two.example", DNS_MX, 0, "\0\24\1b\7example\0", 13, 0},
    {"two.example", DNS_MX, 0, "\0\12\1a\7example\0", 13, 0},
    {"null.example", DNS_MX, 0, "\0\0\0", 3, 0},
    {"alone.example", DNS_A, 0, "\x7f\0\0\1", 4, 0},
    {NULL, 0, 0, NULL, 0, 0},
};

typedef struct {
    DnsServer *server;
    char *address;
    Dns *dns;
} World;

static void set_up(World *w, const void *unused)
{
    (void)unused;
    w->server = dns_server_start(records);
    w->address = dns_server_address(w->server);
    w->dns = dns_new(&(DnsConfig){w->address, NULL, "/dev/null", "/dev/null"}, NULL);
    g_assert_nonnull(w->dns);
}

static void tear_down(World *w, const void *unused)
{
    (void)unused;
    dns_free(w->dns);
    dns_server_stop(w->server);
    g_free(w->address);
}

static Route *find(const World *w, const char *domain, GError **error)
{
    DialPlan dial = {.dns = w->dns};
    HttpsPlan https = {.dial = &dial};
    return route_find(&(StsPlan){.dns = w->dns, .https = &https, .deadline = deadline_in(20)},
                      domain, error);
}

static void test_by_preference(World *w, const void *unused)
{
    (void)unused;
    g_autoptr(GError) error = NULL;
    g_autoptr(Route) route = find(w, "two.example", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(route->hops->len, ==, 2);
    const RouteHop *first = g_ptr_array_index(route->hops, 0);
    const RouteHop *second = g_ptr_array_index(route->hops, 1);
    g_assert_true(g_str_has_prefix(first->host, "a.example"));
    g_assert_true(g_str_has_prefix(second->host, "b.example"));
    g_assert_cmpint(first->proof, ==, ROUTE_OPPORTUNISTIC);
    g_assert_false(route->implicit);
}

static void test_its_own_host(World *w, const void *unused)
{
    (void)unused;
    g_autoptr(GError) error = NULL;
    g_autoptr(Route) route = find(w, "alone.example", &error);
    g_assert_no_error(error);
    g_assert_true(route->implicit);
    g_assert_cmpstr(((const RouteHop *)g_ptr_array_index(route->hops, 0))->host, ==,
                    "alone.example");
}

static void test_takes_no_mail(World *w, const void *unused)
{
    (void)unused;
    g_autoptr(GError) error = NULL;
    g_assert_null(find(w, "null.example", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE);
}

static void test_a_literal_is_its_own_host(World *w, const void *unused)
{
    (void)unused;
    static const struct {
        const char *domain, *host;
    } rows[] = {{"[127.0.0.1]", "127.0.0.1"},
                {"[ipv6:::1]", "::1"},
                {"[x]", NULL},
                {"[", NULL},
                {"[]", NULL},
                {"[127.0.0.1", NULL}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Route) route = find(w, rows[i].domain, &error);
        const RouteHop *hop = route ? g_ptr_array_index(route->hops, 0) : NULL;
        g_assert_cmpstr(hop ? hop->host : NULL, ==, rows[i].host);
        g_assert_true(hop || g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_NO_HOST));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, World, NULL, set_up, function, tear_down)
    ADD("/route/by-preference", test_by_preference);
    ADD("/route/its-own-host", test_its_own_host);
    ADD("/route/takes-no-mail", test_takes_no_mail);
    ADD("/route/literal", test_a_literal_is_its_own_host);
    return g_test_run();
}
