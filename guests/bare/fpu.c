/* SPDX-License-Identifier: MIT
 * The classic FPU: results to the bit, FPSCR with them, enabled exceptions.  Power ISA 2.06B Book I
 * §4. The C code here is soft-float; every floating-point instruction is written out. */
#include "guest.h"

#define ONE    0x3ff0000000000000ull
#define TWO    0x4000000000000000ull
#define THREE  0x4008000000000000ull
#define SIX    0x4018000000000000ull
#define SEVEN  0x401c000000000000ull
#define HALF   0x3fe0000000000000ull
#define THIRD  0x3fd5555555555555ull
#define INF    0x7ff0000000000000ull
#define QNAN   0x7ff8000000000000ull
#define QNAN_5 0x7ff8000000000005ull
#define SNAN   0x7ff4000000000001ull
#define SNAN_Q 0x7ffc000000000001ull
#define MAX    0x7fefffffffffffffull
#define TINY   0x0000000000000001ull /* smallest denormal */
#define MIN    0x0010000000000000ull /* smallest normal */
#define NEG(x) ((x) | 1ull << 63)

/* FPSCR */
#define FX     0x80000000u
#define FEX    0x40000000u
#define VX     0x20000000u
#define OX     0x10000000u
#define UX     0x08000000u
#define ZX     0x04000000u
#define XX     0x02000000u
#define VXSNAN 0x01000000u
#define VXISI  0x00800000u
#define VXIDI  0x00400000u
#define VXZDZ  0x00200000u
#define VXIMZ  0x00100000u
#define VXVC   0x00080000u
#define FR     0x00040000u
#define FI     0x00020000u
#define VXCVI  0x00000100u
#define VE     0x80u
#define OE     0x40u
#define UE     0x20u
#define ZE     0x10u
#define XE     0x08u
/* FPRF */
#define R_QNAN    0x11000u
#define R_NINF    0x9000u
#define R_NNORM   0x8000u
#define R_NDENORM 0x18000u
#define R_NZERO   0x12000u
#define R_ZERO    0x2000u
#define R_DENORM  0x14000u
#define R_NORM    0x4000u
#define R_INF     0x5000u
#define R_LT      0x8000u
#define R_GT      0x4000u
#define R_EQ      0x2000u
#define R_UN      0x1000u

typedef struct {
    const char *name;
    const void *pc;
    uint64_t a, b, c;
    uint32_t fpscr; /* before */
    uint64_t want;
    uint32_t want_fpscr, mask; /* FPSCR after, in the bits of mask; 0: all */
} Row;

typedef struct {
    uint64_t a, b, c, fpscr, result, fpscr_after;
    uint32_t cr;
} Regs;

/* f4 = f1 op f2 (f3) with that FPSCR; f4 starts as the pattern that must survive where nothing is
 * written */
#define UNTOUCHED 0x1234567890abcdefull
void run_fp(Regs *regs, const void *pc);
__asm__(".pushsection .text; .globl run_fp\n"
        "run_fp: mflr 0; stwu 1,-32(1); stw 0,36(1); stw 31,28(1); mr 31,3; mtctr 4;"
        "mfmsr 0; ori 0,0,0x2000; mtmsr 0; isync; lfd 5,24(31); mtfsf 0xff,5;"
        "lfd 4,32(31); lfd 1,0(31); lfd 2,8(31); lfd 3,16(31); li 0,0; mtcr 0; addi 3,31,56;"
        "bctrl; stfd 4,32(31); mffs 5; stfd 5,40(31); mfcr 0; stw 0,48(31);"
        "mfmsr 0; rlwinm 0,0,0,19,17; mtmsr 0; isync;"
        "lwz 31,28(1); lwz 0,36(1); mtlr 0; addi 1,1,32; blr; .popsection");

#define A_PLUS_TINY 0x3c30000000000000ull /* 2^-60 */
#define HALF_ULP    0x3ca0000000000000ull /* 2^-53 */
#define ONE_30      0x3ff0000000400000ull /* 1 + 2^-30 */

