/* dns.c: libunbound: loading it, asking, and several tasks waiting for one descriptor. */
#include "io/dns.h"

#include <string.h>
#include <unbound.h>
#include <unistd.h>

#include "base/library.h"
#include "io/addresses.h"
#include "io/dns_ask.h"
#include "io/resolvconf.h"
#include "io/task.h"

#define SYSTEM_ANCHOR "/usr/share/dns/root.key"
#define PATIENCE 10.0 /* seconds a resolver has to answer */
enum { CLASS_IN = 1, TYPE_DNSKEY = 48, RCODE_NOERROR = 0, RCODE_NXDOMAIN = 3 };

/* libunbound and what it brings cost milliseconds of start-up: it is loaded by the first question.
 */
#define LIBRARY "libunbound.so.8"
#define FUNCTIONS(X)                                                                               \
    X(ub_ctx_create)                                                                               \
    X(ub_ctx_delete)                                                                               \
    X(ub_ctx_set_option)                                                                           \
    X(ub_ctx_set_fwd)                                                                              \
    X(ub_ctx_add_ta_file)                                                                          \
    X(ub_ctx_debugout)                                                                             \
    X(ub_ctx_async)                                                                                \
    X(ub_ctx_zone_remove)                                                                          \
    X(ub_fd)                                                                                       \
    X(ub_process)                                                                                  \
    X(ub_resolve_async)                                                                            \
    X(ub_cancel)                                                                                   \
    X(ub_resolve_free)                                                                             \
    X(ub_strerror)

typedef struct {
    FUNCTIONS(LIBRARY_MEMBER)
} Library;

/* One context of libunbound with its thread. */
typedef struct {
    const Library *library;
    struct ub_ctx *ctx; /* NULL until it is needed */
    int fd;
    bool polled;        /* one of the waiting polls fd for all */
    GPtrArray *waiting; /* of Query, on their askers' stacks */
} Resolver;

typedef struct {
    Task *task; /* of who asks; NULL outside the scheduler */
    bool pending;
    int id;
    int error; /* of libunbound */
    struct ub_result *result;
} Query;

struct Dns {
    char *server;      /* or NULL */
    char *anchor_file; /* or NULL: answers are not validated */
    bool anchor_is_users;
    char *resolv_conf, *hosts_file;
    Library library;
    bool loaded;
    ResolvConf *conf; /* NULL until it is needed */
    char *whom;
    char *hosts; /* NULL until it is needed */
    size_t hosts_len;
    Resolver validating, plain;
    enum { STRIPS_UNKNOWN, STRIPS_NOT, STRIPS } strips; /* does the resolver strip DNSSEC? */
};

/* --- what is known without asking --- */

static bool check_server(const char *server, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(server, "@", 2);
    DnsAddress address;
    uint64_t port;
    if (parts[0] && parts[0][0] != '[' && address_parse(parts[0], &address) &&
        (!parts[1] || (bytes_number(bytes_of(parts[1]), UINT16_MAX, &port) && port > 0))) {
        return true;
    }
    return error_fail(error, POSTERN_ERROR_CONFIG,
                      "a DNS resolver is given as ADDRESS or ADDRESS@PORT, not \"%s\"", server);
}

Dns *dns_new(const DnsConfig *config, GError **error)
{
    if (config->server && !check_server(config->server, error)) {
        return NULL;
    }
    if (config->anchor_file && access(config->anchor_file, R_OK) < 0) {
        error_fail(error, POSTERN_ERROR_CONFIG, "the DNSSEC trust anchor %s cannot be read",
                   config->anchor_file);
        return NULL;
    }
    Dns *dns = g_new0(Dns, 1);
    dns->server = g_strdup(config->server);
    dns->anchor_is_users = config->anchor_file != NULL;
    if (config->anchor_file || access(SYSTEM_ANCHOR, R_OK) == 0) {
        dns->anchor_file = g_strdup(config->anchor_file ? config->anchor_file : SYSTEM_ANCHOR);
    }
    dns->resolv_conf = g_strdup(config->resolv_conf ? config->resolv_conf : "/etc/resolv.conf");
    dns->hosts_file = g_strdup(config->hosts_file ? config->hosts_file : "/etc/hosts");
    return dns;
}

