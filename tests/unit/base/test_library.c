/* library.c: functions of a library, by a list of their names. */
#include "base/library.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#define FUNCTIONS(X) X(floor) X(hypot)
#define STRANGE(X) X(floor) X(strdup) X(g_no_such_function)

void g_no_such_function(void);

static void test_functions_are_found_by_their_names(void)
{
    struct {
        FUNCTIONS(LIBRARY_MEMBER)
        char *failed;
    } maths = {0};
    maths.failed = library_load("libm.so.6", LIBRARY_NAMES(FUNCTIONS), &maths);
    g_assert_null(maths.failed);
    g_assert_cmpfloat(maths.floor(3.5), ==, 3);
    g_assert_cmpfloat(maths.hypot(3, 4), ==, 5);
}

static void test_what_is_missing_is_named(void)
{
    struct {
        STRANGE(LIBRARY_MEMBER)
        char *failed;
    } strange = {0};
    strange.failed = library_load("libm.so.6", LIBRARY_NAMES(STRANGE), &strange);
    g_assert_nonnull(strange.failed);
    g_assert_nonnull(strstr(strange.failed, "g_no_such_function"));
    g_free(strange.failed);
    strange.failed = library_load("libnone-of-ours.so.9", LIBRARY_NAMES(STRANGE), &strange);
    g_assert_nonnull(strstr(strange.failed, "libnone-of-ours.so.9"));
    g_free(strange.failed);
}

static char *begin(void *members)
{
    ++*(unsigned *)members;
    return g_strdup("it does not begin");
}

static void test_it_is_loaded_once(void)
{
    struct {
        FUNCTIONS(LIBRARY_MEMBER)
        LibraryOnce once;
    } maths = {0};
    for (int i = 0; i < 2; i++) {
        library_load_once(&maths.once, "libm.so.6", LIBRARY_NAMES(FUNCTIONS), &maths, NULL);
        g_assert_null(maths.once.failed);
        g_assert_cmpfloat(maths.floor(3.5), ==, 3);
    }
    unsigned begun = 0;
    LibraryOnce once = {0};
    for (int i = 0; i < 2; i++) {
        library_load_once(&once, "libm.so.6", (const char *const[]){NULL}, &begun, begin);
        g_assert_cmpstr(once.failed, ==, "it does not begin");
        g_assert_cmpuint(begun, ==, 1);
    }
    g_free(once.failed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/library/found", test_functions_are_found_by_their_names);
    g_test_add_func("/library/once", test_it_is_loaded_once);
    g_test_add_func("/library/missing", test_what_is_missing_is_named);
    return g_test_run();
}
