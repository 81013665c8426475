#include "config/oauth_json.h"

#include <string.h>

static bool is(const Secret *secret, const char *text)
{
    g_autoptr(Secret) other = secret_new(text, strlen(text));
    return secret && secret_equal(secret, other);
}

static void test_tokens(void)
{
    g_autoptr(OauthGrant) grant = g_new0(OauthGrant, 1);
    grant->refresh_token = secret_new("old", 3);
    g_autofree char *code = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_true(oauth_json_tokens(
        BYTES_LITERAL("{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":3600}"),
        1000, grant, &code, &error));
    g_assert_no_error(error);
    g_assert_true(is(grant->access_token, "a"));
    g_assert_true(is(grant->refresh_token, "old")); /* none given: the old one stays good */
    g_assert_cmpint(grant->expires_at, ==, 4600);
    g_assert_true(
        oauth_json_tokens(BYTES_LITERAL("{\"access_token\":\"b\",\"refresh_token\":\"new\","
                                        "\"expires_in\":\"60\",\"scope\":\"mail\"}"),
                          1000, grant, &code, &error));
    g_assert_true(is(grant->access_token, "b"));
    g_assert_true(is(grant->refresh_token, "new"));
    g_assert_cmpint(grant->expires_at, ==, 1060);
    g_assert_cmpstr(grant->scope, ==, "mail");
    g_assert_true(
        oauth_json_tokens(BYTES_LITERAL("{\"access_token\":\"c\"}"), 1000, grant, &code, &error));
    g_assert_cmpint(grant->expires_at, ==, 0);
}

