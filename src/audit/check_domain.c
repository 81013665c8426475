/* check_domain.c: what a mail domain says about itself in the DNS and in its MTA-STS policy, and
 * whether that is so. */
#include <string.h>

#include "audit/family.h"
#include "audit/mta_sts_parse.h"
#include "audit/spf_dmarc_parse.h"
#include "base/escape.h"

enum { DAY = 86400, WEEK = 7 * DAY, SPF_LOOKUPS_MAX = 10 };

static bool takes_no_mail(const DomainFacts *d)
{
    return d->null_mx.known == YES && d->mx->len <= 1;
}

/* Is there an MX to speak of? True: go on. */
static bool about_mx(const DomainFacts *d, Findings *out)
{
    if (takes_no_mail(d)) {
        findings_not_applicable(out);
        return false;
    }
    if (d->mx->len == 0) {
        if (d->null_mx.known == NO) {
            findings_not_applicable(out); /* one row says that there is none */
        } else {
            findings_unknown(out, "%s", fact_why(&d->null_mx));
        }
        return false;
    }
    return true;
}

static void mx_present(const DomainFacts *d, Findings *out)
{
    if (d->null_mx.known == YES) {
        findings_pass(out, "a null MX: this domain takes no mail");
    } else if (d->mx->len > 0 && !((const MxFacts *)g_ptr_array_index(d->mx, 0))->implicit) {
        findings_pass(out, "%u MX", d->mx->len);
    } else if (d->null_mx.known == NO) {
        findings_fail(out, "mail goes to the address of %s itself, if it has one", d->domain);
    } else {
        findings_unknown(out, "%s", fact_why(&d->null_mx));
    }
}

static bool is_null_host(const char *host)
{
    return host[0] == '\0' || strcmp(host, ".") == 0;
}

static void null_mx_alone(const DomainFacts *d, Findings *out)
{
    guint real = 0;
    for (guint i = 0; i < d->mx->len; i++) {
        const MxFacts *mx = g_ptr_array_index(d->mx, i);
        real += !is_null_host(mx->host);
    }
    if (d->null_mx.known == UNKNOWN) {
        findings_unknown(out, "%s", fact_why(&d->null_mx));
    } else if (d->null_mx.known == YES && real > 0) {
        findings_fail(out, "\".\" beside %u others", real);
    } else if (d->null_mx.known == NO && d->null_mx.why != NULL) {
        findings_fail(out, "%s", d->null_mx.why);
    }
}

static void mx_resolve(const DomainFacts *d, Findings *out)
{
    if (!about_mx(d, out)) {
        return;
    }
    for (guint i = 0; i < d->mx->len; i++) {
        const MxFacts *mx = g_ptr_array_index(d->mx, i);
        const char *why = mx->resolves.why ? mx->resolves.why : "";
        if (mx->resolves.known == NO) {
            findings_fail(out, "%s%s%s", mx->host, why[0] ? ": " : "", why);
        } else if (mx->resolves.known == UNKNOWN) {
            findings_unknown(out, "%s: %s", mx->host, fact_why(&mx->resolves));
        }
    }
}

static void mx_is_name(const DomainFacts *d, Findings *out)
{
    if (!about_mx(d, out)) {
        return;
    }
    for (guint i = 0; i < d->mx->len; i++) {
        const MxFacts *mx = g_ptr_array_index(d->mx, i);
        if (g_hostname_is_ip_address(mx->host)) {
            findings_fail(out, "%s", mx->host);
        }
    }
}

static void bogus(const DomainFacts *d, Findings *out)
{
    if (d->bogus) {
        findings_fail(out, "%s", d->dnssec.why ? d->dnssec.why : "");
    } else if (d->dnssec.known == UNKNOWN) {
        findings_unknown(out, "%s", fact_why(&d->dnssec));
    }
}

static void dnssec(const DomainFacts *d, Findings *out)
{
    if (d->bogus) {
        findings_not_applicable(out); /* signed, and wrongly: that has a row of its own */
        return;
    }
    findings_from_fact(out, &d->dnssec, NO, "");
}

