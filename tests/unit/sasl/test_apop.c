#include "exchange.h"

/* RFC 1939 section 7. */
static void test_example_of_rfc_1939(void)
{
    g_autoptr(Secret) password = secret_of("tanstaaf");
    Bytes challenge =
        sasl_apop_challenge(B("+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>"));
    assert_bytes(challenge, B("<1896.697170952@dbc.mtview.ca.us>"));
    g_autofree char *digest = sasl_apop_digest(challenge, password);
    g_assert_cmpstr(digest, ==, "c4c9334bac560ecc979e58001b3e22fb");
}

static void test_what_is_a_challenge(void)
{
    static const char *const cases[][2] = {
        {"+OK <a@b> <c@d>", "<a@b>"},
        {"+OK <hello> <a@b>", "<a@b>"},
        {"+OK <<a@b>", "<a@b>"},
        {"+OK <a@b", ""},
        {"+OK a@b>", ""},
        {"+OK <@b>", ""},
        {"+OK <a@>", ""},
        {"+OK <a b@c>", ""},
        {"+OK <a\x01@c>", ""},
        {"+OK <a\xe4@c>", ""}, /* what the attack on APOP needs */
        {"+OK <>", ""},
        {"", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_bytes(sasl_apop_challenge(bytes_of(cases[i][0])), bytes_of(cases[i][1]));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/apop/example_of_rfc_1939", test_example_of_rfc_1939);
    g_test_add_func("/sasl/apop/what_is_a_challenge", test_what_is_a_challenge);
    return g_test_run();
}