#define ROWS(ROW)                                                                                                       \
    ROW(fadd, "fadd 4,1,2", ONE, TWO, 0, 0, THREE, R_NORM, 0)                                                           \
    ROW(fadd_inexact, "fadd 4,1,2", ONE, A_PLUS_TINY, 0, 0, ONE, FX | XX | FI | R_NORM, 0)                              \
    ROW(fadd_tie_to_even, "fadd 4,1,2", ONE, HALF_ULP, 0, 0, ONE, FX | XX | FI | R_NORM, 0)                             \
    ROW(fadd_up, "fadd 4,1,2", ONE, HALF_ULP, 0, 2, ONE + 1, FX | XX | FI | FR | R_NORM | 2, 0)                         \
    ROW(fadd_to_zero, "fadd 4,1,2", NEG(ONE), NEG(HALF_ULP), 0, 1, NEG(ONE), FX | XX | FI | R_NNORM | 1, 0)             \
    ROW(fadd_down, "fadd 4,1,2", NEG(ONE), NEG(HALF_ULP), 0, 3, NEG(ONE + 1), FX | XX | FI | FR | R_NNORM | 3, 0)       \
    ROW(fsub_to_plus_zero, "fsub 4,1,2", ONE, ONE, 0, 0, 0, R_ZERO, 0)                                                  \
    ROW(fsub_to_minus_zero, "fsub 4,1,2", ONE, ONE, 0, 3, NEG(0), R_NZERO | 3, 0)                                       \
    ROW(fsub_inf, "fsub 4,1,2", INF, INF, 0, 0, QNAN, FX | VX | VXISI | R_QNAN, 0)                                      \
    ROW(fadd_snan, "fadd 4,1,2", SNAN, ONE, 0, 0, SNAN_Q, FX | VX | VXSNAN | R_QNAN, 0)                                 \
    ROW(fadd_qnan, "fadd 4,1,2", ONE, QNAN_5, 0, 0, QNAN_5, R_QNAN, 0)                                                  \
    ROW(fadd_two_nans, "fadd 4,1,2", QNAN_5, QNAN, 0, 0, QNAN_5, R_QNAN, 0)                                             \
    ROW(fadd_denormal, "fadd 4,1,2", TINY, TINY, 0, 0, 2, R_DENORM, 0)                                                  \
    ROW(fadd_negative_denormal, "fadd 4,1,2", NEG(TINY), 0, 0, 0, NEG(TINY), R_NDENORM, 0)                              \
    ROW(fmul, "fmul 4,1,3", TWO, 0, THREE, 0, SIX, R_NORM, 0)                                                           \
    ROW(fmul_overflow, "fmul 4,1,3", MAX, 0, TWO, 0, INF, FX | OX | XX | FI | R_INF, ~FR)                               \
    ROW(fmul_overflow_to_max, "fmul 4,1,3", MAX, 0, TWO, 1, MAX, FX | OX | XX | FI | R_NORM | 1, ~FR)                   \
    ROW(fmul_overflow_enabled, "fmul 4,1,3", MAX, 0, TWO, OE, 0x1fffffffffffffffull, FX | FEX | OX | R_NORM | OE, 0)    \
    ROW(fmul_underflow, "fmul 4,1,3", MIN, 0, MIN, 0, 0, FX | UX | XX | FI | R_ZERO, 0)                                 \
    ROW(fmul_underflow_enabled, "fmul 4,1,3", MIN, 0, HALF, UE, 0x6000000000000000ull, FX | FEX | UX | R_NORM | UE, 0)  \
    ROW(fmul_inf_zero, "fmul 4,1,3", INF, 0, 0, 0, QNAN, FX | VX | VXIMZ | R_QNAN, 0)                                   \
    ROW(fdiv, "fdiv 4,1,2", ONE, THREE, 0, 0, THIRD, FX | XX | FI | R_NORM, 0)                                          \
    ROW(fdiv_by_zero, "fdiv 4,1,2", NEG(ONE), 0, 0, 0, NEG(INF), FX | ZX | R_NINF, 0)                                   \
    ROW(fdiv_by_zero_enabled, "fdiv 4,1,2", ONE, 0, 0, ZE, UNTOUCHED, FX | FEX | ZX | ZE, ~0x1f000u)                    \
    ROW(fdiv_zero_zero, "fdiv 4,1,2", 0, 0, 0, 0, QNAN, FX | VX | VXZDZ | R_QNAN, 0)                                    \
    ROW(fdiv_inf_inf, "fdiv 4,1,2", INF, NEG(INF), 0, 0, QNAN, FX | VX | VXIDI | R_QNAN, 0)                             \
    ROW(fdiv_invalid_enabled, "fdiv 4,1,2", 0, 0, 0, VE, UNTOUCHED, FX | FEX | VX | VXZDZ | VE, ~0x1f000u)              \
    ROW(fmadd, "fmadd 4,1,3,2", TWO, ONE, THREE, 0, SEVEN, R_NORM, 0)                                                   \
    ROW(fmsub_is_fused, "fmsub 4,1,3,2", ONE_30, ONE, ONE_30, 0, 0x3e20000000200000ull, R_NORM, 0)                      \
    ROW(fnmadd, "fnmadd 4,1,3,2", TWO, ONE, THREE, 0, NEG(SEVEN), R_NNORM, 0)                                           \
    ROW(fnmsub, "fnmsub 4,1,3,2", TWO, SEVEN, THREE, 0, ONE, R_NORM, 0)                                                 \
    ROW(fnmadd_keeps_nan_sign, "fnmadd 4,1,3,2", QNAN, ONE, ONE, 0, QNAN, R_QNAN, 0)                                    \
    ROW(fmadd_inf_zero, "fmadd 4,1,3,2", INF, ONE, 0, 0, QNAN, FX | VX | VXIMZ | R_QNAN, 0)                             \
    ROW(fadds, "fadds 4,1,2", ONE, 0x3e70000000000000ull, 0, 0, ONE, FX | XX | FI | R_NORM, 0)                          \
    ROW(fdivs, "fdivs 4,1,2", ONE, THREE, 0, 0, 0x3fd5555560000000ull, FX | XX | FI | FR | R_NORM, 0)                   \
    ROW(fmuls_overflow, "fmuls 4,1,3", 0x47e0000000000000ull, 0, TWO, 0, INF, FX | OX | XX | FI | R_INF, ~FR)           \
    ROW(fmadds, "fmadds 4,1,3,2", TWO, ONE, THREE, 0, SEVEN, R_NORM, 0)                                                 \
    ROW(frsp, "frsp 4,1", ONE_30, 0, 0, 0, ONE, FX | XX | FI | R_NORM, 0)                                               \
    ROW(frsp_to_denormal, "frsp 4,1", 0x3690000000000000ull, 0, 0, 0, 0, FX | UX | XX | FI | R_ZERO, 0)                 \
    ROW(fsel_positive, "fsel 4,1,3,2", 0, ONE, TWO, 0, TWO, 0, 0)                                                       \
    ROW(fsel_nan, "fsel 4,1,3,2", QNAN, ONE, TWO, 0, ONE, 0, 0)                                                         \
    ROW(fabs, "fabs 4,1", NEG(SNAN), 0, 0, 0, SNAN, 0, 0)                                                               \
    ROW(fneg, "fneg 4,1", ONE, 0, 0, 0, NEG(ONE), 0, 0)                                                                 \
    ROW(fnabs, "fnabs 4,1", ONE, 0, 0, 0, NEG(ONE), 0, 0)                                                               \
    ROW(fmr, "fmr 4,1", SNAN, 0, 0, 0, SNAN, 0, 0)                                                                      \
    ROW(fcmpu_less, "fcmpu 0,1,2", ONE, TWO, 0, 0, UNTOUCHED, R_LT, 0)                                                  \
    ROW(fcmpu_equal_zeros, "fcmpu 0,1,2", 0, NEG(0), 0, 0, UNTOUCHED, R_EQ, 0)                                          \
    ROW(fcmpu_qnan, "fcmpu 0,1,2", QNAN, TWO, 0, 0, UNTOUCHED, R_UN, 0)                                                 \
    ROW(fcmpo_greater, "fcmpo 0,1,2", INF, TWO, 0, 0, UNTOUCHED, R_GT, 0)                                               \
    ROW(fcmpo_qnan, "fcmpo 0,1,2", QNAN, TWO, 0, 0, UNTOUCHED, FX | VX | VXVC | R_UN, 0)                                \
    ROW(fcmpo_snan, "fcmpo 0,1,2", SNAN, TWO, 0, 0, UNTOUCHED, FX | VX | VXVC | VXSNAN | R_UN, 0)                       \
    ROW(fcmpo_snan_enabled, "fcmpo 0,1,2", SNAN, TWO, 0, VE, UNTOUCHED, FX | FEX | VX | VXSNAN | R_UN | VE, 0)          \
    ROW(sticky_bits_stay, "fadd 4,1,2", ONE, TWO, 0, FX | XX | ZX, THREE, FX | XX | ZX | R_NORM, 0)                     \
    ROW(fx_only_on_a_new_one, "fdiv 4,1,2", ONE, THREE, 0, XX, THIRD, XX | FI | R_NORM, 0)                              \
    ROW(mtfsb1_sets_fx, "mtfsb1 6", 0, 0, 0, 0, UNTOUCHED, FX | XX, 0)                                                  \
    ROW(mtfsb0, "mtfsb0 6", 0, 0, 0, XX | FX, UNTOUCHED, FX, 0)                                                         \
    ROW(mtfsfi, "mtfsfi 7,2", 0, 0, 0, 0, UNTOUCHED, 2, 0)                                                              \
    ROW(mtfsfi_of_exceptions, "mtfsfi 1,4", 0, 0, 0, 0, UNTOUCHED, 0x04000000, 0)                                       \
    ROW(mtfsf_leaves_fex_and_vx, "mtfsf 0xff,1", 0x60000000ull, 0, 0, 0, UNTOUCHED, 0, 0)                               \
    ROW(mtfsf_fields, "mtfsf 0x01,1", 0xffffffffull, 0, 0, XX, UNTOUCHED, FEX | XX | 0xf, 0)                            \
    ROW(mcrfs_clears, "mcrfs 0,1", 0, 0, 0, FX | OX | XX, UNTOUCHED, FX | OX, ~0xf0000000u)                             \
    ROW(mcrfs_clears_field_1, "mcrfs 0,1", 0, 0, 0, FX | ZX | XX, UNTOUCHED, FX, 0)                                     \
    ROW(store_and_load_single, "stfs 1,0(3); lfs 4,0(3)", ONE_30, 0, 0, 0, ONE, 0, 0)                                   \
    ROW(single_denormal, "lis 0,0x0040; stw 0,0(3); lfs 4,0(3)", 0, 0, 0, 0, 0x3800000000000000ull, 0, 0)               \
    ROW(stfiwx, "stfiwx 1,0,3; lwz 0,0(3); stw 0,4(3); li 0,0; stw 0,0(3); lfd 4,0(3)", 0x1122334455667788ull, 0, 0, 0, \
        0x55667788ull, 0, 0)                                                                                            \
    ROW(lfdu, "mr 6,3; addi 3,3,-8; stfd 1,8(3); lfdu 4,8(3); cmpw 3,6; beqlr; fneg 4,4", ONE, 0, 0, 0, ONE, 0, 0)

