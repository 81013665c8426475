/* check_sasl.c: mechanisms to log in with: what each is worth, and where it is offered. */
#include <string.h>

#include "audit/family.h"
#include "base/escape.h"

/* Both sides of TLS; a list is NULL where the capabilities were not seen. */
typedef struct {
    char **before, **inside;
} Offered;

static void offered_clear(Offered *o)
{
    g_strfreev(o->before);
    g_strfreev(o->inside);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Offered, offered_clear)

static Offered offered_by(const Facts *f)
{
    return (Offered){
        .before = f->caps_before && !f->tls_first ? caps_mechanisms(f->caps_before) : NULL,
        .inside = f->caps_after ? caps_mechanisms(f->caps_after) : NULL,
    };
}

static bool has(char **list, const char *name)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        if (g_ascii_strcasecmp(list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Is there a log-in to speak of? True: go on. */
static bool about_sasl(const Facts *f, Findings *out)
{
    if (f->target->scheme->proto->auth == NULL) {
        findings_not_applicable(out);
        return false;
    }
    return true;
}

/* The same, and where nothing was seen, before or inside, that is said. Before is not asked for
 * where TLS comes first. */
static bool all_seen(const Facts *f, const Offered *o, Findings *out)
{
    bool tls_to_come = f->tls_offer != TLS_OFFER_MISSING && f->tls_offer != TLS_OFFER_PREAUTH;
    if (o->inside == NULL && tls_to_come) {
        findings_unknown(out, "the mechanisms inside TLS were not seen%s%s",
                         f->handshake_error ? ": " : "",
                         f->handshake_error ? f->handshake_error : "");
        return false;
    }
    if (o->before == NULL && !f->tls_first) {
        findings_unknown(out, "the mechanisms before TLS were not seen");
        return false;
    }
    return true;
}

static bool is_cleartext(const char *name)
{
    const SaslMechanism *mechanism = sasl_mechanism_find(bytes_of(name));
    return mechanism != NULL && mechanism->cleartext;
}

static void cleartext_before_tls(const Facts *f, Findings *out)
{
    if (!about_sasl(f, out)) {
        return;
    }
    g_auto(Offered) o = offered_by(f);
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

typedef bool (*Judgement)(const SaslMechanism *mechanism);

static bool is_weak(const SaslMechanism *m)
{
    return m != NULL && m->strength == SASL_STRENGTH_WEAK && strcmp(m->name, "ANONYMOUS") != 0;
}

static bool is_dead(const SaslMechanism *m)
{
    return m != NULL && m->strength == SASL_STRENGTH_DEAD;
}

static bool is_unknown(const SaslMechanism *m)
{
    return m == NULL;
}

static bool is_anonymous(const SaslMechanism *m)
{
    return m != NULL && strcmp(m->name, "ANONYMOUS") == 0;
}

static void gather(GString *text, const Offered *o, Judgement judge)
{
    for (size_t i = 0; o->inside != NULL && o->inside[i] != NULL; i++) {
        if (judge(sasl_mechanism_find(bytes_of(o->inside[i])))) {
            evidence_add_raw(text, o->inside[i]);
        }
    }
    for (size_t i = 0; o->before != NULL && o->before[i] != NULL; i++) {
        if (judge(sasl_mechanism_find(bytes_of(o->before[i]))) && !has(o->inside, o->before[i])) {
            evidence_add_raw(text, o->before[i]);
            g_string_append(text, " (before TLS)");
        }
    }
}

/* One that is found is enough for a fail; that there is none needs both sides. */
static void fails_if_any(const Facts *f, Findings *out, Judgement judge)
{
    if (!about_sasl(f, out)) {
        return;
    }
    g_auto(Offered) o = offered_by(f);
    g_autoptr(GString) text = g_string_new(NULL);
    gather(text, &o, judge);
    if (text->len > 0) {
        findings_fail(out, "%s", text->str);
    } else {
        all_seen(f, &o, out);
    }
}

static void weak(const Facts *f, Findings *out)
{
    fails_if_any(f, out, is_weak);
}

static void dead(const Facts *f, Findings *out)
{
    fails_if_any(f, out, is_dead);
}

static void anonymous(const Facts *f, Findings *out)
{
    fails_if_any(f, out, is_anonymous);
}

static void tell_each(GString *text, const char *where, char **list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        const SaslMechanism *mechanism = sasl_mechanism_find(bytes_of(list[i]));
        g_autofree char *name = escape_line_max(bytes_of(list[i]), 40);
        g_string_append_printf(text, "%s%s %s: %s", text->len > 0 ? "\n" : "", where, name,
                               mechanism ? mechanism->verdict : "nobody knows it");
    }
}

/* The verdict on each: as evidence, so that a report has it in one place. */
static void verdicts(const Facts *f, Findings *out)
{
    if (!about_sasl(f, out)) {
        return;
    }
    g_auto(Offered) o = offered_by(f);
    g_autoptr(GString) strange = g_string_new(NULL);
    gather(strange, &o, is_unknown);
    g_autoptr(GString) text = g_string_new(NULL);
    tell_each(text, "inside TLS", o.inside);
    tell_each(text, "before TLS", o.before);
    if (strange->len > 0) {
        findings_fail(out, "%s", text->str);
    } else if (all_seen(f, &o, out)) {
        findings_pass(out, "%s", text->len > 0 ? text->str : "no mechanism is offered");
    }
}

static void scram(const Facts *f, Findings *out)
{
    if (!about_sasl(f, out)) {
        return;
    }
    g_auto(Offered) o = offered_by(f);
    if (!all_seen(f, &o, out)) {
        return;
    }
    if (o.inside == NULL || o.inside[0] == NULL) {
        findings_not_applicable(out);
    } else if (!has(o.inside, "SCRAM-SHA-256") && !has(o.inside, "SCRAM-SHA-256-PLUS") &&
               !has(o.inside, "SCRAM-SHA-512") && !has(o.inside, "SCRAM-SHA-512-PLUS")) {
        findings_fail(out, "%s", has(o.inside, "SCRAM-SHA-1") ? "only SCRAM-SHA-1" : "");
    }
}

static void scram_plus(const Facts *f, Findings *out)
{
    if (!about_sasl(f, out)) {
        return;
    }
    g_auto(Offered) o = offered_by(f);
    if (!all_seen(f, &o, out)) {
        return;
    }
    bool scram_there = false;
    for (size_t i = 0; o.inside != NULL && o.inside[i] != NULL; i++) {
        if (g_ascii_strncasecmp(o.inside[i], "SCRAM-", 6) == 0 &&
            g_str_has_suffix(o.inside[i], "-PLUS")) {
            findings_pass(out, "%s: good", o.inside[i]);
            return;
        }
        scram_there = scram_there || g_ascii_strncasecmp(o.inside[i], "SCRAM-", 6) == 0;
    }
    if (scram_there) {
        findings_fail(out, "SCRAM is offered, its -PLUS forms are not");
    } else {
        findings_not_applicable(out);
    }
}

static void vanish(const Facts *f, Findings *out)
{
    if (!about_sasl(f, out)) {
        return;
    }
    g_auto(Offered) o = offered_by(f);
    if (f->tls_first || f->tls_offer == TLS_OFFER_MISSING) {
        findings_not_applicable(out);
        return;
    }
    if (!all_seen(f, &o, out)) {
        return;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t i = 0; o.before[i] != NULL; i++) {
        if (!has(o.inside, o.before[i])) {
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
    g_auto(Offered) o = offered_by(f);
    if ((o.inside && o.inside[0]) || (o.before && o.before[0])) {
        findings_fail(out, "AUTH is offered on port %u", f->port);
    } else {
        all_seen(f, &o, out);
    }
}

/* POP3 and IMAP have ways of their own beside SASL. */
static bool can_log_in(const Facts *f, const Offered *o)
{
    return (o->inside != NULL && o->inside[0] != NULL) ||
           (f->caps_after != NULL && caps_has(f->caps_after, "USER")) ||
           (strcmp(f->target->scheme->proto->name, "imap") == 0 &&
            !caps_has(f->caps_after, "LOGINDISABLED"));
}

static void nothing_offered(const Facts *f, Findings *out)
{
    if ((f->role != ROLE_SUBMISSION && f->role != ROLE_ACCESS) || !about_sasl(f, out)) {
        findings_not_applicable(out);
        return;
    }
    g_auto(Offered) o = offered_by(f);
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
        .id = "sasl.mechanisms",
        .title = "A mechanism that nobody knows",
        .severity = ALWAYS(INFO),
        .run = verdicts,
        .why = "What a mechanism is worth can only be said of one that is written down. A "
               "home-made one is rarely as good "
               "as SCRAM.",
        .reference = "RFC 4422 6",
    },
    {
        .id = "sasl.weak",
        .title = "Old mechanisms are offered",
        .severity = BY_ROLE(INFO, LOW, LOW, INFO),
        .run = weak,
        .why = "CRAM-MD5, DIGEST-MD5, NTLM and their kin make the server keep passwords so that "
               "they can be stolen, and what "
               "travels can be guessed at. Inside TLS PLAIN with hashed passwords is better, and "
               "SCRAM best.",
        .reference = "RFC 6331, RFC 8314 4.1",
        .fix = {.dovecot = "auth_mechanisms = plain login scram-sha-256",
                .postfix = "# where Cyrus SASL serves it, in smtpd.conf:\nmech_list: PLAIN LOGIN "
                           "SCRAM-SHA-256"},
    },
    {
        .id = "sasl.dead",
        .title = "Mechanisms that are dead are offered",
        .severity = ALWAYS(LOW),
        .run = dead,
        .why = "Nobody has kept these up for many years, and no client should speak them. A list "
               "that has them was never "
               "looked at, or code is running that nobody tests.",
        .reference = "IANA, SASL Mechanisms",
        .fix = {.dovecot = "auth_mechanisms = plain login scram-sha-256"},
    },
    {
        .id = "sasl.anonymous",
        .title = "ANONYMOUS is offered",
        .severity = BY_ROLE(HIGH, HIGH, MEDIUM, LOW),
        .run = anonymous,
        .why = "Anybody may log in without a password. On a server that sends mail this makes an "
               "open relay out of it.",
        .reference = "RFC 4505 6",
        .fix = {.postfix = "smtpd_sasl_security_options = noanonymous\n"
                           "smtpd_sasl_tls_security_options = noanonymous",
                .dovecot = "auth_mechanisms = plain login scram-sha-256"},
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
        .id = "sasl.scram",
        .title = "SCRAM-SHA-256 is not offered",
        .severity = ALWAYS(INFO),
        .run = scram,
        .why = "With SCRAM the password never leaves the client, and the server proves that it "
               "knows the user. A false or "
               "broken-into server then learns nothing that it could use elsewhere.",
        .reference = "RFC 7677",
        .fix = {.dovecot = "auth_mechanisms = plain login scram-sha-256"},
    },
    {
        .id = "sasl.scram_plus",
        .title = "SCRAM is offered without channel binding",
        .severity = ALWAYS(INFO),
        .run = scram_plus,
        .why = "SCRAM-...-PLUS ties the login to this TLS connection, so that nobody who stands in "
               "between can pass it on. "
               "Without it that protection rests on the certificate alone.",
        .reference = "RFC 5802 6, RFC 9266",
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

const Family family_sasl = {"sasl", "Logging in", checks, NEEDS_CONVERSATION};
