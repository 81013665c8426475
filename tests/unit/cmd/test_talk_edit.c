#include "cmd/talk_edit.h"

#include <stdio.h>
#include <string.h>

/* Its functions take many arguments of many kinds: through the table they arrive as they are. */
static void test_it_is_loaded_and_works(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(edit_load(&error));
    g_assert_no_error(error);
    HistEvent event;
    History *history = edit()->history_init();
    g_assert_cmpint(edit()->history(history, &event, H_SETSIZE, 10), ==, 0);
    g_assert_cmpint(edit()->history(history, &event, H_ENTER, "NOOP"), >=, 0);
    g_assert_cmpint(edit()->history(history, &event, H_FIRST), ==, 0);
    g_assert_cmpstr(event.str, ==, "NOOP");
    edit()->history_end(history);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/talk_edit/works", test_it_is_loaded_and_works);
    return g_test_run();
}
