/* SPDX-License-Identifier: MIT
 * Guests that attack the program they run in.  They never end: tests/hostile/run looks at them from outside.
 */
#pragma once
#include "guest.h"
#include "hcall_guest.h"

/* A fixed sequence, so that a run can be repeated: xorshift32 (Marsaglia, 2003).  Never 0. */
static inline uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/*
 * A seed that is another one after each reset: how often the guest began is kept in RAM that no image covers.  A guest that scribbles
 * there begins with whatever it left, which is a seed as well.
 */
static inline uint32_t boot_seed(void)
{
    keep_area[0] += 0x9e3779b9;
    return keep_area[0] ? keep_area[0] : 1;
}

/* Interrupts that are let through come back at once: the decrementer ends a wait. */
static inline void ignore_interrupts(void)
{
    mtspr(SPR_TCR, 1u << 26 | 1u << 22); /* DIE, ARE: the decrementer reloads itself */
    mtspr(SPR_DECAR, 200);
    mtspr(SPR_DEC, 200);
}

static inline void acknowledge_timer(TrapFrame *frame)
{
    mtspr(SPR_TSR, 1u << 27);
}
