/* check_cert.c: the certificates a server shows, each kind of key it has one for. */
#include <string.h>

#include "audit/cert_names.h"
#include "audit/family.h"
#include "audit/fixes.h"

enum {
    NAMES_SHOWN = 5,
    DAY = 86400,
    WARN_DAYS = 21,
    LIFETIME_DAYS = 398, /* the most that public authorities may give */
    RSA_BITS = 2048,
    EC_BITS = 224,
};

/* OpenSSL's numbers, which are part of its interface; TlsPeer.verify_error has the first problem,
 * and those of the chain come before those of name and time. */
enum {
    VERIFY_ISSUER_UNKNOWN = 2,
    VERIFY_NOT_YET_VALID = 9,
    VERIFY_EXPIRED = 10,
    VERIFY_ISSUER_NOT_LOCAL = 20,
    VERIFY_LEAF_ALONE = 21,
    VERIFY_WRONG_NAME = 62,
    VERIFY_WRONG_ADDRESS = 64,
};

/* Is there a certificate to judge? True: go on. Anonymous suites alone have none. */
static bool about_certificates(const Facts *f, Findings *out)
{
    g_autoptr(GPtrArray) chains = facts_chains(f);
    if (chains->len > 0) {
        return true;
    }
    findings_unknown(out, "no certificate was seen%s%s", f->handshake_error ? ": " : "",
                     f->handshake_error ? f->handshake_error : "");
    return false;
}

typedef void (*PerCertificate)(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                               GString *bad);

/* A fail that names each certificate of each chain that is bad. Roots that are sent too do not
 * matter: whoever trusts them has them. */
static void fails_if_any(const Facts *f, Findings *out, PerCertificate judge)
{
    if (!about_certificates(f, out)) {
        return;
    }
    g_autoptr(GPtrArray) chains = facts_chains(f);
    g_autoptr(GString) bad = g_string_new(NULL);
    for (guint c = 0; c < chains->len; c++) {
        GPtrArray *chain = g_ptr_array_index(chains, c);
        for (guint i = 0; i < chain->len; i++) {
            const TlsCertificate *certificate = g_ptr_array_index(chain, i);
            if (i == 0 || !certificate->self_signed) {
                judge(f, certificate, i == 0, bad);
            }
        }
    }
    if (bad->len > 0) {
        findings_fail(out, "%s", bad->str);
    }
}

/* "the RSA certificate", "the issuer CN=..." */
static char *which(const TlsCertificate *certificate, bool is_leaf)
{
    if (is_leaf) {
        return g_strdup_printf("the %s certificate", certificate->key_type);
    }
    return g_strdup_printf("the issuer %s", certificate->subject);
}

static char *first_line(const char *text)
{
    return g_strndup(text, strcspn(text, "\n"));
}

static bool is_one_of(int number, const int *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] == number) {
            return true;
        }
    }
    return false;
}

static void chain_of_trust(const Facts *f, Findings *out)
{
    static const int other_rows[] = {VERIFY_NOT_YET_VALID, VERIFY_EXPIRED, VERIFY_WRONG_NAME,
                                     VERIFY_WRONG_ADDRESS};
    if (f->peer == NULL) {
        findings_unknown(out, "%s",
                         f->handshake_error ? f->handshake_error : "no handshake was made");
        return;
    }
    if (f->peer->verified ||
        is_one_of(f->peer->verify_error, other_rows, G_N_ELEMENTS(other_rows))) {
        return;
    }
    g_autofree char *why = first_line(f->peer->why_not ? f->peer->why_not : "");
    if (f->peer->verify_error == 0) {
        findings_unknown(out, "the certificate was not verified%s%s", why[0] ? ": " : "", why);
    } else if (f->role == ROLE_MX && f->dane.verified.known == YES) {
        findings_pass(out, "not by a public authority, but DANE vouches for it");
    } else {
        findings_fail(out, "%s", why);
    }
}

static void bears_name(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                       GString *bad)
{
    if (is_leaf && !cert_bears_name(certificate, f->host)) {
        g_autofree char *names = cert_names_text(certificate, NAMES_SHOWN);
        g_autofree char *shown = which(certificate, true);
        evidence_add(bad, "%s is for %s, not for %s", shown, names, f->host);
    }
}

static void name(const Facts *f, Findings *out)
{
    fails_if_any(f, out, bears_name);
}

static void in_common_name(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                           GString *bad)
{
    (void)f;
    if (is_leaf && certificate->dns_names->len == 0 && certificate->ip_names->len == 0) {
        evidence_add(bad, "only the common name %s",
                     certificate->common_name ? certificate->common_name : "(empty)");
    }
}

