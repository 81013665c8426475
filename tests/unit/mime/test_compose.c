/* What is put together; what comes of it is read again by Python in tests/e2e/test_send.py. */
#include "mime/compose.h"

#include <string.h>

#include "proto/smtp_text.h"

static const ComposePlan usual = {
    .from = "a@b", .date = "Sat, 21 Nov 2026 12:00:00 +0000", .message_id = "<1@b>"};

static char *made(ComposePlan plan)
{
    GError *error = NULL;
    g_autoptr(GByteArray) text = compose(&plan, &error);
    g_assert_no_error(error);
    g_assert_true(smtp_text_check(bytes_of_array(text), NULL));
    g_assert_cmpuint(smtp_text_facts(bytes_of_array(text)).longest_line, <=, 998);
    return bytes_dup(bytes_of_array(text));
}

static void test_plain(void)
{
    ComposePlan plan = usual;
    plan.text = "Gr\xc3\xbc\xc3\x9f\x65";
    plan.subject = "\xc3\xa4";
    g_autofree char *text = made(plan);
    g_assert_nonnull(strstr(text, "Subject: =?UTF-8?"));
    g_assert_nonnull(strstr(text, "Content-Transfer-Encoding: 8bit\r\n"));
    g_assert_nonnull(strstr(text, "\r\n\r\nGr\xc3\xbc\xc3\x9f\x65\r\n"));
}

static void test_files_are_base64(void)
{
    ComposePart part = {.content = BYTES_LITERAL("x\0y"), .name = "\xc3\xa4.bin"};
    ComposePlan plan = usual;
    plan.parts = &part;
    plan.n_parts = 1;
    g_autofree char *text = made(plan);
    g_assert_nonnull(strstr(text, "Content-Disposition: attachment; filename*=UTF-8''%C3%A4.bin"));
    g_assert_nonnull(strstr(text, "\r\neAB5\r\n"));
}

static void test_nothing_becomes_two_fields(void)
{
    const char *const bad[] = {"X: y\r\nZ: w", NULL}, *const list[] = {"c@d\nBcc: e@f", NULL};
    ComposePart name = {.name = "a\nb", .content = BYTES_NONE}, cid = {.cid = "a>\r\nX: y"},
                type = {.type = "text/plain\r\nX: y"};
    ComposePlan plans[] = {usual, usual, usual, usual, usual, usual, usual};
    plans[0].headers = bad;
    plans[1].to = list;
    plans[2].subject = "a\nb";
    plans[3].from = "a@b\rX: y";
    ComposePart *parts[] = {&name, &cid, &type};
    for (size_t i = 0; i < 3; i++) {
        plans[4 + i].parts = parts[i];
        plans[4 + i].n_parts = 1;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(plans); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(compose(&plans[i], &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
    }
}

static void test_seven_bit(void)
{
    GError *error = NULL;
    g_autoptr(GByteArray) text = compose_seven_bit(
        BYTES_LITERAL(
            "X-Odd:   kept \r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n\r\n\xc3\xa4\r\n"),
        &error);
    g_assert_no_error(error);
    g_assert_false(smtp_text_has_eight_bit(bytes_of_array(text)));
    g_autofree char *out = bytes_dup(bytes_of_array(text));
    g_assert_true(g_str_has_prefix(out, "X-Odd:   kept \r\n"));
    g_autoptr(GError) why = NULL;
    g_assert_null(
        compose_seven_bit(BYTES_LITERAL("MIME-Version: 1.0\r\nContent-Type: multipart/signed; "
                                        "boundary=x\r\n\r\n--x\r\n\r\n\xc3\xa4\r\n--x--\r\n"),
                          &why));
    g_assert_error(why, POSTERN_ERROR, POSTERN_ERROR_DATA);
}

static void test_types(void)
{
    g_assert_cmpstr(compose_guess_type("a.PDF", BYTES_NONE), ==, "application/pdf");
    g_assert_cmpstr(compose_guess_type("a", BYTES_LITERAL("text")), ==, "text/plain");
    g_assert_cmpstr(compose_guess_type(NULL, BYTES_LITERAL("\xff")), ==,
                    "application/octet-stream");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/plain", test_plain);
    g_test_add_func("/compose/files-are-base64", test_files_are_base64);
    g_test_add_func("/compose/nothing-becomes-two-fields", test_nothing_becomes_two_fields);
    g_test_add_func("/compose/seven-bit", test_seven_bit);
    g_test_add_func("/compose/types", test_types);
    return g_test_run();
}
