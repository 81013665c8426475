/* tls_summary.c: what was agreed with a TLS peer, and whether it can be trusted, in one line and in
 * many. */
#include "report/tls_summary.h"

#include <string.h>

#include "base/escape.h"
#include "report/tls_words.h"

static const char *or_unknown(const char *text)
{
    return text == NULL || text[0] == '\0' ? "unknown" : text;
}

char *tls_summary_line(const TlsPeer *peer)
{
    GString *out = g_string_new(tls_version_name(peer->version));
    g_string_append_printf(out, ", %s", or_unknown(peer->cipher));
    if (peer->group != NULL) {
        g_string_append_printf(out, ", %s", peer->group);
    }
    if (peer->verified) {
        g_string_append_printf(out, ", verified by %s", tls_trust_name(peer->trust));
        if (peer->matched != NULL) {
            g_string_append_printf(out, " %s %s", peer->trust == TLS_TRUST_PKIX ? "as" : "with",
                                   peer->matched);
        }
    } else {
        g_autofree char *why = tls_word_why_not(peer);
        g_string_append_printf(out, ", NOT VERIFIED (%s)", why);
    }
    const TlsCertificate *leaf = tls_word_leaf(peer);
    if (leaf != NULL) {
        g_autofree char *until = tls_word_time(leaf->not_after);
        g_string_append_printf(out, ", certificate until %.10s", until);
    }
    if (peer->resumed) {
        g_string_append(out, ", resumed");
    }
    char *line = escape_line(bytes_of_string(out));
    g_string_free(out, TRUE);
    return line;
}

/* ---- the connection ---- */

/* Below what Postern can do: who wanted it so? */
static void version(GString *out, const TlsPeer *peer)
{
    const char *old = peer->version < TLS_1_2 ? " (deprecated, RFC 8996)" : "";
    if (peer->version < peer->our_max) {
        tls_word_line(out, "Version", "%s%s: the server's limit, %s was offered",
                      tls_version_name(peer->version), old, tls_version_name(peer->our_max));
    } else if (peer->version < TLS_1_3) {
        tls_word_line(out, "Version", "%s%s: our own limit, more was not offered (--tls-max)",
                      tls_version_name(peer->version), old);
    } else {
        tls_word_line(out, "Version", "%s%s, the best there is", tls_version_name(peer->version),
                      old);
    }
}

static void key_exchange(GString *out, const TlsPeer *peer)
{
    const char *kind = or_unknown(peer->key_exchange);
    bool static_rsa = strcmp(kind, "RSA") == 0;
    if (peer->group != NULL) {
        tls_word_line(out, "Key exchange", "%s, group %s, %d bits%s", kind, peer->group,
                      peer->group_bits, strstr(kind, "DHE") != NULL ? "; forward secrecy" : "");
    } else if (peer->group_bits > 0) {
        tls_word_line(out, "Key exchange", "%s, %d bits", kind, peer->group_bits);
    } else {
        tls_word_line(out, "Key exchange", "%s%s", kind,
                      static_rsa ? " with the certificate's key: no forward secrecy" : "");
    }
    tls_word_line(out, "Peer signature", "%s",
                  peer->peer_signature != NULL ? peer->peer_signature
                  : peer->resumed              ? "none: the session was resumed"
                                               : "none");
}

/* The hash a cipher suite names last: of the key schedule, and below TLS 1.2's AEADs of the MAC. */
static const char *suite_hash(const TlsPeer *peer)
{
    const char *last = peer->cipher_standard == NULL ? NULL : strrchr(peer->cipher_standard, '_');
    return last != NULL && tls_word_hash_bits(last + 1) > 0 ? last + 1 : NULL;
}

static void cipher(GString *out, const TlsPeer *peer)
{
    bool same =
        g_strcmp0(peer->cipher, peer->cipher_standard) == 0 || peer->cipher_standard == NULL;
    tls_word_line(out, "Cipher", "%s%s%s%s, %d bits", or_unknown(peer->cipher), same ? "" : " (",
                  same ? "" : peer->cipher_standard, same ? "" : ")", peer->cipher_bits);
    const char *hash = suite_hash(peer);
    if (g_strcmp0(peer->mac, "AEAD") == 0) {
        tls_word_line(out, "MAC", "AEAD: the cipher authenticates by itself");
    } else if (peer->mac != NULL && tls_word_hash_bits(peer->mac) > 0) {
        tls_word_line(out, "MAC", "HMAC-%s, %d bits", peer->mac, tls_word_hash_bits(peer->mac));
    } else {
        tls_word_line(out, "MAC", "%s", or_unknown(peer->mac));
    }
    if (hash != NULL) {
        tls_word_line(out, "Hash", "%s, %d bits", hash, tls_word_hash_bits(hash));
    }
}

