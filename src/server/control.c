/* control.c: the control socket: what has come, what comes, how clients behaved, the end. */
#include "server/control.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/sandbox_inside.h"

const Service control_service = {"control", "control", "", 0, false, false, control_serve};

/* --- what has come --- */

void arrived_free(Arrived *arrived)
{
    if (arrived) {
        g_free(arrived->from);
        g_free(arrived->to);
        g_free(arrived->file);
        g_bytes_unref(arrived->text);
        g_free(arrived);
    }
}

void sandbox_remember(Sandbox *box, Arrived *arrived)
{
    if (box->arrivals->len == ARRIVALS_MAX) {
        g_ptr_array_remove_index(box->arrivals, 0);
    }
    g_ptr_array_add(box->arrivals, arrived);
    box->so_far++;
    for (guint i = 0; i < box->waiters->len; i++) {
        const int *fd = box->waiters->pdata[i];
        eventfd_write(*fd, 1);
    }
}

/* --- wait --- */

typedef struct {
    Guest *g;
    const char *address;
    unsigned long next; /* the number of the arrival to look at */
    int fd;             /* readable when there are more */
} Waiter;

static bool send_arrival(Guest *g, const Arrived *a, GError **error)
{
    gsize len;
    const char *text = g_bytes_get_data(a->text, &len);
    guest_reply(g, "mail %" G_GSIZE_FORMAT " %" G_GINT64_FORMAT, len, a->at);
    guest_reply(g, "from %s", a->from ? a->from : "");
    guest_reply(g, "to %s", a->to);
    guest_reply(g, "file %s", a->file ? a->file : "");
    return guest_send(g, (Bytes){text, len}, error);
}

/* Those that were not looked at yet. What comes while it is sent is seen too. */
static bool send_news(Waiter *w, GError **error)
{
    Sandbox *box = w->g->box;
    bool ok = true;
    while (ok && w->next < box->so_far) {
        unsigned long oldest = box->so_far - box->arrivals->len;
        w->next = MAX(w->next, oldest);
        const Arrived *a = box->arrivals->pdata[w->next - oldest];
        w->next++;
        if (strcmp(w->address, "*") == 0 || g_ascii_strcasecmp(w->address, a->to) == 0) {
            g_autoptr(GBytes) kept = g_bytes_ref(a->text); /* it may be forgotten meanwhile */
            (void)kept;
            ok = send_arrival(w->g, a, error);
        }
    }
    return ok && guest_flush(w->g, error);
}

/* Until the client leaves. */
static bool follow(Waiter *w, GError **error)
{
    Stream *stream = wire_stream(w->g->wire);
    for (;;) {
        IoWait waits[] = {{.fd = stream->fd, .want_read = true}, {.fd = w->fd, .want_read = true}};
        eventfd_t count;
        if (!io_wait_any(waits, G_N_ELEMENTS(waits), DEADLINE_NEVER, error)) {
            return false;
        }
        if (waits[0].ready_read) {
            return true;
        }
        eventfd_read(w->fd, &count);
        if (!send_news(w, error)) {
            return false;
        }
    }
}

static bool cmd_wait(Guest *g, Bytes args, GError **error)
{
    g_autofree char *address = bytes_dup(args);
    Waiter w = {g, address, 0, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (w.fd < 0) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot wait: %s", g_strerror(errno));
    }
    g_ptr_array_add(g->box->waiters, &w.fd);
    bool ok = send_news(&w, error);
    guest_reply(g, "those");
    ok = ok && guest_flush(g, error) && follow(&w, error);
    g_ptr_array_remove(g->box->waiters, &w.fd);
    close(w.fd);
    return ok;
}

/* --- the others --- */

static bool cmd_report(Guest *g, Bytes args, GError **error)
{
    const SandboxPlan *plan = g->box->plan;
    g_autofree char *text =
        plan->report ? plan->report(g->box, bytes_equal(args, BYTES_LITERAL("json"))) : NULL;
    guest_reply(g, "misbehaved %d", sandbox_misbehaved(g->box));
    guest_reply(g, "%zu", text ? strlen(text) : 0);
    return guest_send(g, bytes_of(text), error);
}

static bool cmd_stop(Guest *g, Bytes args, GError **error)
{
    (void)args;
    guest_reply(g, "ok");
    bool ok = guest_flush(g, error);
    sandbox_stop(g->box);
    return ok;
}

bool control_serve(Guest *g, GError **error)
{
    static const struct {
        const char *verb;
        bool (*run)(Guest *g, Bytes args, GError **error);
    } commands[] = {{"wait", cmd_wait}, {"report", cmd_report}, {"stop", cmd_stop}};
    Bytes line;
    if (!guest_line(g, &line, error)) {
        return false;
    }
    Bytes args = line, verb = bytes_word(&args);
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (bytes_equal(verb, bytes_of(commands[i].verb))) {
            return commands[i].run(g, args, error);
        }
    }
    guest_reply(g, "what?");
    return true;
}
