/* check_cert_status.c: what others say about a certificate: its authority (OCSP), and the logs. */
#include <string.h>

#include "audit/check_cert.h"
#include "audit/family.h"
#include "audit/fixes.h"

static bool any_must_staple(const Facts *f)
{
    g_autoptr(GPtrArray) chains = facts_chains(f);
    for (guint c = 0; c < chains->len; c++) {
        const TlsCertificate *leaf =
            g_ptr_array_index((GPtrArray *)g_ptr_array_index(chains, c), 0);
        if (leaf->must_staple) {
            return true;
        }
    }
    return false;
}

static void must_staple(const Facts *f, Findings *out)
{
    if (!certs_seen(f, out)) {
        return;
    }
    if (any_must_staple(f)) {
        findings_from_fact(out, &f->ocsp_stapled, NO, "no OCSP answer is stapled");
    }
}

static void ocsp_staple(const Facts *f, Findings *out)
{
    if (!certs_seen(f, out)) {
        return;
    }
    const TlsCertificate *leaf = facts_leaf(f);
    if (leaf->ocsp_url == NULL && f->ocsp_stapled.known != YES) {
        findings_not_applicable(out); /* its authority has no OCSP: there is nothing to staple */
    } else {
        findings_from_fact(out, &f->ocsp_stapled, NO, "");
    }
}

/* What a staple says. Nothing stapled: nothing to judge. */
static bool about_staple(const Facts *f, Findings *out)
{
    if (f->peer != NULL && f->peer->ocsp != NULL) {
        return true;
    }
    if (f->ocsp_stapled.known == NO) {
        findings_not_applicable(out);
    } else {
        findings_unknown(out, "%s", fact_why(&f->ocsp_stapled));
    }
    return false;
}

static void revoked(const Facts *f, Findings *out)
{
    if (about_staple(f, out) && strcmp(f->peer->ocsp, "revoked") == 0) {
        findings_fail(out, "the stapled OCSP answer says so");
    }
}

static void staple_holds(const Facts *f, Findings *out)
{
    if (about_staple(f, out) && !f->peer->ocsp_valid) {
        findings_fail(out, "it says \"%s\", but its signature or its times do not hold",
                      f->peer->ocsp);
    }
}

static void transparency(const Facts *f, Findings *out)
{
    if (f->peer == NULL) {
        findings_unknown(out, "%s",
                         f->handshake_error ? f->handshake_error : fact_why(&f->sct_present));
    } else if (!certs_are_public(f)) {
        findings_not_applicable(out); /* only public authorities log what they issue */
    } else {
        findings_from_fact(out, &f->sct_present, NO, "");
    }
}

static const Check checks[] = {
    {
        .id = "cert.must_staple",
        .title = "The certificate demands a stapled OCSP answer, and none is sent",
        .severity = BY_ROLE(LOW, HIGH, HIGH, MEDIUM),
        .run = must_staple,
        .why = "Clients that honour the demand refuse the connection. Neither Postfix nor Dovecot "
               "can staple: get a certificate "
               "without this extension.",
        .reference = "RFC 7633",
        .flat_id = "cert_mustStapleExtension",
        .fix = {.exim = "tls_ocsp_file = /etc/exim4/ocsp.der"},
    },
    {
        .id = "cert.ocsp_staple",
        .title = "No OCSP answer is stapled",
        .severity = ALWAYS(INFO),
        .run = ocsp_staple,
        .why = "A client that wants to know whether the certificate was revoked has to ask its "
               "authority, which tells the "
               "authority who reads mail where. Mail programs mostly do not ask.",
        .reference = "RFC 6066 8",
        .flat_id = "OCSP_stapling",
        .fix = {.exim = "tls_ocsp_file = /etc/exim4/ocsp.der"},
    },
    {
        .id = "cert.revoked",
        .title = "The certificate has been revoked",
        .severity = BY_ROLE(HIGH, CRITICAL, CRITICAL, HIGH),
        .run = revoked,
        .why = "Its authority has taken it back, mostly because the key was stolen. Whoever has "
               "that key can stand in for the "
               "server.",
        .reference = "RFC 6960",
        .flat_id = "cert_ocspRevoked",
        .fix = CERTIFICATE_FIX,
    },
    {
        .id = "cert.staple_holds",
        .title = "The stapled OCSP answer does not hold",
        .severity = ALWAYS(MEDIUM),
        .run = staple_holds,
        .why = "Clients that look at it refuse the connection, although without it they would have "
               "gone on. The file is not "
               "refreshed, or is for another certificate.",
        .reference = "RFC 6960 3.2",
        .fix = {.exim = "# fetch it anew daily:\ntls_ocsp_file = /etc/exim4/ocsp.der"},
    },
    {
        .id = "cert.transparency",
        .title = "No proof that the certificate was logged",
        .severity = ALWAYS(INFO),
        .run = transparency,
        .why = "Public authorities log what they issue, so that a false certificate is noticed. "
               "Browsers refuse certificates "
               "without that proof, and some mail programs do too.",
        .reference = "RFC 6962, RFC 9162",
        .flat_id = "certificate_transparency",
    },
    {0},
};

const Family family_cert_status = {"cert", "Certificates: revocation and transparency", checks,
                                   NEEDS_TLS};
