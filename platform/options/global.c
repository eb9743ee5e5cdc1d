/* SPDX-License-Identifier: MIT
 *
 * -global DRIVER.PROPERTY=VALUE: what each device of a type has that does not say otherwise, wherever the option stands on the line.
 */
#include "platform/options/device_type.h"
#include "platform/options/property.h"

#include <string.h>

#include "cpu/log.h"

typedef struct Global {
    const char *text, *driver, *property, *value;
} Global;

GArray *options_globals_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(Global));
}

static Global *current(const Parse *p)
{
    return &g_array_index(p->globals, Global, p->globals->len - 1);
}

static bool global_driver(Parse *p, const char *what, const char *value, GError **error)
{
    return property_string(p, &current(p)->driver, what, value, error);
}

static bool global_property(Parse *p, const char *what, const char *value, GError **error)
{
    return property_string(p, &current(p)->property, what, value, error);
}

static bool global_value(Parse *p, const char *what, const char *value, GError **error)
{
    return property_string(p, &current(p)->value, what, value, error);
}

/* "DRIVER.PROPERTY=VALUE", whose value may have commas, or driver=,property=,value=.  A driver may have a dot in its name. */
bool option_set_global(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {{"driver", global_driver}, {"property", global_property}, {"value", global_value}};
    const char *equals = strchr(arg, '='), *dot = equals ? g_strrstr_len(arg, equals - arg, ".") : NULL;
    g_array_set_size(p->globals, p->globals->len + 1);
    Global *g = current(p);
    *g = (Global){.text = config_text(p->config, arg)};
    if (dot) {
        g_autofree char *driver = g_strndup(arg, (gsize)(dot - arg)), *property = g_strndup(dot + 1, (gsize)(equals - dot - 1));
        return global_driver(p, "-global", driver, error) && global_property(p, "-global", property, error) &&
               global_value(p, "-global", equals + 1, error);
    }
    if (!PROPERTIES_SET(p, "-global", rows, arg, error))
        return false;
    return (g->driver && g->property && g->value) ||
           option_bad(error, "-global %s: neither DRIVER.PROPERTY=VALUE nor driver=,property=,value=", arg);
}

/* A type by its name; virtio-pci and virtio-device are QEMU's names of what all virtio devices of a bus have. */
static bool names_type(const char *driver, const DeviceType *type)
{
    bool virtio = g_str_has_prefix(type->name, "virtio-");
    return !strcmp(driver, type->name) || (virtio && !strcmp(driver, "virtio-pci") && type->bus == DEVICE_BUS_PCI) ||
           (virtio && !strcmp(driver, "virtio-device"));
}

/* Does any type have it?  One that can be for one device only is none of a type's. */
static bool check(const Global *g, GError **error)
{
    bool known = false, has = false;
    for (unsigned t = 0; t < DEVICE_TYPES; t++) {
        const DeviceType *type = &device_types[t];
        if (!names_type(g->driver, type))
            continue;
        known = true;
        for (const DeviceProperty *p = type->properties; p->key; p++)
            has |= !strcmp(p->key, g->property) &&
                   (p->type == PROPERTY_NUMBER || p->type == PROPERTY_SWITCH || p->type == PROPERTY_STRING);
    }
    if (!known)
        message_warning("-global %s: no device is called '%s'", g->text, g->driver);
    return !known || has ||
           option_bad(error, "-global %s: '%s' has no property '%s' that several may have", g->text, g->driver, g->property);
}

bool options_complete_globals(Parse *p, GError **error)
{
    for (guint i = 0; i < p->globals->len; i++) {
        const Global *g = &g_array_index(p->globals, Global, i);
        if (!check(g, error))
            return false;
        for (guint d = 0; d < p->config->devices->len; d++) {
            DeviceOption *option = p->config->devices->pdata[d];
            if (names_type(g->driver, &device_types[option->type]) &&
                !device_option_set_default(p->config, option, g->property, g->value, error))
                return false;
        }
    }
    return true;
}
