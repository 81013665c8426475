/* fetch_share.c: accounts behind the same ssh hop share one login there for a round: whoever has to
 * type a password or a passphrase is asked once, and not by several ssh at a time. */
#include "cmd/fetch.h"
#include "io/hops.h"
#include "io/ssh_share.h"

struct FetchShares {
    GHashTable *by_way; /* the words that lead there -> SshShare */
    GPtrArray *plans;   /* of SessionPlan: those that use one. Borrowed */
};

static void add_words(GString *way, const char *const *words)
{
    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        g_string_append_printf(way, "%s\n", words[i]);
    }
    g_string_append_c(way, '\n');
}

/* All that decides which login it is; NULL when none at an ssh hop is. The caller frees it. */
static char *way_of(const FetchJob *job)
{
    const DialPlan *dial = &job->plan->dial;
    g_autoptr(GArray) hops = hops_parse(dial->via, NULL);
    if (job->plugin != NULL || hops == NULL || hops_count_ssh(hops) == 0) {
        return NULL;
    }
    GString *way = g_string_new(dial->ssh_command);
    g_string_append_c(way, '\n');
    add_words(way, dial->ssh_options);
    add_words(way, dial->via);
    return g_string_free(way, FALSE);
}

static void count(GHashTable *ways, const FetchJob *job)
{
    char *way = way_of(job);
    if (way != NULL) {
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(ways, way)) + 1;
        g_hash_table_insert(ways, way, GUINT_TO_POINTER(n));
    }
}

static void join(FetchShares *shares, GHashTable *ways, const FetchJob *job)
{
    g_autofree char *way = way_of(job);
    /* One alone is quicker without. */
    if (way == NULL || GPOINTER_TO_UINT(g_hash_table_lookup(ways, way)) < 2) {
        return;
    }
    SshShare *share = g_hash_table_lookup(shares->by_way, way);
    if (share == NULL) {
        share = ssh_share_new();
        g_hash_table_insert(shares->by_way, g_steal_pointer(&way), share);
    }
    SessionPlan *plan = (SessionPlan *)job->plan;
    plan->dial.ssh_share = share;
    g_ptr_array_add(shares->plans, plan);
}

FetchShares *fetch_shares_new(const FetchRun *run)
{
    FetchShares *shares = g_new0(FetchShares, 1);
    shares->by_way =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)ssh_share_free);
    shares->plans = g_ptr_array_new();
    g_autoptr(GHashTable) ways = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < run->jobs->len; i++) {
        count(ways, g_ptr_array_index(run->jobs, i));
    }
    for (guint i = 0; i < run->jobs->len; i++) {
        join(shares, ways, g_ptr_array_index(run->jobs, i));
    }
    return shares;
}

void fetch_shares_free(FetchShares *shares)
{
    for (guint i = 0; i < shares->plans->len; i++) {
        ((SessionPlan *)g_ptr_array_index(shares->plans, i))->dial.ssh_share = NULL;
    }
    g_ptr_array_unref(shares->plans);
    g_hash_table_unref(shares->by_way);
    g_free(shares);
}