static void session(GString *out, const TlsPeer *peer)
{
    bool modern = peer->version >= TLS_1_3;
    tls_word_line(out, "Compression", "%s", peer->compression ? "ON (a risk: CRIME)" : "none");
    tls_word_line(out, "Server name", "%s", peer->sni == NULL ? "none was asked for" : peer->sni);
    tls_word_line(out, "ALPN", "%s", peer->alpn == NULL ? "none agreed" : peer->alpn);
    tls_word_line(out, "Session", "%s%s", peer->resumed ? "resumed" : "new",
                  peer->ticket ? "; the server gave a ticket to resume it" : "");
    tls_word_line(out, "Master secret", "%s",
                  modern                         ? "extended by design (TLS 1.3)"
                  : peer->extended_master_secret ? "extended (RFC 7627)"
                                                 : "NOT extended: the server lacks RFC 7627");
    tls_word_line(out, "Renegotiation", "%s",
                  modern                       ? "none in TLS 1.3"
                  : peer->secure_renegotiation ? "secure (RFC 5746)"
                                               : "NOT secure: the server lacks RFC 5746");
    if (peer->handshake_us > 0) {
        tls_word_line(out, "Handshake", "%.1f ms", (double)peer->handshake_us / 1000.0);
    }
}

static void certificates(GString *out, const TlsPeer *peer)
{
    const TlsCertificate *leaf = tls_word_leaf(peer);
    if (leaf == NULL) {
        tls_word_line(out, "Server certificate", "%s",
                      peer->resumed ? "not sent again: the session was resumed" : "none");
    } else {
        g_autofree char *validity = tls_word_validity(leaf);
        tls_word_line(out, "Server certificate", "%s; %s %d bits; %s", or_unknown(leaf->subject),
                      or_unknown(leaf->key_type), leaf->key_bits, validity);
        tls_word_line(out, "  issued by", "%s%s", or_unknown(leaf->issuer),
                      leaf->self_signed ? " (self-signed)" : "");
        tls_word_line(out, "  chain", "%u %s sent (/cert shows all)", peer->chain->len,
                      peer->chain->len == 1 ? "certificate" : "certificates");
    }
    tls_word_line(out, "Our certificate", "%s",
                  peer->client_certificate_sent ? or_unknown(peer->client_subject)
                  : peer->client_certificate_asked
                      ? "none sent, though the server asked for one (--client-cert)"
                      : "none, and the server asked for none");
}

static const char *authentication_words(const TlsPeer *peer)
{
    if (peer->verified) {
        return peer->client_certificate_sent ? "mutual: the server, and we by certificate"
                                             : "the server, not us";
    }
    return peer->client_certificate_sent ? "only we: the server was NOT authenticated"
                                         : "NOBODY: the server could be anyone";
}

static void revocation(GString *out, const TlsPeer *peer)
{
    const TlsCertificate *leaf = tls_word_leaf(peer);
    if (peer->ocsp == NULL) {
        bool broken_promise = leaf != NULL && leaf->must_staple && !peer->resumed;
        tls_word_line(
            out, "Revocation", "not checked: the server stapled no OCSP response%s",
            broken_promise ? ", though its certificate demands one (must-staple, RFC 7633)" : "");
        return;
    }
    if (!peer->ocsp_valid) {
        tls_word_line(out, "Revocation",
                      "not checked: the stapled OCSP response says \"%s\", but its signature or "
                      "times do not hold",
                      peer->ocsp);
        return;
    }
    g_autofree char *until =
        peer->ocsp_next_update > 0 ? tls_word_time(peer->ocsp_next_update) : NULL;
    tls_word_line(out, "Revocation", "checked by stapled OCSP: %s%s%s", peer->ocsp,
                  until == NULL ? "" : ", as of an answer good until ", until == NULL ? "" : until);
}

static void trust(GString *out, const TlsPeer *peer)
{
    tls_word_line(out, "Authenticated", "%s", authentication_words(peer));
    revocation(out, peer);
    if (peer->tlsa_usable > 0) {
        tls_word_line(out, "TLSA records", "%zu usable", peer->tlsa_usable);
    }
    if (peer->verified) {
        tls_word_line(out, "Trust", "verified by %s%s%s", tls_trust_name(peer->trust),
                      peer->matched == NULL ? "" : ": ",
                      peer->matched == NULL ? "" : peer->matched);
        return;
    }
    g_autofree char *first = tls_word_why_not(peer);
    tls_word_line(out, "Trust", "NOT VERIFIED: %s", first);
    const char *rest = peer->why_not == NULL ? NULL : strchr(peer->why_not, '\n');
    if (rest != NULL) {
        g_autofree char *shown = escape_text(bytes_of(rest + 1));
        g_string_append_printf(out, "%s\n", g_strchomp(shown));
    }
}

char *tls_summary_connection(const TlsPeer *peer)
{
    GString *out = g_string_new(NULL);
    version(out, peer);
    key_exchange(out, peer);
    cipher(out, peer);
    session(out, peer);
    certificates(out, peer);
    trust(out, peer);
    g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}