static const ResolvConf *conf_of(Dns *dns)
{
    if (!dns->conf) {
        g_autofree char *text = NULL;
        size_t len = 0;
        (void)g_file_get_contents(dns->resolv_conf, &text, &len, NULL);
        dns->conf = resolvconf_parse((Bytes){text, len});
        if (dns->server) {
            g_ptr_array_set_size(dns->conf->servers, 0);
            g_ptr_array_add(dns->conf->servers, g_strdup(dns->server));
        }
    }
    return dns->conf;
}

const GPtrArray *dns_search(Dns *dns)
{
    return conf_of(dns)->search;
}

const char *dns_whom(Dns *dns)
{
    if (!dns->whom) {
        GString *names = g_string_new(NULL);
        const GPtrArray *servers = conf_of(dns)->servers;
        for (guint i = 0; i < servers->len; i++) {
            const char *server = g_ptr_array_index(servers, i);
            g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", server);
        }
        dns->whom = g_string_free(names, FALSE);
    }
    return dns->whom;
}

Bytes dns_hosts(Dns *dns)
{
    if (!dns->hosts && !g_file_get_contents(dns->hosts_file, &dns->hosts, &dns->hosts_len, NULL)) {
        dns->hosts = g_strdup("");
        dns->hosts_len = 0;
    }
    return (Bytes){dns->hosts, dns->hosts_len};
}

/* --- starting libunbound --- */

static bool load(Dns *dns, GError **error)
{
    if (dns->loaded) {
        return true;
    }
    g_autofree char *failed = library_load(LIBRARY, LIBRARY_NAMES(FUNCTIONS), &dns->library);
    dns->loaded = failed == NULL;
    return dns->loaded ||
           error_fail(error, POSTERN_ERROR_CONFIG, "DNS needs " LIBRARY ": %s", failed);
}

/* libunbound answers these itself unless told not to; those who test have servers for them. */
static const char *const own_zones[] = {"test.", "home.arpa."};

/* The order matters: forwarders and anchors are read when the context is made final, which the
 * zones do, and the thread must be asked for before. */
static int configure(Dns *dns, struct ub_ctx *ctx, bool validate)
{
    const Library *ub = &dns->library;
    const GPtrArray *servers = conf_of(dns)->servers;
    ub->ub_ctx_debugout(ctx, NULL);
    int failed = ub->ub_ctx_set_option(ctx, "do-not-query-localhost:", "no");
    for (guint i = 0; !failed && i < servers->len; i++) {
        failed = ub->ub_ctx_set_fwd(ctx, g_ptr_array_index(servers, i));
    }
    if (!failed && validate && dns->anchor_file) {
        failed = ub->ub_ctx_add_ta_file(ctx, dns->anchor_file);
    }
    failed = failed ? failed : ub->ub_ctx_async(ctx, 1);
    for (size_t i = 0; !failed && i < G_N_ELEMENTS(own_zones); i++) {
        failed = ub->ub_ctx_zone_remove(ctx, own_zones[i]);
    }
    return failed;
}

