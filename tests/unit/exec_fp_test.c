/* SPDX-License-Identifier: MIT
 *
 * Floating-point instructions as instructions: availability, FPSCR's summary bits, CR1, enabled
 * exceptions.  What the numbers are is softfp_test's; everything else is compared with an oracle by
 * tests/diff/user, and here stands what that oracle gets wrong or cannot show.
 */
#include "cpu/e500/bits.h"
#include "cpu/e500/insn.h"
#include "cpu/e500/softfp.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/unit.h"

#define ONE        UINT64_C(0x3ff0000000000000)
#define THREE      UINT64_C(0x4008000000000000)
#define MAX_DOUBLE UINT64_C(0x7fefffffffffffff)
#define SNAN       UINT64_C(0x7ff0000000000001)
#define INF        SOFTFP_INFINITY

/* X and A forms with FRT = f1, FRA = f2, FRB = f3, FRC = f4 */
#define RC 1
enum {
    FADD = 63u << 26 | 1 << 21 | 2 << 16 | 3 << 11 | 21 << 1,
    FDIV = 63u << 26 | 1 << 21 | 2 << 16 | 3 << 11 | 18 << 1,
    FNMADD = 63u << 26 | 1 << 21 | 2 << 16 | 3 << 11 | 4 << 6 | 31 << 1,
    FRSP = 63u << 26 | 1 << 21 | 3 << 11 | 12 << 1,
    FRES = 59u << 26 | 1 << 21 | 3 << 11 | 24 << 1,
    FCMPO = 63u << 26 | 1 << 23 | 2 << 16 | 3 << 11 | 32 << 1, /* cr1 */
    MFFS = 63u << 26 | 1 << 21 | 583 << 1,
    MCRFS_CR7_0 = 63u << 26 | 7 << 23 | 64 << 1,
    MTFSB1_VXSNAN = 63u << 26 | 7 << 21 | 38 << 1,
    MTFSB1_FEX = 63u << 26 | 1 << 21 | 38 << 1,
    MTFSF_F3 = 63u << 26 | 0xff << 17 | 3 << 11 | 711 << 1,
    LFD_F1 = 50u << 26 | 1 << 21 | 0x100,
    STFS_F3 = 52u << 26 | 3 << 21 | 0x100,
    MTMSR_R5 = 0x7ca00124,
    RFI = 0x4c000064,
    RFCI = 0x4c000066,
    RFDI = 0x4c00004e,
    RFMCI = 0x4c00004c,
    LFDEPX = 31u << 26 | 1 << 21 | 607 << 1,
};

static ExecResult run(Fixture *f, uint32_t word)
{
    Insn in;
    insn_decode(word, f->vm.model, &in);
    g_assert_cmpuint(in.id, !=, INSN_ILLEGAL);
    return insn_exec[in.id](f->core[0], &in);
}

static void set(Fixture *f, uint32_t fpscr, uint32_t msr, uint64_t a, uint64_t b, uint64_t c)
{
    E500 *core = f->core[0];
    core->s.fpscr = fpscr;
    core->s.cr = 0;
    core->s.msr = MSR_FP | msr;
    core->s.fpr[1] = UINT64_C(0x1111111111111111);
    core->s.fpr[2] = a;
    core->s.fpr[3] = b;
    core->s.fpr[4] = c;
}

static void assert_program_fp(Fixture *f)
{
    g_assert_cmpint(f->core[0]->trap.excp, ==, EXCP_PROGRAM);
    g_assert_cmphex(f->core[0]->trap.esr, ==, ESR_FP);
}

static void unavailable(Fixture *f, gconstpointer unused)
{
    static const uint32_t words[] = {FADD, FRSP, FCMPO, MFFS, MTFSF_F3, MCRFS_CR7_0, LFD_F1, STFS_F3};
    FOR_ROWS (i, words) {
        set(f, 0, 0, ONE, ONE, ONE);
        f->core[0]->s.msr = 0;
        E500State before = f->core[0]->s;
        g_assert_cmpint(run(f, words[i]), ==, EXEC_TRAP);
        g_assert_cmpint(f->core[0]->trap.excp, ==, EXCP_FP_UNAVAILABLE);
        g_assert_cmpmem(&before, sizeof(before), &f->core[0]->s, sizeof(before));
    }
}

static void external_pid_is_privileged(Fixture *f, gconstpointer unused)
{
    set(f, 0, MSR_PR, 0, 0, 0);
    g_assert_cmpint(run(f, LFDEPX), ==, EXEC_TRAP);
    g_assert_cmphex(f->core[0]->trap.esr, ==, ESR_PPR);
}

