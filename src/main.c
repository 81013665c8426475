/* main.c: the table of commands, and the loop that finds one in it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/sanitizer.h"
#include "cmd/connect.h"
#include "cmd/help.h"
#include "tls/engine.h"

extern const Command cmd_send, cmd_sendmail, cmd_serve;
extern const Command cmd_config, cmd_fetch, cmd_tunnel;
extern const Command cmd_mime, cmd_mime_worker, cmd_talk, cmd_check, cmd_auth, cmd_help,
    cmd_completion;

const Command *const commands[] = {
    &cmd_talk,   &cmd_check,  &cmd_fetch,      &cmd_send, &cmd_sendmail,
    &cmd_serve,  &cmd_tunnel, &cmd_auth,       &cmd_mime, &cmd_mime_worker,
    &cmd_config, &cmd_help,   &cmd_completion, NULL};

/* Passwords must not end up in a core file, nor be read by a debugger of the same user.
 * LeakSanitizer is such a debugger. */
static void leave_no_cores(void)
{
    if (!UNDER_SANITIZER) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        prctl(PR_SET_DUMPABLE, 0);
    }
}

/* A socket must never become number 0, 1 or 2 because the caller had closed it. */
static void fill_standard_files(void)
{
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = dup(fd);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* Output that could not be written is no success. A reader that went away (`| head`) wants no
 * message about it. */
static int flush_output(int status)
{
    bool was_bad = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) == 0 && !was_bad) {
        return status;
    }
    if (errno != EPIPE) {
        fprintf(stderr, "postern: cannot write to standard output: %s\n",
                strerror(errno ? errno : EIO));
    }
    return status ? status : 74;
}

static int run_command(const Command *command, char **argv)
{
    static const Option no_options[] = {{NULL}};
    const Option *own = command->options ? command->options : no_options;
    const Option *const tables[] = {own, command->connects ? connect_options : NULL, NULL};
    g_autofree void *values = g_malloc0(command->values_size + 1);
    g_auto(GStrv) args = NULL;
    GError *error = NULL;
    bool help = false;
    int status = 0;
    if (command->run_words) {
        return command->run_words(argv);
    }
    if (!options_parse(tables, values, argv, &args, &help, &error)) {
        status = command_fail(error);
    } else if (help) {
        help_print_command(command);
    } else {
        status = command->run(values, args);
    }
    options_clear(tables, values);
    return status;
}

/* What stands before any command. */
static const struct {
    const char *word;
    void (*print)(void);
} first_words[] = {
    {"--help", help_print_commands},
    {"-h", help_print_commands},
    {"--version", help_print_version},
    {"-V", help_print_version},
};

/* Installed as sendmail, it is one. */
static bool is_called_sendmail(const char *name)
{
    static const char *const names[] = {"sendmail", "mailq", "newaliases", NULL};
    g_autofree char *base = g_path_get_basename(name);
    return g_strv_contains(names, base);
}

static int run(char **argv)
{
    if (argv[0] && is_called_sendmail(argv[0])) {
        return run_command(&cmd_sendmail, argv);
    }
    if (!argv[0] || !argv[1]) {
        help_print_short();
        return 64;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(first_words); i++) {
        if (strcmp(argv[1], first_words[i].word) == 0) {
            first_words[i].print();
            return 0;
        }
    }
    GError *error = NULL;
    const Command *command = NULL;
    if (argv[1][0] == '-') {
        error_fail(&error, POSTERN_ERROR_USAGE,
                   "the command comes before its options: postern COMMAND [OPTIONS]");
    } else {
        command = help_find_command(argv[1], &error);
    }
    return command ? run_command(command, argv + 1) : command_fail(error);
}

int main(int argc, char **argv)
{
    (void)argc;
    password_take_environment();
    leave_no_cores();
    fill_standard_files();
    signal(SIGPIPE, SIG_IGN);
    tls_begin();
    return flush_output(run(argv));
}
