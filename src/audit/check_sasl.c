/* check_sasl.c: mechanisms to log in with, and what each is worth. */
#include <string.h>

#include "audit/check_sasl.h"
#include "audit/family.h"
#include "base/escape.h"

void sasl_offered_clear(SaslOffered *o)
{
    g_strfreev(o->before);
    g_strfreev(o->inside);
}

SaslOffered sasl_offered_by(const Facts *f)
{
    return (SaslOffered){
        .before = f->caps_before && !f->tls_first ? caps_mechanisms(f->caps_before) : NULL,
        .inside = f->caps_after ? caps_mechanisms(f->caps_after) : NULL,
    };
}

bool sasl_offers(char **list, const char *name)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        if (g_ascii_strcasecmp(list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

bool sasl_applies(const Facts *f, Findings *out)
{
    if (f->target->scheme->proto->auth == NULL) {
        findings_not_applicable(out);
        return false;
    }
    return true;
}

bool sasl_all_seen(const Facts *f, const SaslOffered *o, Findings *out)
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

static void gather(GString *text, const SaslOffered *o, Judgement judge)
{
    for (size_t i = 0; o->inside != NULL && o->inside[i] != NULL; i++) {
        if (judge(sasl_mechanism_find(bytes_of(o->inside[i])))) {
            evidence_add_raw(text, o->inside[i]);
        }
    }
    for (size_t i = 0; o->before != NULL && o->before[i] != NULL; i++) {
        if (judge(sasl_mechanism_find(bytes_of(o->before[i]))) &&
            !sasl_offers(o->inside, o->before[i])) {
            evidence_add_raw(text, o->before[i]);
            g_string_append(text, " (before TLS)");
        }
    }
}

/* One that is found is enough for a fail; that there is none needs both sides. */
static void fails_if_any(const Facts *f, Findings *out, Judgement judge)
{
    if (!sasl_applies(f, out)) {
        return;
    }
    g_auto(SaslOffered) o = sasl_offered_by(f);
    g_autoptr(GString) text = g_string_new(NULL);
    gather(text, &o, judge);
    if (text->len > 0) {
        findings_fail(out, "%s", text->str);
    } else {
        sasl_all_seen(f, &o, out);
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
    if (!sasl_applies(f, out)) {
        return;
    }
    g_auto(SaslOffered) o = sasl_offered_by(f);
    g_autoptr(GString) strange = g_string_new(NULL);
    gather(strange, &o, is_unknown);
    g_autoptr(GString) text = g_string_new(NULL);
    tell_each(text, "inside TLS", o.inside);
    tell_each(text, "before TLS", o.before);
    if (strange->len > 0) {
        findings_fail(out, "%s", text->str);
    } else if (sasl_all_seen(f, &o, out)) {
        findings_pass(out, "%s", text->len > 0 ? text->str : "no mechanism is offered");
    }
}

static void scram(const Facts *f, Findings *out)
{
    if (!sasl_applies(f, out)) {
        return;
    }
    g_auto(SaslOffered) o = sasl_offered_by(f);
    if (!sasl_all_seen(f, &o, out)) {
        return;
    }
    if (o.inside == NULL || o.inside[0] == NULL) {
        findings_not_applicable(out);
    } else if (!sasl_offers(o.inside, "SCRAM-SHA-256") &&
               !sasl_offers(o.inside, "SCRAM-SHA-256-PLUS") &&
               !sasl_offers(o.inside, "SCRAM-SHA-512") &&
               !sasl_offers(o.inside, "SCRAM-SHA-512-PLUS")) {
        findings_fail(out, "%s", sasl_offers(o.inside, "SCRAM-SHA-1") ? "only SCRAM-SHA-1" : "");
    }
}

static void scram_plus(const Facts *f, Findings *out)
{
    if (!sasl_applies(f, out)) {
        return;
    }
    g_auto(SaslOffered) o = sasl_offered_by(f);
    if (!sasl_all_seen(f, &o, out)) {
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

static const Check checks[] = {
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
    {0},
};

const Family family_sasl = {"sasl", "Logging in", checks, NEEDS_CONVERSATION};
