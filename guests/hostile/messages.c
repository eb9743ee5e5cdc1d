/* SPDX-License-Identifier: MIT
 * Has the program say as much as it can: the fastest watchdog expires for ever, hypercalls are wrong in ever new ways, and holes of
 * the memory map are read. */
#include "hostile.h"

static void read_hole(uint32_t at)
{
    (void)*(volatile uint32_t *)(CCSR + at);
}

void guest_main(void)
{
    uint32_t seed = boot_seed();

    mtspr(SPR_TSR, 0xffffffff);
    mtspr(SPR_TCR, 3u << 30 | 2u << 28 | 0xfu << 17);
    for (;;) {
        const uint32_t args[8] = {next_random(&seed) | 0x80000000, 99, next_random(&seed)};

        mtspr(SPR_TSR, 0xc0000000); /* the watchdog may expire once more */
        call_EV_BYTE_CHANNEL_SEND(args, NULL);
        trap_run((const void *)read_hole, mfmsr(), next_random(&seed) & 0xffffc, 0, 0, 0);
    }
}
