/* guess.h: what a server could do the last time stands in for asking, so that the login goes out at
 * once. For src/proto only; session.h has what others see of it (`remembered`).
 *
 * It is a guess, and only made inside verified TLS: whoever answers there is the server that told
 * it before. The greeting and the capabilities, which are asked for all the same, are read ahead of
 * the login's answer. */
#pragma once

#include "proto/session.h"

/* Is there something to go by, and may it be? */
bool guess_may(const Session *s);
/* Puts the remembered capabilities in force; what is `owed` is read later. */
void guess_begin(Session *s);
/* What was owed has been read: was it a good guess? */
void guess_check(Session *s);
