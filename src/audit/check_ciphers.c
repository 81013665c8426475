/* check_ciphers.c: cipher suites, by class and one by one, and whose order counts. TLS 1.3 has good
 * ones only: what is judged here are those of the versions before it. */
#include "audit/family.h"
#include "audit/fixes.h"

static void fails_if_offered(const Facts *f, Findings *out, SuiteClass class)
{
    g_autofree char *evidence = NULL;
    switch (class_offered(f, class, &evidence)) {
    case YES:
        findings_fail(out, "%s", evidence);
        break;
    case UNKNOWN:
        findings_unknown(out, "%s", evidence);
        break;
    case NO:
        break;
    }
}

static void null(const Facts *f, Findings *out)
{
    fails_if_offered(f, out, CLASS_NULL);
}

static void anonymous(const Facts *f, Findings *out)
{
    fails_if_offered(f, out, CLASS_ANON);
}

static void export_grade(const Facts *f, Findings *out)
{
    fails_if_offered(f, out, CLASS_EXPORT);
}

static void rc4(const Facts *f, Findings *out)
{
    fails_if_offered(f, out, CLASS_RC4);
}

static void des(const Facts *f, Findings *out)
{
    fails_if_offered(f, out, CLASS_DES);
}

static void triple_des(const Facts *f, Findings *out)
{
    fails_if_offered(f, out, CLASS_3DES);
}

static void cbc(const Facts *f, Findings *out)
{
    fails_if_offered(f, out, CLASS_CBC);
}

static void static_rsa(const Facts *f, Findings *out)
{
    g_autofree char *evidence = NULL;
    if (f->robot_left_out && class_offered(f, CLASS_RSA_KX, &evidence) == YES) {
        findings_fail(out, "%s; whether it gives way to ROBOT is asked with --full", evidence);
        return;
    }
    fails_if_offered(f, out, CLASS_RSA_KX);
}

/* Passes when either class is there or TLS 1.3, which has nothing else. */
static void needs_one_of(const Facts *f, Findings *out, SuiteClass one, SuiteClass other)
{
    const Fact *tls13 = &f->version[V_TLS13].offered;
    g_autofree char *first = NULL, *second = NULL;
    Known a = class_offered(f, one, &first);
    Known b = class_offered(f, other, &second);
    if (tls13->known == YES || a == YES || b == YES) {
        return;
    }
    if (tls13->known == NO && a == NO && b == NO) {
        findings_fail(out, "none is offered");
    } else {
        findings_unknown(out, "%s", a == UNKNOWN ? first : b == UNKNOWN ? second : fact_why(tls13));
    }
}

static void forward_secrecy(const Facts *f, Findings *out)
{
    needs_one_of(f, out, CLASS_ECDHE, CLASS_DHE);
}

static void aead(const Facts *f, Findings *out)
{
    needs_one_of(f, out, CLASS_AEAD, CLASS_AEAD);
}

static bool is_good(const Suite *suite)
{
    return suite != NULL && suite->aead && !suite->anonymous &&
           (suite->key_exchange == SUITE_KX_ECDHE || suite->key_exchange == SUITE_KX_DHE);
}

/* The list is complete, and no choice from it would be a bad one. */
static bool all_good(const VersionFacts *version)
{
    bool good = version->suites_complete.known == YES;
    for (guint i = 0; i < version->suites->len; i++) {
        good = good && is_good(hello_suite(g_array_index(version->suites, uint16_t, i)));
    }
    return good;
}

/* Judges one version; adds to what is wrong or unknown. */
static void judge_order(const VersionFacts *version, const char *name, GString *bad,
                        GString *unknown)
{
    bool no_choice = version->suites_complete.known == YES && version->suites->len < 2;
    if (version->offered.known == NO || version->server_order.known == YES || no_choice) {
        return;
    }
    if (version->offered.known == UNKNOWN) {
        evidence_add(unknown, "%s: %s", name, fact_why(&version->offered));
    } else if (version->server_order.known == UNKNOWN) {
        evidence_add(unknown, "%s: %s", name, fact_why(&version->server_order));
    } else if (!all_good(version)) {
        evidence_add(bad, "%s", name);
    }
}

static void order(const Facts *f, Findings *out)
{
    g_autoptr(GString) bad = g_string_new(NULL);
    g_autoptr(GString) unknown = g_string_new(NULL);
    for (int v = V_SSL3; v <= V_TLS12; v++) {
        judge_order(&f->version[v], version_index_name((VersionIndex)v), bad, unknown);
    }
    if (bad->len > 0) {
        findings_fail(out, "the client's order decides in %s", bad->str);
    } else if (unknown->len > 0) {
        findings_unknown(out, "%s", unknown->str);
    }
}

