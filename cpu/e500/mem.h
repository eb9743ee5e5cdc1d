/* SPDX-License-Identifier: MIT
 *
 * Loads, stores and fetches of a software core.  The fast path is a soft TLB hit on a naturally aligned access of
 * big-endian RAM; all else (miss, device, little-endian page, misaligned, page crossing) is mem.c's, and so are the
 * stores to pages with flags (ram.h).
 *
 * EXEC_NEXT: done.  EXEC_TRAP: the interrupt is recorded.  EXEC_EXIT: c->exit is an MMIO exit; the instruction completes when it was
 * answered (device.h).
 */
#pragma once

#include <string.h>

#include "cpu/e500/core.h"

enum {
    MEM_EPID = 1,     /* external PID: context from EPLC (loads) or EPSC (stores) */
    MEM_MULTIPLE = 2, /* lmw, stmw: to debug events each unit is an access of its own */
};

/*
 * The operand of an instruction that is more than one value: n units of `unit` bytes (1, 2, 4, 8) from ea on, E500_OPERAND_MAX bytes in all.
 * An instruction makes one call for its whole operand, before it changes a register.
 */
ExecResult e500_load_units(E500 *c, Ea ea, unsigned unit, unsigned n, unsigned flags, uint64_t value[]);
ExecResult e500_store_units(E500 *c, Ea ea, unsigned unit, unsigned n, unsigned flags, const uint64_t value[]);
/* The same of one value. */
ExecResult e500_load_slow(E500 *c, Ea ea, unsigned size, unsigned flags, uint64_t *value);
ExecResult e500_store_slow(E500 *c, Ea ea, unsigned size, unsigned flags, uint64_t value);
/* Makes c->fetch_page/fetch_host the page of pc. */
ExecResult e500_fetch_slow(E500 *c, Ea pc);
/*
 * Translate for a cache or reservation instruction: *gpa, and *host when RAM (else NULL).  Raises misses and
 * permission interrupts as a load (ACCESS_READ) or store would.  size: 4, a word; more, the aligned block around ea.
 */
ExecResult e500_mem_probe(E500 *c, Ea ea, unsigned size, E500Access access, unsigned flags, uint64_t *gpa, uint8_t **host);

/* Loads from the page of ea hit the soft TLB: it is RAM that may be read and nobody watches. */
static inline bool e500_load_hits(const E500 *c, Ea ea)
{
    return c->soft_tlb[e500_soft_tlb_index(ea)].tag_read == e500_tag(c->ctx_data, ea);
}

static inline uint64_t e500_swap(uint64_t v, unsigned size)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    switch (size) {
    case 2:
        return __builtin_bswap16((uint16_t)v);
    case 4:
        return __builtin_bswap32((uint32_t)v);
    case 8:
        return __builtin_bswap64(v);
    default:
        return v;
    }
#else
    (void)size;
    return v;
#endif
}

#define MEM_DEFINE(bits)                                                                                                        \
    static inline ExecResult e500_load##bits(E500 *c, Ea ea, uint##bits##_t *value)                                             \
    {                                                                                                                           \
        const E500SoftTlb *t = &c->soft_tlb[e500_soft_tlb_index(ea)];                                                           \
        if (__builtin_expect(t->tag_read == e500_tag_aligned(c->ctx_data, ea, bits / 8), 1)) {                                  \
            uint##bits##_t raw = __atomic_load_n((uint##bits##_t *)(t->addend + ea), __ATOMIC_RELAXED);                         \
            *value = (uint##bits##_t)e500_swap(raw, bits / 8);                                                                  \
            return EXEC_NEXT;                                                                                                   \
        }                                                                                                                       \
        uint64_t slow;                                                                                                          \
        ExecResult r = e500_load_slow(c, ea, bits / 8, 0, &slow);                                                               \
        if (r == EXEC_NEXT)                                                                                                     \
            *value = (uint##bits##_t)slow;                                                                                      \
        return r;                                                                                                               \
    }                                                                                                                           \
    static inline ExecResult e500_store##bits(E500 *c, Ea ea, uint##bits##_t value)                                             \
    {                                                                                                                           \
        const E500SoftTlb *t = &c->soft_tlb[e500_soft_tlb_index(ea)];                                                           \
        if (__builtin_expect(t->tag_write == e500_tag_aligned(c->ctx_data, ea, bits / 8), 1)) {                                 \
            __atomic_store_n((uint##bits##_t *)(t->addend + ea), (uint##bits##_t)e500_swap(value, bits / 8), __ATOMIC_RELAXED); \
            return EXEC_NEXT;                                                                                                   \
        }                                                                                                                       \
        return e500_store_slow(c, ea, bits / 8, 0, value);                                                                      \
    }
MEM_DEFINE(8)
MEM_DEFINE(16)
MEM_DEFINE(32)
MEM_DEFINE(64)
#undef MEM_DEFINE

static inline ExecResult e500_fetch(E500 *c, Ea pc, uint32_t *word)
{
    if (__builtin_expect((pc & EA_PAGE_MASK) != c->fetch_page, 0)) {
        ExecResult r = e500_fetch_slow(c, pc);
        if (r != EXEC_NEXT)
            return r;
    }
    uint32_t raw = __atomic_load_n((const uint32_t *)(c->fetch_host + (pc & ~EA_PAGE_MASK & ~(Ea)3)), __ATOMIC_RELAXED);
    *word = (uint32_t)e500_swap(raw, 4);
    return EXEC_NEXT;
}
