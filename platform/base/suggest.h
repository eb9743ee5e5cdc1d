/* SPDX-License-Identifier: MIT
 *
 * "Did you mean …": the closest of some names.
 */
#pragma once

#include <stddef.h>

/* The name nearest to `word` by edit distance (swapped neighbours count as one edit); NULL: none is
 * near.  Borrowed. */
const char *suggest_closest(const char *word, const char *const *names, size_t n);
/* The same as a piece of a message: " (did you mean 'x'?)", or "".  g_free */
char *suggest_phrase(const char *word, const char *const *names, size_t n);