/* A weaker suite stands before a good one, and the server's order decides. */
static void order_sense(const Facts *f, Findings *out)
{
    g_autoptr(GString) bad = g_string_new(NULL);
    for (int v = V_SSL3; v <= V_TLS12; v++) {
        const VersionFacts *version = &f->version[v];
        const Suite *first = NULL;
        for (guint i = 0; version->server_order.known == YES && i < version->suites->len; i++) {
            const Suite *suite = hello_suite(g_array_index(version->suites, uint16_t, i));
            first = i == 0 ? suite : first;
            if (first != NULL && !is_good(first) && is_good(suite)) {
                evidence_add(bad, "%s: %s before %s", version_index_name((VersionIndex)v),
                             first->name, suite->name);
                break;
            }
        }
    }
    if (bad->len > 0) {
        findings_fail(out, "%s", bad->str);
        return;
    }
    const VersionFacts *best = &f->version[V_TLS12];
    if (best->offered.known == UNKNOWN) {
        findings_unknown(out, "%s", fact_why(&best->offered));
    } else if (best->offered.known == NO || best->server_order.known == NO) {
        findings_not_applicable(
            out); /* good suites are of TLS 1.2; or there is no order of the server's */
    } else if (best->server_order.known == UNKNOWN || best->suites->len == 0) {
        findings_unknown(out, "%s", fact_why(&best->server_order));
    }
}

