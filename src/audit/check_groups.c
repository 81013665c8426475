/* check_groups.c: what keys are agreed on with: elliptic curves, hybrids, Diffie-Hellman primes. */
#include "audit/family.h"
#include "audit/fixes.h"
#include "audit/known_primes.h"

enum {
    GROUP_P256 = 23,
    GROUP_X25519 = 29,
    WEAK_BITS = 112,  /* of security: what NIST SP 800-57 wants at least */
    DH_BROKEN = 1024, /* a prime of this size or less is within reach of states */
    DH_GOOD = 2048,
};

#define SIGNATURE_ALGORITHMS                                                                       \
    "# in openssl.cnf, where ssl_conf points to:\n"                                                \
    "#   SignatureAlgorithms = ECDSA+SHA256:ECDSA+SHA384:ed25519:RSA-PSS+SHA256:RSA+SHA256"

static bool has_group(const Facts *f, uint16_t id)
{
    for (guint i = 0; i < f->groups->len; i++) {
        if (g_array_index(f->groups, uint16_t, i) == id) {
            return true;
        }
    }
    return false;
}

static char *hybrids(const Facts *f)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < f->groups->len; i++) {
        const HelloName *group = hello_group(g_array_index(f->groups, uint16_t, i));
        if (group != NULL && group->hybrid) {
            evidence_add(text, "%s", group->name);
        }
    }
    return g_string_free(text, FALSE);
}

static void post_quantum(const Facts *f, Findings *out)
{
    g_autofree char *found = hybrids(f);
    if (found[0] != '\0') {
        findings_pass(out, "%s", found);
    } else if (f->hybrid_groups.known != UNKNOWN) {
        findings_from_fact(out, &f->hybrid_groups, NO, "none is offered");
    } else if (f->version[V_TLS13].offered.known == NO) {
        findings_fail(out, "they need TLS 1.3, which is not offered");
    } else if (f->groups_complete.known == YES) {
        findings_fail(out, "none is offered");
    } else {
        findings_unknown(out, "%s", fact_why(&f->hybrid_groups));
    }
}

static void weak(const Facts *f, Findings *out)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < f->groups->len; i++) {
        const HelloName *group = hello_group(g_array_index(f->groups, uint16_t, i));
        if (group != NULL && group->bits > 0 && group->bits < WEAK_BITS) {
            evidence_add(text, "%s (%d bits of security)", group->name, group->bits);
        }
    }
    if (text->len > 0) {
        findings_fail(out, "%s", text->str);
    } else if (f->weak_groups.known == YES) {
        findings_fail(out, "%s", f->weak_groups.why ? f->weak_groups.why : "");
    } else if (f->weak_groups.known == UNKNOWN && f->groups_complete.known != YES) {
        findings_unknown(out, "%s", fact_why(&f->weak_groups));
    }
}

/* Groups matter only where keys are agreed on by elliptic curves, or in TLS 1.3. */
static void usual(const Facts *f, Findings *out)
{
    if (has_group(f, GROUP_X25519) || has_group(f, GROUP_P256)) {
        return;
    }
    g_autofree char *evidence = NULL;
    Known ecdhe = class_offered(f, CLASS_ECDHE, &evidence);
    if (ecdhe == NO && f->version[V_TLS13].offered.known == NO) {
        findings_not_applicable(out);
    } else if (f->groups_complete.known == YES) {
        findings_fail(out, "neither is offered");
    } else {
        findings_unknown(out, "%s", fact_why(&f->groups_complete));
    }
}

/* Is there a prime to judge? True: go on. */
static bool about_dh(const Facts *f, Findings *out)
{
    if (f->dh_bits > 0) {
        return true;
    }
    g_autofree char *evidence = NULL;
    switch (class_offered(f, CLASS_DHE, &evidence)) {
    case NO:
        findings_not_applicable(out);
        break;
    case YES:
        findings_unknown(out, "DHE is offered, but no prime was seen: %s", evidence);
        break;
    case UNKNOWN:
        findings_unknown(out, "%s", evidence);
        break;
    }
    return false;
}

static const KnownPrime *known_prime(const Facts *f)
{
    if (f->dh_prime == NULL) {
        return NULL;
    }
    size_t len = 0;
    const char *data = g_bytes_get_data(f->dh_prime, &len);
    return known_prime_find((Bytes){data, len});
}

static void dh_broken(const Facts *f, Findings *out)
{
    if (about_dh(f, out) && f->dh_bits <= DH_BROKEN) {
        findings_fail(out, "%d bits", f->dh_bits);
    }
}

static void dh_size(const Facts *f, Findings *out)
{
    if (!about_dh(f, out)) {
        return;
    }
    const KnownPrime *prime = known_prime(f);
    if (f->dh_bits < DH_GOOD) {
        findings_fail(out, "%d bits", f->dh_bits);
    } else {
        findings_pass(out, "%d bits, %s", f->dh_bits, prime ? prime->name : "a prime of its own");
    }
}

static void dh_common(const Facts *f, Findings *out)
{
    if (!about_dh(f, out)) {
        return;
    }
    const KnownPrime *prime = known_prime(f);
    if (f->dh_bits > DH_BROKEN) {
        return; /* a common prime is a good thing where it is large: it has been looked at */
    }
    if (f->dh_prime == NULL) {
        findings_unknown(out, "%d bits, but the prime itself was not seen", f->dh_bits);
    } else if (prime != NULL) {
        findings_fail(out, "%s, %d bits", prime->name, prime->bits);
    }
}

#define DH_FIX                                                                                     \
    {                                                                                              \
        .postfix = POSTFIX_DH, .dovecot = DOVECOT_DH, .exim = EXIM_DH                              \
    }

