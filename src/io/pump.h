/* pump.h: two streams joined: what comes from one goes to the other, both ways, until both have
 * said that no more will come. */
#pragma once

#include "io/stream.h"

typedef struct {
    Stream *a, *b;        /* borrowed */
    Bytes from_a, from_b; /* what was read of them already and has not been passed on; borrowed */
    double linger;        /* seconds that one side may be silent once the other has ended; 0: 30 */
    uint64_t a_to_b, b_to_a; /* octets passed on; set by pump_run() */
} Pump;

/* Runs until both sides have ended, each end passed on as such (a client that has sent all may
 * still wait for the answer). True also when only one has ended and the other stayed silent for
 * `linger`. Fails as the stream did that failed; the message begins with "A: " or "B: " by the
 * names given, which may be NULL. CANCELLED. Suspends. */
bool pump_run(Pump *pump, const char *name_a, const char *name_b, GError **error);
