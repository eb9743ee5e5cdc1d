/* SPDX-License-Identifier: MIT
 * What CPUs see of each other's stores (Power ISA 2.06B Book II §1.7.1, §4.4.3): the known litmus tests, each over arrays of cells that
 * the CPUs walk at the same time.  An outcome that the architecture forbids fails in whichever cell it is; how often one that it allows
 * was seen is told, for the reader's eyes: where none ever is, the CPUs did not run side by side.  Needs -smp 2, 4 for all of it;
 * "long" in bootargs: LONG times as much. */
#include "guest.h"

enum { CELLS = 2048, STRIDE = 16, CPUS = 4, LONG = 50 }; /* a line of 64 bytes each */

static volatile uint32_t x[CELLS * STRIDE] __attribute__((aligned(64))), y[CELLS * STRIDE] __attribute__((aligned(64)));
static volatile uint32_t seen[CPUS][2][CELLS];
static volatile uint32_t at[CPUS * STRIDE] __attribute__((aligned(64))); /* the cell that each CPU is in, from 1 */
static unsigned cpus, walks = 2, walking;                                /* in tests[] */
static unsigned walkers;                                                 /* CPUs that walk */
static bool no_lwsync;                                                   /* the e500v2 has the strong one only */

#define X(n)   x[(n)*STRIDE]
#define Y(n)   y[(n)*STRIDE]
#define INLINE static inline __attribute__((always_inline))

/* --- what stands between two accesses */

typedef void Fence(void);

INLINE void nothing(void)
{
    __asm__ volatile("" : : : "memory");
}

INLINE void msync(void)
{
    __asm__ volatile("msync" : : : "memory");
}

INLINE void lwsync(void)
{
    if (no_lwsync)
        msync();
    else
        __asm__ volatile("lwsync" : : : "memory");
}

INLINE void eieio(void)
{
    __asm__ volatile("mbar 1" : : : "memory");
}

/* 0, but computed of v: what uses it depends on the load of v. */
INLINE uint32_t depend(uint32_t v)
{
    uint32_t zero;

    __asm__ volatile("xor %0,%1,%1" : "=r"(zero) : "r"(v));
    return zero;
}

/* A conditional branch on a loaded value, then isync: what follows is not done before the load. */
INLINE void branch_isync(uint32_t v)
{
    __asm__ volatile("cmpw %0,%0; bne- 1f; 1: isync" : : "r"(v) : "cr0", "memory");
}

/* --- shapes.  TEST(name, shape, ...) makes a walk over all cells of one: what each CPU does in cell n */

