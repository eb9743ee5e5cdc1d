/* SPDX-License-Identifier: MIT
 *
 * Back ends: -chardev, and who uses which.
 */
#include "platform/options/device_type.h"
#include "platform/options/priv.h"

#include <string.h>

#include "platform/chardev/chardev.h"

/* --- -chardev */

const char *options_stdio_owner(const Config *config)
{
    for (guint i = 0; i < config->chardevs->len; i++) {
        const BackendConfig *c = config->chardevs->pdata[i];
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
    if (backend_find(p->config->chardevs, id))
        return option_bad(error, "-chardev %s: there is already a back end with id '%s'", arg, id);
    bool is_stdio = g_str_has_prefix(arg, "stdio,");
    if (is_stdio && !stdio_taken(p->config, "-chardev", arg, error))
        return false;
    g_ptr_array_add(p->config->chardevs, backend_config_new(id, arg));
    return true;
}

static bool claim_chardevs(const Config *config, const DeviceOption *option, GError **error)
{
    const DeviceType *type = &device_types[option->type];
    for (unsigned i = 0; type->properties[i].key; i++) {
        if (type->properties[i].type == PROPERTY_CHARDEV && option->value[i] &&
            !backend_claim(config->chardevs, "-chardev", type->option, option->value[i], error))
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
        if (g_str_has_prefix(c->serial[i], "chardev:") &&
            !backend_claim(c->chardevs, "-chardev", "-serial", c->serial[i] + strlen("chardev:"), error))
            return false;
    }
    for (guint i = 0; i < c->devices->len; i++) {
        if (!claim_chardevs(c, c->devices->pdata[i], error))
            return false;
    }
    return true;
}

bool options_chardev_is_mux(const Config *config, const char *id)
{
    const BackendConfig *c = backend_find(config->chardevs, id);
    return c && strstr(c->text, ",mux=on");
}
