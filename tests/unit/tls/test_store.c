/* Trust stores: the system's by its environment, files, hashed folders. */
#include "tls/store.h"
#include "world.h"

static World w;

/* Puts the root into a folder under its hash name, as openssl rehash does. */
static void hash_into(const char *folder)
{
    g_autofree char *name = g_strdup_printf(
        "%08lx.0", X509_NAME_hash_ex(X509_get_subject_name(w.root.x509), NULL, NULL, NULL));
    g_free(test_pem_cert(folder, name, &w.root));
}

static void test_the_systems_store_is_what_the_environment_says(void)
{
    char *folder = test_folder();
    TlsPlan plan = {0};
    tls_peer_free(world_refuses(&w.leaf, NULL, &plan, "mail.test"));
    hash_into(folder);
    g_setenv("SSL_CERT_DIR", folder, TRUE);
    g_autofree char *words = tls_store_words(&plan);
    g_assert_cmpstr(words, ==, folder);
    tls_peer_free(world_accepts(&w.leaf, NULL, &plan, "mail.test"));
    g_unsetenv("SSL_CERT_DIR");
    g_setenv("SSL_CERT_FILE", w.ca_file, TRUE);
    tls_peer_free(world_accepts(&w.leaf, NULL, &plan, "mail.test"));
    g_unsetenv("SSL_CERT_FILE");
    test_folder_remove(folder);
}

static void test_a_hashed_folder_is_a_store(void)
{
    char *folder = test_folder();
    TlsPlan plan = {.ca_path = folder};
    hash_into(folder);
    tls_peer_free(world_accepts(&w.leaf, NULL, &plan, "mail.test"));
    test_folder_remove(folder);
}

static void test_a_given_file_stands_instead_of_the_system(void)
{
    TestCert other = test_cert((TestCertSpec){.cn = "Other Root", .ca = true});
    g_autofree char *file = test_pem_cert(w.folder, "other.pem", &other);
    TlsPlan plan = {.ca_file = file};
    g_setenv("SSL_CERT_FILE", w.ca_file, TRUE);
    TlsPeer *peer = world_refuses(&w.leaf, NULL, &plan, "mail.test");
    world_says(peer, "leave out --ca-file");
    tls_peer_free(peer);
    g_unsetenv("SSL_CERT_FILE");
    test_cert_clear(&other);
}

static void test_stores_are_kept_until_their_file_changes(void)
{
    g_autofree char *file = test_pem_cert(w.folder, "changing.pem", &w.root);
    TlsPlan plan = {.ca_file = file};
    X509_STORE *first = tls_store_for(&plan, NULL);
    X509_STORE *second = tls_store_for(&plan, NULL);
    g_assert_true(first == second);
    g_free(test_pem(w.folder, "changing.pem",
                    (X509 *const[]){w.root.x509, w.intermediate.x509, NULL}, NULL, NULL));
    X509_STORE *third = tls_store_for(&plan, NULL);
    g_assert_true(first != third);
    X509_STORE_free(first);
    X509_STORE_free(second);
    X509_STORE_free(third);
}

static void test_a_file_without_certificates_is_told(void)
{
    g_autofree char *file = test_pem(w.folder, "empty.pem", NULL, NULL, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(tls_store_for(&(TlsPlan){.ca_file = file}, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, file));
}

/* Its first lines look well; that it is damaged is found when it is read, and told in the end. */
static void test_a_damaged_file_is_told_by_who_missed_something_in_it(void)
{
    g_autofree char *file = g_build_filename(w.folder, "damaged.pem", NULL);
    g_autofree char *whole = NULL;
    g_assert_true(g_file_get_contents(w.ca_file, &whole, NULL, NULL));
    g_assert_true(g_file_set_contents(file, whole, 120, NULL));
    TlsPlan plan = {.ca_file = file};
    g_autoptr(GError) error = NULL;
    g_assert_true(tls_store_check(&plan, &error));
    g_assert_false(tls_store_was_read(&plan, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, file));
    plan.ca_file = w.ca_file;
    g_assert_true(tls_store_was_read(&plan, NULL));
    g_assert_true(tls_store_was_read(&(TlsPlan){0}, NULL));
}

static void test_a_computer_without_any_store_is_told(void)
{
    char *folder = test_folder();
    g_setenv("SSL_CERT_DIR", folder, TRUE);
    g_setenv("SSL_CERT_FILE", "/nonexistent", TRUE);
    g_assert_false(tls_store_system_exists());
    TlsPlan plan = {0};
    TlsPeer *peer = world_refuses(&w.leaf, NULL, &plan, "mail.test");
    world_says(peer, "ca-certificates");
    tls_peer_free(peer);
    g_unsetenv("SSL_CERT_DIR");
    g_unsetenv("SSL_CERT_FILE");
    test_folder_remove(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/store/system", test_the_systems_store_is_what_the_environment_says);
    g_test_add_func("/store/folder", test_a_hashed_folder_is_a_store);
    g_test_add_func("/store/instead", test_a_given_file_stands_instead_of_the_system);
    g_test_add_func("/store/kept", test_stores_are_kept_until_their_file_changes);
    g_test_add_func("/store/empty", test_a_file_without_certificates_is_told);
    g_test_add_func("/store/damaged", test_a_damaged_file_is_told_by_who_missed_something_in_it);
    g_test_add_func("/store/none", test_a_computer_without_any_store_is_told);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
