/* SPDX-License-Identifier: MIT
 *
 * A device: registers it answers for, a table of its state, and its own node of the device tree.
 * Everything here runs under the device lock.  Owner: the machine; device_free() ends it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dts/dts.h"
#include "platform/base/section.h"

typedef struct Device Device;
typedef struct DeviceBus DeviceBus; /* device_bus.h */

/* A device's state: which members of its struct are guest-visible.  Reset and saved state go by this table. */
typedef StateField DeviceField;
#define DEVICE_FIELD(type, member, reset_value) STATE_FIELD(type, member, reset_value)
#define DEVICE_ARRAY(type, member, reset_value) STATE_ARRAY(type, member, reset_value)

typedef struct DeviceOps {
    const char *name;         /* for messages and traces: "uart16550" */
    const StateStruct *state; /* of its struct, by STATE_STRUCT() */
    uint32_t version;         /* of its section */
    /*
     * Register access.  region: the number given to bus_map(); offset within it; size 1, 2, 4 or 8, offset a
     * multiple of size.  Values as a big-endian access sees them.  false: no such register or access size (the guest gets a
     * machine check).
     */
    bool (*read)(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value);
    bool (*write)(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value);
    void (*reset)(Device *dev);              /* after the fields got their reset values; may be NULL */
    void (*describe)(Device *dev, Dts *dts); /* writes its node into the open parent; device_no_node() where there is none */
    /*
     * Finishes what is under way outside of the device: afterwards nobody writes into RAM for it until the guest or the host asks it for
     * something again.  Before the machine is saved or reset.  May let go of the device lock meanwhile, and be NULL.
     */
    void (*settle)(Device *dev);
    /* State that is no member of fixed size, into and out of the device's section; may be NULL. */
    void (*save)(const Device *dev, SectionWriter *to);
    void (*load)(Device *dev, Section *from);
    /*
     * After a load, which may have brought anything: values are brought into range, and what follows from them is computed anew.  Its
     * wires are told their levels whatever these were before; where a level was saved as up already, that is no new edge.  May be NULL.
     */
    void (*post_load)(Device *dev);
    void (*free)(Device *dev); /* the struct itself too; NULL: g_free */
} DeviceOps;

enum { DEVICE_REGIONS_MAX = 8 };

/* Where a region of registers answers.  Size 0: nowhere. */
typedef struct DeviceRegion {
    uint64_t gpa, size; /* bytes */
} DeviceRegion;

struct Device { /* first member of each device's struct */
    const DeviceOps *ops;
    char *id;             /* unique: "serial0" */
    const DeviceBus *bus; /* the one it stands on, which owns it; NULL: none */
    /* The bus it carries, owned: reset and saved after it, freed before it; describe() writes its nodes.  NULL: none. */
    DeviceBus *below;
    /* As bus_map() was told.  Its node says the same because describe() reads it here: device_describe_reg(). */
    DeviceRegion region[DEVICE_REGIONS_MAX];
};

/* Insists that each member of its struct is in a table of its state, and that its node is written or said to be none. */
void device_init(Device *dev, const DeviceOps *ops, const char *id);
void device_no_node(Device *dev, Dts *dts); /* a describe() for what another node tells the guest of */
void device_reset(Device *dev);
void device_settle(Device *dev);
void device_free(Device *dev);
void device_describe(Device *dev, Dts *dts);
/* Address of a region as the bus of its device counts it: what stands in the name of its node. */
uint64_t device_address(const Device *dev, unsigned region);
/* Property reg, of region 0, on a bus of one cell for each address and size. */
void device_describe_reg(const Device *dev, Dts *dts);
/* A section whose tag is the device's id. */
void device_save(const Device *dev, GByteArray *out);
/* False: refused, as sections_end() will tell; the device is as it was then, unless its load() refused. */
bool device_load(Device *dev, Sections *from);
