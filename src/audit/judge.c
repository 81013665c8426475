/* judge.c: questions that checks of more than one family ask of the facts. */
#include "audit/family.h"

#include "base/escape.h"

enum { SUITES_SHOWN = 5, RAW_SHOWN = 200 };

const char *fact_why(const Fact *fact)
{
    return fact->why != NULL && fact->why[0] != '\0' ? fact->why : "this was not asked";
}

Known old_tls_offered(const Facts *facts)
{
    Known answer = NO;
    for (int v = V_SSL3; v <= V_TLS12; v++) {
        if (facts->version[v].offered.known == YES) {
            return YES;
        }
        if (facts->version[v].offered.known == UNKNOWN) {
            answer = UNKNOWN;
        }
    }
    return answer;
}

static bool suite_is(const Suite *suite, SuiteClass class)
{
    switch (class) {
    case CLASS_NULL:
        return suite->null_cipher;
    case CLASS_ANON:
        return suite->anonymous;
    case CLASS_EXPORT:
        return suite->export_grade;
    case CLASS_RC4:
        return suite->rc4;
    case CLASS_DES:
        return suite->des;
    case CLASS_3DES:
        return suite->triple_des;
    case CLASS_CBC:
        return suite->cbc;
    case CLASS_RSA_KX:
        return suite->key_exchange == SUITE_KX_RSA;
    case CLASS_DHE:
        return suite->key_exchange == SUITE_KX_DHE;
    case CLASS_ECDHE:
        return suite->key_exchange == SUITE_KX_ECDHE;
    case CLASS_AEAD:
        return suite->aead;
    case CLASS_COUNT:
        break;
    }
    return false;
}

static bool listed(const GArray *ids, uint16_t id)
{
    for (guint i = 0; i < ids->len; i++) {
        if (g_array_index(ids, uint16_t, i) == id) {
            return true;
        }
    }
    return false;
}

bool suite_lists_complete(const Facts *facts)
{
    bool complete = true;
    for (int v = V_SSL3; v <= V_TLS12; v++) {
        const VersionFacts *version = &facts->version[v];
        complete =
            complete && (version->offered.known == NO ||
                         (version->offered.known == YES && version->suites_complete.known == YES));
    }
    return complete;
}

/* Adds the suites of the class to `found`, each once whatever the versions. */
static void search_lists(const Facts *facts, SuiteClass class, GArray *found)
{
    for (int v = V_SSL3; v <= V_TLS12; v++) {
        const GArray *suites = facts->version[v].suites;
        for (guint i = 0; i < suites->len; i++) {
            uint16_t id = g_array_index(suites, uint16_t, i);
            const Suite *suite = hello_suite(id);
            if (suite != NULL && suite_is(suite, class) && !listed(found, id)) {
                g_array_append_val(found, id);
            }
        }
    }
}

static char *name_suites(const GArray *ids)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < ids->len && i < SUITES_SHOWN; i++) {
        evidence_add(text, "%s", hello_suite(g_array_index(ids, uint16_t, i))->name);
    }
    if (ids->len > SUITES_SHOWN) {
        g_string_append_printf(text, " and %u more", ids->len - SUITES_SHOWN);
    }
    return g_string_free(text, FALSE);
}

Known class_offered(const Facts *facts, SuiteClass class, char **ret_evidence)
{
    const Fact *fact = &facts->suite_class[class];
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    search_lists(facts, class, found);
    *ret_evidence = NULL;
    if (found->len > 0) {
        *ret_evidence = name_suites(found);
        return YES;
    }
    if (fact->known == YES) {
        *ret_evidence = g_strdup(fact->why != NULL ? fact->why : suite_class_name(class));
        return YES;
    }
    if (fact->known == NO || suite_lists_complete(facts)) {
        *ret_evidence = g_strdup("");
        return NO;
    }
    *ret_evidence = g_strdup(fact_why(fact));
    return UNKNOWN;
}

const TlsCertificate *facts_leaf(const Facts *facts)
{
    g_autoptr(GPtrArray) chains = facts_chains(facts);
    return chains->len > 0 ? g_ptr_array_index((GPtrArray *)g_ptr_array_index(chains, 0), 0) : NULL;
}

GPtrArray *facts_chains(const Facts *facts)
{
    GPtrArray *chains = g_ptr_array_new();
    for (guint i = 0; i < facts->chains->len; i++) {
        GPtrArray *chain = g_ptr_array_index(facts->chains, i);
        if (chain->len > 0) {
            g_ptr_array_add(chains, chain);
        }
    }
    /* The raw probes may have seen nothing, the handshake all the same. */
    if (chains->len == 0 && facts->peer != NULL && facts->peer->chain != NULL &&
        facts->peer->chain->len > 0) {
        g_ptr_array_add(chains, facts->peer->chain);
    }
    return chains;
}

void evidence_add(GString *list, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (list->len > 0) {
        g_string_append(list, ", ");
    }
    g_string_append_vprintf(list, format, arguments);
    va_end(arguments);
}

void evidence_add_raw(GString *list, const char *text)
{
    g_autofree char *shown = escape_line_max(bytes_of(text), RAW_SHOWN);
    evidence_add(list, "%s", shown);
}

char *evidence_day(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    return time != NULL ? g_date_time_format(time, "%Y-%m-%d") : g_strdup("an unknown day");
}
