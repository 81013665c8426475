/* What OAuth providers answer, what is kept of it, and what a browser brings back. */
#include "config/oauth_form.h"
#include "config/oauth_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_tokens(Bytes json)
{
    g_autoptr(OauthGrant) grant = g_new0(OauthGrant, 1);
    g_autofree char *code = NULL;
    g_autoptr(GError) error = NULL;
    bool good = oauth_json_tokens(json, 0, grant, &code, &error);
    g_assert_true(good == (error == NULL));
    g_assert_true(!good || (grant->access_token && !secret_has_line_break(grant->access_token)));
    g_assert_true(!error || g_utf8_validate(error->message, -1, NULL));
}

static void fuzz_others(Bytes json)
{
    g_auto(OauthDevice) device = {0};
    bool good = oauth_json_device(json, &device, NULL);
    g_assert_true(!good || (device.interval >= 1 && device.device_code && device.user_code));
    g_auto(OauthProvider) provider = {.issuer = g_strdup("https://a.example")};
    oauth_json_metadata(json, &provider, NULL);
    g_assert_true(!provider.token || g_ascii_strncasecmp(provider.token, "https://", 8) == 0);
    g_autoptr(OauthGrant) grant = g_new0(OauthGrant, 1);
    if (oauth_json_to_grant(json, grant, NULL)) {
        g_autoptr(Secret) again = oauth_json_of_grant(grant, true, true);
        g_assert_true(secret_length(again) > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes bytes = {(const char *)data, size};
    fuzz_tokens(bytes);
    fuzz_others(bytes);
    g_auto(OauthRedirect) redirect = {0};
    bool request = oauth_redirect_parse(bytes, "/", &redirect);
    g_assert_true(request || !redirect.is_callback);
    return 0;
}
