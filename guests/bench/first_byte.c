/* SPDX-License-Identifier: MIT
 * Nothing: how long it takes from the program's start to the guest's first byte on UART0, which the library's end prints. */
#include "bench_bare.h"

void guest_main(void)
{
    say("BENCH first\n");
}
