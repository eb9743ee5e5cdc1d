/* SPDX-License-Identifier: MIT
 *
 * QMP: drives.
 */
#include "platform/control/qmp_priv.h"

#include <errno.h>
#include <string.h>

#include "platform/base/lock.h"
#include "platform/options/device_type.h"

/* QMP's SnapshotInfo, of each. */
static GVariant *block_snapshots(const GPtrArray *snapshots)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < snapshots->len; i++) {
        const DriveSnapshot *s = snapshots->pdata[i];
        GVariantDict dict;
        g_variant_dict_init(&dict, NULL);
        g_variant_dict_insert(&dict, "id", "s", s->id);
        g_variant_dict_insert(&dict, "name", "s", s->name);
        g_variant_dict_insert(&dict, "vm-state-size", "t", s->vm_state_size);
        g_variant_dict_insert(&dict, "date-sec", "u", s->date_sec);
        g_variant_dict_insert(&dict, "date-nsec", "u", s->date_nsec);
        g_variant_dict_insert(&dict, "vm-clock-sec", "t", s->clock_ns / 1000000000);
        g_variant_dict_insert(&dict, "vm-clock-nsec", "t", s->clock_ns % 1000000000);
        g_variant_builder_add_value(&list, g_variant_dict_end(&dict));
    }
    return g_variant_builder_end(&list);
}

/* QMP's BlockDeviceInfo. */
static GVariant *block_node(const Qmp *qmp, const DriveInfo *info)
{
    GVariantDict dict, image;

    g_variant_dict_init(&image, NULL);
    g_variant_dict_insert(&image, "filename", "s", info->file);
    g_variant_dict_insert(&image, "format", "s", info->format);
    g_variant_dict_insert(&image, "virtual-size", "t", info->size);
    g_variant_dict_insert(&image, "actual-size", "t", info->allocated);
    if (info->snapshots && info->snapshots->len)
        g_variant_dict_insert_value(&image, "snapshots", block_snapshots(info->snapshots));
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "node-name", "s", info->id);
    g_variant_dict_insert(&dict, "drv", "s", info->format);
    g_variant_dict_insert(&dict, "file", "s", info->file);
    if (info->backing)
        g_variant_dict_insert(&dict, "backing_file", "s", info->backing);
    g_variant_dict_insert(&dict, "backing_file_depth", "u", info->depth);
    g_variant_dict_insert(&dict, "ro", "b", info->read_only);
    g_variant_dict_insert(&dict, "encrypted", "b", FALSE);
    g_variant_dict_insert(&dict, "detect_zeroes", "s", ((const char *[]){"off", "on", "unmap"})[info->zeros]);
    g_variant_dict_insert(&dict, "write_threshold", "u", 0);
    for (unsigned i = 0; i < 6; i++) /* no drive is slowed down */
        g_variant_dict_insert(&dict, ((const char *[]){"bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"})[i], "u", 0);
    g_variant_dict_insert(
        &dict, "cache", "@a{sb}",
        g_variant_new_parsed("{'writeback': %b, 'direct': %b, 'no-flush': %b}", !info->writethrough, info->direct, info->no_flush));
    g_variant_dict_insert_value(&dict, "image", g_variant_dict_end(&image));
    return g_variant_dict_end(&dict);
}

static bool shows(const DeviceOption *option, const char *drive)
{
    for (const DeviceProperty *p = device_types[option->type].properties; p->key; p++)
        if (p->type == PROPERTY_DRIVE && !g_strcmp0(device_option_string(option, p->key), drive))
            return true;
    return false;
}

/* The path of the device that shows the drive, as QEMU's object model has it: a virtio device has what is behind it below.  NULL: none. */
static char *device_path(const Qmp *qmp, const char *drive)
{
    unsigned anonymous = 0;
    for (guint i = 0; i < qmp->view.config->devices->len; i++) {
        const DeviceOption *option = qmp->view.config->devices->pdata[i];
        const char *below = g_str_has_prefix(device_types[option->type].name, "virtio-") ? "/virtio-backend" : "";
        if (shows(option, drive))
            return option->id ? g_strdup_printf("/machine/peripheral/%s%s", option->id, below)
                              : g_strdup_printf("/machine/peripheral-anon/device[%u]%s", anonymous, below);
        anonymous += !option->id;
    }
    return NULL;
}

