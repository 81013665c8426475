/* smtp.c: messages handed on by LMTP or SMTP, one connection for many of them. The server's answer
 * a recipient counts: one that says "later" keeps the message where it is; one that refuses for
 * good, too, for there is nobody to return it to. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "deliver/kind.h"
#include "deliver/sender.h"
#include "proto/smtp_mail.h"

/* Some servers end a connection after so many; and one that is never ended is never checked. */
#define MAILS_A_CONNECTION 100

typedef struct {
    GPtrArray *targets; /* of Target: tried in this order */
    Dns *dns;           /* ours, when the plan brings none; or NULL */
    SessionPlan plan;   /* of the connection that stands */
    Session *session;   /* or NULL */
    unsigned mails;     /* on it */
    GByteArray *text;   /* of the message under way */
} Own;

/* --- where --- */

static bool parse(const char *url, const char *proto, GPtrArray *targets, GError **error)
{
    g_autoptr(Target) target = target_parse(url, NULL, error);
    if (target == NULL) {
        return false;
    }
    const char *spoken = target->scheme->proto->name;
    bool good = g_str_equal(spoken, proto) ||
                (g_str_equal(proto, "smtp") && g_str_equal(spoken, "submission"));
    if (good) {
        g_ptr_array_add(targets, g_steal_pointer(&target));
    }
    return good || error_fail(error, POSTERN_ERROR_USAGE, "mail cannot be handed on by %s://",
                              target->scheme->name);
}

