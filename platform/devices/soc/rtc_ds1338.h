/* SPDX-License-Identifier: MIT
 *
 * DS1338-like clock chip (pericom pt7c4338 too) as an I2C slave: registers 0–6 time in BCD, 7
 * control, 8–63 memory. A part of its bus master's struct: no Device of its own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "platform/base/clock.h"

enum { RTC_DS1338_REGS = 64, RTC_DS1338_TIME_REGS = 7, RTC_DS1338_ADDRESS = 0x68 };

typedef struct RtcDs1338 {
    int64_t base_s;     /* Unix time less that of clock */
    const Clock *clock; /* NULL: the host's wall clock */

    uint64_t offset_s;  /* signed: what the guest set, less what was shown before */
    uint64_t stopped_s; /* signed Unix time while halted */
    uint8_t halted;     /* CH */
    uint8_t hours_12;   /* shows 12 hours with AM/PM */
    uint8_t day_shift;  /* day of the week, 0–6 beyond the calendar's */
    uint8_t pointer;
    uint8_t addressed;             /* next byte written is the pointer */
    uint8_t regs[RTC_DS1338_REGS]; /* 0–6: the time as of the last start */
} RtcDs1338;

void rtc_ds1338_start(RtcDs1338 *rtc);
void rtc_ds1338_write(RtcDs1338 *rtc, uint8_t byte);
uint8_t rtc_ds1338_read(RtcDs1338 *rtc);
