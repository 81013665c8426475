/* talk_mime.c: /mime and /attach: the last reply's message, read by `postern mime` in a process of
 * its own. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/talk.h"
#include "io/spawn.h"
#include "mime/source.h"

enum { SHOWN_MAX = 4 * 1024 * 1024 };

/* All that comes, up to a cap. Suspends. */
static bool read_pipe(int fd, GString *text, GError **error)
{
    char buffer[3072];
    ssize_t n;
    do {
        if (!io_wait_read(fd, DEADLINE_NEVER, error)) {
            return false;
        }
        n = read(fd, buffer, sizeof buffer);
        if (n > 0 && text->len < SHOWN_MAX) {
            g_string_append_len(text, buffer, n);
        }
    } while (n > 0 || (n < 0 && errno == EINTR));
    return true;
}

static bool run_child(const SpawnPlan *plan, int listen, GString *text, GError **error)
{
    pid_t pid;
    int end_fd;
    bool started = spawn_start(plan, &pid, &end_fd, error);
    close(plan->err); /* the child's own is what keeps the pipe open */
    if (!started) {
        return false;
    }
    bool good = read_pipe(listen, text, error);
    spawn_end(pid, end_fd, good ? 60 : 0);
    close(end_fd);
    return good;
}

/* The reply's body as a file that a child can read from its beginning; -1 with an error. */
static int body_file(const Talk *t, GError **error)
{
    int fd = mime_nameless_file();
    if (fd < 0) {
        error_fail(error, POSTERN_ERROR_IO, "cannot make a temporary file: %s", g_strerror(errno));
        return -1;
    }
    if (!reply_store_copy(t->reply, fd, error)) {
        close(fd);
        return -1;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* With out -1, what it prints is taken together with what it says. Suspends. */
static bool run_mime(Talk *t, const char *option, int out, GString *text, GError **error)
{
    int body = body_file(t, error);
    if (body < 0) {
        return false;
    }
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        close(body);
        return error_fail(error, POSTERN_ERROR_IO, "cannot make a pipe: %s", g_strerror(errno));
    }
    const char *const argv[] = {"/proc/self/exe", "mime", "--input=message", "-", option, NULL};
    SpawnPlan plan = {.argv = argv, .in = body, .out = out >= 0 ? out : pipes[1], .err = pipes[1]};
    bool good = run_child(&plan, pipes[0], text, error);
    close(pipes[0]);
    close(body);
    return good;
}

bool talk_mime(Talk *t, const char *arguments, GError **error)
{
    static const char *const options[] = {"--tree", "--text", "--headers", "--check", "--json"};
    const char *option = NULL;
    for (size_t i = 0; arguments != NULL && i < G_N_ELEMENTS(options); i++) {
        option = strcmp(options[i], arguments) == 0 ? options[i] : option;
    }
    if (arguments != NULL && option == NULL) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "/mime takes nothing, or one of --tree --text --headers --check --json");
    }
    g_autoptr(GString) text = g_string_new(NULL);
    if (!run_mime(t, option, -1, text, error)) {
        return false;
    }
    g_autofree char *shown = escape_text(bytes_of_string(text));
    talk_print(t, g_strchomp(shown));
    return true;
}

bool talk_attach(Talk *t, const char *arguments, GError **error)
{
    g_auto(GStrv) words = g_strsplit(arguments ? arguments : "", " ", 2);
    const char *file = words[0] && words[1] ? g_strstrip(words[1]) : "";
    if (*file == '\0') {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "/attach needs the number of a part and a file: /attach 2 photo.jpg "
                          "(/mime --tree shows the numbers)");
    }
    int out = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (out < 0) {
        return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot create %s: %s", file,
                          g_strerror(errno));
    }
    g_autofree char *option = g_strdup_printf("--part=%s", words[0]);
    g_autoptr(GString) said = g_string_new(NULL);
    bool good = run_mime(t, option, out, said, error);
    off_t size = lseek(out, 0, SEEK_END);
    close(out);
    if (good && said->len > 0) {
        const char *words_of_it =
            g_str_has_prefix(said->str, "postern: ") ? said->str + 9 : said->str;
        good = error_fail(error, POSTERN_ERROR_DATA, "%s", g_strchomp((char *)words_of_it));
    }
    if (!good) {
        unlink(file);
        return false;
    }
    talk_note(t, false, "part %s, %" G_GINT64_FORMAT " octets, is in %s", words[0], (gint64)size,
              file);
    return true;
}
