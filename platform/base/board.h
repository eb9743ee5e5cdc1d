/* SPDX-License-Identifier: MIT
 *
 * The boards of -M.  Most of them are one system on a chip, at different places: what its blocks
 * have in common stands in the enum, what differs is a row of the table in board.c.  A paravirtual
 * board has no chip: its devices are reached by hypercalls.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Offsets in CCSR, and MPIC sources. */
enum {
    SOC_I2C = 0x3000,
    SOC_UART0 = 0x4500,
    SOC_UART1 = 0x4600,
    SOC_PCI = 0x8000,
    SOC_ESDHC = 0x2e000,
    SOC_MPIC = 0x40000,
    SOC_GUTS = 0xe0000,
    SOC_GPIO = 0xff000,
    SOC_SIZE = 0x100000,

    SOC_IRQ_PCI_INTA = 1, /* to INTD = 4 */
    SOC_IRQ_PCI_ERROR = 24,
    SOC_IRQ_UART = 42, /* of both */
    SOC_IRQ_I2C = 43,
    SOC_IRQ_GPIO = 47,
    SOC_IRQ_ESDHC = 72,
};

enum { BOARD_PLATFORM_SIZE = 128 << 20 };

/* Interrupts for devices that the user adds. */
typedef struct BoardInputs {
    unsigned first, n;
} BoardInputs;

typedef struct Board {
    const char *name, *doc;    /* -M */
    const char *model;         /* of the tree's root */
    const char *compatible[3]; /* of the tree's root; NULL-terminated */
    const char *cpu;           /* its core when -cpu names none */
    unsigned cpus_max;
    uint64_t ram_max;                              /* bytes: the first window of devices begins there */
    uint32_t clock_hz;                             /* cores, time base, bus, UARTs */
    uint64_t ccsr, pci_memory, pci_io, spin_table; /* gpa */
    uint32_t pci_memory_bus;                       /* PCI address of the memory window */
    unsigned pci_slot, pci_slots;                  /* the first slot that has interrupt wires, and how many there are */
    unsigned mpic;          /* its version: 20 or 42; 0: the board has no chip, and the virtual interrupt controller */
    uint64_t doorbell_page; /* gpa */
    uint64_t platform;      /* gpa of the platform bus */
    uint64_t direct_eoi;    /* paravirtual: gpa of the interrupt controller's page */
    BoardInputs edge_inputs, level_inputs;
    const char *nic; /* the card of -nic and -net nic without model= */
    bool has_gpio;   /* and with it a power-off pin */
} Board;

/* True: it has a system on a chip: CCSR with the blocks above, its interrupt controller among them. */
static inline bool board_has_soc(const Board *board)
{
    return board->mpic != 0;
}

/* Which of two types of -device a board has: one on the PCI bus, or where there is none its like on the platform bus. */
static inline const char *board_pci_or_not(const Board *board, const char *on_pci, const char *on_platform)
{
    return board_has_soc(board) ? on_pci : on_platform;
}

const Board *boards(size_t *n);            /* the default first */
const Board *board_find(const char *name); /* NULL: unknown */
