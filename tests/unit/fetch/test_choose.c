#include "fetch/choose.h"

#include "fetch/identity.h"

static SourceListing *listing(const SourceMessage *messages, guint n)
{
    SourceListing *l = g_new0(SourceListing, 1);
    l->messages = g_array_new(FALSE, FALSE, sizeof(SourceMessage));
    l->texts = g_string_chunk_new(64);
    g_array_append_vals(l->messages, messages, n);
    return l;
}

static Known known(StateMessage *rows, guint n)
{
    Known k = {.by_id = g_hash_table_new(g_str_hash, g_str_equal),
               .by_uid = g_hash_table_new(NULL, NULL),
               .rows = g_array_new(FALSE, FALSE, sizeof(StateMessage))};
    g_array_append_vals(k.rows, rows, n);
    for (guint i = 0; i < n; i++) {
        if (rows[i].id != NULL) {
            g_hash_table_insert(k.by_id, (gpointer)rows[i].id, &rows[i]);
        } else {
            g_hash_table_insert(k.by_uid, GUINT_TO_POINTER(rows[i].uid), &rows[i]);
        }
    }
    return k;
}

static void forget(Known *k)
{
    g_hash_table_unref(k->by_id);
    g_hash_table_unref(k->by_uid);
    g_array_unref(k->rows);
}

static void test_news_are_fetched_and_the_rest_is_left(void)
{
    const SourceMessage messages[] = {
        {.number = 1, .size = 10},  {.number = 2, .size = 10},
        {.number = 3, .size = 900}, {.number = 4, .size = 10, .deleted = true},
        {.number = 5, .size = 10},  {.number = 6, .size = 10}};
    StateMessage rows[] = {{.uid = 1, .what = STATE_FETCHED}};
    g_autoptr(SourceListing) l = listing(messages, G_N_ELEMENTS(messages));
    Known k = known(rows, 1);
    FetchJob job = {.max_size = 100};
    g_autoptr(GArray) choices = choose(&job, l, NULL, &k, 2);
    static const ChoiceKind expected[] = {CHOICE_KNOWN,   CHOICE_FETCH, CHOICE_OVERSIZE,
                                          CHOICE_DELETED, CHOICE_FETCH, CHOICE_LATER};
    for (guint i = 0; i < choices->len; i++) {
        g_assert_cmpint(g_array_index(choices, Choice, i).what, ==, expected[i]);
    }
    g_array_index(choices, Choice, 1).settled = true;
    g_assert_cmpuint(choose_settled(choices, l, 0), ==, 2);
    for (guint i = 0; i < choices->len; i++) {
        g_array_index(choices, Choice, i).settled = true;
    }
    g_assert_cmpuint(choose_settled(choices, l, 0), ==, 6);
    l->uid_next = 40;
    g_assert_cmpuint(choose_settled(choices, l, 0), ==, 39);
    forget(&k);
}

static void test_a_header_that_was_taken_is_made_whole_when_it_may(void)
{
    const SourceMessage messages[] = {{.number = 3, .size = 900}};
    StateMessage rows[] = {{.uid = 3, .what = STATE_HEADER}};
    g_autoptr(SourceListing) l = listing(messages, 1);
    Known k = known(rows, 1);
    FetchJob job = {.max_size = 100, .oversize = FETCH_OVERSIZE_HEADER};
    g_autoptr(GArray) left = choose(&job, l, NULL, &k, 9);
    g_assert_cmpint(g_array_index(left, Choice, 0).what, ==, CHOICE_KNOWN);
    job.max_size = 0;
    g_autoptr(GArray) taken = choose(&job, l, NULL, &k, 9);
    g_assert_cmpint(g_array_index(taken, Choice, 0).what, ==, CHOICE_FETCH);
    forget(&k);
}

static void test_messages_that_share_a_uidl_are_not_taken_for_each_other(void)
{
    const SourceMessage messages[] = {{.number = 1, .size = 10, .uidl = "x", .ambiguous = true},
                                      {.number = 2, .size = 20, .uidl = "x", .ambiguous = true},
                                      {.number = 3, .size = 10, .uidl = "x", .ambiguous = true},
                                      {.number = 4, .size = 10, .uidl = "y"}};
    g_autoptr(SourceListing) l = listing(messages, G_N_ELEMENTS(messages));
    g_autofree const char **ids = identity_pop3(l, l->texts);
    g_assert_cmpstr(ids[0], ==, "x/10#1");
    g_assert_cmpstr(ids[1], ==, "x/20#1");
    g_assert_cmpstr(ids[2], ==, "x/10#2");
    g_assert_cmpstr(ids[3], ==, "y");
    /* One of them was alone when it was fetched. */
    StateMessage rows[] = {{.id = "x", .size = 10, .what = STATE_FETCHED}};
    Known k = known(rows, 1);
    FetchJob job = {0};
    g_autoptr(GArray) choices = choose(&job, l, ids, &k, 9);
    static const ChoiceKind expected[] = {CHOICE_KNOWN, CHOICE_FETCH, CHOICE_FETCH, CHOICE_FETCH};
    for (guint i = 0; i < choices->len; i++) {
        g_assert_cmpint(g_array_index(choices, Choice, i).what, ==, expected[i]);
    }
    forget(&k);
}

static void test_new_numbers_are_told_by_size_and_date(void)
{
    StateMessage rows[] = {{.uid = 1, .size = 10, .received = 100, .what = STATE_FETCHED},
                           {.uid = 2, .size = 20, .received = 100, .what = STATE_FETCHED},
                           {.uid = 3, .size = 30, .received = 0, .what = STATE_FETCHED}};
    const SourceMessage messages[] = {{.number = 11, .size = 20, .received = 100},
                                      {.number = 12, .size = 20, .received = 100},
                                      {.number = 13, .size = 30, .received = 0}};
    g_autoptr(SourceListing) l = listing(messages, G_N_ELEMENTS(messages));
    Known k = known(rows, 3);
    g_autoptr(GHashTable) found = known_recognise(&k, l);
    g_assert_cmpuint(g_hash_table_size(found), ==, 1);
    StateMessage *row = g_hash_table_lookup(found, l->messages->data);
    g_assert_cmpuint(row->uid, ==, 2);
    forget(&k);
}

static void test_markers_tell_everything_apart(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    static const struct {
        const char *account, *folder;
        uint32_t validity, uid;
        const char *id;
        int64_t again;
    } rows[] = {{"a", "INBOX", 1, 2, NULL, 0}, {"b", "INBOX", 1, 2, NULL, 0},
                {"a", "X", 1, 2, NULL, 0},     {"a", "INBOX", 2, 2, NULL, 0},
                {"a", "INBOX", 1, 3, NULL, 0}, {"a", "INBOX", 1, 2, "u", 0},
                {"a", "INBOX", 1, 2, NULL, 5}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char marker[MAILDIR_MARKER_LENGTH + 1];
        identity_marker(rows[i].account, rows[i].folder, rows[i].validity, rows[i].uid, rows[i].id,
                        rows[i].again, marker);
        g_assert_true(g_hash_table_add(seen, g_strdup(marker)));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/choose/news", test_news_are_fetched_and_the_rest_is_left);
    g_test_add_func("/choose/header", test_a_header_that_was_taken_is_made_whole_when_it_may);
    g_test_add_func("/identity/shared",
                    test_messages_that_share_a_uidl_are_not_taken_for_each_other);
    g_test_add_func("/known/renumbered", test_new_numbers_are_told_by_size_and_date);
    g_test_add_func("/identity/markers", test_markers_tell_everything_apart);
    return g_test_run();
}
