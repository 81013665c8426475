/* Asking for a password on the terminal. The terminal is as it was when this returns, and when a
 * signal ends the program. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/connect.h"
#include "io/io.h"

#define LINE_MAX_LENGTH 1024

/* For the signal handler. */
static volatile sig_atomic_t asking_fd = -1;
static struct termios before;

static const int fatal[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static struct sigaction old_actions[G_N_ELEMENTS(fatal)];

static struct sigaction *old_action(int signal_number)
{
    size_t i = 0;
    while (i + 1 < G_N_ELEMENTS(fatal) && fatal[i] != signal_number) {
        i++;
    }
    return &old_actions[i];
}

/* tcsetattr(), sigaction() and raise() are safe here (POSIX 2.4.3). Whoever handled the signal
 * before gets it next. */
static void on_fatal(int signal_number)
{
    int failure = errno;
    if (asking_fd >= 0) {
        tcsetattr(asking_fd, TCSANOW, &before);
    }
    sigaction(signal_number, old_action(signal_number), NULL);
    raise(signal_number);
    errno = failure;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_fatal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < G_N_ELEMENTS(fatal); i++) {
        sigaction(fatal[i], &action, &old_actions[i]);
        if (old_actions[i].sa_handler == SIG_IGN) {
            sigaction(fatal[i], &old_actions[i], NULL);
        }
    }
}

static void release_signals(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(fatal); i++) {
        sigaction(fatal[i], &old_actions[i], NULL);
    }
}

/* Whole lines without echo. Ctrl-C and Ctrl-Z come as characters that end a line too (VEOL, VEOL2):
 * so nothing is left to chance between a signal and a read. */
static void make_silent(int fd)
{
    struct termios silent = before;
    silent.c_lflag |= ICANON | ECHONL;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    silent.c_iflag |= ICRNL;
    silent.c_cc[VEOL] = before.c_cc[VINTR];
    silent.c_cc[VEOL2] = before.c_cc[VSUSP];
    tcsetattr(fd, TCSAFLUSH, &silent);
}

typedef enum {
    ANSWER_LINE,
    ANSWER_END,
    ANSWER_INTERRUPT,
    ANSWER_SUSPEND,
    ANSWER_TOO_LONG,
    ANSWER_FAILED
} Answer;

/* One line into `line`, of at most LINE_MAX_LENGTH bytes. Suspends. */
static Answer read_answer(int fd, char *line, size_t *len, GError **error)
{
    if (!io_wait_read(fd, DEADLINE_NEVER, error)) {
        return ANSWER_FAILED;
    }
    ssize_t n = read(fd, line, LINE_MAX_LENGTH);
    if (n <= 0) {
        return ANSWER_END;
    }
    char last = line[n - 1];
    *len = (size_t)n - 1;
    if (last == '\n') {
        return ANSWER_LINE;
    }
    if (last == (char)before.c_cc[VINTR]) {
        return ANSWER_INTERRUPT;
    }
    return last == (char)before.c_cc[VSUSP] ? ANSWER_SUSPEND
           : n == LINE_MAX_LENGTH           ? ANSWER_TOO_LONG
                                            : ANSWER_END;
}

static void say(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0) {
        return; /* a terminal that is gone is found out by reading */
    }
}

/* Stops as Ctrl-Z asks for; goes on when the shell says so. */
static void suspend(int fd)
{
    tcsetattr(fd, TCSANOW, &before);
    say(fd, "\n");
    raise(SIGTSTP);
    make_silent(fd);
}

static Secret *judge(Answer answer, const char *line, size_t len, GError **error)
{
    switch (answer) {
    case ANSWER_LINE:
        if (len > 0) {
            return secret_new(line, len);
        }
        error_fail(error, POSTERN_ERROR_AUTH, "no password was typed");
        return NULL;
    case ANSWER_TOO_LONG:
        error_fail(error, POSTERN_ERROR_AUTH,
                   "the password typed is too long for a terminal; use --password-file");
        return NULL;
    case ANSWER_INTERRUPT:
    case ANSWER_END:
        error_fail(error, POSTERN_ERROR_CANCELLED, "interrupted while asking for a password");
        return NULL;
    case ANSWER_SUSPEND:
    case ANSWER_FAILED:
        break; /* *error is set, or we are asked again */
    }
    return NULL;
}

static Secret *ask_on(int fd, const char *prompt, GError **error)
{
    char line[LINE_MAX_LENGTH];
    size_t len = 0;
    Answer answer;
    make_silent(fd);
    do {
        say(fd, prompt);
        answer = read_answer(fd, line, &len, error);
        if (answer == ANSWER_SUSPEND) {
            suspend(fd);
        }
    } while (answer == ANSWER_SUSPEND);
    tcsetattr(fd, TCSAFLUSH, &before);
    if (answer != ANSWER_LINE) {
        say(fd, "\n");
    }
    Secret *secret = judge(answer, line, len, error);
    secret_wipe(line, sizeof(line));
    return secret;
}

Secret *password_ask(const char *prompt, GError **error)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || tcgetattr(fd, &before) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        error_fail(error, POSTERN_ERROR_AUTH,
                   "there is no terminal to ask for a password on: give it by --password-command, "
                   "--password-file, $POSTERN_PASSWORD, an account (--account) or ~/.netrc");
        return NULL;
    }
    g_autofree char *shown = escape_line(bytes_of(prompt));
    asking_fd = fd;
    catch_signals();
    Secret *secret = ask_on(fd, shown, error);
    release_signals();
    asking_fd = -1;
    close(fd);
    return secret;
}
