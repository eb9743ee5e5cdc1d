/* SPDX-License-Identifier: (MIT OR GPL-2.0-only)
 *
 * Registered memory areas, the guest's side: docs/MEMORY-AREAS.md is the protocol.  For C programs without an operating system and
 * for Linux; it includes nothing of the hypervisor's.  All memory is big-endian, as the guest's own loads and stores are.
 *
 * Only where /hypervisor has MEMORY_AREA_PROPERTY may the two calls be made, and only for the types that it lists.
 */
#ifndef MEMORY_AREA_H
#define MEMORY_AREA_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <asm/barrier.h>
#define memory_area_barrier() virt_mb() /* also on one CPU: the other side is the host */
#else
#include <stdint.h>
#ifdef __powerpc__
#define memory_area_barrier() __asm__ volatile("sync" : : : "memory")
#else
#define memory_area_barrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif
#endif

#define MEMORY_AREA_PROPERTY "quoin,memory-areas" /* pairs of cells: type, size */
#define MEMORY_AREA_ALIGN    64                   /* of an area's physical address and of its size */

/* Hypercall tokens */
#define QUOIN_AREA_REGISTER   0x00000100 /* r3 type, r4:r5 physical address, r6 size; back: r4 bytes maintained */
#define QUOIN_AREA_UNREGISTER 0x00000101 /* r3 type, or MEMORY_AREA_ALL */

/* Types */
#define MEMORY_AREA_ALL            0
#define MEMORY_AREA_WALL_CLOCK     1 /* the machine's; the others are the calling CPU's */
#define MEMORY_AREA_STEAL_TIME     2
#define MEMORY_AREA_WATCHDOG_TOUCH 3
#define MEMORY_AREA_RUN_STATS      4

struct memory_area_head {
    uint32_t version; /* odd: being written */
    uint32_t size;    /* bytes that the hypervisor maintains */
};

struct memory_area_wall_clock {
    struct memory_area_head head;
    int64_t seconds; /* since 1970-01-01 00:00:00 UTC */
    uint32_t nanoseconds;
    uint32_t period_us; /* between two updates */
    uint8_t reserved[40];
};

struct memory_area_steal_time {
    struct memory_area_head head;
    uint64_t steal_ns; /* could have run and did not */
    uint64_t run_ns;   /* ran */
    uint8_t reserved[40];
};

struct memory_area_watchdog_touch { /* written by the guest */
    struct memory_area_head head;
    uint64_t touches;
    uint64_t time_base; /* at the last one */
    uint8_t reserved[40];
};

struct memory_area_run_stats {
    struct memory_area_head head;
    uint64_t exits;
    uint64_t hypercalls, accesses, waits; /* of these */
    uint8_t reserved[24];
};

/*
 *  do {
 *      begin = memory_area_read_begin(&area->head);
 *      ...loads...
 *  } while (memory_area_read_retry(&area->head, begin));
 */
static inline uint32_t memory_area_read_begin(const volatile struct memory_area_head *head)
{
    uint32_t version;

    do
        version = head->version;
    while (version & 1);
    memory_area_barrier();
    return version;
}

static inline int memory_area_read_retry(const volatile struct memory_area_head *head, uint32_t begin)
{
    memory_area_barrier();
    return head->version != begin;
}

/* The CPU that the area belongs to says that it is alive. */
static inline void memory_area_touch(volatile struct memory_area_watchdog_touch *area, uint64_t time_base)
{
    area->head.version++;
    memory_area_barrier();
    area->touches++;
    area->time_base = time_base;
    memory_area_barrier();
    area->head.version++;
}

#endif