static void fx_only_when_new(Fixture *f, gconstpointer unused)
{
    E500State *s = &f->core[0]->s;
    set(f, 0, 0, ONE, THREE, 0);
    g_assert_cmpint(run(f, FDIV | RC), ==, EXEC_NEXT);
    g_assert_cmphex(s->fpscr, ==, FPSCR_FX | FPSCR_XX | FPSCR_FI | 0x4000);
    g_assert_cmphex(s->cr, ==, 0x08000000);
    set(f, FPSCR_XX | FPSCR_FR, 0, ONE, THREE, 0);
    run(f, FDIV);
    g_assert_cmphex(s->fpscr, ==, FPSCR_XX | FPSCR_FI | 0x4000);
}

static void fr_says_the_fraction_grew(Fixture *f, gconstpointer unused)
{
    set(f, SOFTFP_UP, 0, ONE, THREE, 0);
    run(f, FDIV);
    g_assert_cmphex(f->core[0]->s.fpscr & (FPSCR_FR | FPSCR_FI), ==, FPSCR_FR | FPSCR_FI);
    set(f, FPSCR_FR | FPSCR_FI, 0, ONE, ONE, 0);
    run(f, FDIV);
    g_assert_cmphex(f->core[0]->s.fpscr & (FPSCR_FR | FPSCR_FI), ==, 0);
}

static void enabled_invalid_keeps_the_target(Fixture *f, gconstpointer unused)
{
    E500State *s = &f->core[0]->s;
    set(f, FPSCR_VE | 0x4000, MSR_FE0, INF, INF | SOFTFP_SIGN, 0);
    g_assert_cmpint(run(f, FADD | RC), ==, EXEC_TRAP);
    assert_program_fp(f);
    g_assert_cmphex(s->fpr[1], ==, UINT64_C(0x1111111111111111));
    g_assert_cmphex(s->fpscr, ==, FPSCR_FX | FPSCR_FEX | FPSCR_VX | FPSCR_VXISI | FPSCR_VE | 0x4000);
    g_assert_cmphex(s->cr, ==, 0x0e000000); /* of this instruction, though it traps */
    /* MSR[FE0,FE1] = 00: the same without the interrupt */
    set(f, FPSCR_VE, 0, INF, INF | SOFTFP_SIGN, 0);
    g_assert_cmpint(run(f, FADD), ==, EXEC_NEXT);
    g_assert_cmphex(s->fpr[1], ==, UINT64_C(0x1111111111111111));
    g_assert_cmphex(s->fpscr, ==, FPSCR_FX | FPSCR_FEX | FPSCR_VX | FPSCR_VXISI | FPSCR_VE);
}

static void enabled_overflow_writes_the_target(Fixture *f, gconstpointer unused)
{
    set(f, FPSCR_OE, MSR_FE1, MAX_DOUBLE, MAX_DOUBLE, 0);
    g_assert_cmpint(run(f, FADD), ==, EXEC_TRAP);
    assert_program_fp(f);
    g_assert_cmphex(f->core[0]->s.fpr[1], ==, UINT64_C(0x1fffffffffffffff));
    g_assert_cmphex(f->core[0]->s.fpscr, ==, FPSCR_FX | FPSCR_FEX | FPSCR_OX | FPSCR_OE | 0x4000);
}

/* An exception that stood there before does not end an instruction that has none. */
static void old_exceptions_do_not_trap(Fixture *f, gconstpointer unused)
{
    set(f, FPSCR_ZE | FPSCR_ZX | FPSCR_FEX, MSR_FE0 | MSR_FE1, ONE, ONE, 0);
    g_assert_cmpint(run(f, FADD), ==, EXEC_NEXT);
}

static void fnmadd_rounds_then_negates(Fixture *f, gconstpointer unused)
{
    /* 1 + 2^-60 rounded up is the next number; towards −infinity it is 1 */
    set(f, SOFTFP_UP, 0, ONE, ONE, UINT64_C(0x3c30000000000000));
    run(f, FNMADD);
    g_assert_cmphex(f->core[0]->s.fpr[1], ==, UINT64_C(0xbff0000000000001));
    set(f, SOFTFP_DOWN, 0, ONE, ONE, UINT64_C(0x3c30000000000000));
    run(f, FNMADD);
    g_assert_cmphex(f->core[0]->s.fpr[1], ==, UINT64_C(0xbff0000000000000));
}

