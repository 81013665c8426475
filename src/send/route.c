#include "send/route.h"

#include <string.h>

#include "io/addresses.h"
#include "io/rdata.h"
#include "tls/plan.h"

enum { HOPS_MAX = 20 };

static const char *const proofs[] = {
    "opportunistic TLS",
    "TLS, whoever it is: it has TLSA records, but none of them can be used",
    "MTA-STS",
    "DANE",
};

const char *route_proof_name(RouteProof proof)
{
    return proofs[proof];
}

static void hop_free(void *data)
{
    RouteHop *hop = data;
    g_free(hop->host);
    g_free(hop->unusable);
    g_free(hop);
}

void route_free(Route *route)
{
    if (route) {
        g_ptr_array_unref(route->hops);
        g_free(route->note);
        g_free(route);
    }
}

static void add_hop(Route *route, char *host, uint16_t preference)
{
    RouteHop *hop = g_new0(RouteHop, 1);
    hop->host = host;
    hop->preference = preference;
    g_ptr_array_add(route->hops, hop);
}

/* Hosts of one preference share the load: in random order (RFC 5321 5.1). */
static int by_preference(gconstpointer a, gconstpointer b)
{
    const RouteHop *x = *(RouteHop *const *)a, *y = *(RouteHop *const *)b;
    return (x->preference > y->preference) - (x->preference < y->preference);
}

static void shuffle(GPtrArray *hops)
{
    for (guint i = hops->len; i > 1; i--) {
        guint j = (guint)g_random_int_range(0, (gint32)i);
        gpointer other = hops->pdata[j];
        hops->pdata[j] = hops->pdata[i - 1];
        hops->pdata[i - 1] = other;
    }
}

/* --- MX --- */

static bool read_mx(const DnsAnswer *answer, const char *domain, Route *route, GError **error)
{
    for (guint i = 0; i < answer->records->len && i < HOPS_MAX; i++) {
        gsize len;
        const char *data = g_bytes_get_data(g_ptr_array_index(answer->records, i), &len);
        RdataMx mx;
        if (!rdata_mx((Bytes){data, len}, &mx)) {
            continue;
        }
        if (!strcmp(mx.host, ".")) {
            g_free(mx.host);
            return error_fail(error, POSTERN_ERROR_UNAVAILABLE,
                              "%s takes no mail: its MX record says so (a null MX, RFC 7505)",
                              domain);
        }
        add_hop(route, mx.host, mx.preference);
    }
    shuffle(route->hops);
    g_ptr_array_sort(route->hops, by_preference);
    return true;
}

static bool find_hosts(Dns *dns, const char *domain, Deadline deadline, Route *route, bool *secure,
                       GError **error)
{
    g_autoptr(DnsAnswer) answer = dns_query(dns, domain, DNS_MX, deadline, error);
    if (!answer) {
        return error_prefix(error, "MX of %s", domain);
    }
    if (answer->bogus) {
        return error_fail(error, POSTERN_ERROR_INSECURE, "the MX answer for %s is bogus: %s",
                          domain, answer->why_bogus ? answer->why_bogus : "DNSSEC failed");
    }
    enum { NXDOMAIN = 3 };
    if (answer->rcode == NXDOMAIN) {
        return error_fail(error, POSTERN_ERROR_NO_HOST, "there is no domain %s", domain);
    }
    *secure = answer->secure;
    if (!read_mx(answer, domain, route, error)) {
        return false;
    }
    route->implicit = route->hops->len == 0;
    if (route->implicit) {
        add_hop(route, g_strdup(domain), 0);
    }
    return true;
}

/* --- MTA-STS --- */

static bool is_listed(const MtaStsPolicy *policy, const char *host)
{
    for (guint i = 0; i < policy->mx->len; i++) {
        if (mta_sts_mx_matches(g_ptr_array_index(policy->mx, i), host)) {
            return true;
        }
    }
    return false;
}

