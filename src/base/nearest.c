#include "base/nearest.h"

#include <limits.h>
#include <string.h>

#define MAX_WORD 63

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    return MIN(MIN(a, b), c);
}

/* Damerau-Levenshtein, restricted: a swapped pair is not edited again. Three rows are enough. */
unsigned nearest_distance(const char *a, const char *b)
{
    size_t la = strlen(a);
    size_t lb = strlen(b);
    if (la > MAX_WORD || lb > MAX_WORD) {
        return UINT_MAX;
    }
    unsigned rows[3][MAX_WORD + 1];
    for (size_t j = 0; j <= lb; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= la; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *up = rows[(i + 2) % 3];
        const unsigned *up2 = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            char x = g_ascii_tolower(a[i - 1]);
            char y = g_ascii_tolower(b[j - 1]);
            row[j] = least(up[j] + 1, row[j - 1] + 1, up[j - 1] + (x != y));
            bool swapped =
                i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) && y == g_ascii_tolower(a[i - 2]);
            if (swapped) {
                row[j] = MIN(row[j], up2[j - 2] + 1);
            }
        }
    }
    return rows[la % 3][lb];
}

void nearest_offer(Nearest *near, const char *known)
{
    size_t len = strlen(near->word);
    unsigned distance = nearest_distance(near->word, known);
    /* The beginning of a longer word is what somebody types who expects abbreviations. */
    if (len >= 3 && g_ascii_strncasecmp(near->word, known, len) == 0) {
        distance = MIN(distance, 1);
    }
    /* And a whole word of it is that all the more: --ca for --ca-file, rather than --cc. */
    if (len >= 2 && g_ascii_strncasecmp(near->word, known, len) == 0 && known[len] == '-') {
        distance = 0;
    }
    unsigned most = len < 3 ? 1 : (unsigned)(len + 2) / 3;
    if (distance < len && distance <= most && (!near->best || distance < near->distance)) {
        near->best = known;
        near->distance = distance;
    }
}
