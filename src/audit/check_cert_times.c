/* check_cert_times.c: from when until when certificates are valid. */
#include <string.h>

#include "audit/check_cert.h"
#include "audit/family.h"
#include "audit/fixes.h"

enum {
    DAY = 86400,
    WARN_DAYS = 21,
    LIFETIME_DAYS = 398, /* the most that public authorities may give */
};

static void is_expired(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                       GString *bad)
{
    if (certificate->not_after < f->now) {
        g_autofree char *shown = certs_which(certificate, is_leaf);
        g_autofree char *day = evidence_day(certificate->not_after);
        evidence_add(bad, "%s has expired on %s", shown, day);
    }
}

static void expired(const Facts *f, Findings *out)
{
    certs_fail_if_any(f, out, is_expired);
}

static void is_early(const Facts *f, const TlsCertificate *certificate, bool is_leaf, GString *bad)
{
    if (certificate->not_before > f->now) {
        g_autofree char *shown = certs_which(certificate, is_leaf);
        g_autofree char *day = evidence_day(certificate->not_before);
        evidence_add(bad, "%s is not valid before %s", shown, day);
    }
}

static void not_yet_valid(const Facts *f, Findings *out)
{
    certs_fail_if_any(f, out, is_early);
}

static void expires_soon(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                         GString *bad)
{
    int days = f->warn_days > 0 ? f->warn_days : WARN_DAYS;
    gint64 left = certificate->not_after - f->now;
    if (left >= 0 && left < (gint64)days * DAY) {
        g_autofree char *shown = certs_which(certificate, is_leaf);
        g_autofree char *day = evidence_day(certificate->not_after);
        evidence_add(bad, "%s expires on %s, in %" G_GINT64_FORMAT " days", shown, day, left / DAY);
    }
}

static void soon(const Facts *f, Findings *out)
{
    certs_fail_if_any(f, out, expires_soon);
}

static void lives_long(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                       GString *bad)
{
    (void)f;
    gint64 days = (certificate->not_after - certificate->not_before) / DAY;
    if (is_leaf && days > LIFETIME_DAYS) {
        evidence_add(bad, "%" G_GINT64_FORMAT " days", days);
    }
}

static void lifetime(const Facts *f, Findings *out)
{
    if (f->peer != NULL && !certs_are_public(f)) {
        findings_not_applicable(out); /* who signs it himself may do as he likes */
    } else if (f->peer == NULL) {
        findings_unknown(out, "whether a public authority issued it was not learnt");
    } else {
        certs_fail_if_any(f, out, lives_long);
    }
}

static const Check checks[] = {
    {
        .id = "cert.expired",
        .title = "A certificate has expired",
        .severity = BY_ROLE(MEDIUM, HIGH, HIGH, HIGH),
        .run = expired,
        .why = "Every client that checks refuses it, and mail under MTA-STS or DANE-TA waits. "
               "Renewal has failed, or the server "
               "was not told to load the new one.",
        .reference = "RFC 5280 4.1.2.5",
        .flat_id = "cert_expirationStatus",
        .fix = {.postfix = "# renew it, then: postfix reload",
                .dovecot = "# renew it, then: doveadm reload",
                .exim = "# renew it: Exim reads it anew for each connection",
                .exchange = EXCHANGE_CERTIFICATE},
    },
    {
        .id = "cert.not_yet_valid",
        .title = "A certificate is not valid yet",
        .severity = BY_ROLE(MEDIUM, HIGH, HIGH, HIGH),
        .run = not_yet_valid,
        .why = "Every client that checks refuses it. It was put in place too early, or a clock is "
               "wrong: the authority's, this "
               "computer's, or that of whoever made it.",
        .reference = "RFC 5280 4.1.2.5",
        .flat_id = "cert_notBefore",
        .fix = CERTIFICATE_FIX,
    },
    {
        .id = "cert.expires_soon",
        .title = "A certificate expires soon",
        .severity = ALWAYS(MEDIUM),
        .run = soon,
        .why = "When it expires, clients refuse it from one second to the next. Automatic renewal "
               "should have taken place by "
               "now, so look at why it has not.",
        .reference = "postern-check(1), --warn-days",
        .flat_id = "cert_expirationStatus",
        .fix = {.postfix = "# renew it, then: postfix reload",
                .dovecot = "# renew it, then: doveadm reload",
                .exim = "# renew it: Exim reads it anew for each connection",
                .exchange = EXCHANGE_CERTIFICATE},
    },
    {
        .id = "cert.lifetime",
        .title = "The certificate is valid for longer than 398 days",
        .severity = ALWAYS(INFO),
        .run = lifetime,
        .why = "A stolen key is good for as long as its certificate, since revocation hardly "
               "works. Some clients refuse public "
               "certificates with so long a life.",
        .reference = "CA/Browser Forum, Baseline Requirements 6.3.2",
        .flat_id = "cert_extlifeSpan",
    },
    {0},
};

const Family family_cert_times = {"cert", "Certificates: how long they are valid", checks,
                                  NEEDS_TLS};
