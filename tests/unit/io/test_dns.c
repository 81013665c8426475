#include "io/dns.h"

#include "dns_server.h"
#include "io/sched.h"

#define LOOP6 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16

static const ServedRecord records[] = {
    {"both.example", DNS_A, 0, "\xc0\0\2\1", 4, 0},
    {"both.example", DNS_A, 0, "\xc0\0\2\2", 4, 0},
    {"both.example", DNS_AAAA, 0, LOOP6, 0},
    {"four.example", DNS_A, 0, "\xc0\0\2\4", 4, 0},
    {"mx.example", DNS_MX, 0, "\0\12\4mail\7example\0", 16, 0},
    {"broken.example", DNS_A, 2, NULL, 0, 0},
    {"broken.example", DNS_AAAA, 2, NULL, 0, 0},
    {"drops-six.example", DNS_A, 0, "\xc0\0\2\6", 4, 0},
    {"drops-six.example", DNS_AAAA, -1, NULL, 0, 0},
    {"silent.example", DNS_A, -1, NULL, 0, 0},
    {"slow.test", DNS_A, 0, "\xc0\0\2\7", 4, 50},
    {"mail.lan.example", DNS_A, 0, "\xc0\0\2\10", 4, 0},
    {"a.signed.example", DNS_A, 0, "\xc0\0\2\11", 4, 0},
    {"a.signed.example", DNS_TLSA, 0, "\3\1\1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 35, 0},
    {NULL, 0, 0, NULL, 0, 0},
};

/* Only what is below signed.example is expected to be signed, and nothing is. */
static const char *const anchor =
    "signed.example. IN DS 12345 8 2 "
    "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n";

typedef struct {
    DnsServer *server;
    char *directory, *anchor_file, *resolv_conf, *hosts_file, *address;
    Dns *dns;
} World;

static char *write_file(const World *w, const char *name, const char *text)
{
    char *path = g_build_filename(w->directory, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static void world_open(World *w, const void *user)
{
    (void)user;
    w->server = dns_server_start(records);
    w->address = dns_server_address(w->server);
    w->directory = g_dir_make_tmp("postern-dns-XXXXXX", NULL);
    w->anchor_file = write_file(w, "anchor", anchor);
    w->resolv_conf = write_file(w, "resolv.conf", "search lan.example\n");
    w->hosts_file = write_file(w, "hosts",
                               "# comment\n192.0.2.77 printer printer.home # more\n"
                               "2001:db8::77\tprinter\n127.0.1.1 four-only\n");
    w->dns = dns_new(&(DnsConfig){w->address, w->anchor_file, w->resolv_conf, w->hosts_file}, NULL);
    g_assert_nonnull(w->dns);
}

static void remove_and_free(char *path)
{
    unlink(path);
    g_free(path);
}

static void world_close(World *w, const void *user)
{
    (void)user;
    dns_free(w->dns);
    dns_server_stop(w->server);
    remove_and_free(w->anchor_file);
    remove_and_free(w->resolv_conf);
    remove_and_free(w->hosts_file);
    rmdir(w->directory);
    g_free(w->directory);
    g_free(w->address);
}

/* "192.0.2.1 ::1" */
static char *text_of(const DnsAddresses *found)
{
    GString *all = g_string_new(NULL);
    for (guint i = 0; i < found->addresses->len; i++) {
        const DnsAddress *a = &g_array_index(found->addresses, DnsAddress, i);
        g_autofree char *text = dns_address_text((const struct sockaddr *)&a->address);
        g_string_append_printf(all, "%s%s", i > 0 ? " " : "", text);
    }
    return g_string_free(all, FALSE);
}

static void assert_addresses(Dns *dns, const char *host, int family, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnsAddresses) found = dns_addresses(dns, host, family, deadline_in(20), &error);
    g_assert_no_error(error);
    g_autofree char *text = text_of(found);
    g_auto(GStrv) either = g_strsplit(expected, "|", 0); /* records of one name change places */
    if (!g_strv_contains((const char *const *)either, text)) {
        g_error("%s: \"%s\" is not \"%s\"", host, text, expected);
    }
}

static void assert_no_addresses(Dns *dns, const char *host, int family, PosternErrorCode code,
                                const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(dns_addresses(dns, host, family, deadline_in(20), &error));
    g_assert_error(error, POSTERN_ERROR, (int)code);
    if (!strstr(error->message, message)) {
        g_error("\"%s\" is not in \"%s\"", message, error->message);
    }
}

static void test_records_come_in_wire_form(World *w, const void *user)
{
    (void)user;
    g_autoptr(DnsAnswer) mx = dns_query(w->dns, "mx.example", DNS_MX, deadline_in(20), NULL);
    g_assert_nonnull(mx);
    g_assert_cmpuint(mx->records->len, ==, 1);
    gsize len;
    const char *data = g_bytes_get_data(g_ptr_array_index(mx->records, 0), &len);
    g_assert_cmpmem(data, len, "\0\12\4mail\7example\0", 16);
    g_assert_cmpstr(mx->canonical, ==, "mx.example");
    g_assert_true(!mx->secure && !mx->bogus && mx->rcode == 0);
    g_assert_cmpuint(mx->ttl, <=, 60);
}

static void test_a_name_that_is_not_there_is_an_answer(World *w, const void *user)
{
    (void)user;
    g_autoptr(DnsAnswer) none = dns_query(w->dns, "nobody.example", DNS_MX, deadline_in(20), NULL);
    g_assert_nonnull(none);
    g_assert_cmpint(none->rcode, ==, 3);
    g_assert_cmpuint(none->records->len, ==, 0);
    g_autoptr(DnsAnswer) other = dns_query(w->dns, "four.example", DNS_MX, deadline_in(20), NULL);
    g_assert_nonnull(other);
    g_assert_cmpint(other->rcode, ==, 0);
    g_assert_cmpuint(other->records->len, ==, 0);
}

static void test_addresses_of_both_families_take_turns(World *w, const void *user)
{
    (void)user;
    assert_addresses(w->dns, "both.example", AF_UNSPEC,
                     "::1 192.0.2.1 192.0.2.2|::1 192.0.2.2 192.0.2.1");
    assert_addresses(w->dns, "both.example", AF_INET6, "::1");
    assert_addresses(w->dns, "both.example.", AF_INET, "192.0.2.1 192.0.2.2|192.0.2.2 192.0.2.1");
    assert_addresses(w->dns, "four.example", AF_UNSPEC, "192.0.2.4");
    assert_no_addresses(w->dns, "four.example", AF_INET6, POSTERN_ERROR_NO_HOST, "no IPv6 address");
}

static void test_failures_name_the_resolver(World *w, const void *user)
{
    (void)user;
    assert_no_addresses(w->dns, "nobody.example", AF_UNSPEC, POSTERN_ERROR_NO_HOST, w->address);
    assert_no_addresses(w->dns, "nobody.example", AF_UNSPEC, POSTERN_ERROR_NO_HOST, "NXDOMAIN");
    assert_no_addresses(w->dns, "broken.example", AF_INET, POSTERN_ERROR_TEMPFAIL, "SERVFAIL");
    g_autofree char *long_label = g_strnfill(80, 'x');
    assert_no_addresses(w->dns, long_label, AF_INET, POSTERN_ERROR_USAGE, "not a DNS name");
}

static void test_a_dropped_family_costs_a_second_not_the_host(World *w, const void *user)
{
    (void)user;
    Deadline start = deadline_now();
    assert_addresses(w->dns, "drops-six.example", AF_UNSPEC, "192.0.2.6");
    g_assert_cmpint(deadline_now() - start, <, 3000000);
}

static void test_the_deadline_of_the_caller_holds(World *w, const void *user)
{
    (void)user;
    g_autoptr(GError) error = NULL;
    g_assert_null(dns_query(w->dns, "silent.example", DNS_A, deadline_in(0.2), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    g_assert_nonnull(strstr(error->message, "silent.example"));
    /* and the next question is not disturbed by the late answer */
    assert_addresses(w->dns, "four.example", AF_INET, "192.0.2.4");
}

static void test_what_needs_no_dns_asks_none(World *w, const void *user)
{
    (void)user;
    assert_addresses(w->dns, "192.0.2.9", AF_UNSPEC, "192.0.2.9");
    assert_addresses(w->dns, "2001:db8::9", AF_UNSPEC, "2001:db8::9");
    assert_addresses(w->dns, "[2001:db8::9]", AF_INET6, "2001:db8::9");
    assert_addresses(w->dns, "printer", AF_UNSPEC, "2001:db8::77 192.0.2.77");
    assert_addresses(w->dns, "Printer.HOME", AF_UNSPEC, "192.0.2.77");
    assert_addresses(w->dns, "localhost", AF_UNSPEC, "::1 127.0.0.1");
    assert_addresses(w->dns, "LOCALHOST.", AF_INET, "127.0.0.1");
    assert_addresses(w->dns, "mail.localhost", AF_INET6, "::1");
    assert_no_addresses(w->dns, "192.0.2.9", AF_INET6, POSTERN_ERROR_NO_HOST, "other family");
    assert_no_addresses(w->dns, "four-only", AF_INET6, POSTERN_ERROR_NO_HOST, "hosts file");
    g_assert_cmpint(g_atomic_int_get(&w->server->questions), ==, 0);
    assert_no_addresses(w->dns, "notlocalhost", AF_INET, POSTERN_ERROR_NO_HOST, "NXDOMAIN");
    g_assert_cmpint(g_atomic_int_get(&w->server->questions), >, 0);
}

static void test_names_of_one_label_are_searched_for(World *w, const void *user)
{
    (void)user;
    assert_addresses(w->dns, "mail", AF_INET, "192.0.2.8");
    assert_no_addresses(w->dns, "mail.nowhere", AF_INET, POSTERN_ERROR_NO_HOST, "mail.nowhere");
}

static void test_bogus_answers_are_told_and_not_used(World *w, const void *user)
{
    (void)user;
    g_autoptr(DnsAnswer) a = dns_query(w->dns, "a.signed.example", DNS_A, deadline_in(20), NULL);
    g_assert_nonnull(a);
    g_assert_true(a->bogus && !a->secure);
    g_assert_cmpuint(a->records->len, ==, 0);
    g_assert_nonnull(a->why_bogus);
    assert_no_addresses(w->dns, "a.signed.example", AF_INET, POSTERN_ERROR_INSECURE, "DNSSEC");
}

/* With the system's anchor nothing here validates, for this server knows no root. */
static void test_a_resolver_that_strips_dnssec_still_serves(World *w, const void *user)
{
    (void)user;
    if (access("/usr/share/dns/root.key", R_OK) != 0) {
        g_test_skip("no system trust anchor");
        return;
    }
    g_autoptr(Dns) dns =
        dns_new(&(DnsConfig){.server = w->address, .hosts_file = w->hosts_file}, NULL);
    assert_addresses(dns, "both.example", AF_INET, "192.0.2.1 192.0.2.2|192.0.2.2 192.0.2.1");
    g_autoptr(DnsAddresses) found =
        dns_addresses(dns, "four.example", AF_INET, deadline_in(20), NULL);
    g_assert_true(found && !found->secure);
    /* but not for DANE */
    g_autoptr(DnsAnswer) tlsa = dns_query(dns, "a.signed.example", DNS_TLSA, deadline_in(20), NULL);
    g_assert_true(!tlsa || tlsa->bogus);
}

static void test_without_a_resolver_it_fails_at_once(World *w, const void *user)
{
    (void)user;
    const char *const files[] = {w->hosts_file, "/nonexistent/resolv.conf"};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autoptr(Dns) dns = dns_new(&(DnsConfig){.resolv_conf = files[i]}, NULL);
        Deadline start = deadline_now();
        assert_no_addresses(dns, "mail.example", AF_UNSPEC, POSTERN_ERROR_CONFIG, files[i]);
        g_assert_cmpint(deadline_now() - start, <, 500000);
    }
}

static void test_a_resolver_that_is_not_there_is_told(World *w, const void *user)
{
    g_autofree char *gone = g_strdup(w->address);
    world_close(w, user);
    g_autoptr(Dns) dns = dns_new(&(DnsConfig){.server = gone}, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(dns_addresses(dns, "mail.example", AF_INET, deadline_in(20), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TEMPFAIL);
    g_assert_nonnull(strstr(error->message, gone));
    world_open(w, user);
}

static void test_unusable_settings_are_refused(World *w, const void *user)
{
    (void)user;
    static const char *const bad[] = {
        "", "dns.example", "127.0.0.1@", "127.0.0.1@0", "127.0.0.1:53", "127.0.0.1@70000"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(dns_new(&(DnsConfig){.server = bad[i]}, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(dns_new(&(DnsConfig){.anchor_file = "/nonexistent"}, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);

    /* What is in the anchor is looked at by the first question. */
    g_autoptr(Dns) dns =
        dns_new(&(DnsConfig){.server = w->address, .anchor_file = w->hosts_file}, NULL);
    assert_no_addresses(dns, "four.example", AF_INET, POSTERN_ERROR_CONFIG, w->hosts_file);
}

/* --- tasks --- */

typedef struct {
    Dns *dns;
    char *host;
    double seconds;
    char *found;
    GError *error;
} Asker;

static void ask(void *user)
{
    Asker *a = user;
    g_autoptr(DnsAddresses) found =
        dns_addresses(a->dns, a->host, AF_INET, deadline_in(a->seconds), &a->error);
    a->found = found ? text_of(found) : NULL;
}

static void asker_clear(Asker *a)
{
    g_free(a->host);
    g_free(a->found);
    g_clear_error(&a->error);
}

static void test_many_tasks_ask_at_once(World *w, const void *user)
{
    (void)user;
    enum { N = 200 };
    static const char *const hosts[] = {"mail.lan.example", "four.example", "nobody.example",
                                        "silent.example", "slow.test"};
    static const char *const expected[] = {"192.0.2.8", "192.0.2.4", NULL, NULL, "192.0.2.7"};
    g_autoptr(Sched) sched = sched_new(NULL);
    g_autofree Asker *askers = g_new0(Asker, N);
    for (size_t i = 0; i < N; i++) {
        /* Those that time out soonest are often those that poll for all. */
        double seconds = i % 5 == 3 ? 0.001 + 0.001 * (double)i : 30;
        askers[i] = (Asker){.dns = w->dns, .host = g_strdup(hosts[i % 5]), .seconds = seconds};
        g_assert_nonnull(sched_spawn(sched, ask, &askers[i], NULL));
    }
    g_assert_true(sched_run(sched, NULL));
    for (size_t i = 0; i < N; i++) {
        g_assert_cmpstr(askers[i].found, ==, expected[i % 5]);
        asker_clear(&askers[i]);
    }
}

static void cancel_soon(void *user)
{
    g_assert_true(io_sleep(deadline_in(0.05), NULL));
    sched_cancel_all(user);
}

static void test_cancelled_questions_leave_nothing_behind(World *w, const void *user)
{
    (void)user;
    g_autoptr(Sched) sched = sched_new(NULL);
    Asker askers[10];
    for (size_t i = 0; i < 10; i++) {
        askers[i] = (Asker){.dns = w->dns, .host = g_strdup("silent.example"), .seconds = 30};
        g_assert_nonnull(sched_spawn(sched, ask, &askers[i], NULL));
    }
    g_assert_nonnull(sched_spawn(sched, cancel_soon, sched, NULL));
    g_assert_true(sched_run(sched, NULL));
    for (size_t i = 0; i < 10; i++) {
        g_assert_error(askers[i].error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
        asker_clear(&askers[i]);
    }
    assert_addresses(w->dns, "four.example", AF_INET, "192.0.2.4");
}

#define ADD(path, function) g_test_add(path, World, NULL, world_open, function, world_close)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/dns/records", test_records_come_in_wire_form);
    ADD("/dns/nothing", test_a_name_that_is_not_there_is_an_answer);
    ADD("/dns/both", test_addresses_of_both_families_take_turns);
    ADD("/dns/failures", test_failures_name_the_resolver);
    ADD("/dns/drops", test_a_dropped_family_costs_a_second_not_the_host);
    ADD("/dns/deadline", test_the_deadline_of_the_caller_holds);
    ADD("/dns/none-needed", test_what_needs_no_dns_asks_none);
    ADD("/dns/search", test_names_of_one_label_are_searched_for);
    ADD("/dns/bogus", test_bogus_answers_are_told_and_not_used);
    ADD("/dns/strips", test_a_resolver_that_strips_dnssec_still_serves);
    ADD("/dns/no-resolver", test_without_a_resolver_it_fails_at_once);
    ADD("/dns/gone", test_a_resolver_that_is_not_there_is_told);
    ADD("/dns/settings", test_unusable_settings_are_refused);
    ADD("/dns/tasks", test_many_tasks_ask_at_once);
    ADD("/dns/cancel", test_cancelled_questions_leave_nothing_behind);
    return g_test_run();
}