static GPtrArray *targets_of(const DeliverPlan *plan, const char *proto, GError **error)
{
    g_autoptr(GPtrArray) targets = g_ptr_array_new_with_free_func((GDestroyNotify)target_free);
    if (!parse(plan->to, proto, targets, error)) {
        return NULL;
    }
    for (char **more = plan->hunt; more != NULL && *more != NULL; more++) {
        if (!parse(*more, proto, targets, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&targets);
}

static bool open_for(Delivery *d, const char *proto, GError **error)
{
    g_autoptr(GPtrArray) targets = targets_of(d->plan, proto, error);
    if (targets == NULL) {
        return false;
    }
    const SessionPlan *given = d->plan->smtp_plan;
    Dns *dns = NULL;
    if (given == NULL || given->dial.dns == NULL) {
        dns = dns_new(&(DnsConfig){0}, error);
        if (dns == NULL) {
            return false;
        }
    }
    Own *own = g_new0(Own, 1);
    own->targets = g_steal_pointer(&targets);
    own->dns = dns;
    own->text = g_byte_array_new();
    d->own = own;
    return true;
}

static bool open_smtp(Delivery *d, const char *rest, GError **error)
{
    (void)rest;
    return open_for(d, "smtp", error);
}

static bool open_lmtp(Delivery *d, const char *rest, GError **error)
{
    (void)rest;
    return open_for(d, "lmtp", error);
}

static bool check_smtp(const DeliverPlan *plan, const char *rest, GError **error)
{
    (void)rest;
    g_autoptr(GPtrArray) targets = targets_of(plan, "smtp", error);
    return targets != NULL;
}

static bool check_lmtp(const DeliverPlan *plan, const char *rest, GError **error)
{
    (void)rest;
    g_autoptr(GPtrArray) targets = targets_of(plan, "lmtp", error);
    return targets != NULL;
}

/* --- the connection --- */

static bool is_near(const Target *target)
{
    static const char *const names[] = {"localhost", "::1", NULL};
    return target->host == NULL || g_strv_contains(names, target->host) ||
           g_str_has_prefix(target->host, "127.");
}

/* What is on this machine needs no TLS (design: law 5), and seldom has a certificate for it. */
static SessionPlan plan_for(const Delivery *d, const Target *target)
{
    const Own *own = d->own;
    SessionPlan plan = d->plan->smtp_plan != NULL ? *d->plan->smtp_plan : (SessionPlan){0};
    plan.target = target;
    plan.dial.host = target->host;
    plan.dial.port = target->port;
    plan.dial.unix_path = target->unix_path;
    plan.dial.dns = own->dns != NULL ? own->dns : plan.dial.dns;
    if (is_near(target) && !target->scheme->tls_first && plan.credentials.user == NULL) {
        plan.tls.demand = TLS_OFF;
    }
    return plan;
}

static void hang_up(Own *own)
{
    if (own->session != NULL) {
        session_quit(own->session);
        g_clear_pointer(&own->session, session_free);
    }
    own->mails = 0;
}

static bool call(Delivery *d, const Target *target, GError **error)
{
    Own *own = d->own;
    own->plan = plan_for(d, target);
    own->session = session_new(&own->plan);
    own->mails = 0;
    bool login = own->plan.credentials.user != NULL;
    bool encrypted = own->plan.tls.demand != TLS_OFF || target->scheme->tls_first;
    Stage upto = login ? STAGE_AUTH : encrypted ? STAGE_TLS : STAGE_CAPABILITIES;
    if (session_climb(own->session, upto, error)) {
        return true;
    }
    g_clear_pointer(&own->session, session_free);
    return false;
}

static bool connect_to_any(Delivery *d, GError **error)
{
    Own *own = d->own;
    if (own->session != NULL && own->mails < MAILS_A_CONNECTION) {
        return true;
    }
    hang_up(own);
    for (guint i = 0; i < own->targets->len; i++) {
        g_autoptr(GError) problem = NULL;
        if (call(d, g_ptr_array_index(own->targets, i), &problem)) {
            return true;
        }
        if (i + 1 == own->targets->len) {
            g_propagate_error(error, g_steal_pointer(&problem));
        }
    }
    return false;
}

/* --- one message --- */

static bool begin(Delivery *d, const Letter *letter, GError **error)
{
    (void)letter, (void)error;
    Own *own = d->own;
    g_byte_array_set_size(own->text, 0);
    return true;
}

static bool write_piece(Delivery *d, Bytes piece, GError **error)
{
    Own *own = d->own;
    if (own->text->len + piece.len > G_MAXINT32) {
        return error_fail(error, POSTERN_ERROR_LIMIT,
                          "a message of more than 2 GB cannot be handed on: --max-size leaves it "
                          "there");
    }
    g_byte_array_append(own->text, (const guint8 *)piece.data, (guint)piece.len);
    return true;
}

static void drop(Delivery *d)
{
    Own *own = d->own;
    g_byte_array_set_size(own->text, 0);
}

/* SMTP knows CRLF only (RFC 5321 section 2.3.8): a lone CR or LF becomes one, as every server that
 * takes one would make it. True when the text was fine as it was. */
static bool is_regular(Bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool lone_lf = text.data[i] == '\n' && (i == 0 || text.data[i - 1] != '\r');
        bool lone_cr = text.data[i] == '\r' && (i + 1 == text.len || text.data[i + 1] != '\n');
        if (lone_lf || lone_cr) {
            return false;
        }
    }
    return text.len == 0 || text.data[text.len - 1] == '\n';
}

static void make_regular(Own *own)
{
    Bytes text = bytes_of_array(own->text);
    if (is_regular(text)) {
        return;
    }
    GByteArray *out = g_byte_array_sized_new((guint)text.len + 64);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool pair = c == '\r' && i + 1 < text.len && text.data[i + 1] == '\n';
        if (c == '\r' || c == '\n') {
            g_byte_array_append(out, (const guint8 *)"\r\n", 2);
            i += pair;
        } else {
            g_byte_array_append(out, (const guint8 *)&c, 1);
        }
    }
    if (out->len == 0 || out->data[out->len - 1] != '\n') {
        g_byte_array_append(out, (const guint8 *)"\r\n", 2);
    }
    g_byte_array_unref(own->text);
    own->text = out;
}

static bool has_eight_bit(Bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.data[i] > 127) {
            return true;
        }
    }
    return false;
}