/* The upper word is undefined. */
#define CONVERSIONS(ROW)                                                                   \
    ROW(fctiw_tie, "fctiw 4,1", 0x4004000000000000ull, 2, FX | XX | FI)                    \
    ROW(fctiw_up, "fctiw 4,1", 0x400c000000000000ull, 4, FX | XX | FI | FR)                \
    ROW(fctiwz, "fctiwz 4,1", 0xc005999999999999ull, 0xfffffffeu, FX | XX | FI)            \
    ROW(fctiw_too_big, "fctiw 4,1", 0x41e0000000000000ull, 0x7fffffff, FX | VX | VXCVI)    \
    ROW(fctiw_too_small, "fctiw 4,1", 0xc1e0000000200000ull, 0x80000000u, FX | VX | VXCVI) \
    ROW(fctiw_qnan, "fctiw 4,1", QNAN, 0x80000000u, FX | VX | VXCVI)                       \
    ROW(fctiwz_snan, "fctiwz 4,1", SNAN, 0x80000000u, FX | VX | VXCVI | VXSNAN)

#define ROW(id, body, ...) PROBE(probe_##id, body);
ROWS(ROW)
CONVERSIONS(ROW)
#undef ROW
static const Row rows[] = {
#define ROW(id, body, ...) {#id, probe_##id, __VA_ARGS__},
    ROWS(ROW)
#undef ROW
};
static const struct {
    const char *name;
    const void *pc;
    uint64_t a;
    uint32_t want, fpscr;
} conversions[] = {
#define ROW(id, body, ...) {#id, probe_##id, __VA_ARGS__},
    CONVERSIONS(ROW)
#undef ROW
};

