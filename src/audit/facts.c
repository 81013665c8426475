/* facts.c: making, naming and freeing what probes see. */
#include "audit/facts.h"

#include <string.h>

void fact_set(Fact *fact, Known known, const char *format, ...)
{
    g_free(fact->why);
    fact->known = known;
    fact->why = NULL;
    if (format != NULL) {
        va_list args;
        va_start(args, format);
        fact->why = g_strdup_vprintf(format, args);
        va_end(args);
    }
}

void fact_clear(Fact *fact)
{
    g_clear_pointer(&fact->why, g_free);
    fact->known = UNKNOWN;
}

const char *role_name(Role role)
{
    static const char *const names[] = {"MX", "submission", "mailbox access", "other"};
    return names[role];
}

static const struct {
    const char *name;
    uint16_t wire;
} versions[V_COUNT] = {
    {"SSLv2", 0x0002},   {"SSLv3", 0x0300},   {"TLS 1.0", 0x0301},
    {"TLS 1.1", 0x0302}, {"TLS 1.2", 0x0303}, {"TLS 1.3", 0x0304},
};

const char *version_index_name(VersionIndex v)
{
    return versions[v].name;
}

uint16_t version_index_wire(VersionIndex v)
{
    return versions[v].wire;
}

const char *suite_class_name(SuiteClass c)
{
    static const char *const names[CLASS_COUNT] = {
        "NULL",     "anonymous",  "EXPORT", "RC4",   "single DES", "3DES",
        "CBC mode", "static RSA", "DHE",    "ECDHE", "AEAD",
    };
    return names[c];
}

/* Port 25 is where mail for a domain arrives; an unusual port of smtp:// is taken for that too. */
static Role role_of(const Target *target)
{
    const char *proto = target->scheme->proto->name;
    bool smtp = strcmp(proto, "smtp") == 0;
    if (strcmp(proto, "submission") == 0 ||
        (smtp && (target->port == 587 || target->port == 465))) {
        return ROLE_SUBMISSION;
    }
    if (smtp) {
        return ROLE_MX;
    }
    static const char *const access[] = {"imap", "pop3", "sieve", NULL};
    return g_strv_contains(access, proto) ? ROLE_ACCESS : ROLE_OTHER;
}

static void free_chain(void *chain)
{
    g_ptr_array_unref(chain);
}

static void version_facts_clear(VersionFacts *version)
{
    fact_clear(&version->offered);
    fact_clear(&version->suites_complete);
    fact_clear(&version->server_order);
    g_array_unref(version->suites);
}

Facts *facts_new(const Target *target)
{
    Facts *f = g_new0(Facts, 1);
    f->target = target;
    f->name = target_text(target);
    f->host = g_strdup(target->host ? target->host : target->unix_path);
    f->port = target->port;
    f->role = role_of(target);
    f->tls_first = target->scheme->tls_first;
    f->now = g_get_real_time() / G_USEC_PER_SEC;
    f->chains = g_ptr_array_new_with_free_func(free_chain);
    for (int v = 0; v < V_COUNT; v++) {
        f->version[v].suites =
            g_array_new(FALSE, FALSE, v == V_SSL2 ? sizeof(uint32_t) : sizeof(uint16_t));
    }
    f->groups = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    f->signatures = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    f->ticket_lifetime = -1;
    f->dane.records = g_ptr_array_new_with_free_func((GDestroyNotify)tlsa_record_free);
    f->dane.matches = g_ptr_array_new_with_free_func(g_free);
    f->missing = g_ptr_array_new_with_free_func(g_free);
    return f;
}

static void dane_facts_clear(DaneFacts *dane)
{
    fact_clear(&dane->answered);
    fact_clear(&dane->verified);
    fact_clear(&dane->next_verified);
    g_free(dane->base);
    g_ptr_array_unref(dane->records);
    g_ptr_array_unref(dane->matches);
}

static void clear_facts(Fact *const *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fact_clear(facts[i]);
    }
}

