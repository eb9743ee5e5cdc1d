/* SPDX-License-Identifier: MIT
 *
 * Enhanced three-speed Ethernet controller (eTSEC 2.0) of Freescale's systems, one of its queues each way: P2020 Reference Manual §14.
 * Frames are sent and received at once, so its FIFOs, thresholds, coalescing of interrupts and time stamps are registers without effect;
 * the filer is not there.
 */
#pragma once

#include "platform/base/device.h"
#include "platform/base/irq.h"
#include "platform/base/memory.h"
#include "platform/base/clock.h"
#include "platform/net/net.h"

enum { ETSEC_SIZE = 0x1000 };

typedef struct EtsecConfig {
    IrqInput tx, rx, error;
    Memory *memory;
    Clock *clock;
    Net *net; /* NULL: no cable */
    uint8_t mac[NET_MAC_SIZE];
} EtsecConfig;

Device *etsec_new(const char *id, const EtsecConfig *config);