static struct {
    Regs regs;
    uint32_t room[4]; /* r3 of the rows */
} work __attribute__((aligned(8)));

static Regs fp(const void *pc, uint64_t a, uint64_t b, uint64_t c, uint32_t fpscr)
{
    work.regs = (Regs){a, b, c, fpscr, UNTOUCHED, 0, 0};
    run_fp(&work.regs, pc);
    return work.regs;
}

static void check_rows(void)
{
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const Row *row = &rows[i];
        Regs r = fp(row->pc, row->a, row->b, row->c, row->fpscr);
        uint32_t mask = row->mask ? row->mask : ~0u;
        bool ok = r.result == row->want && ((uint32_t)r.fpscr_after & mask) == (row->want_fpscr & mask);

        report(row->name, ok);
        if (!ok)
            say("    0x%x%x want 0x%x%x, FPSCR 0x%x want 0x%x\n", (uint32_t)(r.result >> 32), (uint32_t)r.result,
                (uint32_t)(row->want >> 32), (uint32_t)row->want, (uint32_t)r.fpscr_after, row->want_fpscr);
    }
    for (unsigned i = 0; i < sizeof conversions / sizeof conversions[0]; i++) {
        Regs r = fp(conversions[i].pc, conversions[i].a, 0, 0, 0);
        uint32_t fpscr = (uint32_t)r.fpscr_after & ~0x1f000u; /* FPRF is undefined */
        bool ok = (uint32_t)r.result == conversions[i].want && fpscr == conversions[i].fpscr;

        report(conversions[i].name, ok);
        if (!ok)
            say("    0x%x want 0x%x, FPSCR 0x%x want 0x%x\n", (uint32_t)r.result, conversions[i].want, fpscr, conversions[i].fpscr);
    }
}

