/* known_primes.c: the primes of RFC 2409, 3526, 5114 and 7919.
 *
 * The digests are of the primes as big-endian octets without leading zeros. Those of RFC 2409 and
 * 3526 can be computed from their formula, 2^n - 2^(n-64) - 1 + 2^64 ([2^(n-130) pi] + k). */
#include "audit/known_primes.h"

#include <string.h>

#include "base/digest.h"

static const KnownPrime primes[] = {
    {768, "RFC 2409 group 1", "b52ba6a3026520a6c49d37e4587601801bee500123b3259b6bf03e7cecc3e63d"},
    {1024, "RFC 2409 group 2", "3f35a3f5f6c4376a744acad409bb22f8d897f949d2311d885adaa890981b67a0"},
    {1536, "RFC 3526 group 5", "64fcc83ec403930bf18393dbc883ccaa1fbb08ac876f77f7aa99748ca945019b"},
    {2048, "RFC 3526 group 14", "d66436f79bbd6b2e38c0ffbd079be904d2641415e2e67140e09448be9a60890e"},
    {3072, "RFC 3526 group 15", "48cf8b092fbce4359d9871abf74f98e25b6163379eaa15cd9087e800c6d1c55c"},
    {4096, "RFC 3526 group 16", "4ee95187682bcb230ad26a95205f6920e84708f6251b3894329b09ec23919e33"},
    {6144, "RFC 3526 group 17", "d1bfe6d0925ce7e4da262b62861514a7755e35831e429f343e7b864848657efd"},
    {8192, "RFC 3526 group 18", "39ab4feab950a3128fb71accb9fc3965d857012e081998a85996e3ea8b3c3bcf"},
    {2048, "RFC 7919 ffdhe2048",
     "9cd3b7f336872f46c09428d1bbc19877a4d440512cda8d1c1cf0cd6e33698966"},
    {3072, "RFC 7919 ffdhe3072",
     "0eaf67db3a839156d5013494a5318a772b5697d270d721f37f092efc69ea5a17"},
    {4096, "RFC 7919 ffdhe4096",
     "4648414224ac881b3d0dc59b466f96d06a558278776807797ecf1f66ff397b3e"},
    {6144, "RFC 7919 ffdhe6144",
     "227ac9066b3ddd9e193670cda2388fa884f65ba0cf98b742d1fe77a6687c79c7"},
    {8192, "RFC 7919 ffdhe8192",
     "770b14efaf6f049929c523113b3fa99a8d11dab1b18af3609590122075d19833"},
    {1024, "RFC 5114 2.1", "44c55cfee5c075927cf682da5b681bdecbd5c3eb0784c14f5dce7610f0ef133d"},
    {2048, "RFC 5114 2.2", "bfe545862ca102ad1eeddb5fbfa5bf855ac4995c56a8b408ce3fe099dce93a9d"},
    {2048, "RFC 5114 2.3", "0b7835722cb619827610c2549fdda5587421686c4409a13865e76225522ddcc9"},
};

const KnownPrime *known_prime_find(Bytes prime)
{
    while (prime.len > 0 && prime.data[0] == '\0') {
        prime = bytes_sub(prime, 1, prime.len);
    }
    uint8_t digest[DIGEST_MAX];
    digest_compute(DIGEST_SHA256, prime, digest);
    g_autofree char *hex = bytes_hex((Bytes){(const char *)digest, digest_size(DIGEST_SHA256)});
    for (size_t i = 0; i < G_N_ELEMENTS(primes); i++) {
        if (strcmp(primes[i].sha256, hex) == 0) {
            return &primes[i];
        }
    }
    return NULL;
}
