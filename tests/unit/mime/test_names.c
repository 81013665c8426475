/* names.c: safe file names. */
#include "mime/names.h"

#include <string.h>

static void test_names_do_no_harm(void)
{
    static const struct {
        const char *given, *safe;
    } rows[] = {
        {"photo.jpg", "photo.jpg"},
        {"../../etc/passwd", "passwd"},
        {"C:\\temp\\a.txt", "a.txt"},
        {"a/b\\", "part-2.png"},
        {"..", "part-2.png"},
        {"", "part-2.png"},
        {NULL, "part-2.png"},
        {".hidden", "hidden"},
        {"-rf", "_rf"},
        {"CON", "_CON"},
        {"con.txt", "_con.txt"},
        {"lpt9 .txt", "_lpt9 .txt"},
        {"COM\302\271", "_COM\302\271"},
        {"comb", "comb"},
        {"a\nb\033[2J", "a b[2J"},
        {"a\342\200\256gpj.exe", "agpj.exe"},
        {"a\357\273\277b\342\200\213c", "abc"},
        {"x. . ", "x"},
        {"\377bad", "\357\277\275bad"},
        {"$(id)`;|", "_(id)___"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *safe = names_safe(rows[i].given, "2", "image/png");
        g_assert_cmpstr(safe, ==, rows[i].safe);
    }
}

static void test_long_names_keep_their_extension(void)
{
    g_autoptr(GString) name = g_string_new(NULL);
    for (int i = 0; i < 300; i++) {
        g_string_append(name, "\303\274");
    }
    g_string_append(name, ".tar");
    g_autofree char *safe = names_safe(name->str, "1", "text/plain");
    g_assert_cmpuint(strlen(safe), <=, NAMES_MAX);
    g_assert_true(g_str_has_suffix(safe, "\303\274.tar"));
    g_assert_true(g_utf8_validate(safe, -1, NULL));
}

static void test_numbers_stand_before_the_extension(void)
{
    g_autofree char *with = names_numbered("a.b.txt", 2);
    g_assert_cmpstr(with, ==, "a.b-2.txt");
    g_autofree char *without = names_numbered("README", 13);
    g_assert_cmpstr(without, ==, "README-13");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/names/do_no_harm", test_names_do_no_harm);
    g_test_add_func("/names/long", test_long_names_keep_their_extension);
    g_test_add_func("/names/numbered", test_numbers_stand_before_the_extension);
    return g_test_run();
}
