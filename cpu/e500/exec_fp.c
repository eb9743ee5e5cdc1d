/* SPDX-License-Identifier: MIT
 *
 * Floating point: register moves, select, compare, and the instructions that read and write the
 * FPSCR (Power ISA 2.06 Book I §4.2.2, §4.4, §4.6).
 *
 * FPSCR[NI] is kept and changes nothing: the architecture lets a non-IEEE mode be the IEEE one.
 */
#include "cpu/e500/exec_fp.h"
#include "cpu/e500/interrupt.h"

/* --- exceptions --- */

bool fp_note_exceptions(E500 *c, uint32_t flags)
{
    uint32_t fpscr = c->s.fpscr;
    if (flags & FPSCR_EXCEPTIONS & ~fpscr)
        fpscr |= FPSCR_FX;
    c->s.fpscr = fpscr_summarize(fpscr | flags);
    /* MSR[FE0,FE1] = 00 ignores enabled exceptions; the core makes the three other modes precise */
    return c->s.msr & (MSR_FE0 | MSR_FE1) && fpscr_summarize((flags & FPSCR_EXCEPTIONS) | (fpscr & 0xff)) & FPSCR_FEX;
}

ExecResult fp_enabled_exception(E500 *c)
{
    return e500_raise(c, EXCP_PROGRAM, ESR_FP);
}

/* The end of an instruction that wrote the FPSCR itself: it interrupts whenever FEX is set now (Book I §4.4). */
static ExecResult fp_fpscr_written(E500 *c, const Insn *in)
{
    fp_record(c, in);
    if (c->s.fpscr & FPSCR_FEX && c->s.msr & (MSR_FE0 | MSR_FE1))
        return fp_enabled_exception(c);
    return EXEC_NEXT;
}

/* --- moves and select: no operand is an exception, and FPSCR is left alone --- */

#define FP_MOVE(name, value)                        \
    ExecResult exec_##name(E500 *c, const Insn *in) \
    {                                               \
        FP_REQUIRED(c);                             \
        uint64_t b = c->s.fpr[in->rb];              \
        c->s.fpr[in->rt] = (value);                 \
        return fp_record(c, in);                    \
    }
FP_MOVE(fmr, b)
FP_MOVE(fneg, b ^ SOFTFP_SIGN)
FP_MOVE(fabs, b & ~SOFTFP_SIGN)
FP_MOVE(fnabs, b | SOFTFP_SIGN)
#undef FP_MOVE

ExecResult exec_fsel(E500 *c, const Insn *in)
{
    FP_REQUIRED(c);
    uint64_t a = c->s.fpr[in->ra];
    bool not_negative = !softfp_is_nan(a) && (a == SOFTFP_SIGN || !(a & SOFTFP_SIGN));
    c->s.fpr[in->rt] = not_negative ? c->s.fpr[in->rc] : c->s.fpr[in->rb];
    return fp_record(c, in);
}

/* --- compare --- */

static ExecResult fp_compare(E500 *c, const Insn *in, bool ordered)
{
    FP_REQUIRED(c);
    Softfp fp = {.fpscr = c->s.fpscr};
    unsigned field = in->rt >> 2, shift = 28 - 4 * field;
    uint32_t fpcc = softfp_compare(&fp, c->s.fpr[in->ra], c->s.fpr[in->rb], ordered);
    if (fp.flags & FPSCR_VXSNAN && c->s.fpscr & FPSCR_VE)
        fp.flags &= ~(uint32_t)FPSCR_VXVC;
    c->s.fpscr = (c->s.fpscr & ~(uint32_t)FPSCR_FPCC) | fpcc << 12;
    c->s.cr = (c->s.cr & ~(0xfu << shift)) | fpcc << shift;
    if (fp.flags && fp_note_exceptions(c, fp.flags))
        return fp_enabled_exception(c);
    return EXEC_NEXT;
}

ExecResult exec_fcmpu(E500 *c, const Insn *in)
{
    return fp_compare(c, in, false);
}

ExecResult exec_fcmpo(E500 *c, const Insn *in)
{
    return fp_compare(c, in, true);
}

/* --- FPSCR --- */

ExecResult exec_mffs(E500 *c, const Insn *in)
{
    FP_REQUIRED(c);
    c->s.fpr[in->rt] = c->s.fpscr; /* the upper half is undefined */
    return fp_record(c, in);
}

ExecResult exec_mcrfs(E500 *c, const Insn *in)
{
    FP_REQUIRED(c);
    unsigned to = 28 - 4 * (in->rt >> 2), from = 28 - 4 * (in->ra >> 2);
    uint32_t cleared = (FPSCR_FX | FPSCR_EXCEPTIONS) & 0xfu << from;
    c->s.cr = (c->s.cr & ~(0xfu << to)) | (c->s.fpscr >> from & 0xf) << to;
    c->s.fpscr = fpscr_summarize(c->s.fpscr & ~cleared);
    return EXEC_NEXT;
}

/* mtfsf and mtfsfi write FX only explicitly, and VX and FEX never. */
static ExecResult fp_write_fpscr(E500 *c, const Insn *in, uint32_t value, uint32_t mask)
{
    c->s.fpscr = fpscr_summarize((c->s.fpscr & ~mask) | (value & mask));
    return fp_fpscr_written(c, in);
}

ExecResult exec_mtfsf(E500 *c, const Insn *in)
{
    FP_REQUIRED(c);
    uint32_t mask = 0;
    for (unsigned field = 0; field < 8; field++)
        if ((uint32_t)in->imm & 0x80u >> field)
            mask |= 0xfu << (28 - 4 * field);
    return fp_write_fpscr(c, in, (uint32_t)c->s.fpr[in->rb], mask);
}

ExecResult exec_mtfsfi(E500 *c, const Insn *in)
{
    FP_REQUIRED(c);
    unsigned shift = 28 - 4 * (in->rt >> 2);
    return fp_write_fpscr(c, in, ((uint32_t)in->imm & 0xf) << shift, 0xfu << shift);
}

ExecResult exec_mtfsb0(E500 *c, const Insn *in)
{
    FP_REQUIRED(c);
    c->s.fpscr = fpscr_summarize(c->s.fpscr & ~(0x80000000u >> in->rt));
    return fp_record(c, in); /* clearing a bit never enables an interrupt */
}

ExecResult exec_mtfsb1(E500 *c, const Insn *in)
{
    FP_REQUIRED(c);
    uint32_t bit = 0x80000000u >> in->rt;
    if (bit & FPSCR_EXCEPTIONS & ~c->s.fpscr)
        bit |= FPSCR_FX;
    c->s.fpscr = fpscr_summarize(c->s.fpscr | bit);
    return fp_fpscr_written(c, in);
}
