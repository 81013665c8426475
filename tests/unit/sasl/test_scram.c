#include "exchange.h"

typedef struct {
    const char *mechanism, *nonce, *first, *server_first, *final, *server_final;
} Vector;

/* RFC 5802 section 5, RFC 7677 section 3, and draft-melnikov-scram-sha-512. */
static const Vector vectors[] = {
    {"SCRAM-SHA-1", "fyko+d2lbbFgONRv9qkxdawL", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
     "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
     "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    {"SCRAM-SHA-256", "rOprNGfwEbeRWgbNEkqO", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+"
     "Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
    {"SCRAM-SHA-512", "rOprNGfwEbeRWgbNEkqO", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO02431b08-2f89-4bad-a4e6-80c0564ec865,s=Yin2FuHTt/"
     "M0kJWb0t9OI32n2VmOGi3m+JfjOvuDF88=,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO02431b08-2f89-4bad-a4e6-80c0564ec865,p=Hc5yec3NmCD7t+kFRw4/3yD6/"
     "F3SQHc7AVYschRja+Bc3sbdjlA0eH1OjJc0DD4ghn1tnXN5/Wr6qm9xmaHt4A==",
     "v=BQuhnKHqYDwQWS5jAw4sZed+C9KFUALsbrq81bB0mh+bcUUbbMPNNmBIupnS2AmyyDnG5CTBQtkjJ9kyY4kzmw=="},
};

static SaslClient *begun(const Vector *v, const Secret *password)
{
    SaslParams params = {.user = "user", .password = password, .fixed_nonce = v->nonce};
    SaslClient *client = client_for(v->mechanism, &params);
    assert_begins(client, bytes_of(v->first));
    return client;
}

static void test_published_exchanges(void)
{
    g_autoptr(Secret) password = secret_of("pencil");
    for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
        const Vector *v = &vectors[i];
        g_autoptr(SaslClient) client = begun(v, password);
        assert_answer(client, bytes_of(v->server_first), bytes_of(v->final));
        g_autofree char *awaited = sasl_client_awaits(client);
        g_assert_cmpstr(awaited, ==, v->server_final);
        assert_answer(client, bytes_of(v->server_final),
                      B("")); /* IMAP and SMTP: as one more challenge */
        assert_finishes(client, false, BYTES_NONE);

        g_autoptr(SaslClient) other = begun(v, password);
        assert_answer(other, bytes_of(v->server_first), bytes_of(v->final));
        assert_finishes(other, true, bytes_of(v->server_final)); /* with the success itself */
    }
}

/* At the stage where only the server's proof is missing. */
static SaslClient *awaiting(const Secret *password)
{
    SaslClient *client = begun(&vectors[1], password);
    assert_answer(client, bytes_of(vectors[1].server_first), bytes_of(vectors[1].final));
    return client;
}

static void test_a_wrong_proof_of_the_server_is_insecure(void)
{
    static const char *const wrong[] = {
        "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", /* one bit */
        "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95A==", /* cut short */
        "v=6rri",
        "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        "v=?",
    };
    g_autoptr(Secret) password = secret_of("pencil");
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(SaslClient) client = awaiting(password);
        assert_step_fails(client, true, bytes_of(wrong[i]), POSTERN_ERROR_INSECURE, "false server");
        assert_finish_fails(client, false, BYTES_NONE, POSTERN_ERROR_INSECURE);
        g_autoptr(SaslClient) other = awaiting(password);
        assert_finish_fails(other, true, bytes_of(wrong[i]), POSTERN_ERROR_INSECURE);
    }
}

static void test_success_without_a_proof_is_insecure_at_every_stage(void)
{
    g_autoptr(Secret) password = secret_of("pencil");
    SaslParams params = {.user = "user", .password = password};
    g_autoptr(SaslClient) unbegun = client_for("SCRAM-SHA-256", &params);
    assert_finish_fails(unbegun, false, BYTES_NONE, POSTERN_ERROR_INSECURE);
    assert_finish_fails(unbegun, true, bytes_of(vectors[1].server_final), POSTERN_ERROR_INSECURE);
    g_autoptr(SaslClient) first_only = begun(&vectors[1], password);
    assert_finish_fails(first_only, true, bytes_of(vectors[1].server_final),
                        POSTERN_ERROR_INSECURE);
    g_autoptr(SaslClient) client = awaiting(password);
    assert_finish_fails(client, false, BYTES_NONE, POSTERN_ERROR_INSECURE);
}