static bool start(Dns *dns, Resolver *r, GError **error)
{
    if (conf_of(dns)->servers->len == 0) {
        return error_fail(error, POSTERN_ERROR_CONFIG,
                          "there is no DNS resolver to ask: %s names none; name one with --dns",
                          dns->resolv_conf);
    }
    if (!load(dns, error)) {
        return false;
    }
    struct ub_ctx *ctx = dns->library.ub_ctx_create();
    int failed = ctx ? configure(dns, ctx, r == &dns->validating) : UB_NOMEM;
    if (failed) {
        if (ctx) {
            dns->library.ub_ctx_delete(ctx);
        }
        return error_fail(error, POSTERN_ERROR_CONFIG,
                          "DNS cannot be used: %s (the resolver is %s, the DNSSEC trust anchor %s)",
                          dns->library.ub_strerror(failed), dns_whom(dns),
                          dns->anchor_file ? dns->anchor_file : "none");
    }
    r->library = &dns->library;
    r->ctx = ctx;
    r->fd = dns->library.ub_fd(ctx);
    r->waiting = g_ptr_array_new();
    return true;
}

typedef struct {
    Dns *dns;
    Resolver *resolver;
    GError **error;
    bool ok;
} StartErrand;

static void run_start(void *user)
{
    StartErrand *e = user;
    e->ok = start(e->dns, e->resolver, e->error);
}

/* libunbound reads trust anchors into buffers larger than a task's whole stack. */
static bool ensure_started(Dns *dns, Resolver *r, GError **error)
{
    StartErrand e = {dns, r, error, true};
    if (!r->ctx) {
        sched_on_big_stack(run_start, &e);
    }
    return e.ok;
}

static void resolver_clear(Resolver *r)
{
    if (r->ctx) {
        g_assert(r->waiting->len == 0);
        r->library->ub_ctx_delete(r->ctx);
        g_ptr_array_unref(r->waiting);
    }
}

static void run_clear(void *user)
{
    Dns *dns = user;
    resolver_clear(&dns->validating);
    resolver_clear(&dns->plain);
}

void dns_free(Dns *dns)
{
    if (!dns) {
        return;
    }
    sched_on_big_stack(run_clear, dns);
    g_clear_pointer(&dns->conf, resolvconf_free);
    g_free(dns->server);
    g_free(dns->anchor_file);
    g_free(dns->resolv_conf);
    g_free(dns->hosts_file);
    g_free(dns->whom);
    g_free(dns->hosts);
    g_free(dns);
}

/* --- asking --- */

/* Runs within ub_process(), on whoever polls: wakes the one who asked. */
static void answered(void *user, int error, struct ub_result *result)
{
    Query *q = user;
    q->error = error;
    q->result = result;
    q->pending = false;
    if (q->task) {
        task_wake(q->task);
    }
}

typedef struct {
    Resolver *resolver;
    const char *name;
    const DnsQuestion *questions;
    Query *queries;
    size_t n;
} AskErrand;

static void run_ask(void *user)
{
    AskErrand *e = user;
    const Resolver *r = e->resolver;
    for (size_t i = 0; i < e->n; i++) {
        Query *q = &e->queries[i];
        q->pending = true;
        q->error = r->library->ub_resolve_async(r->ctx, e->name, e->questions[i].type, CLASS_IN, q,
                                                answered, &q->id);
        q->pending = q->error == 0;
        g_ptr_array_add(r->waiting, q);
    }
}

static void run_process(void *user)
{
    const Resolver *r = user;
    r->library->ub_process(r->ctx);
}

static bool any_pending(const Query *queries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (queries[i].pending) {
            return true;
        }
    }
    return false;
}

static bool any_records(const Query *queries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (queries[i].result && queries[i].result->havedata) {
            return true;
        }
    }
    return false;
}

/* One wait: the first comer polls the descriptor and takes what has come, for all; the others are
 * woken when theirs is there, or when it is their turn to poll. */
static bool wait_once(Resolver *r, Deadline deadline, GError **error)
{
    if (r->polled) {
        return io_wait_any(NULL, 0, deadline, error);
    }
    r->polled = true;
    bool ready = io_wait_read(r->fd, deadline, error);
    r->polled = false;
    if (ready) {
        sched_on_big_stack(run_process, r);
    }
    return ready;
}

