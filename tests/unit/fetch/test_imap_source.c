#include "fetch/source_inside.h"
#include "source_test.h"

/* --- what is done --- */

static void tell_listing(const SourceListing *listing, Came *came)
{
    g_string_append_printf(came->story, "%s %u next %u mod %" G_GUINT64_FORMAT "\n",
                           listing->folder, listing->validity, listing->uid_next, listing->modseq);
    for (guint i = 0; i < listing->messages->len; i++) {
        const SourceMessage *m = &g_array_index(listing->messages, SourceMessage, i);
        g_string_append_printf(
            came->story, "%u (%" G_GUINT64_FORMAT ") @%" G_GINT64_FORMAT "%s%s\n", m->number,
            m->size, m->received, m->seen ? " seen" : "", m->deleted ? " deleted" : "");
    }
}

static bool list_with(Source *source, Came *came, const SourceListPlan *plan, GError **error)
{
    g_autoptr(SourceListing) listing = source_list(source, plan, error);
    if (listing) {
        tell_listing(listing, came);
    }
    return listing != NULL;
}

static bool list_inbox(Source *source, Came *came, GError **error)
{
    return list_with(source, came, &(SourceListPlan){.read_only = true}, error);
}

static bool list_unseen(Source *source, Came *came, GError **error)
{
    return list_with(source, came, &(SourceListPlan){.unseen = true}, error);
}

static bool list_since(Source *source, Came *came, GError **error)
{
    return list_with(source, came, &(SourceListPlan){.since = 837596665}, error);
}

static bool list_new(Source *source, Came *came, GError **error)
{
    return list_with(source, came,
                     &(SourceListPlan){.known_validity = 7, .known_uid = 5, .only_new = true},
                     error);
}

static bool list_umlaut(Source *source, Came *came, GError **error)
{
    return list_with(source, came, &(SourceListPlan){.folder = "Entw\xc3\xbcrfe \"&\""}, error);
}

static SourceListing *open_three(Source *source, GError **error)
{
    return source_list(source, &(SourceListPlan){0}, error);
}

static bool fetch_all(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing = open_three(source, error);
    return listing && play_fetch_listed(source, listing, NULL, came, error);
}

static bool fetch_headers(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing = open_three(source, error);
    return listing &&
           play_fetch_listed(source, listing, &(SourceFetchPlan){.header_only = true}, came, error);
}

static bool fetch_in_a_window_of_one(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing = open_three(source, error);
    return listing &&
           play_fetch_listed(source, listing, &(SourceFetchPlan){.window_count = 1}, came, error);
}

static bool remove_all(Source *source, Came *came, GError **error)
{
    bool only_marked = false;
    g_autoptr(SourceListing) listing = open_three(source, error);
    g_autoptr(GPtrArray) all = listing ? play_all_of(listing) : NULL;
    bool ok = all && source_delete(source, (const SourceMessage *const *)all->pdata, all->len,
                                   &only_marked, error);
    g_string_append(came->story, only_marked ? "only marked\n" : "");
    return ok && source_finish(source, error);
}

static bool flag_all(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing = open_three(source, error);
    g_autoptr(GPtrArray) all = listing ? play_all_of(listing) : NULL;
    (void)came;
    return all && source_flag(source, (const SourceMessage *const *)all->pdata, all->len,
                              "$Fetched", error);
}

static bool move_all(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing = open_three(source, error);
    g_autoptr(GPtrArray) all = listing ? play_all_of(listing) : NULL;
    (void)came;
    return all &&
           source_move(source, (const SourceMessage *const *)all->pdata, all->len, "Done", error);
}

static bool read_only_delete(Source *source, Came *came, GError **error)
{
    g_autoptr(SourceListing) listing =
        source_list(source, &(SourceListPlan){.read_only = true}, error);
    g_autoptr(GPtrArray) all = listing ? play_all_of(listing) : NULL;
    (void)came;
    return all &&
           source_delete(source, (const SourceMessage *const *)all->pdata, all->len, NULL, error);
}

static bool news_of(Source *source, const char *folder, Came *came, GError **error)
{
    const SourceListPlan plan = {.folder = folder,
                                 .read_only = true,
                                 .known_validity = strcmp(folder, "INBOX") == 0 ? 7 : 8,
                                 .known_uid = 8,
                                 .only_new = true,
                                 .may_skip = strcmp(folder, "INBOX") == 0};
    g_autoptr(SourceListing) listing = source_list(source, &plan, error);
    if (listing) {
        g_string_append_printf(came->story, "%s: %u\n", folder, listing->messages->len);
    }
    return listing != NULL;
}

