/* SPDX-License-Identifier: MIT
 * The lines of linux/main.c, for guests without a kernel.  They have no clock of their own to compare. */
#pragma once
#include "guest.h"

/* `bench=NAME/DIVISOR` on the command line: by what the work is divided; 1 without it. */
static inline uint32_t divisor(void)
{
    const char *words = fdt_property(fdt_node("/chosen"), "bootargs", NULL);
    uint32_t n = 0;

    while (words && *words && *words != '/')
        words++;
    while (words && *words && *++words >= '0' && *words <= '9')
        n = n * 10 + (uint32_t)(*words - '0');
    return n ? n : 1;
}

static inline void begin(const char *name)
{
    say("BENCH begin %s\n", name);
}

static inline void end(const char *name, uint32_t checksum)
{
    say("BENCH end %s %x 0\nBENCH done\n", name, checksum);
}
