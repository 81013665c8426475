/* ldap.c: LDAP up to TLS: the StartTLS extended operation (RFC 4511 4.14). */
#include "base/escape.h"
#include "proto/ldap_parse.h"
#include "proto/row.h"

enum { MESSAGE_MAX = 64 * 1024, HEAD = 6, START_TLS_ID = 1 };

/* ExtendedRequest number 1 with the requestName 1.3.6.1.4.1.1466.20037. */
static const char start_tls[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
                                "1.3.6.1.4.1.1466.20037";
/* UnbindRequest number 2. */
static const char unbind[] = "\x30\x05\x02\x01\x02\x42\x00";

/* One whole message into `whole`: octet by octet until its length is known, then the rest and
 * nothing beyond. Suspends. */
static bool read_message(Session *s, GByteArray *whole, GError **error)
{
    uint64_t total = 0;
    Bytes piece;
    while (!total) {
        if (!wire_exact(s->wire, 1, 1, &piece, error)) {
            return false;
        }
        g_byte_array_append(whole, (const uint8_t *)piece.data, 1);
        if (!ldap_message_length(bytes_of_array(whole), &total) || whole->len > HEAD) {
            return row_not_spoken(s, bytes_of_array(whole), error);
        }
    }
    if (!wire_exact(s->wire, total - whole->len, MESSAGE_MAX, &piece, error)) {
        return false;
    }
    g_byte_array_append(whole, (const uint8_t *)piece.data, (guint)piece.len);
    return true;
}

static bool answer(Session *s, const LdapResponse *response, GError **error)
{
    g_autofree char *words = bytes_dup(response->words);
    g_autofree char *all =
        g_strdup_printf("resultCode %d%s%s", response->result, *words ? ": " : "", words);
    return row_tls_answer(s, "StartTLS", response->result == 0, bytes_of(all), error);
}

static bool ask_tls(Session *s, GError **error)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    LdapResponse response;
    if (!wire_send_bytes(s->wire, (Bytes){start_tls, sizeof start_tls - 1}, false, error)) {
        return false;
    }
    wire_await(s->wire, "the answer to StartTLS");
    if (!read_message(s, whole, error)) {
        return false;
    }
    if (!ldap_parse_extended(bytes_of_array(whole), &response)) {
        return row_not_spoken(s, bytes_of_array(whole), error);
    }
    if (response.id == 0) { /* notice of disconnection (RFC 4511 section 4.4.1) */
        return row_turned_away(false, response.words, error);
    }
    return response.id == START_TLS_ID ? answer(s, &response, error)
                                       : row_not_spoken(s, bytes_of_array(whole), error);
}

static void quit(Session *s)
{
    wire_send_bytes(s->wire, (Bytes){unbind, sizeof unbind - 1}, false, NULL);
}

const Proto proto_ldap = {
    .name = "ldap",
    .title = "LDAP",
    .rfc = "RFC 4511",
    .ask_tls = ask_tls,
    .quit = quit,
};
