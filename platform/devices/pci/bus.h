/* SPDX-License-Identifier: MIT
 *
 * The PCI bus behind a host bridge: which function is where, who answers an address, the four interrupt wires, and what devices that
 * master the bus reach.  There is one bus, number 0; its host bridge is its slot 0.  Under the device lock.
 */
#pragma once

#include "platform/base/irq.h"
#include "platform/devices/pci/pci.h"

enum { PCI_SLOTS = 32, PCI_FUNCTIONS = 8, PCI_PINS = 4 };

/* What the bridge does for devices. */
typedef struct PciBridge {
    Memory *memory;
    bool (*inbound)(void *opaque, uint64_t address, uint64_t *length, uint64_t *gpa); /* as Dma.translate() */
    bool (*message)(void *opaque, uint64_t address, uint32_t data);                   /* false: not an address of messages */
    void *opaque;
    IrqLine intx[PCI_PINS];
} PciBridge;

/* An address range that a BAR claims. */
typedef struct PciRange {
    uint64_t first, last;
    PciDevice *dev;
    unsigned bar;
} PciRange;

struct PciBus {
    PciBridge bridge;
    PciDevice *function[PCI_SLOTS * PCI_FUNCTIONS]; /* by slot << 3 | function; not owned */
    GArray *range[2];     /* of PciRange by PciSpace: in the order of functions and BARs, the first counts */
    uint8_t up[PCI_PINS]; /* how many devices hold a wire up */
};

void pci_bus_init(PciBus *bus, const PciBridge *bridge);
void pci_bus_clear(PciBus *bus); /* when no device is left */
/* The first free slot from `first` on; −1: none is left. */
int pci_bus_free_slot(const PciBus *bus, unsigned first);
/* At slot << 3 | function, which is free and not slot 0. */
void pci_bus_plug(PciBus *bus, PciDevice *dev, unsigned devfn);
void pci_bus_remap(PciBus *bus);                                            /* BARs or COMMAND of a device changed */
void pci_bus_wire(PciBus *bus, unsigned devfn, unsigned pin, bool level);   /* pin 1 to 4; only changes */
void pci_device_config_written(PciDevice *dev, unsigned at, unsigned size); /* device.c: what follows from what is there now */

/* Of the function that the address of a configuration cycle names: slot 1 and higher.  at + size ≤ 256, and size ≤ 4.  false: there is none. */
bool pci_bus_config_read(PciBus *bus, unsigned devfn, unsigned at, unsigned size, uint32_t *value);
bool pci_bus_config_write(PciBus *bus, unsigned devfn, unsigned at, unsigned size, uint32_t value);
/* By a processor; size 1, 2 or 4.  false: nobody answers. */
bool pci_bus_read(PciBus *bus, PciSpace space, uint64_t address, unsigned size, uint32_t *value);
bool pci_bus_write(PciBus *bus, PciSpace space, uint64_t address, unsigned size, uint32_t value);
