/* check_cert_chain.c: what is sent with a certificate, and beside it. */
#include <string.h>

#include "audit/cert_names.h"
#include "audit/check_cert.h"
#include "audit/family.h"
#include "audit/fixes.h"

enum { NAMES_SHOWN = 5 };

static void chain_order(const Facts *f, Findings *out)
{
    if (!certs_seen(f, out)) {
        return;
    }
    g_autoptr(GPtrArray) chains = facts_chains(f);
    g_autoptr(GString) bad = g_string_new(NULL);
    for (guint c = 0; c < chains->len; c++) {
        GPtrArray *chain = g_ptr_array_index(chains, c);
        for (guint i = 1; i < chain->len; i++) {
            const TlsCertificate *below = g_ptr_array_index(chain, i - 1);
            const TlsCertificate *above = g_ptr_array_index(chain, i);
            if (strcmp(below->issuer, above->subject) != 0) {
                evidence_add(bad, "behind %s comes %s, which did not issue it", below->subject,
                             above->subject);
            }
        }
    }
    if (bad->len > 0) {
        findings_fail(out, "%s", bad->str);
    }
}

static void chain_complete(const Facts *f, Findings *out)
{
    static const int missing[] = {VERIFY_ISSUER_UNKNOWN, VERIFY_ISSUER_NOT_LOCAL,
                                  VERIFY_LEAF_ALONE};
    if (!certs_seen(f, out)) {
        return;
    }
    if (f->peer == NULL) {
        findings_unknown(out, "whether the chain leads to a known authority was not learnt");
        return;
    }
    if (!f->peer->verified && f->peer->verify_error == 0) {
        findings_unknown(out, "the certificate was not verified");
        return;
    }
    if (f->peer->verified ||
        !certs_error_is_one_of(f->peer->verify_error, missing, G_N_ELEMENTS(missing))) {
        return; /* other errors come after the chain was built */
    }
    GPtrArray *chain = f->peer->chain;
    const TlsCertificate *last =
        chain && chain->len > 0 ? g_ptr_array_index(chain, chain->len - 1) : facts_leaf(f);
    if (!last->self_signed) {
        findings_fail(out, "the issuer %s is neither sent nor known", last->issuer);
    }
}

/* A trust anchor of DANE-TA has to be sent (RFC 7671 5.2.2). */
static bool is_wanted_by_dane(const Facts *f)
{
    for (guint i = 0; i < f->dane.records->len; i++) {
        const TlsaRecord *record = g_ptr_array_index(f->dane.records, i);
        if (record->usage == 2) {
            return true;
        }
    }
    return false;
}

static void root_sent(const Facts *f, Findings *out)
{
    if (!certs_seen(f, out)) {
        return;
    }
    g_autoptr(GPtrArray) chains = facts_chains(f);
    for (guint c = 0; c < chains->len; c++) {
        GPtrArray *chain = g_ptr_array_index(chains, c);
        const TlsCertificate *last = g_ptr_array_index(chain, chain->len - 1);
        if (chain->len > 1 && last->self_signed && !is_wanted_by_dane(f)) {
            findings_fail(out, "%s", last->subject);
            return;
        }
    }
}

/* Counts leaves whose key type begins so. */
static unsigned count_keys(const GPtrArray *chains, const char *type)
{
    unsigned count = 0;
    for (guint c = 0; c < chains->len; c++) {
        const TlsCertificate *leaf =
            g_ptr_array_index((GPtrArray *)g_ptr_array_index(chains, c), 0);
        count += g_str_has_prefix(leaf->key_type, type);
    }
    return count;
}

static void rsa_and_ecdsa(const Facts *f, Findings *out)
{
    if (!certs_seen(f, out)) {
        return;
    }
    g_autoptr(GPtrArray) chains = facts_chains(f);
    if (count_keys(chains, "RSA") > 0) {
        findings_pass(out, "%s", count_keys(chains, "EC ") > 0 ? "RSA and ECDSA" : "RSA");
    } else if (f->chains_complete.known == YES) {
        findings_fail(out, "only %s", facts_leaf(f)->key_type);
    } else {
        findings_unknown(out, "%s", fact_why(&f->chains_complete));
    }
}

