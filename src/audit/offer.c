/* offer.c: the lists that hellos are made of. */
#include "audit/offer.h"

bool list_has(const GArray *list, uint16_t value)
{
    for (guint i = 0; i < list->len; i++) {
        if (g_array_index(list, uint16_t, i) == value) {
            return true;
        }
    }
    return false;
}

void list_add(GArray *list, uint16_t value)
{
    if (!list_has(list, value)) {
        g_array_append_val(list, value);
    }
}

void list_remove(GArray *list, uint16_t value)
{
    for (guint i = list->len; i-- > 0;) {
        if (g_array_index(list, uint16_t, i) == value) {
            g_array_remove_index(list, i);
        }
    }
}

bool suite_in_class(const Suite *s, SuiteClass class)
{
    if (!s || s->key_exchange == SUITE_KX_TLS13) {
        return false;
    }
    const bool is[CLASS_COUNT] = {
        [CLASS_NULL] = s->null_cipher,
        [CLASS_ANON] = s->anonymous,
        [CLASS_EXPORT] = s->export_grade,
        [CLASS_RC4] = s->rc4,
        [CLASS_DES] = s->des,
        [CLASS_3DES] = s->triple_des,
        [CLASS_CBC] = s->cbc,
        [CLASS_RSA_KX] = s->key_exchange == SUITE_KX_RSA,
        [CLASS_DHE] = s->key_exchange == SUITE_KX_DHE,
        [CLASS_ECDHE] = s->key_exchange == SUITE_KX_ECDHE,
        [CLASS_AEAD] = s->aead,
    };
    return is[class];
}

GArray *suites_where(const GArray *suites, bool (*wanted)(const Suite *, const void *),
                     const void *data)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    for (guint i = 0; i < suites->len; i++) {
        uint16_t id = g_array_index(suites, uint16_t, i);
        if (wanted(hello_suite(id), data)) {
            g_array_append_val(found, id);
        }
    }
    return found;
}

/* --- everything there is --- */

/* Keys that have to be agreed on beforehand, or that hardly any library has: asked for once, all
 * together, at the end. */
static bool is_rare(const Suite *s)
{
    return s->key_exchange == SUITE_KX_PSK || s->key_exchange == SUITE_KX_KRB5 ||
           s->key_exchange == SUITE_KX_OTHER;
}

/* The worse the higher: in this order they are offered. */
static int badness(const Suite *s)
{
    bool weak = s->anonymous || s->null_cipher || s->export_grade || s->rc4 || s->des;
    bool forward = s->key_exchange == SUITE_KX_ECDHE || s->key_exchange == SUITE_KX_DHE;
    return weak * 64 + s->triple_des * 32 + !s->aead * 16 + !forward * 8 +
           (s->key_exchange != SUITE_KX_ECDHE) * 4 + (s->bits < 256);
}

static int by_badness(const void *a, const void *b)
{
    const uint16_t *x = a, *y = b;
    int difference = badness(hello_suite(*x)) - badness(hello_suite(*y));
    return difference ? difference : *x - *y;
}

static GArray *list_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(uint16_t));
}

static bool is_older_than_tls13(const HelloName *group)
{
    enum { FFDHE_FIRST = 0x0100, FFDHE_LAST = 0x0104, MLKEM_FIRST = 0x0200, MLKEM_LAST = 0x0202 };
    bool ffdhe = group->id >= FFDHE_FIRST && group->id <= FFDHE_LAST;
    bool mlkem = group->id >= MLKEM_FIRST && group->id <= MLKEM_LAST;
    /* Whoever offers ffdhe groups gets those (RFC 7919), and never sees the server's own weak
     * prime. */
    return !group->hybrid && !mlkem && !ffdhe;
}

