#include "base/idn.h"

#include "base/error.h"

#include <string.h>

static void test_to_ascii(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"Mail.Example.ORG", "mail.example.org"},
        {"localhost", "localhost"},
        {"example.org.", "example.org."},
        {"_25._tcp.mx.example", "_25._tcp.mx.example"},
        {"bücher.example", "xn--bcher-kva.example"},
        {"BÜCHER.Example", "xn--bcher-kva.example"},
        {"straße.de", "xn--strae-oqa.de"},   /* IDNA 2008, not 2003's "strasse" */
        {"日本語。jp", "xn--wgv71a119e.jp"}, /* the ideographic full stop is a dot */
        {"bu\xcc\x88"
         "cher.example",
         "xn--bcher-kva.example"}, /* decomposed */
        {"xn--bcher-kva.example", "xn--bcher-kva.example"},
        {"192.0.2.1", "192.0.2.1"},
        {"2001:DB8::1", "2001:db8::1"},
        {"[2001:DB8::1]", "[2001:db8::1]"},
        {"fe80::1%Eth0", "fe80::1%Eth0"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *out = idn_to_ascii(cases[i].in, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(out, ==, cases[i].out);
    }
}

static void test_what_is_no_name_is_refused(void)
{
    g_autofree char *long_label = g_strnfill(64, 'a');
    g_autofree char *label = g_strnfill(63, 'a');
    g_autofree char *long_name = g_strdup_printf("%s.%s.%s.%s", label, label, label, label);
    const char *const wrong[] = {"",
                                 ".",
                                 "a..b",
                                 ".a",
                                 "a b",
                                 "a\r\nb",
                                 "host\x1b[2J",
                                 "::1 ",
                                 "::1%a b",
                                 long_label,
                                 long_name,
                                 "\xff.example",
                                 "ex\xef\xbc\x8f"
                                 "ample.org", /* full-width '/' */
                                 "a\xef\xbc\xa0"
                                 "b.example", /* full-width '@' */
                                 "\xe2\x80\xae.example",
                                 "a\xe2\x80\x8b"
                                 "b.example",
                                 "a\xc2\xad"
                                 "b.example",
                                 "ex\xef\xbc\x85"
                                 "ample.org",
                                 "\xe2\x84\x80.example"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *out = idn_to_ascii(wrong[i], &error);
        if (out != NULL) {
            g_test_message("\"%s\" gave \"%s\"", wrong[i], out);
        }
        g_assert_null(out);
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
        g_assert_null(strchr(error->message, '\x1b'));
    }
}

static void test_longest_names_pass(void)
{
    g_autofree char *label = g_strnfill(63, 'a');
    g_autofree char *last = g_strnfill(61, 'a');
    g_autofree char *name = g_strdup_printf("%s.%s.%s.%s", label, label, label, last);
    g_autoptr(GError) error = NULL;
    g_autofree char *out = idn_to_ascii(name, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(out, ==, name);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/idn/to-ascii", test_to_ascii);
    g_test_add_func("/idn/refused", test_what_is_no_name_is_refused);
    g_test_add_func("/idn/longest", test_longest_names_pass);
    return g_test_run();
}
