/* oauth_client.c: what a provider is asked, and what its answers do. */
#include "../io/https_peer.h"
#include "config/oauth.h"

/* What the provider answers, in order: each once its request has come to `until`. */
typedef struct {
    const char *until;
    int status;
    const char *body;
} Answer;

typedef struct World {
    HttpsPeer peer;
    OauthNet net;
    OauthGrant *grant;
    OauthProvider provider;
    OauthDevice device;
    OauthBrowser browser;
    const Answer *answers;
    size_t n_answers;
    bool (*ask)(struct World *w, GError **error);
    bool good;
    GError *error;
    GString *requests;
} World;

static void open_world(World *w, const void *user)
{
    (void)user;
    https_peer_open(&w->peer);
    w->net = (OauthNet){.dial = &w->peer.dial, .ca_file = w->peer.certificate, .timeout = 20};
    w->grant = g_new0(OauthGrant, 1);
    w->grant->name = g_strdup("work");
    w->grant->client_id = g_strdup("postern");
    w->grant->token_endpoint = g_strdup("https://id.example/token");
    w->grant->revocation_endpoint = g_strdup("https://id.example/revoke");
    w->grant->access_token = secret_new("old", 3);
    w->grant->refresh_token = secret_new("r3fresh&1", 9);
    w->provider.issuer = g_strdup("https://id.example");
    w->requests = g_string_new(NULL);
}

static void close_world(World *w, const void *user)
{
    (void)user;
    https_peer_close(&w->peer);
    oauth_grant_free(w->grant);
    oauth_provider_clear(&w->provider);
    oauth_device_clear(&w->device);
    oauth_browser_clear(&w->browser);
    g_clear_error(&w->error);
    g_string_free(w->requests, TRUE);
}

static void run_ask(void *user)
{
    World *w = user;
    w->good = w->ask(w, &w->error);
}

static void run_answers(void *user)
{
    World *w = user;
    for (size_t i = 0; i < w->n_answers; i++) {
        https_peer_answer(&w->peer, w->answers[i].until, w->answers[i].status, w->answers[i].body);
        g_string_append(w->requests, w->peer.heard->str);
        https_peer_next(&w->peer);
    }
}

static void run(World *w, bool (*ask)(World *, GError **), const Answer *answers, size_t n)
{
    w->ask = ask;
    w->answers = answers;
    w->n_answers = n;
    g_clear_error(&w->error);
    https_peer_run(run_ask, w, run_answers, w);
    g_assert_true(w->good == (w->error == NULL));
}
#define RUN(w, ask, ...)                                                                           \
    run(w, ask, (const Answer[]){__VA_ARGS__}, G_N_ELEMENTS(((const Answer[]){__VA_ARGS__})))

static void assert_asked(const World *w, const char *words)
{
    if (!strstr(w->requests->str, words)) {
        g_error("\"%s\" was not asked: %s", words, w->requests->str);
    }
}

static void assert_secret(const Secret *secret, const char *text)
{
    Bytes b = secret_reveal(secret);
    g_assert_cmpmem(b.data, b.len, text, strlen(text));
}

/* --- refreshing --- */

static bool refresh(World *w, GError **error)
{
    return oauth_refresh(&w->net, w->grant, error);
}

static void test_a_refresh_may_bring_another_refresh_token(World *w, const void *user)
{
    (void)user;
    RUN(w, refresh,
        {"client_id=postern", 200,
         "{\"access_token\":\"new\",\"token_type\":\"Bearer\",\"expires_in\":3600,"
         "\"refresh_token\":\"rotated\"}"});
    g_assert_no_error(w->error);
    assert_asked(w, "POST /token HTTP/1.1");
    assert_asked(w, "grant_type=refresh_token&refresh_token=r3fresh%261&client_id=postern");
    assert_secret(w->grant->access_token, "new");
    assert_secret(w->grant->refresh_token, "rotated");
    int64_t left = w->grant->expires_at - g_get_real_time() / G_USEC_PER_SEC;
    g_assert_cmpint(left, >, 3000);
    g_assert_cmpint(left, <=, 3600);
    RUN(w, refresh,
        {"refresh_token=rotated&client_id=postern", 200,
         "{\"access_token\":\"newer\",\"token_type\":\"bearer\"}"});
    g_assert_no_error(w->error);
    assert_secret(w->grant->refresh_token, "rotated"); /* none came: the old one stays */
}

