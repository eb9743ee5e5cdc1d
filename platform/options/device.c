/* SPDX-License-Identifier: MIT
 *
 * -device: the rows of device_types.def as data, and a device's properties checked by them.
 */
#include "platform/options/device_type.h"

#include <string.h>

#include "cpu/log.h"
#include "platform/base/keyval.h"
#include "platform/base/suggest.h"
#include "platform/net/net.h"
#include "platform/options/priv.h"

#define NONE     NULL, false
#define REQUIRED NULL, true
#define PROPERTY(key, type, presence, doc)            \
    {                                                 \
        key, PROPERTY_##type, PRESENCE(presence), doc \
    }
#define PRESENCE(...)                    PRESENCE_N(__VA_ARGS__, false)
#define PRESENCE_N(value, required, ...) value, required
#define DEVICE(id, name, bus, doc, ...)  {name, "-device " name, DEVICE_BUS_##bus, doc, {__VA_ARGS__}},

const DeviceType device_types[DEVICE_TYPES] = {
#include "platform/options/device_types.def"
};
#undef DEVICE
#undef PROPERTY

void device_option_free(DeviceOption *option)
{
    for (unsigned i = 0; i < DEVICE_PROPERTIES_MAX; i++)
        g_free(option->value[i]);
    g_free(option->text);
    g_free(option->id);
    g_free(option->bus);
    g_free(option);
}

/* Index of a property; of the end where there is none by that key. */
static unsigned property_index(const DeviceType *type, const char *key)
{
    unsigned i = 0;
    while (type->properties[i].key && strcmp(type->properties[i].key, key))
        i++;
    return i;
}

const char *device_option_string(const DeviceOption *option, const char *key)
{
    const DeviceType *type = &device_types[option->type];
    unsigned i = property_index(type, key);
    g_assert(type->properties[i].key);
    return option->value[i] ? option->value[i] : type->properties[i].value;
}

bool device_option_on(const DeviceOption *option, const char *key)
{
    bool on = false;
    value_bool(key, device_option_string(option, key), &on, NULL); /* checked when it was read */
    return on;
}

uint64_t device_option_number(const DeviceOption *option, const char *key)
{
    const char *text = device_option_string(option, key);
    uint64_t value = 0;
    return text && value_number(key, text, &value, NULL) ? value : 0;
}

/* --- one property's value */

/* Digits with or without 0x, and nothing else. */
static bool hex_number(const char *text, guint64 max, guint64 *value)
{
    if (g_str_has_prefix(text, "0x"))
        text += 2;
    return g_ascii_string_to_unsigned(text, 16, 0, max, value, NULL);
}

static bool check_label(const Config *config, const DeviceOption *option, unsigned i, const char *what, GError **error)
{
    const char *value = option->value[i];
    for (const char *c = value; *c; c++) {
        if (!g_ascii_isgraph(*c) && *c != ' ')
            return option_bad(error, "%s: must be printable ASCII", what);
    }
    for (guint n = 0; n < config->devices->len; n++) {
        const DeviceOption *other = config->devices->pdata[n];
        if (other->type == option->type && !g_strcmp0(other->value[i], value))
            return option_bad(error, "%s: '%s' is already another %s's", what, value, device_types[option->type].name);
    }
    return true;
}

static bool check_one(const Config *config, const DeviceOption *option, unsigned i, const char *what, GError **error)
{
    const DeviceProperty *property = &device_types[option->type].properties[i];
    if (!device_option_on(option, property->key))
        return true;
    for (guint n = 0; n < config->devices->len; n++) {
        const DeviceOption *other = config->devices->pdata[n];
        if (other->type == option->type && device_option_on(other, property->key))
            return option_bad(error, "%s: it is already on for another %s", what, device_types[option->type].name);
    }
    return true;
}

static bool check_value(const Config *config, const DeviceOption *option, unsigned i, const char *what, GError **error)
{
    bool on;
    uint8_t mac[NET_MAC_SIZE];
    uint64_t n;
    if (device_types[option->type].properties[i].type == PROPERTY_IGNORED) {
        message_warning("%s: %s: it has no effect", what, device_types[option->type].properties[i].doc);
        return true;
    }
    if (!*option->value[i])
        return option_bad(error, "%s: must not be empty", what);
    switch (device_types[option->type].properties[i].type) {
    case PROPERTY_CHARDEV:
    case PROPERTY_DRIVE:
    case PROPERTY_FSDEV:
    case PROPERTY_NETDEV:
    case PROPERTY_OBJECT:
        return true; /* options_complete_chardevs(), …_drives(), …_fsdevs(), …_netdevs(), …_objects(): the back end may come later */
    case PROPERTY_IGNORED:
    case PROPERTY_STRING:
        return true;
    case PROPERTY_NUMBER:
        return value_number(what, option->value[i], &n, error);
    case PROPERTY_MAC:
        return net_mac_parse(what, option->value[i], mac, error);
    case PROPERTY_LABEL:
        return check_label(config, option, i, what, error);
    case PROPERTY_SWITCH:
        return value_bool(what, option->value[i], &on, error);
    case PROPERTY_SWITCH_ONE:
        return value_bool(what, option->value[i], &on, error) && check_one(config, option, i, what, error);
    }
    return true;
}

