/* test_against_libgsasl.c: whole exchanges with a server that is not ours: libgsasl's. */
#include "exchange.h"

#include <gsasl.h>

#define USER "joe"
#define PASSWORD "s3cret word"

/* What the server believes. */
typedef struct {
    const char *password;
    const char *binding; /* base64, or NULL */
    const char *realm;
} Beliefs;

static int callback(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
    const Beliefs *beliefs = gsasl_callback_hook_get(library);
    switch (property) {
    case GSASL_PASSWORD:
        return gsasl_property_set(session, property, beliefs->password);
    case GSASL_CB_TLS_EXPORTER:
        return beliefs->binding ? gsasl_property_set(session, property, beliefs->binding)
                                : GSASL_NO_CALLBACK;
    case GSASL_SERVICE:
        return gsasl_property_set(session, property, "imap");
    case GSASL_HOSTNAME:
        return gsasl_property_set(session, property, "mail.example.org");
    case GSASL_REALM:
        return beliefs->realm ? gsasl_property_set(session, property, beliefs->realm)
                              : GSASL_NO_CALLBACK;
    case GSASL_VALIDATE_SIMPLE:
        return strcmp(gsasl_property_fast(session, GSASL_PASSWORD), beliefs->password) == 0
                   ? GSASL_OK
                   : GSASL_AUTHENTICATION_ERROR;
    case GSASL_VALIDATE_EXTERNAL:
        return g_strcmp0(gsasl_property_fast(session, GSASL_AUTHZID), "boss") == 0
                   ? GSASL_OK
                   : GSASL_AUTHENTICATION_ERROR;
    case GSASL_VALIDATE_ANONYMOUS:
        return strcmp(gsasl_property_fast(session, GSASL_ANONYMOUS_TOKEN), USER) == 0
                   ? GSASL_OK
                   : GSASL_AUTHENTICATION_ERROR;
    default:
        return GSASL_NO_CALLBACK;
    }
}

typedef enum { ACCEPTED, SERVER_REFUSED, CLIENT_REFUSED } Outcome;

typedef struct {
    Outcome outcome;
    GError *error; /* the client's */
} Result;

/* Steps the server; false when it refuses. */
static bool serve(Gsasl_session *session, const GString *input, GString *output, int *rc)
{
    char *out = NULL;
    size_t len = 0;
    *rc = gsasl_step(session, input->str, input->len, &out, &len);
    g_string_truncate(output, 0);
    g_string_append_len(output, out ? out : "", (gssize)len);
    gsasl_free(out);
    return *rc == GSASL_OK || *rc == GSASL_NEEDS_MORE;
}

static Result converse(SaslClient *client, bool client_first, Gsasl_session *session)
{
    Result result = {CLIENT_REFUSED, NULL};
    g_autoptr(GString) from_client = g_string_new(NULL), from_server = g_string_new(NULL);
    bool has_challenge = !client_first;
    int rc = GSASL_NEEDS_MORE;
    if (has_challenge) {
        g_assert_true(serve(session, from_client, from_server, &rc));
    }
    for (int round = 0; round < 10; round++) {
        g_auto(SaslStep) step = {0};
        if (!sasl_client_step(client, has_challenge, bytes_of_string(from_server), &step,
                              DEADLINE_NEVER, &result.error)) {
            return result;
        }
        has_challenge = true;
        Bytes text = secret_reveal(step.response);
        g_string_truncate(from_client, 0);
        g_string_append_len(from_client, text.data, (gssize)text.len);
        if (rc == GSASL_OK) {
            break; /* that was the empty answer to the server's last word */
        }
        if (!serve(session, from_client, from_server, &rc)) {
            result.outcome = SERVER_REFUSED;
            return result;
        }
        if (rc == GSASL_OK && from_server->len == 0) {
            break;
        }
    }
    result.outcome =
        sasl_client_finish(client, false, BYTES_NONE, &result.error) ? ACCEPTED : CLIENT_REFUSED;
    return result;
}

static Result login(const char *mechanism, const SaslParams *params, const Beliefs *beliefs)
{
    Gsasl *library = NULL;
    Gsasl_session *session = NULL;
    g_assert_cmpint(gsasl_init(&library), ==, GSASL_OK);
    gsasl_callback_set(library, callback);
    gsasl_callback_hook_set(library, (void *)beliefs);
    g_assert_cmpint(gsasl_server_start(library, mechanism, &session), ==, GSASL_OK);
    g_autoptr(SaslClient) client = client_for(mechanism, params);
    Result result =
        converse(client, sasl_mechanism_find(bytes_of(mechanism))->client_first, session);
    gsasl_finish(session);
    gsasl_done(library);
    return result;
}