static void test_a_foreign_nonce_is_insecure(void)
{
    static const char *const wrong[] = {
        "r=rOprNGfwEbeRWgbNEkqP%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", /* nothing added */
        "r=rOprN,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    };
    g_autoptr(Secret) password = secret_of("pencil");
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(SaslClient) client = begun(&vectors[1], password);
        assert_step_fails(client, true, bytes_of(wrong[i]), POSTERN_ERROR_INSECURE, "nonce");
    }
}

static void test_malformed_server_messages(void)
{
    static const char *const wrong[] = {
        "",
        "x",
        "r=",
        "e=",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==",
        "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=0",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=-1",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4096x",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W!,i=4096",
        "m=ext,r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4096",
        "s=W22Z,r=rOprNGfwEbeRWgbNEkqOx,i=4096",
        "r=rOprNGfwEbeRWgbNEkqO\x01x,s=W22Z,i=4096",
    };
    g_autoptr(Secret) password = secret_of("pencil");
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(SaslClient) client = begun(&vectors[1], password);
        assert_step_fails(client, true, bytes_of(wrong[i]), POSTERN_ERROR_PROTOCOL, "SCRAM");
    }
    g_autoptr(SaslClient) client = awaiting(password);
    assert_step_fails(client, true, B("q=1"), POSTERN_ERROR_PROTOCOL, "neither");
}

static void test_iterations_have_bounds(void)
{
    g_autoptr(Secret) password = secret_of("pencil");
    SaslParams params = {.user = "user", .password = password, .fixed_nonce = "abc"};
    g_autoptr(SaslClient) few = client_for("SCRAM-SHA-256", &params);
    assert_begins(few, B("n,,n=user,r=abc"));
    assert_step_fails(few, true, B("r=abcd,s=W22Z,i=4095"), POSTERN_ERROR_INSECURE,
                      "4095 iterations");
    g_autoptr(SaslClient) many = client_for("SCRAM-SHA-256", &params);
    assert_begins(many, B("n,,n=user,r=abc"));
    assert_step_fails(many, true, B("r=abcd,s=W22Z,i=2000001"), POSTERN_ERROR_LIMIT,
                      "2000001 iterations");
    params.inside_tls = true; /* there the server is known, and old ones ask for few */
    g_autoptr(SaslClient) inside = client_for("SCRAM-SHA-256", &params);
    assert_begins(inside, B("n,,n=user,r=abc"));
    g_autoptr(GString) final = answer(inside, true, B("r=abcd,s=W22Z,i=1"));
    g_assert_true(g_str_has_prefix(final->str, "c=biws,r=abcd,p="));
}

/* --- channel binding --- */

typedef struct {
    const char *type;
    const char *data;
} Binding;

static GByteArray *binding(void *user, const char *type)
{
    const Binding *b = user;
    if (strcmp(type, b->type) != 0) {
        return NULL;
    }
    GByteArray *data = g_byte_array_new();
    g_byte_array_append(data, (const guint8 *)b->data, (guint)strlen(b->data));
    return data;
}

static void test_header_tells_what_binding_there_is(void)
{
    g_autoptr(Secret) password = secret_of("pencil");
    Binding exporter = {"tls-exporter", "DATA"};
    SaslParams params = {
        .user = "user", .password = password, .fixed_nonce = "abc", .inside_tls = true};
    params.binding = binding;
    params.binding_user = &exporter;
    g_autoptr(SaslClient) could = client_for("SCRAM-SHA-256", &params);
    assert_begins(could, B("y,,n=user,r=abc")); /* no -PLUS was offered */
    params.server_has_plus = true;
    g_autoptr(SaslClient) left_aside = client_for("SCRAM-SHA-256", &params);
    assert_begins(left_aside, B("n,,n=user,r=abc"));

    g_autoptr(SaslClient) plus = client_for("SCRAM-SHA-256-PLUS", &params);
    assert_begins(plus, B("p=tls-exporter,,n=user,r=abc"));
    g_autoptr(GString) final = answer(plus, true, B("r=abcd,s=W22Z,i=4096"));
    g_assert_true(g_str_has_prefix(final->str,
                                   "c=cD10bHMtZXhwb3J0ZXIsLERBVEE=,r=abcd,p=")); /* header + DATA */

    Binding end_point = {"tls-server-end-point", "HASH"};
    params.binding_user = &end_point;
    g_autoptr(SaslClient) certificate = client_for("SCRAM-SHA-1-PLUS", &params);
    assert_begins(certificate, B("p=tls-server-end-point,,n=user,r=abc"));
}

