/* dns.h: all name resolution: libunbound, its descriptor waited for by io_wait. The only file pair
 * that knows libunbound.
 *
 * /etc/hosts is honoured for addresses, /etc/resolv.conf for which resolver to ask and, for names
 * of a single label, where to search. Answers are validated when there is a trust anchor
 * (--dns-anchor, or Debian's root key). A resolver that strips DNSSEC makes everything bogus: when
 * not even the root's own key validates and the anchor is only the system's, all types but TLSA are
 * asked for again without validating, and are not `secure`. With an anchor of the user's there is
 * no such mercy.
 *
 * libunbound is loaded and its thread started by the first question, not before. One Dns a thread;
 * any number of tasks of that thread may ask at once. */
#pragma once

#include <sys/socket.h>

#include "base/bytes.h"
#include "io/io.h"

typedef struct Dns Dns;

typedef struct {
    const char *server;      /* "ADDR[@PORT]"; NULL: /etc/resolv.conf */
    const char *anchor_file; /* NULL: the system's root key if there is one */
    const char *resolv_conf; /* NULL: /etc/resolv.conf */
    const char *hosts_file;  /* NULL: /etc/hosts */
} DnsConfig;

enum {
    DNS_A = 1,
    DNS_CNAME = 5,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_TLSA = 52
};

typedef struct {
    GPtrArray *records; /* of GBytes: rdata in wire form */
    char *canonical;    /* the name after CNAMEs, or NULL */
    int rcode;          /* 0 NOERROR, 3 NXDOMAIN ... */
    bool secure;        /* validated to the trust anchor */
    bool bogus;         /* validation failed: records must not be used */
    char *why_bogus;
    uint32_t ttl; /* seconds */
} DnsAnswer;

void dns_answer_free(DnsAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnsAnswer, dns_answer_free)

/* No I/O yet. Fails with CONFIG for a server or anchor that cannot be used. */
Dns *dns_new(const DnsConfig *config, GError **error);
void dns_free(Dns *dns);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dns, dns_free)

/* One question. NXDOMAIN, no data and bogus are answers, not errors; a resolver that does not
 * answer within 10 s or says SERVFAIL is TEMPFAIL, a deadline that comes sooner TIMEOUT; no
 * resolver at all fails at once with CONFIG. Suspends. */
DnsAnswer *dns_query(Dns *dns, const char *name, int type, Deadline deadline, GError **error);

typedef struct {
    struct sockaddr_storage address; /* port 0 */
    socklen_t len;
} DnsAddress;

typedef struct {
    /* Of DnsAddress, in the order to try: IPv6 and IPv4 interleaved (RFC 8305). */
    GArray *addresses;
    char *canonical; /* as in DnsAnswer */
    bool secure; /* every step was validated; a literal and what /etc/hosts says count as such */
} DnsAddresses;

void dns_addresses_free(DnsAddresses *addresses);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnsAddresses, dns_addresses_free)

/* Addresses of a host: a literal, /etc/hosts, loopback for "localhost" (RFC 6761), then A and AAAA
 * at once; when one of them has come the other has a second to come too. family is AF_UNSPEC,
 * AF_INET or AF_INET6. Fails with NO_HOST (naming who was asked), INSECURE when the answer is
 * bogus, TEMPFAIL, TIMEOUT, CONFIG. Suspends. */
DnsAddresses *dns_addresses(Dns *dns, const char *host, int family, Deadline deadline,
                            GError **error);

/* "192.0.2.1" or "2001:db8::1", without the port. The caller frees it. */
char *dns_address_text(const struct sockaddr *address);
