/* send_mx.c: straight to the hosts that take mail for each recipient's domain, as a mail server
 * would. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "cmd/command.h"
#include "cmd/interrupt.h"
#include "cmd/send.h"
#include "config/accounts.h"
#include "mime/address.h"
#include "send/route.h"

enum { LOOKUP_SECONDS = 60 };

typedef struct {
    const SendOptions *options;
    SendShow show;
    Connection *connection; /* of the plan that all are made from */
    Outgoing *message;
    char *policies; /* where MTA-STS policies are remembered; NULL: nowhere */
    int status;     /* the worst so far */
} Direct;

/* --- one domain --- */

typedef struct {
    Direct *direct;
    const char *domain;
    Outgoing part; /* the message for this domain's recipients; borrows from the whole */
    Submission submission;
} Delivery;

static void tell(const Direct *d, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void tell(const Direct *d, const char *format, ...)
{
    if (d->show.quiet) {
        return;
    }
    va_list list;
    va_start(list, format);
    g_autofree char *text = g_strdup_vprintf(format, list);
    va_end(list);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autofree char *shown = escape_line(bytes_of(*line));
        fprintf(stderr, "=== %s\n", shown);
    }
}

/* What the host must prove becomes the session's TLS plan. */
static SessionPlan plan_for(Direct *d, const RouteHop *hop, const Target *target)
{
    SessionPlan plan = *connection_plan(d->connection);
    plan.target = target;
    plan.credentials = (Credentials){0};
    bool said = d->options->connect.tls || d->options->connect.dane;
    if (hop->proof == ROUTE_OPPORTUNISTIC && !said) {
        plan.tls.demand = TLS_OPPORTUNISTIC;
    }
    plan.tls.no_verify |= hop->proof == ROUTE_TLS && !said;
    d->show.brief = !said;
    if (hop->proof == ROUTE_DANE) {
        plan.tls.dane = plan.tls.tlsa_without_pkix = true;
    }
    return plan;
}

static bool undecided(const Submission *s)
{
    for (size_t i = 0; i < s->n; i++) {
        SmtpFate fate = s->recipients[i].fate;
        if (fate != SMTP_NOT_TRIED && fate != SMTP_LATER) {
            return false;
        }
    }
    return true;
}

/* Hands it to one host. False when the next may be tried: nothing was taken or refused for good.
 * Suspends. */
static bool try_hop(Delivery *v, const RouteHop *hop, GError **error)
{
    Direct *d = v->direct;
    bool six = strchr(hop->host, ':') != NULL;
    g_autofree char *url = g_strdup_printf(six ? "smtp://[%s]" : "smtp://%s", hop->host);
    g_autoptr(Target) target = target_parse(url, NULL, error);
    if (!target) {
        return false;
    }
    SessionPlan plan = plan_for(d, hop, target);
    g_autoptr(Session) session = session_new(&plan);
    SubmitWishes wishes = send_wishes(d->options);
    submission_clear(&v->submission);
    bool ok = session_climb(session, STAGE_TLS, error) &&
              submit(session, &v->part, &wishes, send_recode, &v->submission, error);
    if (ok) {
        session_quit(session);
    }
    return !undecided(&v->submission) || (ok && wishes.stop);
}

static bool deliver(Delivery *v, const Route *route, GError **error)
{
    for (guint i = 0; i < route->hops->len; i++) {
        const RouteHop *hop = g_ptr_array_index(route->hops, i);
        if (hop->unusable) {
            tell(v->direct, "%s: not %s: %s", v->domain, hop->host, hop->unusable);
            continue;
        }
        if (*error) { /* of the host before */
            tell(v->direct, "%s: %s", v->domain, (*error)->message);
            g_clear_error(error);
        }
        tell(v->direct, "%s: %s, %s", v->domain, hop->host, route_proof_name(hop->proof));
        if (try_hop(v, hop, error)) {
            return !*error;
        }
    }
    return *error            ? error_prefix(error, "mail for %s", v->domain)
           : v->submission.n ? true
                             : error_fail(error, POSTERN_ERROR_TEMPFAIL,
                                          "%s has no host that mail may be handed to", v->domain);
}

/* --dry-run */
static bool describe(const Delivery *v, const Route *route)
{
    printf("%s%s\n", v->domain, route->implicit ? "  (it has no MX: it is its own host)" : "");
    for (guint i = 0; i < route->hops->len; i++) {
        const RouteHop *hop = g_ptr_array_index(route->hops, i);
        printf("  %5u  %s  %s\n", hop->preference, hop->host,
               hop->unusable ? hop->unusable : route_proof_name(hop->proof));
    }
    return true;
}