static void test_what_was_revoked_needs_a_person(World *w, const void *user)
{
    (void)user;
    RUN(w, refresh, {"client_id=postern", 400, "{\"error\":\"invalid_grant\"}"});
    g_assert_error(w->error, POSTERN_ERROR, POSTERN_ERROR_AUTH);
    g_assert_nonnull(strstr(w->error->message, "postern auth oauth login work"));
    g_assert_null(strstr(w->error->message, "r3fresh"));
}

static void test_failures_of_the_provider_are_told_apart(World *w, const void *user)
{
    (void)user;
    RUN(w, refresh, {"client_id=postern", 503, "<html>later</html>"});
    g_assert_error(w->error, POSTERN_ERROR, POSTERN_ERROR_TEMPFAIL);
    RUN(w, refresh, {"client_id=postern", 307, ""});
    g_assert_error(w->error, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL);
    g_assert_nonnull(strstr(w->error->message, "sends us elsewhere"));
    RUN(w, refresh, {"client_id=postern", 404, "<html>no</html>"});
    g_assert_error(w->error, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL);
    g_assert_nonnull(strstr(w->error->message, "HTTP status 404"));
    assert_secret(w->grant->access_token, "old");
}

static void test_without_a_refresh_token_nobody_is_asked(World *w, const void *user)
{
    (void)user;
    g_clear_pointer(&w->grant->refresh_token, secret_free);
    g_assert_false(oauth_refresh(&w->net, w->grant, &w->error));
    g_assert_error(w->error, POSTERN_ERROR, POSTERN_ERROR_AUTH);
}

/* --- discovery --- */

static bool discover(World *w, GError **error)
{
    return oauth_discover(&w->net, &w->provider, error);
}

static void test_the_second_document_is_asked_for(World *w, const void *user)
{
    (void)user;
    w->provider.device = g_strdup("https://mine.example/device");
    RUN(w, discover, {"\r\n\r\n", 404, "no"},
        {"\r\n\r\n", 200,
         "{\"issuer\":\"https://id.example\",\"token_endpoint\":\"https://id.example/t\","
         "\"authorization_endpoint\":\"https://id.example/a\","
         "\"device_authorization_endpoint\":\"https://id.example/d\"}"});
    g_assert_no_error(w->error);
    assert_asked(w, "GET /.well-known/openid-configuration HTTP/1.1");
    assert_asked(w, "GET /.well-known/oauth-authorization-server HTTP/1.1");
    g_assert_cmpstr(w->provider.token, ==, "https://id.example/t");
    g_assert_cmpstr(w->provider.device, ==, "https://mine.example/device"); /* said before */
}

static void test_another_issuers_document_is_refused(World *w, const void *user)
{
    (void)user;
    RUN(w, discover,
        {"\r\n\r\n", 200,
         "{\"issuer\":\"https://evil.example\",\"token_endpoint\":\"https://evil.example/t\"}"});
    g_assert_error(w->error, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL);
    g_assert_null(w->provider.token);
}

/* --- the device flow --- */

static bool device_login(World *w, GError **error)
{
    bool good =
        oauth_device_start(&w->net, w->grant, "https://id.example/device", &w->device, error);
    w->device.interval = 0.01; /* RFC 8628 has whole seconds */
    return good && oauth_device_wait(&w->net, &w->device, w->grant, error);
}

#define DEVICE                                                                                     \
    {                                                                                              \
        "client_id=postern", 200,                                                                  \
            "{\"device_code\":\"d3v\",\"user_code\":\"AB-CD\",\"verification_uri\":"               \
            "\"https://id.example/enter\",\"expires_in\":60,\"interval\":1}"                       \
    }

