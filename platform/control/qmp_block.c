/* SPDX-License-Identifier: MIT
 *
 * QMP: drives.
 */
#include "platform/control/qmp_priv.h"

#include <errno.h>

#include "platform/base/lock.h"

/* QMP's BlockDeviceInfo. */
static GVariant *block_node(const DriveInfo *info)
{
    GVariantDict dict, image;

    g_variant_dict_init(&image, NULL);
    g_variant_dict_insert(&image, "filename", "s", info->file);
    g_variant_dict_insert(&image, "format", "s", info->format);
    g_variant_dict_insert(&image, "virtual-size", "t", info->size);
    g_variant_dict_insert(&image, "actual-size", "t", info->allocated);
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "node-name", "s", info->id);
    g_variant_dict_insert(&dict, "drv", "s", info->format);
    g_variant_dict_insert(&dict, "file", "s", info->file);
    if (info->backing)
        g_variant_dict_insert(&dict, "backing_file", "s", info->backing);
    g_variant_dict_insert(&dict, "backing_file_depth", "u", info->depth);
    g_variant_dict_insert(&dict, "ro", "b", info->read_only);
    g_variant_dict_insert(&dict, "encrypted", "b", FALSE);
    g_variant_dict_insert(&dict, "detect_zeroes", "s", "off");
    g_variant_dict_insert(&dict, "write_threshold", "u", 0);
    for (unsigned i = 0; i < 6; i++) /* no drive is slowed down */
        g_variant_dict_insert(&dict, ((const char *[]){"bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"})[i], "u", 0);
    g_variant_dict_insert(
        &dict, "cache", "@a{sb}",
        g_variant_new_parsed("{'writeback': %b, 'direct': %b, 'no-flush': %b}", !info->writethrough, info->direct, info->no_flush));
    g_variant_dict_insert_value(&dict, "image", g_variant_dict_end(&image));
    return g_variant_dict_end(&dict);
}

static GVariant *block_device(const DriveInfo *info)
{
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "device", "s", info->id);
    g_variant_dict_insert(&dict, "type", "s", "unknown");
    g_variant_dict_insert(&dict, "removable", "b", FALSE);
    g_variant_dict_insert(&dict, "locked", "b", FALSE);
    g_variant_dict_insert(&dict, "io-status", "s", !info->waits_for ? "ok" : info->waits_for == ENOSPC ? "nospace" : "failed");
    g_variant_dict_insert_value(&dict, "inserted", block_node(info));
    return g_variant_dict_end(&dict);
}

static GVariant *each_drive(Qmp *qmp, GVariant *describe(const DriveInfo *info))
{
    GVariantBuilder list;
    DriveInfo info;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    device_lock();
    for (guint i = 0; qmp->view.drives && i < qmp->view.drives->len; i++) {
        block_describe(qmp->view.drives->pdata[i], &info);
        g_variant_builder_add_value(&list, describe(&info));
    }
    device_unlock();
    return g_variant_builder_end(&list);
}

GVariant *qmp_cmd_query_block(Qmp *qmp, GError **error)
{
    return each_drive(qmp, block_device);
}

GVariant *qmp_cmd_query_named_block_nodes(Qmp *qmp, GError **error)
{
    return each_drive(qmp, block_node);
}
