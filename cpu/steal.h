/* SPDX-License-Identifier: MIT
 *
 * Time that a vCPU's thread wanted a processor of the host and had none.  All in that thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct Steal {
    uint64_t wanted_ns, run_ns;   /* so far: wanted to run, ran */
    uint64_t steal_ns;            /* their difference; never less than before */
    uint64_t seen_wall, seen_cpu; /* both clocks when they were last counted, ns */
    bool counting;                /* the thread wants to run.  Atomic */
} Steal;

void steal_begin(Steal *steal); /* it wants to run from here on */
void steal_end(Steal *steal);   /* it does not, of its own will */
/* Counts up to now, if at least every_ns went by since the last time and it wants to run. */
void steal_count(Steal *steal, uint64_t every_ns);
bool steal_counting(const Steal *steal); /* any thread */
