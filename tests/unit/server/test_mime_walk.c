#include "server/mime_walk.h"

#include <string.h>

static const char nested[] =
    "Content-Type: multipart/mixed; boundary=\"o u\"\r\n\r\n"
    "preamble\r\n--o u\r\n"
    "Content-Type: message/rfc822\r\n\r\n"
    "Subject: in\r\n\r\nbody\r\n"
    "--o u  \r\n"
    "Content-Type: multipart/digest; boundary=d\r\n\r\n"
    "--d\r\n\r\nSubject: two\r\n\r\nx\r\n--d--\r\nepilogue\r\n--o u--\r\nend";

static void assert_body(const MimeParts *tree, const char *path, const char *expected)
{
    uint32_t numbers[8];
    unsigned depth = 0;
    g_auto(GStrv) words = g_strsplit(path, ".", 8);
    for (; words[depth]; depth++) {
        numbers[depth] = (uint32_t)atoi(words[depth]);
    }
    uint32_t place = mime_find(tree, numbers, depth);
    g_autofree char *body =
        place == MIME_NO_PART ? NULL : bytes_dup(mime_part_body(tree, mime_part(tree, place)));
    g_assert_cmpstr(body, ==, expected);
}

static void test_parts_are_found_where_they_are(void)
{
    g_autoptr(MimeParts) tree = mime_walk(bytes_of(nested));
    assert_body(tree, "1", "Subject: in\r\n\r\nbody");
    assert_body(tree, "1.1", "body");
    assert_body(tree, "1.2", NULL);
    assert_body(tree, "2.1", "Subject: two\r\n\r\nx");
    assert_body(tree, "2.1.1", "x");
    assert_body(tree, "2.2", NULL);
    assert_body(tree, "3", NULL);
    g_assert_cmpint(mime_part(tree, mime_find(tree, (uint32_t[]){2, 1}, 2))->kind, ==,
                    MIME_MESSAGE);
}

static void test_simple_messages_are_their_own_part(void)
{
    g_autoptr(MimeParts) tree = mime_walk(BYTES_LITERAL("A: b\n\n--x\nbody"));
    assert_body(tree, "1", "--x\nbody");
    assert_body(tree, "1.1", NULL);
    assert_body(tree, "2", NULL);
    g_autoptr(MimeParts) header = mime_walk(BYTES_LITERAL("A: b"));
    assert_body(header, "1", "");
    g_autoptr(MimeParts) nothing = mime_walk(BYTES_NONE);
    g_assert_cmpuint(nothing->parts->len, ==, 1);
}

static void test_outer_boundaries_end_inner_parts(void)
{
    g_autoptr(MimeParts) tree = mime_walk(BYTES_LITERAL(
        "Content-Type: multipart/a; boundary=o\n\n--o\nContent-Type: multipart/b; boundary=i\n\n"
        "--i\n\ninner\n--o\n\nouter\n"));
    assert_body(tree, "1.1", "inner");
    assert_body(tree, "2", "outer\n");
}

static void test_depth_and_number_are_capped(void)
{
    GString *deep = g_string_new(NULL);
    for (int i = 0; i < 1000; i++) {
        g_string_append(deep, "Content-Type: message/rfc822\n\n");
    }
    g_autoptr(MimeParts) tree = mime_walk(bytes_of_string(deep));
    g_assert_cmpuint(tree->parts->len, ==, MIME_DEPTH_MAX + 1);
    g_string_assign(deep, "Content-Type: multipart/x; boundary=b\n\n");
    for (int i = 0; i < MIME_PARTS_MAX + 100; i++) {
        g_string_append(deep, "--b\n\n");
    }
    g_autoptr(MimeParts) many = mime_walk(bytes_of_string(deep));
    g_assert_cmpuint(many->parts->len, ==, MIME_PARTS_MAX);
    g_string_free(deep, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/parts are found where they are", test_parts_are_found_where_they_are);
    g_test_add_func("/simple messages are their own part", test_simple_messages_are_their_own_part);
    g_test_add_func("/outer boundaries end inner parts", test_outer_boundaries_end_inner_parts);
    g_test_add_func("/depth and number are capped", test_depth_and_number_are_capped);
    return g_test_run();
}
