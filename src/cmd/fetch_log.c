/* What a run says that nobody watches: lines for syslog, the journal or standard error, and for the
 * service manager. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/fetch.h"

void fetch_log_open(const FetchRun *run)
{
    if (run->syslog) {
        openlog("postern", LOG_PID, LOG_MAIL);
    }
}

/* Is standard error the journal's (systemd.exec(5), $JOURNAL_STREAM)? Then a level stands before a
 * line. */
static bool is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    if (!stream || fstat(STDERR_FILENO, &st) != 0) {
        return false;
    }
    g_autofree char *own = g_strdup_printf("%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(stream, own) == 0;
}

static void write_line(const FetchRun *run, bool warning, const char *line)
{
    int level = warning ? LOG_WARNING : LOG_INFO;
    if (run->syslog) {
        syslog(level, "%s", line);
    } else if (is_journal()) {
        fprintf(stderr, "<%d>%s\n", level, line);
    } else {
        fprintf(stderr, "postern: %s%s\n", warning ? "warning: " : "", line);
    }
}

void fetch_log(const FetchRun *run, bool warning, const char *format, ...)
{
    if (!warning && run->options->connect.quiet) {
        return;
    }
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *safe = escape_text(bytes_of(text));
    g_auto(GStrv) lines = g_strsplit(safe, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (**line) {
            write_line(run, warning, *line);
        }
    }
}

/* A path, or with "@" in front a name in the abstract namespace. The length to give, or 0. */
static socklen_t socket_address(const char *path, struct sockaddr_un *ret)
{
    size_t len = strlen(path);
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    bool fits = (*path == '/' || *path == '@') && len > 1 && len < sizeof(ret->sun_path);
    if (!fits) {
        return 0;
    }
    memcpy(ret->sun_path, path, len);
    if (*path == '@') {
        ret->sun_path[0] = '\0';
    }
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

/* sd_notify(3): one datagram. Nobody waits for it, and its loss is no matter. */
void fetch_notify(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    socklen_t len = path ? socket_address(path, &address) : 0;
    int fd = len > 0 ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
    if (fd < 0) {
        return;
    }
    ssize_t sent =
        sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&address, len);
    (void)sent;
    close(fd);
}