static GVariant *block_device(const Qmp *qmp, const DriveInfo *info)
{
    g_autofree char *path = device_path(qmp, info->id);
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "device", "s", info->node ? "" : info->id);
    if (path)
        g_variant_dict_insert(&dict, "qdev", "s", path);
    g_variant_dict_insert(&dict, "type", "s", "unknown");
    g_variant_dict_insert(&dict, "removable", "b", FALSE);
    g_variant_dict_insert(&dict, "locked", "b", FALSE);
    g_variant_dict_insert(&dict, "io-status", "s", !info->waits_for ? "ok" : info->waits_for == ENOSPC ? "nospace" : "failed");
    g_variant_dict_insert_value(&dict, "inserted", block_node(qmp, info));
    return g_variant_dict_end(&dict);
}

static GVariant *each_drive(Qmp *qmp, GVariant *describe(const Qmp *qmp, const DriveInfo *info))
{
    GVariantBuilder list;
    DriveInfo info;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    device_lock();
    for (guint i = 0; qmp->view.drives && i < qmp->view.drives->len; i++) {
        block_describe(qmp->view.drives->pdata[i], &info);
        g_variant_builder_add_value(&list, describe(qmp, &info));
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

/* QMP's BlockDeviceStats; nothing here merges requests, and what is wrong with one counts as failed. */
static GVariant *block_counts(const DriveInfo *info)
{
    static const struct {
        const char *name;
        BlockOp op;
    } rows[] = {{"rd", BLOCK_READ}, {"wr", BLOCK_WRITE}, {"flush", BLOCK_FLUSH}, {"unmap", BLOCK_DISCARD}};
    GVariantDict dict;
    g_variant_dict_init(&dict, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const DriveCount *c = &info->count[rows[i].op];
        const struct {
            const char *format;
            uint64_t value;
        } members[] = {{"%s_operations", c->done},          {"%s_bytes", c->bytes},
                       {"%s_total_time_ns", c->us * 1000},  {"%s_merged", 0},
                       {"failed_%s_operations", c->failed}, {"invalid_%s_operations", 0}};
        for (size_t m = 0; m < G_N_ELEMENTS(members); m++) {
            bool none = rows[i].op == BLOCK_FLUSH && (m == 1 || m == 3); /* a flush has no bytes */
            g_auto(GStrv) parts = g_strsplit(members[m].format, "%s", 2);
            g_autofree char *name = g_strjoin(rows[i].name, parts[0], parts[1], NULL);
            if (!none)
                g_variant_dict_insert(&dict, name, "t", members[m].value);
        }
    }
    g_variant_dict_insert(&dict, "wr_highest_offset", "t", info->highest);
    g_variant_dict_insert(&dict, "account_invalid", "b", TRUE);
    g_variant_dict_insert(&dict, "account_failed", "b", TRUE);
    g_variant_dict_insert_value(&dict, "timed_stats", g_variant_new_array(G_VARIANT_TYPE_VARDICT, NULL, 0));
    return g_variant_dict_end(&dict);
}

static GVariant *block_stats(const Qmp *qmp, const DriveInfo *info)
{
    g_autofree char *path = device_path(qmp, info->id);
    GVariantDict dict;
    g_variant_dict_init(&dict, NULL);
    if (!info->node)
        g_variant_dict_insert(&dict, "device", "s", info->id);
    if (path)
        g_variant_dict_insert(&dict, "qdev", "s", path);
    g_variant_dict_insert(&dict, "node-name", "s", info->id);
    g_variant_dict_insert_value(&dict, "stats", block_counts(info));
    return g_variant_dict_end(&dict);
}

GVariant *qmp_cmd_query_blockstats(Qmp *qmp, GError **error)
{
    return each_drive(qmp, block_stats);
}

/* By the name of its drive or node, which are one here. */
static Block *find_drive(const Qmp *qmp, const char *name)
{
    for (guint i = 0; name && qmp->view.drives && i < qmp->view.drives->len; i++) {
        if (!strcmp(block_id(qmp->view.drives->pdata[i]), name))
            return qmp->view.drives->pdata[i];
    }
    return NULL;
}

GVariant *qmp_cmd_block_resize(Qmp *qmp, GError **error)
{
    const char *device = qmp_string_argument(qmp, "device"), *node = qmp_string_argument(qmp, "node-name");
    gint64 size = qmp_int_argument(qmp, "size", 0);
    Block *block = find_drive(qmp, device ? device : node);
    if (!block)
        return qmp_fail(error, "Cannot find device='%s' nor node-name='%s'", device ? device : "", node ? node : "");
    if (size < 0)
        return qmp_fail(error, "Parameter 'size' expects a >0 size");
    device_lock();
    block_resize(block, (uint64_t)size, error);
    device_unlock();
    return NULL;
}
