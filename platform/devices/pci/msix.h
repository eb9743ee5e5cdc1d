/* SPDX-License-Identifier: MIT
 *
 * MSI-X: a table of messages, one for each of a device's reasons to interrupt.  PCI Local Bus Specification 3.0 §6.8.2.  A struct that has
 * one lists PCI_MSIX_FIELDS and PCI_MSIX_DERIVED in its tables of state.  Under the device lock.
 */
#pragma once

#include "platform/devices/pci/pci.h"

enum { PCI_MSIX_VECTORS_MAX = 32 };

typedef struct PciMsix {
    uint64_t n;                              /* vectors; 0: the device has no MSI-X */
    uint64_t cap;                            /* offset of the capability */
    uint64_t pending;                        /* bit per vector: waits until it is not masked any more.  State */
    uint32_t entry[PCI_MSIX_VECTORS_MAX][4]; /* address, its upper half, data, control.  State */
} PciMsix;

#define PCI_MSIX_FIELDS(type, msix)     \
    STATE_FIELD(type, msix.pending, 0), \
        STATE_ELEMENTS(type, msix.entry[0][0], #msix ".entry", 4 * (size_t)PCI_MSIX_VECTORS_MAX, sizeof(uint32_t), .reset = 0)
#define PCI_MSIX_DERIVED(type, msix) STATE_DERIVED(type, msix.n), STATE_DERIVED(type, msix.cap)

/* With the device still unplugged: adds a BAR for the table and the capability.  n: 1 to PCI_MSIX_VECTORS_MAX. */
void pci_msix_init(PciMsix *msix, PciDevice *pci, unsigned bar, unsigned n);
void pci_msix_reset(PciMsix *msix); /* for DeviceOps.reset */
bool pci_msix_is_on(const PciMsix *msix, const PciDevice *pci);
/* Sends a vector's message, or remembers it while the guest has it masked; MSI-X is on. */
void pci_msix_notify(PciMsix *msix, PciDevice *pci, unsigned vector);
/* Accesses to the BAR, and after a write to the capability. */
uint32_t pci_msix_read(const PciMsix *msix, uint64_t offset, unsigned size);
void pci_msix_write(PciMsix *msix, PciDevice *pci, uint64_t offset, unsigned size, uint32_t value);
void pci_msix_config_written(PciMsix *msix, PciDevice *pci);
