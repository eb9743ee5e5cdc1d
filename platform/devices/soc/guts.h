/* SPDX-License-Identifier: MIT
 *
 * Global utilities of an MPC8544-like SoC: who the chip is, and the reset request.  Registers are
 * 32 bits wide and answer no other size.
 */
#pragma once

#include "platform/base/device.h"
#include "platform/base/irq.h"

enum { GUTS_SIZE = 0x1000 };

/*
 * pvr, svr: what the registers of those names read.  hreset_req goes up, for a moment, when the guest writes
 * RSTCR[HRESET_REQ].
 */
Device *guts_new(const char *id, uint32_t pvr, uint32_t svr, uint32_t clock_hz, IrqLine hreset_req);
