/* check_sasl.h: what the files about logging in share. Private to audit/. */
#pragma once

#include "audit/check.h"

/* Both sides of TLS; a list is NULL where the capabilities were not seen. */
typedef struct {
    char **before, **inside;
} SaslOffered;
SaslOffered sasl_offered_by(const Facts *f);
void sasl_offered_clear(SaslOffered *offered);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SaslOffered, sasl_offered_clear)
/* Is the mechanism in the list, which may be NULL? */
bool sasl_offers(char **list, const char *name);

/* Is there a log-in to speak of? True: go on. */
bool sasl_applies(const Facts *f, Findings *out);
/* The same, and where nothing was seen, before or inside, that is said. Before is not asked for
 * where TLS comes first. */
bool sasl_all_seen(const Facts *f, const SaslOffered *offered, Findings *out);
