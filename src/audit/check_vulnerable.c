/* check_vulnerable.c: attacks with names: those a safe probe tries, and those that follow from
 * other facts. */
#include "audit/family.h"
#include "audit/fixes.h"

static void heartbleed(const Facts *f, Findings *out)
{
    if (f->heartbleed.known == UNKNOWN && f->heartbeat.known == NO) {
        findings_pass(out, "the heartbeat extension is not offered");
        return;
    }
    findings_from_fact(out, &f->heartbleed, YES, "");
}

static void ccs(const Facts *f, Findings *out)
{
    if (old_tls_offered(f) == NO) {
        findings_not_applicable(out);
        return;
    }
    findings_from_fact(out, &f->ccs_injection, YES, "");
}

static void robot(const Facts *f, Findings *out)
{
    g_autofree char *evidence = NULL;
    if (f->robot.known == UNKNOWN && class_offered(f, CLASS_RSA_KX, &evidence) == NO) {
        findings_pass(out, "key exchange by static RSA is not offered");
        return;
    }
    if (f->robot.known == UNKNOWN && f->robot_left_out) {
        findings_not_applicable(out); /* static RSA has a row of its own; nothing is claimed */
        return;
    }
    findings_from_fact(out, &f->robot, YES, "");
}

static void ticketbleed(const Facts *f, Findings *out)
{
    if (f->ticketbleed.known == UNKNOWN && f->resumption_ticket.known == NO) {
        findings_pass(out, "tickets are not given");
        return;
    }
    findings_from_fact(out, &f->ticketbleed, YES, "");
}

static void drown(const Facts *f, Findings *out)
{
    findings_from_fact(out, &f->version[V_SSL2].offered, YES, "");
}

/* Two conditions that must both hold. */
static void fails_if_both(Findings *out, Known a, const char *why_a, Known b, const char *why_b)
{
    if (a == YES && b == YES) {
        findings_fail(out, "%s%s%s", why_a, why_a[0] && why_b[0] ? ", " : "", why_b);
    } else if (a != NO && b != NO) {
        findings_unknown(out, "%s", a == UNKNOWN ? why_a : why_b);
    }
}

/* Either is enough. */
static void fails_if_either(Findings *out, Known a, const char *why_a, Known b, const char *why_b)
{
    if (a == YES || b == YES) {
        findings_fail(out, "%s%s%s", a == YES ? why_a : "",
                      a == YES && b == YES && why_a[0] && why_b[0] ? ", " : "",
                      b == YES ? why_b : "");
    } else if (a == UNKNOWN || b == UNKNOWN) {
        findings_unknown(out, "%s", a == UNKNOWN ? why_a : why_b);
    }
}

static void sweet32(const Facts *f, Findings *out)
{
    g_autofree char *triple = NULL, *single = NULL;
    Known a = class_offered(f, CLASS_3DES, &triple);
    Known b = class_offered(f, CLASS_DES, &single);
    fails_if_either(out, a, triple, b, single);
}

/* EXPORT suites whose key exchange is the one asked for. That there are some of the class does not
 * tell which. */
static Known export_with(const Facts *f, SuiteKeyExchange kx, char **ret_evidence)
{
    g_autofree char *evidence = NULL;
    Known any = class_offered(f, CLASS_EXPORT, &evidence);
    g_autoptr(GString) found = g_string_new(NULL);
    for (int v = V_SSL3; v <= V_TLS12; v++) {
        const GArray *suites = f->version[v].suites;
        for (guint i = 0; i < suites->len; i++) {
            const Suite *suite = hello_suite(g_array_index(suites, uint16_t, i));
            if (suite != NULL && suite->export_grade && suite->key_exchange == kx) {
                evidence_add(found, "%s in %s", suite->name, version_index_name((VersionIndex)v));
            }
        }
    }
    if (found->len > 0) {
        *ret_evidence = g_strdup(found->str);
        return YES;
    }
    if (any == NO || suite_lists_complete(f)) {
        *ret_evidence = g_strdup("");
        return NO;
    }
    *ret_evidence = any == UNKNOWN
                        ? g_steal_pointer(&evidence)
                        : g_strdup("EXPORT suites are offered, not all of them are known");
    return UNKNOWN;
}

static void freak(const Facts *f, Findings *out)
{
    g_autofree char *evidence = NULL;
    Known known = export_with(f, SUITE_KX_RSA, &evidence);
    fails_if_both(out, known, evidence, YES, "");
}

/* The finite field's part: EXPORT with DHE, or a prime that is broken anyway. */
static void logjam(const Facts *f, Findings *out)
{
    g_autofree char *evidence = NULL, *dhe = NULL;
    Known export_dhe = export_with(f, SUITE_KX_DHE, &evidence);
    Known offered = class_offered(f, CLASS_DHE, &dhe);
    Known small = f->dh_bits > 0 ? (f->dh_bits <= 1024 ? YES : NO) : offered == NO ? NO : UNKNOWN;
    g_autofree char *bits = f->dh_bits > 0 ? g_strdup_printf("a prime of %d bits", f->dh_bits)
                                           : g_strdup("no Diffie-Hellman prime was seen");
    fails_if_either(out, export_dhe, evidence, small, bits);
}

