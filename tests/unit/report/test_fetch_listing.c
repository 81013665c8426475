#include "report/fetch_listing.h"

#include <jansson.h>

static json_t *parsed(const FetchListing *listing)
{
    g_autofree char *text = fetch_listing_json(listing);
    json_t *json = json_loads(text, 0, NULL);
    g_assert_nonnull(json);
    g_assert_true(g_str_has_suffix(text, "}\n"));
    return json;
}

static void test_each_account_has_its_messages(void)
{
    g_autoptr(FetchListing) listing = fetch_listing_new();
    FetchJob one = {.name = (char *)"one"}, other = {.name = (char *)"b\xff"};
    const SourceMessage pop3 = {.number = 3, .uidl = "\"a\\\xff", .size = 12}, imap = {.number = 7};
    fetch_listing_add(listing, &one,
                      &(FetchEvent){.folder = "INBOX", .message = &pop3, .text = "fetch"});
    fetch_listing_add(listing, &other,
                      &(FetchEvent){.folder = "x/y", .message = &imap, .text = "known"});
    g_autoptr(GError) error = g_error_new_literal(POSTERN_ERROR, POSTERN_ERROR_EOF, "it \"ended\"");
    fetch_listing_end(listing, &(FetchOutcome){.job = &other, .error = error});
    fetch_listing_end(listing, &(FetchOutcome){.job = &one, .totals = {.listed = 4, .wanted = 1}});
    json_t *json = parsed(listing);
    const char *name, *id, *what, *failure;
    int listed, wanted, size, uid;
    json_t *accounts = json_object_get(json, "accounts");
    g_assert_cmpint((int)json_array_size(accounts), ==, 2);
    g_assert_cmpint(json_unpack(json_array_get(accounts, 0), "{s:s, s:s, s:[{s:i, s:n}]}", "name",
                                &name, "error", &failure, "messages", "id", &uid, "size"),
                    ==, 0);
    g_assert_cmpstr(name, ==, "b\xef\xbf\xbd");
    g_assert_cmpstr(failure, ==, "it \"ended\"");
    g_assert_cmpint(uid, ==, 7);
    g_assert_cmpint(json_unpack(json_array_get(accounts, 1),
                                "{s:i, s:i, s:n, s:[{s:s, s:i, s:s, s:s}]}", "listed", &listed,
                                "wanted", &wanted, "error", "messages", "id", &id, "size", &size,
                                "what", &what, "folder", &failure),
                    ==, 0);
    g_assert_cmpint(listed, ==, 4);
    g_assert_cmpint(wanted, ==, 1);
    g_assert_cmpstr(id, ==, "\"a\\\xef\xbf\xbd");
    g_assert_cmpint(size, ==, 12);
    g_assert_cmpstr(what, ==, "fetch");
    g_assert_cmpstr(failure, ==, "INBOX");
    json_decref(json);
}

static void test_an_account_without_messages_is_there_all_the_same(void)
{
    g_autoptr(FetchListing) listing = fetch_listing_new();
    FetchJob job = {.name = (char *)"empty"};
    fetch_listing_end(listing, &(FetchOutcome){.job = &job});
    json_t *json = parsed(listing);
    json_t *messages = NULL;
    g_assert_cmpint(json_unpack(json, "{s:[{s:o}]}", "accounts", "messages", &messages), ==, 0);
    g_assert_true(json_is_array(messages));
    g_assert_cmpint((int)json_array_size(messages), ==, 0);
    json_decref(json);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fetch_listing/each-account-has-its-messages",
                    test_each_account_has_its_messages);
    g_test_add_func("/fetch_listing/an-account-without-messages-is-there-all-the-same",
                    test_an_account_without_messages_is_there_all_the_same);
    return g_test_run();
}
