/* timers.h: deadlines in a binary heap, so that the soonest is at hand and any can be taken out. */
#pragma once

#include "base/deadline.h"

/* Embedded in what waits; in one heap at a time, and must not move while there. */
typedef struct {
    Deadline when;
    size_t place; /* 1 + its index in the heap; 0: not in one */
} Timer;

typedef struct {
    GPtrArray *heap; /* of Timer, borrowed */
} Timers;

void timers_init(Timers *t);
void timers_clear(Timers *t);
/* A timer that will never fire is not put in. */
void timers_add(Timers *t, Timer *timer, Deadline when);
/* Nothing happens when it is not there. */
void timers_remove(Timers *t, Timer *timer);
/* NULL when none is left. */
Timer *timers_soonest(const Timers *t);
