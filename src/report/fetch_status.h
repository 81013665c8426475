/* fetch_status.h: what is known of the accounts mail is fetched from, for people, scripts and
 * Prometheus. */
#pragma once

#include "store/state.h"

/* All of them take the array of state_accounts() and the time it is now; the caller frees what
 * comes back. */

/* A line or more an account: last success, last error, counts, next run. */
char *fetch_status_text(const GPtrArray *accounts, int64_t now);
/* {"accounts": [{"name", "key", "last_try", "last_success", "last_error", "failures", "fetched",
 * "bytes", "last_fetched", "next_run"}]}; times as in 2026-11-21T20:15:00Z, or null. */
char *fetch_status_json(const GPtrArray *accounts);
/* The text format of node_exporter's textfile collector. */
char *fetch_status_prometheus(const GPtrArray *accounts);
