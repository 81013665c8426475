#include "report/send_result.h"

#include <string.h>

#include "report/send_lines.h"

static void test_lines(void)
{
    SmtpRecipient r = {
        .address = "a\033@b",
        .fate = SMTP_REFUSED,
        .answer = {.code = 550, .enhanced = "5.1.1", .text = "5.1.1 no\nsuch\x07 user"}};
    Submission refused = {.recipients = &r, .n = 1};
    g_autofree char *line = send_result_line(&refused, 0);
    g_assert_nonnull(strstr(line, "refused (550 5.1.1 no such"));
    g_assert_nonnull(strstr(line, "\n  5.1.1 "));
    g_assert_null(strchr(line, '\033'));
    g_assert_null(strchr(line, '\x07'));
    SmtpRecipient fine = {
        .address = "a@b", .fate = SMTP_ACCEPTED, .answer = {.code = 250, .text = "ok"}};
    Submission taken = {.recipients = &fine, .n = 1};
    g_autofree char *yes = send_result_line(&taken, 0);
    g_assert_cmpstr(yes, ==, "a@b: accepted (250 ok)");
}

/* A refusal that is no answer to RCPT says of what it is one; a code that each line has is said
 * once. */
static void test_what_was_refused(void)
{
    SmtpAnswer spam = {.code = 554, .enhanced = "5.7.1", .text = "5.7.1 spam\n5.7.1 go away"};
    SmtpRecipient r = {.address = "a@b", .fate = SMTP_REFUSED, .answer = spam};
    Submission s = {.recipients = &r, .n = 1, .result = {.end = spam}};
    g_autofree char *line = send_result_line(&s, 0);
    g_assert_true(
        g_str_has_prefix(line, "a@b: refused (554 5.7.1 spam go away), the answer to the text\n"));
    s.result = (SmtpMailResult){.mail = spam};
    g_autofree char *mail = send_result_line(&s, 0);
    g_assert_nonnull(strstr(mail, "), the answer to MAIL FROM\n"));
    s.result = (SmtpMailResult){.mail = {.code = 250}};
    g_autofree char *rcpt = send_result_line(&s, 0);
    g_assert_null(strstr(rcpt, "the answer"));
}

static void test_words(void)
{
    static const struct {
        SmtpFate a, b;
        const char *word;
    } rows[] = {
        {SMTP_ACCEPTED, SMTP_ACCEPTED, "accepted"}, {SMTP_ACCEPTED, SMTP_LATER, "partly accepted"},
        {SMTP_REFUSED, SMTP_LATER, "deferred"},     {SMTP_REFUSED, SMTP_UNKNOWN, "unknown"},
        {SMTP_REFUSED, SMTP_REFUSED, "refused"},    {SMTP_NOT_TRIED, SMTP_NOT_TRIED, "not sent"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        SmtpRecipient two[] = {{.fate = rows[i].a}, {.fate = rows[i].b}};
        g_assert_cmpstr(send_result_word(&(Submission){.recipients = two, .n = 2}), ==,
                        rows[i].word);
    }
}

static void test_json_is_one_line_whatever_the_server_says(void)
{
    SmtpRecipient r = {
        .address = "a@b", .fate = SMTP_REFUSED, .answer = {.code = 550, .text = "caf\xe9\n\"x\""}};
    Submission s = {.recipients = &r, .n = 1};
    g_autofree char *line = send_result_json(&(SendResultAbout){.file = "m"}, &s);
    g_assert_null(strchr(line, '\n'));
    g_assert_true(g_utf8_validate(line, -1, NULL));
    g_assert_nonnull(strstr(line, "\"fate\":\"refused\""));
}

static void test_json_of_a_checked_account(void)
{
    const SendAccount account = {.mechanism = "PLAIN", .size_max = 7};
    g_autofree char *line =
        send_result_json(&(SendResultAbout){.account = &account}, &(Submission){0});
    g_assert_nonnull(strstr(line, "\"result\":\"ok\""));
    g_assert_nonnull(
        strstr(line, "\"account\":{\"tls\":null,\"mechanism\":\"PLAIN\",\"size_max\":7}"));
}

static void test_batch_lines(void)
{
    g_autoptr(GError) error = NULL;
    BatchItem *item = send_line_item(
        BYTES_LITERAL(
            "{\"file\": \"m\", \"from\": \"a@b\", \"to\": [\"c@d\", \"e@f\"], \"id\": \"7\"}"),
        0, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(item->file, ==, "m");
    g_assert_cmpstr(item->recipients[1], ==, "e@f");
    g_assert_cmpstr(item->key, ==, "id:7");
    batch_item_free(item);
    static const char *const bad[] = {
        "", "[]", "{}", "{\"file\": 1}", "{\"file\": \"m\", \"cc\": \"x\"}", "{\"file\": \"m\"} x"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) why = NULL;
        g_assert_null(send_line_item(bytes_of(bad[i]), 0, &why));
        g_assert_error(why, POSTERN_ERROR, POSTERN_ERROR_DATA);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/send-result/lines", test_lines);
    g_test_add_func("/send-result/what-was-refused", test_what_was_refused);
    g_test_add_func("/send-result/the-worst-word", test_words);
    g_test_add_func("/send-result/account", test_json_of_a_checked_account);
    g_test_add_func("/send-result/json", test_json_is_one_line_whatever_the_server_says);
    g_test_add_func("/send-result/lines-of-a-batch", test_batch_lines);
    return g_test_run();
}
