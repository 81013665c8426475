#include "store/state.h"

#include <string.h>

static State *opened(const char *dir)
{
    g_autoptr(GError) error = NULL;
    State *state = state_open(dir, &error);
    g_assert_no_error(error);
    return state;
}

static StateFolder folder(State *state, const char *account, const char *name)
{
    int64_t id = 0;
    StateFolder f;
    g_assert_true(state_account_id(state, account, account, &id, NULL));
    g_assert_true(state_folder(state, id, name, &f, NULL));
    return f;
}

static void test_what_is_committed_is_there_again(void)
{
    g_autofree char *dir = g_dir_make_tmp("postern-XXXXXX", NULL);
    State *state = opened(dir);
    StateFolder f = folder(state, "imap://a@h", "INBOX");
    StateMessage seven = {.uid = 7, .what = STATE_FETCHED, .size = 70, .received = 5, .fetched = 9};
    StateMessage nine = {.uid = 9, .what = STATE_TO_REMOVE, .size = 90};
    g_assert_true(state_begin(state, NULL) && state_message_put(state, f.id, &seven, NULL) &&
                  state_message_put(state, f.id, &nine, NULL) && state_commit(state, NULL));
    g_assert_true(state_begin(state, NULL) && state_message_drop(state, f.id, &seven, NULL));
    state_rollback(state);
    f.settled = 6;
    f.validity = 3;
    f.in_progress = true;
    g_strlcpy(f.digest, "a0b1", sizeof f.digest);
    g_assert_true(state_folder_write(state, &f, NULL));
    state_close(state);

    state = opened(dir);
    StateFolder again = folder(state, "imap://a@h", "INBOX");
    g_assert_cmpint(again.id, ==, f.id);
    g_assert_cmpuint(again.settled, ==, 6);
    g_assert_cmpuint(again.validity, ==, 3);
    g_assert_true(again.in_progress);
    g_assert_cmpstr(again.digest, ==, "a0b1");
    GStringChunk *texts = NULL;
    g_autoptr(GArray) all = state_messages(state, f.id, 6, &texts, NULL);
    g_assert_cmpuint(all->len, ==, 2);
    g_assert_cmpuint(g_array_index(all, StateMessage, 0).received, ==, 5);
    g_string_chunk_free(texts);
    g_autoptr(GArray) above = state_messages(state, f.id, 7, &texts, NULL);
    g_assert_cmpuint(above->len, ==, 1);
    g_string_chunk_free(texts);
    g_autoptr(GArray) due = state_messages_with(state, f.id, STATE_FETCHED, 9, &texts, NULL);
    g_assert_cmpuint(due->len, ==, 0);
    g_string_chunk_free(texts);
    state_close(state);
}

static void test_ids_that_look_like_numbers_are_texts(void)
{
    g_autofree char *dir = g_dir_make_tmp("postern-XXXXXX", NULL);
    g_autoptr(State) state = opened(dir);
    StateFolder f = folder(state, "pop3://a@h", "INBOX");
    StateMessage m = {.id = "007", .what = STATE_FETCHED};
    g_assert_true(state_message_put(state, f.id, &m, NULL));
    GStringChunk *texts = NULL;
    g_autoptr(GArray) all = state_messages(state, f.id, 1000, &texts, NULL);
    g_assert_cmpuint(all->len, ==, 1);
    g_assert_cmpstr(g_array_index(all, StateMessage, 0).id, ==, "007");
    g_string_chunk_free(texts);
    g_assert_true(state_folder_forget(state, f.id, NULL));
    g_autoptr(GArray) none = state_messages(state, f.id, 0, &texts, NULL);
    g_assert_cmpuint(none->len, ==, 0);
    g_string_chunk_free(texts);
}

static void test_accounts_and_folders_are_apart(void)
{
    g_autofree char *dir = g_dir_make_tmp("postern-XXXXXX", NULL);
    g_autoptr(State) state = opened(dir);
    StateFolder a = folder(state, "imap://a@h", "INBOX");
    StateFolder b = folder(state, "imap://b@h", "INBOX");
    StateFolder c = folder(state, "imap://a@h", "Lists");
    g_assert_cmpint(a.id, !=, b.id);
    g_assert_cmpint(a.id, !=, c.id);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/state/committed", test_what_is_committed_is_there_again);
    g_test_add_func("/state/texts", test_ids_that_look_like_numbers_are_texts);
    g_test_add_func("/state/apart", test_accounts_and_folders_are_apart);
    return g_test_run();
}
