/* SPDX-License-Identifier: MIT
 *
 * Fixed-point arithmetic, comparison, logic, rotates and shifts (Power ISA 2.06B Book I §3.3).
 * Results go to the low word of a GPR only; the high one is SPE's.
 */
#include "cpu/e500/exec_helpers.h"

static inline ExecResult finish(E500 *c, const Insn *in, unsigned reg, uint32_t value)
{
    c->s.gpr[reg].w = value;
    if (in->flags & INSN_RC)
        cr0_set(c, value);
    return EXEC_NEXT;
}

static inline void overflow_set(E500 *c, bool ov)
{
    c->s.ov = ov;
    c->s.so |= ov;
}

/* rT = a + b + carry.  Every addition is this one, and every subtraction with `a` complemented. */
static inline ExecResult add_full(E500 *c, const Insn *in, uint32_t a, uint32_t b, uint32_t carry, bool sets_ca)
{
    uint64_t sum = (uint64_t)a + b + carry;
    uint32_t value = (uint32_t)sum;

    if (sets_ca)
        c->s.ca = (uint8_t)(sum >> 32);
    if (in->flags & INSN_OE)
        overflow_set(c, (~(a ^ b) & (a ^ value)) >> 31);
    return finish(c, in, in->rt, value);
}

/* --- addition and subtraction --- */

ExecResult exec_addi(E500 *c, const Insn *in)
{
    rt(c, in) = ra_or_0(c, in) + (uint32_t)in->imm;
    return EXEC_NEXT;
}

ExecResult exec_addis(E500 *c, const Insn *in) /* in->imm is shifted already */
{
    rt(c, in) = ra_or_0(c, in) + (uint32_t)in->imm;
    return EXEC_NEXT;
}

ExecResult exec_addic(E500 *c, const Insn *in)
{
    return add_full(c, in, ra(c, in), (uint32_t)in->imm, 0, true);
}

ExecResult exec_addic_rc(E500 *c, const Insn *in)
{
    add_full(c, in, ra(c, in), (uint32_t)in->imm, 0, true);
    cr0_set(c, rt(c, in));
    return EXEC_NEXT;
}

ExecResult exec_subfic(E500 *c, const Insn *in)
{
    return add_full(c, in, ~ra(c, in), (uint32_t)in->imm, 1, true);
}

ExecResult exec_add(E500 *c, const Insn *in)
{
    return add_full(c, in, ra(c, in), rb(c, in), 0, false);
}

ExecResult exec_addc(E500 *c, const Insn *in)
{
    return add_full(c, in, ra(c, in), rb(c, in), 0, true);
}

ExecResult exec_adde(E500 *c, const Insn *in)
{
    return add_full(c, in, ra(c, in), rb(c, in), c->s.ca, true);
}

ExecResult exec_addme(E500 *c, const Insn *in)
{
    return add_full(c, in, ra(c, in), UINT32_MAX, c->s.ca, true);
}

ExecResult exec_addze(E500 *c, const Insn *in)
{
    return add_full(c, in, ra(c, in), 0, c->s.ca, true);
}

ExecResult exec_subf(E500 *c, const Insn *in)
{
    return add_full(c, in, ~ra(c, in), rb(c, in), 1, false);
}

ExecResult exec_subfc(E500 *c, const Insn *in)
{
    return add_full(c, in, ~ra(c, in), rb(c, in), 1, true);
}

ExecResult exec_subfe(E500 *c, const Insn *in)
{
    return add_full(c, in, ~ra(c, in), rb(c, in), c->s.ca, true);
}

ExecResult exec_subfme(E500 *c, const Insn *in)
{
    return add_full(c, in, ~ra(c, in), UINT32_MAX, c->s.ca, true);
}

ExecResult exec_subfze(E500 *c, const Insn *in)
{
    return add_full(c, in, ~ra(c, in), 0, c->s.ca, true);
}

