/* lookup.c: the addresses of a host: literals, /etc/hosts, localhost, DNS. */
#include <string.h>

#include "io/addresses.h"
#include "io/dns_ask.h"
#include "io/hosts.h"

/* What the other family's answer has when one has come: some resolvers drop questions for AAAA, and
 * a slow one should not lose us a family either. */
#define GRACE 1.0

static GArray *new_list(void)
{
    return g_array_new(FALSE, FALSE, sizeof(DnsAddress));
}

static DnsAddresses *result_new(GArray *addresses, char *canonical, bool secure)
{
    DnsAddresses *r = g_new0(DnsAddresses, 1);
    r->addresses = addresses;
    r->canonical = canonical;
    r->secure = secure;
    return r;
}

void dns_addresses_free(DnsAddresses *addresses)
{
    if (!addresses) {
        return;
    }
    g_array_unref(addresses->addresses);
    g_free(addresses->canonical);
    g_free(addresses);
}

static const char *family_word(int family)
{
    return family == AF_INET ? "IPv4 " : family == AF_INET6 ? "IPv6 " : "";
}

static DnsAddresses *no_address(const char *host, int family, const char *who, GError **error)
{
    error_fail(error, POSTERN_ERROR_NO_HOST, "%s has no %saddress (%s)", host, family_word(family),
               who);
    return NULL;
}

static DnsAddresses *from_literal(const DnsAddress *literal, const char *host, int family,
                                  GError **error)
{
    if (family != AF_UNSPEC && literal->address.ss_family != family) {
        return no_address(host, family, "it is an address of the other family", error);
    }
    GArray *list = new_list();
    g_array_append_vals(list, literal, 1);
    return result_new(list, NULL, true);
}

/* --- without DNS --- */

/* Those of a list that are of the family, in its order. */
static GArray *of_family(const GArray *list, int family)
{
    GArray *some = new_list();
    for (guint i = 0; i < list->len; i++) {
        const DnsAddress *a = &g_array_index(list, DnsAddress, i);
        if (a->address.ss_family == family) {
            g_array_append_vals(some, a, 1);
        }
    }
    return some;
}

static GArray *interleave_all(const GArray *list)
{
    g_autoptr(GArray) six = of_family(list, AF_INET6);
    g_autoptr(GArray) four = of_family(list, AF_INET);
    return addresses_interleave(six, four);
}

/* RFC 6761 section 6.3: "localhost" and all below it are loopback, whatever any resolver says. */
static bool is_localhost(const char *host)
{
    size_t len = strlen(host);
    len -= len > 0 && host[len - 1] == '.';
    return (len == 9 || (len > 9 && host[len - 10] == '.')) &&
           g_ascii_strncasecmp(host + len - 9, "localhost", 9) == 0;
}

static void add_loopback(GArray *list, int family)
{
    static const char *const loopback[] = {"::1", "127.0.0.1"};
    for (size_t i = 0; i < G_N_ELEMENTS(loopback); i++) {
        DnsAddress a;
        address_parse(loopback[i], &a);
        if (family == AF_UNSPEC || a.address.ss_family == family) {
            g_array_append_vals(list, &a, 1);
        }
    }
}

/* NULL without an error when neither /etc/hosts nor RFC 6761 knows the host. */
static DnsAddresses *without_dns(Dns *dns, const char *host, int family, GError **error)
{
    g_autoptr(GArray) list = new_list();
    g_autofree char *canonical = NULL;
    bool known = hosts_find(dns_hosts(dns), host, family, list, &canonical);
    if (list->len == 0 && is_localhost(host)) {
        known = true;
        add_loopback(list, family);
    }
    if (!known) {
        return NULL;
    }
    if (list->len == 0) {
        return no_address(host, family, "so says the hosts file", error);
    }
    return result_new(interleave_all(list), g_steal_pointer(&canonical), true);
}

/* --- by DNS --- */

static void add_records(GArray *list, int family, const DnsAnswer *answer)
{
    for (guint i = 0; answer && i < answer->records->len; i++) {
        gsize len;
        const char *data = g_bytes_get_data(g_ptr_array_index(answer->records, i), &len);
        DnsAddress a;
        if (address_from_rdata(family, (Bytes){data, len}, &a)) {
            g_array_append_vals(list, &a, 1);
        }
    }
}