static void test_plus_needs_a_binding(void)
{
    g_autoptr(Secret) password = secret_of("pencil");
    Binding none = {"made-up", ""};
    SaslParams params = {.user = "user", .password = password};
    assert_no_client("SCRAM-SHA-256-PLUS", &params, POSTERN_ERROR_AUTH, "binds the login");
    params.binding = binding;
    params.binding_user = &none;
    assert_no_client("SCRAM-SHA-256-PLUS", &params, POSTERN_ERROR_AUTH, "no channel binding");
}

static void test_downgrade_told_by_the_server_is_insecure(void)
{
    static const struct {
        const char *message;
        int code;
        const char *words;
    } cases[] = {
        {"e=server-does-support-channel-binding", POSTERN_ERROR_INSECURE, "taken it from the list"},
        {"e=channel-bindings-dont-match", POSTERN_ERROR_INSECURE, "stands in between"},
        {"e=invalid-proof", POSTERN_ERROR_AUTH, "password is wrong"},
        {"e=unknown-user", POSTERN_ERROR_AUTH, "does not know the user"},
        {"e=no-resources", POSTERN_ERROR_TEMPFAIL, "later"},
        {"e=\x1b[2J", POSTERN_ERROR_AUTH, "\\x1B[2J"},
    };
    g_autoptr(Secret) password = secret_of("pencil");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SaslClient) client = awaiting(password);
        g_assert_null(sasl_client_complaint(client));
        assert_step_fails(client, true, bytes_of(cases[i].message), cases[i].code, cases[i].words);
        g_assert_nonnull(sasl_client_complaint(client));
        g_autoptr(SaslClient) other = awaiting(password);
        assert_finish_fails(other, true, bytes_of(cases[i].message), cases[i].code);
        SaslParams params = {.user = "user", .password = password};
        g_autoptr(SaslClient) at_once = client_for("SCRAM-SHA-256", &params);
        g_autoptr(GString) first G_GNUC_UNUSED = answer(at_once, false, BYTES_NONE);
        assert_step_fails(at_once, true, bytes_of(cases[i].message), cases[i].code, cases[i].words);
    }
}

/* Servers that bind by another type say no in their own ways, at either step. */
static void test_a_refused_binding_names_the_option(void)
{
    g_autoptr(Secret) password = secret_of("pencil");
    Binding exporter = {"tls-exporter", "DATA"};
    SaslParams params = {.user = "user",
                         .password = password,
                         .fixed_nonce = "abc",
                         .inside_tls = true,
                         .binding = binding,
                         .binding_user = &exporter};
    static const char try_other[] = "--channel-binding=tls-server-end-point";
    g_autoptr(SaslClient) plus = client_for("SCRAM-SHA-256-PLUS", &params);
    assert_begins(plus, B("p=tls-exporter,,n=user,r=abc"));
    g_assert_nonnull(strstr(sasl_client_complaint(plus), try_other));
    g_autoptr(GString) final G_GNUC_UNUSED = answer(plus, true, B("r=abcd,s=W22Z,i=4096"));
    g_assert_nonnull(strstr(sasl_client_complaint(plus), "password is wrong, or"));
    g_assert_nonnull(strstr(sasl_client_complaint(plus), try_other));
    assert_step_fails(plus, true, B("e=channel-bindings-dont-match"), POSTERN_ERROR_INSECURE,
                      try_other);

    g_autoptr(SaslClient) other = client_for("SCRAM-SHA-256-PLUS", &params);
    g_autoptr(GString) first G_GNUC_UNUSED = answer(other, false, BYTES_NONE);
    g_autoptr(GString) proof G_GNUC_UNUSED = answer(other, true, B("r=abcd,s=W22Z,i=4096"));
    assert_step_fails(other, true, B("e=invalid-proof"), POSTERN_ERROR_AUTH, "password is wrong");
    g_assert_null(strstr(sasl_client_complaint(other), "--channel-binding"));
}