static Known one_of(const Fact *a, const Fact *b)
{
    return a->known == YES || b->known == YES ? YES
           : a->known == NO && b->known == NO ? NO
                                              : UNKNOWN;
}

static void beast(const Facts *f, Findings *out)
{
    const Fact *ssl3 = &f->version[V_SSL3].offered, *tls10 = &f->version[V_TLS10].offered;
    g_autofree char *suites = NULL;
    Known old = one_of(ssl3, tls10);
    Known cbc = class_offered(f, CLASS_CBC, &suites);
    fails_if_both(out, old, old == UNKNOWN ? fact_why(tls10->known == UNKNOWN ? tls10 : ssl3) : "",
                  cbc, suites);
}

static void lucky13(const Facts *f, Findings *out)
{
    g_autofree char *suites = NULL;
    Known cbc = class_offered(f, CLASS_CBC, &suites);
    Known bare = f->etm.known == YES ? NO : f->etm.known == NO ? YES : UNKNOWN;
    fails_if_both(out, cbc, suites, bare, bare == UNKNOWN ? fact_why(&f->etm) : "");
}

static void poodle(const Facts *f, Findings *out)
{
    const Fact *ssl3 = &f->version[V_SSL3].offered;
    g_autofree char *suites = NULL;
    Known cbc = class_offered(f, CLASS_CBC, &suites);
    fails_if_both(out, ssl3->known, ssl3->known == UNKNOWN ? fact_why(ssl3) : "", cbc, suites);
}

static void crime(const Facts *f, Findings *out)
{
    if (f->compression.known == UNKNOWN && old_tls_offered(f) == NO) {
        findings_pass(out, "TLS 1.3 has no compression");
        return;
    }
    findings_from_fact(out, &f->compression, YES, "");
}

