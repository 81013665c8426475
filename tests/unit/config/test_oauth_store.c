/* oauth_store.c: logins that are kept, in a file or by a command. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "../scratch.h"
#include "config/oauth.h"
#include "io/io.h"

typedef struct {
    char *state, *kept; /* the directories of the program, and of the command */
} World;

static char *path_of(const World *w, const char *name)
{
    return g_build_filename(w->state, "postern", "oauth", name, NULL);
}

static void open_world(World *w, const void *user)
{
    (void)user;
    w->state = g_strdup(g_get_user_state_dir()); /* GLib looks once: see main() */
    w->kept = g_build_filename(w->state, "kept", NULL);
}

static void close_world(World *w, const void *user)
{
    (void)user;
    scratch_remove(w->state);
    g_free(w->state);
    g_free(w->kept);
}

static OauthGrant *grant_of(const char *name)
{
    OauthGrant *grant = g_new0(OauthGrant, 1);
    grant->name = g_strdup(name);
    grant->provider = g_strdup("https://id.example");
    grant->client_id = g_strdup("postern");
    grant->token_endpoint = g_strdup("https://id.example/token");
    grant->expires_at = 1234567890;
    grant->access_token = secret_new("acc3ss", 6);
    grant->refresh_token = secret_new("r3fresh", 7);
    return grant;
}

static void assert_secret(const Secret *secret, const char *text)
{
    g_assert_nonnull(secret);
    Bytes b = secret_reveal(secret);
    g_assert_cmpmem(b.data, b.len, text, strlen(text));
}

static void test_what_is_kept_comes_back(World *w, const void *user)
{
    (void)user;
    g_autoptr(OauthGrant) grant = grant_of("work");
    g_autoptr(GError) error = NULL;
    g_assert_true(oauth_save(grant, &error));
    g_assert_no_error(error);
    g_autoptr(OauthGrant) back = oauth_load("work", true, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(back->provider, ==, "https://id.example");
    g_assert_cmpint(back->expires_at, ==, 1234567890);
    assert_secret(back->access_token, "acc3ss");
    assert_secret(back->refresh_token, "r3fresh");
    g_autofree char *path = path_of(w, "work.json");
    GStatBuf st;
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    g_autoptr(OauthGrant) bare = oauth_load("work", false, NULL);
    g_assert_null(bare->access_token);
    g_assert_null(bare->refresh_token);
}

static void test_names_are_listed_sorted_and_removed(World *w, const void *user)
{
    (void)user;
    (void)w;
    static const char *const names[] = {"zoe", "adam", "mid@example.org"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(OauthGrant) grant = grant_of(names[i]);
        g_assert_true(oauth_save(grant, NULL));
    }
    g_auto(GStrv) all = oauth_names(NULL);
    g_autofree char *joined = g_strjoinv(" ", all);
    g_assert_cmpstr(joined, ==, "adam mid@example.org zoe");
    g_autoptr(OauthGrant) adam = oauth_load("adam", false, NULL);
    g_assert_true(oauth_remove(adam, NULL));
    g_autoptr(GError) error = NULL;
    g_assert_null(oauth_load("adam", false, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_NO_INPUT);
    g_assert_nonnull(strstr(error->message, "postern auth oauth login adam"));
}

static void test_names_that_lead_elsewhere_are_refused(World *w, const void *user)
{
    (void)user;
    (void)w;
    static const char *const bad[] = {"",    ".",   "../x",     "a/b", "-x",
                                      "a b", "a;b", "\303\274", "a\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(oauth_load(bad[i], true, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    }
}

static void test_a_file_open_to_others_is_refused(World *w, const void *user)
{
    (void)user;
    g_autoptr(OauthGrant) grant = grant_of("work");
    g_assert_true(oauth_save(grant, NULL));
    g_autofree char *path = path_of(w, "work.json");
    g_chmod(path, 0644);
    g_autoptr(GError) error = NULL;
    g_assert_null(oauth_load("work", true, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, "chmod 600"));
}

/* Keeps what it is given below `kept`, and writes down what it was asked. */
static char *command_of(const World *w)
{
    g_autofree char *path = g_build_filename(w->state, "store", NULL);
    g_assert_cmpint(g_mkdir_with_parents(w->state, 0700), ==, 0);
    g_autofree char *text = g_strdup_printf("#!/bin/sh\n"
                                            "case $1 in\n"
                                            "get) cat '%s.'$2 ;;\n"
                                            "store) cat >'%s.'$2 ;;\n"
                                            "erase) rm '%s.'$2 ;;\n"
                                            "esac\n",
                                            w->kept, w->kept, w->kept);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_chmod(path, 0700);
    return g_steal_pointer(&path);
}

static void test_a_command_keeps_the_secrets(World *w, const void *user)
{
    (void)user;
    g_autoptr(OauthGrant) grant = grant_of("work");
    grant->store_command = command_of(w);
    g_autoptr(GError) error = NULL;
    g_assert_true(oauth_save(grant, &error));
    g_assert_no_error(error);
    g_autofree char *path = path_of(w, "work.json");
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_null(strstr(text, "acc3ss"));
    g_assert_null(strstr(text, "r3fresh"));
    g_autoptr(OauthGrant) back = oauth_load("work", true, &error);
    g_assert_no_error(error);
    assert_secret(back->access_token, "acc3ss");
    assert_secret(back->refresh_token, "r3fresh");
    g_assert_true(oauth_remove(back, &error));
    g_autofree char *kept = g_strconcat(w->kept, ".work", NULL);
    g_assert_false(g_file_test(kept, G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void test_a_command_that_fails_is_named_and_nothing_is_lost(World *w, const void *user)
{
    (void)user;
    g_autoptr(OauthGrant) grant = grant_of("work");
    grant->store_command = g_strdup("exit 3; :");
    g_autoptr(GError) error = NULL;
    g_assert_false(oauth_save(grant, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, "the store command of the login \"work\""));
    g_assert_nonnull(strstr(error->message, "status 3"));
    g_autofree char *path = path_of(w, "work.json");
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void test_the_lock_is_one_mans(World *w, const void *user)
{
    (void)user;
    (void)w;
    int mine = oauth_lock("work", deadline_in(5), NULL);
    g_assert_cmpint(mine, >=, 0);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(oauth_lock("work", deadline_in(0.2), &error), ==, -1);
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    int other = oauth_lock("home", deadline_in(5), NULL);
    g_assert_cmpint(other, >=, 0);
    close(other);
    close(mine);
    mine = oauth_lock("work", deadline_in(5), NULL);
    g_assert_cmpint(mine, >=, 0);
    close(mine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN); /* as the program does at its start */
    g_autofree char *state = g_dir_make_tmp("postern-oauth-XXXXXX", NULL);
    g_setenv("XDG_STATE_HOME", state, TRUE);
#define TEST(name)                                                                                 \
    g_test_add("/oauth-store/" #name, World, NULL, open_world, test_##name, close_world)
    TEST(what_is_kept_comes_back);
    TEST(names_are_listed_sorted_and_removed);
    TEST(names_that_lead_elsewhere_are_refused);
    TEST(a_file_open_to_others_is_refused);
    TEST(a_command_keeps_the_secrets);
    TEST(a_command_that_fails_is_named_and_nothing_is_lost);
    TEST(the_lock_is_one_mans);
    return g_test_run();
}
