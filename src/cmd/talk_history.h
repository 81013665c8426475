/* talk_history.h: what was typed, remembered from one conversation to the next. Each line is in the
 * file as soon as it was entered: two conversations at once, or a closed window, lose none. What is
 * a secret must not come here. */
#pragma once

#include <stdbool.h>

typedef struct TalkHistory TalkHistory;

/* Reads $XDG_STATE_HOME/postern/talk_history, unless `forget`: then nothing is read or written.
 * Without a place for it there is just no history from earlier. */
TalkHistory *talk_history_open(bool forget);
void talk_history_close(TalkHistory *h);
/* libedit's History, borrowed, for EL_HIST. */
void *talk_history_libedit(TalkHistory *h);
void talk_history_add(TalkHistory *h, const char *line);
/* The oldest first. */
void talk_history_each(TalkHistory *h, void (*each)(void *user, const char *line), void *user);
