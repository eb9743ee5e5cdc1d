/* SPDX-License-Identifier: MIT
 *
 * How long a floating-point instruction takes in a block, translated and handed to the interpreter; processor time.  With arguments
 * NAME called|translated N it executes one row N times and says nothing: the difference of two N under a tool that counts the host's
 * instructions is exact.
 */
#include "tests/unit/soft_fixture.h"

#if HAVE_JIT
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cpu/jit/jit.h"

enum { COPIES = 50, DATA = 0x40000, INSNS = 2000000 };
enum { FRT = 1 << 21, FRA = 2 << 16, FRB = 3 << 11, FRC = 4 << 6, AT_R9 = 9 << 16 | 8 };
enum { RT = 5 << 21, RA = 6 << 16, RB = 7 << 11, AT_R9_SPE = 9 << 16 | 1 << 11 };

static const struct {
    InsnId id;
    uint32_t operands;
} rows[] = {
    {INSN_fadd, FRT | FRA | FRB},
    {INSN_fmul, FRT | FRA | FRC},
    {INSN_fdiv, FRT | FRA | FRB},
    {INSN_fmadd, FRT | FRA | FRB | FRC},
    {INSN_fadds, FRT | FRA | FRB},
    {INSN_fmadds, FRT | FRA | FRB | FRC},
    {INSN_frsp, FRT | FRB},
    {INSN_fctiwz, FRT | FRB},
    {INSN_fcmpu, FRA | FRB},
    {INSN_fmr, FRT | FRB},
    {INSN_fsel, FRT | FRA | FRB | FRC},
    {INSN_lfs, FRT | AT_R9},
    {INSN_stfs, FRT | AT_R9},
    {INSN_lfd, FRT | AT_R9},
    {INSN_stfd, FRT | AT_R9},
    {INSN_efdadd, RT | RA | RB},
    {INSN_efdmul, RT | RA | RB},
    {INSN_efddiv, RT | RA | RB},
    {INSN_efdcmpgt, RA | RB},
    {INSN_efdctsiz, RT | RB},
    {INSN_efdcfsi, RT | RB},
    {INSN_efsadd, RT | RA | RB},
    {INSN_efsmul, RT | RA | RB},
    {INSN_evldd, RT | AT_R9_SPE},
    {INSN_evstdd, RT | AT_R9_SPE},
    {INSN_evmergehi, RT | RA | RB},
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* 1.25 and so on, in each format */
static void fill(E500State *s, bool singles)
{
    for (unsigned i = 0; i < 8; i++) {
        double d = 1.25 + i / 3.0;
        float f = (float)d;
        memcpy(&s->fpr[i], &d, sizeof(d));
        if (singles)
            memcpy(&s->gpr[i].w, &f, sizeof(f));
        else
            s->gpr[i].d = s->fpr[i];
    }
    s->gpr[9].w = DATA;
}

/* Copies of the row and a branch to the first of them.  Seconds. */
static double run(InsnId id, uint32_t operands, bool called, unsigned n)
{
    bool is_fp = insn_info[id].categories & CAT_FP;
    SoftFixture f;

    jit_fp = !called;
    jit_hot = 0;
    soft_up_engine(&f, is_fp ? "e500mc" : "e500v2", true, &soft_jit);
    for (unsigned i = 0; i < COPIES; i++)
        soft_put_word(&f, SOFT_CODE + 4 * i, insn_info[id].match | operands);
    soft_put_word(&f, SOFT_CODE + 4 * COPIES, insn_info[INSN_b].match | (-4u * COPIES & 0x03fffffc));
    memset(f.ram + DATA, 0x3f, 64);
    soft_start(&f, 0, soft_core(&f, 0)->model);
    fill(&f.state, insn_info[id].categories & CAT_EFS);
    g_assert_true(accel_soft.vcpu_put_state(f.vcpu[0], &f.state, STATE_FULL, NULL));
    double start = seconds();
    soft_run_for(&f, 0, n);
    start = seconds() - start;
    soft_down(&f, NULL);
    return start;
}

int main(int argc, char **argv)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *name = insn_info[rows[i].id].name;
        if (argc == 4 && strcmp(argv[1], name) == 0)
            run(rows[i].id, rows[i].operands, strcmp(argv[2], "called") == 0, (unsigned)strtoul(argv[3], NULL, 0));
        if (argc == 4)
            continue;
        double called = run(rows[i].id, rows[i].operands, true, INSNS),
               translated = run(rows[i].id, rows[i].operands, false, INSNS);
        printf("%-10s %8.1f ns called %8.1f ns translated %8.1f times\n", name, called * 1e9 / INSNS, translated * 1e9 / INSNS,
               called / translated);
    }
    return 0;
}
#else
int main(void)
{
    return 0;
}
#endif