/* SHA-1 and MD5: collisions can be found, and then transcripts be exchanged (SLOTH). */
static char *weak_signatures(const Facts *f)
{
    enum { SIGNATURE_BITS = 80 };
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < f->signatures->len; i++) {
        const HelloName *scheme = hello_signature(g_array_index(f->signatures, uint16_t, i));
        if (scheme != NULL && scheme->bits < SIGNATURE_BITS) {
            evidence_add(text, "%s", scheme->name);
        }
    }
    return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

static void signatures(const Facts *f, Findings *out)
{
    const Fact *tls12 = &f->version[V_TLS12].offered;
    g_autofree char *weak = weak_signatures(f), *ecdhe = NULL, *dhe = NULL;
    if (weak != NULL) {
        findings_fail(out, "%s", weak);
    } else if (f->signatures->len > 0) {
        findings_pass(out, "%u seen, none with SHA-1 or MD5", f->signatures->len);
    } else if (tls12->known == UNKNOWN) {
        findings_unknown(out, "%s", fact_why(tls12));
    } else if (tls12->known == NO || (class_offered(f, CLASS_ECDHE, &ecdhe) == NO &&
                                      class_offered(f, CLASS_DHE, &dhe) == NO)) {
        /* Older versions have no choice, newer ones no bad one; or nothing is signed. */
        findings_not_applicable(out);
    } else {
        findings_unknown(out, "no signature of a key exchange was seen");
    }
}

static const Check checks[] = {
    {
        .id = "groups.signatures",
        .title = "Keys are signed with SHA-1 or MD5",
        .severity = BY_ROLE(LOW, MEDIUM, MEDIUM, LOW),
        .run = signatures,
        .why = "Whoever finds collisions of the digest can put himself between client and server "
               "while they agree on keys. Servers must not sign with these two, whatever a client "
               "offers.",
        .reference = "RFC 9155 4",
        .fix = {.postfix = SIGNATURE_ALGORITHMS,
                .dovecot = SIGNATURE_ALGORITHMS,
                .exim = SIGNATURE_ALGORITHMS},
    },
    {
        .id = "groups.post_quantum",
        .title = "No key exchange that withstands quantum computers",
        .severity = ALWAYS(INFO),
        .run = post_quantum,
        .why = "What is recorded today can be decrypted once large quantum computers exist. Hybrid "
               "groups such as "
               "X25519MLKEM768 protect against that, and cost about a kilobyte.",
        .reference = "draft-ietf-tls-ecdhe-mlkem, RFC 8446 4.2.7",
        .fix = {.postfix = "# needs OpenSSL 3.5 or newer:\n"
                           "tls_eecdh_auto_curves = X25519MLKEM768, X25519, prime256v1, secp384r1",
                .dovecot = "# needs OpenSSL 3.5 or newer:\n"
                           "ssl_curve_list = X25519MLKEM768:X25519:prime256v1:secp384r1"},
    },
    {
        .id = "groups.weak",
        .title = "Weak groups are offered",
        .severity = BY_ROLE(LOW, MEDIUM, MEDIUM, MEDIUM),
        .run = weak,
        .why = "Curves and primes this small are within reach of a determined attacker. They were "
               "dropped from the standards "
               "in 2018, and no client needs them.",
        .reference = "RFC 8422 5.1.1, RFC 9325 4.5",
        .fix = {.postfix = "tls_eecdh_auto_curves = X25519, prime256v1, secp384r1",
                .dovecot = "ssl_curve_list = X25519:prime256v1:secp384r1",
                .exim = "tls_eccurve = auto"},
    },
    {
        .id = "groups.usual",
        .title = "Neither X25519 nor P-256 is offered",
        .severity = ALWAYS(LOW),
        .run = usual,
        .why = "Every TLS client has one of the two, and many have nothing else. Those cannot "
               "connect, or fall back to "
               "something worse.",
        .reference = "RFC 8446 9.1",
        .fix = {.postfix = "tls_eecdh_auto_curves = X25519, prime256v1, secp384r1",
                .dovecot = "ssl_curve_list = X25519:prime256v1:secp384r1",
                .exim = "tls_eccurve = auto"},
    },
    {
        .id = "groups.dh_broken",
        .title = "A Diffie-Hellman prime of 1024 bits or less",
        .severity = BY_ROLE(MEDIUM, HIGH, HIGH, HIGH),
        .run = dh_broken,
        .why = "Primes of this size can be broken with the means of a state, and smaller ones with "
               "much less. Everything "
               "recorded is then readable.",
        .reference = "RFC 9325 4.5, CVE-2015-4000",
        .fix = DH_FIX,
    },
    {
        .id = "groups.dh_size",
        .title = "A Diffie-Hellman prime of less than 2048 bits",
        .severity = BY_ROLE(LOW, MEDIUM, MEDIUM, MEDIUM),
        .run = dh_size,
        .why = "2048 bits are the least that is held to be safe. Clients of today refuse shorter "
               "ones, and then cannot "
               "connect.",
        .reference = "RFC 9325 4.5",
        .flat_id = "DH_groups",
        .fix = DH_FIX,
    },
    {
        .id = "groups.dh_common",
        .title = "A short Diffie-Hellman prime that many servers share",
        .severity = BY_ROLE(MEDIUM, HIGH, HIGH, HIGH),
        .run = dh_common,
        .why = "The costly part of breaking a prime is done once for all servers that use it. For "
               "the common ones of 1024 "
               "bits it has probably been done.",
        .reference = "CVE-2015-4000",
        .flat_id = "LOGJAM-common_primes",
        .fix = DH_FIX,
    },
    {0},
};

const Family family_groups = {"groups", "Key exchange", checks, NEEDS_TLS};
