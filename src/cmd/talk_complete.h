/* talk_complete.h: Tab: the protocol's commands, the local ones, mechanisms, and file names where a
 * file is wanted. */
#pragma once

#include <glib.h>
#include <histedit.h>

struct Talk;

/* What could stand at the end of this beginning of a line, complete words; unref it. */
GPtrArray *talk_complete_candidates(const struct Talk *t, const char *before);

/* Binds Tab. The EditLine's client data is the Talk. */
void talk_complete_install(EditLine *el);
