/* check_cert.c: the certificates a server shows, each kind of key it has one for: for whom they
 * are, who vouches for them, and how strong they are. */
#include <string.h>

#include "audit/cert_names.h"
#include "audit/check_cert.h"
#include "audit/family.h"
#include "audit/fixes.h"

enum { NAMES_SHOWN = 5, RSA_BITS = 2048, EC_BITS = 224 };

bool certs_seen(const Facts *f, Findings *out)
{
    g_autoptr(GPtrArray) chains = facts_chains(f);
    if (chains->len > 0) {
        return true;
    }
    findings_unknown(out, "no certificate was seen%s%s", f->handshake_error ? ": " : "",
                     f->handshake_error ? f->handshake_error : "");
    return false;
}

void certs_fail_if_any(const Facts *f, Findings *out, PerCertificate judge)
{
    if (!certs_seen(f, out)) {
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

char *certs_which(const TlsCertificate *certificate, bool is_leaf)
{
    if (is_leaf) {
        return g_strdup_printf("the %s certificate", certificate->key_type);
    }
    return g_strdup_printf("the issuer %s", certificate->subject);
}

bool certs_are_public(const Facts *f)
{
    return f->peer != NULL && f->peer->verified && f->peer->trust == TLS_TRUST_PKIX;
}

static char *first_line(const char *text)
{
    return g_strndup(text, strcspn(text, "\n"));
}

bool certs_error_is_one_of(int number, const int *numbers, size_t count)
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
        certs_error_is_one_of(f->peer->verify_error, other_rows, G_N_ELEMENTS(other_rows))) {
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
        g_autofree char *shown = certs_which(certificate, true);
        evidence_add(bad, "%s is for %s, not for %s", shown, names, f->host);
    }
}

static void name(const Facts *f, Findings *out)
{
    certs_fail_if_any(f, out, bears_name);
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
    certs_fail_if_any(f, out, in_common_name);
}

static void has_weak_key(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                         GString *bad)
{
    (void)f;
    const char *type = certificate->key_type;
    bool rsa = g_str_has_prefix(type, "RSA"), ec = g_str_has_prefix(type, "EC ");
    if ((rsa && certificate->key_bits < RSA_BITS) || (ec && certificate->key_bits < EC_BITS) ||
        strcmp(type, "DSA") == 0) {
        g_autofree char *shown = certs_which(certificate, is_leaf);
        evidence_add(bad, "%s has a key of %s, %d bits", shown, type, certificate->key_bits);
    }
}

static void key_size(const Facts *f, Findings *out)
{
    certs_fail_if_any(f, out, has_weak_key);
}

static void has_weak_signature(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                               GString *bad)
{
    (void)f;
    g_autofree char *signature = g_ascii_strdown(certificate->signature, -1);
    bool weak = strstr(signature, "md5") || strstr(signature, "sha1") || strstr(signature, "md2") ||
                strstr(signature, "md4");
    if (weak && !certificate->self_signed) {
        g_autofree char *shown = certs_which(certificate, is_leaf);
        evidence_add(bad, "%s is signed by %s", shown, certificate->signature);
    }
}

static void signature(const Facts *f, Findings *out)
{
    certs_fail_if_any(f, out, has_weak_signature);
}

static void is_self_signed(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                           GString *bad)
{
    (void)f;
    if (is_leaf && certificate->self_signed) {
        g_autofree char *shown = certs_which(certificate, true);
        evidence_add(bad, "%s", shown);
    }
}

static void self_signed(const Facts *f, Findings *out)
{
    certs_fail_if_any(f, out, is_self_signed);
}

static void is_authority(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                         GString *bad)
{
    (void)f;
    if (is_leaf && certificate->is_ca && !certificate->self_signed) {
        g_autofree char *shown = certs_which(certificate, true);
        evidence_add(bad, "%s", shown);
    }
}

static void leaf_is_ca(const Facts *f, Findings *out)
{
    certs_fail_if_any(f, out, is_authority);
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
    {0},
};

const Family family_cert = {"cert", "Certificates", checks, NEEDS_TLS};