static void clear_answers(Facts *f)
{
    Fact *const single[] = {
        &f->reachable,
        &f->greeted,
        &f->greet_delayed,
        &f->command_injection,
        &f->response_injection,
        &f->login_before_tls,
        &f->tls_enforced,
        &f->chains_complete,
        &f->groups_complete,
        &f->hybrid_groups,
        &f->weak_groups,
        &f->secure_renegotiation,
        &f->client_renegotiation,
        &f->compression,
        &f->ems,
        &f->etm,
        &f->fallback_scsv,
        &f->resumption_id,
        &f->resumption_ticket,
        &f->early_data,
        &f->sentinel,
        &f->tls13_intolerant,
        &f->sni_needed,
        &f->heartbeat,
        &f->heartbleed,
        &f->ccs_injection,
        &f->robot,
        &f->ticketbleed,
        &f->ocsp_stapled,
        &f->sct_present,
    };
    clear_facts(single, G_N_ELEMENTS(single));
    for (int c = 0; c < CLASS_COUNT; c++) {
        fact_clear(&f->suite_class[c]);
    }
}

void facts_free(Facts *f)
{
    if (f == NULL) {
        return;
    }
    clear_answers(f);
    for (int v = 0; v < V_COUNT; v++) {
        version_facts_clear(&f->version[v]);
    }
    dane_facts_clear(&f->dane);
    caps_free(f->caps_before);
    caps_free(f->caps_after);
    tls_peer_free(f->peer);
    g_ptr_array_unref(f->chains);
    g_array_unref(f->groups);
    g_array_unref(f->signatures);
    g_ptr_array_unref(f->missing);
    g_clear_pointer(&f->dh_prime, g_bytes_unref);
    g_free(f->name);
    g_free(f->host);
    g_free(f->address);
    g_free(f->greeting);
    g_free(f->tls_answer);
    g_free(f->handshake_error);
    g_free(f);
}

static void mx_facts_free(void *data)
{
    MxFacts *mx = data;
    g_free(mx->host);
    fact_clear(&mx->resolves);
    g_clear_pointer(&mx->addresses, g_ptr_array_unref);
    g_free(mx);
}

static void srv_facts_free(void *data)
{
    SrvFacts *srv = data;
    g_free(srv->service);
    g_free(srv->host);
    g_free(srv);
}

MxFacts *domain_facts_add_mx(DomainFacts *facts, const char *host, unsigned preference)
{
    MxFacts *mx = g_new0(MxFacts, 1);
    mx->host = g_strdup(host);
    mx->preference = preference;
    mx->addresses = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(facts->mx, mx);
    return mx;
}

SrvFacts *domain_facts_add_srv(DomainFacts *facts, const char *service, const char *host)
{
    SrvFacts *srv = g_new0(SrvFacts, 1);
    srv->service = g_strdup(service);
    srv->host = g_strdup(host);
    g_ptr_array_add(facts->srv, srv);
    return srv;
}

DomainFacts *domain_facts_new(const char *domain)
{
    DomainFacts *d = g_new0(DomainFacts, 1);
    d->domain = g_strdup(domain);
    d->now = g_get_real_time() / G_USEC_PER_SEC;
    d->mx = g_ptr_array_new_with_free_func(mx_facts_free);
    d->srv = g_ptr_array_new_with_free_func(srv_facts_free);
    d->mta_sts_mx = g_ptr_array_new_with_free_func(g_free);
    d->mta_sts_max_age = -1;
    d->services = g_ptr_array_new();
    return d;
}

void domain_facts_free(DomainFacts *d)
{
    if (d == NULL) {
        return;
    }
    Fact *const single[] = {&d->exists,         &d->dnssec,  &d->null_mx, &d->mta_sts_record,
                            &d->mta_sts_policy, &d->tls_rpt, &d->spf,     &d->dmarc,
                            &d->autoconfig};
    clear_facts(single, G_N_ELEMENTS(single));
    g_ptr_array_unref(d->mx);
    g_ptr_array_unref(d->srv);
    g_ptr_array_unref(d->mta_sts_mx);
    g_ptr_array_unref(d->services);
    g_free(d->mta_sts_text);
    g_free(d->mta_sts_policy_text);
    g_free(d->mta_sts_id);
    g_free(d->mta_sts_mode);
    g_free(d->tls_rpt_text);
    g_free(d->tls_rpt_rua);
    g_free(d->spf_text);
    g_free(d->dmarc_text);
    g_free(d->autoconfig_text);
    g_free(d->domain);
    g_free(d);
}
