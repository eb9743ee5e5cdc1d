/* SPDX-License-Identifier: MIT
 *
 * The tree that the guest was given, and what it changed in it by FH_PARTITION_SET_DTPROP: changes are seen at once by
 * FH_PARTITION_GET_DTPROP and are in the tree of each later boot, until they are forgotten.  Under the device lock.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "hcall/hcall.h"

typedef struct GuestTree GuestTree;

/* size_max: bytes that a tree with changes may have.  growth: by how many the machine's own part may grow from boot to boot, so
 * that what the guest could set still fits then. */
GuestTree *guest_tree_new(size_t size_max, size_t growth);
void guest_tree_free(GuestTree *tree);
void guest_tree_forget(GuestTree *tree); /* the guest's changes: the next boot has none, this one keeps them */
/* The tree and the changes as bytes, and back.  False: they are not such, and nothing has changed. */
void guest_tree_save(const GuestTree *tree, GByteArray *fdt, GByteArray *changes);
bool guest_tree_load(GuestTree *tree, const void *fdt, size_t fdt_size, const void *changes, size_t changes_size);
/* The tree that a boot begins with: `base` with the changes made in it.  *dropped: they did not fit, and are forgotten. */
GBytes *guest_tree_boot(GuestTree *tree, GBytes *base, bool *dropped);
/* EV_ENOENT: no such node or property.  *value is valid until the next change. */
EvStatus guest_tree_get(const GuestTree *tree, const char *path, const char *name, const void **value, uint32_t *size);
/* Makes the nodes that are missing.  EV_EINVAL: not a path or a name; EV_ENOMEM: more than a tree may hold. */
EvStatus guest_tree_set(GuestTree *tree, const char *path, const char *name, const void *value, uint32_t size);
