/* tunnel_command.c: `-- COMMAND`: it lives as long as the tunnel, and the tunnel as long as it. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cmd/interrupt.h"
#include "cmd/tunnel.h"
#include "io/spawn.h"

/* From being asked to end to being ended. */
#define PATIENCE 10

typedef struct {
    Tunnel *t;
    pid_t pid;
    int end_fd;
} Watch;

/* What the command may want to know. */
static void tell_environment(const Tunnel *t)
{
    const Listener *l = g_ptr_array_index(t->listeners, 0);
    g_setenv("POSTERN_TUNNEL", listener_text(l), TRUE);
    if (listener_is_unix(l)) {
        g_unsetenv("POSTERN_TUNNEL_HOST");
        g_unsetenv("POSTERN_TUNNEL_PORT");
        return;
    }
    g_autofree char *host = g_strndup(listener_text(l), strlen(listener_text(l)));
    *strrchr(host, ':') = '\0';
    g_autofree char *bare = *host == '[' ? g_strndup(host + 1, strlen(host) - 2) : g_strdup(host);
    g_autofree char *port = g_strdup_printf("%u", listener_port(l));
    g_setenv("POSTERN_TUNNEL_HOST", bare, TRUE);
    g_setenv("POSTERN_TUNNEL_PORT", port, TRUE);
}

static void run_watch(void *user)
{
    Watch *w = user;
    Tunnel *t = w->t;
    if (io_wait_read(w->end_fd, DEADLINE_NEVER, NULL)) {
        spawn_reap(w->pid, &t->command_status);
    } else {
        kill(w->pid, SIGTERM);
        spawn_end(w->pid, w->end_fd, PATIENCE);
        t->command_status = 128 + SIGTERM;
    }
    close(w->end_fd);
    g_free(w);
    t->command_runs = false;
    sched_cancel_all(t->sched);
}

bool tunnel_start_command(Tunnel *t, GError **error)
{
    Watch *w = g_new0(Watch, 1);
    w->t = t;
    tell_environment(t);
    SpawnPlan plan = {(const char *const *)t->command, -1, -1, -1, false};
    if (!spawn_start(&plan, &w->pid, &w->end_fd, error)) {
        g_free(w);
        return false;
    }
    signal(SIGINT, SIG_IGN); /* Ctrl-C is for the command; its end is ours */
    if (!sched_spawn(t->sched, run_watch, w, error)) {
        spawn_end(w->pid, w->end_fd, 0);
        close(w->end_fd);
        g_free(w);
        return false;
    }
    t->command_runs = true;
    return true;
}
