/* race.h: connecting to the first of several addresses that answers (RFC 8305, "happy eyeballs").
 */
#pragma once

#include "io/dns.h"

/* At most this many addresses are tried. */
#define RACE_MAX 16

/* Gives a connected, nonblocking descriptor, and in *ret_winner the index of its address. An
 * attempt starts 250 ms after the one before it, or at once when that has failed. When all fail the
 * message holds each address and what it said: UNAVAILABLE, TIMEOUT when the deadline cut it short.
 * -1 on failure. Suspends. */
int race_connect(const GArray *addresses, uint16_t port, size_t *ret_winner, Deadline deadline,
                 GError **error);
