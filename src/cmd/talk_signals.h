/* talk_signals.h: signals during a conversation, made into bytes on a pipe; and the terminal put
 * back whatever happens. */
#pragma once

#include "base/error.h"

typedef struct {
    int events;    /* readable when one came: read it with talk_signals_next() */
    int interrupt; /* readable while a Ctrl-C has not been looked at: for io_interrupt_on() */
} TalkSignals;

/* Catches SIGALRM; with a terminal SIGINT, SIGTSTP and SIGWINCH too, and on SIGTERM, SIGHUP and
 * crashes the terminal is put back first. IO. */
bool talk_signals_begin(TalkSignals *signals, bool terminal, GError **error);
/* The next signal number that came, or 0. */
int talk_signals_next(const TalkSignals *signals);
/* Was Ctrl-C pressed since the last look? Clears it. */
bool talk_signals_interrupted(const TalkSignals *signals);
/* While a line is edited Ctrl-Z is an event, for the terminal has to be put back first; else it
 * just stops the process. */
void talk_signals_editing(bool editing);
/* The terminal as it was before, for others who ask something on it. */
void talk_signals_terminal_back(void);
/* Stops this process as Ctrl-Z wants it, the terminal as it was before; returns when it is
 * continued. */
void talk_signals_stop(void);
/* Back to how everything was. */
void talk_signals_end(TalkSignals *signals);
