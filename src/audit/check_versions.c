/* check_versions.c: SSLv2 to TLS 1.3. */
#include "audit/family.h"
#include "audit/fixes.h"

static void not_offered(const Facts *f, Findings *out, VersionIndex v)
{
    findings_from_fact(out, &f->version[v].offered, YES, "");
}

static void ssl2(const Facts *f, Findings *out)
{
    not_offered(f, out, V_SSL2);
}

static void ssl3(const Facts *f, Findings *out)
{
    not_offered(f, out, V_SSL3);
}

static void tls10(const Facts *f, Findings *out)
{
    not_offered(f, out, V_TLS10);
}

static void tls11(const Facts *f, Findings *out)
{
    not_offered(f, out, V_TLS11);
}

static void tls12(const Facts *f, Findings *out)
{
    if (f->version[V_TLS12].offered.known == NO && f->version[V_TLS13].offered.known == YES) {
        findings_pass(out, "not offered, but TLS 1.3 is: clients from before 2018 stay outside");
        return;
    }
    findings_from_fact(out, &f->version[V_TLS12].offered, NO, "");
}

static void tls13(const Facts *f, Findings *out)
{
    findings_from_fact(out, &f->version[V_TLS13].offered, NO, "");
}

static const Check checks[] = {
    {
        .id = "versions.ssl2",
        .title = "SSLv2 is offered",
        .severity = BY_ROLE(HIGH, CRITICAL, CRITICAL, CRITICAL),
        .run = ssl2,
        .why = "SSLv2 has been broken since 1996. With it, connections made by good versions of "
               "TLS and the same key can be "
               "decrypted too (DROWN).",
        .reference = "RFC 6176",
        .flat_id = "SSLv2",
        .fix = {.postfix = POSTFIX_PROTOCOLS,
                .dovecot = DOVECOT_PROTOCOLS,
                .exim = EXIM_PROTOCOLS,
                .exchange = EXCHANGE_PROTOCOL("SSL 2.0")},
    },
    {
        .id = "versions.ssl3",
        .title = "SSLv3 is offered",
        .severity = BY_ROLE(MEDIUM, HIGH, HIGH, HIGH),
        .run = ssl3,
        .why = "SSLv3 can be decrypted by an active attacker (POODLE). Nothing that still receives "
               "updates needs it.",
        .reference = "RFC 7568",
        .flat_id = "SSLv3",
        .fix = {.postfix = POSTFIX_PROTOCOLS,
                .dovecot = DOVECOT_PROTOCOLS,
                .exim = EXIM_PROTOCOLS,
                .exchange = EXCHANGE_PROTOCOL("SSL 3.0")},
    },
    {
        .id = "versions.tls10",
        .title = "TLS 1.0 is offered",
        .severity = BY_ROLE(LOW, MEDIUM, MEDIUM, MEDIUM),
        .run = tls10,
        .why = "TLS 1.0 rests on MD5 and SHA-1 and was retired in 2021. Between mail servers it is "
               "still better than the "
               "plaintext that old senders would use instead; people's mail programs have no such "
               "excuse.",
        .reference = "RFC 8996",
        .flat_id = "TLS1",
        .fix = {.postfix = POSTFIX_PROTOCOLS,
                .dovecot = DOVECOT_PROTOCOLS,
                .exim = EXIM_PROTOCOLS,
                .exchange = EXCHANGE_PROTOCOL("TLS 1.0")},
    },
    {
        .id = "versions.tls11",
        .title = "TLS 1.1 is offered",
        .severity = BY_ROLE(LOW, MEDIUM, MEDIUM, MEDIUM),
        .run = tls11,
        .why = "TLS 1.1 was retired together with TLS 1.0, for the same reasons. Hardly any client "
               "speaks 1.1 and not 1.2.",
        .reference = "RFC 8996",
        .flat_id = "TLS1_1",
        .fix = {.postfix = POSTFIX_PROTOCOLS,
                .dovecot = DOVECOT_PROTOCOLS,
                .exim = EXIM_PROTOCOLS,
                .exchange = EXCHANGE_PROTOCOL("TLS 1.1")},
    },
    {
        .id = "versions.tls12",
        .title = "TLS 1.2 is not offered",
        .severity = BY_ROLE(MEDIUM, HIGH, HIGH, HIGH),
        .run = tls12,
        .why = "Most software speaks TLS 1.2, and much of it will not go lower. Such clients "
               "cannot encrypt here at all.",
        .reference = "RFC 9325 3.1.1",
        .flat_id = "TLS1_2",
        .fix = {.postfix = POSTFIX_PROTOCOLS, .dovecot = DOVECOT_PROTOCOLS, .exim = EXIM_PROTOCOLS},
    },
    {
        .id = "versions.tls13",
        .title = "TLS 1.3 is not offered",
        .severity = ALWAYS(LOW),
        .run = tls13,
        .why = "TLS 1.3 leaves out what went wrong in the versions before it, and saves a round "
               "trip. It also is the only "
               "version with key exchanges that withstand quantum computers.",
        .reference = "RFC 8446, RFC 9325 3.1.1",
        .flat_id = "TLS1_3",
        .fix = {.postfix = "# needs OpenSSL 1.1.1 or newer:\n" POSTFIX_PROTOCOLS,
                .dovecot = "# needs OpenSSL 1.1.1 or newer:\n" DOVECOT_PROTOCOLS},
    },
    {0},
};

const Family family_versions = {"versions", "Protocol versions", checks, NEEDS_TLS};