static bool look_for_news(Source *source, Came *came, GError **error)
{
    static const char *const patterns[] = {"*", NULL};
    g_autoptr(GPtrArray) folders = source_folders(source, patterns, error);
    return folders && news_of(source, "INBOX", came, error) &&
           news_of(source, "Other", came, error) && news_of(source, "INBOX", came, error);
}

static bool some_folders(Source *source, Came *came, GError **error)
{
    static const char *const patterns[] = {"*", "!Lists/Spam", "Gone/There", NULL};
    g_autoptr(GPtrArray) folders = source_folders(source, patterns, error);
    for (guint i = 0; folders && i < folders->len; i++) {
        g_string_append_printf(came->story, "%s\n", (char *)g_ptr_array_index(folders, i));
    }
    return folders != NULL;
}

static bool named_folders(Source *source, Came *came, GError **error)
{
    static const char *const patterns[] = {"INBOX", "Sent", NULL};
    g_autoptr(GPtrArray) folders = source_folders(source, patterns, error);
    for (guint i = 0; folders && i < folders->len; i++) {
        g_string_append_printf(came->story, "%s\n", (char *)g_ptr_array_index(folders, i));
    }
    return folders != NULL;
}

static bool idle_for_news(Source *source, Came *came, GError **error)
{
    bool news = false;
    g_autoptr(SourceListing) listing = open_three(source, error);
    source->idle_seconds = 0.02;
    bool ok = listing && source_idle(source, deadline_in(2), &news, error);
    g_string_append(came->story, news ? "news\n" : "");
    return ok;
}

static bool idle_in_vain(Source *source, Came *came, GError **error)
{
    bool news = true;
    g_autoptr(SourceListing) listing = open_three(source, error);
    bool ok = listing && source_idle(source, deadline_in(0.01), &news, error);
    g_string_append(came->story, news ? "news\n" : "nothing\n");
    return ok;
}

/* --- what is played --- */

#define SELECT                                                                                     \
    "-> P1 SELECT \"INBOX\"\n<- * FLAGS (\\Seen)\n<- * 3 EXISTS\n<- * OK [UIDVALIDITY 7] ok\n"     \
    "<- * OK [UIDNEXT 9] next\n<- P1 OK [READ-WRITE] done\n"
#define ASKED_TOGETHER "-> P1 SELECT \"INBOX\"\n-> P2 UID FETCH 6:* " ITEMS "\n"
#define OPENED                                                                                     \
    "<- * 3 EXISTS\n<- * OK [UIDVALIDITY 7] ok\n<- * OK [UIDNEXT 9] next\n<- P1 OK done\n"
#define ITEMS "(UID FLAGS INTERNALDATE RFC822.SIZE)"
#define LISTED_1 "<- * 1 FETCH (UID 5 FLAGS () RFC822.SIZE 3)\n"
#define LISTED_3                                                                                   \
    LISTED_1 "<- * 2 FETCH (UID 6 FLAGS (\\Seen) RFC822.SIZE 3)\n"                                 \
             "<- * 3 FETCH (UID 8 FLAGS () RFC822.SIZE 3)\n"
#define OPEN_3 SELECT "-> P2 UID FETCH 1:* " ITEMS "\n" LISTED_3 "<- P2 OK done\n"
#define OPEN_1 SELECT "-> P2 UID FETCH 1:* " ITEMS "\n" LISTED_1 "<- P2 OK done\n"
#define ASK_3 "-> P3 UID FETCH 5:6,8 (UID BODY.PEEK[])\n"
#define ASK_1 "-> P3 UID FETCH 5 (UID BODY.PEEK[])\n"
#define U "imap://joe@h"

