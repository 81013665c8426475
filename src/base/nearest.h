/* nearest.h: which known word somebody may have meant who typed an unknown one: for "did you mean".
 * Pure.
 *
 *     Nearest near = {.word = "--tls-mn"};
 *     nearest_offer(&near, "--tls-min");   // for each known word
 *     if (near.best) { ... }
 *
 * Nothing is owned: `word` and `best` are borrowed from whoever gave them. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    const char *word; /* what was typed */
    const char *best; /* the nearest so far, or NULL: none is near enough */
    unsigned distance;
} Nearest;

/* Offers one known word. At equal distance the first one offered stays. Case is ignored. Words
 * above 63 characters are never near. */
void nearest_offer(Nearest *near, const char *known);
/* Letters to insert, delete, change or swap with their neighbour to get from one word to the other.
 * Words above 63 characters give UINT_MAX. */
unsigned nearest_distance(const char *a, const char *b);
