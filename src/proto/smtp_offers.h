/* smtp_offers.h: what a server's EHLO or LHLO lines mean for a mail transaction. Pure. */
#pragma once

#include "proto/caps.h"

typedef struct {
    bool pipelining, chunking, eight_bit, smtputf8, dsn, require_tls, auth, enhanced_codes;
    bool size;         /* SIZE= is understood (RFC 1870) ... */
    uint64_t size_max; /* ... and this is the most octets; 0: not told */
    /* RFC 9422, 0: no limit told. */
    uint64_t mail_max;        /* transactions a session */
    uint64_t rcpt_max;        /* recipients a transaction */
    uint64_t rcpt_domain_max; /* domains among the recipients of a transaction */
} SmtpOffers;

/* NULL (HELO, or nothing was asked) offers nothing. */
SmtpOffers smtp_offers(const Caps *caps);
