/* SPDX-License-Identifier: MIT
 *
 * QMP: the machine as a tree of objects, as far as clients of QEMU look at it when they begin: what there is by which path, its type, and
 * the machine's own properties.
 */
#include "platform/control/qmp_priv.h"

#include <string.h>

#include "platform/base/board.h"
#include "platform/base/lock.h"
#include "platform/chardev/chardev.h"
#include "platform/options/device_type.h"

/* What is under a path.  value: floating, or NULL for a child. */
typedef struct Property {
    char *name, *type;
    GVariant *value;
} Property;

typedef struct Object {
    const char *type; /* interned */
    GArray *properties;
} Object;

static void property_clear(void *pointer)
{
    Property *p = pointer;
    g_free(p->name);
    g_free(p->type);
    g_clear_pointer(&p->value, g_variant_unref);
}

static void add_string(Object *o, const char *name, const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value ? value : "", -1);
    Property p = {g_strdup(name), g_strdup("string"), g_variant_ref_sink(g_variant_new_string(valid))};
    g_array_append_val(o->properties, p);
}

static void add_child(Object *o, const char *name, const char *type)
{
    Property p = {g_strdup(name), g_strdup_printf("child<%s>", type), NULL};
    g_array_append_val(o->properties, p);
}

static void set_type(Object *o, const char *type)
{
    o->type = g_intern_string(type);
    add_string(o, "type", type);
}

/* --- objects by path; false: there is none */

static bool list_root(Object *o, const Qmp *qmp, const char *name)
{
    g_autofree char *machine = g_strconcat(qmp->view.config->board, "-machine", NULL);
    set_type(o, "container");
    add_child(o, "objects", "container");
    add_child(o, "machine", machine);
    add_child(o, "chardevs", "container");
    return true;
}

static bool list_empty(Object *o, const Qmp *qmp, const char *name)
{
    set_type(o, "container");
    return true;
}

static bool list_machine(Object *o, const Qmp *qmp, const char *name)
{
    const Config *c = qmp->view.config;
    g_autofree char *machine = g_strconcat(c->board, "-machine", NULL);
    set_type(o, machine);
    add_string(o, "kernel", c->kernel);
    add_string(o, "initrd", c->initrd);
    add_string(o, "append", c->append);
    add_string(o, "dtb", c->dtb);
    add_string(o, "firmware", c->bios);
    add_string(o, "dumpdtb", c->dumpdtb);
    add_string(o, "dt-compatible", c->dt_compatible);
    add_child(o, "peripheral", "container");
    add_child(o, "peripheral-anon", "container");
    add_child(o, "unattached", "container");
    return true;
}

static bool list_unattached(Object *o, const Qmp *qmp, const char *name)
{
    g_autofree char *type = g_strconcat(qmp->view.model->name, QMP_CPU_SUFFIX, NULL);
    set_type(o, "container");
    for (unsigned i = 0; i < vcpus_count(qmp->view.vcpus); i++) {
        g_autofree char *child = g_strdup_printf("device[%u]", i);
        add_child(o, child, type);
    }
    return true;
}

static bool list_cpu(Object *o, const Qmp *qmp, const char *name)
{
    g_autofree char *type = g_strconcat(qmp->view.model->name, QMP_CPU_SUFFIX, NULL);
    for (unsigned i = 0; i < vcpus_count(qmp->view.vcpus); i++) {
        g_autofree char *child = g_strdup_printf("device[%u]", i);
        if (strcmp(child, name))
            continue;
        set_type(o, type);
        return true;
    }
    return false;
}

/* Devices of the user's with an id, or one of them. */
static bool list_peripherals(Object *o, const Qmp *qmp, const char *name)
{
    if (!name)
        set_type(o, "container");
    for (guint i = 0; i < qmp->view.config->devices->len; i++) {
        const DeviceOption *device = qmp->view.config->devices->pdata[i];
        const DeviceType *type = &device_types[device->type];
        if (!name && device->id)
            add_child(o, device->id, type->name);
        if (!name || g_strcmp0(device->id, name))
            continue;
        set_type(o, type->name);
        for (const DeviceProperty *p = type->properties; p->key; p++)
            add_string(o, p->key, device_option_string(device, p->key));
        return true;
    }
    return !name;
}

static bool list_chardevs(Object *o, const Qmp *qmp, const char *name)
{
    if (!name)
        set_type(o, "container");
    for (guint i = 0; qmp->view.chardevs && i < qmp->view.chardevs->len; i++) {
        const Chardev *chr = qmp->view.chardevs->pdata[i];
        if (!name)
            add_child(o, chardev_label(chr), "chardev");
        if (!name || strcmp(chardev_label(chr), name))
            continue;
        set_type(o, "chardev");
        return true;
    }
    return !name;
}

