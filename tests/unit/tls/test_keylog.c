/* SSLKEYLOGFILE. */
#include <sys/stat.h>

#include "world.h"

static World w;

static void test_keys_are_appended_to_a_private_file(void)
{
    g_autofree char *file = g_build_filename(w.folder, "keys.log", NULL);
    TlsPlan plan = world_plan(&w);
    plan.keylog_file = file;
    tls_peer_free(world_accepts(&w.leaf, NULL, &plan, "mail.test"));
    g_autofree char *once = NULL, *twice = NULL;
    g_assert_true(g_file_get_contents(file, &once, NULL, NULL));
    g_assert_true(g_str_has_prefix(once, "SERVER_HANDSHAKE_TRAFFIC_SECRET ") ||
                  strstr(once, "\nSERVER_HANDSHAKE_TRAFFIC_SECRET "));
    g_assert_nonnull(strstr(once, "CLIENT_TRAFFIC_SECRET_0 "));
    g_assert_true(g_str_has_suffix(once, "\n"));
    plan.max = TLS_1_2;
    tls_peer_free(world_accepts(&w.leaf, NULL, &plan, "mail.test"));
    g_assert_true(g_file_get_contents(file, &twice, NULL, NULL));
    g_assert_true(g_str_has_prefix(twice, once));
    g_assert_nonnull(strstr(twice, "\nCLIENT_RANDOM "));
    struct stat facts;
    g_assert_cmpint(stat(file, &facts), ==, 0);
    g_assert_cmpint(facts.st_mode & 0777, ==, 0600);
}

static void test_without_a_file_no_key_is_written(void)
{
    TlsPlan plan = world_plan(&w);
    g_setenv("SSLKEYLOGFILE", "/nonexistent/keys",
             TRUE); /* whoever fills the plan reads it, not we */
    tls_peer_free(world_accepts(&w.leaf, NULL, &plan, "mail.test"));
    g_unsetenv("SSLKEYLOGFILE");
}

static void test_a_file_that_cannot_be_written_is_told_before_the_handshake(void)
{
    TestServer server = {.context = test_server_context(&w.leaf, NULL)};
    TlsPlan plan = world_plan(&w);
    plan.keylog_file = "/nonexistent/keys";
    TlsPeer *peer = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_null(test_connect(&server, &plan, "mail.test", &peer, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANT_CREATE);
    g_assert_null(peer);
    test_server_join(&server);
    SSL_CTX_free(server.context);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/keylog/append", test_keys_are_appended_to_a_private_file);
    g_test_add_func("/keylog/none", test_without_a_file_no_key_is_written);
    g_test_add_func("/keylog/unwritable",
                    test_a_file_that_cannot_be_written_is_told_before_the_handshake);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
