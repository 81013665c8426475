/* dns_ask.h: what dns.c offers to the lookup of addresses, beside dns.h; nobody outside io/
 * includes it. */
#pragma once

#include "io/dns.h"

typedef struct {
    int type;
    DnsAnswer *answer; /* the caller's; NULL when none came */
    GError *error;     /* the caller's; why none came */
} DnsQuestion;

#define DNS_QUESTIONS_MAX 2

/* Asks several questions about one name at once. When one of them is answered with records the
 * others have `grace` seconds more. Each has an answer or an error afterwards. Suspends. */
void dns_ask(Dns *dns, const char *name, DnsQuestion *questions, size_t n, double grace,
             Deadline deadline);

/* "192.0.2.53" or "192.0.2.53, 192.0.2.54": for messages. Borrowed. */
const char *dns_whom(Dns *dns);
/* The contents of /etc/hosts, read once. Borrowed. */
Bytes dns_hosts(Dns *dns);
/* Domains to search for names of one label, of char *. Borrowed. */
const GPtrArray *dns_search(Dns *dns);
