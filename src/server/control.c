/* control.c: the control socket: what has come, what comes, how clients behaved, the end. */
#include "server/control.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/sandbox_inside.h"

/* --- what has come --- */

void arrived_free(gpointer data)
{
    Arrived *arrived = data;
    mail_unref(arrived->mail);
    g_free(arrived);
}

void sandbox_remember(Sandbox *box, MailFolder *inbox, Mail *mail)
{
    Arrived *arrived = g_new0(Arrived, 1);
    *arrived = (Arrived){mail_ref(mail), inbox};
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

static int by_time(gconstpointer a, gconstpointer b)
{
    const Mail *one = (*(Arrived *const *)a)->mail, *other = (*(Arrived *const *)b)->mail;
    return (one->received > other->received) - (one->received < other->received);
}

void sandbox_remember_old(Sandbox *box)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    const GPtrArray *users = mailstore_users(box->store);
    for (guint i = 0; i < users->len; i++) {
        MailFolder *inbox = mail_find_folder(users->pdata[i], "INBOX");
        for (guint j = 0; j < inbox->mails->len; j++) {
            Mail *mail = inbox->mails->pdata[j];
            if (mail->to) { /* else nobody sent it here */
                Arrived *arrived = g_new0(Arrived, 1);
                *arrived = (Arrived){mail, inbox};
                g_ptr_array_add(all, arrived);
            }
        }
    }
    g_ptr_array_sort(all, by_time);
    for (guint i = 0; i < all->len; i++) {
        g_autofree Arrived *arrived = all->pdata[i];
        sandbox_remember(box, arrived->inbox, arrived->mail);
    }
}

/* --- wait --- */

typedef struct {
    Guest *g;
    const char *address;
    unsigned long next; /* the number of the arrival to look at */
    int fd;             /* readable when there are more */
} Waiter;

static bool send_arrival(Guest *g, Mail *mail, const MailFolder *inbox, GError **error)
{
    gsize len;
    g_autoptr(GBytes) text = mail_text(mail, NULL);
    if (!text) {
        return true; /* another program has removed it: then it is not there */
    }
    const char *octets = g_bytes_get_data(text, &len);
    bool there = inbox->path && mail->file && !mail->gone;
    g_autofree char *file = there ? g_build_filename(inbox->path, mail->file, NULL) : NULL;
    guest_reply(g, "mail %" G_GSIZE_FORMAT " %" G_GINT64_FORMAT, len, mail->received);
    guest_reply(g, "from %s", mail->from ? mail->from : "");
    guest_reply(g, "to %s", mail->to);
    guest_reply(g, "file %s", file ? file : "");
    return guest_send(g, (Bytes){octets, len}, error);
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
        if (strcmp(w->address, "*") == 0 || g_ascii_strcasecmp(w->address, a->mail->to) == 0) {
            Mail *kept = mail_ref(a->mail); /* it may be forgotten meanwhile */
            ok = send_arrival(w->g, kept, a->inbox, error);
            mail_unref(kept);
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

static bool control_serve(Guest *g, GError **error)
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

const Service control_service = {"control", "control", "", 0, false, false, control_serve};
