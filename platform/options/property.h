/* SPDX-License-Identifier: MIT
 *
 * Options whose argument is a list of key=value: a table of properties each.  For the files of this folder alone.
 */
#pragma once

#include "platform/base/keyval.h"
#include "platform/options/priv.h"

typedef struct Property {
    const char *key; /* "": the first part, without a key */
    bool (*set)(Parse *p, const char *what, const char *value, GError **error);
} Property;

/* Sets each part of arg by its row; an unknown key is an error that names the closest. */
bool property_set_all(Parse *p, const char *option, const Property *rows, size_t n, const char *arg, GError **error);
#define PROPERTIES_SET(p, option, rows, arg, error) property_set_all(p, option, rows, G_N_ELEMENTS(rows), arg, error)

/* One of words, which are the type's values from `first` on. */
#define WORD_PROPERTY_FROM(name, type, first, member, ...)                          \
    static bool name(Parse *p, const char *what, const char *value, GError **error) \
    {                                                                               \
        static const char *const words[] = {__VA_ARGS__};                           \
        unsigned i;                                                                 \
        if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))        \
            return false;                                                           \
        p->config->member = (type)(first + i);                                      \
        return true;                                                                \
    }
#define WORD_PROPERTY(name, type, member, ...) WORD_PROPERTY_FROM(name, type, 0, member, __VA_ARGS__)
#define BOOL_PROPERTY(name, member)                                                 \
    static bool name(Parse *p, const char *what, const char *value, GError **error) \
    {                                                                               \
        return value_bool(what, value, &p->config->member, error);                  \
    }
#define STRING_PROPERTY(name, member)                                               \
    static bool name(Parse *p, const char *what, const char *value, GError **error) \
    {                                                                               \
        return property_string(p, &p->config->member, what, value, error);          \
    }

/* Replaces it; not empty.  The Config owns the copy. */
bool property_string(Parse *p, const char **where, const char *what, const char *value, GError **error);
/* Setters for rows of what is not there: one that may only be off, on or off of which nothing comes, and one that is refused with any value. */
bool property_must_be_off(Parse *p, const char *what, const char *value, GError **error);
bool property_no_switch(Parse *p, const char *what, const char *value, GError **error);
bool property_not_yet(Parse *p, const char *what, const char *value, GError **error);
