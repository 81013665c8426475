/* talk_signals.h: signals while a person types, made into bytes on a pipe; and the terminal put
 * back whatever happens. */
#pragma once

#include "base/error.h"

typedef struct {
    int events;    /* readable when one came: read it with talk_signals_next() */
    int interrupt; /* readable while a Ctrl-C has not been looked at: for io_interrupt_on() */
} TalkSignals;

/* Catches SIGINT, SIGALRM, SIGTSTP, SIGWINCH; on SIGTERM, SIGHUP and crashes the terminal is put
 * back first. IO. */
bool talk_signals_begin(TalkSignals *signals, GError **error);
/* The next signal number that came, or 0. */
int talk_signals_next(const TalkSignals *signals);
/* Was Ctrl-C pressed since the last look? Clears it. */
bool talk_signals_interrupted(const TalkSignals *signals);
/* Stops this process as Ctrl-Z wants it, the terminal as it was before; returns when it is
 * continued. */
void talk_signals_stop(void);
/* Back to how everything was. */
void talk_signals_end(TalkSignals *signals);
