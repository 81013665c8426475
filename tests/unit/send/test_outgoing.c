#include "send/outgoing.h"

#include <string.h>
#include <time.h>

#include "send/header.h"

static Outgoing *make(const char *raw, OutgoingPlan plan)
{
    GError *error = NULL;
    Outgoing *o = outgoing_new(bytes_of(raw), &plan, &error);
    g_assert_no_error(error);
    return o;
}

static char *text_of(const Outgoing *o)
{
    return bytes_dup(bytes_of_array(o->text));
}

static void test_what_is_missing_comes(void)
{
    g_autoptr(Outgoing) o =
        make("To: a@b\n\nhello\n", (OutgoingPlan){.add_from = true, .sender = "me@x.org"});
    g_autofree char *text = text_of(o);
    g_assert_true(g_str_has_prefix(text, "To: a@b\r\nDate: "));
    g_assert_nonnull(strstr(text, "\r\nFrom: me@x.org\r\n"));
    g_assert_nonnull(strstr(text, "@x.org>\r\n"));
    g_assert_true(g_str_has_suffix(text, "\r\n\r\nhello\r\n"));
    g_assert_null(strstr(text, "MIME"));
    g_assert_cmpstr(o->sender, ==, "me@x.org");
    g_autoptr(Outgoing) again = make(text, (OutgoingPlan){.add_from = true});
    g_autofree char *second = text_of(again);
    g_assert_cmpstr(second, ==, text);
    g_assert_cmpstr(again->message_id, ==, o->message_id);
}

static void test_bcc_goes_and_gets_it(void)
{
    g_autoptr(Outgoing) o =
        make("From: m@x\nTo: a@b\nBcc: c@d,\n e@f\nResent-Bcc: g@h\n\nx\n", (OutgoingPlan){0});
    g_autofree char *text = text_of(o);
    g_assert_null(strstr(text, "c@d"));
    g_assert_null(strstr(text, "e@f"));
    g_assert_null(strstr(text, "g@h"));
    g_autoptr(Outgoing) took = make("From: m@x\nTo: a@b, A@B\nCc: a@b\nBcc: c@d\n\nx\n",
                                    (OutgoingPlan){.take_recipients = true});
    g_assert_cmpuint(took->recipients->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(took->recipients, 1), ==, "c@d");
    g_assert_cmpstr(took->sender, ==, "m@x");
    g_autoptr(Outgoing) resent = make("From: m@x\nTo: a@b\nResent-To: r@s\nResent-From: t@u\n\nx\n",
                                      (OutgoingPlan){.take_recipients = true});
    g_assert_cmpuint(resent->recipients->len, ==, 1);
    g_assert_cmpstr(resent->sender, ==, "t@u");
}

static void test_kinds_of_octets(void)
{
    g_autoptr(Outgoing) o = make("From: m@x\n\n\xc3\xa4\n", (OutgoingPlan){0});
    g_autofree char *text = text_of(o);
    g_assert_true(o->eight_bit && !o->header_eight_bit);
    g_assert_nonnull(
        strstr(text, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    g_autoptr(Outgoing) header = make("Subject: \xc3\xa4\n\nx\n", (OutgoingPlan){.as_is = true});
    g_assert_true(header->header_eight_bit && !header->eight_bit);
    g_autoptr(GError) error = NULL;
    g_assert_null(outgoing_new((Bytes){"a\0b", 3}, &(OutgoingPlan){0}, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
}

static void test_a_text_without_a_header(void)
{
    g_autoptr(Outgoing) o = make("just text\n", (OutgoingPlan){.sender = "m@x", .add_from = true});
    g_autofree char *text = text_of(o);
    g_assert_true(g_str_has_suffix(text, "\r\n\r\njust text\r\n"));
    g_assert_true(g_str_has_prefix(text, "Date: "));
    g_autoptr(Outgoing) empty = make("", (OutgoingPlan){.sender = "m@x"});
    Bytes body;
    header_split(bytes_of_array(empty->text), &body);
    g_assert_cmpuint(body.len, ==, 0);
    g_autoptr(Outgoing) null_path = make("", (OutgoingPlan){.sender = "<>"});
    g_assert_cmpstr(null_path->sender, ==, "");
}

static void test_dates_and_ids(void)
{
    g_setenv("TZ", "Asia/Kolkata", TRUE);
    tzset();
    g_autofree char *date = outgoing_date(1795300000);
    g_assert_cmpstr(date, ==, "Sun, 22 Nov 2026 03:56:40 +0530");
    g_autofree char *a = outgoing_message_id("x.org");
    g_autofree char *b = outgoing_message_id("x.org");
    g_assert_cmpstr(a, !=, b);
    g_assert_true(g_str_has_suffix(a, "@x.org>"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/outgoing/what-is-missing-comes-once", test_what_is_missing_comes);
    g_test_add_func("/outgoing/bcc-goes", test_bcc_goes_and_gets_it);
    g_test_add_func("/outgoing/kinds-of-octets", test_kinds_of_octets);
    g_test_add_func("/outgoing/a-text-without-a-header", test_a_text_without_a_header);
    g_test_add_func("/outgoing/dates-and-ids", test_dates_and_ids);
    return g_test_run();
}
