/* The names of trust, and freeing what is half filled. */
#include "tls/peer.h"

static void test_each_trust_has_a_name(void)
{
    g_assert_cmpstr(tls_trust_name(TLS_TRUST_PKIX), ==, "PKIX");
    g_assert_cmpstr(tls_trust_name(TLS_TRUST_PIN), ==, "pin");
    g_assert_cmpstr(tls_trust_name(TLS_TRUST_DANE), ==, "DANE");
    g_assert_cmpstr(tls_trust_name(TLS_TRUST_NONE), ==, "not verified");
    g_assert_cmpstr(tls_trust_name((TlsTrust)99), ==, "not verified");
}

static void test_a_half_filled_peer_can_be_freed(void)
{
    tls_peer_free(NULL);
    tls_certificate_free(NULL);
    tls_peer_free(g_new0(TlsPeer, 1));
    TlsPeer *peer = g_new0(TlsPeer, 1);
    peer->why_not = g_strdup("x");
    tls_peer_free(peer);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/peer/trust", test_each_trust_has_a_name);
    g_test_add_func("/peer/free", test_a_half_filled_peer_can_be_freed);
    return g_test_run();
}
