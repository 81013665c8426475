/* Files of a store that are read when a certificate is looked for. */
#include "tls/late_file.h"
#include "world.h"

static World w;

static int in_store(X509_STORE *store)
{
    return sk_X509_OBJECT_num(X509_STORE_get0_objects(store));
}

static bool vouches(X509_STORE *store)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    g_assert_cmpint(X509_STORE_CTX_init(context, store, w.leaf.x509, NULL), ==, 1);
    bool fine = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    return fine;
}

static X509_STORE *store_of(const char *file)
{
    X509_STORE *store = X509_STORE_new();
    tls_late_file_add(store, file);
    return store;
}

static void test_it_is_read_when_a_certificate_is_looked_for(void)
{
    X509_STORE *store = store_of(w.ca_file);
    g_assert_cmpint(in_store(store), ==, 0);
    g_assert_true(vouches(store));
    g_assert_cmpint(in_store(store), ==, 1);
    g_assert_true(vouches(store));
    X509_STORE_free(store);
}

static void test_it_is_read_ahead_once(void)
{
    g_autofree char *file = test_pem_cert(w.folder, "passing.pem", &w.root);
    X509_STORE *first = store_of(file);
    X509_STORE *second = store_of(w.ca_file);
    tls_late_files_read();
    g_assert_cmpint(in_store(first), ==, 1);
    g_assert_cmpint(in_store(second), ==, 1);
    g_assert_cmpint(g_remove(file), ==, 0);
    tls_late_files_read();
    g_assert_true(vouches(first) && vouches(second));
    X509_STORE_free(first);
    X509_STORE_free(second);
}

static void test_one_that_cannot_be_read_has_nothing(void)
{
    X509_STORE *store = store_of("/nonexistent/ca.pem");
    ERR_clear_error();
    g_assert_false(vouches(store));
    g_assert_cmpuint(ERR_peek_error(), ==, 0);
    X509_STORE_free(store);
}

static void test_one_that_is_gone_is_not_read(void)
{
    X509_STORE_free(store_of(w.ca_file));
    tls_late_files_read();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/late_file/looked_for", test_it_is_read_when_a_certificate_is_looked_for);
    g_test_add_func("/late_file/ahead", test_it_is_read_ahead_once);
    g_test_add_func("/late_file/missing", test_one_that_cannot_be_read_has_nothing);
    g_test_add_func("/late_file/gone", test_one_that_is_gone_is_not_read);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