static void test_names_are_prepared_and_escaped(void)
{
    g_autoptr(Secret) password = secret_of("p");
    /* U+00AA becomes "a", U+00AD goes (RFC 4013 section 3); a comma and an equals sign end fields.
     */
    SaslParams params = {.user = "a,b=\xc2\xaa\xc2\xad",
                         .authzid = "=,",
                         .password = password,
                         .fixed_nonce = "abc"};
    g_autoptr(SaslClient) client = client_for("SCRAM-SHA-1", &params);
    assert_begins(client, B("n,a==3D=2C,n=a=2Cb=3Da,r=abc"));
    params.user = "a\x07";
    assert_no_client("SCRAM-SHA-1", &params, POSTERN_ERROR_AUTH, "the user name");
    g_autoptr(Secret) bell = secret_of("a\x07");
    SaslParams with_bell = {.user = "a", .password = bell};
    assert_no_client("SCRAM-SHA-1", &with_bell, POSTERN_ERROR_AUTH, "the password");
}

static void test_nonces_differ(void)
{
    g_autoptr(Secret) password = secret_of("p");
    SaslParams params = {.user = "u", .password = password};
    g_autoptr(SaslClient) a = client_for("SCRAM-SHA-1", &params),
                          b = client_for("SCRAM-SHA-1", &params);
    g_autoptr(GString) first = answer(a, false, BYTES_NONE), second = answer(b, true, BYTES_NONE);
    g_assert_cmpstr(first->str, !=, second->str);
    g_assert_cmpuint(first->len, >=, strlen("n,,n=u,r=") + 18);
}

static void test_what_is_shown_has_no_proof(void)
{
    g_autoptr(Secret) password = secret_of("pencil");
    g_autoptr(SaslClient) client = begun(&vectors[0], password);
    g_auto(SaslStep) step = {0};
    g_assert_true(sasl_client_step(client, true, bytes_of(vectors[0].server_first), &step,
                                   DEADLINE_NEVER, NULL));
    g_assert_null(strstr(step.shown, "v0X8v3Bz2T0CJGbJQyF0X"));
    g_assert_nonnull(strstr(step.shown, "proof=*****"));
    g_assert_nonnull(strstr(step.shown, "SCRAM-SHA-1 client final message"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/scram/published_exchanges", test_published_exchanges);
    g_test_add_func("/sasl/scram/a_wrong_proof_of_the_server_is_insecure",
                    test_a_wrong_proof_of_the_server_is_insecure);
    g_test_add_func("/sasl/scram/success_without_a_proof_is_insecure_at_every_stage",
                    test_success_without_a_proof_is_insecure_at_every_stage);
    g_test_add_func("/sasl/scram/a_foreign_nonce_is_insecure", test_a_foreign_nonce_is_insecure);
    g_test_add_func("/sasl/scram/malformed_server_messages", test_malformed_server_messages);
    g_test_add_func("/sasl/scram/iterations_have_bounds", test_iterations_have_bounds);
    g_test_add_func("/sasl/scram/header_tells_what_binding_there_is",
                    test_header_tells_what_binding_there_is);
    g_test_add_func("/sasl/scram/plus_needs_a_binding", test_plus_needs_a_binding);
    g_test_add_func("/sasl/scram/downgrade_told_by_the_server_is_insecure",
                    test_downgrade_told_by_the_server_is_insecure);
    g_test_add_func("/sasl/scram/a_refused_binding_names_the_option",
                    test_a_refused_binding_names_the_option);
    g_test_add_func("/sasl/scram/names_are_prepared_and_escaped",
                    test_names_are_prepared_and_escaped);
    g_test_add_func("/sasl/scram/nonces_differ", test_nonces_differ);
    g_test_add_func("/sasl/scram/what_is_shown_has_no_proof", test_what_is_shown_has_no_proof);
    return g_test_run();
}
