/* SPDX-License-Identifier: MIT */
#include "platform/devices/pci/bus.h"

void pci_bus_init(PciBus *bus, const PciBridge *bridge)
{
    *bus = (PciBus){.bridge = *bridge};
    for (unsigned space = 0; space < G_N_ELEMENTS(bus->range); space++)
        bus->range[space] = g_array_new(FALSE, FALSE, sizeof(PciRange));
}

void pci_bus_clear(PciBus *bus)
{
    for (unsigned space = 0; space < G_N_ELEMENTS(bus->range); space++)
        g_array_free(bus->range[space], TRUE);
}

int pci_bus_free_slot(const PciBus *bus, unsigned first)
{
    for (unsigned slot = first; slot < PCI_SLOTS; slot++) {
        unsigned function = 0;
        while (function < PCI_FUNCTIONS && !bus->function[slot << 3 | function])
            function++;
        if (function == PCI_FUNCTIONS)
            return (int)slot;
    }
    return -1;
}

/* A guest looks for the other functions of a slot when the one that it finds says that there are some. */
static void tell_multifunction(PciBus *bus, unsigned slot)
{
    PciDevice **function = &bus->function[slot << 3];
    bool several = false;
    for (unsigned i = 1; i < PCI_FUNCTIONS; i++)
        several |= function[i] != NULL;
    for (unsigned i = 0; several && i < PCI_FUNCTIONS; i++)
        if (function[i])
            pci_config_set(&function[i]->config, PCI_HEADER_TYPE, 1, PCI_HEADER_MULTIFUNCTION);
}

void pci_bus_plug(PciBus *bus, PciDevice *dev, unsigned devfn)
{
    g_assert(devfn >= PCI_FUNCTIONS && devfn < G_N_ELEMENTS(bus->function) && !bus->function[devfn]);
    bus->function[devfn] = dev;
    dev->bus = bus;
    dev->devfn = devfn;
    dev->dma.memory = bus->bridge.memory;
    tell_multifunction(bus, devfn >> 3);
    pci_bus_remap(bus);
}

void pci_bus_remap(PciBus *bus)
{
    g_array_set_size(bus->range[PCI_SPACE_MEMORY], 0);
    g_array_set_size(bus->range[PCI_SPACE_IO], 0);
    for (unsigned devfn = 0; devfn < G_N_ELEMENTS(bus->function); devfn++) {
        PciDevice *dev = bus->function[devfn];
        for (unsigned bar = 0; dev && bar < PCI_BARS; bar++) {
            PciRange range = {.dev = dev, .bar = bar};
            PciSpace space;
            if (!pci_config_bar(&dev->config, bar, &space, &range.first))
                continue;
            range.last = range.first + (dev->config.bar[bar].size - 1);
            g_array_append_val(bus->range[space], range);
        }
    }
}

void pci_bus_wire(PciBus *bus, unsigned devfn, unsigned pin, bool level)
{
    unsigned line = ((devfn >> 3) + pin - 1) % PCI_PINS;
    bool was = bus->up[line] != 0;
    bus->up[line] += level ? 1 : -1;
    if (was != (bus->up[line] != 0))
        irq_set(&bus->bridge.intx[line], level);
}

/* --- configuration cycles */

bool pci_bus_config_read(PciBus *bus, unsigned devfn, unsigned at, unsigned size, uint32_t *value)
{
    PciDevice *dev = bus->function[devfn];
    if (!dev)
        return false;
    if (dev->ops->config_read)
        dev->ops->config_read(dev, at, size);
    *value = pci_config_read(&dev->config, at, size);
    return true;
}

bool pci_bus_config_write(PciBus *bus, unsigned devfn, unsigned at, unsigned size, uint32_t value)
{
    PciDevice *dev = bus->function[devfn];
    if (!dev)
        return false;
    pci_config_write(&dev->config, at, size, value);
    pci_device_config_written(dev, at, size);
    return true;
}

/* --- accesses by processors */

static const PciRange *range_find(const PciBus *bus, PciSpace space, uint64_t address, unsigned size)
{
    const GArray *ranges = bus->range[space];
    for (guint i = 0; i < ranges->len; i++) {
        const PciRange *r = &g_array_index(ranges, PciRange, i);
        if (address >= r->first && address <= r->last && size - 1 <= r->last - address)
            return r;
    }
    return NULL;
}

bool pci_bus_read(PciBus *bus, PciSpace space, uint64_t address, unsigned size, uint32_t *value)
{
    const PciRange *r = range_find(bus, space, address, size);
    if (!r)
        return false;
    *value = r->dev->ops->read(r->dev, r->bar, address - r->first, size);
    return true;
}

bool pci_bus_write(PciBus *bus, PciSpace space, uint64_t address, unsigned size, uint32_t value)
{
    const PciRange *r = range_find(bus, space, address, size);
    if (!r)
        return false;
    r->dev->ops->write(r->dev, r->bar, address - r->first, size, value);
    return true;
}
