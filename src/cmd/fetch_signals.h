/* fetch_signals.h: what signals mean to a daemon: SIGTERM and SIGINT end it, SIGHUP has it read
 * everything anew, SIGUSR1 has it fetch at once. Internal to cmd/. */
#pragma once

#include "io/io.h"

/* From now on SIGTERM and SIGINT make waits fail with CANCELLED (a second one ends the program as
 * usual). IO. */
bool fetch_signals_begin(GError **error);
/* Shall the others do so too? For connections that otherwise would never end (IDLE). */
void fetch_signals_disturb(bool all);
void fetch_signals_end(void);

bool fetch_signals_ending(void);
/* Was it asked for since the last time? */
bool fetch_signals_take_reload(void);
bool fetch_signals_take_now(void);

/* Waits until then, or until a signal asks for something. Suspends. */
void fetch_signals_sleep(Deadline until);
