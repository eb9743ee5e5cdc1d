/* SPDX-License-Identifier: MIT */
#include "platform/base/keyval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "platform/base/suggest.h"

static void pair_free(gpointer p)
{
    KeyVal *pair = p;
    g_free(pair->key);
    g_free(pair->value);
    g_free(pair);
}

static KeyVal *pair_new(const char *part, bool first)
{
    KeyVal *pair = g_new(KeyVal, 1);
    const char *equals = strchr(part, '=');
    pair->key = equals ? g_strndup(part, (gsize)(equals - part)) : g_strdup(first ? "" : part);
    pair->value = g_strdup(equals ? equals + 1 : first ? part : "on");
    return pair;
}

GPtrArray *keyval_split(const char *text)
{
    GPtrArray *pairs = g_ptr_array_new_with_free_func(pair_free);
    g_autoptr(GString) part = g_string_new(NULL);
    for (;; text++) {
        if (text[0] == ',' && text[1] == ',') {
            g_string_append_c(part, ',');
            text++;
        } else if (text[0] == ',' || text[0] == '\0') {
            g_ptr_array_add(pairs, pair_new(part->str, pairs->len == 0));
            g_string_truncate(part, 0);
            if (!text[0])
                return pairs;
        } else {
            g_string_append_c(part, text[0]);
        }
    }
}

void keyval_add(GPtrArray *pairs, const char *key, const char *value)
{
    KeyVal *pair = g_new(KeyVal, 1);
    *pair = (KeyVal){g_strdup(key), g_strdup(value)};
    g_ptr_array_add(pairs, pair);
}

static bool bad(GError **error, const char *what, const char *text, const char *expected)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: '%s' is not %s", what, text, expected);
    return false;
}

bool value_bool(const char *what, const char *text, bool *out, GError **error)
{
    static const char *const words[] = {"off", "on", "no", "yes", "false", "true", "n", "y"};
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (!strcmp(text, words[i])) {
            *out = i & 1;
            return true;
        }
    }
    return bad(error, what, text, "on or off");
}

bool value_uint(const char *what, const char *text, unsigned min, unsigned max, unsigned *out, GError **error)
{
    guint64 value;
    if (!g_ascii_string_to_unsigned(text, 10, min, max, &value, NULL)) {
        g_autofree char *expected = g_strdup_printf("a number from %u to %u", min, max);
        return bad(error, what, text, expected);
    }
    *out = (unsigned)value;
    return true;
}

bool value_number(const char *what, const char *text, uint64_t *out, GError **error)
{
    bool hex = g_str_has_prefix(text, "0x");
    guint64 value;
    if (!g_ascii_string_to_unsigned(hex ? text + 2 : text, hex ? 16 : 10, 0, G_MAXUINT64, &value, NULL))
        return bad(error, what, text, "a number");
    *out = value;
    return true;
}

bool value_size(const char *what, const char *text, unsigned default_shift, uint64_t *out, GError **error)
{
    static const char suffixes[] = "BKMGT";
    char *end;
    unsigned shift = default_shift;
    double number = g_ascii_isdigit(text[0]) ? g_ascii_strtod(text, &end) : -1;
    if (number < 0 || !strncasecmp(text, "0x", 2))
        return bad(error, what, text, "a size (512, 512M, 2G)");
    if (*end) {
        const char *suffix = strchr(suffixes, g_ascii_toupper(*end));
        if (!suffix || end[1])
            return bad(error, what, text, "a size (512, 512M, 2G)");
        shift = 10 * (unsigned)(suffix - suffixes);
    }
    number = ldexp(number, (int)shift);
    if (!(number < 9e18))
        return bad(error, what, text, "a size that any host has");
    *out = (uint64_t)number;
    return true;
}

bool value_word(const char *what, const char *text, const char *const *words, size_t n, unsigned *out, GError **error)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(text, words[i])) {
            *out = (unsigned)i;
            return true;
        }
    }
    g_autoptr(GString) expected = g_string_new("one of ");
    for (size_t i = 0; i < n; i++)
        g_string_append_printf(expected, "%s%s", i ? ", " : "", words[i]);
    g_autofree char *hint = suggest_phrase(text, words, n);
    g_string_append(expected, hint);
    return bad(error, what, text, expected->str);
}
