/* SPDX-License-Identifier: MIT
 *
 * A device on the PCI bus, as its own file makes it: configuration space, base address registers, an interrupt, and mastering the bus.
 * Numbers are little-endian ones, as PCI's are.  Under the device lock.
 *
 * The struct of such a device begins with a PciDevice.  Its tables of state have PCI_DEVICE_FIELDS and PCI_DEVICE_DERIVED, its reset(),
 * post_load() and free() call the functions below that say so, and it has no node: device_no_node().
 */
#pragma once

#include "platform/base/device.h"
#include "platform/base/dma.h"
#include "platform/devices/pci/config.h"

typedef struct PciBus PciBus; /* bus.h */
typedef struct PciDevice PciDevice;

typedef struct PciDeviceOps {
    /* Access to what a BAR shows: size 1, 2 or 4, offset a multiple of it, all of it inside. */
    uint32_t (*read)(PciDevice *dev, unsigned bar, uint64_t offset, unsigned size);
    void (*write)(PciDevice *dev, unsigned bar, uint64_t offset, unsigned size, uint32_t value);
    /* A capability with a window of its own: before the guest reads it, and after it wrote some of it.  May be NULL. */
    void (*config_read)(PciDevice *dev, unsigned at, unsigned size);
    void (*config_written)(PciDevice *dev, unsigned at, unsigned size);
} PciDeviceOps;

struct PciDevice { /* first member of the struct */
    Device dev;
    PciConfig config; /* its bytes are state */
    bool intx;        /* the device's wish for its interrupt pin.  State */
    const PciDeviceOps *ops;
    PciBus *bus;      /* NULL: not plugged in yet */
    const char *name; /* id= of the command line, which lives as long; NULL: none */
    bool asserted;    /* what the wire is told */
    Dma dma;          /* its way to RAM: nowhere while COMMAND has its mastering off */
    uint64_t
        devfn; /* slot << 3 | function.  64 bits, and the last member, so that no padding is behind it on hosts of 32 bits either */
};

#define PCI_DEVICE_FIELDS(type, pci) STATE_ARRAY(type, pci.config.bytes, 0), STATE_FIELD(type, pci.intx, 0)
#define PCI_DEVICE_DERIVED(type, pci)                                                                                              \
    STATE_DERIVED(type, pci.dev), STATE_DERIVED(type, pci.config.initial), STATE_DERIVED(type, pci.config.writable),               \
        STATE_DERIVED(type, pci.config.clearable), STATE_DERIVED(type, pci.config.bar), STATE_DERIVED(type, pci.config.end),       \
        STATE_DERIVED(type, pci.ops), STATE_DERIVED(type, pci.bus), STATE_DERIVED(type, pci.devfn), STATE_DERIVED(type, pci.name), \
        STATE_DERIVED(type, pci.asserted), STATE_DERIVED(type, pci.dma)

/* After pci_config_init() and its like on pci->config; id as device_init().  BARs and capabilities may still be added until it is plugged in. */
void pci_device_init(PciDevice *pci, const DeviceOps *ops, const PciDeviceOps *pci_ops, const char *id,
                     const PciIdentity *identity);
void pci_device_reset(PciDevice *pci);     /* for DeviceOps.reset */
void pci_device_post_load(PciDevice *pci); /* for DeviceOps.post_load */
void pci_device_unplug(PciDevice *pci);    /* for DeviceOps.free: the bus forgets it */

void pci_set_intx(PciDevice *pci, bool level);
/* A write by the device as message: the MPIC's MSIIR, or RAM.  Lost where mastering is off or nobody answers. */
void pci_send_message(PciDevice *pci, uint64_t address, uint32_t data);
