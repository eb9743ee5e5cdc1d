/* SPDX-License-Identifier: MIT */
#include "platform/base/device_bus.h"

#include <string.h>

const char *device_bus_kind_name(DeviceBusKind kind)
{
    static const char *const names[DEVICE_BUS_KINDS] = {
#define X(id, name, doc) name,
        DEVICE_BUS_KIND_LIST(X)
#undef X
    };
    return names[kind];
}

DeviceBus *device_bus_new(DeviceBusKind kind, uint64_t base)
{
    DeviceBus *bus = g_new0(DeviceBus, 1);
    bus->kind = kind;
    bus->base = base;
    bus->devices = g_ptr_array_new();
    return bus;
}

void device_bus_free(DeviceBus *bus)
{
    if (!bus)
        return;
    /* A device may look at an earlier one when it ends: a back end, an interrupt controller. */
    for (guint i = bus->devices->len; i-- > 0;)
        device_free(bus->devices->pdata[i]);
    g_ptr_array_free(bus->devices, TRUE);
    g_free(bus);
}

void device_bus_add(DeviceBus *bus, Device *dev)
{
    g_assert(!dev->bus);
    for (guint i = 0; i < bus->devices->len; i++)
        if (!strcmp(((const Device *)bus->devices->pdata[i])->id, dev->id))
            g_error("two devices on bus %s are called %s", device_bus_kind_name(bus->kind), dev->id);
    dev->bus = bus;
    g_ptr_array_add(bus->devices, dev);
}

Device *device_bus_get(const DeviceBus *bus, unsigned index)
{
    return index < bus->devices->len ? bus->devices->pdata[index] : NULL;
}

void device_bus_reset(DeviceBus *bus)
{
    for (guint i = 0; i < bus->devices->len; i++)
        device_reset(bus->devices->pdata[i]);
}

void device_bus_settle(DeviceBus *bus)
{
    for (guint i = 0; i < bus->devices->len; i++)
        device_settle(bus->devices->pdata[i]);
}

void device_bus_save(const DeviceBus *bus, GByteArray *out)
{
    for (guint i = 0; i < bus->devices->len; i++)
        device_save(bus->devices->pdata[i], out);
}

void device_bus_load(DeviceBus *bus, Sections *from)
{
    for (guint i = 0; i < bus->devices->len; i++)
        device_load(bus->devices->pdata[i], from);
}

void device_bus_describe(const DeviceBus *bus, Dts *dts)
{
    for (guint i = 0; i < bus->devices->len; i++)
        device_describe(bus->devices->pdata[i], dts);
}
