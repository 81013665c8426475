/* check_cert.h: what the files about certificates share. Private to audit/. */
#pragma once

#include "audit/check.h"

/* OpenSSL's numbers, which are part of its interface; TlsPeer.verify_error has the first problem,
 * and those of the chain come before those of name and time. */
enum {
    VERIFY_ISSUER_UNKNOWN = 2,
    VERIFY_NOT_YET_VALID = 9,
    VERIFY_EXPIRED = 10,
    VERIFY_ISSUER_NOT_LOCAL = 20,
    VERIFY_LEAF_ALONE = 21,
    VERIFY_WRONG_NAME = 62,
    VERIFY_WRONG_ADDRESS = 64,
};

#define CERTIFICATE_FIX                                                                            \
    {                                                                                              \
        .postfix = POSTFIX_CERTIFICATE, .dovecot = DOVECOT_CERTIFICATE, .exim = EXIM_CERTIFICATE,  \
        .exchange = EXCHANGE_CERTIFICATE                                                           \
    }

/* Is there a certificate to judge? True: go on; else it has been said. Anonymous suites alone have
 * none. */
bool certs_seen(const Facts *f, Findings *out);

/* Adds what is bad about one certificate to `bad`. */
typedef void (*PerCertificate)(const Facts *f, const TlsCertificate *certificate, bool is_leaf,
                               GString *bad);
/* A fail that names each certificate of each chain that is bad. Roots that are sent too do not
 * matter: whoever trusts them has them. */
void certs_fail_if_any(const Facts *f, Findings *out, PerCertificate judge);

/* "the RSA certificate", "the issuer CN=...". The caller frees it. */
char *certs_which(const TlsCertificate *certificate, bool is_leaf);

/* A public authority, or one the user trusts, vouches for it. */
bool certs_are_public(const Facts *f);

/* Is the number one of OpenSSL's in the list? */
bool certs_error_is_one_of(int number, const int *numbers, size_t count);
