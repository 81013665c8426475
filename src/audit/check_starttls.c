/* check_starttls.c: the way from plaintext into TLS, and what may be done before it. */
#include <string.h>

#include "audit/family.h"
#include "audit/fixes.h"
#include "base/escape.h"

static bool is_proto(const Facts *f, const char *name)
{
    return strcmp(f->target->scheme->proto->name, name) == 0;
}

/* STARTTLS is a subject only where TLS is not there from the start, and where there is a protocol
 * for it. True: go on. */
static bool about_starttls(const Facts *f, Findings *out)
{
    if (f->tls_first || f->target->scheme->proto->ask_tls == NULL) {
        findings_not_applicable(out);
        return false;
    }
    if (f->tls_offer == TLS_OFFER_UNKNOWN) {
        g_autofree char *words = escape_line_max(bytes_of(f->tls_answer), 200);
        const char *greeted = f->greeted.known == YES ? "" : f->greeted.why;
        findings_unknown(out, "whether TLS is offered was not learnt%s%s",
                         words[0] || (greeted && greeted[0]) ? ": " : "",
                         words[0]  ? words
                         : greeted ? greeted
                                   : "");
        return false;
    }
    return true;
}

/* Of the ways in which TLS may not be had, each has its own row. */
static void fails_if(const Facts *f, Findings *out, TlsOffer bad)
{
    if (!about_starttls(f, out)) {
        return;
    }
    if (f->tls_offer == bad) {
        g_autofree char *words = escape_line_max(bytes_of(f->tls_answer), 200);
        findings_fail(out, "%s", words);
    }
}

static void offered(const Facts *f, Findings *out)
{
    if (!about_starttls(f, out)) {
        return;
    }
    if (f->tls_offer == TLS_OFFER_MISSING) {
        findings_fail(out, "%s is not among the capabilities",
                      f->target->scheme->proto->tls_command);
    } else if (f->tls_offer != TLS_OFFER_YES && f->tls_offer != TLS_OFFER_INJECTED) {
        findings_not_applicable(out); /* another row of this family says what happened to it */
    }
}

static void mangled(const Facts *f, Findings *out)
{
    const char *word = f->target->scheme->proto->tls_command;
    if (f->tls_offer != TLS_OFFER_MANGLED || f->tls_first || f->caps_before == NULL ||
        word == NULL) {
        fails_if(f, out, TLS_OFFER_MANGLED);
        return;
    }
    g_autoptr(GString) evidence = g_string_new(NULL);
    const char *spoilt = caps_mangled_tls(f->caps_before, word);
    evidence_add_raw(evidence, spoilt != NULL ? spoilt : f->tls_answer);
    findings_fail(out, "%s instead of %s", evidence->str, word);
}

static void refused(const Facts *f, Findings *out)
{
    fails_if(f, out, TLS_OFFER_REFUSED);
}

static void preauth(const Facts *f, Findings *out)
{
    if (!is_proto(f, "imap")) {
        findings_not_applicable(out);
        return;
    }
    fails_if(f, out, TLS_OFFER_PREAUTH);
}

static bool starttls_worked(const Facts *f, Findings *out)
{
    if (!about_starttls(f, out)) {
        return false;
    }
    if (f->tls_offer == TLS_OFFER_YES || f->tls_offer == TLS_OFFER_INJECTED) {
        return true;
    }
    findings_not_applicable(out);
    return false;
}

static void command_injection(const Facts *f, Findings *out)
{
    if (starttls_worked(f, out)) {
        findings_from_fact(out, &f->command_injection, YES, "");
    }
}

static void response_injection(const Facts *f, Findings *out)
{
    if (starttls_worked(f, out)) {
        findings_from_fact(out, &f->response_injection, YES, "");
    }
}

/* RFC 3207 4.2, RFC 2595 3.1, 4: it must not be offered a second time. */
static void offered_again(const Facts *f, Findings *out)
{
    const char *word = f->target->scheme->proto->tls_command;
    if (!starttls_worked(f, out)) {
        return;
    }
    if (f->caps_after == NULL) {
        findings_unknown(out, "the capabilities inside TLS were not seen");
    } else if (word != NULL && caps_has(f->caps_after, word)) {
        findings_fail(out, "%s is offered inside TLS", word);
    }
}

