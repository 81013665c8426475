/* check_domain_settings.c: what a domain tells mail programs about its services, and whether that
 * is so. */
#include <string.h>

#include "audit/autoconfig_parse.h"
#include "audit/check_domain.h"
#include "audit/family.h"

/* A service that was checked for this domain at that host and port, the one that answers first; or
 * NULL. */
static const Facts *service_at(const DomainFacts *d, const char *host, uint16_t port)
{
    const Facts *found = NULL;
    for (guint i = 0; i < d->services->len; i++) {
        const Facts *f = g_ptr_array_index(d->services, i);
        if (f->port == port && g_ascii_strcasecmp(f->host, host) == 0 &&
            (found == NULL || f->reachable.known == YES)) {
            found = f;
        }
    }
    return found;
}

/* TLS from the start is what a service ending in "s" promises (RFC 8314 5.1). */
static bool promises_tls(const char *service)
{
    static const char *const first[] = {"_imaps._tcp", "_pop3s._tcp", "_submissions._tcp", NULL};
    return g_strv_contains(first, service);
}

static void judge_srv(const DomainFacts *d, const SrvFacts *srv, Findings *out)
{
    const Facts *f = service_at(d, srv->host, srv->port);
    if (f == NULL) {
        findings_unknown(out, "%s: %s:%u was not checked", srv->service, srv->host, srv->port);
    } else if (f->reachable.known == NO || f->greeted.known == NO) {
        findings_fail(out, "%s: %s:%u does not answer", srv->service, srv->host, srv->port);
    } else if (promises_tls(srv->service) && f->peer == NULL && f->handshake_error != NULL) {
        findings_unknown(out, "%s: %s:%u: %s", srv->service, srv->host, srv->port,
                         f->handshake_error);
    } else if (promises_tls(srv->service) && !f->tls_first) {
        findings_fail(out, "%s: %s:%u does not begin with TLS", srv->service, srv->host, srv->port);
    } else if (f->reachable.known == UNKNOWN) {
        findings_unknown(out, "%s: %s:%u: %s", srv->service, srv->host, srv->port,
                         fact_why(&f->reachable));
    }
}

static void srv_truthful(const DomainFacts *d, Findings *out)
{
    if (d->srv->len == 0) {
        findings_not_applicable(out);
        return;
    }
    for (guint i = 0; i < d->srv->len; i++) {
        const SrvFacts *srv = g_ptr_array_index(d->srv, i);
        if (!domain_is_null_host(
                srv->host)) { /* "." says that there is no such service (RFC 6186 3.4) */
            judge_srv(d, srv, out);
        }
    }
}

static bool has_srv(const DomainFacts *d, const char *service)
{
    for (guint i = 0; i < d->srv->len; i++) {
        const SrvFacts *srv = g_ptr_array_index(d->srv, i);
        if (strcmp(srv->service, service) == 0 && !domain_is_null_host(srv->host)) {
            return true;
        }
    }
    return false;
}

static void srv_tls(const DomainFacts *d, Findings *out)
{
    static const struct {
        const char *plain, *tls;
    } pairs[] = {{"_imap._tcp", "_imaps._tcp"},
                 {"_pop3._tcp", "_pop3s._tcp"},
                 {"_submission._tcp", "_submissions._tcp"}};
    if (d->srv->len == 0) {
        findings_not_applicable(out);
        return;
    }
    g_autoptr(GString) bad = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        if (has_srv(d, pairs[i].plain) && !has_srv(d, pairs[i].tls)) {
            evidence_add(bad, "%s without %s", pairs[i].plain, pairs[i].tls);
        }
    }
    if (bad->len > 0) {
        findings_fail(out, "%s", bad->str);
    }
}

static void autoconfig(const DomainFacts *d, Findings *out)
{
    findings_from_fact(out, &d->autoconfig, NO, "");
}

/* The servers the file names; NULL: that there are none to judge has been said. */
static GPtrArray *autoconfig_servers(const DomainFacts *d, Findings *out)
{
    g_autoptr(GError) error = NULL;
    if (d->autoconfig_text == NULL) {
        if (d->autoconfig.known == UNKNOWN) {
            findings_unknown(out, "%s", fact_why(&d->autoconfig));
        } else {
            findings_not_applicable(out);
        }
        return NULL;
    }
    GPtrArray *servers = autoconfig_parse(bytes_of(d->autoconfig_text), d->domain, &error);
    if (servers == NULL) {
        findings_fail(out, "%s", error->message);
    }
    return servers;
}

