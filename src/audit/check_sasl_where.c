/* check_sasl_where.c: where a login is offered: before TLS, inside it, at a port where nobody logs
 * in. */
#include <string.h>

#include "audit/check_sasl.h"
#include "audit/family.h"
#include "base/escape.h"

static bool is_cleartext(const char *name)
{
    const SaslMechanism *mechanism = sasl_mechanism_find(bytes_of(name));
    return mechanism != NULL && mechanism->cleartext;
}

static void cleartext_before_tls(const Facts *f, Findings *out)
{
    if (!sasl_applies(f, out)) {
        return;
    }
    g_auto(SaslOffered) o = sasl_offered_by(f);
    if (f->tls_first) {
        findings_not_applicable(out);
        return;
    }
    if (o.before == NULL) {
        findings_unknown(out, "the capabilities before TLS were not seen");
        return;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t i = 0; o.before[i] != NULL; i++) {
        if (is_cleartext(o.before[i])) {
            evidence_add_raw(text, o.before[i]);
        }
    }
    /* IMAP with LOGINDISABLED: the mechanisms are listed, and refused (Dovecot does not even list
     * them). */
    if (text->len > 0) {
        findings_fail(out, "%s%s", text->str,
                      caps_has(f->caps_before, "LOGINDISABLED") ? " (though LOGIN is disabled)"
                                                                : "");
    }
}

static void vanish(const Facts *f, Findings *out)
{
    if (!sasl_applies(f, out)) {
        return;
    }
    g_auto(SaslOffered) o = sasl_offered_by(f);
    if (f->tls_first || f->tls_offer == TLS_OFFER_MISSING) {
        findings_not_applicable(out);
        return;
    }
    if (!sasl_all_seen(f, &o, out)) {
        return;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t i = 0; o.before[i] != NULL; i++) {
        if (!sasl_offers(o.inside, o.before[i])) {
            evidence_add_raw(text, o.before[i]);
        }
    }
    if (text->len > 0) {
        findings_fail(out, "%s", text->str);
    }
}

static void on_mx(const Facts *f, Findings *out)
{
    if (f->role != ROLE_MX || f->target->scheme->proto->auth == NULL) {
        findings_not_applicable(out);
        return;
    }
    g_auto(SaslOffered) o = sasl_offered_by(f);
    if ((o.inside && o.inside[0]) || (o.before && o.before[0])) {
        findings_fail(out, "AUTH is offered on port %u", f->port);
    } else {
        sasl_all_seen(f, &o, out);
    }
}

/* POP3 and IMAP have ways of their own beside SASL. */
static bool can_log_in(const Facts *f, const SaslOffered *o)
{
    return (o->inside != NULL && o->inside[0] != NULL) ||
           (f->caps_after != NULL && caps_has(f->caps_after, "USER")) ||
           (strcmp(f->target->scheme->proto->name, "imap") == 0 &&
            !caps_has(f->caps_after, "LOGINDISABLED"));
}

static void nothing_offered(const Facts *f, Findings *out)
{
    if ((f->role != ROLE_SUBMISSION && f->role != ROLE_ACCESS) || !sasl_applies(f, out)) {
        findings_not_applicable(out);
        return;
    }
    g_auto(SaslOffered) o = sasl_offered_by(f);
    if (f->tls_offer == TLS_OFFER_MISSING || f->tls_offer == TLS_OFFER_PREAUTH) {
        findings_not_applicable(out);
    } else if (f->caps_after == NULL) {
        findings_unknown(out, "the capabilities inside TLS were not seen");
    } else if (!can_log_in(f, &o)) {
        findings_fail(out, "no mechanism is offered inside TLS");
    }
}

static const Check checks[] = {
    {
        .id = "sasl.cleartext_before_tls",
        .title = "Mechanisms that send the password in the clear are offered before TLS",
        .severity = BY_ROLE(HIGH, CRITICAL, CRITICAL, HIGH),
        .run = cleartext_before_tls,
        .why = "Clients take up what is offered, and their password can then be read by anybody on "
               "the way. Nothing tells "
               "the user that it happened.",
        .reference = "RFC 4954 4, RFC 4616 6, RFC 8314 3",
        .fix =
            {.postfix = "smtpd_tls_auth_only = yes\n"
                        "# or, with mechanisms that may be used in the clear:\n"
                        "smtpd_sasl_security_options = noanonymous, noplaintext\n"
                        "smtpd_sasl_tls_security_options = noanonymous",
             .dovecot = "ssl = required\ndisable_plaintext_auth = yes\n"
                        "# Dovecot 2.4: auth_allow_cleartext = no",
             .exim = "auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}",
             .exchange =
                 "Set-ImapSettings -LoginType SecureLogin\nSet-PopSettings -LoginType SecureLogin"},
    },
    {
        .id = "sasl.nothing_offered",
        .title = "Nobody can log in",
        .severity = ALWAYS(MEDIUM),
        .run = nothing_offered,
        .why = "The service exists for people who log in, and offers no way to. Mostly the "
               "authentication server behind it "
               "is not running or not configured.",
        .reference = "RFC 6409 4.3, RFC 4954",
        .fix = {.postfix = "smtpd_sasl_auth_enable = yes\n"
                           "smtpd_sasl_type = dovecot\n"
                           "smtpd_sasl_path = private/auth",
                .dovecot = "auth_mechanisms = plain login"},
    },
    {
        .id = "sasl.vanish",
        .title = "Mechanisms are offered before TLS and not inside",
        .severity = ALWAYS(LOW),
        .run = vanish,
        .why = "The list in the clear can have been changed by anybody on the way, or two "
               "different servers answer. A client "
               "that picks by the first list fails at the second.",
        .reference = "RFC 3207 4.2",
    },
    {
        .id = "sasl.on_mx",
        .title = "An MX lets people log in",
        .severity = ALWAYS(LOW),
        .run = on_mx,
        .why = "No mail server logs in at port 25, but those who guess passwords try all day. "
               "Submission has its own ports, "
               "where TLS can be demanded.",
        .reference = "RFC 6409 3.1, RFC 8314 3.3",
        .fix = {.postfix =
                    "# main.cf\nsmtpd_sasl_auth_enable = no\n"
                    "# master.cf, submission and submissions:\n-o smtpd_sasl_auth_enable=yes"},
    },
    {0},
};

const Family family_sasl_where = {"sasl", "Logging in: where", checks, NEEDS_CONVERSATION};