static void same_names(const Facts *f, Findings *out)
{
    if (!certs_seen(f, out)) {
        return;
    }
    g_autoptr(GPtrArray) chains = facts_chains(f);
    if (chains->len < 2) {
        if (f->chains_complete.known == UNKNOWN) {
            findings_unknown(out, "%s", fact_why(&f->chains_complete));
        } else {
            findings_not_applicable(out);
        }
        return;
    }
    const TlsCertificate *first = facts_leaf(f);
    bool good = cert_bears_name(first, f->host);
    for (guint c = 1; c < chains->len; c++) {
        const TlsCertificate *leaf =
            g_ptr_array_index((GPtrArray *)g_ptr_array_index(chains, c), 0);
        if (cert_bears_name(leaf, f->host) != good) {
            g_autofree char *these = cert_names_text(first, NAMES_SHOWN);
            g_autofree char *those = cert_names_text(leaf, NAMES_SHOWN);
            findings_fail(out, "%s: %s; %s: %s", first->key_type, these, leaf->key_type, those);
        }
    }
}

static const Check checks[] = {
    {
        .id = "cert.chain_order",
        .title = "The chain is in the wrong order",
        .severity = ALWAYS(LOW),
        .run = chain_order,
        .why = "Before TLS 1.3 each certificate had to be followed by that of its issuer, and "
               "strict clients refuse others. What "
               "does not belong in the chain costs every connection time.",
        .reference = "RFC 5246 7.4.2, RFC 8446 4.4.2",
        .fix = CERTIFICATE_FIX,
    },
    {
        .id = "cert.chain_complete",
        .title = "The chain is not complete",
        .severity = BY_ROLE(LOW, HIGH, HIGH, MEDIUM),
        .run = chain_complete,
        .why = "A client that does not happen to know the missing intermediate certificate cannot "
               "verify the server. It works "
               "for some and fails for others, which is hard to find.",
        .reference = "RFC 8446 4.4.2",
        .fix = CERTIFICATE_FIX,
    },
    {
        .id = "cert.root_sent",
        .title = "The root certificate is sent too",
        .severity = ALWAYS(INFO),
        .run = root_sent,
        .why = "Who trusts it has it, and who does not gains nothing. It only makes each handshake "
               "longer.",
        .reference = "RFC 8446 4.4.2",
        .fix = CERTIFICATE_FIX,
    },
    {
        .id = "cert.rsa",
        .title = "There is no RSA certificate",
        .severity = ALWAYS(INFO),
        .run = rsa_and_ecdsa,
        .why = "Very old clients and mail servers know RSA only, and cannot connect. Serving both "
               "kinds lets them in and keeps "
               "the faster one for the others.",
        .reference = "RFC 8446 9.1",
        .fix = {.postfix = "smtpd_tls_chain_files = /etc/postfix/ecdsa.pem, /etc/postfix/rsa.pem",
                .dovecot = "ssl_alt_cert = </etc/dovecot/rsa-fullchain.pem\n"
                           "ssl_alt_key = </etc/dovecot/rsa-privkey.pem"},
    },
    {
        .id = "cert.same_names",
        .title = "The RSA and the ECDSA certificate are for different names",
        .severity = BY_ROLE(LOW, HIGH, HIGH, MEDIUM),
        .run = same_names,
        .why = "Some clients get the one and some the other, and only one bears the right name. It "
               "fails for some users and not "
               "for those who look into it.",
        .reference = "RFC 9525",
        .fix = {.postfix = "smtpd_tls_chain_files = /etc/postfix/ecdsa.pem, /etc/postfix/rsa.pem",
                .dovecot = "ssl_alt_cert = </etc/dovecot/rsa-fullchain.pem\n"
                           "ssl_alt_key = </etc/dovecot/rsa-privkey.pem"},
    },
    {0},
};

const Family family_cert_chain = {"cert", "Certificates: their chains", checks, NEEDS_TLS};
