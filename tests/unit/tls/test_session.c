/* Resumption, and the renewal of keys. */
#include "tls/connection.h"
#include "world.h"

static World w;

/* One session; gives what can be resumed, though the connection may end without a goodbye. */
static TlsSession *run_and(void (*part)(Stream *), SSL_CTX *context, const TlsPlan *plan,
                           const char *host, TlsPeer **peer, GError **error)
{
    TestServer server = {.context = context};
    *peer = NULL;
    Stream *s = test_connect(&server, plan, host, peer, error);
    TlsSession *session = NULL;
    if (s) {
        test_say_and_hear(s, "hello");
        session = tls_session_take(s);
        part(s);
    }
    test_server_join(&server);
    return session;
}

static TlsSession *run(SSL_CTX *context, const TlsPlan *plan, const char *host, TlsPeer **peer,
                       GError **error)
{
    return run_and(test_hang_up, context, plan, host, peer, error);
}

static void test_a_session_is_resumed_and_verified_again(void)
{
    for (int version = TLS_1_2; version <= TLS_1_3; version++) {
        SSL_CTX *context = test_server_context(&w.leaf, NULL);
        TlsPlan plan = world_plan(&w);
        plan.max = (TlsVersion)version;
        TlsPeer *first, *second;
        GError *error = NULL;
        g_autoptr(TlsSession) session = run(context, &plan, "mail.test", &first, &error);
        g_assert_no_error(error);
        g_assert_nonnull(session);
        g_assert_false(first->resumed);
        plan.resume = session;
        tls_session_free(run(context, &plan, "mail.test", &second, &error));
        g_assert_no_error(error);
        g_assert_true(second->resumed);
        g_assert_true(second->verified);
        g_assert_cmpint(second->trust, ==, TLS_TRUST_PKIX);
        g_assert_cmpstr(second->matched, ==, "mail.test");
        g_assert_cmpuint(second->chain->len, ==, 1);
        tls_peer_free(first);
        tls_peer_free(second);
        SSL_CTX_free(context);
    }
}

static void test_a_session_outlives_a_connection_that_breaks_off(void)
{
    for (int version = TLS_1_2; version <= TLS_1_3; version++) {
        SSL_CTX *context = test_server_context(&w.leaf, NULL);
        TlsPlan plan = world_plan(&w);
        plan.max = (TlsVersion)version;
        g_autoptr(TlsPeer) first = NULL, second = NULL;
        g_autoptr(TlsSession) session =
            run_and(stream_free, context, &plan, "mail.test", &first, NULL);
        g_assert_nonnull(session);
        plan.resume = session;
        tls_session_free(run(context, &plan, "mail.test", &second, NULL));
        g_assert_true(second->resumed);
        SSL_CTX_free(context);
    }
}

