/* facts.c: what was agreed with a peer, gathered from an SSL. */
#include "tls/facts.h"

#include <string.h>

#include <openssl/ct.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include "base/escape.h"
#include "tls/certificate.h"
#include "tls/dane.h"
#include "tls/ocsp.h"
#include "tls/parameters.h"
#include "tls/signature.h"
#include "tls/why.h"

static void read_cipher(TlsPeer *peer, const SSL_CIPHER *cipher)
{
    if (!cipher) {
        return;
    }
    const char *standard = SSL_CIPHER_standard_name(cipher);
    int digest = SSL_CIPHER_get_digest_nid(cipher);
    peer->cipher = g_strdup(SSL_CIPHER_get_name(cipher));
    peer->cipher_standard = g_strdup(standard ? standard : peer->cipher);
    peer->cipher_bits = SSL_CIPHER_get_bits(cipher, NULL);
    peer->mac = g_strdup(SSL_CIPHER_is_aead(cipher) ? "AEAD"
                         : digest != NID_undef      ? OBJ_nid2sn(digest)
                                                    : "none");
}

static const struct {
    int nid;
    const char *name;
} exchanges[] = {
    {NID_kx_ecdhe, "ECDHE"},         {NID_kx_dhe, "DHE"}, {NID_kx_rsa, "RSA"},
    {NID_kx_ecdhe_psk, "ECDHE-PSK"}, {NID_kx_psk, "PSK"}, {NID_kx_dhe_psk, "DHE-PSK"},
};

/* "P-256" for "prime256v1"; OpenSSL's own name where there is none by NIST. */
static char *group_name(const EVP_PKEY *key)
{
    char name[80] = "";
    size_t len = 0;
    int id = EVP_PKEY_get_base_id(key);
    if (id == EVP_PKEY_X25519 || id == EVP_PKEY_X448) {
        return g_strdup(OBJ_nid2sn(id));
    }
    if (EVP_PKEY_get_group_name(key, name, sizeof name, &len) != 1 || !name[0]) {
        return g_strdup(id == EVP_PKEY_DH ? "a group of its own" : "unknown");
    }
    const char *nist = EC_curve_nid2nist(OBJ_sn2nid(name));
    return g_strdup(nist ? nist : name);
}

/* In TLS 1.3 the cipher does not say how keys are exchanged; the temporary key does. */
static const char *exchange_of_key(const EVP_PKEY *key)
{
    return !key ? "PSK" : EVP_PKEY_get_base_id(key) == EVP_PKEY_DH ? "DHE" : "ECDHE";
}

static const char *exchange_of_cipher(const SSL_CIPHER *cipher)
{
    for (size_t i = 0; i < G_N_ELEMENTS(exchanges); i++) {
        if (cipher && exchanges[i].nid == SSL_CIPHER_get_kx_nid(cipher)) {
            return exchanges[i].name;
        }
    }
    return "unknown";
}

static void read_exchange(TlsPeer *peer, SSL *ssl)
{
    EVP_PKEY *key = NULL;
    SSL_get_peer_tmp_key(ssl, &key);
    bool new = SSL_version(ssl) == TLS1_3_VERSION;
    peer->key_exchange =
        g_strdup(new ? exchange_of_key(key) : exchange_of_cipher(SSL_get_current_cipher(ssl)));
    if (key) {
        peer->group = group_name(key);
        peer->group_bits = EVP_PKEY_get_bits(key);
    }
    EVP_PKEY_free(key);
}

static void read_alpn(TlsPeer *peer, SSL *ssl)
{
    const unsigned char *name = NULL;
    unsigned len = 0;
    SSL_get0_alpn_selected(ssl, &name, &len);
    if (len > 0) {
        peer->alpn = escape_line((Bytes){(const char *)name, len});
    }
}

static void read_agreed(TlsPeer *peer, SSL *ssl)
{
    bool new = SSL_version(ssl) == TLS1_3_VERSION;
    peer->version = (TlsVersion)SSL_version(ssl);
    read_cipher(peer, SSL_get_current_cipher(ssl));
    read_exchange(peer, ssl);
    read_alpn(peer, ssl);
    peer->peer_signature = tls_signature_name(ssl);
    peer->resumed = SSL_session_reused(ssl);
    peer->compression = SSL_get_current_compression(ssl) != NULL;
    /* TLS 1.3 has both by construction (RFC 8446 appendix D and section 4.1.2). */
    peer->extended_master_secret = new || SSL_get_extms_support(ssl) == 1;
    peer->secure_renegotiation = new || SSL_get_secure_renegotiation_support(ssl);
}

