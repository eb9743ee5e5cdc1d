/* SPDX-License-Identifier: MIT
 *
 * How long a floating-point instruction takes, by rounding mode: to nearest may be done by the
 * host's arithmetic, the other modes never are.  Ordinary operands; processor time; the ratio is
 * what that gains.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cpu/e500/bits.h"
#include "cpu/e500/insn.h"

enum { VALUES = 1024, ROUNDS = 4000 };

/* FRT f1, FRA f2, FRB f3, FRC f4 */
#define A_FORM(primary, xo) ((primary) << 26 | 1 << 21 | 2 << 16 | 3 << 11 | 4 << 6 | (xo) << 1)
#define NO_C(word)          ((word) & ~(31u << 6))
#define NO_B(word)          ((word) & ~(31u << 11))

static const struct {
    const char *name;
    uint32_t word;
} rows[] = {
    {"fadd", NO_C(A_FORM(63u, 21))},
    {"fsub", NO_C(A_FORM(63u, 20))},
    {"fmul", NO_B(A_FORM(63u, 25))},
    {"fdiv", NO_C(A_FORM(63u, 18))},
    {"fmadd", A_FORM(63u, 29)},
    {"fnmsub", A_FORM(63u, 30)},
    {"fadds", NO_C(A_FORM(59u, 21))},
    {"fmuls", NO_B(A_FORM(59u, 25))},
    {"fdivs", NO_C(A_FORM(59u, 18))},
    {"fmadds", A_FORM(59u, 29)},
    {"frsp", 63u << 26 | 1 << 21 | 3 << 11 | 12 << 1},
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t operand(unsigned i, bool single)
{
    double v = (1.0 + (double)(i * 7919 % 4099) / 4099) * (i & 1 ? 3 : -0.7);
    uint64_t bits;
    if (single)
        v = (float)v;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

/* Nanoseconds an instruction. */
static double time_row(E500 *c, const Insn *in, bool single, uint32_t fpscr)
{
    static uint64_t values[VALUES + 2];
    double start;

    for (unsigned i = 0; i < VALUES + 2; i++)
        values[i] = operand(i, single);
    c->s.fpscr = fpscr;
    start = seconds();
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < VALUES; i++) {
            memcpy(&c->s.fpr[2], &values[i], 3 * sizeof(uint64_t));
            insn_exec[in->id](c, in);
        }
    }
    return (seconds() - start) * 1e9 / ((double)ROUNDS * VALUES);
}

int main(void)
{
    E500 *c = g_new0(E500, 1);
    const E500Model *model = e500_model_find("e500mc");

    c->model = model;
    c->s.msr = MSR_FP;
    printf("%-8s %12s %12s %8s\n", "", "nearest, ns", "to zero, ns", "ratio");
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Insn in;
        insn_decode(rows[i].word, model, &in);
        bool single = rows[i].word >> 26 == 59;
        double nearest = time_row(c, &in, single, 0), zero = time_row(c, &in, single, 1);
        printf("%-8s %12.1f %12.1f %8.2f\n", insn_info[in.id].name, nearest, zero, zero / nearest);
    }
    g_free(c);
    return 0;
}
