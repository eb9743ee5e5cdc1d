/* SPDX-License-Identifier: MIT
 *
 * Freescale PCI host bridge (1957:0030).  The bus behind it is empty: cycles there end in a master
 * abort, which reads all ones.
 */
#pragma once

#include "platform/base/device.h"
#include "platform/base/irq.h"

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
} PciHostConfig;

Device *pci_host_new(const char *id, const PciHostConfig *config);