static const Check checks[] = {
    {
        .id = "vulnerable.heartbleed",
        .title = "Heartbleed: the server's memory can be read",
        .severity = ALWAYS(CRITICAL),
        .run = heartbleed,
        .why = "Anybody can read pieces of the server's memory, with passwords and its private key "
               "among them, and leaves no trace. "
               "After the update the key and all passwords have to be changed.",
        .reference = "CVE-2014-0160",
        .flat_id = "heartbleed",
        .fix = {.postfix = "# update OpenSSL to 1.0.1g or newer, restart, renew key and passwords",
                .dovecot = "# update OpenSSL to 1.0.1g or newer, restart, renew key and passwords",
                .exim = "# update OpenSSL to 1.0.1g or newer, restart, renew key and passwords"},
    },
    {
        .id = "vulnerable.ccs",
        .title = "CCS injection: keys can be forced to be weak",
        .severity = ALWAYS(HIGH),
        .run = ccs,
        .why = "An attacker in between makes both sides use keys that he knows, and reads and "
               "changes everything. It needs an old "
               "OpenSSL at both ends.",
        .reference = "CVE-2014-0224",
        .flat_id = "CCS",
        .fix = {.postfix = "# update OpenSSL to 1.0.1h, 1.0.0m, 0.9.8za or newer, restart",
                .dovecot = "# update OpenSSL to 1.0.1h, 1.0.0m, 0.9.8za or newer, restart",
                .exim = "# update OpenSSL to 1.0.1h, 1.0.0m, 0.9.8za or newer, restart"},
    },
    {
        .id = "vulnerable.robot",
        .title = "ROBOT: the server decrypts for attackers",
        .severity = ALWAYS(HIGH),
        .run = robot,
        .why = "From how the server answers wrong messages an attacker learns enough to decrypt "
               "recorded sessions, or to sign in its "
               "name. Without key exchange by static RSA there is nothing to attack.",
        .reference = "CVE-2017-13099, RFC 9325 4.1",
        .flat_id = "ROBOT",
        .fix =
            {.postfix = "smtpd_tls_exclude_ciphers = kRSA",
             .dovecot = DOVECOT_CIPHERS,
             .exim =
                 "tls_require_ciphers = HIGH:!kRSA:!aNULL:!eNULL:!3DES:!RC4:!MD5:!PSK:!SRP:!DSS"},
    },
    {
        .id = "vulnerable.ticketbleed",
        .title = "Ticketbleed: the server's memory can be read, a little at a time",
        .severity = ALWAYS(HIGH),
        .run = ticketbleed,
        .why = "A load balancer (F5 BIG-IP) in front of the server gives away 31 octets of its "
               "memory at a time. Keys of other "
               "sessions may be among them.",
        .reference = "CVE-2016-9244",
        .flat_id = "ticketbleed",
    },
    {
        .id = "vulnerable.drown",
        .title = "DROWN: SSLv2 opens the sessions of newer versions",
        .severity = ALWAYS(HIGH),
        .run = drown,
        .why = "With the help of SSLv2 recorded TLS sessions that used the same RSA key can be "
               "decrypted. That holds for every server "
               "with this key, also those that have no SSLv2 themselves.",
        .reference = "CVE-2016-0800, CVE-2016-0703",
        .flat_id = "DROWN",
        .fix = {.postfix = POSTFIX_PROTOCOLS,
                .dovecot = DOVECOT_PROTOCOLS,
                .exim = EXIM_PROTOCOLS,
                .exchange = EXCHANGE_PROTOCOL("SSL 2.0")},
    },
    {
        .id = "vulnerable.sweet32",
        .title = "SWEET32: blocks of 64 bits",
        .severity = BY_ROLE(INFO, LOW, LOW, LOW),
        .run = sweet32,
        .why = "After some 32 GB within one session with 3DES, parts of it can be guessed. Mail "
               "sessions are hardly ever that long.",
        .reference = "CVE-2016-2183, CVE-2016-6329",
        .flat_id = "SWEET32",
        .fix = {.postfix = POSTFIX_EXCLUDE,
                .dovecot = DOVECOT_CIPHERS,
                .exim = EXIM_CIPHERS,
                .exchange = EXCHANGE_CIPHER("Triple DES 168")},
    },
    {
        .id = "vulnerable.freak",
        .title = "FREAK: RSA keys of 512 bits",
        .severity = BY_ROLE(MEDIUM, HIGH, HIGH, HIGH),
        .run = freak,
        .why = "An attacker makes a client that has the bug take a key of 512 bits, and breaks it "
               "in hours. The bug is on the "
               "client's side, but a server without EXPORT suites leaves nothing to gain.",
        .reference = "CVE-2015-0204",
        .flat_id = "FREAK",
        .fix = {.postfix = POSTFIX_EXCLUDE, .dovecot = DOVECOT_CIPHERS, .exim = EXIM_CIPHERS},
    },
    {
        .id = "vulnerable.logjam",
        .title = "Logjam: Diffie-Hellman with short primes",
        .severity = BY_ROLE(MEDIUM, HIGH, HIGH, HIGH),
        .run = logjam,
        .why = "An attacker who has done the costly part of the work once breaks each connection "
               "with this prime in minutes. With "
               "DHE EXPORT suites he brings down clients that would have used something better.",
        .reference = "CVE-2015-4000",
        .flat_id = "LOGJAM",
        .fix = {.postfix = POSTFIX_DH, .dovecot = DOVECOT_DH, .exim = EXIM_DH},
    },
    {
        .id = "vulnerable.beast",
        .title = "BEAST: CBC in TLS 1.0 and before",
        .severity = BY_ROLE(INFO, LOW, LOW, LOW),
        .run = beast,
        .why = "Who can make a client send chosen text can find out secrets in the same session. "
               "In mail that is far-fetched, and "
               "clients have countermeasures since 2012.",
        .reference = "CVE-2011-3389",
        .flat_id = "BEAST",
        .fix = {.postfix = POSTFIX_PROTOCOLS, .dovecot = DOVECOT_PROTOCOLS, .exim = EXIM_PROTOCOLS},
    },
    {
        .id = "vulnerable.lucky13",
        .title = "Lucky 13: CBC without encrypt-then-MAC",
        .severity = ALWAYS(INFO),
        .run = lucky13,
        .why = "The time a server takes to notice a forged message tells about its contents. TLS "
               "libraries hide that difference "
               "since 2013, so this is a hint at old suites rather than at a hole.",
        .reference = "CVE-2013-0169",
        .flat_id = "LUCKY13",
        .fix = {.dovecot = DOVECOT_CIPHERS},
    },
    {
        .id = "vulnerable.poodle",
        .title = "POODLE: SSLv3 with CBC",
        .severity = BY_ROLE(LOW, MEDIUM, MEDIUM, MEDIUM),
        .run = poodle,
        .why = "An attacker who can make a client repeat its request decrypts it octet by octet. "
               "Mail programs do not repeat so "
               "willingly as browsers, but SSLv3 has no other suites worth having.",
        .reference = "CVE-2014-3566",
        .flat_id = "POODLE_SSL",
        .fix = {.postfix = POSTFIX_PROTOCOLS,
                .dovecot = DOVECOT_PROTOCOLS,
                .exim = EXIM_PROTOCOLS,
                .exchange = EXCHANGE_PROTOCOL("SSL 3.0")},
    },
    {
        .id = "vulnerable.crime",
        .title = "CRIME: compression inside TLS",
        .severity = ALWAYS(LOW),
        .run = crime,
        .why = "Who can put text of his own beside a secret learns the secret from the length of "
               "what is sent. A message somebody "
               "sends you, fetched in the same session as your password, is such a text.",
        .reference = "CVE-2012-4929",
        .flat_id = "CRIME_TLS",
        .fix = {.postfix = "tls_ssl_options = NO_COMPRESSION",
                .dovecot = "ssl_options = no_compression",
                .exim = "openssl_options = +no_compression"},
    },
    {0},
};

const Family family_vulnerable = {"vulnerable", "Known attacks", checks, NEEDS_TLS};