/* An entry that ends in a slash is for what is below it, whose name its function gets. */
static const struct {
    const char *path;
    bool (*list)(Object *o, const Qmp *qmp, const char *name);
} objects[] = {
    {"/", list_root},
    {"/objects", list_empty},
    {"/chardevs", list_chardevs},
    {"/chardevs/", list_chardevs},
    {"/machine", list_machine},
    {"/machine/peripheral", list_peripherals},
    {"/machine/peripheral/", list_peripherals},
    {"/machine/peripheral-anon", list_empty},
    {"/machine/unattached", list_unattached},
    {"/machine/unattached/", list_cpu},
};

static bool object_find(Object *o, const Qmp *qmp, const char *path, GError **error)
{
    o->properties = g_array_new(FALSE, FALSE, sizeof(Property));
    g_array_set_clear_func(o->properties, property_clear);
    for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
        size_t n = strlen(objects[i].path);
        bool below = n > 1 && objects[i].path[n - 1] == '/';
        if (below ? !g_str_has_prefix(path, objects[i].path) : strcmp(path, objects[i].path))
            continue;
        if (objects[i].list(o, qmp, below ? path + n : NULL))
            return true;
    }
    g_autofree char *valid = g_utf8_make_valid(path, -1);
    g_set_error(error, QMP_ERROR, QMP_DEVICE_NOT_FOUND, "Device '%s' not found", valid);
    return false;
}

GVariant *qmp_cmd_qom_list(Qmp *qmp, GError **error)
{
    Object o;
    GVariantBuilder list;
    bool found = object_find(&o, qmp, qmp_string_argument(qmp, "path"), error);

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; found && i < o.properties->len; i++) {
        const Property *p = &g_array_index(o.properties, Property, i);
        g_variant_builder_add_parsed(&list, "{'name': <%s>, 'type': <%s>}", p->name, p->type);
    }
    g_array_unref(o.properties);
    GVariant *value = g_variant_builder_end(&list);
    if (!found)
        g_clear_pointer(&value, g_variant_unref);
    return value;
}

GVariant *qmp_cmd_qom_get(Qmp *qmp, GError **error)
{
    const char *path = qmp_string_argument(qmp, "path"), *name = qmp_string_argument(qmp, "property");
    GVariant *value = NULL;
    Object o;

    bool found = object_find(&o, qmp, path, error);
    for (guint i = 0; found && i < o.properties->len && !value; i++) {
        const Property *p = &g_array_index(o.properties, Property, i);
        if (strcmp(p->name, name))
            continue;
        g_autofree char *child = g_strdup_printf("%s%s%s", path, g_str_has_suffix(path, "/") ? "" : "/", name);
        value = p->value ? g_variant_new_variant(p->value) : g_variant_new_string(child);
    }
    g_array_unref(o.properties);
    return value || !found ? value : qmp_fail(error, "Property '%s.%s' not found", o.type, name);
}

/* --- types */

/* Objects of -object and what they have. */
static const struct {
    const char *type, *parent;
    struct {
        const char *name, *type, *doc;
    } property[6];
} object_types[] = {
    {"memory-backend-ram",
     "memory-backend",
     {{"size", "int", "bytes"},
      {"share", "bool", "the same as off"},
      {"prealloc", "bool", "all of it has its memory from the start"}}},
    {"memory-backend-memfd",
     "memory-backend",
     {{"size", "int", "bytes"},
      {"share", "bool", "writes are in the file"},
      {"prealloc", "bool", "all of it has its memory from the start"}}},
    {"memory-backend-file",
     "memory-backend",
     {{"size", "int", "bytes"},
      {"share", "bool", "writes are in the file"},
      {"prealloc", "bool", "all of it has its memory from the start"},
      {"mem-path", "string", "the file"}}},
    {"rng-builtin", "rng-backend", {{NULL}}},
    {"secret", "secret_common", {{"format", "string", "not read"}, {"file", "string", "not read"}}},
    {"rng-random", "rng-backend", {{"filename", "string", "the file that has the numbers"}}},
};

static void add_type(GVariantBuilder *list, const char *implements, const char *name, const char *suffix, const char *parent)
{
    g_autofree char *full = g_strconcat(name, suffix, NULL);
    if (!implements || !strcmp(implements, parent) || !strcmp(implements, "object") ||
        (!strcmp(implements, "device") && (!strcmp(parent, "device") || !strcmp(parent, "powerpc-cpu"))))
        g_variant_builder_add_parsed(list, "{'name': <%s>, 'parent': <%s>}", full, parent);
}

