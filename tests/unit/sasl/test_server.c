/* test_server.c: our client against our server: every mechanism, with the right credentials and
 * with wrong ones. (The client is tried against libgsasl's server and the RFCs' vectors elsewhere.)
 */
#include "sasl/server.h"

#include <string.h>

#include "exchange.h"

#define USER "j=oe, the 1st"
#define PASSWORD "s3cret \xc3\xbc word"
#define TOKEN "ya29.token"

typedef enum { IN, REFUSED, BROKEN, CLIENT_STOPPED } Outcome;

static Secret *password_of(void *user, const char *name)
{
    (void)user;
    return strcmp(name, USER) == 0 ? secret_of(PASSWORD) : NULL;
}

static bool token_is_good(void *user, const char *name, const Secret *token, char **ret_name,
                          char **ret_why)
{
    (void)ret_why;
    (void)user;
    (void)name;
    g_autoptr(Secret) good = secret_of(TOKEN);
    *ret_name = g_strdup(USER);
    return secret_equal(token, good);
}

static GByteArray *binding(void *user, const char *type)
{
    const char *data = user;
    return strcmp(type, "tls-exporter") == 0
               ? g_byte_array_append(g_byte_array_new(), (const guint8 *)data, (guint)strlen(data))
               : NULL;
}

typedef struct {
    SaslParams client;
    SaslServerParams server;
    const char *password;
    const char *token;
    bool no_initial_response;
    char *user; /* who got in */
    char *why;
} Login;

static Login login_new(void)
{
    return (Login){
        .client = {.service = "imap", .host = "mail.example.org", .user = USER},
        .server = {.service = "imap",
                   .host = "mail.example.org",
                   .password = password_of,
                   .token = token_is_good,
                   .certificate_name = USER},
        .password = PASSWORD,
        .token = TOKEN,
    };
}

static Outcome judge(Login *l, SaslClient *client, const SaslServer *server,
                     const SaslServerStep *step)
{
    g_free(l->user);
    g_free(l->why);
    l->user = g_strdup(sasl_server_user(server));
    l->why = g_strdup(step->why);
    if (step->verdict == SASL_ACCEPTED) {
        return sasl_client_finish(client, false, BYTES_NONE, NULL) ? IN : CLIENT_STOPPED;
    }
    g_assert_nonnull(step->why);
    return step->verdict == SASL_REJECTED ? REFUSED : BROKEN;
}

static Outcome run(Login *l, const char *mechanism)
{
    g_autoptr(Secret) password = secret_of(l->password);
    g_autoptr(Secret) token = secret_of(l->token);
    g_autoptr(GError) error = NULL;
    l->client.password = password;
    l->client.token = token;
    g_autoptr(SaslClient) client = client_for(mechanism, &l->client);
    g_autoptr(SaslServer) server = sasl_server_new(mechanism, &l->server, &error);
    g_assert_no_error(error);
    bool begins = sasl_mechanism_find(bytes_of(mechanism))->client_first && !l->no_initial_response;
    g_autoptr(Secret) response = NULL;
    if (begins) {
        g_auto(SaslStep) first = {0};
        g_assert_true(sasl_client_step(client, false, BYTES_NONE, &first, DEADLINE_NEVER, NULL));
        response = g_steal_pointer(&first.response);
    }
    for (unsigned turns = 0; turns < 10; turns++) {
        g_auto(SaslServerStep) step = {0};
        g_assert_true(sasl_server_step(server, response, &step, DEADLINE_NEVER, &error));
        if (step.verdict != SASL_CONTINUE) {
            return judge(l, client, server, &step);
        }
        g_auto(SaslStep) next = {0};
        if (!sasl_client_step(client, true, bytes_of_array(step.challenge), &next, DEADLINE_NEVER,
                              NULL)) {
            return CLIENT_STOPPED;
        }
        secret_free(response);
        response = g_steal_pointer(&next.response);
    }
    g_assert_not_reached();
}