void offer_lists(Prober *p)
{
    p->suites = list_new();
    p->suites13 = list_new();
    p->rare_suites = list_new();
    p->groups = list_new();
    p->old_groups = list_new();
    p->signatures = list_new();
    for (const Suite *s = hello_suites; s->name; s++) {
        g_array_append_val(s->key_exchange == SUITE_KX_TLS13 ? p->suites13
                           : is_rare(s)                      ? p->rare_suites
                                                             : p->suites,
                           s->id);
    }
    g_array_sort(p->suites, by_badness);
    for (const HelloName *group = hello_groups; group->name; group++) {
        g_array_append_val(p->groups, group->id);
        if (is_older_than_tls13(group)) {
            g_array_append_val(p->old_groups, group->id);
        }
    }
    for (const HelloName *signature = hello_signatures; signature->name; signature++) {
        g_array_append_val(p->signatures, signature->id);
    }
}

/* --- hellos --- */

/* SNI bears names only (RFC 6066 section 3). */
static const char *server_name(const Prober *p)
{
    const char *asked = p->plan->plan->tls.sni;
    const char *name = asked ? asked : p->target->host;
    return name && *name && !g_hostname_is_ip_address(name) ? name : NULL;
}

static HelloOffer offer_v2(void)
{
    static uint32_t suites[16];
    size_t n = 0;
    for (const HelloV2Suite *s = hello_v2_suites; s->name; s++) {
        suites[n++] = s->id;
    }
    return (HelloOffer){
        .version = version_index_wire(V_SSL2), .v2_suites = suites, .n_v2_suites = n};
}

static const uint16_t *values(const GArray *list)
{
    return (const uint16_t *)(const void *)list->data;
}

static HelloOffer offer_tls13(const Prober *p)
{
    return (HelloOffer){
        .version = version_index_wire(V_TLS12),
        .tls13 = true,
        .groups = values(p->groups),
        .n_groups = p->groups->len,
        .signatures = values(p->signatures),
        .n_signatures = p->signatures->len,
        .server_name = server_name(p),
        .session_id =
            BYTES_LITERAL("a session id to please middleboxes"), /* RFC 8446 appendix D.4 */
    };
}

HelloOffer offer_suites(const Prober *p, VersionIndex version, const GArray *suites)
{
    HelloOffer offer = {
        .version = version_index_wire(version),
        .groups = values(p->old_groups),
        .n_groups = p->old_groups->len,
        .server_name = server_name(p),
        .ems = true,
        .etm = true,
        .ticket = true,
        .renegotiation_info = true,
        .status_request = true,
        .heartbeat = true,
        .compression = true,
    };
    if (version == V_TLS12) {
        offer.signatures = values(p->signatures);
        offer.n_signatures = p->signatures->len;
    }
    if (version == V_TLS13) {
        offer = offer_tls13(p);
    }
    offer.suites = values(suites);
    offer.n_suites = suites->len;
    return offer;
}

HelloOffer offer_everything(const Prober *p, VersionIndex version)
{
    return version == V_SSL2
               ? offer_v2()
               : offer_suites(p, version, version == V_TLS13 ? p->suites13 : p->suites);
}

HelloOffer offer_little(const Prober *p, VersionIndex version)
{
    static const uint16_t suites[] = {0xc02f, 0xc02b, 0xc030, 0xc02c, 0xcca8, 0xcca9,
                                      0xc013, 0xc009, 0xc014, 0xc00a, 0x009c, 0x009d,
                                      0x002f, 0x0035, 0x000a, 0x0005},
                          suites13[] = {0x1301, 0x1302, 0x1303},
                          groups[] = {0x001d, 0x0017, 0x0018, 0x0019},
                          signatures[] = {0x0403, 0x0804, 0x0401, 0x0503, 0x0805,
                                          0x0501, 0x0806, 0x0601, 0x0201};
    HelloOffer offer = offer_everything(p, version);
    if (version == V_SSL2) {
        return offer;
    }
    offer.suites = version == V_TLS13 ? suites13 : suites;
    offer.n_suites = version == V_TLS13 ? G_N_ELEMENTS(suites13) : G_N_ELEMENTS(suites);
    offer.groups = groups;
    offer.n_groups = G_N_ELEMENTS(groups);
    offer.signatures = offer.n_signatures ? signatures : NULL;
    offer.n_signatures = offer.n_signatures ? G_N_ELEMENTS(signatures) : 0;
    offer.ems = offer.etm = offer.ticket = offer.status_request = offer.heartbeat =
        offer.compression = false;
    return offer;
}
