/* SPDX-License-Identifier: MIT
 *
 * Enhanced secured digital host controller (eSDHC) of Freescale's systems, with the one card in its slot: P2020 Reference Manual §19.
 * Registers are 32 bits wide and answer no other size.  Data are moved by the guest (DATPORT) or by simple DMA; the clocks of the card
 * and its wires are registers without effect.
 */
#pragma once

#include "platform/base/device.h"
#include "platform/base/irq.h"
#include "platform/base/memory.h"
#include "platform/block/block.h"

enum { ESDHC_SIZE = 0x1000 };

typedef struct EsdhcConfig {
    IrqInput irq;
    Memory *memory; /* borrowed, as is block */
    Block *block;   /* of the card */
} EsdhcConfig;

/* NULL: no card is as large as the drive. */
Device *esdhc_new(const char *id, const EsdhcConfig *config, GError **error);