static void clear_questions(DnsQuestion *questions, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_clear_pointer(&questions[i].answer, dns_answer_free);
        g_clear_error(&questions[i].error);
    }
}

/* A bogus answer is worse than none: somebody may be lying about the other family too. */
static bool fail_bogus(const char *name, const DnsQuestion *questions, size_t n, GError **error)
{
    for (size_t i = 0; i < n; i++) {
        const DnsAnswer *a = questions[i].answer;
        if (a && a->bogus) {
            error_fail(error, POSTERN_ERROR_INSECURE,
                       "the DNS answer for %s fails DNSSEC validation: %s", name,
                       a->why_bogus ? a->why_bogus : "no reason was given");
            return true;
        }
    }
    return false;
}

static const char *canonical_of(const DnsQuestion *questions, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (questions[i].answer && questions[i].answer->canonical) {
            return questions[i].answer->canonical;
        }
    }
    return NULL;
}

static bool all_secure(const DnsQuestion *questions, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!questions[i].answer || !questions[i].answer->secure) {
            return false;
        }
    }
    return true;
}

static DnsAddresses *collect(Dns *dns, const char *name, int family, DnsQuestion *questions,
                             size_t n, GError **error)
{
    g_autoptr(GArray) six = new_list();
    g_autoptr(GArray) four = new_list();
    for (size_t i = 0; i < n; i++) {
        bool is_six = questions[i].type == DNS_AAAA;
        add_records(is_six ? six : four, is_six ? AF_INET6 : AF_INET, questions[i].answer);
    }
    if (fail_bogus(name, questions, n, error)) {
        return NULL;
    }
    if (six->len + four->len > 0) {
        return result_new(addresses_interleave(six, four), g_strdup(canonical_of(questions, n)),
                          all_secure(questions, n));
    }
    for (size_t i = 0; i < n; i++) {
        if (questions[i].error) {
            g_propagate_error(error, g_steal_pointer(&questions[i].error));
            return NULL;
        }
    }
    g_autofree char *who = g_strdup_printf(
        "%sasked %s", questions[0].answer->rcode == 3 ? "NXDOMAIN, " : "", dns_whom(dns));
    return no_address(name, family, who, error);
}

static DnsAddresses *by_dns(Dns *dns, const char *name, int family, Deadline deadline,
                            GError **error)
{
    DnsQuestion questions[] = {{.type = DNS_AAAA}, {.type = DNS_A}};
    size_t first = family == AF_INET ? 1 : 0;
    size_t n = family == AF_UNSPEC ? 2 : 1;
    dns_ask(dns, name, questions + first, n, GRACE, deadline);
    DnsAddresses *found = collect(dns, name, family, questions + first, n, error);
    clear_questions(questions, G_N_ELEMENTS(questions));
    return found;
}

/* A name of one label is searched for in the domains of resolv.conf first, as the C library does.
 * One with a dot never is: RFC 1535 tells what came of that. */
static DnsAddresses *by_search(Dns *dns, const char *host, int family, Deadline deadline)
{
    const GPtrArray *domains = dns_search(dns);
    for (guint i = 0; !strchr(host, '.') && i < domains->len; i++) {
        const char *domain = g_ptr_array_index(domains, i);
        g_autofree char *name = g_strdup_printf("%s.%s", host, domain);
        DnsAddresses *found = by_dns(dns, name, family, deadline, NULL);
        if (found) {
            return found;
        }
    }
    return NULL;
}

DnsAddresses *dns_addresses(Dns *dns, const char *host, int family, Deadline deadline,
                            GError **error)
{
    DnsAddress literal;
    if (address_parse(host, &literal)) {
        return from_literal(&literal, host, family, error);
    }
    g_autoptr(GError) why = NULL;
    DnsAddresses *found = without_dns(dns, host, family, &why);
    if (why) {
        g_propagate_error(error, g_steal_pointer(&why));
        return NULL;
    }
    found = found ? found : by_search(dns, host, family, deadline);
    return found ? found : by_dns(dns, host, family, deadline, error);
}