ExecResult exec_neg(E500 *c, const Insn *in)
{
    return add_full(c, in, ~ra(c, in), 0, 1, false);
}

/* --- multiplication and division --- */

ExecResult exec_mulli(E500 *c, const Insn *in)
{
    rt(c, in) = ra(c, in) * (uint32_t)in->imm;
    return EXEC_NEXT;
}

ExecResult exec_mullw(E500 *c, const Insn *in)
{
    int64_t product = (int64_t)(int32_t)ra(c, in) * (int32_t)rb(c, in);

    if (in->flags & INSN_OE)
        overflow_set(c, product != (int32_t)product);
    return finish(c, in, in->rt, (uint32_t)product);
}

ExecResult exec_mulhw(E500 *c, const Insn *in)
{
    int64_t product = (int64_t)(int32_t)ra(c, in) * (int32_t)rb(c, in);

    return finish(c, in, in->rt, (uint32_t)((uint64_t)product >> 32));
}

ExecResult exec_mulhwu(E500 *c, const Insn *in)
{
    return finish(c, in, in->rt, (uint32_t)((uint64_t)ra(c, in) * rb(c, in) >> 32));
}

/* Division by zero, and the one quotient that does not fit, are undefined: here the result is the dividend. */
ExecResult exec_divw(E500 *c, const Insn *in)
{
    int32_t a = (int32_t)ra(c, in), b = (int32_t)rb(c, in);
    bool undefined = b == 0 || (a == INT32_MIN && b == -1);

    if (in->flags & INSN_OE)
        overflow_set(c, undefined);
    return finish(c, in, in->rt, (uint32_t)(undefined ? a : a / b));
}

ExecResult exec_divwu(E500 *c, const Insn *in)
{
    uint32_t a = ra(c, in), b = rb(c, in);

    if (in->flags & INSN_OE)
        overflow_set(c, b == 0);
    return finish(c, in, in->rt, b == 0 ? a : a / b);
}

/* --- comparison --- */

static inline ExecResult compared(E500 *c, const Insn *in, bool less, bool equal)
{
    uint32_t field = (less ? CR_LT : equal ? CR_EQ : CR_GT) | c->s.so;

    cr_field_set(c, in->rt >> 2, field);
    return EXEC_NEXT;
}

ExecResult exec_cmp(E500 *c, const Insn *in)
{
    int32_t a = (int32_t)ra(c, in), b = (int32_t)rb(c, in);
    return compared(c, in, a < b, a == b);
}

ExecResult exec_cmpi(E500 *c, const Insn *in)
{
    int32_t a = (int32_t)ra(c, in);
    return compared(c, in, a < in->imm, a == in->imm);
}

ExecResult exec_cmpl(E500 *c, const Insn *in)
{
    uint32_t a = ra(c, in), b = rb(c, in);
    return compared(c, in, a < b, a == b);
}

ExecResult exec_cmpli(E500 *c, const Insn *in)
{
    uint32_t a = ra(c, in), b = (uint32_t)in->imm;
    return compared(c, in, a < b, a == b);
}

ExecResult exec_isel(E500 *c, const Insn *in)
{
    rt(c, in) = cr_bit(c, in->rc) ? ra_or_0(c, in) : rb(c, in);
    return EXEC_NEXT;
}

/* --- logic --- */

#define LOGIC_IMMEDIATE(id, op, shift, record)                       \
    ExecResult exec_##id(E500 *c, const Insn *in)                    \
    {                                                                \
        uint32_t value = rs(c, in) op((uint32_t)in->imm << (shift)); \
        c->s.gpr[in->ra].w = value;                                  \
        if (record)                                                  \
            cr0_set(c, value);                                       \
        return EXEC_NEXT;                                            \
    }
