/* audit_test.h: reports made by hand, for the tests of the renderers. */
#pragma once

#include <string.h>

#include "report/audit_render.h"

/* What a server might say to whoever shows it. The last characters are no UTF-8, and such as
 * reorder or hide text. */
#define HOSTILE                                                                                    \
    "\033[31m<script>alert(1)</script> & \"' | \\ %s {} ]]> \xE2\x80\xAE\xEF\xBF\xBF \xC2\x9B "    \
    "\xFF"

#define NOON G_GINT64_CONSTANT(1795262400) /* 2026-11-21 12:00:00 UTC */
#define DAY G_GINT64_CONSTANT(86400)

static const Check check_plain = {
    .id = "sasl.plain-before-tls",
    .title = "Passwords can be sent in the clear",
    .severity = {SEVERITY_CRITICAL, SEVERITY_CRITICAL, SEVERITY_CRITICAL, SEVERITY_CRITICAL},
    .why = "Whoever can listen reads the password. It opens the mailbox, and often much else.",
    .reference = "RFC 8314, CVE-2011-0411 and CVE-2014-0160",
    .fix = {.postfix = "smtpd_tls_auth_only = yes", .dovecot = "ssl = required\nauth_x = <no>"},
};
static const Check check_old = {
    .id = "versions.tls10",
    .title = "TLS 1.0 is offered",
    .severity = {SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_MEDIUM},
    .why = "It is old. There is better.",
    .reference = "RFC 8996",
    .flat_id = "TLS1",
};
static const Check check_robot = {
    .id = "vulnerable.robot",
    .title = "RSA decryption oracle (ROBOT)",
    .reference = "CVE-2017-13099",
};
static const Check check_expired = {.id = "cert.expired", .title = "Certificate has expired"};
static const Check check_sts = {
    .id = "domain.mta-sts",
    .title = "There is no MTA-STS policy",
    .why = "A sender cannot know that TLS is to be had. So it can be taken away.",
    .reference = "RFC 8461",
    .fix = {.dns = "_mta-sts TXT \"v=STSv1; id=1\""},
};

