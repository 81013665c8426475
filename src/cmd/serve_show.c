/* serve_show.c: what happens in the sandbox, on the terminal and in --log. */
#include <stdio.h>

#include "cmd/serve.h"
#include "report/sandbox_log.h"

void serve_observe(void *user, const SandboxEvent *event)
{
    Serve *s = user;
    if (s->live) {
        g_autofree char *line = sandbox_event_line(event);
        fprintf(stderr, "%s\n", line);
    }
    if (s->log && !s->log_failed) {
        g_autofree char *line = sandbox_event_json(event);
        /* Whoever reads along sees whole lines. */
        s->log_failed = fprintf(s->log, "%s\n", line) < 0 || fflush(s->log) != 0;
    }
}
