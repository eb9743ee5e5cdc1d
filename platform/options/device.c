/* SPDX-License-Identifier: MIT
 *
 * What the user adds to the board: -chardev, -device, and who uses which back end.
 */
#include "platform/options/property.h"

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
    for (guint i = 0; i < c->byte_channels->len; i++) {
        const ByteChannelConfig *channel = c->byte_channels->pdata[i];
        if (!chardev_claim(c, "-device epapr-byte-channel", channel->chardev, error))
            return false;
    }
    for (guint i = 0; i < c->doorbells->len; i++) {
        const DoorbellOption *doorbell = c->doorbells->pdata[i];
        if (doorbell->chardev && !chardev_claim(c, "-device epapr-doorbell", doorbell->chardev, error))
            return false;
    }
    return true;
}

/* --- -device */

static ByteChannelConfig *newest(Parse *p)
{
    GPtrArray *all = p->config->byte_channels;
    return all->pdata[all->len - 1];
}

static bool driver_only(Parse *p, const char *what, const char *value, GError **error)
{
    return true; /* found by it */
}

static bool channel_chardev(Parse *p, const char *what, const char *value, GError **error)
{
    return property_string(&newest(p)->chardev, what, value, error);
}

static bool check_name(const char *what, const char *value, GError **error)
{
    for (const char *c = value; *c; c++) {
        if (!g_ascii_isgraph(*c) && *c != ' ')
            return option_bad(error, "%s: must be printable ASCII", what);
    }
    return true;
}

static bool channel_name(Parse *p, const char *what, const char *value, GError **error)
{
    if (!check_name(what, value, error))
        return false;
    for (guint i = 0; i + 1 < p->config->byte_channels->len; i++) {
        const ByteChannelConfig *other = p->config->byte_channels->pdata[i];
        if (!g_strcmp0(other->name, value))
            return option_bad(error, "%s: '%s' is already another byte channel's", what, value);
    }
    return property_string(&newest(p)->name, what, value, error);
}

static bool channel_console(Parse *p, const char *what, const char *value, GError **error)
{
    if (!value_bool(what, value, &newest(p)->console, error))
        return false;
    for (guint i = 0; newest(p)->console && i + 1 < p->config->byte_channels->len; i++) {
        if (((ByteChannelConfig *)p->config->byte_channels->pdata[i])->console)
            return option_bad(error, "%s: another byte channel is the console", what);
    }
    return true;
}

static bool add_byte_channel(Parse *p, const char *option, const char *arg, GError **error)
{
    static const Property rows[] = {
        {"", driver_only},        {"chardev", channel_chardev}, {"name", channel_name}, {"console", channel_console},
        {"id", property_not_yet},
    };
    g_ptr_array_add(p->config->byte_channels, g_new0(ByteChannelConfig, 1));
    if (!PROPERTIES_SET(p, option, rows, arg, error))
        return false;
    return newest(p)->chardev ? true : option_bad(error, "%s: chardev=ID is missing", option);
}

static DoorbellOption *newest_doorbell(Parse *p)
{
    GPtrArray *all = p->config->doorbells;
    return all->pdata[all->len - 1];
}

static bool doorbell_chardev(Parse *p, const char *what, const char *value, GError **error)
{
    return property_string(&newest_doorbell(p)->chardev, what, value, error);
}

static bool doorbell_name(Parse *p, const char *what, const char *value, GError **error)
{
    if (!check_name(what, value, error))
        return false;
    for (guint i = 0; i + 1 < p->config->doorbells->len; i++) {
        const DoorbellOption *other = p->config->doorbells->pdata[i];
        if (!g_strcmp0(other->name, value))
            return option_bad(error, "%s: '%s' is already another doorbell's", what, value);
    }
    return property_string(&newest_doorbell(p)->name, what, value, error);
}

static bool doorbell_mmio(Parse *p, const char *what, const char *value, GError **error)
{
    return value_bool(what, value, &newest_doorbell(p)->mmio, error);
}

static bool add_doorbell(Parse *p, const char *option, const char *arg, GError **error)
{
    static const Property rows[] = {
        {"", driver_only},       {"name", doorbell_name},  {"chardev", doorbell_chardev},
        {"mmio", doorbell_mmio}, {"id", property_not_yet},
    };
    g_ptr_array_add(p->config->doorbells, g_new0(DoorbellOption, 1));
    if (!PROPERTIES_SET(p, option, rows, arg, error))
        return false;
    return newest_doorbell(p)->name ? true : option_bad(error, "%s: name=NAME is missing", option);
}

static const struct {
    const char *name;
    bool (*add)(Parse *p, const char *option, const char *arg, GError **error);
} drivers[] = {
    {"epapr-byte-channel", add_byte_channel},
    {"epapr-doorbell", add_doorbell},
};

bool option_set_device(Parse *p, const char *arg, GError **error)
{
    g_autoptr(GPtrArray) parts = keyval_split(arg);
    const KeyVal *first = parts->pdata[0];
    const char *names[G_N_ELEMENTS(drivers)];
    if (*first->key)
        return option_bad(error, "-device %s: the driver comes first", arg);
    if (!strcmp(first->value, "help")) {
        for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++)
            printf("%s\n", drivers[i].name);
        p->done = true;
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        g_autofree char *option = g_strconcat("-device ", drivers[i].name, NULL);
        if (!strcmp(first->value, drivers[i].name))
            return drivers[i].add(p, option, arg, error);
        names[i] = drivers[i].name;
    }
    g_autofree char *hint = suggest_phrase(first->value, names, G_N_ELEMENTS(names));
    return option_bad(error, "-device %s: unknown or not yet supported%s", first->value, hint);
}
