/* pasted.c: what is on a clipboard. */
#include "mime/pasted.h"

#include <string.h>

static void test_kinds(void)
{
    static const struct {
        const char *text;
        PastedKind kind;
    } rows[] = {
        {"Subject: x\n\nhi\n", PASTED_MESSAGE},
        {"From a@b Mon Jan  1 10:00:00 2024\nSubject: x\n", PASTED_MBOX},
        {"From here on it is text\n", PASTED_TEXT},
        {"+OK 120 octets\r\nSubject: x\r\n", PASTED_TRANSCRIPT},
        {"\n\nRETR 1\n+OK\nSubject: x\n", PASTED_TRANSCRIPT},
        {"~> RETR 1\n<~ +OK\n<~ Subject: x\n", PASTED_TRANSCRIPT},
        {"* 3 FETCH (BODY[] {20}\nSubject: x\n", PASTED_TRANSCRIPT},
        {"+OKAY is a word\n", PASTED_TEXT},
        {"text\n--abc\nContent-Type: text/plain\n\nx\n", PASTED_BODY},
        {"iVBORw0KGgoAAAANSUhEUgAAAAgAAAAI\nCAIA\n", PASTED_BASE64},
        {"aGVsbG8gd29ybGQ=\n", PASTED_BASE64},
        {"hello\n", PASTED_TEXT},
        {"hello world\n", PASTED_TEXT},
        {"", PASTED_MESSAGE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Pasted pasted;
        pasted_judge(bytes_of(rows[i].text), &pasted);
        g_assert_cmpint(pasted.kind, ==, rows[i].kind);
        g_autofree char *words = pasted_words(&pasted);
        g_assert_true((words != NULL) == (pasted.kind > PASTED_MBOX));
        pasted_clear(&pasted);
    }
}

static void test_blanks_before_a_header_are_no_part_of_it(void)
{
    static const struct {
        const char *text;
        PastedKind kind;
        size_t lead;
    } rows[] = {
        {"A: b\nC: d\n\nx\n", PASTED_MESSAGE, 0},
        {"\n \r\nA: b\n\nx\n", PASTED_MESSAGE, 4},
        {"  A: b\nC: d\n", PASTED_MESSAGE, 2},
        {"\n\tA: b\nC: d\n", PASTED_MESSAGE, 2},
        {"  A: b\n  C: d\n", PASTED_TEXT, 0}, /* all of it is indented: no message as it is */
        {"  note: this\nis a text\n", PASTED_TEXT, 0},
        {"\nFrom a@b Mon Jan  1 10:00:00 2024\nA: b\n", PASTED_MBOX, 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Pasted pasted;
        pasted_judge(bytes_of(rows[i].text), &pasted);
        g_assert_cmpint(pasted.kind, ==, rows[i].kind);
        g_assert_cmpuint(pasted.lead, ==, rows[i].lead);
        g_autofree char *words = pasted_words(&pasted);
        bool told = pasted.kind == PASTED_TEXT || (pasted.kind == PASTED_MESSAGE && pasted.lead);
        g_assert_true((words != NULL) == told);
        pasted_clear(&pasted);
    }
}

static char *message_of(const char *text)
{
    Pasted pasted;
    pasted_judge(bytes_of(text), &pasted);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GString *out = g_string_new(NULL);
    for (size_t i = 0; lines[i] && lines[i + 1]; i++) {
        g_autofree char *whole = g_strconcat(lines[i], "\n", NULL);
        Bytes line = bytes_of(whole);
        if (!pasted_line(&pasted, i, &line)) {
            break;
        }
        g_string_append_len(out, line.data, (gssize)line.len);
    }
    pasted_clear(&pasted);
    return g_string_free(out, FALSE);
}

static void test_transcripts(void)
{
    g_autofree char *pop = message_of("\n+OK 9 octets\nA: b\n\n..x\n.\n+OK bye\n");
    g_assert_cmpstr(pop, ==, "A: b\n\n.x\n");
    g_autofree char *arrows =
        message_of("~> RETR 1\n<~ +OK\n=== a note\n<~ A: b\n<~\n<~ x\n<~ .\n");
    g_assert_cmpstr(arrows, ==, "A: b\n\nx\n");
    g_autofree char *imap = message_of("* 1 FETCH (BODY[] {9}\nA: b\n\nx\n)\n");
    g_assert_cmpstr(imap, ==, "A: b\n\nx\n");
}

static void test_headers_are_made_up(void)
{
    Pasted body, base64;
    pasted_judge(BYTES_LITERAL("--a\"b\nContent-Type: text/plain\n\nx\n"), &body);
    g_autofree char *header = pasted_header(&body);
    g_assert_nonnull(strstr(header, "boundary=\"a\\\"b\""));
    pasted_judge(BYTES_LITERAL("iVBORw0KGgoAAAANSUhEUgAAAAgAAAAI\n"), &base64);
    g_assert_cmpstr(base64.type, ==, "image/png");
    pasted_clear(&body);
    pasted_clear(&base64);
}

static void test_from_lines(void)
{
    g_assert_true(pasted_is_from_line(BYTES_LITERAL("From a@b Mon Jan  1 10:00:00 2024")));
    g_assert_true(pasted_is_from_line(BYTES_LITERAL("From - Sat, 01 Jan 2000 10:00 +0000\r\n")));
    g_assert_false(pasted_is_from_line(BYTES_LITERAL("From 10:30 on we will")));
    g_assert_false(pasted_is_from_line(BYTES_LITERAL("From 2024 on")));
    g_assert_false(pasted_is_from_line(BYTES_LITERAL("From: a@b 10:00:00 2024")));
    g_assert_false(pasted_is_from_line(BYTES_LITERAL("From ")));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pasted/kinds", test_kinds);
    g_test_add_func("/pasted/blanks", test_blanks_before_a_header_are_no_part_of_it);
    g_test_add_func("/pasted/transcripts", test_transcripts);
    g_test_add_func("/pasted/headers", test_headers_are_made_up);
    g_test_add_func("/pasted/from_lines", test_from_lines);
    return g_test_run();
}
