/* send_one.c: one message to one server. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/command.h"
#include "cmd/interrupt.h"
#include "cmd/send.h"
#include "io/addresses.h"
#include "report/tls_summary.h"

/* Where --stop-after ends the way. */
typedef struct {
    const char *name;
    Stage stage; /* STAGE_NONE: behind the ladder */
    SmtpStop stop;
} Stop;

static const Stop stops[] = {
    {"connect", STAGE_CONNECT, SMTP_STOP_NEVER},   {"greeting", STAGE_GREETING, SMTP_STOP_NEVER},
    {"ehlo", STAGE_CAPABILITIES, SMTP_STOP_NEVER}, {"tls", STAGE_TLS, SMTP_STOP_NEVER},
    {"auth", STAGE_AUTH, SMTP_STOP_NEVER},         {"mail", STAGE_NONE, SMTP_STOP_AFTER_MAIL},
    {"rcpt", STAGE_NONE, SMTP_STOP_AFTER_RCPT},    {"data", STAGE_NONE, SMTP_STOP_AFTER_DATA},
};

typedef struct {
    const SendOptions *options;
    const char *url;
    Connection *connection;
    SendShow show;
    Session *session;
    Outgoing *message;
    Submission submission;
} One;

static const Stop *stop_of(const SendOptions *o)
{
    const Stop *found = NULL;
    for (size_t i = 0; o->stop_after && i < G_N_ELEMENTS(stops); i++) {
        found = strcmp(o->stop_after, stops[i].name) != 0 ? found : &stops[i];
    }
    return found;
}

SubmitWishes send_wishes(const SendOptions *o)
{
    SubmitWishes wishes = {
        .notify = o->notify,
        .ret = o->ret,
        .envid = o->envid,
        .orcpt = o->orcpt,
        .submitter = o->submitter,
        .require_tls = o->require_tls,
        .all_or_none = o->all_or_none,
        .no_pipelining = o->no_pipelining,
        .no_chunking = o->no_chunking,
    };
    const Stop *stop = stop_of(o);
    wishes.stop = stop ? stop->stop : SMTP_STOP_NEVER;
    return wishes;
}

Stage send_top_stage(Connection *c)
{
    return connection_plan(c)->credentials.user ? STAGE_AUTH : STAGE_TLS;
}

static Stage last_stage(const One *one)
{
    const Stop *stop = stop_of(one->options);
    return stop && stop->stage != STAGE_NONE ? stop->stage : send_top_stage(one->connection);
}

static bool stops_on_the_ladder(const One *one)
{
    const SendOptions *o = one->options;
    return o->check_account || (o->stop_after && !send_wishes(o).stop);
}

static bool is_mail_protocol(const Proto *proto)
{
    return proto == &proto_smtp || proto == &proto_submission || proto == &proto_lmtp;
}

/* Handing over on this very machine needs no TLS (and its certificate would hardly be for
 * "localhost"); a password does. */
static void relax_on_loopback(const SendOptions *o, SessionPlan *plan, SendShow *show)
{
    const Target *target = plan->target;
    DnsAddress address;
    bool here = target->unix_path || !strcmp(target->host, "localhost") ||
                (address_parse(target->host, &address) &&
                 address_is_loopback((const struct sockaddr *)&address.address));
    bool said =
        o->connect.tls || o->connect.dane || o->connect.pins || plan->tls.demand != TLS_REQUIRED;
    if (here && !said && !target->scheme->tls_first && !plan->credentials.user) {
        plan->tls.demand = TLS_OPPORTUNISTIC;
        show->brief = true;
    }
}