static void single_denormals_have_their_class(Fixture *f, gconstpointer unused)
{
    set(f, 0, 0, 0, UINT64_C(0x3800000000000000), 0);
    run(f, FRSP);
    g_assert_cmphex(f->core[0]->s.fpscr, ==, 0x14000);
    /* an adjusted result is normalized */
    set(f, FPSCR_UE, 0, 0, UINT64_C(0x0010000000000000), 0);
    run(f, FRSP);
    g_assert_cmphex(f->core[0]->s.fpr[1], ==, UINT64_C(0x0c10000000000000));
    g_assert_cmphex(f->core[0]->s.fpscr & FPSCR_FPRF, ==, 0x4000);
}

static void reciprocal_of_zero(Fixture *f, gconstpointer unused)
{
    set(f, 0, 0, 0, SOFTFP_SIGN, 0);
    run(f, FRES);
    g_assert_cmphex(f->core[0]->s.fpr[1], ==, INF | SOFTFP_SIGN);
    g_assert_cmphex(f->core[0]->s.fpscr, ==, FPSCR_FX | FPSCR_ZX | 0x9000);
}

static void compare_leaves_c_fr_and_fi(Fixture *f, gconstpointer unused)
{
    set(f, FPSCR_FR | FPSCR_FI | 0x14000, 0, ONE, SOFTFP_DEFAULT_NAN, 0);
    run(f, FCMPO);
    g_assert_cmphex(f->core[0]->s.fpscr, ==, FPSCR_FX | FPSCR_VX | FPSCR_VXVC | FPSCR_FR | FPSCR_FI | 0x11000);
    g_assert_cmphex(f->core[0]->s.cr, ==, 0x01000000);
    /* VXVC joins VXSNAN only where invalid operations are not enabled */
    set(f, 0, 0, ONE, SNAN, 0);
    run(f, FCMPO);
    g_assert_cmphex(f->core[0]->s.fpscr & FPSCR_VX_CAUSES, ==, FPSCR_VXSNAN | FPSCR_VXVC);
    set(f, FPSCR_VE, MSR_FE0, ONE, SNAN, 0);
    g_assert_cmpint(run(f, FCMPO), ==, EXEC_TRAP);
    g_assert_cmphex(f->core[0]->s.fpscr & FPSCR_VX_CAUSES, ==, FPSCR_VXSNAN);
    g_assert_cmphex(f->core[0]->s.cr, ==, 0x01000000);
}

static void summary_bits_follow(Fixture *f, gconstpointer unused)
{
    E500State *s = &f->core[0]->s;
    set(f, 0, 0, 0, 0, 0);
    run(f, MTFSB1_VXSNAN);
    g_assert_cmphex(s->fpscr, ==, FPSCR_FX | FPSCR_VX | FPSCR_VXSNAN);
    run(f, MTFSB1_FEX);
    g_assert_cmphex(s->fpscr, ==, FPSCR_FX | FPSCR_VX | FPSCR_VXSNAN);
    /* mtfsf writes FX as it is told, VX and FEX never, and the reserved bit stays 0 */
    set(f, 0, 0, 0, 0xffffffff & ~(uint32_t)(FPSCR_FX | FPSCR_VX_CAUSES | FPSCR_OX), 0);
    run(f, MTFSF_F3);
    g_assert_cmphex(s->fpscr, ==, FPSCR_FEX | FPSCR_UX | FPSCR_ZX | FPSCR_XX | 0x7f0ff);
    /* mcrfs of field 0 clears FX and OX, and FEX when nothing enabled is left */
    set(f, FPSCR_FX | FPSCR_FEX | FPSCR_OX | FPSCR_OE, 0, 0, 0, 0);
    run(f, MCRFS_CR7_0);
    g_assert_cmphex(s->fpscr, ==, FPSCR_OE);
    g_assert_cmphex(s->cr, ==, 0xd);
}

static void writing_fex_traps(Fixture *f, gconstpointer unused)
{
    set(f, 0, MSR_FE0, 0, FPSCR_ZX | FPSCR_ZE, 0);
    g_assert_cmpint(run(f, MTFSF_F3), ==, EXEC_TRAP);
    assert_program_fp(f);
    g_assert_cmphex(f->core[0]->s.fpscr, ==, FPSCR_FEX | FPSCR_ZX | FPSCR_ZE);
}

