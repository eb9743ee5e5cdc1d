/* SPDX-License-Identifier: MIT
 *
 * Address translation and mapping units of the host bridge: windows between the addresses of the processors and those of the PCI bus.
 * MPC8544E Reference Manual §17.3.1.2 and §17.3.1.3.  The registers are the state; everything here is computed from them.
 */
#pragma once

#include "platform/devices/pci/config.h"

enum {
    ATMU_OUTBOUND = 5,                 /* windows; the first is the default one, which takes what no other does */
    ATMU_INBOUND = 3,                  /* the last of the registers is window 1 */
    ATMU_REGISTERS = 0x200 / 4,        /* +0xc00 … +0xdff */
    ATMU_INBOUND_AT = (0xda0 - 0xc00), /* bytes */
};

typedef struct Atmu {
    uint32_t reg[ATMU_REGISTERS];
} Atmu;

uint32_t *atmu_register(Atmu *atmu, unsigned offset); /* in bytes from +0xc00; NULL: there is none */
/* As boot firmware leaves the windows, and as the tree says: memory and I/O from the processors, all RAM from the bus. */
void atmu_reset(Atmu *atmu, uint64_t memory_gpa, uint32_t memory_bus, uint64_t memory_size, uint64_t io_gpa, uint64_t io_size);
/* PCI address of an access by a processor.  A size of 8 lies in one window, as these begin at multiples of 4 KiB. */
uint64_t atmu_outbound(const Atmu *atmu, uint64_t gpa, PciSpace *space);
/* As Dma.translate(), for an access by a device. */
bool atmu_inbound(const Atmu *atmu, uint64_t address, uint64_t *length, uint64_t *gpa);
