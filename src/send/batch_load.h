/* batch_load.h: one message of a batch, read when its turn comes, or shortly before. */
#pragma once

#include "send/batch.h"

/* The item's octets, which are not more than `most` or 1 GB, as an Outgoing; what it does not say
 * itself is the plan's. NO_INPUT, DATA. The caller frees it. Reads a file; does not suspend. */
Outgoing *batch_load(const BatchItem *item, const OutgoingPlan *plan, int64_t most, GError **error);
