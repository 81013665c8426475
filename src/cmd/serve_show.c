/* serve_show.c: what happens in the sandbox, on the terminal and in --log. */
#include <stdio.h>
#include <string.h>

#include "cmd/serve.h"
#include "report/sandbox_log.h"

/* The lines of one answer that are shown before the rest is folded, but for the last. */
enum { SHOWN = 2 };

static const char *protocol_of(const SandboxEvent *event)
{
    const Service *s = services;
    while (s->name && strcmp(s->name, event->service) != 0) {
        s++;
    }
    return s->name ? s->protocol : "";
}

/* Is it a line of an answer that is not its last? */
static bool goes_on(const SandboxEvent *event)
{
    const char *protocol = protocol_of(event);
    Bytes text = event->text;
    if (event->kind != SANDBOX_SENT) {
        return false;
    }
    if (strcmp(protocol, "smtp") == 0) {
        return text.len > 3 && text.data[3] == '-';
    }
    if (strcmp(protocol, "imap") == 0) {
        return bytes_starts(text, "* ");
    }
    return strcmp(protocol, "pop3") == 0 && !bytes_starts(text, "+") && !bytes_starts(text, "-") &&
           !bytes_starts(text, ".");
}

/* One line a command, as near as may be: what is long of an answer is folded. */
static bool is_folded(Serve *s, const SandboxEvent *event)
{
    if (goes_on(event)) {
        s->folded = s->folding == event->session ? s->folded + 1 : 1;
        s->folding = event->session;
        return s->folded > SHOWN;
    }
    if (s->folding == event->session) {
        if (s->folded > SHOWN) {
            fprintf(stderr, "%lu %s ... %u more lines\n", event->session, event->service,
                    s->folded - SHOWN);
        }
        s->folding = 0;
    }
    return false;
}

void serve_observe(void *user, const SandboxEvent *event)
{
    Serve *s = user;
    if (s->live && !is_folded(s, event)) {
        g_autofree char *line = sandbox_event_line(event);
        fprintf(stderr, "%s\n", line);
    }
    if (s->log && !s->log_failed) {
        g_autofree char *line = sandbox_event_json(event);
        /* Whoever reads along sees whole lines. */
        s->log_failed = fprintf(s->log, "%s\n", line) < 0 || fflush(s->log) != 0;
    }
}
