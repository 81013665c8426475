#include "source_test.h"

#include "fetch/pop3_source.h"

static void tell_listing(const SourceListing *listing, Came *came)
{
    for (guint i = 0; i < listing->messages->len; i++) {
        const SourceMessage *m = &g_array_index(listing->messages, SourceMessage, i);
        g_string_append_printf(came->story, "%u (%" G_GUINT64_FORMAT ") %s%s\n", m->number, m->size,
                               m->uidl, m->ambiguous ? " ambiguous" : "");
    }
}

static bool list_only(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing = source_list(source, &(SourceListPlan){0}, error);
    if (listing) {
        tell_listing(listing, came);
    }
    return listing != NULL;
}

static bool list_ids(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing =
        source_list(source, &(SourceListPlan){.ids_only = true}, error);
    if (listing) {
        tell_listing(listing, came);
    }
    return listing != NULL;
}

static bool list_ids_and_finish(Source *source, Came *came, GError **error)
{
    return list_ids(source, came, error) && source_finish(source, error);
}

static bool list_ids_then_sizes(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing =
        source_list(source, &(SourceListPlan){.ids_only = true}, error);
    bool ok = listing && source_sizes(source, listing, error);
    if (ok) {
        tell_listing(listing, came);
    }
    return ok;
}

static bool fetch_all(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing = source_list(source, &(SourceListPlan){0}, error);
    return listing && play_fetch_listed(source, listing, NULL, came, error);
}

static bool fetch_headers(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing = source_list(source, &(SourceListPlan){0}, error);
    return listing &&
           play_fetch_listed(source, listing, &(SourceFetchPlan){.header_only = true}, came, error);
}

static bool fetch_in_a_window_of_two(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing = source_list(source, &(SourceListPlan){0}, error);
    return listing &&
           play_fetch_listed(source, listing, &(SourceFetchPlan){.window_count = 2}, came, error);
}

static bool fetch_in_100_octets(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing = source_list(source, &(SourceListPlan){0}, error);
    return listing &&
           play_fetch_listed(source, listing, &(SourceFetchPlan){.window_bytes = 100}, came, error);
}

static bool fetch_and_fail(Source *source, Came *came, GError **error)
{
    came->fail_after = 2;
    return fetch_all(source, came, error);
}

static bool delete_twice_and_finish(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing = source_list(source, &(SourceListPlan){0}, error);
    g_autoptr(GPtrArray) all = listing ? play_all_of(listing) : NULL;
    (void)came;
    return all &&
           source_delete(source, (const SourceMessage *const *)all->pdata, all->len, NULL, error) &&
           source_delete(source, (const SourceMessage *const *)all->pdata, all->len, NULL, error) &&
           source_finish(source, error);
}

static bool delete_then_finish_anyway(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing = source_list(source, &(SourceListPlan){0}, error);
    g_autoptr(GPtrArray) all = listing ? play_all_of(listing) : NULL;
    bool deleted = all && source_delete(source, (const SourceMessage *const *)all->pdata, all->len,
                                        NULL, error);
    (void)came;
    return source_finish(source, deleted ? error : NULL) && deleted;
}

static bool flag_them(Source *source, Came *came, GError **error)
{
    SourceMessage m = {.number = 1};
    const SourceMessage *list[] = {&m};
    (void)came;
    g_assert_false(source_move(source, list, 1, "Done", NULL));
    g_assert_false(source_idle(source, DEADLINE_PAST, &(bool){0}, NULL));
    g_assert_false(source_is_imap(source));
    return source_flag(source, list, 1, "\\Seen", error);
}

#define LISTS_OF_TWO                                                                               \
    "-> UIDL\n-> LIST\n<- +OK\n<- 1 aa\n<- 2 bb\n<- .\n<- +OK\n<- 1 60\n<- 2 50\n<- .\n"

