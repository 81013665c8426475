#include "store/lock.h"

#include <string.h>
#include <unistd.h>

static void test_only_one_has_it_and_the_other_is_told_who(void)
{
    g_autofree char *dir = g_dir_make_tmp("postern-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    Lock *lock = lock_take(dir, "x", DEADLINE_PAST, &error);
    g_assert_no_error(error);
    g_assert_null(lock_take(dir, "x", DEADLINE_PAST, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TEMPFAIL);
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    g_assert_nonnull(strstr(error->message, pid));
    g_autoptr(Lock) other = lock_take(dir, "y", DEADLINE_PAST, NULL);
    g_assert_nonnull(other);
    lock_free(lock);
    g_autoptr(Lock) again = lock_take(dir, "x", DEADLINE_PAST, NULL);
    g_assert_nonnull(again);
}

static void test_waiting_ends_at_the_deadline(void)
{
    g_autofree char *dir = g_dir_make_tmp("postern-XXXXXX", NULL);
    g_autoptr(Lock) lock = lock_take(dir, "x", DEADLINE_PAST, NULL);
    g_assert_nonnull(lock);
    g_autoptr(GError) error = NULL;
    Deadline until = deadline_in(0.3);
    g_assert_null(lock_take(dir, "x", until, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TEMPFAIL);
    g_assert_true(deadline_passed(until));
}

static void test_a_place_that_is_not_there_is_a_failure(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(lock_take("/nowhere/at/all", "x", DEADLINE_PAST, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANT_CREATE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lock/one", test_only_one_has_it_and_the_other_is_told_who);
    g_test_add_func("/lock/deadline", test_waiting_ends_at_the_deadline);
    g_test_add_func("/lock/nowhere", test_a_place_that_is_not_there_is_a_failure);
    return g_test_run();
}