PROBE(add_dot, "fadd. 4,1,2");
PROBE(compare_cr7, "fcmpu 7,1,2");
PROBE(estimate, "fres 4,1");
PROBE(estimate_root, "frsqrte 4,1");
PROBE(square_root, ".long 0xfc80082c"); /* fsqrt 4,1 */

static bool near_half(uint64_t v, uint32_t reciprocal_error)
{
    uint32_t high = v >> 32, half = HALF >> 32;
    uint32_t off = high > half ? high - half : 2 * (half - high); /* below a power of two ulps are half as big */

    return off <= 0x100000 / reciprocal_error;
}

static void others(void)
{
    report_eq("fadd.: CR1 is FX FEX VX OX", fp(add_dot, INF, NEG(INF), 0, 0).cr, 0x0a000000);
    report_eq("fcmpu to CR7", fp(compare_cr7, TWO, ONE, 0, 0).cr, 4);
    report("fres is right to 1/256", near_half(fp(estimate, TWO, 0, 0, 0).result, 256));
    report("frsqrte is right to 1/32", near_half(fp(estimate_root, 0x4010000000000000ull, 0, 0, 0).result, 32));
    report_eq64("frsqrte of a negative", fp(estimate_root, NEG(ONE), 0, 0, 0).result, QNAN);
    Trap t = trap_run(square_root, MSR_FP, 0, 0, 0, 0);
    report("fsqrt is not in the core", t.vector == VEC_PROGRAM && t.esr == ESR_PIL);
}

/* r3: f1, f2 and the FPSCR to start with; the FPSCR afterwards in f5 and at 24(r3) only when
 * nothing trapped */
