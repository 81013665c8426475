/* via_ssh.c: the stream over ssh's, that knows why ssh failed. */
#include "io/via_ssh.h"

#include <string.h>

#include "io/child.h"

typedef struct {
    Stream base; /* lower: ssh's */
    char *whom;  /* "ssh gw.example.org" */
    bool heard;  /* a byte has come: the way is through */
} Ssh;

static const struct {
    const char *said;
    const char *hint;
} hints[] = {
    {"REMOTE HOST IDENTIFICATION HAS CHANGED",
     "the host's key is another than the one known: find out why before removing the old one "
     "with ssh-keygen -R"},
    {"Host key verification failed",
     "ssh does not know the host's key yet: log in there once by hand and compare it"},
    {"Too many authentication failures",
     "the agent offers too many keys: --ssh-option=IdentitiesOnly=yes with "
     "--ssh-option=-iKEYFILE"},
    {"Permission denied", "is it the right user, and is the key there (ssh-add -l), or named with "
                          "--ssh-option=-iKEYFILE?"},
    {"administratively prohibited",
     "the hop's sshd does not allow forwarding (AllowTcpForwarding, PermitOpen)"},
    {"connect failed", "the hop was reached, but not the target from there"},
    {"Could not resolve hostname", "is the hop's name right?"},
    {"Bad configuration option", "see --ssh-option and ssh_config(5)"},
    {"Bad owner or permissions", "ssh wants its files to be writable by their owner only"},
};

const char *via_ssh_hint(const char *said)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hints); i++) {
        if (strstr(said, hints[i].said)) {
            return hints[i].hint;
        }
    }
    return NULL;
}

bool via_ssh_failed(const char *whom, const Stream *ssh, int status, GError **error)
{
    g_autofree char *said = child_said(ssh);
    const char *hint = via_ssh_hint(said);
    return error_fail(error, POSTERN_ERROR_UNAVAILABLE, "%s failed (status %d)%s%s%s%s", whom,
                      status, said[0] ? ": " : "", said, hint ? "\n" : "", hint ? hint : "");
}

bool via_ssh_may_pass(const GError *error)
{
    static const char *const passing[] = {
        "kex_exchange_identification",
        "Connection closed by",
        "Connection reset by",
        "mux_client_",
        "Control socket",
        "Shared connection to",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(passing); i++) {
        if (g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE) &&
            strstr(error->message, passing[i])) {
            return true;
        }
    }
    return false;
}

/* The way has come to an end: `status` is of the operation that noticed. As long as no byte has
 * come, ssh's own end is waited for, because its exit status and last words come a moment later. */
static StreamStatus explain(Ssh *s, StreamStatus status, GError **error)
{
    int exit_status;
    if (child_ended(s->base.lower, &exit_status)) {
        if (exit_status == 0) {
            return status;
        }
        if (error) {
            g_clear_error(error);
        }
        via_ssh_failed(s->whom, s->base.lower, exit_status, error);
        return STREAM_FAILED;
    }
    if (s->heard) {
        return status;
    }
    if (error) {
        g_clear_error(error);
    }
    s->base.fd = child_end_fd(s->base.lower);
    return STREAM_WANT_READ;
}

static StreamStatus ssh_try_read(Stream *stream, void *buffer, size_t len, size_t *moved,
                                 GError **error)
{
    Ssh *s = (Ssh *)stream;
    Stream *lower = stream->lower;
    StreamStatus status = lower->kind->try_read(lower, buffer, len, moved, error);
    s->heard |= status == STREAM_OK;
    return status == STREAM_EOF || status == STREAM_FAILED ? explain(s, status, error) : status;
}

static StreamStatus ssh_try_write(Stream *stream, const void *data, size_t len, size_t *moved,
                                  GError **error)
{
    Stream *lower = stream->lower;
    StreamStatus status = lower->kind->try_write(lower, data, len, moved, error);
    return status == STREAM_FAILED ? explain((Ssh *)stream, status, error) : status;
}

static StreamStatus ssh_try_shutdown(Stream *stream, GError **error)
{
    return stream->lower->kind->try_shutdown(stream->lower, error);
}

static void ssh_destroy(Stream *stream)
{
    stream_free(stream->lower);
    g_free(((Ssh *)stream)->whom);
}

static const StreamKind ssh_kind = {
    .name = "ssh",
    .try_read = ssh_try_read,
    .try_write = ssh_try_write,
    .try_shutdown = ssh_try_shutdown,
    .destroy = ssh_destroy,
};

Stream *via_ssh(const GArray *hops, size_t n, const SshHow *how, const char *host, uint16_t port,
                GError **error)
{
    g_auto(GStrv) argv = hops_ssh_argv(hops, n, how, host, port, error);
    Stream *child = argv ? child_stream((const char *const *)argv, error) : NULL;
    if (!child) {
        return NULL;
    }
    Ssh *s = g_new0(Ssh, 1);
    s->base = (Stream){.kind = &ssh_kind, .fd = child->fd, .lower = child};
    s->whom = g_strdup_printf("ssh to %s", g_array_index(hops, Hop, n - 1).host);
    return &s->base;
}