/* Who goes away leaves the polling to one who stays. */
static void hand_over(const Resolver *r)
{
    for (guint i = 0; !r->polled && i < r->waiting->len; i++) {
        const Query *q = g_ptr_array_index(r->waiting, i);
        if (q->pending && q->task) {
            task_wake(q->task);
            return;
        }
    }
}

/* *error is set when what is still pending will not come. */
static void wait_for_answers(Resolver *r, Query *queries, size_t n, double grace, Deadline deadline,
                             GError **error)
{
    bool shortened = false;
    g_autoptr(GError) why = NULL;
    while (!why && any_pending(queries, n)) {
        if (!shortened && any_records(queries, n)) {
            deadline = deadline_sooner(deadline, deadline_in(grace));
            shortened = true;
        }
        (void)wait_once(r, deadline, &why);
    }
    for (size_t i = 0; i < n; i++) {
        if (queries[i].pending) {
            r->library->ub_cancel(r->ctx, queries[i].id);
        }
        g_ptr_array_remove_fast(r->waiting, &queries[i]);
    }
    hand_over(r);
    if (why) {
        g_propagate_error(error, g_steal_pointer(&why));
    }
}

/* --- answers --- */

static char *without_last_dot(const char *name)
{
    if (!name) {
        return NULL;
    }
    size_t len = strlen(name);
    return g_strndup(name, len > 1 && name[len - 1] == '.' ? len - 1 : len);
}

static void free_record(void *record)
{
    g_bytes_unref(record);
}

static DnsAnswer *answer_from(const struct ub_result *result)
{
    DnsAnswer *a = g_new0(DnsAnswer, 1);
    a->records = g_ptr_array_new_with_free_func(free_record);
    a->rcode = result->rcode;
    a->secure = result->secure;
    a->bogus = result->bogus;
    a->why_bogus = result->bogus ? g_strdup(result->why_bogus) : NULL;
    a->canonical = without_last_dot(result->canonname ? result->canonname : result->qname);
    a->ttl = result->ttl > 0 ? (uint32_t)result->ttl : 0;
    for (size_t i = 0; !a->bogus && result->havedata && result->data[i]; i++) {
        g_ptr_array_add(a->records, g_bytes_new(result->data[i], (gsize)result->len[i]));
    }
    return a;
}

void dns_answer_free(DnsAnswer *answer)
{
    if (!answer) {
        return;
    }
    g_ptr_array_unref(answer->records);
    g_free(answer->canonical);
    g_free(answer->why_bogus);
    g_free(answer);
}

static const char *rcode_name(int rcode)
{
    static const char *const names[] = {"NOERROR",  "FORMERR", "SERVFAIL",
                                        "NXDOMAIN", "NOTIMP",  "REFUSED"};
    return rcode >= 0 && rcode < (int)G_N_ELEMENTS(names) ? names[rcode] : "an error";
}

/* `why` is of the wait, for those still pending. own: it was our patience that ended, not the
 * caller's. */
static void take_answer(Dns *dns, const char *name, const Query *q, const GError *why, bool own,
                        DnsQuestion *question)
{
    GError **error = &question->error;
    if (q->pending && own) {
        error_fail(error, POSTERN_ERROR_TEMPFAIL,
                   "looking up %s: the DNS resolver (%s) does not answer", name, dns_whom(dns));
    } else if (q->pending) {
        *error = g_error_copy(why);
        error_prefix(error, "looking up %s (asking %s)", name, dns_whom(dns));
    } else if (q->error == UB_SYNTAX) {
        error_fail(error, POSTERN_ERROR_USAGE, "\"%s\" is not a DNS name", name);
    } else if (q->error || !q->result) {
        error_fail(error, POSTERN_ERROR_TEMPFAIL, "looking up %s: %s", name,
                   dns->library.ub_strerror(q->error));
    } else if (!q->result->bogus && q->result->rcode != RCODE_NOERROR &&
               q->result->rcode != RCODE_NXDOMAIN) {
        error_fail(error, POSTERN_ERROR_TEMPFAIL, "looking up %s: the DNS resolver (%s) says %s",
                   name, dns_whom(dns), rcode_name(q->result->rcode));
    } else {
        question->answer = answer_from(q->result);
    }
}

