/* SPDX-License-Identifier: MIT
 *
 * The physical map and interrupt numbers of board ppce500.
 */
#pragma once

#include <stdint.h>

#define PPCE500_CCSR       UINT64_C(0xfe0000000)
#define PPCE500_PCI_IO     UINT64_C(0xfe1000000)
#define PPCE500_SPIN_TABLE UINT64_C(0xfef000000)
#define PPCE500_PCI_MEM    UINT64_C(0xc00000000)

enum {
    PPCE500_CLOCK_HZ = 400000000,
    PPCE500_CCSR_SIZE = 0x100000,
    PPCE500_PCI_IO_SIZE = 0x10000,
    PPCE500_PCI_MEM_SIZE = 0x20000000,
    PPCE500_PCI_MEM_BUS = (int)0xe0000000, /* bus address of the memory window */
};

/* Offsets in CCSR and MPIC sources. */
enum {
    PPCE500_I2C = 0x3000,
    PPCE500_UART0 = 0x4500,
    PPCE500_UART1 = 0x4600,
    PPCE500_PCI = 0x8000,
    PPCE500_MPIC = 0x40000,
    PPCE500_MSI = 0x41600,
    PPCE500_GUTS = 0xe0000,
    PPCE500_GPIO = 0xff000,

    PPCE500_IRQ_PCI_INTA = 1, /* to INTD = 4 */
    PPCE500_IRQ_PCI_ERROR = 24,
    PPCE500_IRQ_UART = 42,
    PPCE500_IRQ_I2C = 43,
    PPCE500_IRQ_GPIO = 47,
};