static void judge_server(const DomainFacts *d, const AutoconfigServer *server, Findings *out)
{
    const Facts *f = service_at(d, server->host, server->port);
    const char *scheme = server->scheme, *host = server->host;
    unsigned port = server->port;
    if (f == NULL || f->reachable.known == UNKNOWN) {
        findings_unknown(out, "%s at %s:%u: %s", scheme, host, port,
                         f != NULL ? fact_why(&f->reachable) : "it was not checked");
    } else if (f->reachable.known == NO || f->greeted.known == NO) {
        findings_fail(out, "%s at %s:%u does not answer", scheme, host, port);
    } else if (server->security == AUTOCONFIG_TLS && f->peer == NULL) {
        findings_fail(out, "%s at %s:%u does not begin with TLS: %s", scheme, host, port,
                      f->handshake_error != NULL ? f->handshake_error : "it was not tried");
    } else if (server->security == AUTOCONFIG_STARTTLS && f->tls_offer == TLS_OFFER_MISSING) {
        findings_fail(out, "%s at %s:%u does not offer STARTTLS", scheme, host, port);
    }
}

static void autoconfig_true(const DomainFacts *d, Findings *out)
{
    g_autoptr(GPtrArray) servers = autoconfig_servers(d, out);
    for (guint i = 0; servers != NULL && i < servers->len; i++) {
        judge_server(d, g_ptr_array_index(servers, i), out);
    }
}

static void autoconfig_safe(const DomainFacts *d, Findings *out)
{
    g_autoptr(GPtrArray) servers = autoconfig_servers(d, out);
    for (guint i = 0; servers != NULL && i < servers->len; i++) {
        const AutoconfigServer *server = g_ptr_array_index(servers, i);
        if (server->security == AUTOCONFIG_PLAIN) {
            findings_fail(out, "%s at %s:%u", server->scheme, server->host, server->port);
        }
    }
}

static const Check checks[] = {
    {
        .id = "domain.srv",
        .title = "An SRV record does not tell the truth",
        .severity = ALWAYS(MEDIUM),
        .run_domain = srv_truthful,
        .why = "Mail programs set themselves up by these records. A wrong one means that a user "
               "cannot, and does not learn why.",
        .reference = "RFC 6186 3, RFC 8314 5.1",
        .fix = {.dns = "_imaps._tcp IN SRV 0 1 993 mail.example.org.\n"
                       "_submissions._tcp IN SRV 0 1 465 mail.example.org."},
    },
    {
        .id = "domain.srv_tls",
        .title = "SRV records lead to STARTTLS only",
        .severity = ALWAYS(INFO),
        .run_domain = srv_tls,
        .why = "TLS from the first octet cannot be taken away by somebody in between, STARTTLS "
               "can. Mail programs prefer it when they "
               "are told that it is there.",
        .reference = "RFC 8314 5.1",
        .fix = {.dns = "_imaps._tcp IN SRV 0 1 993 mail.example.org.\n"
                       "_submissions._tcp IN SRV 0 1 465 mail.example.org."},
    },
    {
        .id = "domain.autoconfig",
        .title = "Mail programs are not told the settings",
        .severity = ALWAYS(INFO),
        .run_domain = autoconfig,
        .why = "Without autoconfig programs guess, and their guesses can be less safe than what "
               "you offer. Users who have to type in "
               "server names also fall for wrong ones.",
        .reference = "draft-bucksch-autoconfig, RFC 6186",
        .fix = {.dns = "autoconfig IN CNAME www.example.org."},
    },
    {
        .id = "domain.autoconfig_true",
        .title = "The autoconfig file does not tell the truth",
        .severity = ALWAYS(MEDIUM),
        .run_domain = autoconfig_true,
        .why = "Mail programs set themselves up by this file. A server in it that does not answer, "
               "or not as the file says, means that a user cannot read or send mail, and does not "
               "learn why.",
        .reference = "draft-bucksch-autoconfig",
    },
    {
        .id = "domain.autoconfig_safe",
        .title = "The autoconfig file sends mail programs there without TLS",
        .severity = ALWAYS(HIGH),
        .run_domain = autoconfig_safe,
        .why = "Programs do what the file says, and the password travels in the clear. The user "
               "chose nothing, and is told nothing.",
        .reference = "RFC 8314 3, draft-bucksch-autoconfig",
    },
    {0},
};

const Family family_domain_settings = {"domain", "The domain: settings of mail programs", checks,
                                       NEEDS_DOMAIN};