static void free_certificate(gpointer certificate)
{
    tls_certificate_free(certificate);
}

/* A server gets the client's chain without the leaf, and a session can be without its chain. */
static GPtrArray *read_chain(SSL *ssl)
{
    GPtrArray *chain = g_ptr_array_new_with_free_func(free_certificate);
    STACK_OF(X509) *sent = SSL_get_peer_cert_chain(ssl);
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    if (leaf && (SSL_is_server(ssl) || sk_X509_num(sent) <= 0)) {
        g_ptr_array_add(chain, tls_certificate_of(leaf));
    }
    for (int i = 0; i < sk_X509_num(sent); i++) {
        g_ptr_array_add(chain, tls_certificate_of(sk_X509_value(sent, i)));
    }
    return chain;
}

static void read_staple(TlsPeer *peer, TlsConnection *c)
{
    TlsStaple staple = tls_ocsp_read(c->ssl, c->trust.chain);
    peer->ocsp = g_strdup(staple.status);
    peer->ocsp_valid = staple.valid;
    peer->ocsp_next_update = staple.next_update;
    c->trust.revoked = staple.valid && g_str_equal(staple.status, "revoked");
}

static void read_match(TlsPeer *peer, TlsConnection *c)
{
    if (c->plan->dane) {
        peer->trust = TLS_TRUST_DANE;
        peer->matched = tls_dane_matched(c->ssl);
    } else if (c->trust.matched_pin) {
        peer->trust = TLS_TRUST_PIN;
        peer->matched = g_strdup(c->trust.matched_pin);
    } else {
        peer->trust = TLS_TRUST_PKIX;
        const char *name = c->trust.matched_name;
        peer->matched = name ? escape_line(bytes_of(name)) : g_strdup(c->host);
    }
}

static void read_refusal(TlsPeer *peer, const TlsConnection *c)
{
    const GArray *problems = c->trust.problems;
    if (problems && problems->len > 0) {
        peer->verify_error = g_array_index(problems, TlsProblem, 0).number;
        peer->verify_depth = g_array_index(problems, TlsProblem, 0).depth;
    } else if (c->trust.revoked) {
        peer->verify_error = X509_V_ERR_CERT_REVOKED;
    }
    peer->why_not = tls_why_not(c, peer);
}

static void read_verdict(TlsPeer *peer, TlsConnection *c)
{
    bool complete = SSL_is_init_finished(c->ssl);
    bool holds = tls_trust_holds(&c->trust, c->plan);
    peer->tlsa_usable = c->trust.tlsa_usable;
    peer->verified = complete && holds;
    if (peer->verified) {
        read_match(peer, c);
    } else if (holds) {
        peer->why_not =
            g_strdup("the certificate is fine, but the handshake did not come to its end");
    } else {
        read_refusal(peer, c);
    }
}

/* OpenSSL takes the lists apart; one it cannot read gives no list at all. */
static int count_scts(SSL *ssl)
{
    const STACK_OF(SCT) *scts = SSL_get0_peer_scts(ssl);
    int n = scts ? sk_SCT_num(scts) : -1;
    ERR_clear_error();
    return n;
}

static void read_client_side(TlsPeer *peer, TlsConnection *c)
{
    peer->our_max = tls_plan_max(c->plan);
    peer->sni = g_strdup(SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name));
    peer->client_certificate_asked = c->identity_asked;
    peer->client_certificate_sent = c->identity_sent;
    peer->client_subject = c->identity_sent ? tls_identity_subject(c->identity) : NULL;
    peer->ticket = c->session && SSL_SESSION_is_resumable(c->session);
    peer->n_scts = peer->chain->len > 0 ? count_scts(c->ssl) : 0;
    read_staple(peer, c);
    read_verdict(peer, c);
}

TlsPeer *tls_facts_gather(TlsConnection *c)
{
    TlsPeer *peer = g_new0(TlsPeer, 1);
    ERR_clear_error();
    read_agreed(peer, c->ssl);
    peer->chain = read_chain(c->ssl);
    if (c->plan) {
        read_client_side(peer, c);
    }
    if (c->handshake) {
        peer->handshake_us = g_get_monotonic_time() - c->handshake->started_us;
    }
    ERR_clear_error();
    return peer;
}