static const Play plays[] = {
    {.name = "one-after-the-other-where-pipelining-is-not-announced",
     .url = "pop3://joe@h",
     .caps = "UIDL,TOP",
     .script = "-> UIDL\n<- +OK\n<- 1 aa\n<- 2 bb\n<- .\n"
               "-> LIST\n<- +OK\n<- 1 60\n<- 2 50\n<- .\n"
               "-> RETR 1\n<- +OK 60 octets\n<- Subject: a\n<-\n<- ..\n<- ..x.\n<- .\n"
               "-> RETR 2\n<- +OK\n<- b\n<- .\n",
     .run = fetch_all,
     .story = "1 complete: Subject: a\r\n\r\n.\r\n.x.\r\n\n2 complete: b\r\n\n"},
    {.name = "no-capa-no-pipelining",
     .url = "pop3://joe@h",
     .script = "-> UIDL\n<- +OK\n<- 1 aa\n<- .\n-> LIST\n<- +OK\n<- 1 3\n<- .\n"
               "-> RETR 1\n<- +OK\n<- a\n<- .\n",
     .run = fetch_all,
     .story = "1 complete: a\r\n\n"},
    {.name = "pipelined",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = LISTS_OF_TWO "-> RETR 1\n-> RETR 2\n<- +OK\n<- a\n<- .\n<- +OK\n<- b\n<- .\n",
     .run = fetch_all,
     .story = "1 complete: a\r\n\n2 complete: b\r\n\n"},
    {.name = "a-window-of-two",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = "-> UIDL\n-> LIST\n<- +OK\n<- 1 a\n<- 2 b\n<- 3 c\n<- .\n<- +OK\n<- .\n"
               "-> RETR 1\n-> RETR 2\n<- +OK\n<- a\n<- .\n-> RETR 3\n<- +OK\n<- b\n<- .\n"
               "<- +OK\n<- c\n<- .\n",
     .run = fetch_in_a_window_of_two,
     .story = "1 complete: a\r\n\n2 complete: b\r\n\n3 complete: c\r\n\n"},
    {.name = "a-window-of-100-octets",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = LISTS_OF_TWO "-> RETR 1\n<- +OK\n<- a\n<- .\n-> RETR 2\n<- +OK\n<- b\n<- .\n",
     .run = fetch_in_100_octets,
     .story = "1 complete: a\r\n\n2 complete: b\r\n\n"},
    {.name = "headers-only",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = LISTS_OF_TWO "-> TOP 1 0\n-> TOP 2 0\n<- +OK\n<- A: a\n<-\n<- .\n<- +OK\n<- .\n",
     .run = fetch_headers,
     .story = "1 complete: A: a\r\n\r\n\n2 complete: \n"},
    {.name = "only-crlf-dot-crlf-ends",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     /* "a LF . LF b CRLF . LF c CR . CR LF d CRLF ..": a dot behind a CRLF is taken off */
     .script = "-> UIDL\n-> LIST\n<- +OK\n<- 1 a\n<- .\n<- +OK\n<- .\n-> RETR 1\n<- +OK\n"
               "<= 610a2e0a620d0a2e0a630d2e0d0a640d0a2e2e0d0a2e0d0d0a\n<- .\n",
     .run = fetch_all,
     .story = "1 complete: a\n.\nb\r\n\nc\r.\r\nd\r\n.\r\n\r\r\n\n"},
    {.name = "an-empty-message-that-was-announced-as-such",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = "-> UIDL\n-> LIST\n<- +OK\n<- 1 a\n<- 2 b\n<- .\n<- +OK\n<- 1 0\n<- 2 700\n<- .\n"
               "-> RETR 1\n-> RETR 2\n<- +OK\n<- .\n<- +OK\n<- .\n",
     .run = fetch_all,
     .story = "1 complete: \n2 refused: the server gave nothing of it\n"},
    {.name = "one-is-refused",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = LISTS_OF_TWO "-> RETR 1\n-> RETR 2\n<- -ERR [SYS/TEMP] not now\n"
                            "<- +OK\n<- b\n<- .\n",
     .run = fetch_all,
     .story = "1 refused: -ERR [SYS/TEMP] not now\n2 complete: b\r\n\n"},
    {.name = "no-reply-at-all",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = LISTS_OF_TWO "-> RETR 1\n-> RETR 2\n<- what?\n",
     .run = fetch_all,
     .story = "",
     .fails = POSTERN_ERROR_PROTOCOL,
     .says = "message 1: \"what?\" is no POP3 reply"},
    {.name = "the-sink-fails",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = LISTS_OF_TWO "-> RETR 1\n-> RETR 2\n<- +OK\n<- a\n<- .\n<- +OK\n<- b\n<- .\n",
     .run = fetch_and_fail,
     .fails = POSTERN_ERROR_CANT_CREATE,
     .says = "the disk is full"},
    {.name = "a-list-that-lies",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script =
         "-> UIDL\n-> LIST\n<- +OK 9 messages\n<- 3 c\n<- 1 a\n<- 1 other\n<- 0 z\n<- nonsense\n"
         "<- 99999999999 y\n<- .\n"
         "<- +OK\n<- 1 -5\n<- 2 77\n<- 3 99999999999999999999999\n<- 4\n<- .\n"
         "-> TOP 2 0\n-> TOP 4 0\n<- +OK\n<- Subject: x\n<- Status: RO\n<-\n<- .\n"
         "<- -ERR no such message\n",
     .run = list_only,
     .story = "1 (0) a\n2 (77) "
              "sha256:d2f4c8b7b6836e8278470f893f3b12bd976c2702fa999de2bd62fa14841c6c9a\n3 (0) c\n"},
    {.name = "duplicate-ids",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = "-> UIDL\n-> STAT\n<- +OK\n<- 1 same\n<- 2 b\n<- 3 same\n<- 4 same\n<- .\n"
               "<- +OK 4 40\n-> LIST\n<- +OK\n<- 1 10\n<- 2 10\n<- 3 10\n<- 4 10\n<- .\n",
     .run = list_ids,
     .story = "1 (10) same ambiguous\n2 (10) b\n3 (10) same ambiguous\n4 (10) same ambiguous\n"},
    {.name = "ids-suffice-when-there-are-as-many-as-stat-says",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = "-> UIDL\n-> STAT\n<- +OK\n<- 1 aa\n<- 2 bb\n<- .\n<- +OK 2 40\n-> QUIT\n",
     .run = list_ids_and_finish,
     .story = "1 (0) aa\n2 (0) bb\n"},
    {.name = "a-message-without-an-id-is-not-lost",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = "-> UIDL\n-> STAT\n<- +OK\n<- 1 aa\n<- .\n<- +OK 2 40\n"
               "-> LIST\n<- +OK\n<- 1 10\n<- 2 30\n<- .\n"
               "-> TOP 2 0\n<- +OK\n<- Subject: x\n<-\n<- .\n",
     .run = list_ids,
     .story = "1 (10) aa\n2 (30) "
              "sha256:d2f4c8b7b6836e8278470f893f3b12bd976c2702fa999de2bd62fa14841c6c9a\n"},
    {.name = "sizes-come-afterwards",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = "-> UIDL\n-> STAT\n<- +OK\n<- 1 aa\n<- 2 bb\n<- .\n<- +OK 2 40\n"
               "-> LIST\n<- +OK\n<- 7 1\n<- 2 30\n<- .\n",
     .run = list_ids_then_sizes,
     .story = "1 (0) aa\n2 (30) bb\n"},
    {.name = "neither-uidl-nor-top",
     .url = "pop3://joe@h",
     .script = "-> UIDL\n<- -ERR unknown\n-> LIST\n<- +OK\n<- 1 60\n<- .\n"
               "-> TOP 1 0\n<- -ERR unknown\n",
     .run = list_ids,
     .fails = POSTERN_ERROR_UNAVAILABLE,
     .says = "no UIDL, and its answer to TOP is \"-ERR unknown\""},
    {.name = "neither-uidl-nor-list-and-nothing-there",
     .url = "pop3://joe@h",
     .script = "-> UIDL\n<- -ERR no messages\n-> LIST\n<- -ERR no messages\n-> STAT\n<- +OK 0 0\n",
     .run = list_only,
     .story = ""},
    {.name = "temporary-refusal",
     .url = "pop3://joe@h",
     .script = "-> UIDL\n<- -ERR [IN-USE] busy\n",
     .run = list_only,
     .fails = POSTERN_ERROR_TEMPFAIL,
     .says = "UIDL: the server says \"-ERR [IN-USE] busy\""},
    {.name = "deleted-once-each",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = LISTS_OF_TWO "-> DELE 1\n-> DELE 2\n<- +OK\n<- +OK\n-> QUIT\n<- +OK bye\n",
     .run = delete_twice_and_finish,
     .story = ""},
    {.name = "deleting-without-pipelining",
     .url = "pop3://joe@h",
     .script = "-> UIDL\n<- +OK\n<- 1 aa\n<- 2 bb\n<- .\n-> LIST\n<- +OK\n<- .\n"
               "-> DELE 1\n<- +OK\n-> DELE 2\n<- +OK\n-> QUIT\n<- +OK bye\n",
     .run = delete_twice_and_finish,
     .story = ""},
    {.name = "a-refused-deletion-leaves-the-session-usable",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = LISTS_OF_TWO "-> DELE 1\n-> DELE 2\n<- -ERR read only\n<- +OK\n-> QUIT\n<- +OK\n",
     .run = delete_then_finish_anyway,
     .fails = POSTERN_ERROR_UNAVAILABLE,
     .says = "message 1 could not be removed: the server says \"-ERR read only\""},
    {.name = "some-deletions-did-not-take-effect",
     .url = "pop3://joe@h",
     .caps = "PIPELINING",
     .script = LISTS_OF_TWO "-> DELE 1\n-> DELE 2\n<- +OK\n<- +OK\n-> QUIT\n"
                            "<- -ERR some deleted messages not removed\n",
     .run = delete_twice_and_finish,
     .fails = POSTERN_ERROR_UNAVAILABLE,
     .says = "some deleted messages not removed"},
    {.name = "no-flags",
     .url = "pop3://joe@h",
     .script = "",
     .run = flag_them,
     .fails = POSTERN_ERROR_USAGE,
     .says = "that takes IMAP"},
};

