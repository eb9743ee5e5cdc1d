/* SPDX-License-Identifier: MIT
 *
 * What the exec_*.c files share: operands as values, CR fields.
 */
#pragma once

#include "cpu/e500/bits.h"
#include "cpu/e500/insn.h"
#include "cpu/e500/mmu.h"

enum { CR_LT = 8, CR_GT = 4, CR_EQ = 2, CR_SO = 1 }; /* bits of one CR field */

/* The low words of the registers that an instruction names, as lvalues. */
#define rt(c, in) ((c)->s.gpr[(in)->rt].w)
#define rs(c, in) ((c)->s.gpr[(in)->rt].w)
#define ra(c, in) ((c)->s.gpr[(in)->ra].w)
#define rb(c, in) ((c)->s.gpr[(in)->rb].w)

static inline uint32_t ra_or_0(const E500 *c, const Insn *in)
{
    return in->ra ? c->s.gpr[in->ra].w : 0;
}

/* Effective addresses of the D and X forms: (rA|0) + D, (rA|0) + (rB). */
static inline Ea ea_d(const E500 *c, const Insn *in)
{
    return ra_or_0(c, in) + (Ea)in->imm;
}

static inline Ea ea_x(const E500 *c, const Insn *in)
{
    return ra_or_0(c, in) + rb(c, in);
}

static inline bool in_problem_state(const E500 *c)
{
    return c->s.msr & MSR_PR;
}

static inline bool cr_bit(const E500 *c, unsigned bit) /* 0 is CR0[LT] */
{
    return c->s.cr >> (31 - bit) & 1;
}

static inline void cr_field_set(E500 *c, unsigned field, uint32_t value)
{
    unsigned shift = 28 - 4 * field;
    c->s.cr = (c->s.cr & ~(15u << shift)) | value << shift;
}

static inline void cr0_set(E500 *c, uint32_t value)
{
    uint32_t order = (int32_t)value < 0 ? CR_LT : value ? CR_GT : CR_EQ;
    cr_field_set(c, 0, order | c->s.so);
}

/* WIMGE of the page of an access that e500_mem_probe() just found good. */
static inline uint32_t page_attributes(const E500 *c, Ea ea, E500Access access, E500Context ctx)
{
    const E500SoftTlb *slot = &c->soft_tlb[e500_soft_tlb_index(ea)];
    E500Tag tag = e500_tag(ctx, ea);
    E500Translation t;

    if (access == ACCESS_WRITE ? e500_slot_writable(slot, tag) : slot->tag_read == tag)
        return (uint32_t)slot->gpa_flags & SLOT_WIMGE;
    return e500_mmu_lookup(c, ea, ctx, access, &t) == MMU_OK ? t.mas2 & SLOT_WIMGE : 0;
}