static void alt_name(const Facts *f, Findings *out)
{
    fails_if_any(f, out, in_common_name);
}

static void is_expired(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                       GString *bad)
{
    if (certificate->not_after < f->now) {
        g_autofree char *shown = which(certificate, is_leaf);
        g_autofree char *day = evidence_day(certificate->not_after);
        evidence_add(bad, "%s has expired on %s", shown, day);
    }
}

static void expired(const Facts *f, Findings *out)
{
    fails_if_any(f, out, is_expired);
}

static void is_early(const Facts *f, const TlsCertificate *certificate, bool is_leaf, GString *bad)
{
    if (certificate->not_before > f->now) {
        g_autofree char *shown = which(certificate, is_leaf);
        g_autofree char *day = evidence_day(certificate->not_before);
        evidence_add(bad, "%s is not valid before %s", shown, day);
    }
}

static void not_yet_valid(const Facts *f, Findings *out)
{
    fails_if_any(f, out, is_early);
}

static void expires_soon(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                         GString *bad)
{
    int days = f->warn_days > 0 ? f->warn_days : WARN_DAYS;
    gint64 left = certificate->not_after - f->now;
    if (left >= 0 && left < (gint64)days * DAY) {
        g_autofree char *shown = which(certificate, is_leaf);
        g_autofree char *day = evidence_day(certificate->not_after);
        evidence_add(bad, "%s expires on %s, in %" G_GINT64_FORMAT " days", shown, day, left / DAY);
    }
}