Connection *send_connection(const SendOptions *o, const char *url, SendShow *show, GError **error)
{
    SubmitWishes wishes = send_wishes(o);
    if (!submit_check_wishes(&wishes, error)) {
        return NULL;
    }
    if (!url && !o->connect.account) {
        error_fail(error, POSTERN_ERROR_USAGE,
                   "no server is named: give an address such as submissions://mail.example.org, or "
                   "--account=NAME (--mx finds the servers by itself)");
        return NULL;
    }
    g_autoptr(Connection) c = connection_new(&o->connect, url, "submission", error);
    if (!c) {
        return NULL;
    }
    SessionPlan *plan = connection_plan(c);
    if (!is_mail_protocol(plan->target->scheme->proto)) {
        error_fail(error, POSTERN_ERROR_USAGE,
                   "%s:// takes no mail: smtp, submission, submissions and lmtp do",
                   plan->target->scheme->name);
        return NULL;
    }
    relax_on_loopback(o, plan, show);
    plan->observer = send_show_observe;
    plan->observer_user = show;
    return g_steal_pointer(&c);
}

static bool prepare(One *one, const char *url, GError **error)
{
    one->connection = send_connection(one->options, url, &one->show, error);
    return one->connection != NULL;
}

static bool make_message(One *one, GError **error)
{
    if (stops_on_the_ladder(one) || one->message) {
        return true;
    }
    const SessionPlan *plan = connection_plan(one->connection);
    g_autofree char *from = send_default_from(plan->credentials.user, plan->target->host);
    one->message = send_message(one->options, from, error);
    return one->message != NULL;
}

/* Reports that were asked for will not come. */
static void tell_of_no_dsn(const One *one, const SubmitWishes *wishes)
{
    bool asked = wishes->notify || wishes->ret || wishes->envid || wishes->orcpt;
    if (asked && !one->show.quiet && !smtp_offers(one->session->caps).dsn) {
        fputs("=== the server offers no delivery reports (DSN): none was asked for\n", stderr);
    }
}

static bool hand_over(One *one, GError **error)
{
    one->session = session_new(connection_plan(one->connection));
    if (!session_climb(one->session, last_stage(one), error)) {
        return false;
    }
    if (stops_on_the_ladder(one)) {
        return true;
    }
    SubmitWishes wishes = send_wishes(one->options);
    tell_of_no_dsn(one, &wishes);
    if (!submit(one->session, one->message, &wishes, send_recode, &one->submission, error)) {
        g_autofree char *whom = session_whom(one->session);
        return error_prefix(error, "%s", whom);
    }
    return true;
}

/* After a 354 no polite end is possible: what we would say would be text. */
static void end(One *one, bool fine)
{
    bool in_text = one->options->stop_after && !strcmp(one->options->stop_after, "data") &&
                   one->submission.result.data.code == 354;
    if (fine && !in_text) {
        session_quit(one->session);
    }
}

/* --check-account went through. */
static bool account_is_good(const One *one, const GError *error)
{
    return one->options->check_account && one->session && !error;
}

static void print_json(const One *one, const GError *error)
{
    const Session *session = one->session;
    bool good = account_is_good(one, error);
    g_autofree char *server = target_text(connection_target(one->connection));
    g_autofree char *tls = good && session->peer ? tls_summary_line(session->peer) : NULL;
    SendAccount account = {.tls = tls};
    if (good) {
        account.mechanism = session->auth_used;
        account.size_max = smtp_offers(session->caps).size_max;
    }
    SendResultAbout about = {.file = one->options->message,
                             .server = server,
                             .account = good ? &account : NULL,
                             .message = one->message,
                             .error = error};
    g_autofree char *line = send_result_json(&about, &one->submission);
    puts(line);
    fflush(stdout);
}

/* What a login to this server would be good for. */
static void show_account(const One *one)
{
    const Session *s = one->session;
    g_autofree char *whom = session_whom(s);
    g_autofree char *tls = s->peer ? tls_summary_line(s->peer) : g_strdup("no TLS");
    SmtpOffers offers = smtp_offers(s->caps);
    g_autofree char *size =
        offers.size_max ? g_strdup_printf(", messages up to %" PRIu64 " octets", offers.size_max)
                        : g_strdup("");
    printf("%s: %s\n%s%s%s\n", whom, tls, s->auth_used ? "logged in by " : "no login was tried",
           s->auth_used ? s->auth_used : "", size);
}

