/* gmime_load.c: the table is complete, and what it leads to works. */
#include "mime/gmime_load.h"

#include "base/error.h"

static void test_loads_once(void)
{
    g_autoptr(GError) error = NULL;
    const Gmime *g = gmime_load(&error);
    g_assert_no_error(error);
    g_assert_nonnull(g);
    g_assert_true(g == gmime_load(NULL));
}

static void test_every_function_is_there(void)
{
    const Gmime *g = gmime_load(NULL);
#define CHECK(name) g_assert_true(g->name != NULL);
    GMIME_FUNCTIONS(CHECK)
#undef CHECK
}

static void test_types_are_told_apart(void)
{
    const Gmime *g = gmime_load(NULL);
    GMimeMultipart *multipart = g->g_mime_multipart_new_with_subtype("mixed");
    GMimePart *part = g->g_mime_part_new_with_type("image", "png");
    GMimeTextPart *text = g->g_mime_text_part_new_with_subtype("plain");
    g->g_mime_text_part_set_charset(text, "utf-8");
    g->g_mime_text_part_set_text(text, "gr\303\274n");
    g->g_mime_multipart_add(multipart, (GMimeObject *)part);
    g->g_mime_multipart_add(multipart, (GMimeObject *)text);
    g_assert_true(gmime_is(g, multipart, g->g_mime_multipart_get_type()));
    g_assert_false(gmime_is(g, part, g->g_mime_multipart_get_type()));
    g_assert_true(gmime_is(g, text, g->g_mime_part_get_type()));
    g_assert_false(gmime_is(g, NULL, g->g_mime_part_get_type()));
    g_assert_cmpint(g->g_mime_multipart_get_count(multipart), ==, 2);
    g_autofree char *read = g->g_mime_text_part_get_text(text);
    g_assert_cmpstr(read, ==, "gr\303\274n");
    g->g_object_unref(text);
    g->g_object_unref(part);
    g->g_object_unref(multipart);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gmime/loads_once", test_loads_once);
    g_test_add_func("/gmime/every_function_is_there", test_every_function_is_there);
    g_test_add_func("/gmime/types_are_told_apart", test_types_are_told_apart);
    return g_test_run();
}
