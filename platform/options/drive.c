/* SPDX-License-Identifier: MIT
 *
 * Drives: -drive and its short forms, and which device takes which.
 */
#include "platform/options/device_type.h"
#include "platform/options/priv.h"

#include <string.h>

#include "platform/base/board.h"
#include "platform/base/keyval.h"
#include "platform/base/suggest.h"
#include "platform/block/drive.h"

/* --- the options */

/* Takes spec; NULL: it was refused. */
static bool add_spec(Parse *p, const char *option, const char *arg, DriveSpec *spec)
{
    if (!spec)
        return false;
    spec->option = g_strdup_printf("%s %s", option, arg);
    g_ptr_array_add(p->config->drives, spec);
    return true;
}

bool option_set_drive(Parse *p, const char *arg, GError **error)
{
    return add_spec(p, "-drive", arg, drive_spec_parse("-drive", arg, error));
}

bool option_set_blockdev(Parse *p, const char *arg, GError **error)
{
    g_autofree char *json = NULL;
    return option_json("-blockdev", "driver", arg, &json, error) &&
           add_spec(p, "-blockdev", arg, drive_node_parse("-blockdev", json ? json : arg, error));
}

/* An option whose argument is a file: commas in it are its own. */
static bool add_file(Parse *p, const char *option, const char *file, const char *more, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(file, ",", -1);
    g_autofree char *quoted = g_strjoinv(",,", parts);
    g_autofree char *text = g_strdup_printf("file=%s%s", quoted, more);
    return add_spec(p, option, file, drive_spec_parse(option, text, error));
}

bool option_set_hda(Parse *p, const char *arg, GError **error)
{
    return add_file(p, "-hda", arg, ",index=0", error);
}

bool option_set_hdb(Parse *p, const char *arg, GError **error)
{
    return add_file(p, "-hdb", arg, ",index=1", error);
}

bool option_set_hdc(Parse *p, const char *arg, GError **error)
{
    return add_file(p, "-hdc", arg, ",index=2", error);
}

bool option_set_hdd(Parse *p, const char *arg, GError **error)
{
    return add_file(p, "-hdd", arg, ",index=3", error);
}

bool option_set_cdrom(Parse *p, const char *arg, GError **error)
{
    return add_file(p, "-cdrom", arg, ",index=2,media=cdrom", error);
}

bool option_set_sd(Parse *p, const char *arg, GError **error)
{
    return add_file(p, "-sd", arg, ",if=sd", error);
}

bool option_set_pflash(Parse *p, const char *arg, GError **error)
{
    return add_file(p, "-pflash", arg, ",if=pflash", error);
}

bool option_set_mtdblock(Parse *p, const char *arg, GError **error)
{
    return add_file(p, "-mtdblock", arg, ",if=mtd", error);
}

bool option_set_snapshot(Parse *p, const char *arg, GError **error)
{
    p->snapshot = true;
    return true;
}

/* --- names and numbers */

static DriveSpec *nth(const Config *c, guint i)
{
    return c->drives->pdata[i];
}

static const DriveSpec *at_index(const Config *c, const DriveSpec *spec, unsigned index)
{
    for (guint i = 0; i < c->drives->len; i++) {
        const DriveSpec *other = nth(c, i);
        if (other != spec && !other->node && other->index_given && other->interface == spec->interface && other->index == index)
            return other;
    }
    return NULL;
}

/* Among the first n. */
static DriveSpec *find(const Config *c, guint n, const char *id)
{
    for (guint i = 0; i < n; i++) {
        if (!g_strcmp0(nth(c, i)->id, id))
            return nth(c, i);
    }
    return NULL;
}

