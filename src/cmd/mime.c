/* mime.c: `postern mime`: the options, and the watch over the worker that reads the messages. */
#include "cmd/mime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"
#include "io/spawn.h"

enum { CPU_DEFAULT = 10, MEMORY_DEFAULT = 1024 };

#define AT(member) offsetof(MimeOptions, member)
const Option mime_options[] = {
    {"tree", 0, OPTION_BOOL, AT(tree), NULL, "only the structure", NULL},
    {"text", 0, OPTION_BOOL, AT(text), NULL, "only the text: UTF-8, HTML reduced", NULL},
    {"headers", 0, OPTION_BOOL, AT(headers), NULL, "only the headers, all of them, decoded", NULL},
    {"part", 0, OPTION_STRING, AT(part), "SECTION",
     "this part to standard output, decoded: 2, 1.3, 1#1 for a file in a text", NULL},
    {"raw", 0, OPTION_BOOL, AT(raw), NULL, "with --part: as it stands in the message", NULL},
    {"save", 0, OPTION_FILE, AT(save), "DIR",
     "the attachments (with --part: that one) as files in DIR", NULL},
    {"overwrite", 0, OPTION_BOOL, AT(overwrite), NULL, "with --save: replace files that are there",
     NULL},
    {"json", 0, OPTION_BOOL, AT(json), NULL, "one JSON object a message, one a line", NULL},
    {"check", 0, OPTION_BOOL, AT(check), NULL,
     "only what is broken in it and how it was read; status 65 if anything is", NULL},
    {"message", 0, OPTION_INT, AT(message), "N", "only the Nth message of an mbox or Maildir",
     NULL},
    {"input", 0, OPTION_CHOICE, AT(format), NULL,
     "what the input is (default: auto, judged by its beginning)", "auto|message|mbox"},
    {"cpu-limit", 0, OPTION_INT, AT(cpu_limit), "SECONDS",
     "CPU time for one message (default: 10, and a second for each 10 MB)", NULL},
    {"memory-limit", 0, OPTION_INT, AT(memory_limit), "MB", "memory for reading (default: 1024)",
     NULL},
    {NULL},
};

MimeLimits mime_limits(const MimeOptions *o)
{
    return (MimeLimits){.cpu_seconds = o->cpu_limit > 0 ? (unsigned)o->cpu_limit : CPU_DEFAULT,
                        .memory_mb =
                            o->memory_limit > 0 ? (unsigned)o->memory_limit : MEMORY_DEFAULT};
}

/* --- the worker's command line --- */

static void add_option(GPtrArray *argv, const Option *option, const MimeOptions *o)
{
    const void *value = (const char *)o + option->offset;
    if (option->kind == OPTION_BOOL && *(const bool *)value) {
        g_ptr_array_add(argv, g_strdup_printf("--%s", option->name));
    } else if (option->kind == OPTION_INT && *(const int *)value != 0) {
        g_ptr_array_add(argv, g_strdup_printf("--%s=%d", option->name, *(const int *)value));
    } else if (option->kind != OPTION_BOOL && option->kind != OPTION_INT &&
               *(char *const *)value != NULL) {
        g_ptr_array_add(argv, g_strdup_printf("--%s=%s", option->name, *(char *const *)value));
    }
}

static GPtrArray *worker_argv(const MimeOptions *o, char **files, uint64_t done, bool careful)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(argv, g_strdup("/proc/self/exe"));
    g_ptr_array_add(argv, g_strdup("mime-worker"));
    for (const Option *option = mime_options; option->name; option++) {
        add_option(argv, option, o);
    }
    g_ptr_array_add(argv, g_strdup("--"));
    g_ptr_array_add(argv, g_strdup_printf("%" G_GUINT64_FORMAT, done));
    g_ptr_array_add(argv, g_strdup(careful ? "careful" : "fast"));
    for (char **file = files; *file; file++) {
        g_ptr_array_add(argv, g_strdup(*file));
    }
    g_ptr_array_add(argv, NULL);
    return argv;
}

/* --- watching it --- */

typedef struct {
    const MimeOptions *options;
    char **files;
    int input;      /* standard input's, or a copy of it that can be read again; -1: not needed */
    off_t input_at; /* where it began */
    uint64_t done;  /* messages */
    bool careful;
    bool begun; /* the worker has come to a message */
} Watch;

static void take_line(Watch *watch, const char *line)
{
    if (line[0] == MIME_PROGRESS) {
        watch->done = g_ascii_strtoull(line + 1, NULL, 10);
        watch->begun = true;
    } else if (*line != '\0') {
        fprintf(stderr, "%s\n", line);
    }
}

/* Reads what it says until it closes. Suspends. */
static bool listen_to(Watch *watch, int fd, GError **error)
{
    g_autoptr(GString) said = g_string_new(NULL);
    char buffer[4096 - 256];
    ssize_t n;
    do {
        if (!io_wait_read(fd, DEADLINE_NEVER, error)) {
            return false;
        }
        n = read(fd, buffer, sizeof buffer);
        g_string_append_len(said, buffer, MAX(n, 0));
        char *end;
        while ((end = strchr(said->str, '\n')) != NULL) {
            *end = '\0';
            take_line(watch, said->str);
            g_string_erase(said, 0, end - said->str + 1);
        }
    } while (n > 0 || (n < 0 && errno == EINTR));
    take_line(watch, said->str);
    return true;
}

