/* send_lines.h: a batch as lines of JSON: {"file": "m.eml", "from": "a@b", "to": ["c@d"], "id":
 * "1"}. Pure. */
#pragma once

#include "send/batch.h"

/* One line as an item; "file" must be there. "to" is a list or a string. "id" is what the journal
 * knows it by; without it, the line itself is, together with `nth`, which tells equal lines apart.
 * DATA. The caller frees it. */
BatchItem *send_line_item(Bytes line, unsigned nth, GError **error);
