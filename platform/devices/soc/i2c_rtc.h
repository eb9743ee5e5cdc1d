/* SPDX-License-Identifier: MIT
 *
 * Freescale I2C controller, bus master only, with the clock chip as the one slave on its bus.
 * Registers are bytes, 4 apart.
 */
#pragma once

#include "platform/base/clock.h"
#include "platform/base/device.h"
#include "platform/base/irq.h"

enum { I2C_RTC_SIZE = 0x100 };

/*
 * irq is raised when a transfer ends and I2CCR[MIEN] is set.  The RTC shows the seconds of
 * clock (NULL: of the host's wall clock) plus base_s, as Unix time.
 */
Device *i2c_rtc_new(const char *id, IrqInput irq, const Clock *clock, int64_t base_s);
