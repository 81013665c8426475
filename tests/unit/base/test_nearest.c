#include "base/nearest.h"

#include <limits.h>

static void test_distance_counts_single_edits(void)
{
    g_assert_cmpuint(nearest_distance("talk", "talk"), ==, 0);
    g_assert_cmpuint(nearest_distance("", "abc"), ==, 3);
    g_assert_cmpuint(nearest_distance("abc", ""), ==, 3);
    g_assert_cmpuint(nearest_distance("tlak", "talk"), ==, 1);
    g_assert_cmpuint(nearest_distance("tal", "talk"), ==, 1);
    g_assert_cmpuint(nearest_distance("tblk", "talk"), ==, 1);
    g_assert_cmpuint(nearest_distance("TALK", "talk"), ==, 0);
    g_assert_cmpuint(nearest_distance("kitten", "sitting"), ==, 3);
    g_assert_cmpuint(nearest_distance("kitten", "sitting"), ==,
                     nearest_distance("sitting", "kitten"));
}

static void test_distance_of_very_long_words_is_refused(void)
{
    g_autofree char *longest = g_strnfill(63, 'a');
    g_autofree char *longer = g_strnfill(64, 'a');
    g_assert_cmpuint(nearest_distance(longest, longest), ==, 0);
    g_assert_cmpuint(nearest_distance(longer, longest), ==, UINT_MAX);
}

static const char *nearest_of(const char *word, const char *const *known)
{
    Nearest near = {.word = word};
    for (; *known; known++) {
        nearest_offer(&near, *known);
    }
    return near.best;
}

static void test_nearest_finds_what_was_meant_and_nothing_else(void)
{
    const char *const words[] = {"tls", "tls-min", "tls-max", "password-file", "user", NULL};
    g_assert_cmpstr(nearest_of("tls-mn", words), ==, "tls-min");
    g_assert_cmpstr(nearest_of("tls-mxa", words), ==, "tls-max");
    g_assert_cmpstr(nearest_of("usr", words), ==, "user");
    g_assert_cmpstr(nearest_of("passw", words), ==, "password-file");
    g_assert_null(nearest_of("frobnicate", words));
    const char *const files[] = {"cc", "ca-file", "ca-path", NULL};
    g_assert_cmpstr(nearest_of("ca", files), ==, "ca-file");
    g_assert_null(nearest_of("x", words));
    g_assert_null(nearest_of("", words));
}

static void test_nearest_prefers_the_closer_then_the_first(void)
{
    const char *const words[] = {"imap", "imaps", NULL};
    g_assert_cmpstr(nearest_of("imapss", words), ==, "imaps");
    const char *const twins[] = {"pop1", "pop2", NULL};
    g_assert_cmpstr(nearest_of("pop9", twins), ==, "pop1");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nearest/distance", test_distance_counts_single_edits);
    g_test_add_func("/nearest/long", test_distance_of_very_long_words_is_refused);
    g_test_add_func("/nearest/finds", test_nearest_finds_what_was_meant_and_nothing_else);
    g_test_add_func("/nearest/prefers", test_nearest_prefers_the_closer_then_the_first);
    return g_test_run();
}
