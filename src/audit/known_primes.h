/* known_primes.h: Diffie-Hellman primes that everybody knows, by their SHA-256. Pure. */
#pragma once

#include "base/bytes.h"

typedef struct {
    int bits;
    const char *name; /* "RFC 3526 group 14" */
    const char *sha256;
} KnownPrime;

/* `prime` is big-endian; leading zeros are no matter. NULL: not one that is known. */
const KnownPrime *known_prime_find(Bytes prime);
