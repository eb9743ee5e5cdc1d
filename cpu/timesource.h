/* SPDX-License-Identifier: MIT
 *
 * What time the guest sees, shared by the cores (time base, decrementer) and the devices (timers).
 *
 * Host mode: CLOCK_MONOTONIC less the time the machine stood still.  Virtual mode (-icount): it moves
 * only when the engine executes instructions or everybody idles; runs are repeatable.
 * All functions may be called from any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_SECOND UINT64_C(1000000000)

typedef struct TimeSource {
    bool is_virtual;           /* set once */
    uint8_t icount_shift;      /* virtual mode: one instruction lasts 1 << shift ns */
    bool running;              /* host mode.  Atomic */
    uint64_t now_ns;           /* virtual mode: now.  Host mode, stopped: when it stopped.  Atomic */
    uint64_t offset_ns;        /* host mode, running: CLOCK_MONOTONIC − now.  Atomic */
    uint64_t next_deadline_ns; /* earliest device timer.  Atomic */
    uint64_t turn_end_ns;      /* virtual mode: until then the executing vCPU has its turn.  Atomic */
} TimeSource;

void time_source_init(TimeSource *ts, bool is_virtual, unsigned icount_shift); /* stopped, at 0 */
uint64_t time_now_ns(const TimeSource *ts);
/* Virtual mode: the engine that executes must leave with INTR when this time has come. */
uint64_t time_next_stop_ns(const TimeSource *ts);
void time_source_start(TimeSource *ts); /* host mode: time goes on; virtual: nothing */
void time_source_stop(TimeSource *ts);
void time_source_advance(TimeSource *ts, uint64_t ns);       /* virtual mode only */
void time_source_advance_to(TimeSource *ts, uint64_t at_ns); /* virtual mode only; never backwards */

void time_source_set(TimeSource *ts, uint64_t now_ns); /* virtual mode, or stopped */

/* a * b / c without overflow of the product; saturates at UINT64_MAX.  c != 0 */
uint64_t mul_div_u64(uint64_t a, uint64_t b, uint64_t c);
