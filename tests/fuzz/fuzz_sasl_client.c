/* What a server may say in an exchange: the client must fail or go on, and never believe a server
 * without its proof. */
#include "sasl/sasl.h"
#include "sasl/scram_parse.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ITERATIONS_WORTH_WHILE 5000

/* A count that only costs time teaches nothing. */
static bool is_slow(Bytes challenge)
{
    ScramServerFirst first;
    return scram_parse_server_first(challenge, &first, NULL) &&
           first.iterations > ITERATIONS_WORTH_WHILE;
}

/* False when the exchange has come to its end. */
static bool take(SaslClient *client, bool has_challenge, Bytes challenge)
{
    g_autoptr(GError) error = NULL;
    g_auto(SaslStep) step = {0};
    bool ok = sasl_client_step(client, has_challenge, challenge, &step, DEADLINE_NEVER, &error);
    g_assert_true(ok == (error == NULL) && ok == (step.response != NULL));
    return ok;
}

static void converse(const char *mechanism, Bytes said)
{
    g_autoptr(Secret) secret = secret_new("pencil", 6);
    SaslParams params = {.service = "imap",
                         .host = "h",
                         .user = "user",
                         .password = secret,
                         .token = secret,
                         .fixed_nonce = "n"};
    g_autoptr(SaslClient) client = sasl_client_new(mechanism, &params, NULL);
    const SaslMechanism *m = sasl_mechanism_find(bytes_of(mechanism));
    bool going = !m->client_first || take(client, false, BYTES_NONE);
    while (going && said.len > 0) {
        gssize end = bytes_index(said, '\n');
        Bytes line = end < 0 ? said : bytes_sub(said, 0, (size_t)end);
        said = bytes_sub(said, line.len + 1, SIZE_MAX);
        going = !is_slow(line) && take(client, true, line);
    }
    sasl_client_finish(client, said.len > 0, said, NULL);
}

/* The first octet chooses the mechanism; lines are the server's messages. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const mechanisms[] = {"SCRAM-SHA-1", "SCRAM-SHA-256", "DIGEST-MD5",
                                             "NTLM",        "CRAM-MD5",      "XOAUTH2",
                                             "OAUTHBEARER", "LOGIN"};
    if (size > 0) {
        converse(mechanisms[data[0] % G_N_ELEMENTS(mechanisms)],
                 (Bytes){(const char *)data + 1, size - 1});
    }
    return 0;
}