/* DANE for an MX needs its own zone to be signed too (RFC 7672 2.2.1). */
static void mx_secure(const DomainFacts *d, Findings *out)
{
    if (!about_mx(d, out)) {
        return;
    }
    if (d->dnssec.known != YES) {
        if (d->dnssec.known == NO) {
            findings_not_applicable(out);
        } else {
            findings_unknown(out, "%s", fact_why(&d->dnssec));
        }
        return;
    }
    g_autoptr(GString) bad = g_string_new(NULL), unknown = g_string_new(NULL);
    for (guint i = 0; i < d->mx->len; i++) {
        const MxFacts *mx = g_ptr_array_index(d->mx, i);
        if (mx->resolves.known == YES && !mx->secure) {
            evidence_add(bad, "%s", mx->host);
        } else if (mx->resolves.known == UNKNOWN) {
            evidence_add(unknown, "%s: %s", mx->host, fact_why(&mx->resolves));
        }
    }
    if (bad->len > 0) {
        findings_fail(out, "%s", bad->str);
    } else if (unknown->len > 0) {
        findings_unknown(out, "%s", unknown->str);
    }
}

/* Policies about mail that arrives are nothing for a domain that takes none. True: go on. */
static bool about_incoming(const DomainFacts *d, Findings *out)
{
    if (takes_no_mail(d)) {
        findings_not_applicable(out);
        return false;
    }
    return true;
}

