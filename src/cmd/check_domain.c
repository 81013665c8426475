/* check_domain.c: from a mail domain to its services: every MX host and every service SRV records
 * name, at every address. */
#include <string.h>

#include "audit/autoconfig_parse.h"
#include "base/escape.h"
#include "cmd/check.h"
#include "cmd/interrupt.h"
#include "io/connect_to.h"

#define RESOLVE_SECONDS 20

/* Which scheme an SRV record stands for (RFC 6186, 8314, 5804). */
static const struct {
    const char *service, *scheme;
} srv_schemes[] = {
    {"_submission._tcp", "submission"},
    {"_submissions._tcp", "submissions"},
    {"_imap._tcp", "imap"},
    {"_imaps._tcp", "imaps"},
    {"_pop3._tcp", "pop3"},
    {"_pop3s._tcp", "pop3s"},
    {"_sieve._tcp", "sieve"},
};

/* --- the way to one address --- */

static char *bracketed(const char *address)
{
    return strchr(address, ':') != NULL ? g_strdup_printf("[%s]", address) : g_strdup(address);
}

/* Where --connect-to leads HOST:PORT, as "[ADDR]:PORT"; NULL: nowhere else. */
static char *led_to(char *const *connect_to, const char *host, uint16_t port)
{
    for (; connect_to != NULL && *connect_to != NULL; connect_to++) {
        g_auto(ConnectTo) to = {0};
        if (connect_to_parse(*connect_to, &to, NULL) && connect_to_matches(&to, host, port)) {
            g_autofree char *address = bracketed(to.to_host != NULL ? to.to_host : host);
            return g_strdup_printf("%s:%u", address, to.to_port != 0 ? to.to_port : port);
        }
    }
    return NULL;
}

/* "HOST:PORT:ADDRESS:PORT", so that this very address is dialled, under the host's name. */
static char **way_to(const CheckRun *run, const char *host, uint16_t port, const char *address)
{
    g_autofree char *here = bracketed(address);
    g_autofree char *led = led_to(run->options->connect.connect_to, address, port);
    char **way = g_new0(char *, 2);
    way[0] = led != NULL ? g_strdup_printf("%s:%u:%s", host, port, led)
                         : g_strdup_printf("%s:%u:%s:%u", host, port, here, port);
    return way;
}

/* --- a host, at all its addresses --- */

typedef struct {
    const char *scheme, *host;
    uint16_t port;
    DomainFacts *domain;
} Place;

static bool fits_family(const CheckRun *run, const char *address)
{
    bool six = strchr(address, ':') != NULL;
    return six ? !run->options->connect.ipv4 : !run->options->connect.ipv6;
}

/* A record may hold what is no host name. That must not end the run: it is the domain's fault, and
 * the checks see it. */
static void add_at(CheckRun *run, const Place *place, const char *address)
{
    g_autofree char *url = g_strdup_printf("%s://%s:%u", place->scheme, place->host, place->port);
    CheckJob like = {.word = place->domain->domain, .domain = place->domain};
    if (address != NULL) {
        like.address = g_strdup(address);
        like.connect_to = way_to(run, place->host, place->port, address);
    }
    check_job_add(run, url, like, NULL);
}

/* Without addresses of its own (it does not resolve, or --connect-to leads elsewhere), the name
 * alone: the job will say what is wrong. */
static void add_place(CheckRun *run, const Place *place, const GPtrArray *addresses)
{
    g_autofree char *led = led_to(run->options->connect.connect_to, place->host, place->port);
    if (led != NULL || addresses == NULL || addresses->len == 0) {
        add_at(run, place, NULL);
        return;
    }
    for (guint i = 0; i < addresses->len; i++) {
        const char *address = g_ptr_array_index(addresses, i);
        if (fits_family(run, address)) {
            add_at(run, place, address);
        }
    }
}

