/* SPDX-License-Identifier: MIT */
#include "platform/devices/hv/partition_handle.h"

#include "platform/base/device_bus.h"

typedef struct PartitionHandle {
    Device dev;
    uint32_t handle;
    char *name;
} PartitionHandle;

static const StateField partition_handle_derived[] = {
    STATE_DERIVED(PartitionHandle, dev),
    STATE_DERIVED(PartitionHandle, handle),
    STATE_DERIVED(PartitionHandle, name),
};
STATE_STRUCT_DERIVED(PartitionHandle, partition_handle);

static void partition_handle_describe(Device *dev, Dts *dts)
{
    const PartitionHandle *p = (PartitionHandle *)dev;
    dts_begin(dts, "partition@%x", p->handle);
    dts_string(dts, "compatible", "fsl,hv-partition-handle");
    dts_u32(dts, "reg", p->handle);
    dts_u32(dts, "hv-handle", p->handle);
    dts_string(dts, "label", p->name);
    dts_u32(dts, "#address-cells", 1);
    dts_u32(dts, "#size-cells", 0);
    device_bus_describe(dev->below, dts);
    dts_end(dts);
}

static void partition_handle_free(Device *dev)
{
    PartitionHandle *p = (PartitionHandle *)dev;
    g_free(p->name);
    g_free(p);
}

static const DeviceOps partition_handle_ops = {
    .name = "partition_handle",
    .state = &partition_handle_state,
    .describe = partition_handle_describe,
    .free = partition_handle_free,
};

Device *partition_handle_new(const char *id, const PartitionHandleConfig *config)
{
    PartitionHandle *p = g_new0(PartitionHandle, 1);
    device_init(&p->dev, &partition_handle_ops, id);
    p->handle = config->handle;
    p->name = g_strdup(config->name);
    p->dev.below = device_bus_new(DEVICE_BUS_HANDLES, 0);
    device_bus_add(p->dev.below, config->state_change);
    device_bus_add(p->dev.below, config->watchdog);
    return &p->dev;
}