static inline void put_text(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

static inline Finding *add_finding(AuditReport *report, const Check *check, Verdict verdict,
                                   Severity severity, const char *evidence, const Facts *facts)
{
    Finding *f = g_new0(Finding, 1);
    f->check = check;
    f->verdict = verdict;
    f->severity = severity;
    f->evidence = g_strdup(evidence);
    f->facts = facts;
    if (facts == NULL && report->domains->len > 0) {
        f->domain = g_ptr_array_index(report->domains, 0);
    }
    g_ptr_array_add(report->findings, f);
    return f;
}

static inline TlsCertificate *test_certificate(const char *subject)
{
    TlsCertificate *c = g_new0(TlsCertificate, 1);
    c->subject = g_strdup(subject);
    c->issuer = g_strdup("CN=Test CA");
    c->dns_names = g_ptr_array_new_with_free_func(g_free);
    c->ip_names = g_ptr_array_new_with_free_func(g_free);
    c->emails = g_ptr_array_new_with_free_func(g_free);
    c->not_before = NOON - 10 * DAY;
    c->not_after = NOON + 42 * DAY + 60;
    c->key_type = g_strdup("EC P-256");
    c->key_bits = 256;
    c->signature = g_strdup("ecdsa-with-SHA256");
    c->spki_pin = g_strdup("sha256:aabb");
    return c;
}

static inline TlsPeer *test_peer(const char *subject)
{
    TlsPeer *p = g_new0(TlsPeer, 1);
    p->version = p->our_max = TLS_1_3;
    p->cipher = g_strdup("TLS_AES_256_GCM_SHA384");
    p->cipher_standard = g_strdup("TLS_AES_256_GCM_SHA384");
    p->cipher_bits = 256;
    p->mac = g_strdup("AEAD");
    p->group = g_strdup("X25519");
    p->chain = g_ptr_array_new_with_free_func((GDestroyNotify)tls_certificate_free);
    g_ptr_array_add(p->chain, test_certificate(subject));
    p->verified = true;
    p->trust = TLS_TRUST_PKIX;
    p->matched = g_strdup("mx.example.org");
    return p;
}

static inline Facts *add_service(AuditReport *report, const Target *target, const char *name,
                                 const char *address)
{
    Facts *f = facts_new(target);
    put_text(&f->name, name);
    put_text(&f->host, "mx.example.org");
    put_text(&f->address, address);
    f->port = 25;
    f->role = ROLE_MX;
    f->now = NOON;
    fact_set(&f->reachable, YES, NULL);
    fact_set(&f->version[V_TLS12].offered, YES, NULL);
    fact_set(&f->version[V_TLS13].offered, YES, NULL);
    fact_set(&f->version[V_SSL2].offered, NO, NULL);
    f->peer = test_peer("CN=mx.example.org");
    put_text(&f->greeting, "220 mx.example.org ESMTP");
    f->connections = 14;
    f->budget = 20;
    g_ptr_array_add(report->services, f);
    return f;
}

static inline AuditReport *empty_report(void)
{
    AuditReport *report = audit_report_new();
    report->invocation = g_strdup("postern check smtp://mx.example.org");
    report->started = NOON;
    report->ended = NOON + 2;
    return report;
}

static inline Target *test_target(void)
{
    return target_parse("smtp://mx.example.org", NULL, NULL);
}

/* One service, one finding of each kind. */
static inline AuditReport *usual_report(const Target *target)
{
    AuditReport *report = empty_report();
    const Facts *f = add_service(report, target, "smtp://mx.example.org", "192.0.2.1");
    add_finding(report, &check_plain, VERDICT_FAIL, SEVERITY_CRITICAL, "AUTH PLAIN LOGIN", f);
    add_finding(report, &check_old, VERDICT_FAIL, SEVERITY_LOW, "", f);
    add_finding(report, &check_robot, VERDICT_UNKNOWN, SEVERITY_INFO, "421 too many", f);
    add_finding(report, &check_expired, VERDICT_PASS, SEVERITY_INFO, "42 days left", f);
    return report;
}

static inline void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        g_error("\"%s\" is not in:\n%s", part, text);
    }
}

static inline void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL) {
        g_error("\"%s\" is in:\n%s", part, text);
    }
}

/* Everything a peer, or a record in the DNS, has a say in. */
static inline AuditReport *hostile_report(const Target *target)
{
    AuditReport *report = empty_report();
    DomainFacts *d = domain_facts_new("example.org");
    Facts *f = add_service(report, target, "smtp://mx.example.org", HOSTILE);
    g_ptr_array_add(report->domains, d);
    put_text(&report->invocation, HOSTILE);
    put_text(&d->domain, HOSTILE);
    put_text(&d->spf_text, HOSTILE);
    put_text(&d->mta_sts_mode, HOSTILE);
    put_text(&f->name, HOSTILE);
    put_text(&f->host, HOSTILE);
    put_text(&f->greeting, HOSTILE);
    put_text(&f->handshake_error, HOSTILE);
    fact_set(&f->heartbleed, UNKNOWN, "%s", HOSTILE);
    g_ptr_array_add(f->missing, g_strdup(HOSTILE));
    add_finding(report, &check_plain, VERDICT_FAIL, SEVERITY_CRITICAL, HOSTILE, f);
    add_finding(report, &check_old, VERDICT_FAIL, SEVERITY_LOW, HOSTILE, f);
    add_finding(report, &check_robot, VERDICT_UNKNOWN, SEVERITY_INFO, HOSTILE, f);
    add_finding(report, &check_expired, VERDICT_PASS, SEVERITY_INFO, HOSTILE, f);
    add_finding(report, &check_sts, VERDICT_FAIL, SEVERITY_MEDIUM, HOSTILE, NULL);
    return report;
}