static char *words_of(const SmtpAnswer *a)
{
    g_autofree char *code = a->code > 0 ? g_strdup_printf("%u ", a->code) : g_strdup("");
    return g_strdup_printf("%s%s", code, a->text != NULL ? a->text : "no answer");
}

/* One that was not taken decides: what is delivered twice to some is better than lost to one. */
static DeliverFate judge(const SmtpMail *mail, const SmtpMailResult *result, char **ret_said)
{
    for (size_t i = 0; i < mail->n_recipients; i++) {
        const SmtpRecipient *r = &mail->recipients[i];
        if (r->fate == SMTP_ACCEPTED) {
            continue;
        }
        const SmtpAnswer *answer = r->answer.code > 0      ? &r->answer
                                   : result->end.code > 0  ? &result->end
                                   : result->data.code > 0 ? &result->data
                                                           : &result->mail;
        g_autofree char *words = words_of(answer);
        *ret_said = g_strdup_printf("%s: %s", r->address, words);
        return r->fate == SMTP_REFUSED ? DELIVER_REFUSED : DELIVER_LATER;
    }
    return DELIVER_DONE;
}

static SmtpRecipient *recipients_of(const Delivery *d, size_t *ret_n)
{
    static const char *none[] = {NULL, NULL};
    none[0] = g_get_user_name();
    const char *const *names =
        d->plan->recipients != NULL ? (const char *const *)d->plan->recipients : none;
    size_t n = g_strv_length((char **)names);
    SmtpRecipient *recipients = g_new0(SmtpRecipient, n);
    for (size_t i = 0; i < n; i++) {
        recipients[i].address = names[i];
    }
    *ret_n = n;
    return recipients;
}

static bool send_mail(Delivery *d, DeliverFate *ret, char **ret_said, GError **error)
{
    Own *own = d->own;
    Bytes text = bytes_of_array(own->text);
    g_autofree char *sender = deliver_sender(text);
    SmtpMail mail = {.sender = sender, .text = text, .eight_bit = has_eight_bit(text)};
    mail.recipients = recipients_of(d, &mail.n_recipients);
    SmtpMailResult result = {0};
    g_autoptr(GError) problem = NULL;
    bool good = smtp_mail(own->session, &mail, &result, &problem);
    bool unusable = !good && !g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_DATA);
    own->mails++;
    if (unusable) {
        g_clear_pointer(&own->session, session_free);
    }
    *ret = good ? judge(&mail, &result, ret_said) : unusable ? DELIVER_LATER : DELIVER_REFUSED;
    if (!good) {
        *ret_said = g_strdup(problem->message);
    }
    bool cancelled = g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    for (size_t i = 0; i < mail.n_recipients; i++) {
        smtp_answer_clear(&mail.recipients[i].answer);
    }
    g_free(mail.recipients);
    smtp_mail_result_clear(&result);
    return !cancelled || error_fail(error, POSTERN_ERROR_CANCELLED, "interrupted");
}

static bool end(Delivery *d, DeliverFate *ret, char **ret_said, GError **error)
{
    Own *own = d->own;
    if (memchr(own->text->data, '\0', own->text->len) != NULL) {
        *ret = DELIVER_REFUSED;
        *ret_said = g_strdup("it has a NUL octet, which SMTP cannot carry");
        return true;
    }
    make_regular(own);
    return connect_to_any(d, error) && send_mail(d, ret, ret_said, error);
}

static void close_target(Delivery *d)
{
    Own *own = d->own;
    hang_up(own);
    g_ptr_array_unref(own->targets);
    dns_free(own->dns);
    g_byte_array_unref(own->text);
    g_free(own);
}

const DeliverKind deliver_smtp = {
    .prefix = "",
    .crlf = true,
    .check = check_smtp,
    .open = open_smtp,
    .close = close_target,
    DELIVER_ONE,
};

const DeliverKind deliver_lmtp = {
    .prefix = "lmtp:",
    .crlf = true,
    .check = check_lmtp,
    .open = open_lmtp,
    .close = close_target,
    DELIVER_ONE,
};
