/* Stapled OCSP answers: read, believed only when signed and in time. */
#include <openssl/ocsp.h>

#include "world.h"

static World w;

typedef struct {
    int status;         /* V_OCSP_CERTSTATUS_ */
    long from, until;   /* seconds from now */
    const TestCert *by; /* who signs */
    const TestCert *about;
    const EVP_MD *id_digest;
} Answer;

static int staple(SSL *ssl, void *user)
{
    const Answer *a = user;
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(a->id_digest, a->about->x509, w.root.x509);
    ASN1_TIME *from = X509_gmtime_adj(NULL, a->from), *until = X509_gmtime_adj(NULL, a->until);
    ASN1_TIME *revoked =
        a->status == V_OCSP_CERTSTATUS_REVOKED ? X509_gmtime_adj(NULL, a->from) : NULL;
    OCSP_basic_add1_status(basic, id, a->status, 0, revoked, from, until);
    g_assert_true(OCSP_basic_sign(basic, a->by->x509, a->by->key, EVP_sha256(), NULL, 0));
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char *der = NULL;
    int len = i2d_OCSP_RESPONSE(response, &der);
    SSL_set_tlsext_status_ocsp_resp(ssl, der, len);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    ASN1_TIME_free(revoked);
    return SSL_TLSEXT_ERR_OK;
}

static int staple_junk(SSL *ssl, void *user)
{
    (void)user;
    unsigned char *junk = OPENSSL_malloc(4);
    memcpy(junk, "junk", 4);
    SSL_set_tlsext_status_ocsp_resp(ssl, junk, 4);
    return SSL_TLSEXT_ERR_OK;
}

static TlsPeer *connect_with(int (*make)(SSL *, void *), Answer *answer, TlsVersion max,
                             GError **error)
{
    TestServer server = {.context = test_server_context(&w.leaf, NULL)};
    SSL_CTX_set_tlsext_status_cb(server.context, make);
    SSL_CTX_set_tlsext_status_arg(server.context, answer);
    TlsPlan plan = world_plan(&w);
    plan.max = max;
    TlsPeer *peer = NULL;
    Stream *s = test_connect(&server, &plan, "mail.test", &peer, error);
    if (s) {
        test_hang_up(s);
    }
    test_server_join(&server);
    SSL_CTX_free(server.context);
    return peer;
}

static void test_a_good_answer_is_told_with_its_end(void)
{
    const EVP_MD *const digests[] = {EVP_sha1(), EVP_sha256()};
    for (size_t i = 0; i < G_N_ELEMENTS(digests); i++) {
        Answer answer = {V_OCSP_CERTSTATUS_GOOD, -60, 86400, &w.root, &w.leaf, digests[i]};
        GError *error = NULL;
        TlsPeer *peer = connect_with(staple, &answer, i ? TLS_1_2 : TLS_1_3, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(peer->ocsp, ==, "good");
        g_assert_true(peer->ocsp_valid);
        gint64 wanted = g_get_real_time() / G_USEC_PER_SEC + 86400;
        g_assert_cmpint(ABS(peer->ocsp_next_update - wanted), <, 60);
        tls_peer_free(peer);
    }
}

static void test_a_revoked_certificate_ends_the_session(void)
{
    Answer answer = {V_OCSP_CERTSTATUS_REVOKED, -60, 86400, &w.root, &w.leaf, EVP_sha1()};
    g_autoptr(GError) error = NULL;
    TlsPeer *peer = connect_with(staple, &answer, TLS_1_3, &error);
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_INSECURE);
    g_assert_cmpstr(peer->ocsp, ==, "revoked");
    g_assert_cmpint(peer->verify_error, ==, X509_V_ERR_CERT_REVOKED);
    world_says(peer, "error 23 at depth 0: certificate revoked");
    tls_peer_free(peer);
}

static void test_answers_that_prove_nothing_are_not_valid(void)
{
    TestCert stranger = test_cert((TestCertSpec){.cn = "Stranger", .ca = true});
    Answer answers[] = {
        {V_OCSP_CERTSTATUS_GOOD, -90000, -3600, &w.root, &w.leaf, EVP_sha1()}, /* too old */
        {V_OCSP_CERTSTATUS_GOOD, 3600, 90000, &w.root, &w.leaf, EVP_sha1()},   /* from the future */
        {V_OCSP_CERTSTATUS_GOOD, -60, 86400, &stranger, &w.leaf, EVP_sha1()},  /* by nobody */
        {V_OCSP_CERTSTATUS_REVOKED, -60, 86400, &stranger, &w.leaf, EVP_sha1()},    /* the same */
        {V_OCSP_CERTSTATUS_GOOD, -60, 86400, &w.root, &w.intermediate, EVP_sha1()}, /* of another */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        GError *error = NULL;
        TlsPeer *peer = connect_with(staple, &answers[i], TLS_1_3, &error);
        g_assert_no_error(error);
        g_assert_nonnull(peer->ocsp);
        g_assert_false(peer->ocsp_valid);
        g_assert_true(peer->verified);
        tls_peer_free(peer);
    }
    test_cert_clear(&stranger);
}

static void test_junk_is_unreadable(void)
{
    GError *error = NULL;
    TlsPeer *peer = connect_with(staple_junk, NULL, TLS_1_3, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(peer->ocsp, ==, "unreadable");
    g_assert_false(peer->ocsp_valid);
    tls_peer_free(peer);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/ocsp/good", test_a_good_answer_is_told_with_its_end);
    g_test_add_func("/ocsp/revoked", test_a_revoked_certificate_ends_the_session);
    g_test_add_func("/ocsp/worthless", test_answers_that_prove_nothing_are_not_valid);
    g_test_add_func("/ocsp/junk", test_junk_is_unreadable);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
