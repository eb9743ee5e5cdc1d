/* SPDX-License-Identifier: MIT
 *
 * Floating-point arithmetic, rounding and conversion (Power ISA 2.06 Book I §4.6.5, §4.6.6,
 * appendix A).
 */
#include "cpu/e500/exec_fp.h"
#include "cpu/e500/fastfp.h"

/* Writes the result to FRT and its class to FPSCR[FPRF].  An enabled invalid operation or division by zero leaves both alone
 * (Book I §4.4.1, §4.4.2). */
static ExecResult fp_finish(E500 *c, const Insn *in, const Softfp *fp, uint64_t result, uint32_t class)
{
    uint32_t fpscr = c->s.fpscr & ~(uint32_t)(FPSCR_FR | FPSCR_FI);
    bool kept = (fp->flags & FPSCR_VX_CAUSES && fpscr & FPSCR_VE) || (fp->flags & FPSCR_ZX && fpscr & FPSCR_ZE);
    if (!kept) {
        c->s.fpr[in->rt] = result;
        fpscr = (fpscr & ~(uint32_t)FPSCR_FPRF) | class;
    }
    c->s.fpscr = fpscr;
    bool trap = fp->flags && fp_note_exceptions(c, fp->flags);
    fp_record(c, in);
    return trap ? fp_enabled_exception(c) : EXEC_NEXT;
}

/* The same for a normal number and no exception but inexact, which is not enabled. */
static inline ExecResult fp_finish_fast(E500 *c, const Insn *in, const FastFp *r)
{
    uint32_t fpscr = c->s.fpscr & ~(uint32_t)(FPSCR_FR | FPSCR_FI | FPSCR_FPRF);
    if (r->flags & ~fpscr & FPSCR_XX)
        fpscr |= FPSCR_FX;
    c->s.fpr[in->rt] = r->value;
    c->s.fpscr = fpscr | r->flags | (r->value & SOFTFP_SIGN ? 8u : 4u) << 12;
    return fp_record(c, in);
}

/* A result whose exponent was adjusted counts as normalized (§4.4.3, §4.4.4), even if it is too small for a single. */
static uint32_t fp_class(const Softfp *fp, uint64_t v, SoftfpPrecision p)
{
    bool adjusted = fp->flags >> 22 & fp->fpscr & (FPSCR_OE | FPSCR_UE);
    return softfp_class(v, adjusted ? SOFTFP_DOUBLE : p);
}

/* `fast` puts the answer of fastfp.h into r; false: it has none, and `expression` computes it by softfp.h. */
#define FP_ARITH(name, precision, fast, expression)                                      \
    ExecResult exec_##name(E500 *c, const Insn *in)                                      \
    {                                                                                    \
        FP_REQUIRED(c);                                                                  \
        const SoftfpPrecision p = SOFTFP_##precision;                                    \
        const uint64_t A = c->s.fpr[in->ra], B = c->s.fpr[in->rb], C = c->s.fpr[in->rc]; \
        FastFp r;                                                                        \
        if (fastfp_allowed(c->s.fpscr) && (fast))                                        \
            return fp_finish_fast(c, in, &r);                                            \
        Softfp fp = {.fpscr = c->s.fpscr};                                               \
        uint64_t v = (expression);                                                       \
        (void)A, (void)B, (void)C;                                                       \
        return fp_finish(c, in, &fp, v, fp_class(&fp, v, p));                            \
    }
#define FP_ARITH_BOTH(name, fast, expression) \
    FP_ARITH(name, DOUBLE, fast, expression)  \
    FP_ARITH(name##s, SINGLE, fast, expression)
#define FP_FUSED(name, negate) FP_ARITH_BOTH(name, fastfp_fma(A, C, B, negate, p, &r), softfp_fma(&fp, A, C, B, negate, p))

FP_ARITH_BOTH(fadd, fastfp_add(A, B, p, &r), softfp_add(&fp, A, B, p))
FP_ARITH_BOTH(fsub, fastfp_add(A, B ^ SOFTFP_SIGN, p, &r), softfp_sub(&fp, A, B, p))
FP_ARITH_BOTH(fmul, fastfp_mul(A, C, p, &r), softfp_mul(&fp, A, C, p))
FP_ARITH_BOTH(fdiv, fastfp_div(A, B, p, &r), softfp_div(&fp, A, B, p))
FP_FUSED(fmadd, 0)
FP_FUSED(fmsub, SOFTFP_NEGATE_B)
FP_FUSED(fnmadd, SOFTFP_NEGATE_RESULT)
FP_FUSED(fnmsub, SOFTFP_NEGATE_B | SOFTFP_NEGATE_RESULT)
FP_ARITH(frsp, SINGLE, fastfp_round_to_single(B, &r), softfp_round_to_single(&fp, B))

/* --- estimates --- */

#define ONE UINT64_C(0x3ff0000000000000)

/* The architecture asks for 1 part in 256; a division gives all bits.  FR, FI and XX are undefined: they are the division's. */
FP_ARITH(fres, SINGLE, fastfp_div(ONE, B, p, &r), softfp_div(&fp, ONE, B, p))

/* The architecture asks for 1 part in 32 of 1 / sqrt(B); here both steps are rounded to double precision. */
static uint64_t fp_rsqrt(Softfp *fp, uint64_t b)
{
    uint64_t root = softfp_sqrt(fp, b, SOFTFP_DOUBLE);
    return softfp_is_nan(root) ? root : softfp_div(fp, ONE, root, SOFTFP_DOUBLE);
}
FP_ARITH(frsqrte, DOUBLE, false, fp_rsqrt(&fp, B))

/* --- to integer --- */

/* The upper half of FRT is undefined: it gets copies of the sign.  FPRF is undefined, too, and stays. */
static ExecResult fp_to_int(E500 *c, const Insn *in, unsigned round)
{
    FP_REQUIRED(c);
    Softfp fp = {.fpscr = c->s.fpscr};
    int64_t v = softfp_to_int32(&fp, c->s.fpr[in->rb], round);
    return fp_finish(c, in, &fp, (uint64_t)v, c->s.fpscr & FPSCR_FPRF);
}

ExecResult exec_fctiw(E500 *c, const Insn *in)
{
    return fp_to_int(c, in, c->s.fpscr & FPSCR_RN);
}

ExecResult exec_fctiwz(E500 *c, const Insn *in)
{
    return fp_to_int(c, in, SOFTFP_ZERO);
}