static bool find_and_deliver(Delivery *v, GError **error)
{
    const SessionPlan *plan = connection_plan(v->direct->connection);
    HttpsPlan https = {
        .dial = &plan->dial, .ca_file = plan->tls.ca_file, .ca_path = plan->tls.ca_path};
    StsPlan sts = {.dns = plan->dial.dns,
                   .https = &https,
                   .cache = v->direct->policies,
                   .deadline = deadline_in(LOOKUP_SECONDS)};
    g_autoptr(Route) route = route_find(&sts, v->domain, error);
    if (!route) {
        return false;
    }
    if (route->note) {
        tell(v->direct, "%s: %s", v->domain, route->note);
    }
    return v->direct->options->connect.dry_run ? describe(v, route) : deliver(v, route, error);
}

static void print_json(const Delivery *v, const GError *error)
{
    SendResultAbout about = {.file = v->direct->options->message,
                             .server = v->domain,
                             .message = &v->part,
                             .error = error};
    g_autofree char *line = send_result_json(&about, &v->submission);
    puts(line);
}

static void deliver_to(Direct *d, const char *domain, GPtrArray *recipients)
{
    Delivery v = {.direct = d, .domain = domain, .part = *d->message};
    GError *error = NULL;
    v.part.recipients = recipients;
    bool ok = find_and_deliver(&v, &error);
    bool tries_only = d->options->stop_after || d->options->connect.dry_run;
    if (d->options->json && !d->options->connect.dry_run) {
        print_json(&v, error);
    } else if (!tries_only) {
        send_show_results(&d->show, &v.submission);
    }
    int status = !ok          ? send_fail(&v.submission, error)
                 : tries_only ? 0
                              : submission_status(&v.submission);
    d->status = MAX(d->status, status);
    submission_clear(&v.submission);
}

/* --- all of them --- */

/* Domain -> its recipients, in the order they are named. */
static GPtrArray *domains_of(const Outgoing *message, GHashTable *groups, GError **error)
{
    g_autoptr(GPtrArray) order = g_ptr_array_new();
    for (guint i = 0; i < message->recipients->len; i++) {
        char *address = g_ptr_array_index(message->recipients, i);
        const char *at = strrchr(address, '@');
        if (!at) {
            error_fail(error, POSTERN_ERROR_DATA, "%s has no domain to find an MX for", address);
            return NULL;
        }
        g_autofree char *domain = g_ascii_strdown(at + 1, -1);
        GPtrArray *group = g_hash_table_lookup(groups, domain);
        if (!group) {
            group = g_ptr_array_new();
            char *key = g_strdup(domain);
            g_hash_table_insert(groups, key, group);
            g_ptr_array_add(order, key);
        }
        g_ptr_array_add(group, address);
    }
    return g_steal_pointer(&order);
}

static bool prepare(Direct *d, GError **error)
{
    const SendOptions *o = d->options;
    SubmitWishes wishes = send_wishes(o);
    if (o->stop_after && !wishes.stop) {
        error_fail(error, POSTERN_ERROR_USAGE,
                   "--mx stops after mail, rcpt or data; the rungs before are shown by -v");
        return false;
    }
    g_autofree char *from = send_default_from(NULL, NULL);
    d->message = send_message(o, from, error);
    if (!d->message || !send_show_open(&d->show, o, error)) {
        return false;
    }
    g_autofree char *state = config_state_directory(true, NULL); /* it goes without, too */
    d->policies = state ? g_build_filename(state, "mta-sts", NULL) : NULL;
    /* The address is no matter: each host takes its place. */
    d->connection = send_connection(o, "smtp://mx.invalid", &d->show, error);
    return d->connection != NULL;
}

static bool run(Direct *d, GError **error)
{
    g_autoptr(GHashTable) groups =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    if (!prepare(d, error) || !interrupt_begin(error)) {
        return false;
    }
    g_autoptr(GPtrArray) order = domains_of(d->message, groups, error);
    for (guint i = 0; order && i < order->len && !interrupt_seen(); i++) {
        const char *domain = g_ptr_array_index(order, i);
        deliver_to(d, domain, g_hash_table_lookup(groups, domain));
    }
    return order != NULL;
}

int send_mx(const SendOptions *o)
{
    Direct d = {.options = o};
    GError *error = NULL;
    int status = run(&d, &error) ? d.status : command_fail(error);
    interrupt_end();
    status = send_show_close(&d.show, status);
    connection_free(d.connection);
    outgoing_free(d.message);
    g_free(d.policies);
    return status;
}
