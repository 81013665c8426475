/* offer.h: what is put into hellos: everything there is, or a part of it. */
#pragma once

#include "audit/prober.h"

/* Fills the lists of a new Prober: everything there is, the best first. */
void offer_lists(Prober *p);
/* A hello of this version with everything in it; lists are the Prober's. V_SSL2: all its ciphers.
 */
HelloOffer offer_everything(const Prober *p, VersionIndex version);
/* The same with these suites, of uint16_t, borrowed. */
HelloOffer offer_suites(const Prober *p, VersionIndex version, const GArray *suites);
/* The same as a cautious client of its time would put it: no extension that is not needed, few
 * suites and groups. */
HelloOffer offer_little(const Prober *p, VersionIndex version);

bool suite_in_class(const Suite *suite, SuiteClass class);
/* Those that `wanted` says yes to. The caller frees the array. */
GArray *suites_where(const GArray *suites, bool (*wanted)(const Suite *suite, const void *data),
                     const void *data);
void list_remove(GArray *list, uint16_t value);
bool list_has(const GArray *list, uint16_t value);
/* Once. */
void list_add(GArray *list, uint16_t value);
