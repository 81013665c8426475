/* check_domain.c: where a domain's mail goes: its MX, and whether the DNS can be trusted about it.
 */
#include <string.h>

#include "audit/check_domain.h"
#include "audit/family.h"

bool domain_takes_no_mail(const DomainFacts *d)
{
    return d->null_mx.known == YES && d->mx->len <= 1;
}

bool domain_about_mx(const DomainFacts *d, Findings *out)
{
    if (domain_takes_no_mail(d)) {
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

static void exists(const DomainFacts *d, Findings *out)
{
    findings_from_fact(out, &d->exists, NO, "");
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

bool domain_is_null_host(const char *host)
{
    return host[0] == '\0' || strcmp(host, ".") == 0;
}

static void null_mx_alone(const DomainFacts *d, Findings *out)
{
    guint real = 0;
    for (guint i = 0; i < d->mx->len; i++) {
        const MxFacts *mx = g_ptr_array_index(d->mx, i);
        real += !domain_is_null_host(mx->host);
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
    if (!domain_about_mx(d, out)) {
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
    if (!domain_about_mx(d, out)) {
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
    if (!domain_about_mx(d, out)) {
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

static const Check existence[] = {
    {
        .id = "domain.exists",
        .title = "There is no such domain",
        .severity = ALWAYS(CRITICAL),
        .run_domain = exists,
        .why =
            "Mail to it comes back at once, and mail from it is refused. It is misspelt, was not "
            "registered or has run out, or its zone is not served.",
        .reference = "RFC 8020, RFC 5321 5.1",
    },
    {0},
};

const Family family_domain_exists = {"domain", "The domain", existence, NEEDS_NOTHING};

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
    {0},
};

const Family family_domain = {"domain", "The domain: MX and DNSSEC", checks, NEEDS_DOMAIN};