static void login_clear(Login *l)
{
    g_free(l->user);
    g_free(l->why);
}

/* All but GSSAPI, which needs a KDC. */
static bool can_run_here(const char *mechanism)
{
    return strcmp(mechanism, "GSSAPI") != 0;
}

static void test_every_mechanism_lets_the_right_one_in(void)
{
    for (size_t i = 0; sasl_server_mechanisms[i]; i++) {
        for (int initial = 0; initial < 2 && can_run_here(sasl_server_mechanisms[i]); initial++) {
            Login l = login_new();
            l.no_initial_response = initial == 0;
            l.client.inside_tls = true;
            l.client.binding = l.server.binding = binding;
            l.client.binding_user = l.server.binding_user = (char *)"channel";
            g_test_message("%s", sasl_server_mechanisms[i]);
            g_assert_cmpint(run(&l, sasl_server_mechanisms[i]), ==, IN);
            g_assert_cmpstr(l.user, ==,
                            strcmp(sasl_server_mechanisms[i], "ANONYMOUS") == 0 ? "anonymous"
                                                                                : USER);
            login_clear(&l);
        }
    }
}

static const char *const with_password[] = {
    "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN"};

static void test_a_wrong_password_does_not(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(with_password); i++) {
        Login l = login_new();
        l.password = "s3cret \xc3\xbc wore";
        g_assert_cmpint(run(&l, with_password[i]), ==, REFUSED);
        login_clear(&l);
    }
}

static void test_nor_does_an_unknown_user_nor_an_empty_password(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(with_password); i++) {
        Login l = login_new();
        l.client.user = "nobody";
        l.password = "";
        g_assert_cmpint(run(&l, with_password[i]), ==, REFUSED);
        login_clear(&l);
    }
}

static void test_any_password_where_it_is_seen(void)
{
    static const char *const seen[] = {"PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"};
    for (size_t i = 0; i < G_N_ELEMENTS(seen); i++) {
        Login l = login_new();
        l.server.accept_any = true;
        l.client.user = "nobody";
        l.password = l.token = "whatever";
        g_assert_cmpint(run(&l, seen[i]), ==, IN);
        g_assert_cmpstr(l.user, ==, "nobody");
        login_clear(&l);
    }
}

static void test_a_wrong_token_is_told_in_the_exchange(void)
{
    static const char *const tokens[] = {"XOAUTH2", "OAUTHBEARER"};
    for (size_t i = 0; i < G_N_ELEMENTS(tokens); i++) {
        Login l = login_new();
        l.token = "ya29.stale";
        g_assert_cmpint(run(&l, tokens[i]), ==, REFUSED);
        login_clear(&l);
    }
}

static void test_another_channel_is_noticed(void)
{
    Login l = login_new();
    l.client.inside_tls = true;
    l.client.binding = l.server.binding = binding;
    l.client.binding_user = (char *)"mine";
    l.server.binding_user = (char *)"his";
    g_assert_cmpint(run(&l, "SCRAM-SHA-256-PLUS"), ==, REFUSED);
    g_assert_nonnull(strstr(l.why, "in the middle"));
    login_clear(&l);
}

static void test_plus_taken_from_the_list_is_noticed(void)
{
    Login l = login_new();
    l.client.inside_tls = true;
    l.client.binding = binding;
    l.client.binding_user = (char *)"channel";
    l.server.offers_plus = true;
    g_assert_cmpint(run(&l, "SCRAM-SHA-256"), ==, REFUSED);
    g_assert_nonnull(strstr(l.why, "took -PLUS"));
    l.client.server_has_plus = true; /* and left it aside on purpose */
    g_assert_cmpint(run(&l, "SCRAM-SHA-256"), ==, IN);
    login_clear(&l);
}

