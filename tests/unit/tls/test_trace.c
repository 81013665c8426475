/* Handshake messages as lines. */
#include "world.h"

static World w;

static void collect(void *user, const char *line)
{
    g_string_append_printf(user, "%s\n", line);
}

static char *trace(TlsPlan plan, const char *server_groups)
{
    TestServer server = {.context = test_server_context(&w.leaf, NULL)};
    if (server_groups) {
        SSL_CTX_set1_groups_list(server.context, server_groups);
    }
    GString *lines = g_string_new(NULL);
    TlsPeer *peer = NULL;
    plan.ca_file = w.ca_file;
    plan.trace_line = collect;
    plan.trace_user = lines;
    Stream *s = test_connect(&server, &plan, "mail.test", &peer, NULL);
    g_assert_nonnull(s);
    test_hang_up(s);
    test_server_join(&server);
    tls_peer_free(peer);
    SSL_CTX_free(server.context);
    return g_string_free(lines, FALSE);
}

static void expect_in_order(const char *text, const char *const *words)
{
    const char *at = text;
    for (size_t i = 0; words[i]; i++) {
        at = strstr(at, words[i]);
        if (!at) {
            g_error("'%s' is missing or late in:\n%s", words[i], text);
        }
    }
}

static void test_a_handshake_of_tls_1_3_is_told_message_by_message(void)
{
    g_autofree char *lines = trace((TlsPlan){.trace = true}, NULL);
    expect_in_order(lines,
                    (const char *const[]){"-> ClientHello, ", "for mail.test\n", "<- ServerHello, ",
                                          "TLS_AES_256_GCM_SHA384\n", "<- EncryptedExtensions",
                                          "<- Certificate, ", "<- CertificateVerify", "<- Finished",
                                          "-> Finished", "<- NewSessionTicket",
                                          "<- Alert, warning: close notify (0)\n", NULL});
}

static void test_a_handshake_of_tls_1_2_is_told_message_by_message(void)
{
    g_autofree char *lines = trace((TlsPlan){.trace = true, .max = TLS_1_2}, NULL);
    expect_in_order(lines, (const char *const[]){"-> ClientHello, ", "<- ServerHello, ",
                                                 "TLS_ECDHE_ECDSA_WITH_", "<- Certificate, ",
                                                 "<- ServerKeyExchange", "<- ServerHelloDone",
                                                 "-> ClientKeyExchange", "-> ChangeCipherSpec",
                                                 "-> Finished", "<- Finished", NULL});
}

static void test_a_second_hello_is_told_as_what_it_is(void)
{
    g_autofree char *lines = trace((TlsPlan){.trace = true, .groups = "X25519,P-384"}, "P-384");
    expect_in_order(lines, (const char *const[]){"-> ClientHello", "<- HelloRetryRequest",
                                                 "-> ClientHello", "<- ServerHello", NULL});
}

static void test_without_being_asked_nothing_is_told(void)
{
    g_autofree char *lines = trace((TlsPlan){0}, NULL);
    g_assert_cmpstr(lines, ==, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/trace/1.3", test_a_handshake_of_tls_1_3_is_told_message_by_message);
    g_test_add_func("/trace/1.2", test_a_handshake_of_tls_1_2_is_told_message_by_message);
    g_test_add_func("/trace/retry", test_a_second_hello_is_told_as_what_it_is);
    g_test_add_func("/trace/off", test_without_being_asked_nothing_is_told);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