static void test_a_session_from_an_unverified_peer_opens_no_door(void)
{
    TestCert own = test_cert((TestCertSpec){.cn = "mail.test", .san = "DNS:mail.test"});
    for (int version = TLS_1_2; version <= TLS_1_3; version++) {
        SSL_CTX *context = test_server_context(&own, NULL);
        TlsPlan lax = world_plan(&w), strict = world_plan(&w);
        lax.max = strict.max = (TlsVersion)version;
        lax.no_verify = true;
        TlsPeer *peer;
        g_autoptr(GError) error = NULL;
        g_autoptr(TlsSession) session = run(context, &lax, "mail.test", &peer, &error);
        g_assert_nonnull(session);
        tls_peer_free(peer);
        strict.resume = session;
        g_assert_null(run(context, &strict, "mail.test", &peer, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_INSECURE);
        g_assert_true(peer->resumed);
        world_says(peer, "error 18 at depth 0");
        tls_peer_free(peer);
        SSL_CTX_free(context);
    }
    test_cert_clear(&own);
}

static void test_a_pin_is_checked_on_resumption_too(void)
{
    SSL_CTX *context = test_server_context(&w.leaf, NULL);
    const char *const wrong[] = {
        "sha256:0000000000000000000000000000000000000000000000000000000000000000", NULL};
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer;
    g_autoptr(GError) error = NULL;
    g_autoptr(TlsSession) session = run(context, &plan, "mail.test", &peer, &error);
    tls_peer_free(peer);
    plan.resume = session;
    plan.pins = wrong;
    g_assert_null(run(context, &plan, "mail.test", &peer, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_INSECURE);
    tls_peer_free(peer);
    SSL_CTX_free(context);
}

static void test_a_session_tells_whether_it_is_a_ticket(void)
{
    SSL_CTX *context = test_server_context(&w.leaf, NULL);
    TlsPlan plan = world_plan(&w);
    g_autoptr(TlsPeer) first = NULL, second = NULL, third = NULL;
    g_autoptr(TlsSession) newest = run(context, &plan, "mail.test", &first, NULL);
    TlsSessionFacts facts = tls_session_facts(newest);
    g_assert_cmpint(facts.version, ==, TLS_1_3);
    g_assert_true(facts.ticket);
    g_assert_cmpint(facts.lifetime, >, 0);
    g_assert_cmpuint(facts.max_early_data, ==, 0);
    plan.max = TLS_1_2;
    g_autoptr(TlsSession) old = run(context, &plan, "mail.test", &second, NULL);
    g_assert_true(tls_session_facts(old).ticket);
    plan.no_ticket = true;
    g_autoptr(TlsSession) id = run(context, &plan, "mail.test", &third, NULL);
    facts = tls_session_facts(id);
    g_assert_cmpint(facts.version, ==, TLS_1_2);
    g_assert_false(facts.ticket);
    g_assert_cmpint(facts.lifetime, ==, -1);
    SSL_CTX_free(context);
}

static void test_early_data_is_told(void)
{
    SSL_CTX *context = test_server_context(&w.leaf, NULL);
    SSL_CTX_set_max_early_data(context, 4096);
    TlsPlan plan = world_plan(&w);
    g_autoptr(TlsPeer) peer = NULL;
    g_autoptr(TlsSession) session = run(context, &plan, "mail.test", &peer, NULL);
    g_assert_cmpuint(tls_session_facts(session).max_early_data, ==, 4096);
    SSL_CTX_free(context);
}

static void test_another_hosts_session_is_not_offered(void)
{
    SSL_CTX *context = test_server_context(&w.leaf, NULL);
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer;
    GError *error = NULL;
    g_autoptr(TlsSession) session = run(context, &plan, "mail.test", &peer, &error);
    tls_peer_free(peer);
    plan.resume = session;
    tls_session_free(run(context, &plan, "a.wild.test", &peer, &error));
    g_assert_no_error(error);
    g_assert_false(peer->resumed);
    tls_peer_free(peer);
    SSL_CTX_free(context);
}

static void test_a_ticket_is_taken_in_without_a_read_and_loses_no_byte(void)
{
    TestServer server = {.context = test_server_context(&w.leaf, NULL)};
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = NULL;
    Stream *s = test_connect(&server, &plan, "mail.test", &peer, NULL);
    g_assert_true(stream_write(s, BYTES_LITERAL("hello"), deadline_in(20), NULL));
    g_assert_true(io_wait_read(s->fd, deadline_in(20), NULL));
    g_autoptr(TlsSession) session = NULL;
    for (int i = 0; i < 100 && !session; i++) {
        session = tls_session_take(s);
        g_usleep(1000);
    }
    g_assert_nonnull(session);
    char buffer[8];
    size_t got;
    g_assert_true(stream_read(s, buffer, sizeof buffer, &got, deadline_in(20), NULL));
    g_assert_cmpmem(buffer, got, "hello", 5);
    test_hang_up(s);
    test_server_join(&server);
    tls_peer_free(peer);
    SSL_CTX_free(server.context);
}

static void test_keys_are_renewed_in_both_directions(void)
{
    TestServer server = {.context = test_server_context(&w.leaf, NULL)};
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = NULL;
    GError *error = NULL;
    Stream *s = test_connect(&server, &plan, "mail.test", &peer, &error);
    for (unsigned i = 1; i <= 3; i++) {
        g_assert_true(tls_rekey(s, deadline_in(20), &error));
        g_assert_no_error(error);
        test_say_and_hear(s, "still here");
        g_assert_cmpuint(((TlsConnection *)s)->key_updates, ==, i); /* the server's own */
    }
    test_hang_up(s);
    test_server_join(&server);
    tls_peer_free(peer);
    SSL_CTX_free(server.context);
}

static void test_keys_cannot_be_renewed_below_tls_1_3(void)
{
    TestServer server = {.context = test_server_context(&w.leaf, NULL)};
    TlsPlan plan = world_plan(&w);
    plan.max = TLS_1_2;
    TlsPeer *peer = NULL;
    g_autoptr(GError) error = NULL;
    Stream *s = test_connect(&server, &plan, "mail.test", &peer, NULL);
    g_assert_false(tls_rekey(s, deadline_in(20), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "TLS 1.2"));
    test_say_and_hear(s, "still here");
    test_hang_up(s);
    test_server_join(&server);
    tls_peer_free(peer);
    SSL_CTX_free(server.context);
}

/* CVE-2011-1473: whether the server agrees to a second handshake, and what it says when not. */
static void test_a_new_handshake_is_agreed_to_or_refused(void)
{
    for (int allowed = 0; allowed < 2; allowed++) {
        TestServer server = {.context = test_server_context(&w.leaf, NULL)};
        if (allowed) {
            SSL_CTX_set_options(server.context, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
        }
        TlsPlan plan = world_plan(&w);
        plan.max = TLS_1_2;
        TlsPeer *peer = NULL;
        g_autoptr(GError) error = NULL;
        Stream *s = test_connect(&server, &plan, "mail.test", &peer, NULL);
        g_assert_cmpint(tls_renegotiate(s, deadline_in(20), &error), ==, allowed);
        if (allowed) {
            g_assert_no_error(error);
            test_say_and_hear(s, "still here");
        } else {
            g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL);
            g_assert_nonnull(strstr(error->message, "renegotiation"));
        }
        test_hang_up(s);
        test_server_join(&server);
        tls_peer_free(peer);
        SSL_CTX_free(server.context);
    }
}

static void test_there_is_no_new_handshake_in_tls_1_3(void)
{
    TestServer server = {.context = test_server_context(&w.leaf, NULL)};
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = NULL;
    g_autoptr(GError) error = NULL;
    Stream *s = test_connect(&server, &plan, "mail.test", &peer, NULL);
    g_assert_false(tls_renegotiate(s, deadline_in(20), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    test_say_and_hear(s, "still here");
    test_hang_up(s);
    test_server_join(&server);
    tls_peer_free(peer);
    SSL_CTX_free(server.context);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/session/breaks_off", test_a_session_outlives_a_connection_that_breaks_off);
    g_test_add_func("/session/resume", test_a_session_is_resumed_and_verified_again);
    g_test_add_func("/session/unverified", test_a_session_from_an_unverified_peer_opens_no_door);
    g_test_add_func("/session/facts", test_a_session_tells_whether_it_is_a_ticket);
    g_test_add_func("/session/early_data", test_early_data_is_told);
    g_test_add_func("/session/pin", test_a_pin_is_checked_on_resumption_too);
    g_test_add_func("/session/host", test_another_hosts_session_is_not_offered);
    g_test_add_func("/session/ticket", test_a_ticket_is_taken_in_without_a_read_and_loses_no_byte);
    g_test_add_func("/session/rekey", test_keys_are_renewed_in_both_directions);
    g_test_add_func("/session/rekey-old", test_keys_cannot_be_renewed_below_tls_1_3);
    g_test_add_func("/session/renegotiate", test_a_new_handshake_is_agreed_to_or_refused);
    g_test_add_func("/session/renegotiate-1.3", test_there_is_no_new_handshake_in_tls_1_3);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
