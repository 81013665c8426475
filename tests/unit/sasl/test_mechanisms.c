#include "exchange.h"

#include "sasl/mech.h"

static void test_the_table_is_in_order_and_complete(void)
{
    int rank = INT_MAX;
    for (const SaslMechanism *m = sasl_mechanisms; m->name; m++) {
        g_assert_cmpint(m->rank, <=, rank);
        rank = m->rank;
        g_assert_true(m->rfc && *m->rfc && m->verdict && *m->verdict);
        g_assert_true(g_str_has_suffix(m->explanation, "\n"));
        g_assert_cmpint(m->supported, ==, m->run || m->own_way);
        g_assert_cmpint(m->supported, ==, m->strength != SASL_STRENGTH_DEAD);
        g_assert_cmpint(m->supported, ==, m->rank > 0);
        g_assert_cmpint(m->cleartext, ==, m->strength == SASL_STRENGTH_CLEARTEXT);
        g_assert_cmpint(m->needs_binding, ==, g_str_has_suffix(m->name, "-PLUS"));
        g_assert_true(sasl_mechanism_find(bytes_of(m->name)) == m); /* no name twice */
        if (m->proves_server) {
            g_assert_nonnull(m->run->finish);
        }
        if (m->supported) {
            g_assert_nonnull(strstr(m->explanation, "Steps:"));
            g_assert_nonnull(strstr(m->explanation, "What travels"));
            g_assert_nonnull(strstr(m->explanation, "eavesdropper"));
            g_assert_nonnull(strstr(m->explanation, "false server"));
        }
    }
}

static void test_what_was_promised_is_there(void)
{
    static const char *const can[] = {
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "DIGEST-MD5",
        "SCRAM-SHA-1",
        "SCRAM-SHA-256",
        "SCRAM-SHA-512",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-256-PLUS",
        "SCRAM-SHA-512-PLUS",
        "NTLM",
        "GSSAPI",
        "EXTERNAL",
        "ANONYMOUS",
        "XOAUTH2",
        "OAUTHBEARER",
        "APOP",
        "USER/PASS",
        "LOGIN command",
    };
    static const char *const dead[] = {"KERBEROS_V4", "SKEY", "OTP", "MSN"};
    for (size_t i = 0; i < G_N_ELEMENTS(can); i++) {
        g_assert_true(sasl_mechanism_find(bytes_of(can[i]))->supported);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(dead); i++) {
        g_assert_false(sasl_mechanism_find(bytes_of(dead[i]))->supported);
    }
    g_assert_null(sasl_mechanism_find(B("PLAI")));
    g_assert_null(sasl_mechanism_find(BYTES_NONE));
    g_assert_cmpstr(sasl_mechanism_find(B("xOaUtH2"))->name, ==, "XOAUTH2");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/mechanisms/the_table_is_in_order_and_complete",
                    test_the_table_is_in_order_and_complete);
    g_test_add_func("/sasl/mechanisms/what_was_promised_is_there", test_what_was_promised_is_there);
    return g_test_run();
}