static void apply_mta_sts(const StsPlan *sts, const char *domain, Route *route)
{
    g_autoptr(MtaStsPolicy) policy = sts_find(sts, domain, &route->note);
    if (!policy) {
        return;
    }
    if (strcmp(policy->mode, "enforce") != 0) {
        g_free(route->note);
        route->note = g_strdup_printf("its MTA-STS policy is \"%s\"", policy->mode);
        return;
    }
    for (guint i = 0; i < route->hops->len; i++) {
        RouteHop *hop = g_ptr_array_index(route->hops, i);
        hop->proof = ROUTE_MTA_STS;
        if (!is_listed(policy, hop->host)) {
            hop->unusable = g_strdup("the domain's MTA-STS policy does not list it");
        }
    }
}

/* --- DANE --- */

/* Is there one that a mail server may rely on? (RFC 7672 3.1) */
static bool has_usable(const DnsAnswer *answer)
{
    bool found = false;
    for (guint i = 0; i < answer->records->len; i++) {
        gsize len;
        const char *data = g_bytes_get_data(g_ptr_array_index(answer->records, i), &len);
        TlsaRecord *record = tlsa_record_parse((Bytes){data, len});
        found |= record && (record->usage == 2 || record->usage == 3) && record->selector <= 1 &&
                 record->matching <= 2;
        if (record) {
            tlsa_record_free(record);
        }
    }
    return found;
}

/* TLSA counts only where MX, addresses and the records themselves are validated (RFC 7672 2.2);
 * then it has the say, whatever MTA-STS wants (RFC 8461 2). */
static void apply_dane(Dns *dns, Deadline deadline, RouteHop *hop)
{
    g_autoptr(DnsAddresses) addresses = dns_addresses(dns, hop->host, AF_UNSPEC, deadline, NULL);
    if (!addresses || !addresses->secure) {
        return;
    }
    g_autofree char *name = g_strconcat("_25._tcp.", hop->host, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnsAnswer) answer = dns_query(dns, name, DNS_TLSA, deadline, &error);
    bool broken = !answer || answer->bogus;
    if (broken) {
        g_free(hop->unusable);
        hop->unusable = g_strdup_printf("its TLSA records cannot be had: %s",
                                        answer ? "the answer is bogus" : error->message);
    } else if (answer->secure && has_usable(answer)) {
        g_clear_pointer(&hop->unusable, g_free);
        hop->proof = ROUTE_DANE;
    } else if (answer->secure && answer->records->len) {
        hop->proof = MAX(hop->proof, ROUTE_TLS); /* RFC 7672 2.2 */
    }
}

/* "[127.0.0.1]", "[IPv6:::1]" (RFC 5321 4.1.3). */
static bool use_literal(const char *domain, Route *route, GError **error)
{
    enum { TAG = 5 };
    size_t len = strlen(domain);
    bool six = !g_ascii_strncasecmp(domain + 1, "IPv6:", TAG);
    g_autofree char *host = g_strndup(domain + 1, len > 2 ? len - 2 : 0);
    const char *number = host + (six ? TAG : 0);
    DnsAddress address;
    if (domain[len - 1] != ']' || !address_parse(number, &address)) {
        return error_fail(error, POSTERN_ERROR_NO_HOST, "%s is no address of a host", domain);
    }
    add_hop(route, g_strdup(number), 0);
    route->implicit = true;
    return true;
}

Route *route_find(const StsPlan *plan, const char *domain, GError **error)
{
    Dns *dns = plan->dns;
    Deadline deadline = plan->deadline;
    g_autoptr(Route) route = g_new0(Route, 1);
    route->hops = g_ptr_array_new_with_free_func(hop_free);
    bool secure = false;
    if (domain[0] == '[') {
        return use_literal(domain, route, error) ? g_steal_pointer(&route) : NULL;
    }
    if (!find_hosts(dns, domain, deadline, route, &secure, error)) {
        return NULL;
    }
    apply_mta_sts(plan, domain, route);
    for (guint i = 0; secure && i < route->hops->len; i++) {
        apply_dane(dns, deadline, g_ptr_array_index(route->hops, i));
    }
    return g_steal_pointer(&route);
}
