/* postgres.c: PostgreSQL up to TLS: SSLRequest, and one octet for an answer. */
#include "base/escape.h"
#include "proto/row.h"

static const char ssl_request[] = "\x00\x00\x00\x08\x04\xd2\x16\x2f";

static bool ask_tls(Session *s, GError **error)
{
    Bytes answer;
    if (!wire_send_bytes(s->wire, (Bytes){ssl_request, sizeof ssl_request - 1}, false, error)) {
        return false;
    }
    wire_await(s->wire, "the answer to SSLRequest");
    /* Exactly one: what stands behind the S was injected, and wire_start_tls() finds it
     * (CVE-2021-23222). */
    if (!wire_exact(s->wire, 1, 1, &answer, error)) {
        return false;
    }
    bool known = answer.data[0] == 'S' || answer.data[0] == 'N' || answer.data[0] == 'E';
    return known ? row_tls_answer(s, "SSLRequest", answer.data[0] == 'S', answer, error)
                 : row_not_spoken(s, answer, error);
}

const Proto proto_postgres = {
    .name = "postgres",
    .title = "PostgreSQL",
    .rfc = "PostgreSQL protocol 3.0",
    .ask_tls = ask_tls,
};
