/* interrupt.h: Ctrl-C and SIGTERM turned into a failing wait, for commands that want to put down in
 * good order what they have when they are ended early. */
#pragma once

#include "base/error.h"

/* From now on the first SIGINT or SIGTERM makes every wait fail with CANCELLED (io_interrupt_on());
 * the second ends the program as usual. IO. */
bool interrupt_begin(GError **error);
/* Did one come? */
bool interrupt_seen(void);
/* Back to how everything was. */
void interrupt_end(void);
