/* content.c: what a leaf holds, decoded or as it stands. */
#include "mime/content.h"

#include "messages.h"

static char *content_of(const char *encoding, const char *content, bool decoded)
{
    g_autofree char *text =
        g_strdup_printf("A: b\nContent-Transfer-Encoding: %s\n\n%s", encoding, content);
    g_auto(Read) read = read_message(bytes_of(text), false);
    const MimeNode *leaf = read.tree->nodes->pdata[0];
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_assert_true(content_read(read.tree->g, leaf->object, decoded, gather, out, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(content_raw_size(read.tree->g, leaf->object), ==, strlen(content));
    return g_strdup(out->str);
}

static void test_encodings_are_undone(void)
{
    static const struct {
        const char *encoding, *content, *decoded;
    } rows[] = {
        {"7bit", "hello\n", "hello\n"},
        {"x-unheard-of", "=41\n", "=41\n"},
        {"base64", "aGVs\r\nbG8=\r\n", "hello"},
        {"BASE64", "aGVsbG8", "hello"},
        {"base64", "aGVsb*G8", "hello"},
        {"base64", "aGVsb", "hel"},
        {"base64", "aGk=\naGk=\n", "hi"},
        {"quoted-printable", "a=C3=BC=\nb=3D\n", "a\303\274b=\n"},
        {"quoted-printable", "a=XYb=", "a=XYb"},
        {"x-uuencode", "begin 644 x\n%:&5L;&\\*\n`\nend\n", "hello"},
        {"7bit", "", ""},
        {"base64", "", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *decoded = content_of(rows[i].encoding, rows[i].content, true);
        g_test_message("%s: %s", rows[i].encoding, rows[i].content);
        g_assert_cmpstr(decoded, ==, rows[i].decoded);
        g_autofree char *raw = content_of(rows[i].encoding, rows[i].content, false);
        g_assert_cmpstr(raw, ==, rows[i].content);
    }
}

static bool refuse(void *user, Bytes piece, GError **error)
{
    (void)piece;
    unsigned *calls = user;
    *calls += 1;
    return error_fail(error, POSTERN_ERROR_IO, "the disk is full");
}

/* More than a piece, so that there would be a second call. */
static void test_who_takes_it_can_stop_it(void)
{
    static const char *const encodings[] = {"7bit", "base64", "quoted-printable", "x-uuencode"};
    g_autofree char *lines = g_strnfill(300000, 'A');
    for (size_t i = 0; i < G_N_ELEMENTS(encodings); i++) {
        bool uu = strstr(encodings[i], "uu") != NULL;
        g_autofree char *text = g_strdup_printf(
            "A: b\nContent-Transfer-Encoding: %s\n\n%s%s\n", encodings[i],
            uu ? "begin 644 x\n%:&5L;&\\*\n%:&5L;&\\*\n" : lines, uu ? "`\nend" : "");
        g_auto(Read) read = read_message(bytes_of(text), false);
        const MimeNode *leaf = read.tree->nodes->pdata[0];
        unsigned calls = 0;
        g_autoptr(GError) error = NULL;
        g_assert_false(content_read(read.tree->g, leaf->object, true, refuse, &calls, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_IO);
        g_assert_cmpuint(calls, ==, 1);
    }
}

static void test_what_has_no_content_is_empty(void)
{
    g_auto(Read) read = read_message(
        BYTES_LITERAL("A: b\nContent-Type: multipart/mixed; boundary=q\n\n--q\n\nx\n--q--\n"),
        false);
    const MimeNode *root = read.tree->nodes->pdata[0];
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_true(content_read(read.tree->g, root->object, true, gather, out, NULL));
    g_assert_true(content_read(read.tree->g, NULL, true, gather, out, NULL));
    g_assert_cmpuint(out->len, ==, 0);
    g_assert_cmpuint(content_raw_size(read.tree->g, NULL), ==, 0);
    g_assert_true(content_is_plain(read.tree->g, NULL));
}

static void test_the_text_of_a_multipart_without_parts_is_its_content(void)
{
    g_auto(Read) read =
        read_message(BYTES_LITERAL("A: b\nContent-Type: multipart/mixed\n\nonly text\n"), false);
    const MimeNode *root = read.tree->nodes->pdata[0];
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_true(content_read(read.tree->g, root->object, true, gather, out, NULL));
    g_assert_cmpstr(out->str, ==, "only text\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/content/encodings", test_encodings_are_undone);
    g_test_add_func("/content/stopped", test_who_takes_it_can_stop_it);
    g_test_add_func("/content/empty", test_what_has_no_content_is_empty);
    g_test_add_func("/content/hollow", test_the_text_of_a_multipart_without_parts_is_its_content);
    return g_test_run();
}