static void show_stop(const One *one)
{
    if (one->options->stop_after && !one->show.quiet) {
        fprintf(stderr, "=== stopped after %s, as asked\n", one->options->stop_after);
    }
}

/* The account wants what cannot be sent now to be kept: true when it has been, with the exit status
 * of the rest. Frees the error then. */
static bool keep_for_later(One *one, GError *error, int *status)
{
    const Submission *s = &one->submission;
    const SmtpRecipient *later = NULL;
    bool refused = false;
    for (size_t i = 0; i < s->n; i++) {
        refused |= s->recipients[i].fate == SMTP_REFUSED;
        later = s->recipients[i].fate == SMTP_LATER ? &s->recipients[i] : later;
    }
    bool passing = error ? send_is_passing(error) : later != NULL;
    if (one->options->queue_wish == QUEUE_NEVER || !passing || !one->message ||
        one->options->stop_after || one->options->check_account) {
        return false;
    }
    GError *problem = NULL;
    const char *why = error ? error->message : later->answer.text;
    g_autofree char *id = send_enqueue(one->options, one->url, one->message, s, why, &problem);
    if (!id) {
        g_clear_error(&error);
        *status = command_fail(problem);
        return true;
    }
    if (!one->show.quiet) {
        g_autofree char *shown = escape_line_max(bytes_of(why), 500);
        fprintf(stderr, "=== queued as %s: %s\n", id, shown);
    }
    g_clear_error(&error);
    *status = refused ? STATUS_UNAVAILABLE : 0;
    return true;
}

int send_fail(const Submission *s, GError *error)
{
    bool again = g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_EOF);
    for (size_t i = 0; i < s->n; i++) {
        again |= s->recipients[i].fate == SMTP_UNKNOWN;
    }
    bool interrupted = g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    int status = command_fail(error);
    return again && !interrupted ? STATUS_TEMPFAIL : status;
}

/* The results, also of what broke: some may have been decided before. */
static int conclude(One *one, GError *error)
{
    bool stopped = one->options->stop_after != NULL;
    bool tried = one->submission.n && (!error || one->submission.result.mail.code ||
                                       one->submission.recipients[0].fate != SMTP_NOT_TRIED);
    if (one->options->json && one->connection) {
        print_json(one, error);
    } else if (tried && send_wishes(one->options).stop != SMTP_STOP_AFTER_MAIL) {
        send_show_results(&one->show, &one->submission);
    }
    int kept_status;
    if (keep_for_later(one, error, &kept_status)) {
        return kept_status;
    }
    if (error) {
        return send_fail(&one->submission, error);
    }
    if (account_is_good(one, NULL)) {
        if (!one->options->json) {
            show_account(one);
        }
        return 0;
    }
    if (stopped) {
        show_stop(one);
        bool refused = false;
        for (size_t i = 0; i < one->submission.n; i++) {
            refused |= one->submission.recipients[i].fate == SMTP_REFUSED;
        }
        return refused ? submission_status(&one->submission) : 0;
    }
    return submission_status(&one->submission);
}

static bool run(One *one, const char *url, GError **error)
{
    return prepare(one, url, error) && make_message(one, error) &&
           send_show_open(&one->show, one->options, error) && interrupt_begin(error) &&
           hand_over(one, error);
}

static bool print_description(One *one)
{
    g_autofree char *text = connection_describe(one->connection);
    fputs(text, stdout);
    return true;
}

int send_one(const SendOptions *o, const char *url, Outgoing *message)
{
    One one = {.options = o, .url = url, .message = message};
    GError *error = NULL;
    int status;
    if (o->connect.dry_run) {
        status = prepare(&one, url, &error) && print_description(&one) ? 0 : command_fail(error);
    } else {
        bool fine = run(&one, url, &error);
        status = conclude(&one, error);
        end(&one, fine);
    }
    interrupt_end();
    session_free(one.session);
    status = send_show_close(&one.show, status);
    submission_clear(&one.submission);
    outgoing_free(one.message);
    connection_free(one.connection);
    return status;
}
