/* SPDX-License-Identifier: MIT */
#include "platform/base/device.h"

#include "platform/base/device_bus.h"

void device_init(Device *dev, const DeviceOps *ops, const char *id)
{
    g_assert(ops->state && ops->describe);
    state_check(ops->state);
    dev->ops = ops;
    dev->id = g_strdup(id);
}

void device_reset(Device *dev)
{
    state_reset(dev->ops->state, dev);
    if (dev->ops->reset)
        dev->ops->reset(dev);
    if (dev->below)
        device_bus_reset(dev->below);
}

void device_settle(Device *dev)
{
    if (dev->ops->settle)
        dev->ops->settle(dev);
    if (dev->below)
        device_bus_settle(dev->below);
}

void device_free(Device *dev)
{
    if (!dev)
        return;
    device_bus_free(dev->below);
    g_free(dev->id);
    if (dev->ops->free)
        dev->ops->free(dev);
    else
        g_free(dev);
}

void device_describe(Device *dev, Dts *dts)
{
    dev->ops->describe(dev, dts);
}

void device_no_node(Device *dev, Dts *dts) {}

uint64_t device_address(const Device *dev, unsigned region)
{
    return dev->region[region].gpa - (dev->bus ? dev->bus->base : 0);
}

void device_describe_reg(const Device *dev, Dts *dts)
{
    DTS_CELLS(dts, "reg", (uint32_t)device_address(dev, 0), (uint32_t)dev->region[0].size);
}

void device_save(const Device *dev, GByteArray *out)
{
    SectionWriter to = section_begin(out, dev->id, dev->ops->version);
    section_put(&to, dev->ops->state, dev);
    if (dev->ops->save)
        dev->ops->save(dev, &to);
    section_end(&to);
    if (dev->below)
        device_bus_save(dev->below, out);
}

bool device_load(Device *dev, Sections *from)
{
    Section *section = sections_find(from, dev->id, dev->ops->version);
    if (!section_get(section, dev->ops->state, dev))
        return false;
    if (dev->ops->load)
        dev->ops->load(dev, section);
    if (dev->ops->post_load)
        dev->ops->post_load(dev);
    if (dev->below)
        device_bus_load(dev->below, from);
    return true;
}
