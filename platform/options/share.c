/* SPDX-License-Identifier: MIT
 *
 * Directories of the host: -fsdev, and -virtfs, which is one and its device.
 */
#include "platform/options/device_type.h"
#include "platform/options/priv.h"

#include <string.h>

#include "platform/base/board.h"
#include "platform/base/keyval.h"
#include "platform/share/share.h"

bool option_set_fsdev(Parse *p, const char *arg, GError **error)
{
    g_autofree char *id = NULL;
    if (!share_option_check(arg, &id, error))
        return false;
    if (backend_find(p->config->fsdevs, id))
        return option_bad(error, "-fsdev %s: there is already one with id '%s'", arg, id);
    g_ptr_array_add(p->config->fsdevs, backend_config_new(id, arg));
    return true;
}

static char *escaped(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    return g_strjoinv(",,", parts);
}

/* Without an id the tag is it; the device comes where the board has a place for it. */
bool option_set_virtfs(Parse *p, const char *arg, GError **error)
{
    g_autoptr(GPtrArray) pairs = keyval_split(arg);
    g_autoptr(GString) fsdev = g_string_new(NULL);
    const char *tag = NULL, *id = NULL;
    for (guint i = 0; i < pairs->len; i++) {
        const KeyVal *pair = pairs->pdata[i];
        g_autofree char *value = escaped(pair->value);
        if (!strcmp(pair->key, "mount_tag"))
            tag = pair->value;
        else
            g_string_append_printf(fsdev, "%s%s%s%s", i ? "," : "", pair->key, *pair->key ? "=" : "", value);
        id = strcmp(pair->key, "id") ? id : pair->value;
    }
    if (!tag || !*tag)
        return option_bad(error, "-virtfs %s: mount_tag= is missing", arg);
    g_autofree char *name = escaped(id ? id : tag), *quoted = escaped(tag);
    if (!id)
        g_string_append_printf(fsdev, ",id=%s", name);
    g_ptr_array_add(p->virtfs, g_strdup_printf("fsdev=%s,mount_tag=%s", name, quoted));
    return option_set_fsdev(p, fsdev->str, error);
}

static bool claim(Parse *p, const DeviceOption *option, GError **error)
{
    const DeviceType *type = &device_types[option->type];
    for (unsigned i = 0; type->properties[i].key; i++)
        if (type->properties[i].type == PROPERTY_FSDEV && option->value[i] &&
            !backend_claim(p->config->fsdevs, "-fsdev", type->option, option->value[i], error))
            return false;
    return true;
}

bool options_complete_fsdevs(Parse *p, GError **error)
{
    const Board *board = board_find(p->config->board);
    for (guint i = 0; i < p->virtfs->len; i++) {
        g_autofree char *text = g_strdup_printf("%s,%s", board_pci_or_not(board, "virtio-9p-pci", "virtio-9p-device"),
                                                (const char *)p->virtfs->pdata[i]);
        if (!option_set_device(p, text, error))
            return false;
    }
    for (guint i = 0; i < p->config->devices->len; i++)
        if (!claim(p, p->config->devices->pdata[i], error))
            return false;
    return true;
}