static const Play plays[] = {
    {.name = "listing",
     .url = U,
     .caps = "IMAP4rev1,CONDSTORE",
     .script = "-> P1 EXAMINE \"INBOX\" (CONDSTORE)\n<- * 2 EXISTS\n<- * OK [UIDVALIDITY 7] x\n"
               "<- * OK [HIGHESTMODSEQ 99] x\n<- * OK [UIDNEXT 9] x\n<- P1 OK [READ-ONLY] x\n"
               "-> P2 UID FETCH 1:* " ITEMS "\n"
               "<- * 2 FETCH (RFC822.SIZE -4 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" "
               "FLAGS (\\Deleted $x) X-NEW (a (b \"c)\")) MODSEQ (12) UID 8)\n"
               "<- * 1 FETCH (UID 5 RFC822.SIZE 3 FLAGS (\\Seen))\n"
               "<- * 1 FETCH (FLAGS (\\Seen))\n<- * 1 FETCH (UID 0 RFC822.SIZE 3)\n"
               "<- * OK [ALERT] Your mailbox ends in {5}\n<- * 9 FETCH nonsense\n<- P2 OK done\n",
     .run = list_inbox,
     .story = "INBOX 7 next 9 mod 99\n5 (3) @0 seen\n8 (0) @837596665 deleted\n"},
    {.name = "an-empty-folder-is-not-asked",
     .url = U,
     .caps = "IMAP4rev1",
     .script = "-> P1 EXAMINE \"INBOX\"\n<- * 0 EXISTS\n<- * OK [UIDVALIDITY 7] x\n<- P1 OK x\n",
     .run = list_inbox,
     .story = "INBOX 7 next 0 mod 0\n"},
    {.name = "unseen-by-esearch",
     .url = U,
     .caps = "IMAP4rev1,ESEARCH",
     .script = SELECT "-> P2 UID SEARCH RETURN (ALL) UNSEEN\n"
                      "<- * ESEARCH (TAG \"P2\") UID ALL 8,5:6\n<- P2 OK\n"
                      "-> P3 UID FETCH 5:6,8 " ITEMS "\n" LISTED_3 "<- P3 OK\n",
     .run = list_unseen,
     .story = "INBOX 7 next 9 mod 0\n5 (3) @0\n8 (3) @0\n"},
    {.name = "since-by-search",
     .url = U,
     .caps = "IMAP4rev1",
     .script = SELECT "-> P2 UID SEARCH SINCE 16-Jul-1996\n<- * SEARCH 8 5 (MODSEQ 9)\n<- P2 OK\n"
                      "-> P3 UID FETCH 5,8 " ITEMS "\n"
                      "<- * 1 FETCH (UID 5 RFC822.SIZE 1 INTERNALDATE \"17-Jul-1996 02:44:24 "
                      "-0700\")\n"
                      "<- * 3 FETCH (UID 8 RFC822.SIZE 1 INTERNALDATE \" 7-Aug-1996 02:44:24 "
                      "+0000\")\n<- P3 OK\n",
     .run = list_since,
     .story = "INBOX 7 next 9 mod 0\n8 (1) @839385864\n"},
    {.name = "a-search-that-finds-nothing",
     .url = U,
     .caps = "IMAP4rev1",
     .script = SELECT "-> P2 UID SEARCH UNSEEN\n<- * SEARCH\n<- P2 OK\n",
     .run = list_unseen,
     .story = "INBOX 7 next 9 mod 0\n"},
    {.name = "only-what-is-new",
     .url = U,
     .caps = "IMAP4rev1",
     .script = ASKED_TOGETHER OPENED LISTED_3 "<- P2 OK\n",
     .run = list_new,
     .story = "INBOX 7 next 9 mod 0\n6 (3) @0 seen\n8 (3) @0\n"},
    {.name = "all-is-new-after-renumbering",
     .url = U,
     .caps = "IMAP4rev1",
     .script = ASKED_TOGETHER "<- * 1 EXISTS\n<- * OK [UIDVALIDITY 8] x\n"
                              "<- * OK [UIDNEXT 6] x\n<- P1 OK\n" LISTED_1
                              "<- P2 OK\n-> P3 UID FETCH 1:* " ITEMS "\n" LISTED_1 "<- P3 OK\n",
     .run = list_new,
     .story = "INBOX 8 next 6 mod 0\n5 (3) @0\n"},
    {.name = "nothing-new",
     .url = U,
     .caps = "IMAP4rev1",
     .script = ASKED_TOGETHER "<- * 1 EXISTS\n<- * OK [UIDVALIDITY 7] x\n"
                              "<- * OK [UIDNEXT 6] x\n<- P1 OK\n" LISTED_1 "<- P2 OK\n",
     .run = list_new,
     .story = "INBOX 7 next 6 mod 0\n"},
    {.name = "nothing-at-all-may-be-refused",
     .url = U,
     .caps = "IMAP4rev1",
     .script = ASKED_TOGETHER "<- * 0 EXISTS\n<- * OK [UIDVALIDITY 7] x\n<- P1 OK\n"
                              "<- P2 NO nothing here\n",
     .run = list_new,
     .story = "INBOX 7 next 0 mod 0\n"},
    {.name = "a-folder-that-cannot-be-opened",
     .url = U,
     .caps = "IMAP4rev1",
     .script = ASKED_TOGETHER "<- P1 NO [UNAVAILABLE] later\n<- P2 BAD not selected\n",
     .run = list_new,
     .fails = POSTERN_ERROR_TEMPFAIL,
     .says = "opening the folder INBOX: the server says \"P1 NO [UNAVAILABLE] later\""},
    {.name = "extensions-are-enabled-on-the-way",
     .url = U,
     .caps = "IMAP4rev1,ENABLE,QRESYNC,UTF8=ACCEPT",
     .script = "-> P1 ENABLE QRESYNC UTF8=ACCEPT\n-> P2 EXAMINE \"INBOX\"\n"
               "<- * ENABLED QRESYNC UTF8=ACCEPT\n<- P1 OK\n<- * 0 EXISTS\n"
               "<- * OK [UIDVALIDITY 7] x\n<- P2 OK\n",
     .run = list_inbox,
     .story = "INBOX 7 next 0 mod 0\n"},
    {.name = "names-in-utf8-once-it-is-enabled",
     .url = U,
     .caps = "IMAP4rev1,ENABLE,UTF8=ACCEPT",
     .script = "-> P1 ENABLE UTF8=ACCEPT\n<- * ENABLED UTF8=ACCEPT\n<- P1 OK\n"
               "-> P2 SELECT \"Entw\xc3\xbcrfe \\\"&\\\"\"\n<- P2 NO nothing there\n",
     .run = list_umlaut,
     .fails = POSTERN_ERROR_UNAVAILABLE,
     .says = "nothing there"},
    {.name = "names-as-ever-when-utf8-was-refused",
     .url = U,
     .caps = "IMAP4rev1,ENABLE,UTF8=ACCEPT",
     .script = "-> P1 ENABLE UTF8=ACCEPT\n<- P1 BAD no\n"
               "-> P2 SELECT \"Entw&APw-rfe \\\"&-\\\"\"\n<- P2 NO nothing there\n",
     .run = list_umlaut,
     .fails = POSTERN_ERROR_UNAVAILABLE,
     .says = "nothing there"},
    {.name = "compression-that-is-refused",
     .url = U,
     .caps = "IMAP4rev1,COMPRESS=DEFLATE",
     .compress = true,
     .script = "-> P1 COMPRESS DEFLATE\n<- P1 NO [COMPRESSIONACTIVE] it is\n"
               "-> P2 EXAMINE \"INBOX\"\n<- * 0 EXISTS\n<- P2 OK\n",
     .run = list_inbox,
     .story = "INBOX 0 next 0 mod 0\n"},
    {.name = "compression-of-what-is-not-compressed",
     .url = U,
     .caps = "IMAP4rev1,COMPRESS=DEFLATE",
     .compress = true,
     .script = "-> P1 COMPRESS DEFLATE\n<- P1 OK go\n=> 00\n<- * 0 EXISTS\n<- P2 OK\n",
     .run = list_inbox,
     .fails = POSTERN_ERROR_PROTOCOL,
     .says = "not compressed",
     .loose = true},
    {.name = "a-name-in-modified-utf7",
     .url = U,
     .caps = "IMAP4rev1",
     .script = "-> P1 SELECT \"Entw&APw-rfe \\\"&-\\\"\"\n<- P1 NO [NONEXISTENT] no such mailbox\n",
     .run = list_umlaut,
     .fails = POSTERN_ERROR_UNAVAILABLE,
     .says = "no such mailbox"},
    {.name = "bodies-of-every-shape",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_3 ASK_3 "<- * 1 FETCH (UID 5 BODY[] {6}\n<- a)\n<- b FLAGS (\\Seen))\n"
                            "<- * 3 FETCH (BODY[] \"q\\\"\\\\\" UID 8)\n"
                            "<- * 2 FETCH (UID 6 FLAGS () BODY[] NIL)\n<- P3 OK\n",
     .run = fetch_all,
     .story = "5 complete: a)\r\nb \n8 complete: q\"\\\n6 refused: the server gave NIL in its "
              "place\n"},
    {.name = "literal8-and-lower-case",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 ASK_1 "<- * 1 fetch (uid 5 body[] ~{3}\n<- x\n<- )\n<- P3 OK\n",
     .run = fetch_all,
     .story = "5 complete: x\r\n\n"},
    {.name = "headers",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 "-> P3 UID FETCH 5 (UID BODY.PEEK[HEADER])\n"
                      "<- * 1 FETCH (UID 5 BODY[HEADER] {0}\n<- )\n<- P3 OK\n",
     .run = fetch_headers,
     .story = "5 complete: \n"},
    {.name = "nothing-of-a-message-that-was-announced",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 ASK_1 "<- * 1 FETCH (UID 5 BODY[] \"\")\n<- P3 OK\n",
     .run = fetch_all,
     .story = "5 refused: the server gave nothing of it\n"},
    {.name = "expunged-meanwhile",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_3 ASK_3 "<- * 1 EXPUNGE\n<- * 2 FETCH (UID 8 BODY[] {3}\n<- x\n<- )\n"
                            "<- * VANISHED 6\n<- P3 OK\n",
     .run = fetch_all,
     .story = "8 complete: x\r\n\n5 gone\n6 gone\n"},
    {.name = "a-refusal-of-several-asks-for-each",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_3 ASK_3 "<- * 2 FETCH (UID 6 BODY[] {3}\n<- x\n<- )\n"
                            "<- P3 NO [EXPUNGEISSUED] Some are gone\n"
                            "-> P4 UID FETCH 5 (UID BODY.PEEK[])\n"
                            "-> P5 UID FETCH 8 (UID BODY.PEEK[])\n"
                            "<- P4 NO [EXPUNGEISSUED] gone\n<- P5 NO cannot read it\n",
     .run = fetch_all,
     .story = "6 complete: x\r\n\n5 gone\n8 refused: P5 NO cannot read it\n"},
    {.name = "the-uid-stands-behind-the-body",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 ASK_1 "<- * 1 FETCH (BODY[] {3}\n<- x\n<-  UID 5)\n<- P3 OK\n"
                            "-> P4 UID FETCH 5 (UID BODY.PEEK[])\n"
                            "<- * 1 FETCH (BODY[] {3}\n<- x\n<-  UID 5)\n<- P4 OK\n",
     .run = fetch_all,
     .story = "5 complete: x\r\n\n"},
    {.name = "a-uid-behind-the-body-that-is-another",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 ASK_1 "<- * 1 FETCH (BODY[] {3}\n<- x\n<-  UID 5)\n<- P3 OK\n"
                            "-> P4 UID FETCH 5 (UID BODY.PEEK[])\n"
                            "<- * 1 FETCH (BODY[] {3}\n<- x\n<-  UID 6)\n<- P4 OK\n",
     .run = fetch_all,
     .story = "",
     .fails = POSTERN_ERROR_PROTOCOL,
     .says = "sent message 6 where 5 was asked for"},
    {.name = "bodies-nobody-asked-for-are-passed-over",
     .url = U,
     .caps = "IMAP4rev1",
     .script = SELECT "-> P2 UID FETCH 1:* " ITEMS "\n<- * 2 FETCH (UID 6 BODY[] {12}\n"
                      "<- P2 OK done\n<- )\n" LISTED_1 "<- P2 OK\n" ASK_1
                      "<- * 2 FETCH (UID 6 BODY[] {3}\n<- y\n<- )\n"
                      "<- * 1 FETCH (UID 5 BODY[] {3}\n<- x\n<- )\n"
                      "<- * 1 FETCH (UID 5 BODY[] {3}\n<- z\n<- )\n<- P3 OK\n",
     .run = fetch_all,
     .story = "5 complete: x\r\n\n"},
    {.name = "a-window-of-one",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_3 ASK_1 "<- * 1 FETCH (UID 5 BODY[] {3}\n<- x\n<- )\n<- P3 OK\n"
                            "-> P4 UID FETCH 6 (UID BODY.PEEK[])\n"
                            "<- * 2 FETCH (UID 6 BODY[] {3}\n<- y\n<- )\n<- P4 OK\n"
                            "-> P5 UID FETCH 8 (UID BODY.PEEK[])\n"
                            "<- * 3 FETCH (UID 8 BODY[] {3}\n<- z\n<- )\n<- P5 OK\n",
     .run = fetch_in_a_window_of_one,
     .story = "5 complete: x\r\n\n6 complete: y\r\n\n8 complete: z\r\n\n"},
    {.name = "an-impossible-literal",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 ASK_1 "<- * 1 FETCH (UID 5 BODY[] {99999999999}\n<- x\n<- )\n<- P3 OK\n",
     .run = fetch_all,
     .story = "",
     .fails = POSTERN_ERROR_LIMIT,
     .says = "a literal of an impossible length"},
    {.name = "a-literal-that-does-not-come-whole",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 ASK_1 "<- * 1 FETCH (UID 5 BODY[] {4000000000}\n<- x\n<- )\n<- P3 OK\n",
     .run = fetch_all,
     .story = "",
     .fails = POSTERN_ERROR_EOF,
     .says = "message 5: "},
    {.name = "a-great-literal-elsewhere",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 ASK_1 "<- * 1 FETCH (UID 5 X {3000000}\n",
     .run = fetch_all,
     .story = "",
     .fails = POSTERN_ERROR_LIMIT,
     .says = "announced 3000000 octets"},
    {.name = "two-bodies-in-one",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 ASK_1 "<- * 1 FETCH (UID 5 BODY[] {3}\n<- x\n<-  BODY[] {3}\n<- x\n<- )\n",
     .run = fetch_all,
     .story = "",
     .fails = POSTERN_ERROR_PROTOCOL,
     .says = "two bodies in one response"},
    {.name = "what-follows-a-body-is-broken",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 ASK_1 "<- * 1 FETCH (UID 5 BODY[] {3}\n<- x\n<- oops\n<- P3 OK\n",
     .run = fetch_all,
     .story = "",
     .fails = POSTERN_ERROR_PROTOCOL,
     .says = "is broken"},
    {.name = "renumbered-meanwhile",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 ASK_1 "<- * OK [UIDVALIDITY 8] surprise\n"
                            "<- * 1 FETCH (UID 5 BODY[] {3}\n<- x\n<- )\n<- P3 OK\n",
     .run = fetch_all,
     .story = "",
     .fails = POSTERN_ERROR_PROTOCOL,
     .says = "renumbered the messages of INBOX meanwhile (UIDVALIDITY 7, now 8)"},
    {.name = "goodbye-in-the-middle",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 ASK_1 "<- * BYE shutting down\n",
     .run = fetch_all,
     .story = "",
     .fails = POSTERN_ERROR_EOF,
     .says = "the server ended the session: \"* BYE shutting down\""},
    {.name = "an-answer-to-nothing",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 ASK_1 "<- P9 OK what?\n",
     .run = fetch_all,
     .story = "",
     .fails = POSTERN_ERROR_PROTOCOL,
     .says = "answers no command that is under way"},
    {.name = "removed-with-uidplus",
     .url = U,
     .caps = "IMAP4rev1,UIDPLUS",
     .script = OPEN_3 "-> P3 UID STORE 5:6,8 +FLAGS.SILENT (\\Deleted)\n<- P3 OK\n"
                      "-> P4 UID EXPUNGE 5:6,8\n<- * 1 EXPUNGE\n<- * 1 EXPUNGE\n<- * 1 EXPUNGE\n"
                      "<- P4 OK\n-> P5 LOGOUT\n",
     .run = remove_all,
     .story = ""},
    {.name = "removed-without-uidplus",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 "-> P3 UID STORE 5 +FLAGS.SILENT (\\Deleted)\n<- P3 OK\n"
                      "-> P4 UID SEARCH DELETED\n<- * SEARCH 5\n<- P4 OK\n"
                      "-> P5 EXPUNGE\n<- * 1 EXPUNGE\n<- P5 OK\n"
                      "-> P6 LOGOUT\n",
     .run = remove_all,
     .story = ""},
    {.name = "others-marks-are-respected",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 "-> P3 UID STORE 5 +FLAGS.SILENT (\\Deleted)\n<- P3 OK\n"
                      "-> P4 UID SEARCH DELETED\n<- * SEARCH 5 77\n<- P4 OK\n"
                      "-> P5 LOGOUT\n",
     .run = remove_all,
     .story = "only marked\n"},
    {.name = "gmail-removes-to-its-trash",
     .url = U,
     .caps = "IMAP4rev1,X-GM-EXT-1,MOVE,UIDPLUS",
     .script = OPEN_1 "-> P3 LIST \"\" \"*\"\n<- * LIST (\\HasNoChildren) \"/\" \"INBOX\"\n"
                      "<- * LIST (\\Trash) \"/\" \"[Gmail]/Papierkorb\"\n<- P3 OK\n"
                      "-> P4 UID MOVE 5 \"[Gmail]/Papierkorb\"\n<- P4 OK\n"
                      "-> P5 LOGOUT\n",
     .run = remove_all,
     .story = ""},
    {.name = "nothing-is-removed-from-a-read-only-folder",
     .url = U,
     .caps = "IMAP4rev1",
     .script = "-> P1 EXAMINE \"INBOX\"\n<- * 1 EXISTS\n<- P1 OK\n"
               "-> P2 UID FETCH 1:* " ITEMS "\n" LISTED_1 "<- P2 OK\n",
     .run = read_only_delete,
     .fails = POSTERN_ERROR_UNAVAILABLE,
     .says = "can only be read"},
    {.name = "flagged",
     .url = U,
     .caps = "IMAP4rev1",
     .script = "-> P1 SELECT \"INBOX\"\n<- * 1 EXISTS\n"
               "<- * OK [PERMANENTFLAGS (\\Seen \\*)] x\n<- P1 OK\n"
               "-> P2 UID FETCH 1:* " ITEMS "\n" LISTED_1
               "<- P2 OK\n-> P3 UID STORE 5 +FLAGS.SILENT ($Fetched)\n<- P3 OK\n",
     .run = flag_all},
    {.name = "a-flag-that-would-not-be-kept",
     .url = U,
     .caps = "IMAP4rev1",
     .script = "-> P1 SELECT \"INBOX\"\n<- * 1 EXISTS\n"
               "<- * OK [PERMANENTFLAGS (\\Seen \\Deleted)] x\n<- P1 OK\n"
               "-> P2 UID FETCH 1:* " ITEMS "\n" LISTED_1 "<- P2 OK\n",
     .run = flag_all,
     .fails = POSTERN_ERROR_UNAVAILABLE,
     .says = "does not keep the flag $Fetched"},
    {.name = "moved-to-a-folder-that-is-made",
     .url = U,
     .caps = "IMAP4rev1,MOVE",
     .script = OPEN_1 "-> P3 UID MOVE 5 \"Done\"\n<- P3 NO [TRYCREATE] no\n"
                      "-> P4 CREATE \"Done\"\n<- P4 OK\n-> P5 UID MOVE 5 \"Done\"\n<- P5 OK\n",
     .run = move_all},
    {.name = "moved-by-copying",
     .url = U,
     .caps = "IMAP4rev1,UIDPLUS",
     .script = OPEN_1 "-> P3 UID COPY 5 \"Done\"\n<- P3 OK [COPYUID 1 5 1]\n"
                      "-> P4 UID STORE 5 +FLAGS.SILENT (\\Deleted)\n<- P4 OK\n"
                      "-> P5 UID EXPUNGE 5\n<- P5 OK\n",
     .run = move_all},
    {.name = "moving-is-refused",
     .url = U,
     .caps = "IMAP4rev1,UIDPLUS",
     .script = OPEN_1 "-> P3 UID COPY 5 \"Done\"\n<- P3 NO [OVERQUOTA] full\n",
     .run = move_all,
     .fails = POSTERN_ERROR_UNAVAILABLE,
     .says = "moving messages: the server says \"P3 NO [OVERQUOTA] full\""},
    {.name = "folders-by-pattern",
     .url = U,
     .caps = "IMAP4rev1,SPECIAL-USE,LIST-EXTENDED",
     .script = "-> P1 LIST \"\" \"*\" RETURN (SPECIAL-USE)\n<- * LIST () \".\" INBOX\n"
               "<- * LIST (\\Noselect) \".\" Lists\n<- * LIST () \".\" Lists.C\n"
               "<- * LIST () \".\" Lists.Spam\n<- * LIST (\\All) \".\" \"All Mail\"\n"
               "<- * LIST () \".\" {9}\n<- &ANw-brig\n<- * LIST () \".\" Lists.C\n<- P1 OK\n",
     .run = some_folders,
     .story = "INBOX\nLists.C\n\xc3\x9c"
              "brig\nGone.There\n"},
    {.name = "folders-without-news-are-not-opened-once",
     .url = U,
     .caps = "IMAP4rev1,SPECIAL-USE,LIST-EXTENDED,LIST-STATUS",
     .script = "-> P1 LIST \"\" \"*\" RETURN (SPECIAL-USE STATUS (UIDVALIDITY UIDNEXT))\n"
               "<- * LIST () \"/\" INBOX\n<- * STATUS INBOX (UIDVALIDITY 7 UIDNEXT 9)\n"
               "<- * LIST () \"/\" Other\n<- * STATUS \"Other\" (UIDNEXT 9 UIDVALIDITY 8)\n"
               "<- P1 OK\n"
               "-> P2 EXAMINE \"Other\"\n-> P3 UID FETCH 9:* " ITEMS "\n"
               "<- * 0 EXISTS\n<- * OK [UIDVALIDITY 8] x\n<- * OK [UIDNEXT 9] x\n<- P2 OK\n"
               "<- P3 OK\n"
               "-> P4 EXAMINE \"INBOX\"\n-> P5 UID FETCH 9:* " ITEMS "\n"
               "<- * 1 EXISTS\n<- * OK [UIDVALIDITY 7] x\n<- * OK [UIDNEXT 10] x\n<- P4 OK\n"
               "<- * 1 FETCH (UID 9 FLAGS () RFC822.SIZE 3)\n<- P5 OK\n",
     .run = look_for_news,
     .story = "INBOX: 0\nOther: 0\nINBOX: 1\n"},
    {.name = "folders-named-in-full-are-not-looked-up",
     .url = U,
     .caps = "IMAP4rev1",
     .script = "",
     .run = named_folders,
     .story = "INBOX\nSent\n"},
    {.name = "idle-brings-news",
     .url = U,
     .caps = "IMAP4rev1,IDLE",
     .script = OPEN_1 "-> P3 IDLE\n<- + idling\n<- * OK Still here\n<- * 2 EXISTS\n"
                      "<- * 4 EXISTS\n-> DONE\n<- P3 OK\n",
     .run = idle_for_news,
     .story = "news\n"},
    {.name = "idle-is-taken-up-anew",
     .url = U,
     .caps = "IMAP4rev1,IDLE",
     .script = OPEN_1 "-> P3 IDLE\n<- + idling\n-> DONE\n<- P3 OK\n"
                      "-> P4 IDLE\n<- + idling\n<- * 4 EXISTS\n-> DONE\n<- P4 OK\n",
     .run = idle_for_news,
     .story = "news\n"},
    {.name = "idle-ends-at-the-deadline",
     .url = U,
     .caps = "IMAP4rev1,IDLE",
     .script = OPEN_1 "-> P3 IDLE\n<- + idling\n-> DONE\n<- P3 OK\n",
     .run = idle_in_vain,
     .story = "nothing\n"},
    {.name = "a-server-without-idle-is-asked-now-and-then",
     .url = U,
     .caps = "IMAP4rev1",
     .script = OPEN_1 "-> P3 NOOP\n<- P3 OK\n-> P4 NOOP\n<- * 4 EXISTS\n<- P4 OK\n",
     .run = idle_for_news,
     .story = "news\n"},
    {.name = "a-server-that-refuses-idle-is-asked-too",
     .url = U,
     .caps = "IMAP4rev1,IDLE",
     .script = OPEN_1 "-> P3 IDLE\n<- P3 BAD no\n-> P4 NOOP\n<- * 4 EXISTS\n<- P4 OK\n",
     .run = idle_for_news,
     .story = "news\n"},
    {.name = "nobody-is-there-any-more-after-idle",
     .url = U,
     .caps = "IMAP4rev1,IDLE",
     .script = OPEN_1 "-> P3 IDLE\n<- + idling\n-> DONE\n<stall\n",
     .run = idle_for_news,
     .fails = POSTERN_ERROR_TIMEOUT,
     .says = "waiting for a reply to \"DONE\""},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    play_add(plays, G_N_ELEMENTS(plays), "imap_source");
    return g_test_run();
}