static void test_refusals(void)
{
    static const struct {
        const char *json;
        int error;
        const char *code;
    } cases[] = {
        {"{\"error\":\"slow_down\"}", POSTERN_ERROR_AUTH, "slow_down"},
        {"{\"error\":\"invalid_grant\",\"access_token\":\"x\"}", POSTERN_ERROR_AUTH,
         "invalid_grant"},
        {"{\"access_token\":\"x\",\"token_type\":\"mac\"}", POSTERN_ERROR_PROTOCOL, NULL},
        {"{\"access_token\":\"\"}", POSTERN_ERROR_PROTOCOL, NULL},
        {"{\"access_token\":\"a\\nb\"}", POSTERN_ERROR_PROTOCOL, NULL},
        {"{\"access_token\":7}", POSTERN_ERROR_PROTOCOL, NULL},
        {"{\"access_token\":\"a\",\"access_token\":\"b\"}", POSTERN_ERROR_PROTOCOL, NULL},
        {"[]", POSTERN_ERROR_PROTOCOL, NULL},
        {"\"x\"", POSTERN_ERROR_PROTOCOL, NULL},
        {"", POSTERN_ERROR_PROTOCOL, NULL},
        {"{", POSTERN_ERROR_PROTOCOL, NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(OauthGrant) grant = g_new0(OauthGrant, 1);
        g_autofree char *code = NULL;
        g_autoptr(GError) error = NULL;
        g_test_message("%s", cases[i].json);
        g_assert_false(oauth_json_tokens(bytes_of(cases[i].json), 0, grant, &code, &error));
        g_assert_error(error, POSTERN_ERROR, cases[i].error);
        g_assert_cmpstr(code, ==, cases[i].code);
        g_assert_null(grant->access_token);
    }
}

static void test_device(void)
{
    g_auto(OauthDevice) device = {0};
    g_autoptr(GError) error = NULL;
    g_assert_true(oauth_json_device(
        BYTES_LITERAL("{\"device_code\":\"d\",\"user_code\":\"ABCD\",\"verification_url\":"
                      "\"https://x/code\",\"expires_in\":60,\"interval\":0}"),
        &device, &error));
    g_assert_cmpstr(device.user_code, ==, "ABCD");
    g_assert_cmpstr(device.verification_uri, ==, "https://x/code");
    g_assert_cmpfloat(device.interval, ==, 1); /* never a busy loop */
    g_auto(OauthDevice) slow = {0};
    g_assert_true(oauth_json_device(BYTES_LITERAL("{\"device_code\":\"d\",\"user_code\":\"A\","
                                                  "\"verification_uri\":\"u\",\"interval\":99999}"),
                                    &slow, &error));
    g_assert_cmpfloat(slow.interval, ==, 60);
    g_auto(OauthDevice) none = {0};
    g_assert_false(oauth_json_device(BYTES_LITERAL("{\"user_code\":\"A\"}"), &none, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL);
}

static void test_metadata(void)
{
    g_auto(OauthProvider)
        p = {.issuer = g_strdup("https://a.example/"), .token = g_strdup("https://mine")};
    g_autoptr(GError) error = NULL;
    g_assert_true(oauth_json_metadata(
        BYTES_LITERAL("{\"issuer\":\"https://a.example\",\"token_endpoint\":\"https://theirs\","
                      "\"authorization_endpoint\":\"https://a.example/auth\"}"),
        &p, &error));
    g_assert_cmpstr(p.token, ==, "https://mine");
    g_assert_cmpstr(p.authorization, ==, "https://a.example/auth");
    g_assert_false(
        oauth_json_metadata(BYTES_LITERAL("{\"issuer\":\"https://b.example\"}"), &p, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL);
    g_clear_error(&error);
    g_assert_false(oauth_json_metadata(
        BYTES_LITERAL("{\"issuer\":\"https://a.example\",\"device_authorization_endpoint\":"
                      "\"http://a.example/d\"}"),
        &p, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_INSECURE);
}

static void test_what_is_kept_comes_back(void)
{
    g_autoptr(OauthGrant) grant = g_new0(OauthGrant, 1);
    grant->provider = g_strdup("google");
    grant->client_id = g_strdup("id \"quoted\"");
    grant->expires_at = 1234567890;
    grant->access_token = secret_new("at", 2);
    grant->refresh_token = secret_new("rt", 2);
    g_autoptr(Secret) all = oauth_json_of_grant(grant, true, true);
    g_autoptr(Secret) facts = oauth_json_of_grant(grant, true, false);
    g_assert_cmpuint(secret_length(facts), <, secret_length(all));
    g_autoptr(OauthGrant) back = g_new0(OauthGrant, 1);
    g_autoptr(GError) error = NULL;
    g_assert_true(oauth_json_to_grant(secret_reveal(all), back, &error));
    g_assert_cmpstr(back->client_id, ==, "id \"quoted\"");
    g_assert_cmpint(back->expires_at, ==, 1234567890);
    g_assert_true(is(back->refresh_token, "rt"));
    g_autoptr(OauthGrant) public = g_new0(OauthGrant, 1);
    g_assert_true(oauth_json_to_grant(secret_reveal(facts), public, &error));
    g_assert_null(public->access_token);
    g_assert_null(public->refresh_token);
}

static void test_presets_are_whole(void)
{
    for (const OauthPreset *row = oauth_presets; row->name; row++) {
        g_assert_true(g_str_has_prefix(row->token, "https://"));
        g_assert_true(g_str_has_prefix(row->authorization, "https://"));
        g_assert_nonnull(row->scope);
        g_assert_nonnull(row->hint);
        g_assert_true(oauth_preset_find(row->name) == row);
    }
    g_assert_null(oauth_preset_find("nobody"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oauth-json/tokens", test_tokens);
    g_test_add_func("/oauth-json/refusals", test_refusals);
    g_test_add_func("/oauth-json/device", test_device);
    g_test_add_func("/oauth-json/metadata", test_metadata);
    g_test_add_func("/oauth-json/kept", test_what_is_kept_comes_back);
    g_test_add_func("/oauth-json/presets", test_presets_are_whole);
    return g_test_run();
}
