/* SPDX-License-Identifier: MIT
 *
 * -object, and the devices that refer to one.
 */
#include "platform/base/entropy.h"
#include "platform/options/device_type.h"
#include "platform/options/priv.h"

bool option_set_object(Parse *p, const char *arg, GError **error)
{
    g_autofree char *id = NULL, *json = NULL;
    if (!option_json("-object", "qom-type", arg, &json, error))
        return false;
    arg = json ? json : arg;
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
