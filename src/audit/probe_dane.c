/* probe_dane.c: TLSA records against the certificates that are served, and against tomorrow's. */
#include "audit/probe_dane.h"

#include <string.h>

#include "audit/tlsa_match.h"
#include "base/escape.h"

enum { SHOWN_MAX = 200, RESOLVER_SECONDS = 5, CHAIN_MAX = 32 };

static bool about_leaf(const TlsaRecord *record)
{
    return record->usage == 1 || record->usage == 3;
}

static void match_all(DaneFacts *dane, const GPtrArray *chain)
{
    g_ptr_array_set_size(dane->matches, 0);
    for (guint i = 0; i < dane->records->len; i++) {
        g_ptr_array_add(dane->matches, tlsa_match(g_ptr_array_index(dane->records, i), chain));
    }
}

/* --- the look-up --- */

/* For one question. A resolver that is dead holds up nothing but this, and once only. */
static Deadline deadline_of(const Prober *p)
{
    double timeout = p->plan->plan->timeout;
    return deadline_in(timeout > 0 ? MIN(timeout, RESOLVER_SECONDS) : RESOLVER_SECONDS);
}

static bool is_dead(const GError *error)
{
    return g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT) ||
           g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
}

/* The host's name after a validated chain of CNAMEs, or NULL (RFC 7671 section 7). An error is set
 * only when there is nobody to ask. Suspends. */
static char *secure_canonical(const Prober *p, GError **error)
{
    static const int types[] = {DNS_A, DNS_AAAA};
    const char *host = p->target->host;
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(GError) why = NULL;
        g_autoptr(DnsAnswer) answer =
            dns_query(p->plan->plan->dial.dns, host, types[i], deadline_of(p), &why);
        if (is_dead(why)) {
            g_propagate_error(error, g_steal_pointer(&why));
            return NULL;
        }
        if (answer && answer->secure && !answer->bogus && answer->canonical &&
            g_ascii_strcasecmp(answer->canonical, host) != 0) {
            return g_strdup(answer->canonical);
        }
    }
    return NULL;
}

static void read_records(DaneFacts *dane, const DnsAnswer *answer)
{
    for (guint i = 0; i < answer->records->len; i++) {
        gsize len;
        const char *data = g_bytes_get_data(g_ptr_array_index(answer->records, i), &len);
        TlsaRecord *record = tlsa_record_parse((Bytes){data, len});
        if (record) {
            g_ptr_array_add(dane->records, record);
        }
    }
}

static void take_answer(DaneFacts *dane, const DnsAnswer *answer)
{
    dane->secure = answer->secure;
    dane->bogus = answer->bogus;
    if (answer->bogus) {
        g_autofree char *why = escape_line_max(bytes_of(answer->why_bogus), SHOWN_MAX);
        fact_set(&dane->answered, YES, "%s: bogus: %s", dane->base, why);
        return;
    }
    read_records(dane, answer);
    fact_set(&dane->answered, YES, dane->records->len ? NULL : "%s has no TLSA record", dane->base);
}

/* The records of one name; true when the search is over. Suspends. */
static bool try_name(const Prober *p, const char *name)
{
    DaneFacts *dane = &p->facts->dane;
    g_autoptr(GError) error = NULL;
    g_free(dane->base);
    dane->base = g_strdup_printf("_%u._tcp.%s", p->target->port, name);
    g_autoptr(DnsAnswer) answer =
        dns_query(p->plan->plan->dial.dns, dane->base, DNS_TLSA, deadline_of(p), &error);
    if (!answer) {
        fact_set(&dane->answered, UNKNOWN, "%s", error->message);
        return true;
    }
    take_answer(dane, answer);
    return dane->bogus || dane->records->len > 0;
}

bool dane_counts(const DaneFacts *dane)
{
    return dane->secure && !dane->bogus && dane->records->len > 0;
}

