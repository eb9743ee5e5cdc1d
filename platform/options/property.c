/* SPDX-License-Identifier: MIT */
#include "platform/options/property.h"

#include <string.h>

#include "platform/base/suggest.h"

static bool unknown_property(const char *option, const KeyVal *pair, const Property *rows, size_t n, GError **error)
{
    g_autofree const char **names = g_new(const char *, n);
    size_t known = 0;
    for (size_t i = 0; i < n; i++) {
        if (*rows[i].key)
            names[known++] = rows[i].key;
    }
    const char *word = *pair->key ? pair->key : pair->value;
    g_autofree char *hint = suggest_phrase(word, names, known);
    return option_bad(error, "%s: unknown property '%s'%s", option, word, hint);
}

bool property_set_all(Parse *p, const char *option, const Property *rows, size_t n, const char *arg, GError **error)
{
    g_autoptr(GPtrArray) pairs = keyval_split(arg);
    for (guint i = 0; i < pairs->len && !p->done; i++) {
        const KeyVal *pair = pairs->pdata[i];
        size_t r = 0;
        while (r < n && strcmp(rows[r].key, pair->key))
            r++;
        if (r == n)
            return unknown_property(option, pair, rows, n, error);
        g_autofree char *what = g_strconcat(option, *pair->key ? " " : "", pair->key, NULL);
        if (!rows[r].set(p, what, pair->value, error))
            return false;
    }
    return true;
}

bool property_string(Parse *p, const char **where, const char *what, const char *value, GError **error)
{
    if (!*value)
        return option_bad(error, "%s: must not be empty", what);
    *where = config_text(p->config, value);
    return true;
}

bool property_must_be_off(Parse *p, const char *what, const char *value, GError **error)
{
    bool on;
    if (!value_bool(what, value, &on, error))
        return false;
    return on ? option_bad(error, "%s=on: not yet supported", what) : true;
}

bool property_no_switch(Parse *p, const char *what, const char *value, GError **error)
{
    bool on;
    return value_bool(what, value, &on, error);
}

bool property_not_yet(Parse *p, const char *what, const char *value, GError **error)
{
    return option_bad(error, "%s=%s: not yet supported", what, value);
}
