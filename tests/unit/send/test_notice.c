#include "send/notice.h"

#include <string.h>

static char *text_of(const NoticePlan *plan)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Outgoing) o = notice_new(plan, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(o->sender, ==, "");
    g_assert_cmpuint(o->recipients->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(o->recipients, 0), ==, plan->sender);
    return bytes_dup(bytes_of_array(o->text));
}

/* A server's words are one line of printable ASCII in it, and lead to no field of their own. */
static void test_what_a_server_said(void)
{
    static const NoticeRecipient list[] = {
        {"a@b.example", "5.1.1", "550 5.1.1 no\r\nX-Injected: yes\n\x1b[31m", true},
        {"c@d.example", NULL, "it became shorter", false},
    };
    NoticePlan plan = {.id = "1-a",
                       .envid = "e 1",
                       .sender = "me@x.example",
                       .server = "mx.y",
                       .recipients = list,
                       .n = 2,
                       .header = BYTES_LITERAL("Subject: x\r\n")};
    g_autofree char *text = text_of(&plan);
    g_assert_nonnull(strstr(text, "\r\nTo: <me@x.example>\r\n"));
    g_assert_nonnull(strstr(text, "report-type=delivery-status;"));
    g_assert_nonnull(strstr(text, "\r\nOriginal-Envelope-Id: e 1\r\n"));
    g_assert_nonnull(strstr(text, "\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\n"
                                  "Status: 5.1.1\r\nRemote-MTA: dns; mx.y\r\n"
                                  "Diagnostic-Code: smtp; 550 5.1.1 no  X-Injected: yes"));
    g_assert_nonnull(
        strstr(text, "rfc822; c@d.example\r\nAction: failed\r\nStatus: 5.0.0\r\n\r\n--"));
    g_assert_null(strstr(text, "\nX-Injected"));
    g_assert_null(strchr(text, '\x1b'));
    g_assert_nonnull(strstr(text, "text/rfc822-headers\r\n\r\nSubject: x\r\n\r\n--"));
}

static void test_too_old_and_international(void)
{
    static const NoticeRecipient list[] = {{"ü@d.example", NULL, "451 later", true}};
    NoticePlan plan = {
        .id = "1-a", .sender = "me@x.example", .recipients = list, .n = 1, .expired = true};
    g_autofree char *text = text_of(&plan);
    g_assert_nonnull(strstr(text, "report-type=global-delivery-status;"));
    g_assert_nonnull(strstr(text, "Final-Recipient: utf-8; ü@d.example\r\n"));
    g_assert_nonnull(strstr(text, "Status: 4.4.7\r\n"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/notice/what-a-server-said", test_what_a_server_said);
    g_test_add_func("/notice/too-old-and-international", test_too_old_and_international);
    return g_test_run();
}
