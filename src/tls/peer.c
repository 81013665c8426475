/* peer.c: what owns the facts about a peer, and the names of trust. */
#include "tls/peer.h"

void tls_peer_free(TlsPeer *peer)
{
    if (!peer) {
        return;
    }
    char *strings[] = {peer->cipher,
                       peer->cipher_standard,
                       peer->mac,
                       peer->group,
                       peer->key_exchange,
                       peer->peer_signature,
                       peer->alpn,
                       peer->sni,
                       peer->client_subject,
                       peer->ocsp,
                       peer->matched,
                       peer->why_not};
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_free(strings[i]);
    }
    g_clear_pointer(&peer->chain, g_ptr_array_unref);
    g_free(peer);
}

static const char *const trust_names[] = {
    [TLS_TRUST_NONE] = "not verified",
    [TLS_TRUST_PKIX] = "PKIX",
    [TLS_TRUST_PIN] = "pin",
    [TLS_TRUST_DANE] = "DANE",
};

const char *tls_trust_name(TlsTrust trust)
{
    return (size_t)trust < G_N_ELEMENTS(trust_names) ? trust_names[trust] : "not verified";
}
