/* audit_json_facts.c: what probes saw, as JSON: tables of members, so that a new fact is one row.
 */
#include <stddef.h>

#include "audit/autoconfig_parse.h"
#include "audit/sender_view.h"
#include "report/audit_json.h"
#include "report/tls_json.h"

typedef struct {
    const char *name;
    size_t offset;
} FactRow;

#define SERVICE(member)                                                                            \
    {                                                                                              \
#member, offsetof(Facts, member)                                                           \
    }
static const FactRow service_rows[] = {
    SERVICE(reachable),
    SERVICE(greeted),
    SERVICE(greet_delayed),
    SERVICE(command_injection),
    SERVICE(response_injection),
    SERVICE(login_before_tls),
    SERVICE(tls_enforced),
    SERVICE(chains_complete),
    SERVICE(groups_complete),
    SERVICE(hybrid_groups),
    SERVICE(weak_groups),
    SERVICE(secure_renegotiation),
    SERVICE(client_renegotiation),
    SERVICE(compression),
    {"extended_master_secret", offsetof(Facts, ems)},
    {"encrypt_then_mac", offsetof(Facts, etm)},
    SERVICE(fallback_scsv),
    SERVICE(resumption_id),
    SERVICE(resumption_ticket),
    SERVICE(early_data),
    {"downgrade_sentinel", offsetof(Facts, sentinel)},
    SERVICE(tls13_intolerant),
    SERVICE(sni_needed),
    SERVICE(heartbeat),
    SERVICE(heartbleed),
    SERVICE(ccs_injection),
    SERVICE(robot),
    SERVICE(ticketbleed),
    SERVICE(ocsp_stapled),
    SERVICE(sct_present),
    {NULL},
};

#define DOMAIN(member)                                                                             \
    {                                                                                              \
#member, offsetof(DomainFacts, member)                                                     \
    }
static const FactRow domain_rows[] = {
    DOMAIN(exists),         DOMAIN(dnssec),  DOMAIN(null_mx), DOMAIN(mta_sts_record),
    DOMAIN(mta_sts_policy), DOMAIN(tls_rpt), DOMAIN(spf),     DOMAIN(dmarc),
    DOMAIN(autoconfig),     {NULL},
};

static json_t *fact_rows(const void *facts, const FactRow *rows)
{
    json_t *object = json_object();
    for (const FactRow *row = rows; row->name != NULL; row++) {
        const Fact *fact = (const Fact *)(const void *)((const char *)facts + row->offset);
        json_object_set_new(object, row->name, audit_json_fact(fact));
    }
    return object;
}

/* --- small things --- */

static json_t *hex(int digits, unsigned value)
{
    char text[16];
    g_snprintf(text, sizeof text, "0x%0*X", digits, value);
    return json_string(text);
}

static json_t *suite(uint32_t id, bool sslv2)
{
    const Suite *known = sslv2 ? NULL : hello_suite((uint16_t)id);
    return json_pack("{s:o, s:o}", "id", hex(sslv2 ? 6 : 4, id), "name",
                     audit_json_string(known != NULL ? known->name : NULL));
}

static json_t *suites(const GArray *ids, bool sslv2)
{
    json_t *array = json_array();
    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        uint32_t id = sslv2 ? g_array_index(ids, uint32_t, i) : g_array_index(ids, uint16_t, i);
        json_array_append_new(array, suite(id, sslv2));
    }
    return array;
}

static json_t *named(const GArray *ids, const HelloName *(*find)(uint16_t id))
{
    json_t *array = json_array();
    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        uint16_t id = g_array_index(ids, uint16_t, i);
        const HelloName *known = find(id);
        json_array_append_new(array,
                              json_pack("{s:o, s:o}", "id", hex(4, id), "name",
                                        audit_json_string(known != NULL ? known->name : NULL)));
    }
    return array;
}

static json_t *hex_bytes(GBytes *bytes)
{
    if (bytes == NULL) {
        return json_null();
    }
    gsize len = 0;
    const uint8_t *data = g_bytes_get_data(bytes, &len);
    g_autoptr(GString) text = g_string_sized_new(2 * len);
    for (gsize i = 0; i < len; i++) {
        g_string_append_printf(text, "%02x", data[i]);
    }
    return json_string(text->str);
}

/* --- the parts of a service --- */

static json_t *versions(const Facts *facts)
{
    json_t *array = json_array();
    for (int v = 0; v < V_COUNT; v++) {
        const VersionFacts *version = &facts->version[v];
        json_array_append_new(array,
                              json_pack("{s:s, s:o, s:o, s:o, s:o}", "name",
                                        version_index_name((VersionIndex)v), "offered",
                                        audit_json_fact(&version->offered), "suites",
                                        suites(version->suites, v == V_SSL2), "suites_complete",
                                        audit_json_fact(&version->suites_complete), "server_order",
                                        audit_json_fact(&version->server_order)));
    }
    return array;
}