#define TEST(name, shape, ...)                 \
    static void name(unsigned cpu)             \
    {                                          \
        for (unsigned n = 0; n < CELLS; n++) { \
            keep_step(cpu, n + 1);             \
            shape(cpu, n, ##__VA_ARGS__);      \
        }                                      \
    }

/* Goes on when all are in this cell, so that they meet there; or soon: one that the host does not run now would hold up all. */
INLINE void keep_step(unsigned cpu, unsigned cell)
{
    at[cpu * STRIDE] = cell;
    for (unsigned i = 0, other = 0; i < 100 && other < walkers; i++)
        if (at[other * STRIDE] >= cell)
            other++;
}

/* Store buffering: both read the old word. */
INLINE void store_buffering(unsigned cpu, unsigned n, Fence *fence)
{
    if (cpu == 0)
        X(n) = 1;
    else
        Y(n) = 1;
    fence();
    seen[cpu][0][n] = cpu == 0 ? Y(n) : X(n);
}

static bool both_read_old(unsigned n)
{
    return !seen[0][0][n] && !seen[1][0][n];
}

/* Message passing: who sees the flag does not see the message.  The reader waits for the flag. */
INLINE void message(unsigned cpu, unsigned n, Fence *writer, Fence *reader, bool address, bool branch)
{
    if (cpu == 0) {
        X(n) = n + 1;
        writer();
        Y(n) = 1;
        return;
    }
    uint32_t flag;
    while (!(flag = Y(n)))
        cpu_relax();
    if (branch)
        branch_isync(flag);
    reader();
    seen[1][0][n] = X(n + (address ? depend(flag) : 0));
}

static bool message_lost(unsigned n)
{
    return seen[1][0][n] != n + 1;
}

/* Load buffering: each reads what the other writes only after its own load. */
INLINE void load_buffering(unsigned cpu, unsigned n, Fence *fence, bool data)
{
    uint32_t v = seen[cpu][0][n] = cpu == 0 ? X(n) : Y(n);

    fence();
    if (cpu == 0)
        Y(n) = 1 + (data ? depend(v) : 0);
    else
        X(n) = 1 + (data ? depend(v) : 0);
}

static bool both_read_new(unsigned n)
{
    return seen[0][0][n] && seen[1][0][n];
}

/* Two words, two writes each: both end with the first write of one CPU. */
INLINE void two_writes(unsigned cpu, unsigned n, Fence *fence)
{
    if (cpu == 0) {
        X(n) = 1;
        fence();
        Y(n) = 2;
    } else {
        Y(n) = 1;
        fence();
        X(n) = 2;
    }
}

static bool both_end_with_first(unsigned n)
{
    return X(n) == 1 && Y(n) == 1;
}

/* R: the second CPU's write comes last, and yet it does not read what was written before the first's. */
INLINE void write_and_read(unsigned cpu, unsigned n, Fence *fence)
{
    if (cpu == 0) {
        X(n) = 1;
        fence();
        Y(n) = 1;
    } else {
        Y(n) = 2;
        fence();
        seen[1][0][n] = X(n);
    }
}

static bool last_reads_old(unsigned n)
{
    return Y(n) == 2 && !seen[1][0][n];
}

/* S: a write that follows a read of the flag comes before what was written ahead of the flag. */
INLINE void read_and_write(unsigned cpu, unsigned n, Fence *fence)
{
    if (cpu == 0) {
        X(n) = 2;
        fence();
        Y(n) = 1;
    } else {
        seen[1][0][n] = Y(n);
        fence();
        X(n) = 1;
    }
}

static bool later_write_is_first(unsigned n)
{
    return seen[1][0][n] && X(n) == 2;
}

/* Write to read causality: a third CPU hears of it from the second and does not see the first's write. */
INLINE void causality(unsigned cpu, unsigned n, Fence *fence)
{
    if (cpu == 0) {
        X(n) = 1;
    } else if (cpu == 1) {
        seen[1][0][n] = X(n);
        fence();
        Y(n) = 1;
    } else if (cpu == 2) {
        uint32_t flag = seen[2][0][n] = Y(n);

        seen[2][1][n] = X(n + depend(flag));
    }
}

static bool hearsay_only(unsigned n)
{
    return seen[1][0][n] && seen[2][0][n] && !seen[2][1][n];
}

/* Independent reads of independent writes: two readers do not agree on which came first. */
INLINE void independent(unsigned cpu, unsigned n, Fence *fence)
{
    if (cpu == 0) {
        X(n) = 1;
    } else if (cpu == 1) {
        Y(n) = 1;
    } else {
        seen[cpu][0][n] = cpu == 2 ? X(n) : Y(n);
        fence();
        seen[cpu][1][n] = cpu == 2 ? Y(n) : X(n);
    }
}

static bool readers_disagree(unsigned n)
{
    return seen[2][0][n] && !seen[2][1][n] && seen[3][0][n] && !seen[3][1][n];
}

/* Coherence: the values of one word go back. */
INLINE void coherence(unsigned cpu, unsigned n)
{
    if (cpu == 0) {
        X(n / 64) = n + 1;
    } else {
        seen[1][0][n] = X(n / 64);
        seen[1][1][n] = X(n / 64);
    }
}

static bool goes_back(unsigned n)
{
    return seen[1][0][n] > seen[1][1][n];
}

TEST(sb, store_buffering, nothing)
TEST(sb_lwsync, store_buffering, lwsync)
TEST(sb_sync, store_buffering, msync)
TEST(mp, message, nothing, nothing, false, false)
TEST(mp_lwsync, message, lwsync, lwsync, false, false)
TEST(mp_lwsync_address, message, lwsync, nothing, true, false)
TEST(mp_eieio_isync, message, eieio, nothing, false, true)
TEST(mp_sync_isync, message, msync, nothing, false, true)
TEST(mp_sync, message, msync, msync, false, false)
TEST(lb, load_buffering, nothing, false)
TEST(lb_data, load_buffering, nothing, true)
TEST(lb_lwsync, load_buffering, lwsync, false)
TEST(lb_sync, load_buffering, msync, false)
TEST(ww, two_writes, nothing)
TEST(ww_lwsync, two_writes, lwsync)
TEST(ww_sync, two_writes, msync)
TEST(r, write_and_read, nothing)
TEST(r_sync, write_and_read, msync)
TEST(s, read_and_write, nothing)
TEST(s_lwsync, read_and_write, lwsync)
TEST(wrc, causality, nothing)
TEST(wrc_lwsync, causality, lwsync)
TEST(iriw, independent, nothing)
TEST(iriw_lwsync, independent, lwsync)
TEST(iriw_sync, independent, msync)
TEST(corr, coherence)

static const struct {
    const char *sentence;
    CpuTask *task;
    bool (*outcome)(unsigned n);
    unsigned cpus;
    bool allowed;
} tests[] = {
    {"store buffering with sync", sb_sync, both_read_old, 2, false},
    {"message passing: lwsync, lwsync", mp_lwsync, message_lost, 2, false},
    {"message passing: lwsync, address dependency", mp_lwsync_address, message_lost, 2, false},
    {"message passing: mbar 1, branch and isync", mp_eieio_isync, message_lost, 2, false},
    {"message passing: msync, branch and isync", mp_sync_isync, message_lost, 2, false},
    {"message passing: msync, msync", mp_sync, message_lost, 2, false},
    {"load buffering with lwsync", lb_lwsync, both_read_new, 2, false},
    {"load buffering with sync", lb_sync, both_read_new, 2, false},
    {"load buffering with data dependencies", lb_data, both_read_new, 2, false},
    {"2+2W with lwsync", ww_lwsync, both_end_with_first, 2, false},
    {"2+2W with sync", ww_sync, both_end_with_first, 2, false},
    {"R with sync", r_sync, last_reads_old, 2, false},
    {"S with lwsync", s_lwsync, later_write_is_first, 2, false},
    {"coherence of one word", corr, goes_back, 2, false},
    {"write to read causality: lwsync, address dependency", wrc_lwsync, hearsay_only, 3, false},
    {"independent reads of independent writes with sync", iriw_sync, readers_disagree, 4, false},
    {"store buffering", sb, both_read_old, 2, true},
    {"store buffering with lwsync", sb_lwsync, both_read_old, 2, true},
    {"message passing", mp, message_lost, 2, true},
    {"load buffering", lb, both_read_new, 2, true},
    {"2+2W", ww, both_end_with_first, 2, true},
    {"R", r, last_reads_old, 2, true},
    {"S", s, later_write_is_first, 2, true},
    {"write to read causality", wrc, hearsay_only, 3, true},
    {"independent reads of independent writes", iriw, readers_disagree, 4, true},
    {"independent reads of independent writes with lwsync", iriw_lwsync, readers_disagree, 4, true},
};
enum { TESTS = sizeof tests / sizeof tests[0] };

static void walk(unsigned cpu)
{
    cpus_meet(); /* so that they walk side by side */
    if (cpu < walkers)
        tests[walking].task(cpu);
}

static uint32_t found(unsigned t)
{
    uint32_t count = 0;

    walking = t;
    walkers = tests[t].cpus;
    for (unsigned i = 0; i < walks; i++) {
        for (unsigned n = 0; n < CELLS; n++)
            X(n) = Y(n) = 0;
        for (unsigned n = 0; n < CPUS; n++)
            at[n * STRIDE] = 0;
        cpus_run(walk);
        for (unsigned n = 0; n < CELLS; n++)
            count += tests[t].outcome(n);
    }
    return count;
}

static void tell(unsigned t)
{
    if (!tests[t].allowed && cpus < tests[t].cpus)
        report_skip(tests[t].sentence, "needs more CPUs");
    else if (!tests[t].allowed)
        report_eq(tests[t].sentence, found(t), 0);
    else if (cpus >= tests[t].cpus)
        say("    allowed: %s: %u times in %u\n", tests[t].sentence, found(t), walks * CELLS);
}

void guest_main(void)
{
    cpus = cpus_count();
    if (cpus < 2) {
        report_skip("several CPUs", "the tree has one");
        return;
    }
    if (told_to("long"))
        walks *= LONG;
    no_lwsync = cpu_is_e500v2();
    cpus_start();
    for (unsigned t = 0; t < TESTS; t++)
        tell(t);
}