static const Check checks[] = {
    {
        .id = "ciphers.null",
        .title = "Suites that do not encrypt are offered",
        .severity = BY_ROLE(MEDIUM, CRITICAL, CRITICAL, HIGH),
        .run = null,
        .why = "What is said with a NULL suite can be read by anybody, while both sides believe "
               "that they use TLS. Passwords "
               "go out that way.",
        .reference = "RFC 9325 4.1",
        .flat_id = "cipherlist_NULL",
        .fix = {.postfix = POSTFIX_EXCLUDE,
                .dovecot = DOVECOT_CIPHERS,
                .exim = EXIM_CIPHERS,
                .exchange = EXCHANGE_CIPHER("NULL")},
    },
    {
        .id = "ciphers.anonymous",
        .title = "Suites without a certificate are offered",
        .severity = BY_ROLE(INFO, HIGH, HIGH, MEDIUM),
        .run = anonymous,
        .why = "Without a certificate nobody knows whom he talks to, and an attacker in between "
               "goes unnoticed. Between mail "
               "servers that do not look at certificates anyway nothing is lost by it; where "
               "passwords go, everything is.",
        .reference = "RFC 9325 4.1, RFC 7435",
        .flat_id = "cipherlist_aNULL",
        .fix = {.postfix = "smtpd_tls_mandatory_exclude_ciphers = aNULL\n"
                           "# on port 25 they do no harm; if a report must be empty:\n"
                           "smtpd_tls_exclude_ciphers = aNULL",
                .dovecot = DOVECOT_CIPHERS,
                .exim = EXIM_CIPHERS},
    },
    {
        .id = "ciphers.export",
        .title = "EXPORT suites are offered",
        .severity = BY_ROLE(MEDIUM, HIGH, HIGH, HIGH),
        .run = export_grade,
        .why = "These were made weak by law in the 1990s, and a single computer breaks them. "
               "Attackers can trick clients that "
               "know better into using them (FREAK, Logjam).",
        .reference = "RFC 9325 4.1",
        .flat_id = "cipherlist_EXPORT",
        .fix = {.postfix = POSTFIX_EXCLUDE, .dovecot = DOVECOT_CIPHERS, .exim = EXIM_CIPHERS},
    },
    {
        .id = "ciphers.rc4",
        .title = "RC4 is offered",
        .severity = BY_ROLE(LOW, MEDIUM, MEDIUM, MEDIUM),
        .run = rc4,
        .why = "RC4 leaks: what is sent again and again, such as a password, can be recovered from "
               "many connections. It has "
               "been forbidden since 2015.",
        .reference = "RFC 7465, CVE-2013-2566, CVE-2015-2808",
        .flat_id = "RC4",
        .fix = {.postfix = POSTFIX_EXCLUDE,
                .dovecot = DOVECOT_CIPHERS,
                .exim = EXIM_CIPHERS,
                .exchange = EXCHANGE_CIPHER("RC4 128/128")},
    },
    {
        .id = "ciphers.des",
        .title = "Single DES is offered",
        .severity = BY_ROLE(MEDIUM, HIGH, HIGH, HIGH),
        .run = des,
        .why = "A key of 56 bits is found by trying them all, in a day and for little money. No "
               "client of the last twenty "
               "years needs it.",
        .reference = "RFC 5469, RFC 9325 4.1",
        .flat_id = "cipherlist_LOW",
        .fix = {.postfix = POSTFIX_EXCLUDE,
                .dovecot = DOVECOT_CIPHERS,
                .exim = EXIM_CIPHERS,
                .exchange = EXCHANGE_CIPHER("DES 56/56")},
    },
    {
        .id = "ciphers.3des",
        .title = "3DES is offered",
        .severity = BY_ROLE(LOW, MEDIUM, MEDIUM, MEDIUM),
        .run = triple_des,
        .why = "3DES is slow, and its small blocks leak in long sessions (Sweet32). Whoever knows "
               "it knows AES too.",
        .reference = "RFC 9325 4.1, CVE-2016-2183",
        .flat_id = "cipherlist_3DES_IDEA",
        .fix = {.postfix = POSTFIX_EXCLUDE,
                .dovecot = DOVECOT_CIPHERS,
                .exim = EXIM_CIPHERS,
                .exchange = EXCHANGE_CIPHER("Triple DES 168")},
    },
    {
        .id = "ciphers.cbc",
        .title = "Suites in CBC mode are offered",
        .severity = ALWAYS(INFO),
        .run = cbc,
        .why = "CBC as TLS uses it has been attacked again and again (BEAST, Lucky 13, POODLE), "
               "and has to be programmed with "
               "great care. It is kept for old clients only; authenticated encryption comes first.",
        .reference = "RFC 9325 4.2",
        .flat_id = "cipherlist_OBSOLETED",
    },
    {
        .id = "ciphers.static_rsa",
        .title = "Key exchange by static RSA is offered",
        .severity = BY_ROLE(INFO, LOW, LOW, LOW),
        .run = static_rsa,
        .why = "Whoever gets the server's key later can decrypt everything recorded until then. "
               "The exchange itself is also "
               "what the ROBOT attacks go against.",
        .reference = "RFC 9325 4.1",
        .fix =
            {.postfix = "smtpd_tls_exclude_ciphers = kRSA",
             .dovecot = DOVECOT_CIPHERS,
             .exim =
                 "tls_require_ciphers = HIGH:!kRSA:!aNULL:!eNULL:!3DES:!RC4:!MD5:!PSK:!SRP:!DSS\n"
                 "# built with GnuTLS (Debian): tls_require_ciphers = NORMAL:-RSA"},
    },
    {
        .id = "ciphers.forward_secrecy",
        .title = "No forward secrecy",
        .severity = BY_ROLE(MEDIUM, HIGH, HIGH, MEDIUM),
        .run = forward_secrecy,
        .why = "Every session is protected by the server's one long-lived key. Whoever records "
               "traffic today and gets that key "
               "in ten years reads it all.",
        .reference = "RFC 9325 4.1",
        .flat_id = "FS",
        .fix = {.postfix = "smtpd_tls_eecdh_grade = auto",
                .dovecot = DOVECOT_CIPHERS,
                .exim = "tls_eccurve = auto"},
    },
    {
        .id = "ciphers.aead",
        .title = "No authenticated encryption",
        .severity = BY_ROLE(LOW, MEDIUM, MEDIUM, MEDIUM),
        .run = aead,
        .why = "Only AES-GCM, AES-CCM and ChaCha20-Poly1305 are free of the flaws of the older "
               "modes. A server without them "
               "runs a TLS library from before 2012, or a cipher list of that time.",
        .reference = "RFC 9325 4.2",
        .fix = {.dovecot = DOVECOT_CIPHERS,
                .exim = EXIM_CIPHERS,
                .postfix = "smtpd_tls_ciphers = medium"},
    },
    {
        .id = "ciphers.order",
        .title = "The client's order of suites decides",
        .severity = BY_ROLE(INFO, LOW, LOW, LOW),
        .run = order,
        .why = "With weak suites among those offered, a badly configured client gets the weak one "
               "although a better one is "
               "there. Where all are good it does not matter whose order it is.",
        .reference = "RFC 9325 4.2.1",
        .flat_id = "cipher_order",
        .fix = {.postfix = "tls_preempt_cipherlist = yes",
                .dovecot = "ssl_prefer_server_ciphers = yes\n"
                           "# Dovecot 2.4: ssl_server_prefer_ciphers = server",
                .exim = "openssl_options = +cipher_server_preference"},
    },
    {
        .id = "ciphers.order_sense",
        .title = "The server prefers a weaker suite to a good one",
        .severity = BY_ROLE(LOW, MEDIUM, MEDIUM, MEDIUM),
        .run = order_sense,
        .why = "Clients that could do better get the weaker suite, because the server insists on "
               "its order. That order was "
               "probably written many years ago.",
        .reference = "RFC 9325 4.2.1",
        .fix = {.dovecot = DOVECOT_CIPHERS,
                .exim = EXIM_CIPHERS,
                .postfix = "smtpd_tls_ciphers = medium"},
    },
    {0},
};

const Family family_ciphers = {"ciphers", "Cipher suites", checks, NEEDS_TLS};
