#include "store/state.h"

static void test_how_runs_went_is_told(void)
{
    g_autofree char *dir = g_dir_make_tmp("postern-XXXXXX", NULL);
    g_autoptr(State) state = state_open(dir, NULL);
    int64_t id = 0, other = 0;
    g_assert_true(state_account_id(state, "pop3://a@h", "work", &id, NULL));
    g_assert_true(state_account_id(state, "pop3://a@h", "work", &other, NULL));
    g_assert_cmpint(id, ==, other);
    g_assert_true(state_account_ran(state, id, 3, 300, NULL, NULL));
    g_assert_true(state_account_ran(state, id, 1, 10, "no answer", NULL));
    g_assert_true(state_account_ran(state, id, 0, 0, "no answer", NULL));
    g_assert_true(state_account_next_run(state, id, 77, NULL));
    g_autoptr(GPtrArray) all = state_accounts(state, NULL);
    g_assert_cmpuint(all->len, ==, 1);
    const StateAccount *a = g_ptr_array_index(all, 0);
    g_assert_cmpstr(a->name, ==, "work");
    g_assert_cmpuint(a->fetched, ==, 4);
    g_assert_cmpuint(a->bytes, ==, 310);
    g_assert_cmpuint(a->failures, ==, 2);
    g_assert_cmpstr(a->last_error, ==, "no answer");
    g_assert_cmpint(a->last_success, >, 0);
    g_assert_cmpint(a->next_run, ==, 77);
    g_assert_true(state_account_ran(state, id, 0, 0, NULL, NULL));
    g_autoptr(GPtrArray) well = state_accounts(state, NULL);
    const StateAccount *b = g_ptr_array_index(well, 0);
    g_assert_cmpuint(b->failures, ==, 0);
    g_assert_null(b->last_error);
}

static void test_what_the_server_can_do_is_kept(void)
{
    g_autofree char *dir = g_dir_make_tmp("postern-XXXXXX", NULL);
    g_autoptr(State) state = state_open(dir, NULL);
    g_autofree char *none = NULL, *some = NULL, *gone = NULL;
    int64_t id = 0;
    g_assert_true(state_account_id(state, "pop3s://a@h", "work", &id, NULL));
    g_assert_true(state_account_caps(state, id, &none, NULL));
    g_assert_null(none);
    g_assert_true(state_account_set_caps(state, id, "UIDL\nSASL PLAIN", NULL));
    g_assert_true(state_account_caps(state, id, &some, NULL));
    g_assert_cmpstr(some, ==, "UIDL\nSASL PLAIN");
    g_assert_true(state_account_set_caps(state, id, NULL, NULL));
    g_assert_true(state_account_caps(state, id, &gone, NULL));
    g_assert_null(gone);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/state-accounts/ran", test_how_runs_went_is_told);
    g_test_add_func("/state-accounts/caps", test_what_the_server_can_do_is_kept);
    return g_test_run();
}
