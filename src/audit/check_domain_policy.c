/* check_domain_policy.c: what a domain promises to those who send to it (MTA-STS, TLS-RPT), and
 * whether that is so. */
#include <string.h>

#include "audit/check_domain.h"
#include "audit/family.h"
#include "audit/mta_sts_parse.h"
#include "audit/spf_dmarc_parse.h"

enum { DAY = 86400, WEEK = 7 * DAY };

/* Policies about mail that arrives are nothing for a domain that takes none. True: go on. */
static bool about_incoming(const DomainFacts *d, Findings *out)
{
    if (domain_takes_no_mail(d)) {
        findings_not_applicable(out);
        return false;
    }
    return true;
}

/* A record that is there must also be well formed. */
static void record_of(const DomainFacts *d, const Fact *fact, const char *text,
                      char *(*parse)(Bytes, GError **), Findings *out)
{
    if (!about_incoming(d, out)) {
        return;
    }
    if (fact->known != UNKNOWN && text != NULL) {
        g_autoptr(GError) error = NULL;
        g_autofree char *read = parse(bytes_of(text), &error);
        if (read == NULL) {
            findings_fail(out, "%s", error->message);
            return;
        }
    }
    findings_from_fact(out, fact, NO, "");
}

static void mta_sts_record(const DomainFacts *d, Findings *out)
{
    record_of(d, &d->mta_sts_record, d->mta_sts_text, mta_sts_record_parse, out);
}

/* Is MTA-STS meant to be there? True: go on. */
static bool about_mta_sts(const DomainFacts *d, Findings *out)
{
    if (!about_incoming(d, out)) {
        return false;
    }
    if (d->mta_sts_record.known == NO) {
        findings_not_applicable(out);
        return false;
    }
    if (d->mta_sts_record.known == UNKNOWN) {
        findings_unknown(out, "%s", fact_why(&d->mta_sts_record));
        return false;
    }
    g_autofree char *id =
        d->mta_sts_text ? mta_sts_record_parse(bytes_of(d->mta_sts_text), NULL) : g_strdup("");
    if (id == NULL) {
        findings_not_applicable(out); /* senders ignore such a record, and one row says so */
        return false;
    }
    return true;
}

static void mta_sts_policy(const DomainFacts *d, Findings *out)
{
    if (!about_mta_sts(d, out)) {
        return;
    }
    if (d->mta_sts_policy_text != NULL) {
        findings_pass(out, "fetched"); /* what is in it is for other rows */
    } else {
        findings_from_fact(out, &d->mta_sts_policy, NO, "");
    }
}

/* Is there a policy to read? True: go on. */
static bool about_policy(const DomainFacts *d, Findings *out)
{
    if (!about_mta_sts(d, out)) {
        return false;
    }
    if (d->mta_sts_policy.known == YES) {
        return true;
    }
    if (d->mta_sts_policy.known == NO) {
        findings_not_applicable(out);
    } else {
        findings_unknown(out, "%s", fact_why(&d->mta_sts_policy));
    }
    return false;
}

static void mta_sts_valid(const DomainFacts *d, Findings *out)
{
    if (!about_mta_sts(d, out)) {
        return;
    }
    if (d->mta_sts_policy_text == NULL) {
        if (about_policy(d, out)) {
            findings_unknown(out, "the text of the policy was not kept");
        }
        return;
    }
    g_autoptr(MtaStsPolicy) policy = mta_sts_policy_parse(bytes_of(d->mta_sts_policy_text));
    for (guint i = 0; i < policy->problems->len; i++) {
        findings_fail(out, "%s", (const char *)g_ptr_array_index(policy->problems, i));
    }
}

static void mta_sts_mode(const DomainFacts *d, Findings *out)
{
    if (!about_policy(d, out)) {
        return;
    }
    if (d->mta_sts_mode == NULL) {
        findings_unknown(out, "the policy has no mode that is understood");
    } else if (strcmp(d->mta_sts_mode, "enforce") != 0) {
        findings_fail(out, "mode: %s", d->mta_sts_mode);
    }
}

static bool policy_names(const DomainFacts *d, const char *host)
{
    for (guint i = 0; i < d->mta_sts_mx->len; i++) {
        if (mta_sts_mx_matches(g_ptr_array_index(d->mta_sts_mx, i), host)) {
            return true;
        }
    }
    return false;
}

static bool is_mode_none(const DomainFacts *d)
{
    return g_strcmp0(d->mta_sts_mode, "none") == 0;
}

static void mta_sts_mx(const DomainFacts *d, Findings *out)
{
    if (!about_policy(d, out)) {
        return;
    }
    if (is_mode_none(d)) {
        findings_not_applicable(out);
        return;
    }
    if (!domain_about_mx(d, out)) {
        return;
    }
    for (guint i = 0; i < d->mx->len; i++) {
        const MxFacts *mx = g_ptr_array_index(d->mx, i);
        if (!policy_names(d, mx->host)) {
            findings_fail(out, "%s is an MX, and no mx: line of the policy names it", mx->host);
        }
    }
}

static void mta_sts_max_age(const DomainFacts *d, Findings *out)
{
    if (!about_policy(d, out)) {
        return;
    }
    if (is_mode_none(d)) {
        findings_not_applicable(out);
    } else if (d->mta_sts_max_age < 0) {
        findings_unknown(out, "the policy has no max_age that is understood");
    } else if (d->mta_sts_max_age < WEEK) {
        findings_fail(out, "%" G_GINT64_FORMAT " s", (gint64)d->mta_sts_max_age);
    } else {
        findings_pass(out, "%" G_GINT64_FORMAT " days", (gint64)(d->mta_sts_max_age / DAY));
    }
}

