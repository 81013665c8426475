#include "sasl/gsasl_load.h"

static void test_it_is_loaded_once_and_works(void)
{
    g_autoptr(GError) error = NULL;
    const GsaslLibrary *g = gsasl_load("this test", &error);
    g_assert_no_error(error);
    g_assert_true(g == gsasl_load("again", NULL));
    g_assert_nonnull(g->gsasl_strerror(GSASL_OK));
    Gsasl *library = NULL;
    g_assert_cmpint(g->gsasl_init(&library), ==, GSASL_OK);
    g->gsasl_done(library);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/gsasl_load/works", test_it_is_loaded_once_and_works);
    return g_test_run();
}
