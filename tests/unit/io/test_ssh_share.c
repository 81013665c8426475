/* ssh_share.c: one login for many, by a program that stands for ssh. */
#include "io/ssh_share.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "io/io.h"

/* -G tells "configuration"; -N makes its ControlPath and stays, unless there is "refuse". */
static const char fake_ssh[] =
    "#!/bin/sh\n"
    "here=${0%/*}\n"
    "for a; do case $a in\n"
    "-G) exec cat \"$here/configuration\" ;;\n"
    "-N) role=N ;;\n"
    "ControlPath=*) path=${a#*=} ;;\n"
    "esac; done\n"
    "echo \"$role $*\" >>\"$here/log\"\n"
    "[ -e \"$here/refuse\" ] && { echo 'joe@gw: Permission denied (publickey).' >&2; exit 255; }\n"
    "echo $$ >\"$here/pid\"\n"
    ": >\"$path\"\n"
    "exec sleep 100\n";

typedef struct {
    char *directory, *ssh;
    GArray *hops;
    SshShare *share;
    SshHow how;
} World;

static char *file(const World *w, const char *name)
{
    return g_build_filename(w->directory, name, NULL);
}

static void put(const World *w, const char *name, const char *text)
{
    g_autofree char *path = file(w, name);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static char *get(const World *w, const char *name)
{
    g_autofree char *path = file(w, name);
    char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

static unsigned logins(const World *w)
{
    g_autofree char *log = get(w, "log");
    unsigned count = 0;
    for (const char *at = log; (at = strstr(at, "N ")); at++) {
        count += at == log || at[-1] == '\n' ? 1 : 0;
    }
    return count;
}

static void open_world(World *w, const void *user)
{
    (void)user;
    w->directory = g_dir_make_tmp("postern-share-XXXXXX", NULL);
    w->ssh = file(w, "ssh");
    put(w, "ssh", fake_ssh);
    g_chmod(w->ssh, 0700);
    put(w, "configuration", "host gw\ncontrolmaster false\nserveraliveinterval 0\n");
    w->hops = hops_parse((const char *const[]){"ssh://gw", NULL}, NULL);
    w->share = ssh_share_new();
    w->how = (SshHow){.command = w->ssh};
}

static void close_world(World *w, const void *user)
{
    (void)user;
    static const char *const files[] = {"ssh", "configuration", "log", "refuse", "pid"};
    ssh_share_free(w->share);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = file(w, files[i]);
        g_unlink(path);
    }
    g_assert_cmpint(g_rmdir(w->directory), ==, 0);
    g_free(w->directory);
    g_free(w->ssh);
    g_array_unref(w->hops);
}

static bool ready(World *w, GError **error)
{
    w->how.control = NULL;
    return ssh_share_ready(w->share, w->hops, 1, &w->how, deadline_in(20), error);
}

static pid_t pid_of_login(const World *w)
{
    g_autofree char *text = get(w, "pid");
    return (pid_t)g_ascii_strtoll(text, NULL, 10);
}

static void assert_gone(pid_t pid)
{
    for (int i = 0; i < 1000 && kill(pid, 0) == 0; i++) {
        g_assert_true(io_sleep(deadline_in(0.02), NULL));
    }
    g_assert_cmpint(kill(pid, 0), !=, 0);
}

static void test_one_login_for_many_and_gone_with_the_share(World *w, const void *user)
{
    (void)user;
    for (int i = 0; i < 3; i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(ready(w, &error));
        g_assert_no_error(error);
        g_assert_true(g_file_test(w->how.control, G_FILE_TEST_EXISTS));
    }
    g_assert_cmpuint(logins(w), ==, 1);
    g_autofree char *log = get(w, "log");
    g_assert_nonnull(strstr(log, "ServerAliveInterval=15"));
    g_assert_nonnull(strstr(log, "ControlMaster=yes"));
    g_autofree char *dir = g_path_get_dirname(w->how.control);
    GStatBuf st;
    g_assert_cmpint(g_stat(dir, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0700);
    pid_t pid = pid_of_login(w);
    g_clear_pointer(&w->share, ssh_share_free);
    assert_gone(pid);
    g_assert_false(g_file_test(dir, G_FILE_TEST_EXISTS));
}

static void test_one_that_has_ended_is_made_anew(World *w, const void *user)
{
    (void)user;
    g_assert_true(ready(w, NULL));
    pid_t pid = pid_of_login(w);
    kill(pid, SIGKILL);
    for (int i = 0; i < 1000 && logins(w) < 2; i++) { /* its end shows a moment later */
        g_assert_true(ready(w, NULL));
        g_assert_true(io_sleep(deadline_in(0.02), NULL));
    }
    g_assert_cmpuint(logins(w), ==, 2);
    g_assert_true(g_file_test(w->how.control, G_FILE_TEST_EXISTS));
    g_assert_cmpint(pid_of_login(w), !=, pid);
}

static void test_a_refusal_is_told_with_what_to_try(World *w, const void *user)
{
    (void)user;
    put(w, "refuse", "");
    g_autoptr(GError) error = NULL;
    g_assert_false(ready(w, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(error->message, "ssh to gw failed (status 255)"));
    g_assert_nonnull(strstr(error->message, "Permission denied (publickey)"));
    g_assert_nonnull(strstr(error->message, "ssh-add -l"));
}

static void test_left_alone_where_somebody_has_his_own(World *w, const void *user)
{
    (void)user;
    static const char *const own[] = {
        "host gw\ncontrolmaster auto\ncontrolpath /home/joe/.ssh/%C\n",
        "host gw\ncontrolmaster false\ncontrolpath /home/joe/.ssh/%C\n",
        "host gw\ncontrolmaster auto\n",
        "what is -G?\n",
        "",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(own); i++) {
        put(w, "configuration", own[i]);
        ssh_share_free(w->share);
        w->share = ssh_share_new();
        g_assert_true(ready(w, NULL));
        g_assert_null(w->how.control);
    }
    g_assert_cmpuint(logins(w), ==, 0);
}

static void test_patience_has_an_end(World *w, const void *user)
{
    (void)user;
    put(w, "ssh",
        "#!/bin/sh\n[ \"$1\" = -G ] && exec cat \"${0%/*}/configuration\"\nexec sleep 100\n");
    g_chmod(w->ssh, 0700);
    g_autoptr(GError) error = NULL;
    g_assert_false(ssh_share_ready(w->share, w->hops, 1, &w->how, deadline_in(0.5), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name)                                                                                 \
    g_test_add("/ssh-share/" #name, World, NULL, open_world, test_##name, close_world)
    TEST(one_login_for_many_and_gone_with_the_share);
    TEST(one_that_has_ended_is_made_anew);
    TEST(a_refusal_is_told_with_what_to_try);
    TEST(left_alone_where_somebody_has_his_own);
    TEST(patience_has_an_end);
    return g_test_run();
}
