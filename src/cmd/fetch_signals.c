/* fetch_signals.c: a signal handler can reach nothing but static storage: here it is. */
#include "cmd/fetch_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int wake_pipe[2] = {-1, -1};
static volatile sig_atomic_t ending, reload, now, asleep, wakes_all;

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};

static void on_signal(int number)
{
    int saved = errno;
    bool end = number == SIGINT || number == SIGTERM;
    if (end) {
        ending = 1;
        signal(number, SIG_DFL);
    } else if (number == SIGHUP) {
        reload = 1;
    } else {
        now = 1;
    }
    /* A round that is under way anyway is not disturbed. */
    if ((end || asleep || wakes_all) && write(wake_pipe[1], &(char){0}, 1) < 0) {
        /* the pipe is full of earlier ones: they will do */
    }
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

bool fetch_signals_begin(GError **error)
{
    if (pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot make a pipe: %s", g_strerror(errno));
    }
    ending = reload = now = asleep = 0;
    wakes_all = 0;
    handle(on_signal);
    io_interrupt_on(wake_pipe[0]);
    return true;
}

void fetch_signals_disturb(bool all)
{
    wakes_all = all;
}

void fetch_signals_end(void)
{
    handle(SIG_DFL);
    io_interrupt_on(-1);
    for (int i = 0; i < 2; i++) {
        close(wake_pipe[i]);
        wake_pipe[i] = -1;
    }
}

bool fetch_signals_ending(void)
{
    return ending != 0;
}

/* What woke us has been seen; a signal to end stays in the pipe. */
static void empty_pipe(void)
{
    char bytes[64];
    while (!ending && read(wake_pipe[0], bytes, sizeof(bytes)) > 0) {
    }
}

static bool take(volatile sig_atomic_t *flag)
{
    bool was = *flag != 0;
    *flag = 0;
    empty_pipe();
    return was;
}

bool fetch_signals_take_reload(void)
{
    return take(&reload);
}

bool fetch_signals_take_now(void)
{
    return take(&now);
}

void fetch_signals_sleep(Deadline until)
{
    asleep = 1;
    if (!reload && !now) {
        io_sleep(until, NULL); /* cut short by whatever comes: the flags tell what it was */
    }
    asleep = 0;
}