static json_t *classes(const Facts *facts)
{
    json_t *array = json_array();
    for (int c = 0; c < CLASS_COUNT; c++) {
        json_array_append_new(array,
                              json_pack("{s:s, s:o}", "name", suite_class_name((SuiteClass)c),
                                        "offered", audit_json_fact(&facts->suite_class[c])));
    }
    return array;
}

static json_t *capabilities(const Caps *caps)
{
    if (caps == NULL) {
        return json_null();
    }
    json_t *array = json_array();
    for (size_t i = 0; i < caps_count(caps); i++) {
        json_array_append_new(array, audit_json_string(caps_line(caps, i)));
    }
    return array;
}

static json_t *mechanisms(const Caps *caps)
{
    if (caps == NULL) {
        return json_null();
    }
    g_auto(GStrv) names = caps_mechanisms(caps);
    json_t *array = json_array();
    for (char **name = names; name != NULL && *name != NULL; name++) {
        json_array_append_new(array, audit_json_string(*name));
    }
    return array;
}

static json_t *starttls(const Facts *facts)
{
    static const char *const offers[] = {
        [TLS_OFFER_UNKNOWN] = "unknown", [TLS_OFFER_YES] = "yes",
        [TLS_OFFER_MISSING] = "missing", [TLS_OFFER_MANGLED] = "mangled",
        [TLS_OFFER_REFUSED] = "refused", [TLS_OFFER_INJECTED] = "injected",
        [TLS_OFFER_PREAUTH] = "preauth",
    };
    return json_pack("{s:s, s:b, s:o, s:o}", "offer", offers[facts->tls_offer], "from_start",
                     (int)facts->tls_first, "answer", audit_json_string(facts->tls_answer),
                     "handshake_error", audit_json_string(facts->handshake_error));
}

static json_t *chains(const Facts *facts)
{
    json_t *array = json_array();
    for (guint i = 0; facts->chains != NULL && i < facts->chains->len; i++) {
        const GPtrArray *chain = g_ptr_array_index(facts->chains, i);
        json_t *certificates = json_array();
        for (guint j = 0; j < chain->len; j++) {
            json_array_append_new(certificates, tls_json_certificate(g_ptr_array_index(chain, j)));
        }
        json_array_append_new(array, certificates);
    }
    return array;
}

static json_t *tlsa(const DaneFacts *dane)
{
    json_t *array = json_array();
    for (guint i = 0; dane->records != NULL && i < dane->records->len; i++) {
        const TlsaRecord *r = g_ptr_array_index(dane->records, i);
        bool told = dane->matches != NULL && i < dane->matches->len;
        const char *matches = told ? g_ptr_array_index(dane->matches, i) : NULL;
        json_array_append_new(array,
                              json_pack("{s:i, s:i, s:i, s:o, s:o}", "usage", r->usage, "selector",
                                        r->selector, "matching", r->matching, "data",
                                        hex_bytes(r->data), "matches", audit_json_string(matches)));
    }
    return array;
}

static json_t *dane(const DaneFacts *d)
{
    return json_pack("{s:o, s:b, s:b, s:o, s:o, s:o, s:o}", "answered",
                     audit_json_fact(&d->answered), "secure", (int)d->secure, "bogus",
                     (int)d->bogus, "base", audit_json_string(d->base), "records", tlsa(d),
                     "verified", audit_json_fact(&d->verified), "next_verified",
                     audit_json_fact(&d->next_verified));
}

static json_t *microseconds(gint64 value)
{
    return value > 0 ? json_integer(value) : json_null();
}

static void set(json_t *object, const char *name, json_t *value)
{
    json_object_set_new(object, name, value);
}

static void set_contact(json_t *s, const Facts *f)
{
    set(s, "name", audit_json_string(f->name));
    set(s, "host", audit_json_string(f->host));
    set(s, "address", audit_json_string(f->address));
    set(s, "port", json_integer(f->port));
    set(s, "role", json_string(role_name(f->role)));
    set(s, "time", audit_json_time(f->now));
    set(s, "greeting", audit_json_string(f->greeting));
    set(s, "connect_us", microseconds(f->connect_us));
    set(s, "greeting_us", microseconds(f->greeting_us));
    set(s, "capabilities",
        json_pack("{s:o, s:o}", "before_tls", capabilities(f->caps_before), "inside_tls",
                  capabilities(f->caps_after)));
    set(s, "mechanisms",
        json_pack("{s:o, s:o}", "before_tls", mechanisms(f->caps_before), "inside_tls",
                  mechanisms(f->caps_after)));
}

static void set_tls(json_t *s, const Facts *f)
{
    set(s, "starttls", starttls(f));
    set(s, "tls", f->peer != NULL ? tls_json_peer(f->peer) : json_null());
    set(s, "chains", chains(f));
    set(s, "versions", versions(f));
    set(s, "suite_classes", classes(f));
    set(s, "groups", named(f->groups, hello_group));
    set(s, "signatures", named(f->signatures, hello_signature));
    set(s, "dh",
        json_pack("{s:o, s:o}", "bits", f->dh_bits > 0 ? json_integer(f->dh_bits) : json_null(),
                  "prime", hex_bytes(f->dh_prime)));
    set(s, "ticket_lifetime",
        f->ticket_lifetime >= 0 ? json_integer(f->ticket_lifetime) : json_null());
    set(s, "scts", json_integer(f->n_sct));
    set(s, "dane", dane(&f->dane));
}

