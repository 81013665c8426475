/* closing.h: what it means when a server ends a connection without a word. Some refuse so whatever
 * they do not know (Dovecot does); others end so what is too much for them at once. Private to
 * audit/. */
#pragma once

#include "audit/prober.h"

/* Closed in a crowd larger than the server is known to bear: whether that was the answer is found
 * out, by a trial of how many it bears, or by asking again with nobody beside us. Suspends. */
void closing_ask_again(Prober *p, const GByteArray *hello, Asked *asked);
/* Closing is a refusal only of a server that refuses so what every server has to refuse; which one
 * does is found out once. Changes the outcome to REFUSED where it is. Suspends. */
void closing_judge(Prober *p, Asked *asked);
