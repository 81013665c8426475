/* lmtp.c: SMTP to a mailbox (RFC 2033): LHLO instead of EHLO, and a reply for each recipient after
 * the data. */
#include "proto/grammar.h"
#include "proto/smtp.h"

static bool capabilities(Session *s, GError **error)
{
    return smtp_hello(s, "LHLO", error);
}

const Proto proto_lmtp = {
    .name = "lmtp",
    .title = "LMTP",
    .rfc = "RFC 2033",
    .tls_command = "STARTTLS",
    .line_based = true,
    .greet = smtp_greet,
    .capabilities = capabilities,
    .ask_tls = smtp_ask_tls,
    .quit = smtp_quit,
    .auth = &smtp_auth,
    .grammar = &grammar_lmtp,
};