json_t *audit_json_service(const Facts *facts)
{
    json_t *s = json_object();
    set_contact(s, facts);
    set_tls(s, facts);
    set(s, "facts", fact_rows(facts, service_rows));
    set(s, "connections",
        json_pack("{s:I, s:I}", "used", (json_int_t)facts->connections, "allowed",
                  (json_int_t)facts->budget));
    set(s, "missing", audit_json_strings(facts->missing));
    return s;
}

/* --- a domain --- */

static json_t *mx_hosts(const GPtrArray *list)
{
    json_t *array = json_array();
    for (guint i = 0; list != NULL && i < list->len; i++) {
        const MxFacts *mx = g_ptr_array_index(list, i);
        json_array_append_new(
            array, json_pack("{s:o, s:I, s:o, s:o, s:b}", "host", audit_json_string(mx->host),
                             "preference", (json_int_t)mx->preference, "resolves",
                             audit_json_fact(&mx->resolves), "addresses",
                             audit_json_strings(mx->addresses), "secure", (int)mx->secure));
    }
    return array;
}

static json_t *srv_hosts(const GPtrArray *list)
{
    json_t *array = json_array();
    for (guint i = 0; list != NULL && i < list->len; i++) {
        const SrvFacts *srv = g_ptr_array_index(list, i);
        json_array_append_new(array, json_pack("{s:o, s:o, s:i, s:I, s:I}", "service",
                                               audit_json_string(srv->service), "host",
                                               audit_json_string(srv->host), "port", (int)srv->port,
                                               "priority", (json_int_t)srv->priority, "weight",
                                               (json_int_t)srv->weight));
    }
    return array;
}

/* NULL, which is null: there is no file, or none that can be read. */
static json_t *autoconfig_servers(const DomainFacts *d)
{
    g_autoptr(GPtrArray) list =
        d->autoconfig_text != NULL ? autoconfig_parse(bytes_of(d->autoconfig_text), d->domain, NULL)
                                   : NULL;
    json_t *array = list != NULL ? json_array() : json_null();
    for (guint i = 0; list != NULL && i < list->len; i++) {
        const AutoconfigServer *server = g_ptr_array_index(list, i);
        json_array_append_new(array,
                              json_pack("{s:s, s:o, s:i, s:s}", "scheme", server->scheme, "host",
                                        audit_json_string(server->host), "port", (int)server->port,
                                        "security", autoconfig_security_name(server->security)));
    }
    return array;
}

static json_t *sender_outcomes(const SenderView *view)
{
    static const char *const keys[SENDER_COUNT] = {"opportunistic", "dane", "mta_sts"};
    json_t *object = json_object();
    for (int s = 0; s < SENDER_COUNT; s++) {
        set(object, keys[s],
            json_pack("{s:s, s:o}", "delivery", delivery_name(view->by[s].delivery), "because",
                      audit_json_string(view->by[s].why)));
    }
    return object;
}

static json_t *senders(const DomainFacts *d)
{
    g_autoptr(GPtrArray) views = sender_views(d);
    json_t *array = json_array();
    for (guint i = 0; i < views->len; i++) {
        const SenderView *view = g_ptr_array_index(views, i);
        const char *address = view->service != NULL ? view->service->address : NULL;
        json_t *object = sender_outcomes(view);
        set(object, "mx", audit_json_string(view->mx->host));
        set(object, "address", audit_json_string(address));
        json_array_append_new(array, object);
    }
    return array;
}

json_t *audit_json_domain(const DomainFacts *d)
{
    json_t *s = json_object();
    set(s, "domain", audit_json_string(d->domain));
    set(s, "time", audit_json_time(d->now));
    set(s, "facts", fact_rows(d, domain_rows));
    set(s, "mx", mx_hosts(d->mx));
    set(s, "srv", srv_hosts(d->srv));
    set(s, "autoconfig", autoconfig_servers(d));
    set(s, "senders", senders(d));
    set(s, "mta_sts",
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:I}", "record", audit_json_string(d->mta_sts_text),
                  "policy", audit_json_string(d->mta_sts_policy_text), "id",
                  audit_json_string(d->mta_sts_id), "mode", audit_json_string(d->mta_sts_mode),
                  "mx", audit_json_strings(d->mta_sts_mx), "max_age",
                  (json_int_t)d->mta_sts_max_age));
    set(s, "tls_rpt",
        json_pack("{s:o, s:o}", "record", audit_json_string(d->tls_rpt_text), "rua",
                  audit_json_string(d->tls_rpt_rua)));
    set(s, "spf", audit_json_string(d->spf_text));
    set(s, "dmarc", audit_json_string(d->dmarc_text));
    return s;
}
