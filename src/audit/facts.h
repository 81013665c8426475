/* facts.h: what probes saw, and nothing of what it means. Probes (probe_*.c) fill it, checks
 * (check_*.c) only read it. Everything can stay unknown, and then says why. Owns all it points to
 * unless said otherwise. */
#pragma once

#include "proto/session.h"
#include "tls/hello.h"

typedef enum { UNKNOWN = 0, NO, YES } Known;

/* One thing that was asked. `why` says why it is unknown, in the peer's own words or alert where
 * there are any; or adds evidence to a yes or no. May be NULL. */
typedef struct {
    Known known;
    char *why;
} Fact;

void fact_set(Fact *fact, Known known, const char *format, ...) G_GNUC_PRINTF(3, 4);
void fact_clear(Fact *fact);

typedef enum {
    ROLE_MX,
    ROLE_SUBMISSION,
    ROLE_ACCESS,
    ROLE_OTHER
} Role; /* 25; 587, 465; IMAP, POP3, sieve; the rest */
const char *role_name(Role role);

typedef enum { V_SSL2, V_SSL3, V_TLS10, V_TLS11, V_TLS12, V_TLS13, V_COUNT } VersionIndex;
const char *version_index_name(VersionIndex v); /* "SSLv2" ... "TLS 1.3" */
uint16_t version_index_wire(VersionIndex v);    /* 0x0002 ... 0x0304 */

/* What one version was found to offer. */
typedef struct {
    Fact offered;
    GArray *suites; /* of uint16_t (SSLv2: uint32_t), in the order in which the server chose them */
    Fact suites_complete; /* YES: there is no other; UNKNOWN: the budget or the server ended the
                             search */
    Fact server_order;    /* the server's preference, not ours, decided */
} VersionFacts;

/* Suites by class, asked for as a class: cheap, and enough for a verdict. */
typedef enum {
    CLASS_NULL,
    CLASS_ANON,
    CLASS_EXPORT,
    CLASS_RC4,
    CLASS_DES,
    CLASS_3DES,
    CLASS_CBC,
    CLASS_RSA_KX,
    CLASS_DHE,
    CLASS_ECDHE,
    CLASS_AEAD,
    CLASS_COUNT
} SuiteClass;
const char *suite_class_name(SuiteClass c);

typedef struct {
    Fact answered;      /* a TLSA answer came */
    bool secure, bogus; /* DNSSEC */
    char *base;         /* "_25._tcp.mx.example.org" */
    GPtrArray *records; /* of TlsaRecord */
    GPtrArray *matches; /* of char*, one a record: "" does not match, else which certificate it
                           matches ("leaf", "issuer 1") */
    Fact verified;      /* OpenSSL's DANE verdict */
    Fact next_verified; /* with --next-cert */
} DaneFacts;

