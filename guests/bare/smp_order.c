/* SPDX-License-Identifier: MIT
 * What barriers promise between CPUs (Power ISA 2.06B Book II §1.7.1, §4.4.3): the known litmus tests, over long arrays that the CPUs
 * walk at the same time.  A forbidden outcome in any cell fails.  Needs -smp 2; with 4, independent readers too. */
#include "guest.h"

enum { CELLS = 4096, WALKS = 8, STRIDE = 16 }; /* a line of 64 bytes each */

static volatile uint32_t x[CELLS * STRIDE] __attribute__((aligned(64))), y[CELLS * STRIDE] __attribute__((aligned(64)));
static volatile uint32_t seen[4][2][CELLS];

#define X(n) x[(n)*STRIDE]
#define Y(n) y[(n)*STRIDE]

static inline void msync(void)
{
    __asm__ volatile("msync" : : : "memory");
}

/* The e500v2 has the strong one only. */
static inline void lwsync(void)
{
    if (cpu_is_e500v2())
        msync();
    else
        __asm__ volatile("lwsync" : : : "memory");
}

static inline void eieio(void)
{
    __asm__ volatile("mbar 1" : : : "memory");
}

/* A conditional branch on a loaded value, then isync: what follows is not done before the load. */
static inline void depend(uint32_t v)
{
    __asm__ volatile("cmpw %0,%0; bne- 1f; 1: isync" : : "r"(v) : "cr0", "memory");
}

/* Store buffering: both read the old word only without sync. */
static void store_buffering(uint32_t cpu)
{
    for (unsigned n = 0; n < CELLS && cpu < 2; n++) {
        if (cpu == 0)
            X(n) = 1;
        else
            Y(n) = 1;
        sync();
        seen[cpu][0][n] = cpu == 0 ? Y(n) : X(n);
    }
}

static bool store_buffering_forbidden(unsigned n)
{
    return !seen[0][0][n] && !seen[1][0][n];
}

/* Message passing: who sees the flag sees the message. */
static void message_passing(uint32_t cpu, void (*write_barrier)(void), bool branch)
{
    for (unsigned n = 0; n < CELLS && cpu < 2; n++) {
        if (cpu == 0) {
            X(n) = n + 1;
            write_barrier();
            Y(n) = 1;
            continue;
        }
        uint32_t flag;
        while (!(flag = Y(n)))
            ;
        if (branch)
            depend(flag);
        else
            lwsync();
        seen[1][0][n] = X(n);
    }
}

static void message_by_lwsync(uint32_t cpu)
{
    message_passing(cpu, lwsync, false);
}

static void message_by_eieio_isync(uint32_t cpu)
{
    message_passing(cpu, eieio, true);
}

static void message_by_msync(uint32_t cpu)
{
    message_passing(cpu, msync, true);
}

static bool message_forbidden(unsigned n)
{
    return seen[1][0][n] != n + 1;
}

/* Load buffering: nobody reads what is only written after his own later store is seen. */
static void load_buffering(uint32_t cpu)
{
    for (unsigned n = 0; n < CELLS && cpu < 2; n++) {
        seen[cpu][0][n] = cpu == 0 ? X(n) : Y(n);
        lwsync();
        if (cpu == 0)
            Y(n) = 1;
        else
            X(n) = 1;
    }
}

static bool load_buffering_forbidden(unsigned n)
{
    return seen[0][0][n] && seen[1][0][n];
}

/* Coherence: the values of one word never go back. */
static void coherence(uint32_t cpu)
{
    for (unsigned n = 0; n < CELLS && cpu < 2; n++) {
        if (cpu == 0) {
            X(n / 64) = n + 1;
        } else {
            seen[1][0][n] = X(n / 64);
            seen[1][1][n] = X(n / 64);
        }
    }
}

static bool coherence_forbidden(unsigned n)
{
    return seen[1][0][n] > seen[1][1][n];
}

/* Independent reads of independent writes: two readers agree on which came first. */
static void independent(uint32_t cpu)
{
    for (unsigned n = 0; n < CELLS && cpu < 4; n++) {
        if (cpu == 0) {
            X(n) = 1;
        } else if (cpu == 1) {
            Y(n) = 1;
        } else {
            seen[cpu][0][n] = cpu == 2 ? X(n) : Y(n);
            sync();
            seen[cpu][1][n] = cpu == 2 ? Y(n) : X(n);
        }
    }
}

static bool independent_forbidden(unsigned n)
{
    return seen[2][0][n] && !seen[2][1][n] && seen[3][0][n] && !seen[3][1][n];
}

static const struct {
    const char *sentence;
    CpuTask *task;
    bool (*forbidden)(unsigned n);
    unsigned cpus;
} tests[] = {
    {"store buffering with sync", store_buffering, store_buffering_forbidden, 2},
    {"message passing: lwsync, lwsync", message_by_lwsync, message_forbidden, 2},
    {"message passing: mbar 1, branch and isync", message_by_eieio_isync, message_forbidden, 2},
    {"message passing: msync, branch and isync", message_by_msync, message_forbidden, 2},
    {"load buffering with lwsync", load_buffering, load_buffering_forbidden, 2},
    {"coherence of one word", coherence, coherence_forbidden, 2},
    {"independent reads of independent writes with sync", independent, independent_forbidden, 4},
};
enum { TESTS = sizeof tests / sizeof tests[0] };

static CpuTask *walking;

static void walk(uint32_t cpu)
{
    cpus_meet(); /* so that they walk side by side */
    walking(cpu);
}

static uint32_t forbidden(unsigned t)
{
    uint32_t found = 0;

    walking = tests[t].task;
    for (unsigned i = 0; i < WALKS; i++) {
        for (unsigned n = 0; n < CELLS; n++)
            X(n) = Y(n) = 0;
        cpus_run(walk);
        for (unsigned n = 0; n < CELLS; n++)
            found += tests[t].forbidden(n);
    }
    return found;
}

void guest_main(void)
{
    unsigned cpus = cpus_count();

    if (cpus < 2) {
        report_plan(1);
        report_skip("several CPUs", "the tree has one");
        return;
    }
    report_plan(TESTS);
    cpus_start();
    for (unsigned t = 0; t < TESTS; t++) {
        if (cpus < tests[t].cpus)
            report_skip(tests[t].sentence, "needs more CPUs");
        else
            report_eq(tests[t].sentence, forbidden(t), 0);
    }
}
