/* interrupt.c: a signal handler can reach nothing but static storage: here it is. */
#include "cmd/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "io/io.h"

static int signal_pipe[2] = {-1, -1};
static volatile sig_atomic_t seen;

static const int caught[] = {SIGINT, SIGTERM};

static void on_signal(int number)
{
    int saved = errno;
    seen = 1;
    if (write(signal_pipe[1], &(char){0}, 1) < 0) {
        /* the pipe is full of earlier ones: they will do */
    }
    signal(number, SIG_DFL);
    errno = saved;
}

static void handle(void (*handler)(int))
{
    for (size_t i = 0; i < G_N_ELEMENTS(caught); i++) {
        struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
        sigemptyset(&action.sa_mask);
        sigaction(caught[i], &action, NULL);
    }
}

bool interrupt_begin(GError **error)
{
    if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot make a pipe: %s", g_strerror(errno));
    }
    seen = 0;
    handle(on_signal);
    io_interrupt_on(signal_pipe[0]);
    return true;
}

bool interrupt_seen(void)
{
    return seen != 0;
}

void interrupt_end(void)
{
    handle(SIG_DFL);
    io_interrupt_on(-1);
    for (int i = 0; i < 2; i++) {
        close(signal_pipe[i]);
        signal_pipe[i] = -1;
    }
}