GVariant *qmp_cmd_qom_list_types(Qmp *qmp, GError **error)
{
    const char *implements = qmp_string_argument(qmp, "implements");
    GVariantBuilder list;
    size_t n;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    const Board *board = boards(&n);
    for (size_t i = 0; i < n; i++)
        add_type(&list, implements, board[i].name, "-machine", "machine");
    add_type(&list, implements, "none", "-machine", "machine");
    add_type(&list, implements, "tcg", "-accel", "accel"); /* the other name of soft */
    if (accel_find("kvm")->available(NULL))
        add_type(&list, implements, "kvm", "-accel", "accel");
    const E500Model *models = e500_models(&n);
    for (size_t i = 0; i < n; i++)
        add_type(&list, implements, models[i].name, QMP_CPU_SUFFIX, "powerpc-cpu");
    for (unsigned i = 0; i < DEVICE_TYPES; i++)
        add_type(&list, implements, device_types[i].name, "", "device");
    for (size_t i = 0; i < G_N_ELEMENTS(object_types); i++)
        add_type(&list, implements, object_types[i].type, "", object_types[i].parent);
    return g_variant_builder_end(&list);
}

static void add_property(GVariantBuilder *list, const char *name, const char *type, const char *doc)
{
    g_variant_builder_add_parsed(list, "{'name': <%s>, 'type': <%s>, 'description': <%s>}", name, type, doc);
}

static void add_device_properties(GVariantBuilder *list, const DeviceType *type)
{
    static const char *const of[] = {
        [PROPERTY_OBJECT] = "link<object>", [PROPERTY_STRING] = "str", [PROPERTY_NUMBER] = "uint64",
        [PROPERTY_CHARDEV] = "str",         [PROPERTY_NETDEV] = "str", [PROPERTY_MAC] = "str",
        [PROPERTY_DRIVE] = "str",           [PROPERTY_LABEL] = "str",  [PROPERTY_SWITCH] = "bool",
        [PROPERTY_SWITCH_ONE] = "bool",
    };
    for (const DeviceProperty *p = type->properties; p->key; p++)
        add_property(list, p->key, of[p->type], p->doc);
    if (type->bus == DEVICE_BUS_PCI)
        add_property(list, "addr", "int32", "slot and function on pci.0");
}

static bool is_board_type(const char *name)
{
    g_autofree char *board = g_strndup(name, strlen(name) - MIN(strlen("-machine"), strlen(name)));
    return g_str_has_suffix(name, "-machine") && (board_find(board) || !strcmp(board, "none"));
}

/* The properties of -machine are those of its row in the table of options. */
static void add_machine_properties(GVariantBuilder *list)
{
    static const char *const keys[] = {"kernel",   "initrd",  "append",        "dtb",
                                       "firmware", "dumpdtb", "dt-compatible", "memory-backend"};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        add_property(list, keys[i], "string", "as -machine has it");
}

static bool add_object_properties(GVariantBuilder *list, const char *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(object_types); i++) {
        if (strcmp(object_types[i].type, type))
            continue;
        for (unsigned k = 0; k < G_N_ELEMENTS(object_types[i].property) && object_types[i].property[k].name; k++)
            add_property(list, object_types[i].property[k].name, object_types[i].property[k].type, object_types[i].property[k].doc);
        return true;
    }
    return false;
}

static GVariant *list_properties(Qmp *qmp, bool devices_only, GError **error)
{
    const char *name = qmp_string_argument(qmp, "typename");
    GVariantBuilder list;
    bool found = false;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < DEVICE_TYPES && !found; i++) {
        found = !strcmp(device_types[i].name, name);
        if (found)
            add_device_properties(&list, &device_types[i]);
    }
    if (!found && !devices_only)
        found = add_object_properties(&list, name);
    if (!found && !devices_only && is_board_type(name)) {
        add_machine_properties(&list);
        found = true;
    }
    GVariant *value = g_variant_builder_end(&list);
    if (found)
        return value;
    g_variant_unref(value);
    g_autofree char *valid = g_utf8_make_valid(name, -1);
    g_set_error(error, QMP_ERROR, QMP_DEVICE_NOT_FOUND, "%s '%s' not found", devices_only ? "Device" : "Class", valid);
    return NULL;
}

GVariant *qmp_cmd_device_list_properties(Qmp *qmp, GError **error)
{
    return list_properties(qmp, true, error);
}

GVariant *qmp_cmd_qom_list_properties(Qmp *qmp, GError **error)
{
    return list_properties(qmp, false, error);
}