/* Without index= the first that is free, and without id= a name made of both, as QEMU does. */
static bool complete_name(const Config *c, guint i, GError **error)
{
    DriveSpec *spec = nth(c, i);
    const DriveSpec *other = find(c, i, spec->id);
    if (spec->node)
        return other ? option_bad(error, "%s: '%s' is already the id of %s", spec->option, spec->id, other->option) : true;
    other = spec->index_given ? at_index(c, spec, spec->index) : NULL;
    if (other)
        return option_bad(error, "%s: index %u of if=%s is already that of %s", spec->option, spec->index,
                          drive_interface_name(spec->interface), other->option);
    while (!spec->index_given && at_index(c, spec, spec->index))
        spec->index++;
    spec->index_given = true;
    if (!spec->id)
        spec->id = g_strdup_printf("%s%u", drive_interface_name(spec->interface), spec->index);
    other = find(c, i, spec->id);
    return other ? option_bad(error, "%s: the id '%s' is already that of %s", spec->option, spec->id, other->option) : true;
}

/* --- nodes of -blockdev, one over the other */

/* What is over a file node takes its place. */
static bool join(Config *c, DriveSpec *spec, GError **error)
{
    DriveSpec *below = find(c, c->drives->len, spec->below);
    if (!below || !below->node || below == spec || below->below || below->format != BLOCK_FORMAT_RAW)
        return option_bad(error, "%s: file=%s is no -blockdev with driver=file", spec->option, spec->below);
    spec->file = g_steal_pointer(&below->file);
    spec->read_only |= below->read_only;
    spec->direct |= below->direct;
    spec->no_flush |= below->no_flush;
    spec->unmap &= below->unmap;
    spec->unlocked |= below->unlocked;
    if (spec->aio == DRIVE_AIO_BEST)
        spec->aio = below->aio;
    g_ptr_array_remove(c->drives, below);
    return true;
}

/* backing=NODE: read only, and by this one alone. */
static bool join_backing(Config *c, DriveSpec *spec, GError **error)
{
    DriveSpec *behind = find(c, c->drives->len, spec->behind_node);
    guint index;
    if (!behind || !behind->node || behind == spec || !g_ptr_array_find(c->drives, behind, &index))
        return option_bad(error, "%s: backing=%s is no -blockdev", spec->option, spec->behind_node);
    if (behind->used_by)
        return option_bad(error, "%s: backing=%s is already used by %s", spec->option, spec->behind_node, behind->used_by);
    behind->read_only = true;
    spec->behind = g_ptr_array_steal_index(c->drives, index);
    return true;
}

/* Each node is behind one other at most, and what is behind none remains: a circle has nobody whom a device could name. */
static bool join_backings(Config *c, GError **error)
{
    for (guint i = 0; i < c->drives->len;) {
        DriveSpec *spec = nth(c, i++);
        if (!spec->behind_node || !*spec->behind_node || spec->behind)
            continue;
        if (!join_backing(c, spec, error))
            return false;
        i = 0;
    }
    return true;
}

static bool join_nodes(Config *c, GError **error)
{
    for (guint i = 0; i < c->drives->len;) {
        DriveSpec *spec = nth(c, i++);
        if (!spec->below || spec->file)
            continue;
        if (!join(c, spec, error))
            return false;
        i = 0; /* the places of others have changed */
    }
    return true;
}

/* --- who takes which */

static bool claim(const Config *c, const char *user, const char *id, GError **error)
{
    DriveSpec *spec = find(c, c->drives->len, id);
    if (spec && spec->used_by)
        return option_bad(error, "%s: the drive '%s' is already used by %s%s", user, id, spec->used_by,
                          spec->interface == DRIVE_IF_NONE ? "" : "; a -drive for drive= is one of if=none");
    if (spec) {
        spec->used_by = user;
        return true;
    }
    g_autofree const char **ids = g_new0(const char *, c->drives->len + 1);
    for (guint i = 0; i < c->drives->len; i++)
        ids[i] = nth(c, i)->id;
    g_autofree char *hint = suggest_phrase(id, ids, c->drives->len);
    return option_bad(error, "%s: no -drive has the id '%s'%s", user, id, hint);
}

