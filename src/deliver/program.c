/* program.c: each message on a program's standard input. Status 0: it has the message. Everything
 * else leaves it on the server; 75 and signals are "later". No shell, unless it was asked for. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "deliver/kind.h"
#include "deliver/sender.h"
#include "io/spawn.h"

/* Nobody delivers for longer. */
#define PROGRAM_SECONDS 600
#define PIPE_SIZE (1024 * 1024)

typedef struct {
    char *line;   /* what stands behind "|" */
    GStrv words;  /* the same, split; NULL with a shell */
    char *folder; /* of the message under way */
    bool running;
    pid_t pid;
    int end_fd, pipe_fd;
    bool deaf; /* it has closed its input */
} Own;

/* --- %u and its like --- */

static const char *value_of(const Delivery *d, char letter, const char *sender)
{
    const Own *own = d->own;
    char **recipients = d->plan->recipients;
    const char *recipient = recipients != NULL ? recipients[0] : g_get_user_name();
    if (d->plan->fetchmail_mda) {
        return letter == 'T' ? recipient : letter == 'F' ? sender : NULL;
    }
    const struct {
        char letter;
        const char *value;
    } values[] = {{'u', g_get_user_name()}, {'r', recipient},   {'f', sender},
                  {'a', d->account},        {'m', own->folder}, {'%', "%"}};
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        if (values[i].letter == letter) {
            return values[i].value;
        }
    }
    return NULL;
}

/* fetchmail gives all recipients. */
static char *all_recipients(const Delivery *d)
{
    GString *all = g_string_new(NULL);
    for (char **r = d->plan->recipients; *r != NULL; r++) {
        g_autofree char *quoted = d->plan->shell ? g_shell_quote(*r) : g_strdup(*r);
        g_string_append_printf(all, "%s%s", all->len > 0 ? " " : "", quoted);
    }
    return g_string_free(all, FALSE);
}

static void put_value(const Delivery *d, GString *out, char letter, const char *value)
{
    if (letter == '%') {
        g_string_append_c(out, '%');
    } else if (letter == 'T' && d->plan->recipients != NULL) {
        g_autofree char *all = all_recipients(d);
        g_string_append(out, all);
    } else if (d->plan->shell) {
        g_autofree char *quoted = g_shell_quote(value);
        g_string_append(out, quoted);
    } else {
        g_string_append(out, value);
    }
}

static char *expand(const Delivery *d, const char *text, const char *sender)
{
    GString *out = g_string_new(NULL);
    for (const char *c = text; *c != '\0'; c++) {
        const char *value = *c == '%' && c[1] != '\0' ? value_of(d, c[1], sender) : NULL;
        if (value == NULL) {
            g_string_append_c(out, *c);
        } else {
            put_value(d, out, *++c, value);
        }
    }
    return g_string_free(out, FALSE);
}

static GStrv command_line(const Delivery *d, const char *sender)
{
    const Own *own = d->own;
    GPtrArray *words = g_ptr_array_new();
    if (d->plan->shell) {
        g_ptr_array_add(words, g_strdup("/bin/sh"));
        g_ptr_array_add(words, g_strdup("-c"));
        g_ptr_array_add(words, expand(d, own->line, sender));
    }
    for (char **word = own->words; word != NULL && *word != NULL; word++) {
        g_ptr_array_add(words, expand(d, *word, sender));
    }
    g_ptr_array_add(words, NULL);
    return (GStrv)g_ptr_array_free(words, FALSE);
}

/* --- the target --- */

/* The first word that means something to a shell only; NULL: none. */
static const char *shell_word(char *const *words)
{
    static const char *const known[] = {">", ">>", "<", "|", "||", "&", "&&", ";", NULL};
    for (; *words != NULL; words++) {
        if (g_strv_contains(known, *words)) {
            return *words;
        }
    }
    return NULL;
}

static bool check(const DeliverPlan *plan, const char *rest, GError **error)
{
    g_auto(GStrv) words = NULL;
    g_autoptr(GError) problem = NULL;
    if (plan->shell) {
        return true;
    }
    g_autofree char *shown = escape_line_max(bytes_of(rest), 80);
    if (!g_shell_parse_argv(rest, NULL, &words, &problem)) {
        return error_fail(error, POSTERN_ERROR_USAGE, "the program \"%s\": %s", shown,
                          problem->message);
    }
    const char *special = shell_word(words);
    return special == NULL ||
           error_fail(
               error, POSTERN_ERROR_USAGE,
               "the program \"%s\": \"%s\" takes a shell, and none runs it unless --shell is "
               "given",
               shown, special);
}

