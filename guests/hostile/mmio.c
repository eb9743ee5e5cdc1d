/* SPDX-License-Identifier: MIT
 * Loads and stores of every size at random places of CCSR, devices and holes alike, mostly at registers that exist.  A reset that comes
 * of it is as good as any other; the one pin that would power the machine off is left alone.  Every vCPU does so. */
#include "hostile.h"

#define GPIO_BLOCK 0xff000u

static uint32_t place(uint32_t *seed)
{
    static const uint32_t blocks[] = {0x3000, 0x4500, 0x4600, 0x8000, 0x40000, 0x41000, 0x50000, 0x60000, 0xe0000, GPIO_BLOCK};
    uint32_t r = next_random(seed);

    if ((r & 7) == 0)
        return r >> 8 & 0xfffff; /* anywhere, misaligned, too */
    return blocks[(r >> 4) % (sizeof blocks / sizeof *blocks)] + (r >> 12 & 0xff0) + (r & 8 ? r >> 24 & 15 : 0);
}

static void touch(uint32_t at, uint32_t kind, uint32_t value)
{
    volatile uint8_t *p = (volatile uint8_t *)(CCSR + at);

    if ((at & 0xff000) == GPIO_BLOCK && kind >= 3)
        return;
    switch (kind) {
    case 0:
        (void)*p;
        break;
    case 1:
        (void)*(volatile uint16_t *)p;
        break;
    case 2:
        (void)*(volatile uint32_t *)p;
        break;
    case 3:
        *p = (uint8_t)value;
        break;
    case 4:
        *(volatile uint16_t *)p = (uint16_t)value;
        break;
    default:
        *(volatile uint32_t *)p = value;
        break;
    }
}

static void attack(unsigned cpu)
{
    uint32_t seed = boot_seed() + cpu * 0x10001 + 1;

    for (;;) {
        uint32_t at = place(&seed), kind = next_random(&seed) % 6, value = next_random(&seed);

        /* A value of few bits is more often one that a register knows. */
        trap_run((const void *)touch, mfmsr(), at, kind, value & 0x100 ? value : value & 0x1f, 0);
    }
}

void guest_main(void)
{
    if (cpus_count() > 1) {
        cpus_start();
        cpus_begin(attack);
    }
    attack(0);
}
