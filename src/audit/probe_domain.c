/* probe_domain.c: what the DNS and two HTTPS documents say about a mail domain. */
#include <string.h>

#include "audit/mta_sts_parse.h"
#include "audit/probe.h"
#include "audit/spf_dmarc_parse.h"
#include "audit/txt_tags.h"
#include "base/escape.h"
#include "io/https.h"
#include "io/rdata.h"

enum {
    MX_MAX = 64,
    SRV_MAX = 16,       /* targets of one service */
    ADDRESSES_MAX = 64, /* of one MX host */
    NXDOMAIN = 3,       /* RFC 1035 4.1.1 */
    TXT_MAX = 256 * 1024,
    POLICY_MAX = 64 * 1024, /* RFC 8461 3.3 */
    AUTOCONFIG_MAX = 256 * 1024,
    SHOWN_MAX = 200,
    TIMEOUT_DEFAULT = 30,
    SILENCE_SECONDS = 5, /* of waiting in vain: then nothing more is asked */
};

typedef struct {
    const ProbePlan *plan;
    DomainFacts *facts;
    char *silent; /* what the resolver that does not answer was asked first, in words; or NULL */
} DomainProbe;

static void tell(DomainProbe *p, const char *what)
{
    if (p->plan->progress) {
        p->plan->progress(p->plan->progress_user, what);
    }
}

static Deadline deadline_of(DomainProbe *p)
{
    double timeout = p->plan->plan->timeout;
    return deadline_in(timeout > 0 ? timeout : TIMEOUT_DEFAULT);
}

/* --- asking --- */

/* A resolver that is dead is waited for once, not twenty times. */
static bool is_silent(const DomainProbe *p, GError **error)
{
    return p->silent && !error_fail(error, POSTERN_ERROR_TEMPFAIL, "%s", p->silent);
}

/* dns_query(), until the resolver is silent. Suspends. */
static DnsAnswer *query(DomainProbe *p, const char *name, int type, GError **error)
{
    g_autoptr(GError) why = NULL;
    Deadline patience = deadline_in(SILENCE_SECONDS);
    if (is_silent(p, error)) {
        return NULL;
    }
    DnsAnswer *answer = dns_query(p->plan->plan->dial.dns, name, type, deadline_of(p), &why);
    if (!answer && deadline_passed(patience)) {
        p->silent = g_strdup(why->message);
    }
    if (!answer) {
        g_propagate_error(error, g_steal_pointer(&why));
    }
    return answer;
}

/* NULL when there is no answer to go by; then the fact, if wanted, says why. Suspends. */
static DnsAnswer *ask(DomainProbe *p, const char *name, int type, Fact *fact)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnsAnswer) answer = query(p, name, type, &error);
    if (answer && !answer->bogus) {
        return g_steal_pointer(&answer);
    }
    if (fact && !answer) {
        fact_set(fact, UNKNOWN, "%s", error->message);
    } else if (fact) {
        g_autofree char *why = escape_line_max(bytes_of(answer->why_bogus), SHOWN_MAX);
        fact_set(fact, UNKNOWN, "the answer for %s fails DNSSEC validation: %s", name, why);
    }
    return NULL;
}

static Bytes record_of(const DnsAnswer *answer, guint i)
{
    gsize len;
    const char *data = g_bytes_get_data(g_ptr_array_index(answer->records, i), &len);
    return (Bytes){data, len};
}

/* A record is one line, whatever octets are in it. */
static void add_text(GString *lines, const GString *text)
{
    for (gsize i = 0; i < text->len; i++) {
        char c = text->str[i];
        g_string_append_c(lines, c == '\n' || c == '\r' || c == '\0' ? ' ' : c);
    }
    g_string_append_c(lines, '\n');
}

/* The TXT records of a name, one a line; "" when there are none. NULL as ask(). Suspends. */
static char *ask_txt(DomainProbe *p, const char *name, Fact *fact)
{
    g_autoptr(DnsAnswer) answer = ask(p, name, DNS_TXT, fact);
    if (!answer) {
        return NULL;
    }
    g_autoptr(GString) lines = g_string_new(NULL);
    for (guint i = 0; i < answer->records->len && lines->len < TXT_MAX; i++) {
        GString *text = rdata_txt(record_of(answer, i));
        if (text) {
            add_text(lines, text);
            g_string_free(text, TRUE);
        }
    }
    return g_string_free(g_steal_pointer(&lines), FALSE);
}

/* YES when there are records of that kind, be they broken or too many: checks judge the text. NO
 * names the place that was looked at. */
