/* ocsp.c: what a stapled OCSP answer says about the leaf, and whether it can be believed. */
#include "tls/ocsp.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "tls/certificate.h"

/* Seconds by which clocks may differ. */
enum { SKEW = 300 };

void tls_ocsp_ask(SSL *ssl)
{
    SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
}

static X509 *issuer_of(X509 *leaf, STACK_OF(X509) * chain)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *candidate = sk_X509_value(chain, i);
        if (X509_check_issued(candidate, leaf) == X509_V_OK) {
            return candidate;
        }
    }
    return NULL;
}

/* Is this single answer about the leaf? Its id hashes the issuer with a digest of the responder's
 * choice. */
static bool is_about(OCSP_SINGLERESP *single, X509 *leaf, X509 *issuer)
{
    const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(single);
    ASN1_OBJECT *digest = NULL;
    OCSP_id_get0_info(NULL, &digest, NULL, NULL, (OCSP_CERTID *)(uintptr_t)id);
    const EVP_MD *md = digest ? EVP_get_digestbyobj(digest) : NULL;
    OCSP_CERTID *wanted = md ? OCSP_cert_to_id(md, leaf, issuer) : NULL;
    bool same = wanted && OCSP_id_cmp(wanted, id) == 0;
    OCSP_CERTID_free(wanted);
    return same;
}

static OCSP_SINGLERESP *find_answer(OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer)
{
    for (int i = 0; issuer && i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
        if (is_about(single, leaf, issuer)) {
            return single;
        }
    }
    return NULL;
}

static const char *status_word(int status)
{
    return status == V_OCSP_CERTSTATUS_GOOD      ? "good"
           : status == V_OCSP_CERTSTATUS_REVOKED ? "revoked"
                                                 : "unknown";
}

static TlsStaple judge(SSL *ssl, OCSP_BASICRESP *basic, STACK_OF(X509) * chain)
{
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    OCSP_SINGLERESP *single = find_answer(basic, leaf, leaf ? issuer_of(leaf, chain) : NULL);
    if (!single) {
        return (TlsStaple){.status = "unknown"}; /* about some other certificate */
    }
    X509_STORE *store = NULL;
    SSL_get0_verify_cert_store(ssl, &store);
    ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
    int status = OCSP_single_get0_status(single, NULL, NULL, &from, &until);
    bool in_time = OCSP_check_validity(from, until, SKEW, -1) == 1;
    bool is_signed = OCSP_basic_verify(basic, chain, store, 0) == 1;
    return (TlsStaple){status_word(status), in_time && is_signed,
                       until ? tls_time_seconds(until) : 0};
}

static TlsStaple read_response(SSL *ssl, OCSP_RESPONSE *response, STACK_OF(X509) * chain)
{
    if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        return (TlsStaple){.status = "refused"};
    }
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
    TlsStaple staple = basic ? judge(ssl, basic, chain) : (TlsStaple){.status = "unreadable"};
    OCSP_BASICRESP_free(basic);
    return staple;
}

TlsStaple tls_ocsp_read(SSL *ssl, STACK_OF(X509) * chain)
{
    const unsigned char *der = NULL;
    long len = SSL_get_tlsext_status_ocsp_resp(ssl, &der);
    if (len <= 0 || !der) {
        return (TlsStaple){0};
    }
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &der, len);
    TlsStaple staple =
        response ? read_response(ssl, response, chain) : (TlsStaple){.status = "unreadable"};
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return staple;
}
