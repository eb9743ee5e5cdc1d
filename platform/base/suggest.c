/* SPDX-License-Identifier: MIT */
#include "platform/base/suggest.h"

#include <glib.h>
#include <string.h>

enum { WORD_MAX = 48 }; /* bytes; a longer word resembles no name that there is */

/* Optimal string alignment: insert, delete, replace, swap neighbours. */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned row[3][WORD_MAX + 1];
    size_t n = strlen(a), m = strlen(b);
    if (n > WORD_MAX || m > WORD_MAX)
        return G_MAXUINT;
    for (size_t j = 0; j <= m; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = row[i % 3], *up = row[(i - 1) % 3], *up2 = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned replace = up[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = MIN(MIN(up[j], now[j - 1]) + 1, replace);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = MIN(now[j], up2[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

const char *suggest_closest(const char *word, const char *const *names, size_t n)
{
    size_t length = strlen(word);
    const char *best = NULL;
    unsigned best_distance = G_MAXUINT;
    for (size_t i = 0; i < n; i++) {
        unsigned d = edit_distance(word, names[i]);
        if (length >= 3 && g_str_has_prefix(names[i], word))
            d = MIN(d, 1); /* an abbreviation */
        if (d < best_distance) {
            best = names[i];
            best_distance = d;
        }
    }
    unsigned allowed = length <= 3 ? 1 : length <= 6 ? 2 : 3;
    return best_distance <= allowed ? best : NULL;
}

char *suggest_phrase(const char *word, const char *const *names, size_t n)
{
    const char *closest = suggest_closest(word, names, n);
    return closest ? g_strdup_printf(" (did you mean '%s'?)", closest) : g_strdup("");
}