static void set_found(Fact *fact, unsigned records, const char *version, const char *name)
{
    if (records > 0) {
        fact_set(fact, YES, NULL);
    } else {
        fact_set(fact, NO, "there is no record \"%s\" at %s", version, name);
    }
}

static unsigned count(const char *text, const char *version)
{
    Bytes record;
    return txt_records(bytes_of(text), version, &record);
}

/* --- MX --- */

/* Suspends. */
static void resolve(DomainProbe *p, MxFacts *mx)
{
    const DialPlan *dial = &p->plan->plan->dial;
    g_autoptr(GError) error = NULL;
    g_autoptr(DnsAddresses) found =
        dns_addresses(dial->dns, mx->host, dial->family, deadline_of(p), &error);
    if (!found) {
        bool none = g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_NO_HOST);
        fact_set(&mx->resolves, none ? NO : UNKNOWN, "%s", error->message);
        return;
    }
    fact_set(&mx->resolves, YES, NULL);
    mx->secure = found->secure;
    for (guint i = 0; i < found->addresses->len && i < ADDRESSES_MAX; i++) {
        const DnsAddress *address = &g_array_index(found->addresses, DnsAddress, i);
        g_ptr_array_add(mx->addresses,
                        dns_address_text((const struct sockaddr *)&address->address));
    }
}

static int by_preference(gconstpointer a, gconstpointer b)
{
    const MxFacts *one = *(const MxFacts *const *)a;
    const MxFacts *other = *(const MxFacts *const *)b;
    return one->preference != other->preference ? (one->preference < other->preference ? -1 : 1)
                                                : strcmp(one->host, other->host);
}

static void read_mx(DomainFacts *facts, const DnsAnswer *answer)
{
    bool null = false;
    for (guint i = 0; i < answer->records->len && i < MX_MAX; i++) {
        RdataMx mx;
        if (!rdata_mx(record_of(answer, i), &mx)) {
            continue;
        }
        if (strcmp(mx.host, ".") == 0) {
            null = true;
        } else {
            domain_facts_add_mx(facts, mx.host, mx.preference);
        }
        g_free(mx.host);
    }
    bool alone = null && facts->mx->len == 0;
    /* RFC 7505 3: a null MX stands alone, or means nothing. */
    fact_set(&facts->null_mx, alone ? YES : NO,
             null && !alone ? "a null MX stands beside others, where it means nothing" : NULL);
}

/* Without an MX the domain's own addresses take its mail (RFC 5321 5.1). Suspends. */
static void add_implicit_mx(DomainProbe *p)
{
    MxFacts *mx = domain_facts_add_mx(p->facts, p->facts->domain, 0);
    mx->implicit = true;
    resolve(p, mx);
    if (mx->resolves.known == NO) {
        g_ptr_array_set_size(p->facts->mx, 0);
    }
}

static void probe_mx(DomainProbe *p)
{
    DomainFacts *facts = p->facts;
    tell(p, "MX");
    g_autoptr(GError) error = NULL;
    g_autoptr(DnsAnswer) answer = query(p, facts->domain, DNS_MX, &error);
    if (!answer) {
        fact_set(&facts->exists, UNKNOWN, "%s", error->message);
        fact_set(&facts->dnssec, UNKNOWN, "%s", error->message);
        fact_set(&facts->null_mx, UNKNOWN, "%s", error->message);
        return;
    }
    if (answer->bogus) {
        g_autofree char *why = escape_line_max(bytes_of(answer->why_bogus), SHOWN_MAX);
        facts->bogus = true;
        fact_set(&facts->dnssec, NO, "%s", why);
        fact_set(&facts->exists, UNKNOWN, "the MX answer fails DNSSEC validation");
        fact_set(&facts->null_mx, UNKNOWN, "the MX answer fails DNSSEC validation");
        return;
    }
    fact_set(&facts->dnssec, answer->secure ? YES : NO, NULL);
    fact_set(&facts->exists, answer->rcode == NXDOMAIN ? NO : YES,
             answer->rcode == NXDOMAIN ? "the DNS says that there is no such name (NXDOMAIN)"
                                       : NULL);
    if (facts->exists.known == NO) {
        return;
    }
    read_mx(facts, answer);
    g_ptr_array_sort(facts->mx, by_preference);
    for (guint i = 0; i < facts->mx->len; i++) {
        resolve(p, g_ptr_array_index(facts->mx, i));
    }
    if (facts->mx->len == 0 && facts->null_mx.known != YES) {
        add_implicit_mx(p);
    }
}