LOGIC_IMMEDIATE(andi, &, 0, true)
LOGIC_IMMEDIATE(andis, &, 16, true)
LOGIC_IMMEDIATE(ori, |, 0, false)
LOGIC_IMMEDIATE(oris, |, 16, false)
LOGIC_IMMEDIATE(xori, ^, 0, false)
LOGIC_IMMEDIATE(xoris, ^, 16, false)

#define LOGIC(id, expression)                     \
    ExecResult exec_##id(E500 *c, const Insn *in) \
    {                                             \
        uint32_t s = rs(c, in), b = rb(c, in);    \
        return finish(c, in, in->ra, expression); \
    }
LOGIC(and, s &b)
LOGIC(andc, s & ~b)
LOGIC(eqv, ~(s ^ b))
LOGIC(nand, ~(s &b))
LOGIC(nor, ~(s | b))
LOGIC(or, s | b)
LOGIC(orc, s | ~b)

/*
 * or r27,r27,r27 changes nothing and says that whatever else runs here may go first (Power ISA 2.06B Book II §3.2): a guest that spins for
 * another vCPU lets it have the host's processor, where there are fewer of those than vCPUs.  In virtual time vCPUs take turns anyway.
 */
ExecResult exec_yield(E500 *c, const Insn *in)
{
    if (c->vm->n_cores > 1 && !c->vm->time->is_virtual)
        g_thread_yield();
    return EXEC_NEXT;
}
LOGIC(xor, s ^ b)

ExecResult exec_cntlzw(E500 *c, const Insn *in)
{
    uint32_t s = rs(c, in);
    return finish(c, in, in->ra, s ? (uint32_t)__builtin_clz(s) : 32);
}

ExecResult exec_extsb(E500 *c, const Insn *in)
{
    return finish(c, in, in->ra, (uint32_t)(int8_t)rs(c, in));
}

ExecResult exec_extsh(E500 *c, const Insn *in)
{
    return finish(c, in, in->ra, (uint32_t)(int16_t)rs(c, in));
}

/* --- rotates and shifts --- */

static inline uint32_t rotated(uint32_t value, unsigned n)
{
    return value << (n & 31) | value >> (-n & 31);
}

ExecResult exec_rlwimi(E500 *c, const Insn *in) /* in->imm is the mask */
{
    uint32_t mask = (uint32_t)in->imm;
    return finish(c, in, in->ra, (rotated(rs(c, in), in->rb) & mask) | (ra(c, in) & ~mask));
}

ExecResult exec_rlwinm(E500 *c, const Insn *in)
{
    return finish(c, in, in->ra, rotated(rs(c, in), in->rb) & (uint32_t)in->imm);
}

ExecResult exec_rlwnm(E500 *c, const Insn *in)
{
    return finish(c, in, in->ra, rotated(rs(c, in), rb(c, in)) & (uint32_t)in->imm);
}

/* A shift amount has six bits: with 32 to 63 no bit is left. */
ExecResult exec_slw(E500 *c, const Insn *in)
{
    uint32_t n = rb(c, in);
    return finish(c, in, in->ra, n & 32 ? 0 : rs(c, in) << (n & 31));
}

ExecResult exec_srw(E500 *c, const Insn *in)
{
    uint32_t n = rb(c, in);
    return finish(c, in, in->ra, n & 32 ? 0 : rs(c, in) >> (n & 31));
}

/* CA is set if the value is negative and ones were shifted out. */
static inline ExecResult shift_right_algebraic(E500 *c, const Insn *in, unsigned n)
{
    int64_t s = (int32_t)rs(c, in);
    int64_t value = s >> n;

    c->s.ca = s < 0 && (int64_t)((uint64_t)value << n) != s;
    return finish(c, in, in->ra, (uint32_t)value);
}

ExecResult exec_sraw(E500 *c, const Insn *in)
{
    return shift_right_algebraic(c, in, rb(c, in) & 63);
}

ExecResult exec_srawi(E500 *c, const Insn *in)
{
    return shift_right_algebraic(c, in, in->rb);
}
