#include "send/sts.h"

#include <string.h>

#include "io/rdata.h"
#include "send/sts_cache.h"

/* A remembered policy is looked after once a day, long before it is too old (RFC 8461 10.2). */
#define REFRESH_SECONDS ((int64_t)24 * 3600)

static int64_t now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

/* The id of the one record that says there is a policy, or NULL. */
static char *record_id(const StsPlan *plan, const char *domain)
{
    g_autofree char *name = g_strconcat("_mta-sts.", domain, NULL);
    g_autoptr(DnsAnswer) answer = dns_query(plan->dns, name, DNS_TXT, plan->deadline, NULL);
    g_autoptr(GString) records = g_string_new(NULL);
    for (guint i = 0; answer && !answer->bogus && i < answer->records->len; i++) {
        gsize len;
        const char *data = g_bytes_get_data(g_ptr_array_index(answer->records, i), &len);
        g_autoptr(GString) text = rdata_txt((Bytes){data, len});
        g_string_append_printf(records, "%s\n", text ? text->str : "");
    }
    return mta_sts_record_parse(bytes_of_string(records), NULL);
}

/* The text of the policy and what it says; NULL with *why. */
static MtaStsPolicy *fetch(const StsPlan *plan, const char *domain, HttpsAnswer **ret_answer,
                           char **why)
{
    g_autofree char *url = g_strdup_printf("https://mta-sts.%s/.well-known/mta-sts.txt", domain);
    g_autoptr(GError) error = NULL;
    g_autoptr(HttpsAnswer) answer = https_get(plan->https, url, plan->deadline, &error);
    if (!answer || answer->status != 200) {
        *why =
            answer ? g_strdup_printf("HTTP status %d", answer->status) : g_strdup(error->message);
        return NULL;
    }
    if (g_strcmp0(answer->content_type, "text/plain") != 0) { /* RFC 8461 3.2 */
        *why = g_strdup("it is not text/plain");
        return NULL;
    }
    g_autoptr(MtaStsPolicy) policy = mta_sts_policy_parse(bytes_of_array(answer->body));
    if (policy->problems->len) {
        *why = g_strdup(g_ptr_array_index(policy->problems, 0));
        return NULL;
    }
    *ret_answer = g_steal_pointer(&answer);
    return g_steal_pointer(&policy);
}

static void remember(const StsPlan *plan, const char *domain, const char *id,
                     const HttpsAnswer *answer, char **note)
{
    g_autoptr(GError) error = NULL;
    if (plan->cache &&
        !sts_cache_write(plan->cache, domain, id, bytes_of_array(answer->body), now(), &error)) {
        *note = g_strdup_printf("its MTA-STS policy could not be written down: %s", error->message);
    }
}

MtaStsPolicy *sts_find(const StsPlan *plan, const char *domain, char **note)
{
    *note = NULL;
    g_autofree char *id = record_id(plan, domain);
    g_autoptr(StsCached) cached = plan->cache ? sts_cache_read(plan->cache, domain, now()) : NULL;
    bool fresh = cached && (!id || !strcmp(id, cached->id)) &&
                 (!id || now() - cached->fetched < REFRESH_SECONDS);
    if (fresh || !id) {
        return cached ? g_steal_pointer(&cached->policy) : NULL;
    }
    g_autoptr(HttpsAnswer) answer = NULL;
    g_autofree char *why = NULL;
    MtaStsPolicy *policy = fetch(plan, domain, &answer, &why);
    if (policy) {
        remember(plan, domain, id, answer, note);
        return policy;
    }
    *note = g_strdup_printf("its MTA-STS policy could not be had: %s%s", why,
                            cached ? "; the one of before holds" : "");
    return cached ? g_steal_pointer(&cached->policy) : NULL;
}
