/* SPDX-License-Identifier: MIT
 *
 * Freescale PCI host bridge (1957:0030), and the bus behind it: MPC8544E Reference Manual §17.  Cycles that nobody answers end in a
 * master abort, which reads all ones.
 */
#pragma once

#include "platform/base/device.h"
#include "platform/base/irq.h"
#include "platform/devices/pci/bus.h"

enum { PCI_HOST_SIZE = 0x1000 };
#define PCI_HOST_MEMORY_SIZE UINT64_C(0x20000000)
#define PCI_HOST_IO_SIZE     UINT64_C(0x10000)

/* Regions for bus_map(). */
enum { PCI_HOST_REGISTERS, PCI_HOST_MEMORY, PCI_HOST_IO };

typedef struct PciHostConfig {
    uint32_t memory_bus;          /* PCI address of the memory window; the I/O window is at 0 */
    IrqInput error;               /* of the host bridge itself */
    IrqInput intx[4];             /* INTA to INTD */
    unsigned first_slot, n_slots; /* devices with interrupt wires */
    Memory *memory;               /* what devices read and write; NULL: there will be none that does */
    /*
     * A device wrote 32 bits, as a register of CCSR sees them, at an offset of CCSR, which BAR0 shows on the bus: a message.  The interrupt
     * controller answers; false: nobody does.
     */
    bool (*message)(void *opaque, uint64_t offset, uint32_t value);
    void *opaque;
} PciHostConfig;

Device *pci_host_new(const char *id, const PciHostConfig *config);
/* At slot << 3 | function, which is free.  Takes the device. */
void pci_host_plug(Device *host, PciDevice *dev, unsigned devfn);
PciBus *pci_host_bus(Device *host);
const PciConfig *pci_host_config(Device *host); /* its own configuration space, as slot 0 */