/* One worker, to its end. Suspends. */
static bool run_worker(Watch *watch, int *ret_status, GError **error)
{
    g_autoptr(GPtrArray) argv =
        worker_argv(watch->options, watch->files, watch->done, watch->careful);
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot make a pipe: %s", g_strerror(errno));
    }
    if (watch->input >= 0) {
        lseek(watch->input, watch->input_at, SEEK_SET);
    }
    SpawnPlan plan = {
        .argv = (const char *const *)argv->pdata, .in = watch->input, .out = -1, .err = pipes[1]};
    pid_t pid;
    int end_fd;
    bool good = spawn_start(&plan, &pid, &end_fd, error);
    close(pipes[1]);
    if (good) {
        good = listen_to(watch, pipes[0], error);
        good = good && io_wait_read(end_fd, DEADLINE_NEVER, error);
        good = good && spawn_reap(pid, ret_status);
        close(end_fd);
    }
    close(pipes[0]);
    return good;
}

static void tell_end(const Watch *watch, const char *why, GError **error)
{
    g_autofree char *which = g_strdup_printf(", message %" G_GUINT64_FORMAT, watch->done + 1);
    bool single = watch->files[1] == NULL;
    error_fail(error, POSTERN_ERROR_LIMIT, "%s%s: this message cannot be read: %s",
               !single                             ? "the input"
               : strcmp(watch->files[0], "-") == 0 ? "standard input"
                                                   : watch->files[0],
               watch->done > 0 ? which : "", why);
}

/* A worker that a limit ended has written what came before: the next one goes on there. First with
 * care, so that it is known which message it was; then behind that one. Suspends. */
static int watch_workers(Watch *watch)
{
    int worst = 0;
    for (;;) {
        GError *error = NULL;
        int status = 0;
        bool was_careful = watch->careful;
        watch->begun = false;
        if (!run_worker(watch, &status, &error)) {
            return command_fail(error);
        }
        MimeLimits limits = mime_limits(watch->options);
        g_autofree char *why = limits_explain(&limits, status);
        if (why == NULL) {
            return MAX(worst, status);
        }
        if (was_careful) {
            tell_end(watch, why, &error);
            int failed = command_fail(error);
            worst = MAX(worst, failed);
            watch->done++;
            if (!watch->begun) {
                return worst; /* it does not even get to a message: no other will do better */
            }
        }
        watch->careful = true;
    }
}

/* --- all of it --- */

static bool check_options(const MimeOptions *o, GError **error)
{
    unsigned ways = o->json + o->check + (o->save != NULL) + (o->part != NULL && o->save == NULL) +
                    ((o->tree || o->headers || o->text) && o->part == NULL);
    if (ways > 1) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--json, --check, --save, --part and what is to be shown (--tree, "
                          "--headers, --text) are different jobs: one at a time");
    }
    if (o->raw && o->part == NULL) {
        return error_fail(error, POSTERN_ERROR_USAGE, "--raw is for --part");
    }
    if (o->message < 0 || o->cpu_limit < 0 || o->memory_limit < 0) {
        return error_fail(error, POSTERN_ERROR_USAGE, "a number here is 1 or more");
    }
    return true;
}

/* What cannot be read twice is copied to disk. */
static bool take_input(Watch *watch, GError **error)
{
    watch->input = -1;
    bool needed = g_strv_contains((const char *const *)watch->files, "-");
    if (!needed) {
        return true;
    }
    struct stat about;
    bool is_file = fstat(STDIN_FILENO, &about) == 0 && S_ISREG(about.st_mode);
    watch->input = is_file ? STDIN_FILENO : mime_spool(STDIN_FILENO, error);
    watch->input_at = is_file ? MAX(lseek(STDIN_FILENO, 0, SEEK_CUR), 0) : 0;
    return watch->input >= 0;
}

static int run(void *values, char **args)
{
    MimeOptions *o = values;
    GError *error = NULL;
    static char *only_input[] = {"-", NULL};
    Watch watch = {.options = o, .files = args[0] ? args : only_input};
    if (args[0] == NULL && isatty(STDIN_FILENO) == 1) {
        error_fail(&error, POSTERN_ERROR_USAGE,
                   "which message? Give a FILE, or - and paste one (end it with Ctrl-D)");
    }
    if (error != NULL || !check_options(o, &error) || !take_input(&watch, &error)) {
        return command_fail(error);
    }
    fflush(stdout);
    return watch_workers(&watch);
}

const Command cmd_mime = {
    .name = "mime",
    .summary = "show what is in a message, save its attachments",
    .arguments = "[FILE|-]...",
    .text = "Shows the structure of a message, its headers decoded, and its text. FILE is a "
            "message, an\n"
            "mbox or a Maildir; also what was copied from a terminal: a whole RETR with its +OK, a "
            "body\n"
            "without its headers, a bare block of base64.\n",
    .examples = "  postern mime message.eml\n"
                "  postern mime --save=attachments message.eml\n"
                "  postern mime --part=2 message.eml > photo.jpg\n"
                "  postern mime --json ~/Maildir | jq -r '.headers.Subject'\n",
    .options = mime_options,
    .values_size = sizeof(MimeOptions),
    .run = run,
};