#define TRAPPING(name, insn)         \
    extern const char name##_insn[]; \
    PROBE(name,                      \
          "mr 6,3; lfd 5,16(6); mtfsf 0xff,5; lfd 1,0(6); lfd 2,8(6); lfd 4,0(6); .globl " #name "_insn\n" #name "_insn: " insn)
TRAPPING(trap_divide, "fdiv 4,1,2");
TRAPPING(trap_add, "fadd 4,1,2");
TRAPPING(trap_compare, "fcmpo 0,1,2");
PROBE(write_fpscr, "lfd 5,0(3); mtfsf 0xff,5"); /* r3: the value */
PROBE(read_fpscr, "mffs 5; stfd 5,0(3); stfd 4,8(3)");

/* FEX that a case left set would be an interrupt on the way into the next one. */
static void clear_fpscr(void)
{
    uint64_t none = 0;

    trap_run(write_fpscr, MSR_FP, (uint32_t)&none, 0, 0, 0);
}

static void enabled(const char *sentence, const char *state, const void *pc, const void *insn, uint64_t a, uint64_t b,
                    uint32_t enable, uint32_t want)
{
    uint64_t in[3] = {a, b, enable}, out[2];

    clear_fpscr();
    Trap t = trap_run(pc, MSR_FP | MSR_FE0 | MSR_FE1, (uint32_t)in, 0, 0, 0);
    report(sentence, t.vector == VEC_PROGRAM && t.esr == ESR_FP && t.srr0 == (uint32_t)insn);
    trap_run(read_fpscr, MSR_FP, (uint32_t)out, 0, 0, 0);
    report_eq(state, (uint32_t)out[0] & ~0x7f000u, want);
}

static void exceptions(void)
{
    enabled("0/0 with VE: program interrupt, ESR[FP], at the instruction", "0/0 with VE: FPSCR", trap_divide, trap_divide_insn, 0,
            0, VE, FX | FEX | VX | VXZDZ | VE);
    enabled("1/0 with ZE: program interrupt", "1/0 with ZE: FPSCR", trap_divide, trap_divide_insn, ONE, 0, ZE, FX | FEX | ZX | ZE);
    enabled("1+tiny with XE: program interrupt", "1+tiny with XE: FPSCR", trap_add, trap_add_insn, ONE, A_PLUS_TINY, XE,
            FX | FEX | XX | XE);
    enabled("overflow with OE: program interrupt", "overflow with OE: FPSCR", trap_add, trap_add_insn, MAX, MAX, OE,
            FX | FEX | OX | OE);
    enabled("fcmpo of a NaN with VE: program interrupt", "fcmpo of a NaN with VE: FPSCR", trap_compare, trap_compare_insn, QNAN,
            ONE, VE, FX | FEX | VX | VXVC | VE);
    uint64_t in[3] = {0, 0, VE};
    report_eq("with FE0 and FE1 off nothing is taken", trap_run(trap_divide, MSR_FP, (uint32_t)in, 0, 0, 0).vector, TRAP_NONE);
    in[2] = 0;
    clear_fpscr();
    report_eq("with VE off nothing is taken", trap_run(trap_divide, MSR_FP | MSR_FE0 | MSR_FE1, (uint32_t)in, 0, 0, 0).vector,
              TRAP_NONE);
}

/* r3: the FPSCR; r4: an MSR */
PROBE(listen_late, "lfd 5,0(3); mtfsf 0xff,5; mtmsr 4; .globl listen_late_next; listen_late_next: nop; nop");
PROBE(just_nop, "nop");
extern const char listen_late_next[];

/* FEX is set while FE0 and FE1 are 0 */
static void late(void)
{
    uint64_t fex = ZX | ZE, none = 0;
    Trap t = trap_run(listen_late, MSR_FP, (uint32_t)&fex, MSR_FP | MSR_FE1, 0, 0);

    report("mtmsr that sets FE1 under FEX: program interrupt behind it",
           t.vector == VEC_PROGRAM && t.esr == ESR_FP && t.srr0 == (uint32_t)listen_late_next);
    trap_run(write_fpscr, MSR_FP, (uint32_t)&fex, 0, 0, 0);
    t = trap_run(just_nop, MSR_FP | MSR_FE0, 0, 0, 0, 0);
    report("rfi that sets FE0 under FEX: program interrupt where it goes",
           t.vector == VEC_PROGRAM && t.esr == ESR_FP && t.srr0 == (uint32_t)just_nop);
    report_eq("without FEX: none", trap_run(listen_late, MSR_FP, (uint32_t)&none, MSR_FP | MSR_FE0, 0, 0).vector, TRAP_NONE);
}

void guest_main(void)
{
    check_rows();
    others();
    exceptions();
    late();
}