/* --- SRV (RFC 6186, RFC 8314 5.1, RFC 5804 1.8) --- */

static const char *const services[] = {"_submissions._tcp", "_submission._tcp", "_imaps._tcp",
                                       "_imap._tcp",        "_pop3s._tcp",      "_pop3._tcp",
                                       "_sieve._tcp"};

static void probe_srv(DomainProbe *p)
{
    tell(p, "SRV");
    for (size_t s = 0; s < G_N_ELEMENTS(services); s++) {
        g_autofree char *name = g_strdup_printf("%s.%s", services[s], p->facts->domain);
        g_autoptr(DnsAnswer) answer = ask(p, name, DNS_SRV, NULL);
        for (guint i = 0; answer && i < answer->records->len && i < SRV_MAX; i++) {
            RdataSrv record;
            if (rdata_srv(record_of(answer, i), &record)) {
                SrvFacts *srv = domain_facts_add_srv(p->facts, services[s], record.host);
                srv->port = record.port;
                srv->priority = record.priority;
                srv->weight = record.weight;
                g_free(record.host);
            }
        }
    }
}

/* --- TXT --- */

static void probe_tls_rpt(DomainProbe *p)
{
    DomainFacts *facts = p->facts;
    g_autofree char *name = g_strdup_printf("_smtp._tls.%s", facts->domain);
    facts->tls_rpt_text = ask_txt(p, name, &facts->tls_rpt);
    if (facts->tls_rpt_text) {
        set_found(&facts->tls_rpt, count(facts->tls_rpt_text, "v=TLSRPTv1"), "v=TLSRPTv1", name);
        facts->tls_rpt_rua = tls_rpt_record_parse(bytes_of(facts->tls_rpt_text), NULL);
    }
}

static void probe_spf(DomainProbe *p)
{
    DomainFacts *facts = p->facts;
    facts->spf_text = ask_txt(p, facts->domain, &facts->spf);
    if (facts->spf_text) {
        g_autoptr(SpfRecord) spf = spf_parse(bytes_of(facts->spf_text));
        set_found(&facts->spf, spf->records, "v=spf1", facts->domain);
    }
}

/* The domain's own record, or that of the nearest domain above it that has one, which then counts
 * (RFC 7489 6.6.3; which one is the organizational domain no rule of the DNS tells). */
static void probe_dmarc(DomainProbe *p)
{
    DomainFacts *facts = p->facts;
    for (const char *at = facts->domain; at && strchr(at, '.'); at = strchr(at, '.') + 1) {
        g_autofree char *name = g_strdup_printf("_dmarc.%s", at);
        g_free(facts->dmarc_text);
        facts->dmarc_text = ask_txt(p, name, &facts->dmarc);
        if (!facts->dmarc_text) {
            return;
        }
        g_autoptr(DmarcRecord) dmarc = dmarc_parse(bytes_of(facts->dmarc_text));
        if (dmarc->records > 0) {
            bool own = at == facts->domain;
            fact_set(&facts->dmarc, YES, own ? NULL : "the record of %s counts", at);
            return;
        }
    }
    fact_set(&facts->dmarc, NO, "there is no record \"v=DMARC1\" at _dmarc.%s or above",
             facts->domain);
}

/* --- HTTPS --- */

/* Suspends. */
static HttpsAnswer *fetch(DomainProbe *p, const char *url, size_t max, GError **error)
{
    const SessionPlan *session = p->plan->plan;
    HttpsPlan plan = {.dial = &session->dial,
                      .ca_file = session->tls.ca_file,
                      .ca_path = session->tls.ca_path,
                      .max_bytes = max};
    return is_silent(p, error) ? NULL : https_get(&plan, url, deadline_of(p), error);
}

/* Does this failure mean that a sender could not have it either, whenever it tries? */
static bool is_final(const GError *error)
{
    static const PosternErrorCode final[] = {POSTERN_ERROR_NO_HOST, POSTERN_ERROR_INSECURE,
                                             POSTERN_ERROR_LIMIT};
    for (size_t i = 0; i < G_N_ELEMENTS(final); i++) {
        if (g_error_matches(error, POSTERN_ERROR, (int) final[i])) {
            return true;
        }
    }
    return false;
}

