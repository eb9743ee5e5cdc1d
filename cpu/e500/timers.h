/* SPDX-License-Identifier: MIT
 *
 * Time base, decrementer, fixed-interval timer and watchdog (timers.c).
 */
#pragma once

#include "cpu/e500/core.h"

void e500_timers_init(E500 *c);   /* after state was put at FULL: anchors the time base to s.tb */
void e500_timers_update(E500 *c); /* now: DEC/FIT/WDT expiries → TSR bits, attention; recompute timer_deadline_ns */
void e500_timers_freeze(E500 *c); /* state is about to be read: s.tb, SPR_DEC as of now */
uint64_t e500_timebase(const E500 *c);
uint64_t e500_alternate_timebase(const E500 *c);
void e500_set_timebase(E500 *c, uint64_t tb); /* DEC goes on from its value */
/*
 * Software is about to see the time, or to let the timers' interrupts in: an event that has come is in TSR, and its interrupt will be taken
 * before the next instruction.
 */
void e500_timers_look(E500 *c);
uint32_t e500_decrementer(const E500 *c);
void e500_set_decrementer(E500 *c, uint32_t value);
void e500_timers_reload(E500 *c); /* TCR, TSR, DEC, DECAR were put; the time base was not */
