#include "server/imapd_section.h"

#include <string.h>

static const char mail[] = "From: a@b\r\nSubject: s\r\n folded\r\nX: 1\r\n"
                           "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                           "--b\r\nA: 1\r\n\r\nfirst\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
                           "Subject: in\r\n\r\nwithin\r\n--b--\r\n";

/* NULL: NIL. */
static void assert_section(const char *asked, const char *expected)
{
    ImapMessage message = {.text = bytes_of(mail)};
    g_autoptr(GArray) items = imap_parse_fetch_items(bytes_of(asked));
    Bytes octets;
    GString *own;
    bool there = imap_section(&message, &g_array_index(items, ImapFetchItem, 0), &octets, &own);
    g_autofree char *text = there ? bytes_dup(octets) : NULL;
    g_assert_cmpstr(text, ==, expected);
    if (own) {
        g_string_free(own, TRUE);
    }
    imap_message_clear(&message);
}

static void test_sections_are_octets_of_the_message(void)
{
    assert_section("BODY[]", mail);
    assert_section("BODY[1]", "first");
    assert_section("BODY[1.MIME]", "A: 1\r\n\r\n");
    assert_section("BODY[2]", "Subject: in\r\n\r\nwithin");
    assert_section("BODY[2.HEADER]", "Subject: in\r\n\r\n");
    assert_section("BODY[2.TEXT]", "within");
    assert_section("BODY[2.1]", "within");
    assert_section("RFC822.TEXT", strstr(mail, "--b"));
}

static void test_fields_come_as_they_stand(void)
{
    assert_section("BODY[HEADER.FIELDS (subject x)]", "Subject: s\r\n folded\r\nX: 1\r\n\r\n");
    assert_section("BODY[HEADER.FIELDS (none)]", "\r\n");
    assert_section("BODY[2.HEADER.FIELDS.NOT (from)]", "Subject: in\r\n\r\n");
}

static void test_what_is_not_there_is_nil(void)
{
    assert_section("BODY[3]", NULL);
    assert_section("BODY[1.1]", NULL);
    assert_section("BODY[1.HEADER]", NULL);
    assert_section("BODY[2.2]", NULL);
}

static void test_partial_ranges_are_clipped(void)
{
    assert_section("BODY[1]<1.3>", "irs");
    assert_section("BODY[1]<3.100>", "st");
    assert_section("BODY[1]<5.1>", "");
    assert_section("BODY[1]<4294967295.4294967295>", "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sections are octets of the message", test_sections_are_octets_of_the_message);
    g_test_add_func("/fields come as they stand", test_fields_come_as_they_stand);
    g_test_add_func("/what is not there is NIL", test_what_is_not_there_is_nil);
    g_test_add_func("/partial ranges are clipped", test_partial_ranges_are_clipped);
    return g_test_run();
}
