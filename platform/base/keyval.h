/* SPDX-License-Identifier: MIT
 *
 * Option arguments of the form value,key=value,key (QEMU's: ",," is a comma inside of a value), and
 * typed values. Errors: G_OPTION_ERROR, one line that names `what` ("-M reset") and the
 * closest word.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct KeyVal {
    char *key, *value; /* key: "" for a first part without '='; value: "on" for a later one without */
} KeyVal;

GPtrArray *keyval_split(const char *text); /* of KeyVal*, owned; at least one part */
void keyval_add(GPtrArray *pairs, const char *key, const char *value);

bool value_bool(const char *what, const char *text, bool *out, GError **error); /* on|off|yes|no|true|false|y|n */
bool value_uint(const char *what, const char *text, unsigned min, unsigned max, unsigned *out, GError **error);
bool value_number(const char *what, const char *text, uint64_t *out, GError **error); /* decimal, or hexadecimal with 0x */
/* "512", "2G", "1.5M": suffixes B K M G T, default_shift (20: MiB) without one. */
bool value_size(const char *what, const char *text, unsigned default_shift, uint64_t *out, GError **error);
/* Index of text in words[]. */
bool value_word(const char *what, const char *text, const char *const *words, size_t n, unsigned *out, GError **error);