/* Properties of disks that are the drive's here. */
static bool apply(DriveSpec *spec, const DeviceOption *option, unsigned i, GError **error)
{
    const DeviceType *type = &device_types[option->type];
    const char *key = type->properties[i].key, *value = option->value[i];
    bool on;
    g_autofree char *what = g_strdup_printf("%s %s", type->option, key);
    if (!value || !strcmp(value, "auto"))
        return true;
    if (!strcmp(key, "share-rw"))
        spec->share_rw = device_option_on(option, key);
    else if (!strcmp(key, "werror") || !strcmp(key, "rerror"))
        return drive_spec_set_on_error(spec, what, *key == 'r', value, error);
    else if (!strcmp(key, "write-cache")) {
        if (!value_bool(what, value, &on, error))
            return false;
        spec->writethrough = !on;
    }
    return true;
}

static bool apply_all(const Config *c, const DeviceOption *option, const char *id, GError **error)
{
    DriveSpec *spec = find(c, c->drives->len, id);
    bool ok = true;
    for (unsigned i = 0; device_types[option->type].properties[i].key && ok; i++)
        ok = apply(spec, option, i, error);
    return ok;
}

static bool claim_for(const Config *c, const DeviceOption *option, GError **error)
{
    const DeviceType *type = &device_types[option->type];
    for (unsigned i = 0; type->properties[i].key; i++) {
        const char *id = option->value[i];
        if (type->properties[i].type == PROPERTY_DRIVE && id &&
            (!claim(c, type->option, id, error) || !apply_all(c, option, id, error)))
            return false;
    }
    return true;
}

/* The platform bus begins with the flash, whatever else the command line has on it. */
static bool put_flash_first(Config *c)
{
    guint place = 0;
    while (((const DeviceOption *)c->devices->pdata[place])->type == DEVICE_TYPE_pflash && place + 1 < c->devices->len)
        place++;
    g_ptr_array_insert(c->devices, (gint)place, g_ptr_array_steal_index(c->devices, c->devices->len - 1));
    return true;
}

/* A drive that says into what it is plugged gets a device for it. */
static bool plug_in(Parse *p, const DriveSpec *spec, GError **error)
{
    const char *const drivers[DRIVE_IFS] = {
        [DRIVE_IF_VIRTIO] = board_pci_or_not(board_find(p->config->board), "virtio-blk-pci", "virtio-blk-device"),
        [DRIVE_IF_PFLASH] = "cfi.pflash01",
        [DRIVE_IF_SD] = "sd-card",
    };
    const char *driver = drivers[spec->interface];
    if (spec->interface == DRIVE_IF_NONE)
        return true;
    for (unsigned i = 0; i < DEVICE_TYPES && driver; i++) {
        g_autofree char *device = g_strdup_printf("%s,drive=%s", driver, spec->id);
        if (!strcmp(device_types[i].name, driver))
            return option_set_device(p, device, error) && (spec->interface != DRIVE_IF_PFLASH || put_flash_first(p->config));
    }
    return option_bad(error, "%s: if=%s: not yet supported", spec->option, drive_interface_name(spec->interface));
}

bool options_complete_drives(Parse *p, GError **error)
{
    Config *c = p->config;
    for (guint i = 0; i < c->drives->len; i++) {
        nth(c, i)->snapshot |= p->snapshot && !nth(c, i)->snapshot_given && !nth(c, i)->node;
        if (!complete_name(c, i, error) || !plug_in(p, nth(c, i), error))
            return false;
    }
    if (!join_nodes(c, error) || !join_backings(c, error))
        return false;
    /* Those first that -device does not name: a device that names one of them comes too late */
    for (guint i = c->devices->len; i-- > 0;) {
        if (!claim_for(c, c->devices->pdata[i], error))
            return false;
    }
    return true;
}
