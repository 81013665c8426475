#include "proto/dane.h"

#include <string.h>

#include "base/escape.h"

struct DanePlan {
    TlsPlan tls;
    GPtrArray *records; /* of TlsaRecord */
    char *base, *alt;
};

void dane_plan_free(DanePlan *dane)
{
    if (dane) {
        g_ptr_array_unref(dane->records);
        g_free(dane->base);
        g_free(dane->alt);
        g_free(dane);
    }
}

const TlsPlan *dane_tls_plan(const DanePlan *dane)
{
    return &dane->tls;
}

static void record_free(void *record)
{
    tlsa_record_free(record);
}

/* The host's name at the end of a validated chain of CNAMEs, or NULL. It was learnt on the way
 * unless another address was dialled; then it is asked for. Suspends. */
static char *secure_canonical(Session *s)
{
    const char *host = s->plan->target->host;
    if (s->dialled.canonical) {
        bool other = g_ascii_strcasecmp(s->dialled.canonical, host) != 0;
        return s->dialled.dns_secure && other ? g_strdup(s->dialled.canonical) : NULL;
    }
    g_autoptr(DnsAnswer) answer =
        dns_query(s->plan->dial.dns, host, DNS_A, wire_next_deadline(s->wire), NULL);
    bool usable = answer && answer->secure && !answer->bogus && answer->canonical &&
                  g_ascii_strcasecmp(answer->canonical, host) != 0;
    return usable ? g_strdup(answer->canonical) : NULL;
}

static void read_records(DanePlan *dane, const DnsAnswer *answer)
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

/* Records of one candidate name; `why` gets a word about a name that has none. False only for what
 * must stop everything: a resolver that fails, or an answer that was tampered with. Suspends. */
static bool try_name(Session *s, DanePlan *dane, const char *name, GString *why, GError **error)
{
    g_autofree char *owner = g_strdup_printf("_%u._tcp.%s", s->plan->target->port, name);
    g_autoptr(DnsAnswer) answer =
        dns_query(s->plan->dial.dns, owner, DNS_TLSA, wire_next_deadline(s->wire), error);
    if (!answer) {
        return error_prefix(error, "looking for TLSA records of %s", owner);
    }
    if (answer->bogus) {
        g_autofree char *reason =
            escape_line(bytes_of(answer->why_bogus ? answer->why_bogus : "validation failed"));
        return error_fail(error, POSTERN_ERROR_INSECURE,
                          "the TLSA records of %s are bogus, so somebody may have forged them: %s",
                          owner, reason);
    }
    const char *sep = why->len ? "; " : "";
    if (!answer->records->len) {
        g_string_append_printf(why, "%s%s has no TLSA record%s", sep, owner,
                               answer->secure ? "" : " (and its zone is not signed)");
    } else if (!answer->secure) {
        g_string_append_printf(
            why,
            "%s%s has TLSA records, but they are not validated (unsigned zone, or "
            "no trust anchor: --dns-anchor)",
            sep, owner);
    } else {
        read_records(dane, answer);
    }
    return true;
}

static bool fill(Session *s, DanePlan *dane, GError **error)
{
    const char *host = s->plan->target->host;
    g_autofree char *canonical = secure_canonical(s);
    const char *names[] = {canonical ? canonical : host, canonical ? host : NULL};
    g_autoptr(GString) why = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(names) && names[i]; i++) {
        if (!try_name(s, dane, names[i], why, error)) {
            return false;
        }
        if (dane->records->len) {
            dane->base = g_strdup(names[i]);
            dane->alt = g_strdup(names[1 - i]);
            return true;
        }
    }
    return error_fail(error, POSTERN_ERROR_INSECURE, "DANE is demanded, but %s", why->str);
}

DanePlan *dane_look_up(Session *s, GError **error)
{
    const Target *target = s->plan->target;
    if (!target->host || g_hostname_is_ip_address(target->host)) {
        error_fail(error, POSTERN_ERROR_INSECURE,
                   "DANE is demanded, but it needs a host name: %s has no TLSA records",
                   target->host ? target->host : target->unix_path);
        return NULL;
    }
    if (!s->plan->dial.dns) {
        error_fail(error, POSTERN_ERROR_INSECURE,
                   "DANE is demanded, but there is no resolver to ask for TLSA records");
        return NULL;
    }
    g_autoptr(DanePlan) dane = g_new0(DanePlan, 1);
    dane->records = g_ptr_array_new_with_free_func(record_free);
    if (!fill(s, dane, error)) {
        return NULL;
    }
    dane->tls = s->plan->tls;
    dane->tls.tlsa = dane->records;
    dane->tls.tlsa_base = dane->base;
    dane->tls.tlsa_alt_name = dane->alt;
    if (!dane->tls.sni) {
        dane->tls.sni = dane->base; /* RFC 7671 section 7: the server picks the certificate by the
                                       TLSA base domain */
    }
    return g_steal_pointer(&dane);
}