static bool check_id(const Config *config, const DeviceOption *option, const char *what, GError **error)
{
    if (!*option->id)
        return option_bad(error, "%s: must not be empty", what);
    for (guint n = 0; n < config->devices->len; n++)
        if (!g_strcmp0(((const DeviceOption *)config->devices->pdata[n])->id, option->id))
            return option_bad(error, "%s: '%s' is already another device's", what, option->id);
    return true;
}

static bool unknown_property(const DeviceType *type, const KeyVal *pair, GError **error)
{
    const char *names[DEVICE_PROPERTIES_MAX + 2] = {"id", "bus"};
    size_t n = 2;
    for (const DeviceProperty *p = type->properties; p->key; p++)
        names[n++] = p->key;
    const char *word = *pair->key ? pair->key : pair->value;
    g_autofree char *hint = suggest_phrase(word, names, n);
    return option_bad(error, "%s: unknown property '%s'%s", type->option, word, hint);
}

/* SLOT[.FUNCTION], both in hexadecimal, as QEMU has it. */
static bool set_pci_address(DeviceOption *option, const char *what, const char *text, GError **error)
{
    g_auto(GStrv) part = g_strsplit(text, ".", 2);
    guint64 slot, function = 0;
    if (!part[0] || !hex_number(part[0], 0x1f, &slot) || (part[1] && !hex_number(part[1], 7, &function)))
        return option_bad(error, "%s: '%s' is no slot from 1 to 1f, with or without a function from .0 to .7", what, text);
    option->devfn = (int)(slot << 3 | function);
    return true;
}

/* What bus= calls the one bus of a kind. */
static const char *bus_name(DeviceBusKind kind)
{
    return kind == DEVICE_BUS_PCI ? "pci.0" : device_bus_kind_name(kind);
}

/*
 * bus= and addr= are every device's, as in QEMU: each kind of device is made for one bus, which bus= may name.  Of those that ports stand on
 * there may be several, which are known when they are made.  Only on a PCI bus there are addresses to choose.
 */
static bool set_place(DeviceOption *option, const KeyVal *pair, GError **error)
{
    const DeviceType *type = &device_types[option->type];
    const char *bus = bus_name(type->bus);
    g_autofree char *what = g_strdup_printf("%s %s", type->option, pair->key);
    if (!strcmp(pair->key, "bus") && type->bus == DEVICE_BUS_SERIAL_PORTS) {
        g_free(option->bus);
        option->bus = g_strdup(pair->value);
        return true;
    }
    if (!strcmp(pair->key, "bus"))
        return !strcmp(pair->value, bus) ||
               option_bad(error, "%s: '%s' is not '%s', the bus of such devices", what, pair->value, bus);
    if (type->bus == DEVICE_BUS_PCI)
        return set_pci_address(option, what, pair->value, error);
    return option_bad(error, "%s: a device on the bus '%s' has no address", what, bus);
}

/* The order in which firmware tries disks and cards: the boards do not read it, in QEMU neither. */
static bool is_boot_order(const DeviceType *type, const char *key)
{
    bool boots = false;
    for (const DeviceProperty *p = type->properties; p->key; p++)
        boots |= p->type == PROPERTY_DRIVE || p->type == PROPERTY_NETDEV;
    return boots && !strcmp(key, "bootindex");
}

static bool set_property(const Config *config, DeviceOption *option, const KeyVal *pair, GError **error)
{
    const DeviceType *type = &device_types[option->type];
    unsigned i = property_index(type, pair->key);
    bool is_id = !strcmp(pair->key, "id");
    if (!strcmp(pair->key, "bus") || !strcmp(pair->key, "addr"))
        return set_place(option, pair, error);
    uint64_t order;
    if (is_boot_order(type, pair->key))
        return value_number("bootindex", pair->value, &order, error);
    if (!is_id && !type->properties[i].key)
        return unknown_property(type, pair, error);
    g_autofree char *what = g_strdup_printf("%s %s", type->option, pair->key);
    char **where = is_id ? &option->id : &option->value[i];
    g_free(*where);
    *where = g_strdup(pair->value);
    return is_id ? check_id(config, option, what, error) : check_value(config, option, i, what, error);
}

bool device_option_set_default(const Config *config, DeviceOption *option, const char *key, const char *value, GError **error)
{
    const DeviceType *type = &device_types[option->type];
    unsigned i = property_index(type, key);
    KeyVal pair = {.key = (char *)key, .value = (char *)value};
    return !type->properties[i].key || option->value[i] || set_property(config, option, &pair, error);
}

/* --- help */

static void print_types(void)
{
    for (size_t i = 0; i < DEVICE_TYPES; i++)
        printf("name \"%s\", bus %s, desc \"%s\"\n", device_types[i].name, device_bus_kind_name(device_types[i].bus),
               device_types[i].doc);
    printf("name \"loader\", desc \"a file or a number put into RAM, and where a CPU begins\"\n");
}