static void soon(const Facts *f, Findings *out)
{
    fails_if_any(f, out, expires_soon);
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

static bool is_public(const Facts *f)
{
    return f->peer != NULL && f->peer->verified && f->peer->trust == TLS_TRUST_PKIX;
}

static void lifetime(const Facts *f, Findings *out)
{
    if (f->peer != NULL && !is_public(f)) {
        findings_not_applicable(out); /* who signs it himself may do as he likes */
    } else if (f->peer == NULL) {
        findings_unknown(out, "whether a public authority issued it was not learnt");
    } else {
        fails_if_any(f, out, lives_long);
    }
}

static void has_weak_key(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                         GString *bad)
{
    (void)f;
    const char *type = certificate->key_type;
    bool rsa = g_str_has_prefix(type, "RSA"), ec = g_str_has_prefix(type, "EC ");
    if ((rsa && certificate->key_bits < RSA_BITS) || (ec && certificate->key_bits < EC_BITS) ||
        strcmp(type, "DSA") == 0) {
        g_autofree char *shown = which(certificate, is_leaf);
        evidence_add(bad, "%s has a key of %s, %d bits", shown, type, certificate->key_bits);
    }
}

static void key_size(const Facts *f, Findings *out)
{
    fails_if_any(f, out, has_weak_key);
}

static void has_weak_signature(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                               GString *bad)
{
    (void)f;
    g_autofree char *signature = g_ascii_strdown(certificate->signature, -1);
    bool weak = strstr(signature, "md5") || strstr(signature, "sha1") || strstr(signature, "md2") ||
                strstr(signature, "md4");
    if (weak && !certificate->self_signed) {
        g_autofree char *shown = which(certificate, is_leaf);
        evidence_add(bad, "%s is signed by %s", shown, certificate->signature);
    }
}

static void signature(const Facts *f, Findings *out)
{
    fails_if_any(f, out, has_weak_signature);
}

static void is_self_signed(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                           GString *bad)
{
    (void)f;
    if (is_leaf && certificate->self_signed) {
        g_autofree char *shown = which(certificate, true);
        evidence_add(bad, "%s", shown);
    }
}

static void self_signed(const Facts *f, Findings *out)
{
    fails_if_any(f, out, is_self_signed);
}

static void is_authority(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                         GString *bad)
{
    (void)f;
    if (is_leaf && certificate->is_ca && !certificate->self_signed) {
        g_autofree char *shown = which(certificate, true);
        evidence_add(bad, "%s", shown);
    }
}

static void leaf_is_ca(const Facts *f, Findings *out)
{
    fails_if_any(f, out, is_authority);
}

static void chain_order(const Facts *f, Findings *out)
{
    if (!about_certificates(f, out)) {
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
    if (!about_certificates(f, out)) {
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
    if (f->peer->verified || !is_one_of(f->peer->verify_error, missing, G_N_ELEMENTS(missing))) {
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
    if (!about_certificates(f, out)) {
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
    if (!about_certificates(f, out)) {
        return;
    }
    if (any_must_staple(f)) {
        findings_from_fact(out, &f->ocsp_stapled, NO, "no OCSP answer is stapled");
    }
}

static void ocsp_staple(const Facts *f, Findings *out)
{
    if (!about_certificates(f, out)) {
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
    } else if (!is_public(f)) {
        findings_not_applicable(out); /* only public authorities log what they issue */
    } else {
        findings_from_fact(out, &f->sct_present, NO, "");
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
    if (!about_certificates(f, out)) {
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
    if (!about_certificates(f, out)) {
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

#define CERTIFICATE_FIX                                                                            \
    {                                                                                              \
        .postfix = POSTFIX_CERTIFICATE, .dovecot = DOVECOT_CERTIFICATE, .exim = EXIM_CERTIFICATE,  \
        .exchange = EXCHANGE_CERTIFICATE                                                           \
    }

static const Check checks[] = {
    {
        .id = "cert.chain_of_trust",
        .title = "The certificate is not issued by an authority that is trusted",
        .severity = BY_ROLE(LOW, HIGH, HIGH, MEDIUM),
        .run = chain_of_trust,
        .why = "Mail programs warn their users or refuse, and users who learn to click such "
               "warnings away will do so when they "
               "are attacked. Mail servers mostly do not look, but those that follow MTA-STS do.",
        .reference = "RFC 5280 6, RFC 8314 3",
        .flat_id = "cert_chain_of_trust",
        .fix = CERTIFICATE_FIX,
    },
    {
        .id = "cert.name",
        .title = "The certificate is for another name",
        .severity = BY_ROLE(LOW, HIGH, HIGH, MEDIUM),
        .run = name,
        .why = "A client that checks takes this server for a false one. Users come by another name "
               "than the administrator "
               "thought of, or the wrong certificate is configured.",
        .reference = "RFC 9525, RFC 7817",
        .flat_id = "cert_trust",
        .fix = CERTIFICATE_FIX,
    },
    {
        .id = "cert.alt_name",
        .title = "The certificate has no subject alternative name",
        .severity = BY_ROLE(INFO, MEDIUM, MEDIUM, LOW),
        .run = alt_name,
        .why = "Clients of today look for names there only, and no longer in the common name. They "
               "find none and refuse.",
        .reference = "RFC 9525 2",
        .flat_id = "cert_subjectAltName",
        .fix = CERTIFICATE_FIX,
    },
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
    {
        .id = "cert.key_size",
        .title = "A certificate has a weak key",
        .severity = BY_ROLE(MEDIUM, HIGH, HIGH, HIGH),
        .run = key_size,
        .why = "Keys this short can be computed from the public part. Whoever does so can stand in "
               "for the server unnoticed.",
        .reference = "RFC 9325 4.5",
        .flat_id = "cert_keySize",
        .fix = CERTIFICATE_FIX,
    },
    {
        .id = "cert.signature",
        .title = "A certificate is signed with SHA-1 or MD5",
        .severity = BY_ROLE(LOW, HIGH, HIGH, MEDIUM),
        .run = signature,
        .why = "False certificates with such signatures have been made. Clients of today do not "
               "accept them.",
        .reference = "RFC 9155, RFC 9325 4.5",
        .flat_id = "cert_signatureAlgorithm",
        .fix = CERTIFICATE_FIX,
    },
    {
        .id = "cert.self_signed",
        .title = "The certificate is self-signed",
        .severity = BY_ROLE(INFO, MEDIUM, MEDIUM, LOW),
        .run = self_signed,
        .why = "Nobody vouches for it, so a client cannot tell it from one an attacker made a "
               "minute ago. With DANE (3 1 1) it is "
               "as good as any, for senders that use DANE.",
        .reference = "RFC 7671 5.1",
        .fix = CERTIFICATE_FIX,
    },
    {
        .id = "cert.leaf_is_ca",
        .title = "The server's certificate may itself issue certificates",
        .severity = ALWAYS(LOW),
        .run = leaf_is_ca,
        .why = "Whoever breaks into this server can issue certificates for any name. Some clients "
               "refuse an authority's "
               "certificate as a server's.",
        .reference = "RFC 5280 4.2.1.9",
        .fix = CERTIFICATE_FIX,
    },
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
        .fix = {.exim = "tls_ocsp_file = /etc/exim4/ocsp.der  # fetch it anew daily"},
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

const Family family_cert = {"cert", "Certificates", checks, NEEDS_TLS};
