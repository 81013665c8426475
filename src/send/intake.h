/* intake.h: what a program that speaks SMTP to us says, taken apart into commands and messages (RFC
 * 5321 2.3.8, 4.5.2): the reading half of `sendmail -bs`. Pure; a fuzz target.
 *
 * Who ends DATA's line by CRLF has to end all of the text's lines so: a lone dot between bare LFs
 * is then the message's own, and no second message hides behind it. Who ends it by LF, as people do
 * who type, may go on with it. */
#pragma once

#include "base/bytes.h"

typedef struct Intake Intake;

typedef enum {
    INTAKE_MORE,      /* nothing complete is there: feed it */
    INTAKE_COMMAND,   /* a line without its end */
    INTAKE_TOO_LONG,  /* a line above the cap: passed over */
    INTAKE_TEXT,      /* a message, dots undone, line ends as they came */
    INTAKE_TOO_LARGE, /* a message above the cap: passed over */
} IntakeWhat;

/* Caps in octets. */
Intake *intake_new(size_t line_max, size_t text_max);
void intake_free(Intake *i);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Intake, intake_free)

void intake_feed(Intake *i, Bytes bytes);
/* The next thing said; borrowed until the next call. */
IntakeWhat intake_next(Intake *i, Bytes *ret);
/* The last command was DATA, and a message is what comes now. */
void intake_begin_text(Intake *i);