static bool open_target(Delivery *d, const char *rest, GError **error)
{
    (void)error;
    Own *own = g_new0(Own, 1);
    own->line = g_strdup(rest);
    own->end_fd = own->pipe_fd = -1;
    if (!d->plan->shell) {
        g_shell_parse_argv(rest, NULL, &own->words, NULL); /* check() has tried it */
    }
    d->own = own;
    return true;
}

static bool begin(Delivery *d, const Letter *letter, GError **error)
{
    (void)error;
    Own *own = d->own;
    g_free(own->folder);
    own->folder = g_strdup(letter->folder);
    return true;
}

/* --- one message --- */

static bool make_pipe(Own *own, int *ret_read, GError **error)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot make a pipe: %s", g_strerror(errno));
    }
    fcntl(fds[1], F_SETPIPE_SZ, PIPE_SIZE); /* larger is only faster */
    *ret_read = fds[0];
    own->pipe_fd = fds[1];
    if (!io_make_nonblocking(fds[1], error)) {
        close(fds[0]);
        close(fds[1]);
        own->pipe_fd = -1;
        return false;
    }
    return true;
}

static bool start(Delivery *d, Bytes first, GError **error)
{
    Own *own = d->own;
    int input = -1;
    if (!make_pipe(own, &input, error)) {
        return false;
    }
    g_autofree char *sender = deliver_sender(first);
    g_auto(GStrv) argv = command_line(d, sender);
    /* What it prints goes where our complaints go: standard output may be somebody's data. */
    const SpawnPlan plan = {
        .argv = (const char *const *)argv, .in = input, .out = STDERR_FILENO, .err = -1};
    own->running = spawn_start(&plan, &own->pid, &own->end_fd, error);
    own->deaf = false;
    close(input);
    return own->running;
}

static bool write_some(Own *own, Bytes *rest, GError **error)
{
    ssize_t n = write(own->pipe_fd, rest->data, rest->len);
    if (n >= 0) {
        *rest = bytes_sub(*rest, (size_t)n, rest->len);
        return true;
    }
    if (errno == EPIPE) {
        own->deaf = true; /* its status will tell what that means */
        return true;
    }
    if (errno != EAGAIN && errno != EINTR) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot write to the program: %s",
                          g_strerror(errno));
    }
    IoWait wait = {.fd = own->pipe_fd, .want_write = true};
    return io_wait_any(&wait, 1, deadline_in(PROGRAM_SECONDS), error);
}

static bool write_piece(Delivery *d, Bytes piece, GError **error)
{
    Own *own = d->own;
    if (!own->running && !start(d, piece, error)) {
        return false;
    }
    while (piece.len > 0 && !own->deaf) {
        if (!write_some(own, &piece, error)) {
            return error_prefix(error, "the program %s", own->line);
        }
    }
    return true;
}

static void forget(Own *own)
{
    if (own->pipe_fd >= 0) {
        close(own->pipe_fd);
    }
    if (own->end_fd >= 0) {
        close(own->end_fd);
    }
    own->pipe_fd = own->end_fd = -1;
    own->running = false;
}

/* A message that is not whole must not be taken for one: the program is ended before it sees the
 * end of its input. */
static void drop(Delivery *d)
{
    Own *own = d->own;
    if (own->running) {
        kill(own->pid, SIGTERM);
        spawn_end(own->pid, own->end_fd, 0);
    }
    forget(own);
}

static bool end(Delivery *d, DeliverFate *ret, char **ret_said, GError **error)
{
    Own *own = d->own;
    if (!own->running && !start(d, BYTES_NONE, error)) { /* a message of no octets */
        return false;
    }
    close(own->pipe_fd);
    own->pipe_fd = -1;
    int status = -1;
    if (!io_wait_read(own->end_fd, deadline_in(PROGRAM_SECONDS), error) ||
        !spawn_reap(own->pid, &status)) {
        spawn_end(own->pid, own->end_fd, 0);
        forget(own);
        return error_prefix(error, "the program %s", own->line);
    }
    forget(own);
    bool later = status == 75 || status > 128;
    *ret = status == 0 ? DELIVER_DONE : later ? DELIVER_LATER : DELIVER_REFUSED;
    *ret_said = status == 0 ? NULL : g_strdup_printf("%s ended with status %d", own->line, status);
    return true;
}

static void close_target(Delivery *d)
{
    Own *own = d->own;
    drop(d);
    g_free(own->line);
    g_free(own->folder);
    g_strfreev(own->words);
    g_free(own);
}

const DeliverKind deliver_program = {
    .prefix = "|",
    .check = check,
    .open = open_target,
    .close = close_target,
    DELIVER_ONE,
};