static void test_a_spoilt_proof_stops_the_client(void)
{
    static const char *const proving[] = {"SCRAM-SHA-1", "SCRAM-SHA-512", "DIGEST-MD5"};
    for (size_t i = 0; i < G_N_ELEMENTS(proving); i++) {
        Login l = login_new();
        l.server.spoil_proof = true;
        g_assert_cmpint(run(&l, proving[i]), ==, CLIENT_STOPPED);
        login_clear(&l);
    }
}

static void test_acting_as_another(void)
{
    Login l = login_new();
    l.client.authzid = "admin";
    g_assert_cmpint(run(&l, "PLAIN"), ==, IN);
    g_assert_cmpstr(l.user, ==, "admin");
    g_assert_cmpint(run(&l, "EXTERNAL"), ==, REFUSED);
    login_clear(&l);
}

static void test_what_cannot_run_here_is_told(void)
{
    Login l = login_new();
    g_autoptr(GError) error = NULL;
    l.server.certificate_name = NULL;
    g_assert_null(sasl_server_new("EXTERNAL", &l.server, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_AUTH);
    g_clear_error(&error);
    g_assert_null(sasl_server_new("SCRAM-SHA-1-PLUS", &l.server, &error));
    g_clear_error(&error);
    g_assert_null(sasl_server_new("NTLM", &l.server, &error));
    g_clear_error(&error);
    g_assert_null(sasl_server_new("X\033[2J", &l.server, &error));
    g_assert_null(strchr(error->message, '\033'));
}

/* What is wrong in form must be told apart from wrong credentials. */
static void test_broken_messages(void)
{
    static const struct {
        const char *mechanism;
        Bytes response;
    } cases[] = {
        {"PLAIN", {"no nul", 6}},
        {"PLAIN", {"\0\0pass", 6}},
        {"PLAIN", {"\0a\0b\0c", 6}},
        {"SCRAM-SHA-1", {"x,,n=a,r=b", 10}},
        {"SCRAM-SHA-1", {"p=tls-unique,,n=a,r=b", 21}},
        {"SCRAM-SHA-1", {"n,,n=a=2X,r=b", 13}},
        {"SCRAM-SHA-1", {"n,,r=b,n=a", 10}},
        {"SCRAM-SHA-1", {"", 0}},
        {"XOAUTH2", {"user=a\001", 7}},
        {"OAUTHBEARER", {"auth=Bearer x", 13}},
        {"CRAM-MD5", {"a 0123", 6}},
        {"DIGEST-MD5", {"username=\"a", 11}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Login l = login_new();
        g_autoptr(SaslServer) server = sasl_server_new(cases[i].mechanism, &l.server, NULL);
        g_autoptr(Secret) response = secret_new(cases[i].response.data, cases[i].response.len);
        g_auto(SaslServerStep) first = {0};
        g_auto(SaslServerStep) step = {0};
        g_assert_true(sasl_server_step(server, NULL, &first, DEADLINE_NEVER, NULL));
        g_assert_cmpint(first.verdict, ==, SASL_CONTINUE);
        g_assert_true(sasl_server_step(server, response, &step, DEADLINE_NEVER, NULL));
        g_assert_cmpint(step.verdict, ==, SASL_BROKEN);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/server/in", test_every_mechanism_lets_the_right_one_in);
    g_test_add_func("/server/wrong", test_a_wrong_password_does_not);
    g_test_add_func("/server/nobody", test_nor_does_an_unknown_user_nor_an_empty_password);
    g_test_add_func("/server/any", test_any_password_where_it_is_seen);
    g_test_add_func("/server/token", test_a_wrong_token_is_told_in_the_exchange);
    g_test_add_func("/server/channel", test_another_channel_is_noticed);
    g_test_add_func("/server/downgrade", test_plus_taken_from_the_list_is_noticed);
    g_test_add_func("/server/spoilt", test_a_spoilt_proof_stops_the_client);
    g_test_add_func("/server/act_as", test_acting_as_another);
    g_test_add_func("/server/cannot", test_what_cannot_run_here_is_told);
    g_test_add_func("/server/broken", test_broken_messages);
    return g_test_run();
}
