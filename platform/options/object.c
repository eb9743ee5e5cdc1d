/* SPDX-License-Identifier: MIT
 *
 * -object, and the devices that refer to one.
 */
#include "platform/base/entropy.h"
#include "platform/base/keyval.h"
#include "platform/options/device_type.h"
#include "platform/options/priv.h"

/* libvirt gives one to every guest, for whatever may refer to it.  Nothing here does, so it is not read. */
static bool add_secret(Parse *p, const char *arg, GError **error)
{
    static const char *const keys[] = {"id", "data", "file", "format", "iv", "keyid"};
    g_autoptr(GPtrArray) pairs = keyval_split(arg);
    const char *id = NULL;
    unsigned k;
    for (guint i = 1; i < pairs->len; i++) {
        const KeyVal *pair = pairs->pdata[i];
        if (!value_word("-object secret", pair->key, keys, G_N_ELEMENTS(keys), &k, error))
            return false;
        id = k == 0 ? pair->value : id;
    }
    if (!id || !*id)
        return option_bad(error, "-object %s: id=ID is missing", arg);
    if (backend_find(p->config->objects, id))
        return option_bad(error, "-object %s: there is already an object with id '%s'", arg, id);
    return true;
}

bool option_set_object(Parse *p, const char *arg, GError **error)
{
    g_autofree char *id = NULL, *json = NULL;
    if (!option_json("-object", "qom-type", arg, &json, error))
        return false;
    arg = json ? json : arg;
    if (g_str_has_prefix(arg, "memory-backend-file,") || g_str_has_prefix(arg, "memory-backend-ram,") ||
        g_str_has_prefix(arg, "memory-backend-memfd,"))
        return option_add_memory_backend(p, arg, error);
    if (g_str_has_prefix(arg, "secret,"))
        return add_secret(p, arg, error);
    if (!entropy_option_check(arg, &id, error))
        return false;
    if (backend_find(p->config->objects, id))
        return option_bad(error, "-object %s: there is already an object with id '%s'", arg, id);
    g_ptr_array_add(p->config->objects, backend_config_new(id, arg));
    return true;
}

static bool find_objects(const Config *config, const DeviceOption *option, GError **error)
{
    const DeviceType *type = &device_types[option->type];
    for (unsigned i = 0; type->properties[i].key; i++)
        if (type->properties[i].type == PROPERTY_OBJECT && option->value[i] && !backend_find(config->objects, option->value[i]))
            return option_bad(error, "%s %s: no -object has the id '%s'", type->option, type->properties[i].key, option->value[i]);
    return true;
}

bool options_complete_objects(Parse *p, GError **error)
{
    for (guint i = 0; i < p->config->devices->len; i++)
        if (!find_objects(p->config, p->config->devices->pdata[i], error))
            return false;
    return true;
}