static GPtrArray *addresses_of(const CheckRun *run, const char *host)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(DnsAddresses) found =
        dns_addresses(run->dns, host, AF_UNSPEC, deadline_in(RESOLVE_SECONDS), NULL);
    for (guint i = 0; found != NULL && i < found->addresses->len; i++) {
        const DnsAddress *a = &g_array_index(found->addresses, DnsAddress, i);
        g_ptr_array_add(texts, dns_address_text((const struct sockaddr *)&a->address));
    }
    return texts;
}

/* --- a domain --- */

static void add_mx(CheckRun *run, DomainFacts *domain)
{
    for (guint i = 0; domain->mx != NULL && i < domain->mx->len; i++) {
        const MxFacts *mx = g_ptr_array_index(domain->mx, i);
        const Place place = {"smtp", mx->host, 25, domain};
        add_place(run, &place, mx->addresses);
    }
}

static const char *scheme_of(const char *service)
{
    for (size_t i = 0; i < G_N_ELEMENTS(srv_schemes); i++) {
        if (g_ascii_strcasecmp(srv_schemes[i].service, service) == 0) {
            return srv_schemes[i].scheme;
        }
    }
    return NULL;
}

static void add_srv(CheckRun *run, DomainFacts *domain)
{
    for (guint i = 0; domain->srv != NULL && i < domain->srv->len; i++) {
        const SrvFacts *srv = g_ptr_array_index(domain->srv, i);
        const Place place = {scheme_of(srv->service), srv->host, srv->port, domain};
        if (place.scheme == NULL || srv->port == 0) {
            continue;
        }
        g_autoptr(GPtrArray) addresses = addresses_of(run, srv->host);
        add_place(run, &place, addresses);
    }
}

/* What is in the file as well as among the SRV records is looked at once. */
static void add_autoconfig(CheckRun *run, DomainFacts *domain)
{
    g_autoptr(GPtrArray) servers =
        domain->autoconfig_text != NULL
            ? autoconfig_parse(bytes_of(domain->autoconfig_text), domain->domain, NULL)
            : NULL;
    for (guint i = 0; servers != NULL && i < servers->len; i++) {
        const AutoconfigServer *server = g_ptr_array_index(servers, i);
        const Place place = {server->scheme, server->host, server->port, domain};
        g_autoptr(GPtrArray) addresses = addresses_of(run, server->host);
        add_place(run, &place, addresses);
    }
}

static void on_progress(void *user, const char *what)
{
    check_progress_tell(((void **)user)[0], ((void **)user)[1], what);
}

static bool look_up(CheckRun *run, const char *name, bool mx_only, GError **error)
{
    g_autofree char *url = g_strdup_printf("smtp://%s", name);
    Connection *connection = connection_new(&run->options->connect, url, "smtp", error);
    if (connection == NULL) {
        return false;
    }
    SessionPlan *plan = connection_plan(connection);
    const char *host = connection_target(connection)->host;
    void *user[] = {run->progress, (void *)(uintptr_t)host};
    ProbePlan probe = check_probe_plan(run, plan);
    probe.progress = on_progress;
    probe.progress_user = user;
    g_ptr_array_add(run->carriers, connection);
    run->dns = run->dns != NULL ? run->dns : plan->dial.dns;
    plan->dial.dns = run->dns;
    DomainFacts *domain = probe_domain(&probe, host);
    g_ptr_array_add(run->report->domains, domain);
    add_mx(run, domain);
    if (!mx_only) {
        add_srv(run, domain);
        add_autoconfig(run, domain);
    }
    return true;
}

static bool look_up_all(CheckRun *run, char *const *names, bool mx_only, GError **error)
{
    for (; names != NULL && *names != NULL && !interrupt_seen(); names++) {
        if (!look_up(run, *names, mx_only, error)) {
            return false;
        }
    }
    return true;
}

bool check_domains(CheckRun *run, GError **error)
{
    return look_up_all(run, run->options->domains, false, error) &&
           look_up_all(run, run->options->mx, true, error);
}
