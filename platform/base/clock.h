/* SPDX-License-Identifier: MIT
 *
 * Device timers on the machine's TimeSource.  Callbacks run under the device lock: in the main thread (host clock) or
 * wherever clock_run_due() is called (virtual clock: a vCPU thread between runs).
 */
#pragma once

#include <glib.h>

#include "cpu/timesource.h"
#include "platform/base/section.h"

typedef struct Clock Clock;
typedef struct ClockTimer ClockTimer;

Clock *clock_new(TimeSource *time); /* borrows time; the default GMainContext drives it */
void clock_free(Clock *clock);      /* after all its timers */
uint64_t clock_now_ns(const Clock *clock);
ClockTimer *clock_timer_new(Clock *clock, void (*fn)(void *opaque), void *opaque);
void clock_timer_free(ClockTimer *timer);
void clock_timer_set(ClockTimer *timer, uint64_t at_ns); /* absolute; replaces an earlier one.  Under the device lock */
void clock_timer_cancel(ClockTimer *timer);
void clock_run_due(Clock *clock); /* under the device lock */
/* When the timers are due, in the order in which they were made.  clock_load() comes last: it replaces what loading devices set. */
void clock_save(const Clock *clock, SectionWriter *to);
void clock_load(Clock *clock, Section *from);
void clock_rearm(Clock *clock); /* after time was started or stopped; under the device lock */
