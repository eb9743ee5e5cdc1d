/* SPDX-License-Identifier: MIT
 *
 * Reservation granules (Power ISA 2.06B Book II §1.7.3): how stores and reservations of several cores exclude each other.
 *
 * A word in a table, found by real address, stands for a granule of 64 bytes (and for others that share the word: a
 * reservation may be lost without a reason, never kept without one).  It counts the stores: even at rest, odd while one is
 * under way, two more after it.  lwarx notes the count; stwcx. stores only if it can make that very count odd, so no store of
 * another core, not even of the same value, lies between.  docs/decisions/008-reservations.md
 *
 * Stores count only in pages in which somebody reserved (ram.c).  A VM with one core has no table (E500Vm.granules is NULL).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { E500_GRANULE_BITS = 6, E500_GRANULE_INDEX_BITS = 14, E500_GRANULES = 1 << E500_GRANULE_INDEX_BITS };

static inline uintptr_t *granule_find(uintptr_t granules[], uint64_t gpa)
{
    uint64_t n = gpa >> E500_GRANULE_BITS;
    return &granules[(n ^ n >> E500_GRANULE_INDEX_BITS) % E500_GRANULES];
}

/* Whoever holds a granule does so for a few host instructions; but the host may have put its thread aside. */
static inline void granule_pause(unsigned *turn)
{
    if (++*turn % 64 == 0)
        g_thread_yield();
}

/* The count when no store is under way; loads that follow see at least what it counted. */
static inline uintptr_t granule_version(const uintptr_t *granule)
{
    uintptr_t now;
    for (unsigned turn = 0; (now = __atomic_load_n(granule, __ATOMIC_ACQUIRE)) & 1;)
        granule_pause(&turn);
    return now;
}

/* A store may begin; its count is returned. */
static inline uintptr_t granule_take(uintptr_t *granule)
{
    uintptr_t was = __atomic_load_n(granule, __ATOMIC_RELAXED) & ~(uintptr_t)1;
    for (unsigned turn = 0; !__atomic_compare_exchange_n(granule, &was, was | 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);) {
        was &= ~(uintptr_t)1;
        granule_pause(&turn);
    }
    return was;
}

/* Takes it only if nothing was stored since its count was `version`. */
static inline bool granule_take_unchanged(uintptr_t *granule, uintptr_t version)
{
    return __atomic_compare_exchange_n(granule, &version, version | 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void granule_release(uintptr_t *granule, uintptr_t was, bool stored)
{
    __atomic_store_n(granule, stored ? was + 2 : was, __ATOMIC_RELEASE);
}
