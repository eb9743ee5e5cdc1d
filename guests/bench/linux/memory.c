/* SPDX-License-Identifier: MIT
 * The C library's copying and clearing; loads of which each needs the last one's value, over more or less than the TLB reaches. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

enum { MIB = 1 << 20, PAGE = 4096, LINE = 64 };

uint32_t item_memcpy(uint32_t work)
{
    uint8_t *from = malloc(16 * MIB), *to = malloc(16 * MIB);
    uint32_t seed = 5, sum = 0;

    if (!from || !to)
        give_up("memcpy: memory");
    for (size_t i = 0; i < 16 * MIB; i++)
        from[i] = (uint8_t)next_random(&seed);
    memset(to, 0, 16 * MIB); /* its pages are there before the time begins */
    timing_begin();
    for (uint32_t n = 0; n < work; n++) {
        memcpy(to, from, 16 * MIB);
        memset(from + (n & 1) * 8 * MIB, (int)n, 8 * MIB);
        sum = sum * 31 + to[next_random(&seed) % (16 * MIB)];
        __asm__ volatile("" : : "r"(from), "r"(to) : "memory");
    }
    return sum ^ digest(from, MIB) ^ digest(to + 15 * MIB, MIB);
}

/* One ring through every line, in random order (Sattolo's algorithm): a slot holds the next one's number. */
static uint32_t chase(size_t bytes, uint32_t loads)
{
    typedef struct {
        uint32_t next, unused[LINE / sizeof(uint32_t) - 1];
    } Slot;
    uint32_t slots = (uint32_t)(bytes / sizeof(Slot)), seed = 11, at = 0;
    Slot *ring = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (ring == MAP_FAILED)
        give_up("chase: memory");
    for (uint32_t i = 0; i < slots; i++)
        ring[i].next = i;
    for (uint32_t i = slots - 1; i > 0; i--) {
        uint32_t j = next_random(&seed) % i, other = ring[i].next;
        ring[i].next = ring[j].next;
        ring[j].next = other;
    }
    timing_begin();
    for (uint32_t n = 0; n < loads; n++)
        at = ring[at].next;
    return at;
}

uint32_t item_chase4(uint32_t work)
{
    return chase(4 * MIB, work);
}

uint32_t item_chase64(uint32_t work)
{
    return chase(64 * MIB, work);
}
