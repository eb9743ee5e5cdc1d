/* SPDX-License-Identifier: MIT
 * 1e7 system calls whose handler is one rfi: an interrupt and its return. */
#include "bench_bare.h"

/* Within 64 KiB: IVPR holds the upper 16 bits, IVOR8 (system call) the rest. */
PROBE(return_at_once, "rfi");

void guest_main(void)
{
    uint32_t calls = 10000000 / divisor(), left = calls, ivpr = mfspr(SPR_IVPR), ivor8 = mfspr(SPR_IVOR0 + 8);

    begin("exc");
    mtspr(SPR_IVPR, (uint32_t)return_at_once & 0xffff0000);
    mtspr(SPR_IVOR0 + 8, (uint32_t)return_at_once & 0xffff);
    __asm__ volatile("1: sc; addic. %0,%0,-1; bne 1b" : "+r"(left) : : "cr0", "xer", "memory");
    mtspr(SPR_IVPR, ivpr);
    mtspr(SPR_IVOR0 + 8, ivor8);
    end("exc", calls + left);
}
