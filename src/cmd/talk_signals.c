/* talk_signals.c: signal handlers that only write a byte, or put the terminal back. */
#include "cmd/talk_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

static int event_pipe[2] = {-1, -1};
static int interrupt_pipe[2] = {-1, -1};
static struct termios terminal_before;
static bool terminal_known;
static volatile sig_atomic_t editing;

static const int typed[] = {SIGINT, SIGTSTP, SIGWINCH};
static const int deadly[] = {SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};

static void put_terminal_back(void)
{
    if (terminal_known) {
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
    }
}

static void on_event(int number)
{
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    int fd = number == SIGINT ? interrupt_pipe[1] : event_pipe[1];
    if (number == SIGTSTP && !editing) {
        put_terminal_back();
        raise(SIGSTOP);
    } else if (write(fd, &byte, 1) < 0) {
        errno = saved; /* the pipe is full of earlier ones: they will do */
    }
    errno = saved;
}

static void on_deadly(int number)
{
    put_terminal_back();
    signal(number, SIG_DFL);
    raise(number);
}

static void handle(const int *numbers, size_t n, void (*handler)(int), int flags)
{
    for (size_t i = 0; i < n; i++) {
        struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
        sigemptyset(&action.sa_mask);
        sigaction(numbers[i], &action, NULL);
    }
}

bool talk_signals_begin(TalkSignals *signals, bool terminal, GError **error)
{
    if (pipe2(event_pipe, O_CLOEXEC | O_NONBLOCK) != 0 ||
        pipe2(interrupt_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot make a pipe: %s", g_strerror(errno));
    }
    handle((const int[]){SIGALRM}, 1, on_event, SA_RESTART);
    if (terminal) {
        terminal_known = tcgetattr(STDIN_FILENO, &terminal_before) == 0;
        handle(typed, G_N_ELEMENTS(typed), on_event, SA_RESTART);
        handle(deadly, G_N_ELEMENTS(deadly), on_deadly, (int)SA_RESETHAND);
    }
    signals->events = event_pipe[0];
    signals->interrupt = interrupt_pipe[0];
    return true;
}

int talk_signals_next(const TalkSignals *signals)
{
    unsigned char number = 0;
    return read(signals->events, &number, 1) == 1 ? number : 0;
}

bool talk_signals_interrupted(const TalkSignals *signals)
{
    unsigned char bytes[64];
    return read(signals->interrupt, bytes, sizeof bytes) > 0;
}

void talk_signals_editing(bool on)
{
    editing = on;
}

void talk_signals_terminal_back(void)
{
    put_terminal_back();
}

void talk_signals_stop(void)
{
    put_terminal_back();
    signal(SIGTSTP, SIG_DFL);
    raise(SIGTSTP);
    handle((const int[]){SIGTSTP}, 1, on_event, SA_RESTART);
}

void talk_signals_end(TalkSignals *signals)
{
    put_terminal_back();
    handle((const int[]){SIGALRM}, 1, SIG_DFL, 0);
    if (terminal_known) {
        handle(typed, G_N_ELEMENTS(typed), SIG_DFL, 0);
        handle(deadly, G_N_ELEMENTS(deadly), SIG_DFL, 0);
    }
    terminal_known = false;
    for (int i = 0; i < 2; i++) {
        close(event_pipe[i]);
        close(interrupt_pipe[i]);
        event_pipe[i] = interrupt_pipe[i] = -1;
    }
    signals->events = signals->interrupt = -1;
}