/* --- hostile sizes --- */

static void test_a_list_that_does_not_end_is_nonsense_soon(void)
{
    g_autoptr(GString) script = g_string_new("-> UIDL\n<- +OK\n");
    for (int i = 0; i < 1002; i++) {
        g_string_append(script, "<- bla bla\n");
    }
    const Play p = {.name = "endless",
                    .url = "pop3://joe@h",
                    .script = script->str,
                    .run = list_only,
                    .fails = POSTERN_ERROR_PROTOCOL,
                    .says = "the server's answer to UIDL is no list: \"bla bla\""};
    play_whole(&p, false);
}

/* --- ids of headers --- */

static void test_ids_ignore_what_servers_change(void)
{
    g_autofree char *plain = pop3_header_id(BYTES_LITERAL("A: b\r\nC: d\r\n e\r\n\r\nbody"));
    g_autofree char *touched = pop3_header_id(
        BYTES_LITERAL("Status: RO\r\nA: b\r\nX-UIDL: 1\r\n 2\r\nC: d\r\n e\r\n\r\nother body"));
    g_autofree char *other = pop3_header_id(BYTES_LITERAL("A: b\r\nC: d\r\n f\r\n\r\n"));
    g_assert_true(g_str_has_prefix(plain, "sha256:"));
    g_assert_cmpstr(plain, ==, touched);
    g_assert_cmpstr(plain, !=, other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    play_add(plays, G_N_ELEMENTS(plays), "pop3_source");
    g_test_add_func("/pop3_source/endless_list", test_a_list_that_does_not_end_is_nonsense_soon);
    g_test_add_func("/pop3_source/header_ids", test_ids_ignore_what_servers_change);
    return g_test_run();
}
