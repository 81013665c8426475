/* serve_run.c: `--run COMMAND`: the sandbox lives as long as a command, which finds its ports in
 * the environment. */
#include <signal.h>
#include <unistd.h>

#include "cmd/serve.h"
#include "io/spawn.h"

/* From being asked to end to being ended. */
#define PATIENCE 10

typedef struct {
    Serve *s;
    pid_t pid;
    int end_fd;
} Watch;

static void run_watch(void *user)
{
    Watch *w = user;
    if (io_wait_read(w->end_fd, DEADLINE_NEVER, NULL)) {
        spawn_reap(w->pid, &w->s->run_status);
    } else {
        kill(w->pid, SIGTERM);
        spawn_end(w->pid, w->end_fd, PATIENCE);
        w->s->run_status = 128 + SIGTERM;
    }
    close(w->end_fd);
    sandbox_stop(w->s->box);
    g_free(w);
}

bool serve_start_command(Serve *s, Sched *sched, GError **error)
{
    Watch *w = g_new0(Watch, 1);
    const char *const argv[] = {"/bin/sh", "-c", s->options->run, NULL};
    const SpawnPlan plan = {argv, -1, -1, -1, false};
    w->s = s;
    serve_set_environment(s);
    if (!spawn_start(&plan, &w->pid, &w->end_fd, error)) {
        g_free(w);
        return false;
    }
    signal(SIGINT, SIG_IGN); /* Ctrl-C is for the command; its end is ours */
    if (!sched_spawn(sched, run_watch, w, error)) {
        spawn_end(w->pid, w->end_fd, 0);
        close(w->end_fd);
        g_free(w);
        return false;
    }
    return true;
}
