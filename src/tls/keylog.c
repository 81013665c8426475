/* keylog.c: the keys of a session, for Wireshark: only where the user named a file for them. */
#include "tls/keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tls/connection.h"

static int open_log(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
}

bool tls_keylog_check(const TlsPlan *plan, GError **error)
{
    if (!plan->keylog_file) {
        return true;
    }
    int fd = open_log(plan->keylog_file);
    if (fd < 0) {
        return error_fail(error, POSTERN_ERROR_CANT_CREATE,
                          "cannot append TLS keys to '%s' (SSLKEYLOGFILE): %s", plan->keylog_file,
                          g_strerror(errno));
    }
    close(fd);
    return true;
}

void tls_keylog_write(const SSL *ssl, const char *line)
{
    const TlsConnection *c = tls_connection_of(ssl);
    if (!c || !c->plan || !c->plan->keylog_file) {
        return;
    }
    int fd = open_log(c->plan->keylog_file);
    if (fd < 0) {
        return; /* It could be opened when the plan was checked: a debugging aid must not end the
                   session. */
    }
    /* One write for the whole line, so that lines of several sessions do not mix. */
    struct iovec parts[] = {{(void *)(uintptr_t)line, strlen(line)}, {(void *)(uintptr_t) "\n", 1}};
    if (writev(fd, parts, G_N_ELEMENTS(parts)) < 0) {
        g_debug("SSLKEYLOGFILE: %s", g_strerror(errno));
    }
    close(fd);
}
