/* SPDX-License-Identifier: MIT
 * Something to debug: a loop with known names and values.  It ends when the debugger clears
 * gdb_go_on, or by itself after a while: so it is a test like the others where nobody attaches. */
#include "guest.h"

volatile uint32_t gdb_go_on = 1, gdb_rounds;
volatile uint64_t gdb_value = 0x0123456789abcdefull;

uint32_t __attribute__((noinline)) gdb_step(uint32_t round);
uint32_t gdb_step(uint32_t round)
{
    gdb_value = gdb_value << 1 | gdb_value >> 63;
    return round + 1;
}

void guest_main(void)
{
    uint32_t round = 0;

    while (gdb_go_on && round < 1000000)
        gdb_rounds = round = gdb_step(round);
    report_eq("rounds are counted one by one", gdb_rounds, round);
}
