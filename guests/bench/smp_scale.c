/* SPDX-License-Identifier: MIT
 * How long the same work takes on one CPU, and on all at once, each with its own: for the reader's eyes, as it depends on the
 * host.  The work is checked. */
#include "guest.h"

enum { TIMES = 6, WORDS = 2048 };

static volatile uint32_t area[CPUS_MAX][WORDS] __attribute__((aligned(4096)));
static volatile uint32_t result[CPUS_MAX];

/* Loads, stores, arithmetic and branches. */
static void work(uint32_t cpu)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < WORDS; i++)
        area[cpu][i] = i;
    for (unsigned n = 0; n < TIMES; n++) {
        for (unsigned i = 0; i < WORDS; i++) {
            uint32_t v = area[cpu][i];

            sum = (sum << 1 | sum >> 31) ^ v;
            v = v * 29 + (sum & 7 ? n : i);
            area[cpu][i] = v;
        }
    }
    result[cpu] = sum;
}

/* Nothing but stores. */
static void store(uint32_t cpu)
{
    volatile uint32_t *p = area[cpu];

    for (unsigned n = 0; n < TIMES; n++)
        for (unsigned i = 0; i < WORDS; i += 8) {
            p[i] = p[i + 1] = p[i + 2] = p[i + 3] = n;
            p[i + 4] = p[i + 5] = p[i + 6] = p[i + 7] = n;
        }
}

static uint32_t ticks(void (*run)(CpuTask *), CpuTask *task)
{
    uint64_t best = ~0ull, end = timebase() + (1 << 30);

    for (unsigned n = 0; n < 200 && timebase() < end; n++) { /* the best of a few: the host has other things to do */
        uint64_t since = timebase();

        run(task);
        since = timebase() - since;
        best = since < best ? since : best;
    }
    return (uint32_t)best;
}

static void alone(CpuTask *task)
{
    task(0);
}

void guest_main(void)
{
    unsigned cpus = cpus_count(), wrong = 0;

    cpus_start();
    uint32_t one = ticks(alone, work), stores = ticks(alone, store), all = ticks(cpus_run, work);
    for (unsigned n = 0; n < cpus; n++)
        wrong += result[n] != result[0];
    say("%u vCPUs: %u ticks for the work on one, %u on all at once; %u for stores\n", cpus, one, all, stores);
    say("    all do %u percent of what one does\n", cpus * 100 * (one / 256) / (all / 256 + 1));
    report_eq("each did all of its work", wrong, 0);
}