void dane_look_up_records(Prober *p)
{
    const char *host = p->target->host;
    if (p->facts->dane.answered.known != UNKNOWN || p->facts->dane.answered.why) {
        return;
    }
    prober_progress(p, "TLSA records");
    if (!host || g_hostname_is_ip_address(host)) {
        fact_set(&p->facts->dane.answered, NO,
                 "TLSA records are found by a host name, and this is "
                 "none");
        return;
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *canonical = secure_canonical(p, &error);
    if (error) {
        fact_set(&p->facts->dane.answered, UNKNOWN, "%s", error->message);
        return;
    }
    if (!canonical || !try_name(p, canonical)) {
        (void)try_name(p, host);
    }
}

/* --- the verdict --- */

void dane_take_verdict(Facts *facts, const TlsPeer *peer)
{
    if (peer->verified) {
        fact_set(&facts->dane.verified, YES, "%s", peer->matched ? peer->matched : "");
    } else {
        const char *why = peer->why_not ? peer->why_not : "the certificate fits no record";
        fact_set(&facts->dane.verified, NO, "%.*s", (int)strcspn(why, "\n"), why);
    }
}

/* Whom OpenSSL takes it for, in a session that demands DANE. Between mail servers usages 0 and 1 do
 * not count (RFC 7672 3.1.3). Suspends. */
static void verify(Prober *p)
{
    DaneFacts *dane = &p->facts->dane;
    SessionPlan plan = prober_session_plan(p);
    g_autoptr(GError) error = NULL;
    if (!prober_can(p, 1)) {
        fact_set(&dane->verified, UNKNOWN, "no connection was left to try it");
        prober_missing(p, "the verdict of DANE");
        return;
    }
    plan.tls.demand = TLS_OPPORTUNISTIC;
    plan.tls.no_verify = false;
    plan.tls.pins = NULL;
    plan.tls.dane = true;
    plan.tls.tlsa_without_pkix = p->facts->role == ROLE_MX;
    Session *s = prober_climb(p, &plan, STAGE_TLS, &error);
    if (s && s->peer) {
        dane_take_verdict(p->facts, s->peer);
    } else {
        fact_set(&dane->verified, UNKNOWN, "%s",
                 error ? error->message : "there was no TLS to be had");
    }
    prober_hang_up(p, s);
}

/* --- tomorrow's certificate --- */

static void free_certificate(void *certificate)
{
    tls_certificate_free(certificate);
}

/* The text between two lines, without its line ends; *rest goes on behind. NULL when there is none.
 */
static char *next_block(const char **rest)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
    const char *from = strstr(*rest, begin);
    const char *to = from ? strstr(from, end) : NULL;
    if (!to) {
        return NULL;
    }
    *rest = to + strlen(end);
    GString *base64 = g_string_new(NULL);
    for (const char *c = from + strlen(begin); c < to; c++) {
        if (!g_ascii_isspace(*c)) {
            g_string_append_c(base64, *c);
        }
    }
    return g_string_free(base64, FALSE);
}

GPtrArray *dane_read_chain(const char *file, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;
    if (!g_file_get_contents(file, &text, NULL, &why)) {
        error_fail(error, POSTERN_ERROR_NO_INPUT, "--next-cert: %s", why->message);
        return NULL;
    }
    g_autoptr(GPtrArray) chain = g_ptr_array_new_with_free_func(free_certificate);
    const char *rest = text;
    for (char *block; chain->len < CHAIN_MAX && (block = next_block(&rest)) != NULL;) {
        g_autoptr(GByteArray) der = bytes_base64_decode(bytes_of(block));
        TlsCertificate *certificate = der ? tls_certificate_parse(bytes_of_array(der)) : NULL;
        if (certificate) {
            g_ptr_array_add(chain, certificate);
        }
        g_free(block);
    }
    if (chain->len == 0) {
        error_fail(error, POSTERN_ERROR_DATA, "--next-cert: %s has no PEM certificate", file);
        return NULL;
    }
    return g_steal_pointer(&chain);
}

static bool counts(const Prober *p, const TlsaRecord *record)
{
    return record->usage <= 3 && (record->usage >= 2 || p->facts->role != ROLE_MX);
}

/* Would any record that counts match it? A record of an authority cannot be judged when the file
 * does not hold the authority. */
static void judge_next(const Prober *p, const GPtrArray *chain)
{
    DaneFacts *dane = &p->facts->dane;
    bool open = false;
    for (guint i = 0; i < dane->records->len; i++) {
        const TlsaRecord *record = g_ptr_array_index(dane->records, i);
        g_autofree char *match = tlsa_match(record, chain);
        if (counts(p, record) && *match) {
            fact_set(&dane->next_verified, YES, "record %u matches its %s", i + 1, match);
            return;
        }
        open = open || (counts(p, record) && !about_leaf(record) && chain->len == 1);
    }
    if (open) {
        fact_set(&dane->next_verified, UNKNOWN,
                 "the file holds no issuer, and a record is about one");
    } else {
        fact_set(&dane->next_verified, NO,
                 "none of the %u records matches it: publish one before it is used",
                 dane->records->len);
    }
}

static void probe_next(const Prober *p)
{
    DaneFacts *dane = &p->facts->dane;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) chain = dane_read_chain(p->plan->next_cert, &error);
    if (!chain) {
        fact_set(&dane->next_verified, UNKNOWN, "%s", error->message);
    } else if (dane->records->len == 0) {
        fact_set(&dane->next_verified, UNKNOWN, "there are no TLSA records to match it");
    } else {
        judge_next(p, chain);
    }
}

void probe_dane(Prober *p)
{
    Facts *f = p->facts;
    DaneFacts *dane = &f->dane;
    dane_look_up_records(p);
    if (f->peer) {
        match_all(dane, f->peer->chain);
    }
    if (p->plan->next_cert) {
        probe_next(p);
    }
    if (dane->verified.known != UNKNOWN) {
        return;
    }
    if (!dane_counts(dane)) {
        fact_set(&dane->verified, UNKNOWN,
                 dane->records->len ? "the records are not validated, so nobody goes by them"
                                    : "there is no record to verify by");
    } else if (f->peer) {
        prober_progress(p, "DANE");
        verify(p);
    } else {
        fact_set(&dane->verified, UNKNOWN, "no certificate was seen");
    }
}
