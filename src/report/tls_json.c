/* tls_json.c: a TlsPeer as JSON. docs/tls-json.md describes it and is a promise: add, never change.
 */
#include "report/tls_json.h"

#include <string.h>

#include "base/escape.h"
#include "report/tls_summary.h"
#include "report/tls_words.h"

/* What came from a peer may hold anything: escaped, it is UTF-8. */
static json_t *text(const char *value)
{
    if (value == NULL) {
        return json_null();
    }
    g_autofree char *shown = escape_text(bytes_of(value));
    return json_string(shown);
}

static json_t *time_of(gint64 seconds)
{
    g_autofree char *iso = tls_word_iso_time(seconds);
    return json_string(iso);
}

static json_t *list(const GPtrArray *strings)
{
    json_t *array = json_array();
    for (guint i = 0; strings != NULL && i < strings->len; i++) {
        json_array_append_new(array, text(g_ptr_array_index(strings, i)));
    }
    return array;
}

json_t *tls_json_certificate(const TlsCertificate *c)
{
    g_autofree char *pem = c->der == NULL ? NULL : tls_certificate_pem(c);
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:{s:o, s:i}, s:o, s:o, s:{s:o, s:o, s:o}, "
        "s:o, s:b, s:b, s:b, s:o, s:o}",
        "subject", text(c->subject), "issuer", text(c->issuer), "common_name", text(c->common_name),
        "dns_names", list(c->dns_names), "ip_names", list(c->ip_names), "emails", list(c->emails),
        "not_before", time_of(c->not_before), "not_after", time_of(c->not_after), "days_left",
        (json_int_t)tls_word_days_left(c), "key", "type", text(c->key_type), "bits", c->key_bits,
        "signature", text(c->signature), "serial", text(c->serial), "fingerprints", "sha256",
        text(c->sha256), "sha1", text(c->sha1), "md5", text(c->md5), "spki_pin", text(c->spki_pin),
        "self_signed", (int)c->self_signed, "ca", (int)c->is_ca, "must_staple", (int)c->must_staple,
        "ocsp_url", text(c->ocsp_url), "pem", text(pem));
}

static json_t *chain(const TlsPeer *peer)
{
    json_t *array = json_array();
    for (guint i = 0; peer->chain != NULL && i < peer->chain->len; i++) {
        json_array_append_new(array, tls_json_certificate(g_ptr_array_index(peer->chain, i)));
    }
    return array;
}

static json_t *mac(const TlsPeer *peer)
{
    int bits = tls_word_hash_bits(peer->mac);
    return json_pack("{s:o, s:b, s:o}", "name", text(peer->mac), "aead",
                     (int)(g_strcmp0(peer->mac, "AEAD") == 0), "bits",
                     bits > 0 ? json_integer(bits) : json_null());
}

static json_t *ocsp(const TlsPeer *peer)
{
    bool told = peer->ocsp != NULL && peer->ocsp_next_update > 0;
    return json_pack("{s:b, s:o, s:b, s:o}", "stapled", (int)(peer->ocsp != NULL), "status",
                     text(peer->ocsp), "valid", (int)peer->ocsp_valid, "next_update",
                     told ? time_of(peer->ocsp_next_update) : json_null());
}

static const char *limit(const TlsPeer *peer)
{
    return peer->version < peer->our_max ? "server" : peer->version < TLS_1_3 ? "client" : NULL;
}

static json_t *trust(const TlsPeer *peer)
{
    return json_pack("{s:b, s:s, s:o, s:o, s:i, s:i, s:I}", "verified", (int)peer->verified, "by",
                     tls_trust_name(peer->trust), "matched", text(peer->matched), "why_not",
                     text(peer->verified ? NULL : peer->why_not), "error", peer->verify_error,
                     "depth", peer->verify_depth, "tlsa_usable", (json_int_t)peer->tlsa_usable);
}

static json_t *client(const TlsPeer *peer)
{
    return json_pack("{s:b, s:b, s:o}", "asked", (int)peer->client_certificate_asked, "sent",
                     (int)peer->client_certificate_sent, "subject", text(peer->client_subject));
}

json_t *tls_json_peer(const TlsPeer *peer)
{
    return json_pack(
        "{s:s, s:s, s:o, s:{s:o, s:o, s:i}, s:o, s:{s:o, s:o, s:i}, s:o, s:o, s:o, s:b, s:b, s:b, "
        "s:b, s:b, s:I, s:o, s:o, s:o, s:o}",
        "version", tls_version_name(peer->version), "offered_version",
        tls_version_name(peer->our_max), "version_limited_by", text(limit(peer)), "cipher", "name",
        text(peer->cipher), "iana", text(peer->cipher_standard), "bits", peer->cipher_bits, "mac",
        mac(peer), "key_exchange", "kind", text(peer->key_exchange), "group", text(peer->group),
        "bits", peer->group_bits, "peer_signature", text(peer->peer_signature), "alpn",
        text(peer->alpn), "sni", text(peer->sni), "resumed", (int)peer->resumed, "ticket",
        (int)peer->ticket, "compression", (int)peer->compression, "extended_master_secret",
        (int)(peer->extended_master_secret || peer->version >= TLS_1_3), "secure_renegotiation",
        (int)peer->secure_renegotiation, "handshake_us", (json_int_t)peer->handshake_us, "ocsp",
        ocsp(peer), "trust", trust(peer), "client_certificate", client(peer), "chain", chain(peer));
}

char *tls_summary_json(const TlsPeer *peer)
{
    json_t *json = tls_json_peer(peer);
    char *dumped = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    char *owned = g_strdup(dumped);
    free(dumped);
    return owned;
}