static void test_a_device_waits_until_the_person_has_agreed(World *w, const void *user)
{
    (void)user;
    RUN(w, device_login, DEVICE,
        {"device_code=d3v&client_id=postern", 400, "{\"error\":\"authorization_pending\"}"},
        {"device_code=d3v&client_id=postern", 503, "busy"},
        {"device_code=d3v&client_id=postern", 200,
         "{\"access_token\":\"new\",\"token_type\":\"bearer\"}"});
    g_assert_no_error(w->error);
    g_assert_cmpstr(w->device.user_code, ==, "AB-CD");
    assert_asked(w, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code");
    assert_secret(w->grant->access_token, "new");
    g_assert_cmpfloat(w->device.interval, >, 0.015); /* doubled by what failed */
}

static void test_a_person_that_refuses_ends_it(World *w, const void *user)
{
    (void)user;
    RUN(w, device_login, DEVICE,
        {"device_code=d3v&client_id=postern", 400, "{\"error\":\"access_denied\"}"});
    g_assert_error(w->error, POSTERN_ERROR, POSTERN_ERROR_AUTH);
    g_assert_null(strstr(w->error->message, "d3v"));
}

/* --- the browser's flow --- */

static bool browser_login(World *w, GError **error)
{
    g_autoptr(Secret) code = secret_new("c0de", 4);
    return oauth_browser_finish(&w->net, &w->browser, code, w->grant, error);
}

static void test_a_code_is_traded_with_its_verifier(World *w, const void *user)
{
    (void)user;
    oauth_browser_init(&w->browser, "http://127.0.0.1:4711/");
    g_autofree char *url =
        oauth_browser_url(&w->browser, w->grant, "https://id.example/auth", "joe@example.org");
    g_assert_nonnull(strstr(url, "code_challenge_method=S256"));
    g_assert_nonnull(strstr(url, w->browser.state));
    Bytes verifier = secret_reveal(w->browser.verifier);
    g_autofree char *shown = g_strndup(verifier.data, verifier.len);
    g_assert_null(strstr(url, shown));
    RUN(w, browser_login,
        {"client_id=postern", 200, "{\"access_token\":\"new\",\"token_type\":\"Bearer\"}"});
    g_assert_no_error(w->error);
    g_autofree char *field = g_strdup_printf("code_verifier=%s&", shown);
    assert_asked(w, field);
    assert_asked(w, "grant_type=authorization_code&code=c0de&redirect_uri=http%3A%2F%2F127.0.0.1");
}

/* --- forgetting --- */

static bool revoke_login(World *w, GError **error)
{
    return oauth_revoke(&w->net, w->grant, error);
}

static void test_a_login_is_revoked_by_its_refresh_token(World *w, const void *user)
{
    (void)user;
    RUN(w, revoke_login, {"client_id=postern", 200, ""});
    g_assert_no_error(w->error);
    assert_asked(w, "POST /revoke HTTP/1.1");
    assert_asked(w, "token=r3fresh%261&client_id=postern");
    RUN(w, revoke_login, {"client_id=postern", 400, "{}"});
    g_assert_error(w->error, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name)                                                                                 \
    g_test_add("/oauth-client/" #name, World, NULL, open_world, test_##name, close_world)
    TEST(a_refresh_may_bring_another_refresh_token);
    TEST(what_was_revoked_needs_a_person);
    TEST(failures_of_the_provider_are_told_apart);
    TEST(without_a_refresh_token_nobody_is_asked);
    TEST(the_second_document_is_asked_for);
    TEST(another_issuers_document_is_refused);
    TEST(a_device_waits_until_the_person_has_agreed);
    TEST(a_person_that_refuses_ends_it);
    TEST(a_code_is_traded_with_its_verifier);
    TEST(a_login_is_revoked_by_its_refresh_token);
    return g_test_run();
}