/* FPSCR[FEX] is set while MSR[FE0, FE1] are 00, which ignores it.  The instruction that makes them other than 00 raises the interrupt. */
static void listening_late_traps_behind_itself(Fixture *f, gconstpointer unused)
{
    static const struct {
        uint32_t word, from, to;
        uint32_t fpscr;
        bool traps;
    } row[] = {
        {MTMSR_R5, 0, MSR_FE0, FPSCR_VXSNAN | FPSCR_VE, true},
        {MTMSR_R5, 0, MSR_FE1 | MSR_EE, FPSCR_OX | FPSCR_OE, true},
        {MTMSR_R5, 0, MSR_FE0 | MSR_FE1, FPSCR_OX | FPSCR_UE, false},
        {MTMSR_R5, MSR_FE1, MSR_FE0, FPSCR_OX | FPSCR_OE,
         false}, /* it was not ignored before, so its interrupt has been taken already */
        {MTMSR_R5, MSR_FE1, 0, FPSCR_OX | FPSCR_OE, false},
        {RFI, 0, MSR_FE1, FPSCR_XX | FPSCR_XE, true},
        {RFI, 0, MSR_PR, FPSCR_XX | FPSCR_XE, false},
        {RFCI, 0, MSR_FE0 | MSR_PR, FPSCR_ZX | FPSCR_ZE, true},
        {RFDI, 0, MSR_FE0, FPSCR_UX | FPSCR_UE, true},
        {RFMCI, 0, MSR_FE0, FPSCR_VXCVI | FPSCR_VE, true},
    };
    E500 *c = f->core[0];

    FOR_ROWS (i, row) {
        Ea next = row[i].word == MTMSR_R5 ? 0x1004 : 0x2000;
        set(f, 0, row[i].from, 0, 0, 0);
        c->s.pc = 0x1000;
        c->s.gpr[5].w = row[i].to;
        c->s.spr[SPR_SRR0] = c->s.spr[SPR_CSRR0] = c->s.spr[SPR_DSRR0] = c->s.spr[SPR_MCSRR0] = 0x2000;
        c->s.spr[SPR_SRR1] = c->s.spr[SPR_CSRR1] = c->s.spr[SPR_DSRR1] = c->s.spr[SPR_MCSRR1] = row[i].to;
        c->s.fpscr = row[i].fpscr;
        if (c->s.fpscr >> 22 & c->s.fpscr & 0x78 || (c->s.fpscr & FPSCR_VE))
            c->s.fpscr |= FPSCR_FEX;
        g_assert_cmpint(run(f, row[i].word), ==, row[i].traps ? EXEC_TRAP : EXEC_JUMP);
        g_assert_cmphex(c->s.msr, ==, row[i].to);
        g_assert_cmphex(c->s.pc, ==, next);
        if (row[i].traps)
            assert_program_fp(f);
    }
}

static void memory(Fixture *f, gconstpointer unused)
{
    set(f, 0, 0, 0, SNAN | UINT64_C(0x20000000), 0);
    g_assert_cmpint(run(f, STFS_F3), ==, EXEC_NEXT);
    g_assert_cmpmem(&f->ram[0x100], 4, "\x7f\x80\x00\x01", 4);
    memcpy(&f->ram[0x100], "\x40\x08\0\0\0\0\0\0", 8);
    g_assert_cmpint(run(f, LFD_F1), ==, EXEC_NEXT);
    g_assert_cmphex(f->core[0]->s.fpr[1], ==, THREE);
    g_assert_cmphex(f->core[0]->s.fpscr, ==, 0);
}

UNIT_TESTS(exec_fp)
{
    TEST("/fp/nothing-happens-while-unavailable", unavailable);
    TEST("/fp/external-pid-is-privileged-before-unavailable", external_pid_is_privileged);
    TEST("/fp/fx-is-set-by-new-exceptions-only", fx_only_when_new);
    TEST("/fp/fr-says-that-the-fraction-grew", fr_says_the_fraction_grew);
    TEST("/fp/enabled-invalid-keeps-the-target", enabled_invalid_keeps_the_target);
    TEST("/fp/enabled-overflow-writes-the-target", enabled_overflow_writes_the_target);
    TEST("/fp/old-exceptions-do-not-trap", old_exceptions_do_not_trap);
    TEST("/fp/fnmadd-rounds-then-negates", fnmadd_rounds_then_negates);
    TEST("/fp/single-denormals-have-their-class", single_denormals_have_their_class);
    TEST("/fp/reciprocal-of-zero-is-infinite", reciprocal_of_zero);
    TEST("/fp/compare-leaves-c-fr-and-fi", compare_leaves_c_fr_and_fi);
    TEST("/fp/summary-bits-follow-the-others", summary_bits_follow);
    TEST("/fp/writing-an-enabled-exception-traps", writing_fex_traps);
    TEST("/fp/listening-late-traps-behind-itself", listening_late_traps_behind_itself);
    TEST("/fp/memory-formats", memory);
}