/* One service at one address. */
typedef struct {
    const Target *target; /* borrowed */
    char *name;           /* "smtp://mx.example.org" */
    char *host, *address; /* as named; as dialled */
    uint16_t port;
    Role role;
    gint64 now;    /* seconds since the epoch */
    int warn_days; /* --warn-days: a certificate with fewer days left is one that expires soon; 0:
                      21 */

    Fact reachable, greeted;
    char *greeting;
    gint64 connect_us, greeting_us;
    Fact greet_delayed; /* more than 5 s (postscreen) */

    TlsOffer tls_offer; /* YES too where TLS is from the start */
    bool tls_first;
    char *tls_answer;
    Caps *caps_before, *caps_after;
    Fact command_injection;  /* what was pipelined behind STARTTLS was executed inside TLS
                                (CVE-2011-0411) */
    Fact response_injection; /* bytes came before the handshake */
    Fact login_before_tls; /* a way to log in with a password is offered, or accepted, in the clear
                            */
    Fact tls_enforced;     /* mail or login is refused before TLS */

    TlsPeer *peer; /* of an ordinary handshake, verified against the system's trust; or NULL */
    char *handshake_error;   /* why there is no peer, or NULL */
    unsigned hellos;         /* raw ones that were said beside it */
    unsigned hellos_not_tls; /* ... and what came then was not TLS */
    GPtrArray *chains; /* of TlsPeer-less chains: GPtrArray of TlsCertificate, one a key type served
                          (RSA, ECDSA) */
    Fact chains_complete; /* YES: RSA and ECDSA were each asked for, so there is no other */

    VersionFacts version[V_COUNT];
    Fact suite_class[CLASS_COUNT];
    GArray *groups; /* of uint16_t, found */
    Fact groups_complete;
    Fact hybrid_groups, weak_groups; /* asked for as kinds: post-quantum hybrids; below 112 bits */
    GArray *signatures;              /* of uint16_t */
    int dh_bits;                     /* smallest DHE prime seen; 0: none */
    GBytes *dh_prime;

    Fact secure_renegotiation, client_renegotiation, compression, ems, etm, fallback_scsv;
    Fact resumption_id, resumption_ticket, early_data, sentinel, tls13_intolerant, sni_needed,
        heartbeat;
    int64_t ticket_lifetime; /* seconds, -1 unknown */
    Fact heartbleed, ccs_injection, robot, ticketbleed;
    bool robot_left_out; /* it would have taken more connections than a verdict is worth */
    Fact ocsp_stapled, sct_present;
    int n_sct;

    DaneFacts dane;

    unsigned connections, budget; /* used, allowed */
    GPtrArray *missing; /* of char*: what could not be asked, and why (budget, 421, resets) */
} Facts;

/* All unknown; name, host, port, role, tls_first and the time are set, lists are there and empty.
 * Borrows the target. */
Facts *facts_new(const Target *target);
void facts_free(Facts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Facts, facts_free)

/* A mail domain. */
typedef struct {
    char *host;
    unsigned preference;
    Fact resolves;
    GPtrArray *addresses; /* of char* */
    bool secure;
    bool implicit; /* there is no MX record: this is the domain itself (RFC 5321 5.1) */
} MxFacts;

typedef struct {
    char *service; /* "_imaps._tcp" */
    char *host;
    uint16_t port;
    unsigned priority, weight;
} SrvFacts;

typedef struct {
    char *domain;
    gint64 now;
    Fact exists;    /* NO: NXDOMAIN, and nothing else was asked */
    Fact dnssec;    /* the MX answer was validated */
    bool bogus;     /* it failed validation; then dnssec is NO and says why */
    Fact null_mx;   /* NO with a why: there is one, and it does not count */
    GPtrArray *mx;  /* of MxFacts, by preference */
    GPtrArray *srv; /* of SrvFacts */
    Fact mta_sts_record, mta_sts_policy;
    char *mta_sts_text;        /* the TXT records at _mta-sts, one a line */
    char *mta_sts_policy_text; /* the policy as it was fetched */
    char *mta_sts_id, *mta_sts_mode;
    GPtrArray *mta_sts_mx; /* of char*: patterns */
    int64_t mta_sts_max_age;
    Fact tls_rpt;
    char *tls_rpt_text; /* the TXT records at _smtp._tls, one a line */
    char *tls_rpt_rua;
    Fact spf, dmarc;             /* YES too when there is one too many, or a broken one */
    char *spf_text, *dmarc_text; /* all TXT records of the domain; of _dmarc: one a line */
    Fact autoconfig;
    char *autoconfig_text; /* the file mail programs set themselves up by, as it was fetched */
    GPtrArray *services;   /* of Facts, borrowed: the services checked for this domain */
} DomainFacts;

/* All unknown, lists there and empty. */
DomainFacts *domain_facts_new(const char *domain);
/* New rows, owned by the facts; the rest of them is the caller's to fill. */
MxFacts *domain_facts_add_mx(DomainFacts *facts, const char *host, unsigned preference);
SrvFacts *domain_facts_add_srv(DomainFacts *facts, const char *service, const char *host);
void domain_facts_free(DomainFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DomainFacts, domain_facts_free)
