/* What a client may say in an exchange: the server must go on, refuse or call it broken; nobody
 * gets in who does not know the password. */
#include "sasl/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Secret *password_of(void *user, const char *name)
{
    (void)name;
    return secret_copy(user);
}

static bool no_token(void *user, const char *name, const Secret *token, char **ret_name,
                     char **ret_why)
{
    (void)user;
    (void)name;
    (void)token;
    (void)ret_name;
    (void)ret_why;
    return false;
}

static GByteArray *binding(void *user, const char *type)
{
    (void)user;
    return *type == 't' ? g_byte_array_new() : NULL;
}

static void converse(const char *mechanism, Bytes said)
{
    g_autoptr(Secret) secret = secret_new("a password no fuzzer finds", 26);
    const SaslServerParams params = {.service = "imap",
                                     .host = "h",
                                     .password = password_of,
                                     .token = no_token,
                                     .user = secret,
                                     .iterations = 1,
                                     .binding = binding,
                                     .fixed_nonce = "n"};
    g_autoptr(SaslServer) server = sasl_server_new(mechanism, &params, NULL);
    SaslVerdict verdict = SASL_CONTINUE;
    for (unsigned turns = 0; verdict == SASL_CONTINUE && turns < 8; turns++) {
        gssize end = bytes_index(said, '\n');
        Bytes line = end < 0 ? said : bytes_sub(said, 0, (size_t)end);
        said = bytes_sub(said, line.len + 1, SIZE_MAX);
        g_auto(SaslServerStep) step = {0};
        bool says = turns > 0 || line.len > 0;
        g_autoptr(Secret) response = says ? secret_new(line.data ? line.data : "", line.len) : NULL;
        g_assert_true(sasl_server_step(server, response, &step, DEADLINE_NEVER, NULL));
        verdict = step.verdict;
        g_assert_true(verdict != SASL_ACCEPTED);
        g_assert_true((verdict == SASL_CONTINUE) == (step.challenge != NULL));
        g_assert_true(verdict == SASL_CONTINUE || step.why);
    }
}

/* The first octet chooses the mechanism; lines are the client's messages. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const mechanisms[] = {
        "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN",
        "XOAUTH2",     "OAUTHBEARER"};
    if (size > 0) {
        converse(mechanisms[data[0] % G_N_ELEMENTS(mechanisms)],
                 (Bytes){(const char *)data + 1, size - 1});
    }
    return 0;
}
