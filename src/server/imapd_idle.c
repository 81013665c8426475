/* imapd_idle.c: IDLE (RFC 2177): waits for the client and for news of the mailbox at once. */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/imapd.h"

typedef struct {
    const MailFolder *folder;
    int fd;
} Bell;

/* Called in the midst of another session's work: only rings. */
static void ring(void *user, MailFolder *folder)
{
    const Bell *bell = user;
    const uint64_t one = 1;
    if (folder == bell->folder) {
        (void)!write(bell->fd, &one, sizeof(one));
    }
}

/* Until the client says something, which is in *line. Suspends. */
static bool idle(Imapd *i, const Bell *bell, Bytes *line, GError **error)
{
    Wire *wire = i->g->wire;
    for (;;) {
        bool got, eof;
        uint64_t count;
        (void)!read(bell->fd, &count, sizeof(count));
        imapd_news(i);
        if (!guest_flush(i->g, error) || !wire_line_now(wire, line, &got, &eof, error)) {
            return false;
        }
        if (got) {
            return true;
        }
        if (eof) {
            return error_fail(error, POSTERN_ERROR_EOF, "the client went away during IDLE");
        }
        IoWait waits[] = {{.fd = wire_stream(wire)->fd, .want_read = true},
                          {.fd = bell->fd, .want_read = true}};
        if (!io_wait_any(waits, G_N_ELEMENTS(waits), wire_next_deadline(wire), error)) {
            return false;
        }
    }
}

bool imapd_cmd_idle(Imapd *i, Bytes args, GError **error)
{
    if (args.len > 0) {
        return imapd_bad(i, "IDLE takes nothing");
    }
    Bytes line;
    Bell bell = {i->folder, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (bell.fd < 0) {
        imapd_no(i, "[UNAVAILABLE] too many wait already");
        return true;
    }
    unsigned watch = mailstore_watch(i->g->box->store, ring, &bell);
    guest_reply(i->g, "+ idling");
    bool ok = idle(i, &bell, &line, error);
    mailstore_unwatch(i->g->box->store, watch);
    close(bell.fd);
    if (!ok) {
        return false;
    }
    guest_tell_bytes(i->g, SANDBOX_RECEIVED, line, false);
    if (!bytes_equal_ci(line, "DONE")) {
        return imapd_bad(i, "IDLE ends with DONE");
    }
    imapd_ok(i, "that was it");
    return true;
}