static void fail_all(DnsQuestion *questions, size_t n, const GError *why)
{
    for (size_t i = 0; i < n; i++) {
        questions[i].error = g_error_copy(why);
    }
}

static void ask(Dns *dns, Resolver *r, const char *name, DnsQuestion *questions, size_t n,
                double grace, Deadline deadline)
{
    g_assert(n <= DNS_QUESTIONS_MAX);
    g_autoptr(GError) why = NULL;
    if (!ensure_started(dns, r, &why)) {
        fail_all(questions, n, why);
        return;
    }
    Query queries[DNS_QUESTIONS_MAX] = {{.task = sched_current()}, {.task = sched_current()}};
    AskErrand e = {r, name, questions, queries, n};
    sched_on_big_stack(run_ask, &e);

    Deadline patience = deadline_in(PATIENCE);
    wait_for_answers(r, queries, n, grace, deadline_sooner(deadline, patience), &why);
    bool late = g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    for (size_t i = 0; i < n; i++) {
        take_answer(dns, name, &queries[i], why, late && patience <= deadline, &questions[i]);
        if (queries[i].result) {
            dns->library.ub_resolve_free(queries[i].result);
        }
    }
}

/* --- resolvers that strip DNSSEC --- */

static void question_clear(DnsQuestion *q)
{
    g_clear_pointer(&q->answer, dns_answer_free);
    g_clear_error(&q->error);
}

static bool any_bogus(const DnsQuestion *questions, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (questions[i].answer && questions[i].answer->bogus) {
            return true;
        }
    }
    return false;
}

static bool any_of_type(const DnsQuestion *questions, size_t n, int type)
{
    for (size_t i = 0; i < n; i++) {
        if (questions[i].type == type) {
            return true;
        }
    }
    return false;
}

/* Does not even the root's own key validate? Then no answer through this resolver ever will. */
static bool resolver_strips(Dns *dns, Deadline deadline)
{
    if (dns->strips == STRIPS_UNKNOWN) {
        DnsQuestion root = {.type = TYPE_DNSKEY};
        ask(dns, &dns->validating, ".", &root, 1, 0, deadline);
        bool timed_out = g_error_matches(root.error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT) ||
                         g_error_matches(root.error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
        bool validates = root.answer && root.answer->secure;
        dns->strips = validates ? STRIPS_NOT : timed_out ? STRIPS_UNKNOWN : STRIPS;
        question_clear(&root);
    }
    return dns->strips == STRIPS;
}

void dns_ask(Dns *dns, const char *name, DnsQuestion *questions, size_t n, double grace,
             Deadline deadline)
{
    /* DANE would be talked out of its records by whoever forges answers: for it there is no second
     * way. */
    bool mercy = dns->anchor_file && !dns->anchor_is_users && !any_of_type(questions, n, DNS_TLSA);
    if (!mercy || dns->strips != STRIPS) {
        ask(dns, &dns->validating, name, questions, n, grace, deadline);
        if (!mercy || !any_bogus(questions, n) || !resolver_strips(dns, deadline)) {
            return;
        }
        for (size_t i = 0; i < n; i++) {
            question_clear(&questions[i]);
        }
    }
    ask(dns, &dns->plain, name, questions, n, grace, deadline);
}

DnsAnswer *dns_query(Dns *dns, const char *name, int type, Deadline deadline, GError **error)
{
    DnsQuestion question = {.type = type};
    dns_ask(dns, name, &question, 1, 0, deadline);
    if (question.error) {
        g_propagate_error(error, question.error);
    }
    return question.answer;
}