static GByteArray *binding(void *user, const char *type)
{
    const char *data = user;
    if (strcmp(type, "tls-exporter") != 0) {
        return NULL;
    }
    GByteArray *array = g_byte_array_new();
    g_byte_array_append(array, (const guint8 *)data, (guint)strlen(data));
    return array;
}

static const char *const with_password[] = {
    "PLAIN",       "LOGIN",         "CRAM-MD5",         "DIGEST-MD5",
    "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS",
};

static SaslParams params_of(const char *mechanism, const Secret *password)
{
    SaslParams params = {
        .service = "imap", .host = "mail.example.org", .user = USER, .password = password};
    if (g_str_has_suffix(mechanism, "-PLUS")) {
        params.binding = binding;
        params.binding_user = "channel";
        params.inside_tls = true;
    }
    return params;
}

static Beliefs beliefs_of(const char *mechanism, const char *password)
{
    /* "channel" in base64 */
    return (Beliefs){password, g_str_has_suffix(mechanism, "-PLUS") ? "Y2hhbm5lbA==" : NULL,
                     "example.org"};
}

static void test_right_passwords_log_in(void)
{
    g_autoptr(Secret) password = secret_of(PASSWORD);
    for (size_t i = 0; i < G_N_ELEMENTS(with_password); i++) {
        SaslParams params = params_of(with_password[i], password);
        Beliefs beliefs = beliefs_of(with_password[i], PASSWORD);
        Result result = login(with_password[i], &params, &beliefs);
        g_test_message("%s", with_password[i]);
        g_assert_no_error(result.error);
        g_assert_cmpint(result.outcome, ==, ACCEPTED);
    }
}

static void test_wrong_passwords_do_not(void)
{
    g_autoptr(Secret) password = secret_of("wrong");
    for (size_t i = 0; i < G_N_ELEMENTS(with_password); i++) {
        SaslParams params = params_of(with_password[i], password);
        Beliefs beliefs = beliefs_of(with_password[i], PASSWORD);
        Result result = login(with_password[i], &params, &beliefs);
        g_test_message("%s", with_password[i]);
        g_assert_cmpint(result.outcome, ==, SERVER_REFUSED);
        g_clear_error(&result.error);
    }
}

static void test_names_and_passwords_outside_ascii(void)
{
    static const char *const mechanisms[] = {"PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256"};
    g_autoptr(Secret) password = secret_of("gr\xc3\xbc\xc3\x9f dich");
    for (size_t i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
        SaslParams params = params_of(mechanisms[i], password);
        params.user = "b\xc3\xa4r,=";
        Beliefs beliefs = beliefs_of(mechanisms[i], "gr\xc3\xbc\xc3\x9f dich");
        Result result = login(mechanisms[i], &params, &beliefs);
        g_assert_no_error(result.error);
        g_assert_cmpint(result.outcome, ==, ACCEPTED);
    }
}

static void test_another_channel_is_noticed(void)
{
    g_autoptr(Secret) password = secret_of(PASSWORD);
    SaslParams params = params_of("SCRAM-SHA-256-PLUS", password);
    params.binding_user = "another";
    Beliefs beliefs = beliefs_of("SCRAM-SHA-256-PLUS", PASSWORD);
    Result result = login("SCRAM-SHA-256-PLUS", &params, &beliefs);
    g_assert_cmpint(result.outcome, ==, SERVER_REFUSED);
    g_clear_error(&result.error);
}

static void test_logins_without_a_password(void)
{
    Beliefs beliefs = {0};
    SaslParams params = {.authzid = "boss", .user = USER};
    Result external = login("EXTERNAL", &params, &beliefs);
    g_assert_cmpint(external.outcome, ==, ACCEPTED);
    Result anonymous = login("ANONYMOUS", &params, &beliefs);
    g_assert_cmpint(anonymous.outcome, ==, ACCEPTED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/against_libgsasl/right_passwords_log_in", test_right_passwords_log_in);
    g_test_add_func("/sasl/against_libgsasl/wrong_passwords_do_not", test_wrong_passwords_do_not);
    g_test_add_func("/sasl/against_libgsasl/names_and_passwords_outside_ascii",
                    test_names_and_passwords_outside_ascii);
    g_test_add_func("/sasl/against_libgsasl/another_channel_is_noticed",
                    test_another_channel_is_noticed);
    g_test_add_func("/sasl/against_libgsasl/logins_without_a_password",
                    test_logins_without_a_password);
    return g_test_run();
}
