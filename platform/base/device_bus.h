/* SPDX-License-Identifier: MIT
 *
 * Where devices stand: a level of the device tree, whose node has theirs below it.  A device may carry a bus (Device.below), whose base
 * then lies in a window of the outer bus that the device's `ranges` tells of.  Under the device lock.
 */
#pragma once

#include "platform/base/device.h"

/*
 * What a device can be plugged into.  Those of a later one may have wires to those of an earlier one: they are reset after them and freed
 * before them.  X(id, name as -device X,help prints it, what stands there)
 */
#define DEVICE_BUS_KIND_LIST(X)                                                                  \
    X(SOC, "soc", "blocks of the system on a chip, in CCSR")                                     \
    X(SYSTEM, "system", "the root: what has an address of its own")                              \
    X(PLATFORM, "platform", "a simple-bus for devices that are no block of the chip")            \
    X(HANDLES, "handles", "what hypercalls reach, below /hypervisor/handles")                    \
    X(PCI, "PCI", "the bus that the host bridge carries: its guests find devices without nodes") \
    X(SERIAL_PORTS, "virtio-serial-bus", "the ports of a virtio-serial, which is the device that the guest sees")

typedef enum DeviceBusKind {
#define X(id, name, doc) DEVICE_BUS_##id,
    DEVICE_BUS_KIND_LIST(X)
#undef X
        DEVICE_BUS_KINDS,
    DEVICE_BUS_CARRIED = DEVICE_BUS_PCI, /* from here on a device carries such a bus; the earlier ones are the machine's own */
} DeviceBusKind;

struct DeviceBus {
    DeviceBusKind kind;
    uint64_t base;      /* gpa of its address 0 */
    GPtrArray *devices; /* of Device*, owned, in the order of their nodes */
};

const char *device_bus_kind_name(DeviceBusKind kind);
DeviceBus *device_bus_new(DeviceBusKind kind, uint64_t base);
void device_bus_free(DeviceBus *bus);                         /* and the devices on it, the last one first */
void device_bus_add(DeviceBus *bus, Device *dev /* take */);  /* no other device of the bus has its id */
Device *device_bus_get(const DeviceBus *bus, unsigned index); /* NULL behind the last one */
void device_bus_reset(DeviceBus *bus);
void device_bus_settle(DeviceBus *bus);                      /* DeviceOps.settle() of each */
void device_bus_save(const DeviceBus *bus, GByteArray *out); /* a section for each device */
void device_bus_load(DeviceBus *bus, Sections *from);        /* what is refused, sections_end() reports */
void device_bus_describe(const DeviceBus *bus, Dts *dts);    /* the devices' nodes, into the open node of the bus */