static const char *type_word(PropertyType type)
{
    switch (type) {
    case PROPERTY_CHARDEV:
        return "<chardev>";
    case PROPERTY_NETDEV:
        return "<netdev>";
    case PROPERTY_FSDEV:
        return "<fsdev>";
    case PROPERTY_MAC:
        return "<mac>";
    case PROPERTY_DRIVE:
        return "<drive>";
    case PROPERTY_OBJECT:
        return "<object>";
    case PROPERTY_NUMBER:
        return "<number>";
    case PROPERTY_IGNORED:
    case PROPERTY_LABEL:
    case PROPERTY_STRING:
        return "<str>";
    case PROPERTY_SWITCH:
    case PROPERTY_SWITCH_ONE:
        return "<bool>";
    }
    return "";
}

static void print_properties(const DeviceType *type)
{
    printf("%s options:\n  %-20s - name of the device, unlike any other's\n", type->name, "id=<str>");
    printf("  %-20s - where it is plugged in (default: %s)\n", "bus=<str>", bus_name(type->bus));
    if (type->bus == DEVICE_BUS_PCI)
        printf("  %-20s - slot and function there, in hexadecimal (default: the first free slot)\n", "addr=<slot[.fn]>");
    for (const DeviceProperty *p = type->properties; p->key; p++) {
        g_autofree char *assignment = g_strdup_printf("%s=%s", p->key, type_word(p->type));
        g_autofree char *value =
            p->value ? g_strdup_printf(" (default: %s)", p->value) : g_strdup(p->required ? " (required)" : "");
        printf("  %-20s - %s%s\n", assignment, p->doc, value);
    }
}

/* --- the option */

static bool unknown_type(const char *name, GError **error)
{
    const char *names[DEVICE_TYPES + 1];
    for (size_t i = 0; i < DEVICE_TYPES; i++)
        names[i] = device_types[i].name;
    names[DEVICE_TYPES] = "loader";
    g_autofree char *hint = suggest_phrase(name, names, G_N_ELEMENTS(names));
    return option_bad(error, "-device %s: unknown or not yet supported%s; -device help lists what there is", name, hint);
}

/* QEMU's shorter names; and those that say for which drivers a device is, which a property says here. */
static const char *full_name(const char *name, GPtrArray *pairs)
{
    static const char *const kinds[] = {"virtio-blk", "virtio-net", "virtio-rng", "virtio-balloon", "virtio-serial", "virtio-9p"};
    static const struct {
        const char *suffix, *property;
    } forms[] = {{"", NULL}, {"-pci-transitional", NULL}, {"-pci-non-transitional", "disable-legacy"}};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        for (size_t n = 0; g_str_has_prefix(name, kinds[i]) && n < G_N_ELEMENTS(forms); n++) {
            if (strcmp(name + strlen(kinds[i]), forms[n].suffix))
                continue;
            if (forms[n].property)
                keyval_add(pairs, forms[n].property, "on");
            g_autofree char *full = g_strconcat(kinds[i], "-pci", NULL);
            return g_intern_string(full);
        }
    }
    return name;
}

static bool complete_device(const DeviceOption *option, GError **error)
{
    const DeviceType *type = &device_types[option->type];
    for (unsigned i = 0; type->properties[i].key; i++) {
        const DeviceProperty *p = &type->properties[i];
        if (p->required && !option->value[i])
            return option_bad(error, "%s: %s= is missing: %s", type->option, p->key, p->doc);
    }
    return true;
}

static bool add_device(Parse *p, DeviceTypeId id, const char *arg, const GPtrArray *pairs, GError **error)
{
    DeviceOption *option = g_new0(DeviceOption, 1);
    option->type = id;
    option->devfn = -1;
    option->text = g_strdup(arg);
    bool ok = true;
    for (guint i = 1; i < pairs->len && ok; i++) {
        const KeyVal *pair = pairs->pdata[i];
        if (!strcmp(pair->key, "help")) {
            print_properties(&device_types[id]);
            p->done = true;
            break;
        }
        ok = set_property(p->config, option, pair, error);
    }
    if (ok && !p->done)
        ok = complete_device(option, error);
    g_ptr_array_add(p->config->devices, option);
    return ok;
}

bool option_set_device(Parse *p, const char *arg, GError **error)
{
    g_autofree char *json = NULL;
    if (!option_json("-device", "driver", arg, &json, error))
        return false;
    arg = json ? json : arg;
    g_autoptr(GPtrArray) pairs = keyval_split(arg);
    const KeyVal *first = pairs->pdata[0];
    if (*first->key && strcmp(first->key, "driver"))
        return option_bad(error, "-device %s: the driver comes first", arg);
    if (!strcmp(first->value, "help")) {
        print_types();
        p->done = true;
        return true;
    }
    if (!strcmp(first->value, "loader")) /* it is no device of the guest's */
        return option_add_loader(p, arg, error);
    const char *name = full_name(first->value, pairs);
    for (unsigned i = 0; i < DEVICE_TYPES; i++)
        if (!strcmp(name, device_types[i].name))
            return add_device(p, i, arg, pairs, error);
    return unknown_type(first->value, error);
}
