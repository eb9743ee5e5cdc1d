/* SPDX-License-Identifier: MIT
 * Three instructions a turn, 2e9 turns: an engine's plainest case. */
#include "bench_bare.h"

void guest_main(void)
{
    uint32_t turns = 2000000000u / divisor(), sum = 0;

    begin("spin");
    __asm__ volatile("1: add %1,%1,%0; addic. %0,%0,-1; bne 1b" : "+r"(turns), "+r"(sum) : : "cr0", "xer");
    end("spin", sum);
}
