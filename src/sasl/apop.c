/* apop.c: POP3's own challenge and response (RFC 1939 section 7). */
#include "sasl/sasl.h"

#include "base/digest.h"

char *sasl_apop_digest(Bytes challenge, const Secret *password)
{
    g_autoptr(Secret) text = secret_wrap(challenge, password, BYTES_NONE);
    uint8_t digest[DIGEST_MAX];
    digest_compute(DIGEST_MD5, secret_reveal(text), digest);
    return bytes_hex((Bytes){(const char *)digest, digest_size(DIGEST_MD5)});
}

/* "<" word "@" word ">" of printable ASCII. */
static bool is_message_id(Bytes b)
{
    gssize at = bytes_index(b, '@');
    if (at < 2 || (size_t)at + 2 >= b.len) {
        return false;
    }
    for (size_t i = 1; i + 1 < b.len; i++) {
        unsigned char c = (unsigned char)b.data[i];
        if (c <= ' ' || c >= 0x7f || c == '<') {
            return false;
        }
    }
    return true;
}

Bytes sasl_apop_challenge(Bytes greeting)
{
    for (gssize open = bytes_index(greeting, '<'); open >= 0; open = bytes_index(greeting, '<')) {
        Bytes rest = bytes_sub(greeting, (size_t)open, SIZE_MAX);
        gssize close = bytes_index(rest, '>');
        if (close < 0) {
            return BYTES_NONE;
        }
        Bytes candidate = bytes_sub(rest, 0, (size_t)close + 1);
        if (is_message_id(candidate)) {
            return candidate;
        }
        greeting = bytes_sub(rest, 1, SIZE_MAX);
    }
    return BYTES_NONE;
}