static void take_policy(DomainFacts *facts, Bytes text)
{
    g_autoptr(MtaStsPolicy) policy = mta_sts_policy_parse(text);
    facts->mta_sts_policy_text = bytes_dup(text);
    facts->mta_sts_mode = g_strdup(policy->mode);
    facts->mta_sts_max_age = policy->max_age;
    g_ptr_array_extend_and_steal(facts->mta_sts_mx, g_steal_pointer(&policy->mx));
    policy->mx = g_ptr_array_new();
    const char *problem = policy->problems->len ? g_ptr_array_index(policy->problems, 0) : NULL;
    fact_set(&facts->mta_sts_policy, problem ? NO : YES, problem ? "%s" : NULL, problem);
}

/* RFC 8461 3.3. Suspends. */
static void fetch_policy(DomainProbe *p)
{
    DomainFacts *facts = p->facts;
    g_autofree char *url =
        g_strdup_printf("https://mta-sts.%s/.well-known/mta-sts.txt", facts->domain);
    g_autoptr(GError) error = NULL;
    tell(p, "MTA-STS policy");
    g_autoptr(HttpsAnswer) answer = fetch(p, url, POLICY_MAX, &error);
    if (!answer) {
        fact_set(&facts->mta_sts_policy, is_final(error) ? NO : UNKNOWN, "%s", error->message);
    } else if (answer->status != 200) {
        fact_set(&facts->mta_sts_policy, NO, "%s: status %d%s", url, answer->status,
                 answer->location ? ", a redirect, which senders must not follow" : "");
    } else if (g_strcmp0(answer->content_type, "text/plain") != 0) {
        g_autofree char *type = escape_line_max(bytes_of(answer->content_type), SHOWN_MAX);
        fact_set(&facts->mta_sts_policy, NO, "%s: the type is \"%s\", not text/plain", url, type);
    } else {
        take_policy(facts, bytes_of_array(answer->body));
    }
}

static void probe_mta_sts(DomainProbe *p)
{
    DomainFacts *facts = p->facts;
    g_autofree char *name = g_strdup_printf("_mta-sts.%s", facts->domain);
    facts->mta_sts_text = ask_txt(p, name, &facts->mta_sts_record);
    if (!facts->mta_sts_text) {
        fact_set(&facts->mta_sts_policy, UNKNOWN, "%s", facts->mta_sts_record.why);
        return;
    }
    set_found(&facts->mta_sts_record, count(facts->mta_sts_text, "v=STSv1"), "v=STSv1", name);
    facts->mta_sts_id = mta_sts_record_parse(bytes_of(facts->mta_sts_text), NULL);
    if (facts->mta_sts_record.known == YES) {
        fetch_policy(p);
    } else {
        fact_set(&facts->mta_sts_policy, NO, "without a record nobody looks for a policy");
    }
}

static bool is_autoconfig(const HttpsAnswer *answer)
{
    return answer->status == 200 && g_strstr_len((const char *)answer->body->data,
                                                 (gssize)answer->body->len, "<clientConfig");
}

/* Where mail programs look, in their order. Suspends. */
static void probe_autoconfig(DomainProbe *p)
{
    static const struct {
        const char *before, *behind;
    } places[] = {{"https://autoconfig.", "/mail/config-v1.1.xml"},
                  {"https://", "/.well-known/autoconfig/mail/config-v1.1.xml"}};
    Fact *fact = &p->facts->autoconfig;
    tell(p, "autoconfig");
    for (size_t i = 0; i < G_N_ELEMENTS(places) && fact->known != YES; i++) {
        g_autofree char *url =
            g_strconcat(places[i].before, p->facts->domain, places[i].behind, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(HttpsAnswer) answer = fetch(p, url, AUTOCONFIG_MAX, &error);
        if (answer && is_autoconfig(answer)) {
            fact_set(fact, YES, "%s", url);
            p->facts->autoconfig_text = bytes_dup(bytes_of_array(answer->body));
        } else if (answer) {
            fact_set(fact, NO, "%s: status %d, and no configuration", url, answer->status);
        } else {
            bool none =
                is_final(error) || g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE);
            fact_set(fact, none ? NO : UNKNOWN, "%s", error->message);
        }
    }
}

/* --- all of it --- */

static void (*const probes[])(DomainProbe *p) = {
    probe_mx, probe_srv, probe_mta_sts, probe_tls_rpt, probe_spf, probe_dmarc, probe_autoconfig,
};

DomainFacts *probe_domain(const ProbePlan *plan, const char *domain)
{
    DomainProbe p = {plan, domain_facts_new(domain), NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(probes) && p.facts->exists.known != NO; i++) {
        probes[i](&p);
    }
    g_free(p.silent);
    return p.facts;
}
