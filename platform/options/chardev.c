/* SPDX-License-Identifier: MIT
 *
 * Back ends: -chardev, and who uses which.
 */
#include "platform/options/device_type.h"
#include "platform/options/priv.h"

#include <string.h>

#include "platform/chardev/chardev.h"
#include "platform/base/suggest.h"

/* --- -chardev */

static ChardevConfig *chardev_find(const Config *config, const char *id)
{
    for (guint i = 0; i < config->chardevs->len; i++) {
        ChardevConfig *c = config->chardevs->pdata[i];
        if (!strcmp(c->id, id))
            return c;
    }
    return NULL;
}

const char *options_stdio_owner(const Config *config)
{
    for (guint i = 0; i < config->chardevs->len; i++) {
        const ChardevConfig *c = config->chardevs->pdata[i];
        if (g_str_has_prefix(c->text, "stdio,"))
            return c->id;
    }
    return NULL;
}

static bool stdio_taken(const Config *config, const char *option, const char *spec, GError **error)
{
    const char *owner = options_stdio_owner(config);
    if (!owner)
        return true;
    return option_bad(error, "%s %s: standard input and output are already %s's", option, spec, owner);
}

bool option_set_chardev(Parse *p, const char *arg, GError **error)
{
    g_autofree char *id = NULL;
    if (!chardev_option_check(arg, &id, error))
        return false;
    if (chardev_find(p->config, id))
        return option_bad(error, "-chardev %s: there is already a back end with id '%s'", arg, id);
    bool is_stdio = g_str_has_prefix(arg, "stdio,");
    if (is_stdio && !stdio_taken(p->config, "-chardev", arg, error))
        return false;
    ChardevConfig *c = g_new0(ChardevConfig, 1);
    c->id = g_steal_pointer(&id);
    c->text = g_strdup(arg);
    g_ptr_array_add(p->config->chardevs, c);
    return true;
}

static bool chardev_claim(const Config *config, const char *user, const char *id, GError **error)
{
    ChardevConfig *c = chardev_find(config, id);
    if (c && c->used_by)
        return option_bad(error, "%s: the back end '%s' is already used by %s", user, id, c->used_by);
    if (c) {
        c->used_by = user;
        return true;
    }
    g_autofree const char **ids = g_new0(const char *, config->chardevs->len + 1);
    for (guint i = 0; i < config->chardevs->len; i++)
        ids[i] = ((ChardevConfig *)config->chardevs->pdata[i])->id;
    g_autofree char *hint = suggest_phrase(id, ids, config->chardevs->len);
    return option_bad(error, "%s: no -chardev has the id '%s'%s", user, id, hint);
}

static bool claim_chardevs(const Config *config, const DeviceOption *option, GError **error)
{
    const DeviceType *type = &device_types[option->type];
    for (unsigned i = 0; type->properties[i].key; i++) {
        if (type->properties[i].type == PROPERTY_CHARDEV && option->value[i] &&
            !chardev_claim(config, type->option, option->value[i], error))
            return false;
    }
    return true;
}

bool options_complete_chardevs(Parse *p, GError **error)
{
    const Config *c = p->config;
    for (unsigned i = 0; i < SERIALS_MAX; i++) {
        bool is_stdio = !strcmp(c->serial[i], "stdio") || !strcmp(c->serial[i], "mon:stdio");
        if (is_stdio && !stdio_taken(c, "-serial", c->serial[i], error))
            return false;
        if (g_str_has_prefix(c->serial[i], "chardev:") && !chardev_claim(c, "-serial", c->serial[i] + strlen("chardev:"), error))
            return false;
    }
    for (guint i = 0; i < c->devices->len; i++) {
        if (!claim_chardevs(c, c->devices->pdata[i], error))
            return false;
    }
    return true;
}