static void note_difference(GString *text, char sign, const Caps *here, const Caps *there)
{
    for (size_t i = 0; i < caps_count(here); i++) {
        const char *name = caps_name(here, i);
        if (!caps_has(there, name)) {
            g_autofree char *shown = escape_line_max(bytes_of(name), 40);
            evidence_add(text, "%c%s", sign, shown);
        } else if (sign == '+' && strcmp(caps_args(here, name), caps_args(there, name)) != 0) {
            g_autofree char *shown = escape_line_max(bytes_of(caps_line(here, i)), 80);
            evidence_add(text, "now %s", shown);
        }
    }
}

static void capabilities_after(const Facts *f, Findings *out)
{
    if (!starttls_worked(f, out)) {
        return;
    }
    if (f->caps_before == NULL || f->caps_after == NULL) {
        findings_unknown(out, "the capabilities %s TLS were not seen",
                         f->caps_before == NULL ? "before" : "inside");
        return;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    note_difference(text, '+', f->caps_after, f->caps_before);
    note_difference(text, '-', f->caps_before, f->caps_after);
    if (caps_count(f->caps_after) == 0) {
        findings_fail(out, "inside TLS no capability is told at all");
    } else if (caps_has(f->caps_after, "LOGINDISABLED")) {
        findings_fail(out, "LOGINDISABLED inside TLS too: %s", text->str);
    } else {
        findings_pass(out, "%s", text->len > 0 ? text->str : "the same before and after");
    }
}

static void login_before_tls(const Facts *f, Findings *out)
{
    if (f->tls_first || f->target->scheme->proto->auth == NULL) {
        findings_not_applicable(out);
        return;
    }
    findings_from_fact(out, &f->login_before_tls, YES, "");
}

static void enforced(const Facts *f, Findings *out)
{
    if (f->tls_first || f->role == ROLE_MX || f->role == ROLE_OTHER) {
        findings_not_applicable(out);
        return;
    }
    findings_from_fact(out, &f->tls_enforced, NO, "");
}

static void mx_demands(const Facts *f, Findings *out)
{
    if (f->tls_first || f->role != ROLE_MX) {
        findings_not_applicable(out);
        return;
    }
    findings_from_fact(out, &f->tls_enforced, YES, "");
}

#define OFFER_FIX                                                                                  \
    {                                                                                              \
        .postfix = "smtpd_tls_security_level = may\n" POSTFIX_CERTIFICATE,                         \
        .dovecot = "ssl = required\n" DOVECOT_CERTIFICATE,                                         \
        .exim = "tls_advertise_hosts = *\n" EXIM_CERTIFICATE, .exchange = EXCHANGE_CERTIFICATE     \
    }

static const Check checks[] = {
    {
        .id = "starttls.offered",
        .title = "STARTTLS is not offered",
        .severity = BY_ROLE(HIGH, CRITICAL, CRITICAL, HIGH),
        .run = offered,
        .why = "Everything said here, passwords and mail, can be read on the way. The server may "
               "not offer it, or "
               "something between may have taken the offer away.",
        .reference = "RFC 3207, RFC 8314 3",
        .fix = OFFER_FIX,
    },
    {
        .id = "starttls.mangled",
        .title = "The offer of STARTTLS arrives mangled",
        .severity = ALWAYS(HIGH),
        .run = mangled,
        .why = "A middlebox overwrites the word so that nobody can encrypt: firewalls that inspect "
               "SMTP do this, and so "
               "do attackers. The server itself may be fine; look at what stands between.",
        .reference = "RFC 3207 6",
        .fix = {.postfix = "# not here: on a Cisco firewall, take \"inspect esmtp\" out of the "
                           "policy, or allow-tls"},
    },
    {
        .id = "starttls.refused",
        .title = "STARTTLS is offered, and then refused",
        .severity = BY_ROLE(MEDIUM, HIGH, HIGH, MEDIUM),
        .run = refused,
        .why = "Clients that demand TLS cannot use this service, and mail servers that do not go "
               "on in plaintext. Mostly "
               "the certificate or key cannot be read; the server's log says why.",
        .reference = "RFC 3207 4",
        .fix = {.postfix = POSTFIX_CERTIFICATE,
                .dovecot = DOVECOT_CERTIFICATE,
                .exim = EXIM_CERTIFICATE,
                .exchange = EXCHANGE_CERTIFICATE},
    },
    {
        .id = "starttls.preauth",
        .title = "The greeting is PREAUTH, which rules out STARTTLS",
        .severity = ALWAYS(HIGH),
        .run = preauth,
        .why = "A session that begins logged in cannot be upgraded, and all of it stays in "
               "plaintext. An attacker in "
               "between can send this greeting to keep a client from encrypting.",
        .reference = "RFC 9051 6.2.1, RFC 3501 7.1.4",
    },
    {
        .id = "starttls.command_injection",
        .title = "Plaintext behind STARTTLS is executed inside TLS",
        .severity = ALWAYS(HIGH),
        .run = command_injection,
        .why = "An attacker puts commands into the plaintext part, and the server takes them for "
               "the client's own, said "
               "inside TLS. Passwords and mail have been stolen in this way.",
        .reference = "CVE-2011-0411, RFC 3207 6",
        .fix = {.postfix = "# Postfix 2.8.1, 2.7.3 and newer are not affected: update"},
    },
    {
        .id = "starttls.response_injection",
        .title = "Plaintext arrives behind the answer to STARTTLS",
        .severity = ALWAYS(HIGH),
        .run = response_injection,
        .why = "Clients that keep those bytes take them for answers from inside TLS, and believe "
               "what an attacker wrote. "
               "No proper server sends anything between its answer and the handshake.",
        .reference = "RFC 3207 4.2, CVE-2021-23993",
    },
    {
        .id = "starttls.offered_again",
        .title = "STARTTLS is offered inside TLS too",
        .severity = ALWAYS(LOW),
        .run = offered_again,
        .why = "The standard forbids it, and some clients then try to encrypt a second time and "
               "fail. It is a sign of a "
               "proxy that ends TLS without telling the server behind it.",
        .reference = "RFC 3207 4.2",
    },
    {
        .id = "starttls.capabilities",
        .title = "What is offered inside TLS is of little use",
        .severity = BY_ROLE(LOW, MEDIUM, MEDIUM, LOW),
        .run = capabilities_after,
        .why = "A client forgets what it heard before TLS and goes by what it hears inside. When "
               "logging in stays disabled "
               "there, or nothing is told at all, nobody can use the service.",
        .reference = "RFC 3207 4.2, RFC 2595 4",
    },
    {
        .id = "starttls.login_before_tls",
        .title = "A password can be sent before TLS",
        .severity = BY_ROLE(HIGH, CRITICAL, CRITICAL, HIGH),
        .run = login_before_tls,
        .why = "A client that is set up wrongly sends its password in the clear, and nothing tells "
               "its user. Whoever can "
               "see the traffic then has the account.",
        .reference = "RFC 8314 3, RFC 4954 4",
        .fix =
            {.postfix = "smtpd_tls_auth_only = yes",
             .dovecot = "ssl = required\ndisable_plaintext_auth = yes\n"
                        "# Dovecot 2.4: auth_allow_cleartext = no",
             .exim = "auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}",
             .exchange =
                 "Set-ImapSettings -LoginType SecureLogin\nSet-PopSettings -LoginType SecureLogin"},
    },
    {
        .id = "starttls.enforced",
        .title = "TLS is offered, but can be done without",
        .severity = BY_ROLE(INFO, MEDIUM, MEDIUM, INFO),
        .run = enforced,
        .why = "A client that does not ask for TLS, or is kept from it by an attacker, works all "
               "the same. Mail is then "
               "sent or read in the clear, and nobody notices.",
        .reference = "RFC 8314 3",
        .fix =
            {.postfix = "# master.cf, submission:\n-o smtpd_tls_security_level=encrypt",
             .dovecot = "ssl = required",
             .exchange =
                 "Set-ImapSettings -LoginType SecureLogin\nSet-PopSettings -LoginType SecureLogin"},
    },
    {
        .id = "starttls.mx_demands_tls",
        .title = "This MX refuses mail that comes without TLS",
        .severity = ALWAYS(LOW),
        .run = mx_demands,
        .why = "A public mail server must take mail from senders without TLS, for there still are "
               "some, and theirs is lost. "
               "Against attackers it is DANE and MTA-STS that help, which leave old senders alone.",
        .reference = "RFC 3207 4",
        .fix = {.postfix = "smtpd_tls_security_level = may"},
    },
    {0},
};

const Family family_starttls = {"starttls", "STARTTLS", checks, NEEDS_CONVERSATION};
