/* The server's side, tried by OpenSSL's own client. */
#include "world.h"

static World w;
static TestCert client_cert;

typedef struct {
    TlsServer *server;
    Stream *lower;
    char *error; /* what the server says, or NULL */
    int code;
    bool reused; /* the client's last session was a resumed one */
} Accepting;

static void *accept_and_echo(void *user)
{
    Accepting *a = user;
    g_autoptr(GError) error = NULL;
    char buffer[256];
    size_t got;
    Stream *s = tls_server_accept(a->server, a->lower, deadline_in(20), &error);
    while (s && stream_read(s, buffer, sizeof buffer, &got, deadline_in(20), NULL) && got > 0) {
        stream_write(s, (Bytes){buffer, got}, deadline_in(20), NULL);
    }
    a->error = error ? g_strdup(error->message) : NULL;
    a->code = error ? error->code : -1;
    stream_free(s);
    return NULL;
}

/* Lets a client of OpenSSL's talk to the server; gives what SSL_connect and one echo came to. */
static bool talk(Accepting *a, SSL_CTX *context, const char *plain, SSL_SESSION **session)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    a->lower = stream_from_fd(fds[0], NULL);
    GThread *thread = g_thread_new("server", accept_and_echo, a);
    bool fine = false;
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fds[1]);
    if (session && *session) {
        SSL_set_session(ssl, *session);
    }
    test_block_sigpipe();
    if (plain) {
        g_assert_cmpint(write(fds[1], plain, strlen(plain)), >, 0);
    } else if (SSL_connect(ssl) == 1) {
        char buffer[8] = "";
        fine = SSL_write(ssl, "hello", 5) == 5 && SSL_read(ssl, buffer, sizeof buffer) == 5 &&
               strcmp(buffer, "hello") == 0;
        if (session) {
            SSL_SESSION_free(*session);
            *session = SSL_get1_session(ssl);
            a->reused = SSL_session_reused(ssl);
        }
        SSL_shutdown(ssl);
    }
    shutdown(fds[1], SHUT_WR);
    g_thread_join(thread);
    SSL_free(ssl);
    close(fds[1]);
    ERR_clear_error();
    return fine;
}

static SSL_CTX *client_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_load_verify_locations(context, w.ca_file, NULL);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return context;
}

static TlsServer *new_server(TlsServerPlan plan)
{
    GError *error = NULL;
    plan.cert_file = w.leaf_file;
    plan.key_file = w.leaf_file;
    TlsServer *server = tls_server_new(&plan, &error);
    g_assert_no_error(error);
    return server;
}

static void test_a_client_of_another_make_is_served(void)
{
    Accepting a = {.server = new_server((TlsServerPlan){0})};
    SSL_CTX *context = client_context();
    g_assert_true(talk(&a, context, NULL, NULL));
    g_assert_null(a.error);
    SSL_CTX_free(context);
    tls_server_free(a.server);
}

static void test_the_versions_are_those_of_the_plan(void)
{
    static const struct {
        TlsVersion min, max;
        int client;
        bool served;
    } cases[] = {{0, 0, TLS1_2_VERSION, true},
                 {0, 0, TLS1_1_VERSION, false},
                 {TLS_1_0, TLS_1_0, TLS1_VERSION, true},
                 {TLS_1_3, 0, TLS1_2_VERSION, false},
                 {0, TLS_1_2, TLS1_3_VERSION, false}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Accepting a = {.server =
                           new_server((TlsServerPlan){.min = cases[i].min, .max = cases[i].max})};
        SSL_CTX *context = client_context();
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, cases[i].client);
        SSL_CTX_set_max_proto_version(context, cases[i].client);
        g_assert_cmpint(talk(&a, context, NULL, NULL), ==, cases[i].served);
        g_assert_cmpint(a.error == NULL, ==, cases[i].served);
        g_free(a.error);
        SSL_CTX_free(context);
        tls_server_free(a.server);
    }
}

static void test_sessions_are_resumed_by_tickets(void)
{
    Accepting a = {.server = new_server((TlsServerPlan){0})};
    SSL_CTX *context = client_context();
    SSL_SESSION *session = NULL;
    g_assert_true(talk(&a, context, NULL, &session));
    g_assert_false(a.reused);
    g_assert_true(talk(&a, context, NULL, &session));
    g_assert_true(a.reused);
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
    tls_server_free(a.server);
}

static void test_client_certificates_may_lack_but_not_be_wrong(void)
{
    TestCert stranger = test_cert((TestCertSpec){.cn = "stranger"});
    const struct {
        const TestCert *cert;
        bool served;
    } cases[] = {{NULL, true}, {&client_cert, true}, {&stranger, false}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Accepting a = {.server = new_server((TlsServerPlan){.client_ca_file = w.ca_file})};
        SSL_CTX *context = client_context();
        if (cases[i].cert) {
            SSL_CTX_use_certificate(context, cases[i].cert->x509);
            SSL_CTX_use_PrivateKey(context, cases[i].cert->key);
        }
        g_assert_cmpint(talk(&a, context, NULL, NULL), ==, cases[i].served);
        g_free(a.error);
        SSL_CTX_free(context);
        tls_server_free(a.server);
    }
    test_cert_clear(&stranger);
}

static void test_a_client_without_tls_is_told_by_its_words(void)
{
    Accepting a = {.server = new_server((TlsServerPlan){0})};
    SSL_CTX *context = client_context();
    g_assert_false(talk(&a, context, "EHLO client.test\r\n", NULL));
    g_assert_cmpint(a.code, ==, POSTERN_ERROR_PROTOCOL);
    g_assert_nonnull(strstr(a.error, "the client does not speak TLS here: it said \"EHLO client"));
    g_assert_null(strstr(a.error, "STARTTLS"));
    g_free(a.error);
    SSL_CTX_free(context);
    tls_server_free(a.server);
}

static void test_unusable_files_are_named(void)
{
    const struct {
        TlsServerPlan plan;
        const char *words;
    } cases[] = {
        {{.cert_file = "/nonexistent.pem"}, "/nonexistent.pem"},
        {{.cert_file = w.ca_file}, "key"}, /* there is none in it */
        {{.cert_file = w.leaf_file, .client_ca_file = "/nonexistent-ca.pem"},
         "/nonexistent-ca.pem"},
        {{.cert_file = w.leaf_file, .min = TLS_1_3, .max = TLS_1_2}, "no TLS version"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(tls_server_new(&cases[i].plan, &error));
        g_assert_nonnull(error);
        g_assert_nonnull(strstr(error->message, cases[i].words));
    }
    tls_server_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    client_cert = test_cert((TestCertSpec){.cn = "the client", .issuer = &w.root});
    g_test_add_func("/server/serves", test_a_client_of_another_make_is_served);
    g_test_add_func("/server/versions", test_the_versions_are_those_of_the_plan);
    g_test_add_func("/server/tickets", test_sessions_are_resumed_by_tickets);
    g_test_add_func("/server/clients", test_client_certificates_may_lack_but_not_be_wrong);
    g_test_add_func("/server/plaintext", test_a_client_without_tls_is_told_by_its_words);
    g_test_add_func("/server/files", test_unusable_files_are_named);
    int result = g_test_run();
    test_cert_clear(&client_cert);
    world_clear(&w);
    return result;
}
