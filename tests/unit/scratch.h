/* scratch.h: a test's own directory, and how it goes away. */
#pragma once

#include <ftw.h>
#include <glib.h>
#include <stdio.h>
#include <sys/stat.h>

static inline int scratch_remove_one(const char *path, const struct stat *about, int type,
                                     struct FTW *where)
{
    (void)about, (void)type, (void)where;
    return remove(path);
}

/* Removes the directory with all that is in it, following no link; fails the test if something
 * stays. */
static inline void scratch_remove(const char *directory)
{
    nftw(directory, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    g_assert_false(g_file_test(directory, G_FILE_TEST_EXISTS));
}