static void mta_sts_record(const DomainFacts *d, Findings *out)
{
    if (!about_incoming(d, out)) {
        return;
    }
    if (d->mta_sts_record.known != UNKNOWN && d->mta_sts_text != NULL) {
        g_autoptr(GError) error = NULL;
        g_autofree char *id = mta_sts_record_parse(bytes_of(d->mta_sts_text), &error);
        if (id == NULL) {
            findings_fail(out, "%s", error->message);
            return;
        }
    }
    findings_from_fact(out, &d->mta_sts_record, NO, "");
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
    if (!about_mx(d, out)) {
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
    if (!about_mx(d, out)) {
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
    if (!about_incoming(d, out)) {
        return;
    }
    if (d->tls_rpt.known != UNKNOWN && d->tls_rpt_text != NULL) {
        g_autoptr(GError) error = NULL;
        g_autofree char *rua = tls_rpt_record_parse(bytes_of(d->tls_rpt_text), &error);
        if (rua == NULL) {
            findings_fail(out, "%s", error->message);
            return;
        }
    }
    findings_from_fact(out, &d->tls_rpt, NO, "");
}

static void spf(const DomainFacts *d, Findings *out)
{
    findings_from_fact(out, &d->spf, NO, "");
}

/* Is there a text to judge? A broken one may be there though no record counts. */
static bool about_text(const Fact *fact, const char *text, Findings *out)
{
    if (text != NULL && text[0] != '\0') {
        return true;
    }
    if (fact->known == NO) {
        findings_not_applicable(out);
    } else {
        findings_unknown(out, "%s",
                         fact->known == YES ? "the record was not kept" : fact_why(fact));
    }
    return false;
}

static void spf_single(const DomainFacts *d, Findings *out)
{
    if (!about_text(&d->spf, d->spf_text, out)) {
        return;
    }
    g_autoptr(SpfRecord) record = spf_parse(bytes_of(d->spf_text));
    if (record->records == 0) {
        findings_not_applicable(out);
    } else if (record->records > 1) {
        findings_fail(out, "%u records", record->records);
    }
}

static void spf_syntax(const DomainFacts *d, Findings *out)
{
    if (!about_text(&d->spf, d->spf_text, out)) {
        return;
    }
    g_autoptr(SpfRecord) record = spf_parse(bytes_of(d->spf_text));
    for (guint i = 0; i < record->problems->len; i++) {
        findings_fail(out, "%s", (const char *)g_ptr_array_index(record->problems, i));
    }
}

static void spf_lookups(const DomainFacts *d, Findings *out)
{
    if (!about_text(&d->spf, d->spf_text, out)) {
        return;
    }
    g_autoptr(SpfRecord) record = spf_parse(bytes_of(d->spf_text));
    if (record->records == 0) {
        findings_not_applicable(out);
    } else if (record->lookups > SPF_LOOKUPS_MAX) {
        findings_fail(out, "%u in this record alone", record->lookups);
    } else {
        findings_pass(out, "%u in this record, those it includes not counted", record->lookups);
    }
}

static void spf_all(const DomainFacts *d, Findings *out)
{
    if (!about_text(&d->spf, d->spf_text, out)) {
        return;
    }
    g_autoptr(SpfRecord) record = spf_parse(bytes_of(d->spf_text));
    if (record->all == '+') {
        findings_fail(out, "+all");
    } else if (record->records == 0) {
        findings_not_applicable(out);
    } else {
        findings_pass(out, "%s",
                      record->all == '-'   ? "-all"
                      : record->all == '~' ? "~all"
                      : record->all == '?' ? "?all"
                      : record->redirect   ? "redirect="
                                           : "no all: what is not listed is neutral");
    }
}

static void dmarc(const DomainFacts *d, Findings *out)
{
    findings_from_fact(out, &d->dmarc, NO, "");
}

static void dmarc_syntax(const DomainFacts *d, Findings *out)
{
    if (!about_text(&d->dmarc, d->dmarc_text, out)) {
        return;
    }
    g_autoptr(DmarcRecord) record = dmarc_parse(bytes_of(d->dmarc_text));
    if (record->records > 1) {
        findings_fail(out, "%u records: receivers ignore them all", record->records);
    }
    for (guint i = 0; i < record->problems->len; i++) {
        findings_fail(out, "%s", (const char *)g_ptr_array_index(record->problems, i));
    }
}

static void dmarc_policy(const DomainFacts *d, Findings *out)
{
    if (!about_text(&d->dmarc, d->dmarc_text, out)) {
        return;
    }
    g_autoptr(DmarcRecord) record = dmarc_parse(bytes_of(d->dmarc_text));
    if (record->policy == NULL) {
        findings_not_applicable(out); /* the row about its errors says what is wrong */
    } else if (strcmp(record->policy, "none") == 0) {
        findings_fail(out, "p=none");
    } else {
        findings_pass(out, "p=%s", record->policy);
    }
}

/* A service that was checked for this domain at that host and port, the one that answers first; or
 * NULL. */
static const Facts *service_at(const DomainFacts *d, const char *host, uint16_t port)
{
    const Facts *found = NULL;
    for (guint i = 0; i < d->services->len; i++) {
        const Facts *f = g_ptr_array_index(d->services, i);
        if (f->port == port && g_ascii_strcasecmp(f->host, host) == 0 &&
            (found == NULL || f->reachable.known == YES)) {
            found = f;
        }
    }
    return found;
}

/* TLS from the start is what a service ending in "s" promises (RFC 8314 5.1). */
static bool promises_tls(const char *service)
{
    static const char *const first[] = {"_imaps._tcp", "_pop3s._tcp", "_submissions._tcp", NULL};
    return g_strv_contains(first, service);
}

static void judge_srv(const DomainFacts *d, const SrvFacts *srv, Findings *out)
{
    const Facts *f = service_at(d, srv->host, srv->port);
    if (f == NULL) {
        findings_unknown(out, "%s: %s:%u was not checked", srv->service, srv->host, srv->port);
    } else if (f->reachable.known == NO || f->greeted.known == NO) {
        findings_fail(out, "%s: %s:%u does not answer", srv->service, srv->host, srv->port);
    } else if (promises_tls(srv->service) && f->peer == NULL && f->handshake_error != NULL) {
        findings_unknown(out, "%s: %s:%u: %s", srv->service, srv->host, srv->port,
                         f->handshake_error);
    } else if (promises_tls(srv->service) && !f->tls_first) {
        findings_fail(out, "%s: %s:%u does not begin with TLS", srv->service, srv->host, srv->port);
    } else if (f->reachable.known == UNKNOWN) {
        findings_unknown(out, "%s: %s:%u: %s", srv->service, srv->host, srv->port,
                         fact_why(&f->reachable));
    }
}

static void srv_truthful(const DomainFacts *d, Findings *out)
{
    if (d->srv->len == 0) {
        findings_not_applicable(out);
        return;
    }
    for (guint i = 0; i < d->srv->len; i++) {
        const SrvFacts *srv = g_ptr_array_index(d->srv, i);
        if (!is_null_host(srv->host)) { /* "." says that there is no such service (RFC 6186 3.4) */
            judge_srv(d, srv, out);
        }
    }
}

static bool has_srv(const DomainFacts *d, const char *service)
{
    for (guint i = 0; i < d->srv->len; i++) {
        const SrvFacts *srv = g_ptr_array_index(d->srv, i);
        if (strcmp(srv->service, service) == 0 && !is_null_host(srv->host)) {
            return true;
        }
    }
    return false;
}

static void srv_tls(const DomainFacts *d, Findings *out)
{
    static const struct {
        const char *plain, *tls;
    } pairs[] = {{"_imap._tcp", "_imaps._tcp"},
                 {"_pop3._tcp", "_pop3s._tcp"},
                 {"_submission._tcp", "_submissions._tcp"}};
    if (d->srv->len == 0) {
        findings_not_applicable(out);
        return;
    }
    g_autoptr(GString) bad = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        if (has_srv(d, pairs[i].plain) && !has_srv(d, pairs[i].tls)) {
            evidence_add(bad, "%s without %s", pairs[i].plain, pairs[i].tls);
        }
    }
    if (bad->len > 0) {
        findings_fail(out, "%s", bad->str);
    }
}

static void autoconfig(const DomainFacts *d, Findings *out)
{
    findings_from_fact(out, &d->autoconfig, NO, "");
}

static const Check checks[] = {
    {
        .id = "domain.mx",
        .title = "The domain has no MX record",
        .severity = ALWAYS(LOW),
        .run_domain = mx_present,
        .why = "Senders then try the address of the domain itself, which mostly is a web server. A "
               "domain that takes no mail should "
               "say so with a null MX.",
        .reference = "RFC 5321 5.1, RFC 7505",
        .fix = {.dns = "@ IN MX 10 mx.example.org.\n; or, when it takes no mail:\n@ IN MX 0 ."},
    },
    {
        .id = "domain.null_mx",
        .title = "A null MX beside others",
        .severity = ALWAYS(HIGH),
        .run_domain = null_mx_alone,
        .why = "The null MX says that the domain takes no mail, the others say where it goes. Some "
               "senders deliver, others return "
               "the mail.",
        .reference = "RFC 7505 3",
        .fix = {.dns = "; take one of them out:\n@ IN MX 0 ."},
    },
    {
        .id = "domain.mx_resolves",
        .title = "An MX has no address",
        .severity = ALWAYS(HIGH),
        .run_domain = mx_resolve,
        .why = "Senders cannot use it and try the next one, or wait. When it is the only one, mail "
               "comes back after days.",
        .reference = "RFC 5321 5.1",
        .fix = {.dns = "mx IN A 192.0.2.1\nmx IN AAAA 2001:db8::1"},
    },
    {
        .id = "domain.mx_is_name",
        .title = "An MX is an address instead of a name",
        .severity = ALWAYS(HIGH),
        .run_domain = mx_is_name,
        .why = "An MX record must hold a name. Most senders look the address up as if it were one, "
               "find nothing, and do not deliver.",
        .reference = "RFC 5321 5.1, RFC 1035 3.3.9",
        .fix = {.dns = "@ IN MX 10 mx.example.org.\nmx.example.org. IN A 192.0.2.1"},
    },
    {
        .id = "domain.bogus",
        .title = "The domain's DNSSEC signatures do not hold",
        .severity = ALWAYS(CRITICAL),
        .run_domain = bogus,
        .why = "Resolvers that validate, and most large providers do, find no MX: mail to this "
               "domain waits "
               "and comes back. Signatures have expired, or a key was changed without telling the "
               "parent zone.",
        .reference = "RFC 4033 5, RFC 4035 5.5",
        .fix = {.dns = "; sign the zone again, and compare the DS records at the parent with the "
                       "zone's keys"},
    },
    {
        .id = "domain.dnssec",
        .title = "The domain is not signed with DNSSEC",
        .severity = ALWAYS(LOW),
        .run_domain = dnssec,
        .why = "Anybody who can forge answers of the DNS can lead the domain's mail to himself. "
               "DANE is only possible with signed "
               "zones.",
        .reference = "RFC 4033, RFC 7672 2.2.1",
        .fix = {.dns = "; sign the zone, and have its DS record put into the parent zone"},
    },
    {
        .id = "domain.mx_dnssec",
        .title = "The domain is signed, its MX is not",
        .severity = ALWAYS(LOW),
        .run_domain = mx_secure,
        .why = "The way to the name of the MX is safe, the way from there to its address is not. "
               "DANE cannot be used either.",
        .reference = "RFC 7672 2.2.1",
        .fix = {.dns = "; sign the zone in which the MX lies too, or ask its operator to"},
    },
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
    {
        .id = "domain.spf",
        .title = "No SPF record",
        .severity = ALWAYS(LOW),
        .run_domain = spf,
        .why = "Receivers cannot tell who may send for this domain. Large providers refuse or set "
               "aside mail from domains without it.",
        .reference = "RFC 7208",
        .fix = {.dns = "@ IN TXT \"v=spf1 mx -all\""},
    },
    {
        .id = "domain.spf_single",
        .title = "More than one SPF record",
        .severity = ALWAYS(MEDIUM),
        .run_domain = spf_single,
        .why = "That is an error for receivers, and none of the records counts. What the domain "
               "means to say has to be in one record.",
        .reference = "RFC 7208 3.2, 4.5",
        .fix = {.dns =
                    "; put them into one:\n@ IN TXT \"v=spf1 mx include:_spf.example.net -all\""},
    },
    {
        .id = "domain.spf_syntax",
        .title = "The SPF record has errors",
        .severity = ALWAYS(MEDIUM),
        .run_domain = spf_syntax,
        .why = "Receivers treat a record with an error as if it were not there, or refuse. What "
               "stands behind the error is not read.",
        .reference = "RFC 7208 4.6, 5",
    },
    {
        .id = "domain.spf_lookups",
        .title = "The SPF record needs too many look-ups",
        .severity = ALWAYS(MEDIUM),
        .run_domain = spf_lookups,
        .why = "A receiver stops after ten questions to the DNS, and that is an error. What the "
               "included records ask for counts too.",
        .reference = "RFC 7208 4.6.4",
        .fix =
            {.dns =
                 "; replace a, mx and include by ip4: and ip6: where the addresses do not change"},
    },
    {
        .id = "domain.spf_all",
        .title = "The SPF record allows everybody",
        .severity = ALWAYS(HIGH),
        .run_domain = spf_all,
        .why = "+all says that any computer in the world may send for this domain. That is worse "
               "than no record, and spammers look for it.",
        .reference = "RFC 7208 5.1",
        .fix = {.dns = "@ IN TXT \"v=spf1 mx -all\""},
    },
    {
        .id = "domain.dmarc",
        .title = "No DMARC record",
        .severity = ALWAYS(LOW),
        .run_domain = dmarc,
        .why = "Anybody can put this domain into the From: that people see, and receivers are not "
               "told what to do about it. Large "
               "providers ask for a record from whoever sends much.",
        .reference = "RFC 7489",
        .fix = {.dns = "_dmarc IN TXT \"v=DMARC1; p=none; rua=mailto:dmarc@example.org\""},
    },
    {
        .id = "domain.dmarc_syntax",
        .title = "The DMARC record has errors",
        .severity = ALWAYS(MEDIUM),
        .run_domain = dmarc_syntax,
        .why = "Receivers ignore a record they cannot read. The domain believes itself protected, "
               "and is not.",
        .reference = "RFC 7489 6.3, 6.6.3",
    },
    {
        .id = "domain.dmarc_policy",
        .title = "The DMARC policy asks for nothing",
        .severity = ALWAYS(INFO),
        .run_domain = dmarc_policy,
        .why = "With p=none forged mail is reported and delivered. That is right for the first "
               "weeks; after that quarantine or reject "
               "protects.",
        .reference = "RFC 7489 6.3",
        .fix = {.dns = "_dmarc IN TXT \"v=DMARC1; p=quarantine; rua=mailto:dmarc@example.org\""},
    },
    {
        .id = "domain.srv",
        .title = "An SRV record does not tell the truth",
        .severity = ALWAYS(MEDIUM),
        .run_domain = srv_truthful,
        .why = "Mail programs set themselves up by these records. A wrong one means that a user "
               "cannot, and does not learn why.",
        .reference = "RFC 6186 3, RFC 8314 5.1",
        .fix = {.dns = "_imaps._tcp IN SRV 0 1 993 mail.example.org.\n"
                       "_submissions._tcp IN SRV 0 1 465 mail.example.org."},
    },
    {
        .id = "domain.srv_tls",
        .title = "SRV records lead to STARTTLS only",
        .severity = ALWAYS(INFO),
        .run_domain = srv_tls,
        .why = "TLS from the first octet cannot be taken away by somebody in between, STARTTLS "
               "can. Mail programs prefer it when they "
               "are told that it is there.",
        .reference = "RFC 8314 5.1",
        .fix = {.dns = "_imaps._tcp IN SRV 0 1 993 mail.example.org.\n"
                       "_submissions._tcp IN SRV 0 1 465 mail.example.org."},
    },
    {
        .id = "domain.autoconfig",
        .title = "Mail programs are not told the settings",
        .severity = ALWAYS(INFO),
        .run_domain = autoconfig,
        .why = "Without autoconfig programs guess, and their guesses can be less safe than what "
               "you offer. Users who have to type in "
               "server names also fall for wrong ones.",
        .reference = "draft-bucksch-autoconfig, RFC 6186",
        .fix = {.dns = "autoconfig IN CNAME www.example.org."},
    },
    {0},
};

const Family family_domain = {"domain", "The domain", checks, NEEDS_NOTHING};
