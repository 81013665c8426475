/* ssh_share.c: ssh's ControlMaster as a child of ours. */
#include "io/ssh_share.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "io/child.h"
#include "io/together.h"
#include "io/via_ssh.h"

/* What `ssh -G` prints is some 5 kB. */
#define CONFIGURATION_MAX 65536
#define ASK_SECONDS 10
/* ssh does not tell when it listens but by its socket being there. */
#define LOOK_SECONDS 0.02
/* ssh adds 17 octets to it while it makes the socket. */
#define PATH_MAX_OCTETS 88
#define ALIVE "ServerAliveInterval=15"

/* ssh -N reads nothing: that we have ended, however that came, shows to the cat, as the end of our
 * socket. The exit status and standard error are ssh's. */
static const char keeper_script[] =
    "exec 3<&0; \"$@\" </dev/null 3<&- & ssh=$!; "
    "{ cat <&3; kill $ssh; } >/dev/null 2>&1 & exec 3<&- </dev/null; wait $ssh";

struct SshShare {
    Gate gate; /* one looks after it at a time */
    bool asked, off;
    bool alive_unset; /* nobody has said how soon a dead connection is noticed */
    char *dir, *path;
    Stream *master; /* or NULL */
};

SshShare *ssh_share_new(void)
{
    SshShare *share = g_new0(SshShare, 1);
    share->gate.limit = 1;
    return share;
}

void ssh_share_free(SshShare *share)
{
    if (!share) {
        return;
    }
    stream_free(share->master);
    if (share->path) {
        unlink(share->path); /* ssh has, unless it was killed */
        rmdir(share->dir);
    }
    g_free(share->path);
    g_free(share->dir);
    g_free(share);
}

/* --- ssh's configuration --- */

/* Suspends. */
static char *read_all(Stream *s, Deadline deadline)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[1024];
    size_t got = 1;
    while (got > 0 && text->len < CONFIGURATION_MAX) {
        if (!stream_read(s, buffer, sizeof buffer, &got, deadline, NULL)) {
            return NULL;
        }
        g_string_append_len(text, buffer, (gssize)got);
    }
    return g_strdup(text->str);
}

/* NULL where that ssh cannot tell. Suspends. */
static char *ask_configuration(const GArray *hops, size_t n, const SshHow *how)
{
    SshHow ask = *how;
    int status = -1;
    ask.role = SSH_ASK;
    g_auto(GStrv) argv = hops_ssh_argv(hops, n, &ask, NULL, 0, NULL);
    g_autoptr(Stream) s = argv ? child_stream((const char *const *)argv, NULL) : NULL;
    Deadline deadline = deadline_in(ASK_SECONDS);
    if (!s || !stream_shutdown(s, deadline, NULL)) {
        return NULL;
    }
    g_autofree char *text = read_all(s, deadline);
    bool good = text && child_wait(s, deadline, &status, NULL) && status == 0;
    return good ? g_steal_pointer(&text) : NULL;
}

static bool make_path(SshShare *share)
{
    const char *const parents[] = {g_get_user_runtime_dir(), g_get_tmp_dir(), "/tmp"};
    for (size_t i = 0; i < G_N_ELEMENTS(parents) && !share->dir; i++) {
        g_autofree char *dir = g_build_filename(parents[i], "postern-XXXXXX", NULL);
        if (strlen(dir) + strlen("/ssh") <= PATH_MAX_OCTETS && !strpbrk(dir, "% \"\\") &&
            g_mkdtemp_full(dir, 0700)) {
            share->dir = g_steal_pointer(&dir);
            share->path = g_build_filename(share->dir, "ssh", NULL);
        }
    }
    return share->dir != NULL;
}

static bool has_line(const char *text, const char *line)
{
    g_autofree char *inner = g_strdup_printf("\n%s\n", line);
    return strstr(text, inner) || (g_str_has_prefix(text, inner + 1));
}

/* Suspends. */
static void find_out(SshShare *share, const GArray *hops, size_t n, const SshHow *how)
{
    g_autofree char *text = ask_configuration(hops, n, how);
    bool own = !text || (strstr(text, "\ncontrolpath ") && !has_line(text, "controlpath none"));
    share->off = own || !has_line(text, "controlmaster false") || !make_path(share);
    share->alive_unset = text && has_line(text, "serveraliveinterval 0");
    share->asked = true;
}

/* --- the login --- */

static bool start(SshShare *share, const GArray *hops, size_t n, const SshHow *how, GError **error)
{
    g_autoptr(GPtrArray) options = g_ptr_array_new();
    for (size_t i = 0; how->options && how->options[i]; i++) {
        g_ptr_array_add(options, (char *)how->options[i]);
    }
    if (share->alive_unset) {
        g_ptr_array_add(options, (char *)ALIVE);
    }
    g_ptr_array_add(options, NULL);
    SshHow master = *how;
    master.role = SSH_MASTER;
    master.control = share->path;
    master.options = (const char *const *)options->pdata;
    g_auto(GStrv) ssh = hops_ssh_argv(hops, n, &master, NULL, 0, error);
    if (!ssh) {
        return false;
    }
    const char *const keeper[] = {"/bin/sh", "-c", keeper_script, "sh", NULL};
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    for (size_t i = 0; keeper[i]; i++) {
        g_ptr_array_add(argv, (char *)keeper[i]);
    }
    for (size_t i = 0; ssh[i]; i++) {
        g_ptr_array_add(argv, ssh[i]);
    }
    g_ptr_array_add(argv, NULL);
    unlink(share->path); /* of one that was killed */
    share->master = child_stream((const char *const *)argv->pdata, error);
    return share->master != NULL;
}

/* Suspends. */
static bool await(SshShare *share, const char *host, Deadline deadline, GError **error)
{
    int status;
    while (!g_file_test(share->path, G_FILE_TEST_EXISTS)) {
        if (child_ended(share->master, &status)) {
            g_autofree char *whom = g_strdup_printf("ssh to %s", host);
            return via_ssh_failed(whom, share->master, status, error);
        }
        if (deadline_passed(deadline)) {
            return error_fail(error, POSTERN_ERROR_TIMEOUT, "ssh to %s: timed out", host);
        }
        if (!io_sleep(deadline_sooner(deadline_in(LOOK_SECONDS), deadline), error)) {
            return false;
        }
    }
    return true;
}

static bool look_after(SshShare *share, const GArray *hops, size_t n, const SshHow *how,
                       Deadline deadline, GError **error)
{
    int status;
    if (!share->asked) {
        find_out(share, hops, n, how);
    }
    if (share->off) {
        return true;
    }
    if (share->master && child_ended(share->master, &status)) {
        g_clear_pointer(&share->master, stream_free);
    }
    if (share->master) {
        g_free(child_said(share->master)); /* read, or it would block one day */
        return true;
    }
    bool good = start(share, hops, n, how, error) &&
                await(share, g_array_index(hops, Hop, n - 1).host, deadline, error);
    if (!good) {
        g_clear_pointer(&share->master, stream_free);
    }
    return good;
}

bool ssh_share_ready(SshShare *share, const GArray *hops, size_t n, SshHow *how, Deadline deadline,
                     GError **error)
{
    if (!gate_enter(&share->gate, error)) {
        return false;
    }
    bool good = look_after(share, hops, n, how, deadline, error);
    gate_leave(&share->gate);
    how->control = share->off ? NULL : share->path;
    return good;
}
