#include "proto/caps.h"

#include <string.h>

static Caps *caps_from(const char *const *lines)
{
    Caps *caps = caps_new();
    for (; *lines; lines++) {
        caps_add_line(caps, bytes_of(*lines));
    }
    return caps;
}

#define CAPS(...) caps_from((const char *const[]){__VA_ARGS__, NULL})

static void test_names_and_arguments(void)
{
    g_autoptr(Caps) caps =
        CAPS("SIZE 10240000", "STARTTLS", " AUTH  PLAIN LOGIN ", "", "auth CRAM-MD5", "starttls");
    g_assert_cmpuint(caps_count(caps), ==, 3);
    g_assert_true(caps_has(caps, "size") && !caps_has(caps, "SIZ"));
    g_assert_cmpstr(caps_args(caps, "Size"), ==, "10240000");
    g_assert_cmpstr(caps_args(caps, "STARTTLS"), ==, "");
    g_assert_cmpstr(caps_args(caps, "ETRN"), ==, "");
    g_assert_cmpstr(caps_line(caps, 2), ==, "AUTH PLAIN LOGIN CRAM-MD5");
    g_assert_cmpstr(caps_name(caps, 2), ==, "AUTH");
}

static void test_none_is_an_empty_set(void)
{
    g_assert_false(caps_has(NULL, "X"));
    g_assert_cmpuint(caps_count(NULL), ==, 0);
    g_assert_cmpstr(caps_args(NULL, "X"), ==, "");
    g_auto(GStrv) none = caps_mechanisms(NULL);
    g_assert_null(none[0]);
}

static void test_what_grows_is_capped(void)
{
    g_autoptr(Caps) caps = caps_new();
    for (int i = 0; i < 2000; i++) {
        g_autofree char *line = g_strdup_printf("X%d", i);
        caps_add_line(caps, bytes_of(line));
        caps_add_line(caps, BYTES_LITERAL("X1 aaaaaaaaaaaaaaaaaaaaaaaa"));
    }
    g_assert_cmpuint(caps_count(caps), ==, 512);
    g_assert_cmpuint(strlen(caps_line(caps, 1)), <, 4200);
    caps_add_line(caps, (Bytes){"X\0Y", 3});
    g_assert_cmpuint(caps_count(caps), ==, 512);
}

static void assert_mechanisms(Caps *caps, const char *expected)
{
    g_auto(GStrv) names = caps_mechanisms(caps);
    g_autofree char *joined = g_strjoinv(" ", names);
    g_assert_cmpstr(joined, ==, expected);
    caps_free(caps);
}

static void test_mechanisms_of_all_protocols(void)
{
    assert_mechanisms(CAPS("AUTH PLAIN LOGIN", "AUTH=LOGIN PLAIN CRAM-MD5"),
                      "PLAIN LOGIN CRAM-MD5");
    assert_mechanisms(CAPS("IMAP4rev1", "AUTH=PLAIN", "AUTH=SCRAM-SHA-1", "auth=plain"),
                      "PLAIN SCRAM-SHA-1");
    assert_mechanisms(CAPS("SASL PLAIN", "USER"), "PLAIN");
    assert_mechanisms(CAPS("SASL", "AUTH="), "");
}

static void test_a_spoiled_offer_is_recognised(void)
{
    static const struct {
        const char *seen, *word;
        bool mangled;
    } cases[] = {
        {"XXXXXXXA", "STARTTLS", true},  {"XXXXXXXX", "STARTTLS", true},
        {"XTARTTLS", "STARTTLS", true},  {"STARTXXX", "STARTTLS", true},
        {"STARTTLX", "STARTTLS", true},  {"STARTTXX", "STARTTLS", true},
        {"xxxxxxxa", "STARTTLS", true},  {"XTLS", "STLS", true},
        {"XXXX", "STLS", true},          {"STARTTLS", "STARTTLS", false},
        {"PIPELINE", "STARTTLS", false}, {"SASL", "STLS", false},
        {"UIDL", "STLS", false},         {"XSTARTTLS", "STARTTLS", false},
        {"AUTH", "STLS", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Caps) caps = CAPS("SIZE 5", cases[i].seen);
        g_assert_cmpstr(caps_mangled_tls(caps, cases[i].word), ==,
                        cases[i].mangled ? cases[i].seen : NULL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/caps/names-and-arguments", test_names_and_arguments);
    g_test_add_func("/caps/none-is-an-empty-set", test_none_is_an_empty_set);
    g_test_add_func("/caps/what-grows-is-capped", test_what_grows_is_capped);
    g_test_add_func("/caps/mechanisms-of-all-protocols", test_mechanisms_of_all_protocols);
    g_test_add_func("/caps/a-spoiled-offer-is-recognised", test_a_spoiled_offer_is_recognised);
    return g_test_run();
}
