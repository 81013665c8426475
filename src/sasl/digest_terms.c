/* digest_terms.c: see digest_terms.h. */
#include "sasl/digest_terms.h"

#include "base/digest.h"

static Bytes hash_bytes(const uint8_t *hash)
{
    return (Bytes){(const char *)hash, digest_size(DIGEST_MD5)};
}

/* ISO 8859-1 of a UTF-8 text, if all of it has one; else NULL. */
GString *digest_latin1(Bytes text)
{
    if (!g_utf8_validate(text.data ? text.data : "", (gssize)text.len, NULL)) {
        return NULL;
    }
    /* Room for all of it from the start: growing would leave a copy behind, and this may be the
     * password. */
    g_autoptr(GString) out = g_string_sized_new(text.len + 1);
    for (const char *c = text.data, *end = text.data + text.len; c < end; c = g_utf8_next_char(c)) {
        gunichar u = g_utf8_get_char(c);
        if (u > 0xff) {
            return NULL;
        }
        g_string_append_c(out, (char)u);
    }
    return g_steal_pointer(&out);
}

/* The user's name, the realm and the password are hashed in ISO 8859-1 where they fit, each for
 * itself (section 2.1.2.1). What is not UTF-8 is taken as it is. */
Secret *digest_hashed_form(Bytes text)
{
    GString *latin1 = digest_latin1(text);
    if (!latin1) {
        return secret_new(text.data ? text.data : "", text.len);
    }
    Secret *result = secret_new(latin1->str, latin1->len);
    secret_wipe(latin1->str, latin1->len);
    g_string_free(latin1, TRUE);
    return result;
}

/* H(A1) in hex: MD5(MD5(user:realm:password) : nonce : cnonce [: authzid]). A secret for this
 * nonce. */
Secret *digest_session_key(const char *user_name, const char *realm, const Secret *user_password,
                           const DigestTerms *t)
{
    g_autoptr(Secret) user = digest_hashed_form(bytes_of(user_name));
    g_autoptr(Secret) domain = digest_hashed_form(bytes_of(realm ? realm : ""));
    g_autoptr(Secret) password = digest_hashed_form(secret_reveal(user_password));
    g_autoptr(GString) front = g_string_new(NULL);
    g_string_append_len(front, secret_reveal(user).data, (gssize)secret_length(user));
    g_string_append_c(front, ':');
    g_string_append_len(front, secret_reveal(domain).data, (gssize)secret_length(domain));
    g_string_append_c(front, ':');
    g_autoptr(Secret) whole = secret_wrap(bytes_of_string(front), password, BYTES_NONE);

    uint8_t hash[DIGEST_MAX];
    digest_compute(DIGEST_MD5, secret_reveal(whole), hash);
    g_autoptr(Secret) inner = secret_new(hash, digest_size(DIGEST_MD5));
    g_autofree char *back = g_strdup_printf(":%s:%s%s%s", t->nonce, t->cnonce,
                                            t->authzid ? ":" : "", t->authzid ? t->authzid : "");
    g_autoptr(Secret) a1 = secret_wrap(BYTES_NONE, inner, bytes_of(back));
    digest_compute(DIGEST_MD5, secret_reveal(a1), hash);
    g_autofree char *hex = bytes_hex(hash_bytes(hash));
    secret_wipe(hash, sizeof(hash));
    return secret_take_string(hex);
}

/* The client's response has the method AUTHENTICATE in it, the server's none
 * (section 2.1.2.1, 2.1.3). */
char *digest_response(const Secret *key, const char *method, const DigestTerms *t)
{
    uint8_t hash[DIGEST_MAX];
    g_autofree char *a2 = g_strdup_printf("%s:%s", method, t->uri);
    digest_compute(DIGEST_MD5, bytes_of(a2), hash);
    g_autofree char *a2_hex = bytes_hex(hash_bytes(hash));
    g_autofree char *back = g_strdup_printf(":%s:00000001:%s:auth:%s", t->nonce, t->cnonce, a2_hex);
    g_autoptr(Secret) text = secret_wrap(BYTES_NONE, key, bytes_of(back));
    digest_compute(DIGEST_MD5, secret_reveal(text), hash);
    return bytes_hex(hash_bytes(hash));
}