/* One service as a sender that follows the policy sees it (RFC 8461 4.2). */
static void judge_policy_at(const Facts *f, Findings *out)
{
    const char *at = f->address ? f->address : f->name;
    if (f->tls_offer == TLS_OFFER_MISSING) {
        findings_fail(out, "%s (%s): no STARTTLS", f->host, at);
    } else if (f->peer == NULL) {
        findings_unknown(out, "%s (%s): %s", f->host, at,
                         f->handshake_error ? f->handshake_error : fact_why(&f->reachable));
    } else if (!f->peer->verified) {
        g_autofree char *why =
            f->peer->why_not ? g_strndup(f->peer->why_not, strcspn(f->peer->why_not, "\n")) : NULL;
        findings_fail(out, "%s (%s): %s", f->host, at, why ? why : "the certificate is not valid");
    }
}

static void mta_sts_certificate(const DomainFacts *d, Findings *out)
{
    if (!about_policy(d, out)) {
        return;
    }
    if (is_mode_none(d)) {
        findings_not_applicable(out);
        return;
    }
    if (!domain_about_mx(d, out)) {
        return;
    }
    guint judged = 0;
    for (guint i = 0; i < d->services->len; i++) {
        const Facts *f = g_ptr_array_index(d->services, i);
        if (f->role == ROLE_MX) {
            judge_policy_at(f, out);
            judged++;
        }
    }
    if (judged == 0) {
        findings_unknown(out, "no MX was asked");
    }
}

static void tls_rpt(const DomainFacts *d, Findings *out)
{
    record_of(d, &d->tls_rpt, d->tls_rpt_text, tls_rpt_record_parse, out);
}

static const Check checks[] = {
    {
        .id = "domain.mta_sts",
        .title = "No MTA-STS record that counts",
        .severity = ALWAYS(LOW),
        .run_domain = mta_sts_record,
        .why = "With MTA-STS senders know that they must encrypt and to whom, where DANE cannot be "
               "had. Large providers look at it, "
               "and only at it.",
        .reference = "RFC 8461 3.1",
        .fix = {.dns = "_mta-sts IN TXT \"v=STSv1; id=20261121000000\""},
    },
    {
        .id = "domain.mta_sts_policy",
        .title = "The MTA-STS policy cannot be fetched",
        .severity = ALWAYS(MEDIUM),
        .run_domain = mta_sts_policy,
        .why = "The record says that there is a policy, but there is none at "
               "https://mta-sts.DOMAIN/.well-known/mta-sts.txt. Senders "
               "go on as if there were no MTA-STS at all.",
        .reference = "RFC 8461 3.2, 3.3",
        .fix = {.dns = "mta-sts IN CNAME www.example.org."},
    },
    {
        .id = "domain.mta_sts_valid",
        .title = "The MTA-STS policy is not well formed",
        .severity = ALWAYS(MEDIUM),
        .run_domain = mta_sts_valid,
        .why = "Senders throw away a policy with such an error. The domain believes itself "
               "protected, and is not.",
        .reference = "RFC 8461 3.2",
    },
    {
        .id = "domain.mta_sts_mode",
        .title = "The MTA-STS policy is not enforced",
        .severity = ALWAYS(INFO),
        .run_domain = mta_sts_mode,
        .why = "In testing mode senders report what is wrong, and deliver all the same. That is "
               "right for the first weeks; after that "
               "only enforce protects.",
        .reference = "RFC 8461 3.2, 5",
    },
    {
        .id = "domain.mta_sts_mx",
        .title = "The MTA-STS policy does not name an MX",
        .severity = ALWAYS(HIGH),
        .run_domain = mta_sts_mx,
        .why = "Senders that follow the policy do not deliver to this MX. When it is the only one "
               "they can reach, mail waits and then "
               "comes back.",
        .reference = "RFC 8461 4.1",
        .fix = {.dns = "; add a line \"mx: HOST\" to mta-sts.txt, then change the id:\n"
                       "_mta-sts IN TXT \"v=STSv1; id=20261121000001\""},
    },
    {
        .id = "domain.mta_sts_certificate",
        .title = "An MX does not keep what the MTA-STS policy promises",
        .severity = ALWAYS(HIGH),
        .run_domain = mta_sts_certificate,
        .why = "The policy promises TLS with a certificate from a public authority in the name of "
               "the MX. Senders that follow it do "
               "not deliver, and in testing mode report it.",
        .reference = "RFC 8461 4.2",
    },
    {
        .id = "domain.mta_sts_max_age",
        .title = "The MTA-STS policy is kept for less than a week",
        .severity = ALWAYS(LOW),
        .run_domain = mta_sts_max_age,
        .why = "Senders are protected only as long as they remember the policy, for an attacker "
               "can keep a new one from them. Weeks or "
               "months are meant.",
        .reference = "RFC 8461 3.2, 10.2",
    },
    {
        .id = "domain.tls_rpt",
        .title = "No TLS-RPT record that counts",
        .severity = ALWAYS(INFO),
        .run_domain = tls_rpt,
        .why = "Without it nobody tells you when senders cannot encrypt to you. With MTA-STS or "
               "DANE that can mean lost mail which you "
               "never hear of.",
        .reference = "RFC 8460 3",
        .fix = {.dns = "_smtp._tls IN TXT \"v=TLSRPTv1; rua=mailto:tls-reports@example.org\""},
    },
    {0},
};

const Family family_domain_policy = {"domain", "The domain: MTA-STS and TLS-RPT", checks,
                                     NEEDS_DOMAIN};
