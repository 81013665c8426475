/* learn.h: every answer teaches all it can, whatever it was asked for. Pure. */
#pragma once

#include "audit/facts.h"

/* Takes what an answer says into the facts: suite, classes, group, signature, prime, certificates,
 * and the extensions that were offered. Nothing about what was not answered. */
void learn_answer(Facts *facts, const HelloOffer *offer, const HelloAnswer *answer);
/* The version an answer is of; V_COUNT when it is none we know. */
VersionIndex learn_version(const HelloAnswer *answer);
