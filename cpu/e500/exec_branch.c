/* SPDX-License-Identifier: MIT
 *
 * Branches, traps, condition register (Power ISA 2.06B Book I §2.4, §2.5, §3.3.10, §3.3.13).
 */
#include "cpu/e500/exec_helpers.h"
#include "cpu/e500/interrupt.h"

/* --- branches --- */

static inline ExecResult jump(E500 *c, const Insn *in, Ea target)
{
    if (in->flags & INSN_LK)
        c->s.lr = c->s.pc + 4;
    c->s.pc = target;
    return EXEC_JUMP;
}

static inline ExecResult fall_through(E500 *c, const Insn *in)
{
    if (in->flags & INSN_LK)
        c->s.lr = c->s.pc + 4;
    return EXEC_NEXT;
}

static inline bool condition_holds(const E500 *c, const Insn *in)
{
    return in->rt & 16 || cr_bit(c, in->ra) == (in->rt >> 3 & 1);
}

/* The bits of BO: 16 ignores CR, 8 is the value that the CR bit must have, 4 leaves CTR alone, 2 branches if CTR becomes 0, 1 is a hint. */
static inline bool branch_taken(E500 *c, const Insn *in)
{
    if (in->rt & 4)
        return condition_holds(c, in);
    bool zero = --c->s.ctr == 0;
    return zero == (in->rt >> 1 & 1) && condition_holds(c, in);
}

ExecResult exec_b(E500 *c, const Insn *in)
{
    return jump(c, in, (in->flags & INSN_AA ? 0 : c->s.pc) + (Ea)in->imm);
}

ExecResult exec_bc(E500 *c, const Insn *in)
{
    if (!branch_taken(c, in))
        return fall_through(c, in);
    return jump(c, in, (in->flags & INSN_AA ? 0 : c->s.pc) + (Ea)in->imm);
}

ExecResult exec_bclr(E500 *c, const Insn *in)
{
    Ea target = c->s.lr & ~3u; /* before LK replaces it */
    return branch_taken(c, in) ? jump(c, in, target) : fall_through(c, in);
}

/* The decoder refuses a BO that decrements CTR: this form is invalid. */
ExecResult exec_bcctr(E500 *c, const Insn *in)
{
    return condition_holds(c, in) ? jump(c, in, c->s.ctr & ~3u) : fall_through(c, in);
}

bool e500_branch_would_be_taken(const E500 *c, const Insn *in)
{
    bool ctr_holds = in->rt & 4 || (c->s.ctr - 1 == 0) == (in->rt >> 1 & 1);

    return in->id == INSN_b || (in->id == INSN_bcctr && condition_holds(c, in)) ||
           ((in->id == INSN_bc || in->id == INSN_bclr) && ctr_holds && condition_holds(c, in));
}

/* --- traps --- */

static ExecResult trap_if(E500 *c, unsigned to, uint32_t a, uint32_t b)
{
    unsigned holds = ((int32_t)a < (int32_t)b ? 16u : 0) | ((int32_t)a > (int32_t)b ? 8u : 0) | (a == b ? 4u : 0) |
                     (a < b ? 2u : 0) | (a > b ? 1u : 0);

    return to & holds ? e500_raise(c, EXCP_PROGRAM, ESR_PTR) : EXEC_NEXT;
}

ExecResult exec_tw(E500 *c, const Insn *in)
{
    return trap_if(c, in->rt, ra(c, in), rb(c, in));
}

ExecResult exec_twi(E500 *c, const Insn *in)
{
    return trap_if(c, in->rt, ra(c, in), (uint32_t)in->imm);
}

/* --- condition register --- */

#define CR_LOGIC(id, expression)                                 \
    ExecResult exec_##id(E500 *c, const Insn *in)                \
    {                                                            \
        bool a = cr_bit(c, in->ra), b = cr_bit(c, in->rb);       \
        uint32_t bit = 1u << (31 - in->rt);                      \
        c->s.cr = (expression) ? c->s.cr | bit : c->s.cr & ~bit; \
        return EXEC_NEXT;                                        \
    }
CR_LOGIC(crand, a &&b)
CR_LOGIC(crandc, a && !b)
CR_LOGIC(creqv, a == b)
CR_LOGIC(crnand, !(a && b))
CR_LOGIC(crnor, !(a || b))
CR_LOGIC(cror, a || b)
CR_LOGIC(crorc, a || !b)
CR_LOGIC(crxor, a != b)

ExecResult exec_mcrf(E500 *c, const Insn *in)
{
    cr_field_set(c, in->rt >> 2, c->s.cr >> (28 - 4 * (in->ra >> 2)) & 15);
    return EXEC_NEXT;
}

ExecResult exec_mcrxr(E500 *c, const Insn *in)
{
    cr_field_set(c, in->rt >> 2, e500_xer(&c->s) >> 28);
    c->s.so = c->s.ov = c->s.ca = 0;
    return EXEC_NEXT;
}

ExecResult exec_mfcr(E500 *c, const Insn *in)
{
    rt(c, in) = c->s.cr;
    return EXEC_NEXT;
}

/* The fields that were not asked for are undefined, so that all of CR may be given, as by mfcr. */
ExecResult exec_mfocrf(E500 *c, const Insn *in)
{
    return exec_mfcr(c, in);
}

ExecResult exec_mtcrf(E500 *c, const Insn *in)
{
    uint32_t mask = 0;

    for (unsigned field = 0; field < 8; field++)
        if (in->imm & 0x80 >> field)
            mask |= 0xf0000000u >> 4 * field;
    c->s.cr = (c->s.cr & ~mask) | (rs(c, in) & mask);
    return EXEC_NEXT;
}

/* Naming more than one field is boundedly undefined; here it is what mtcrf does. */
ExecResult exec_mtocrf(E500 *c, const Insn *in)
{
    return exec_mtcrf(c, in);
}
