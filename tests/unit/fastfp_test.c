/* SPDX-License-Identifier: MIT
 *
 * The host's arithmetic answers what the integer one answers, or not at all.  Operands are dense
 * where roundings are decided: few bits, half-way cases, near-cancellation, exponents at the ends
 * of what is accepted.
 */
#include <glib.h>

#include "cpu/e500/fastfp.h"
#include "tests/unit/unit.h"

enum { ROUNDS = 300000, ROUNDS_SLOW = 8000000 };

typedef enum Op { ADD, MUL, DIV, FMA, FMS, FNMA, FNMS, RSP, OPS } Op;

static uint64_t rng_state;

static uint64_t rng(void) /* splitmix64 */
{
    uint64_t z = rng_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t random_fraction(SoftfpPrecision p)
{
    uint64_t frac = rng(), how = rng();
    unsigned shift = how >> 8 & 63;
    switch (how & 7) {
    case 0:
        frac <<= shift;
        break;
    case 1:
        frac = ~(frac << shift);
        break;
    case 2:
        frac = UINT64_C(1) << (how >> 8) % 52;
        break;
    case 3:
        frac = UINT64_MAX >> shift;
        break;
    default:
        break;
    }
    return frac & UINT64_C(0xfffffffffffff) & ~(p == SOFTFP_SINGLE && how & 0xf0 ? 0x1fffffffu : 0u);
}

static uint64_t random_operand(SoftfpPrecision p)
{
    uint64_t how = rng(), sign = how & SOFTFP_SIGN;
    int reach = p == SOFTFP_SINGLE ? 40 : 300, exp;
    switch (how & 15) {
    case 0:
        return sign;
    case 1:
        return sign | (how >> 4 & 1 ? UINT64_C(0x7ff) << 52 : rng() & UINT64_C(0xfffffffffffff));
    case 2:
    case 3:
        exp = (int)(how >> 8 & 1 ? reach : -reach) + (int)(how >> 9 & 3) - 1;
        break;
    case 4:
        exp = (int)(how >> 8 & 0x7ff) - 1023;
        break;
    default:
        exp = (int)(how >> 8 & 63) - 32;
        break;
    }
    return sign | (uint64_t)((exp + 1023) & 0x7ff) << 52 | random_fraction(p);
}

static unsigned negation(Op op)
{
    return (op == FMS || op == FNMS ? SOFTFP_NEGATE_B : 0) | (op == FNMA || op == FNMS ? SOFTFP_NEGATE_RESULT : 0);
}

static bool fast(Op op, uint64_t a, uint64_t b, uint64_t c, SoftfpPrecision p, FastFp *r)
{
    switch (op) {
    case ADD:
        return fastfp_add(a, b, p, r);
    case MUL:
        return fastfp_mul(a, c, p, r);
    case DIV:
        return fastfp_div(a, b, p, r);
    case FMA:
    case FMS:
    case FNMA:
    case FNMS:
        return fastfp_fma(a, c, b, negation(op), p, r);
    case RSP:
        return fastfp_round_to_single(b, r);
    case OPS:
        break;
    }
    g_assert_not_reached();
}

static uint64_t soft(Op op, Softfp *fp, uint64_t a, uint64_t b, uint64_t c, SoftfpPrecision p)
{
    switch (op) {
    case ADD:
        return softfp_add(fp, a, b, p);
    case MUL:
        return softfp_mul(fp, a, c, p);
    case DIV:
        return softfp_div(fp, a, b, p);
    case FMA:
    case FMS:
    case FNMA:
    case FNMS:
        return softfp_fma(fp, a, c, b, negation(op), p);
    case RSP:
        return softfp_round_to_single(fp, b);
    case OPS:
        break;
    }
    g_assert_not_reached();
}

/* A sum that nearly cancels: b about −a·c, or −a. */
static uint64_t related(Op op, uint64_t a, uint64_t c, SoftfpPrecision p)
{
    Softfp fp = {.fpscr = (uint32_t)rng() & FPSCR_RN};
    uint64_t near = op == ADD || op == DIV ? a : softfp_mul(&fp, a, c, p);
    return (near + (rng() & 3) * (p == SOFTFP_SINGLE ? UINT64_C(0x20000000) : 1)) ^ (rng() & SOFTFP_SIGN);
}

static bool no_fpu(void)
{
    if (fastfp_host_has_fpu())
        return false;
    g_test_skip("this host has no FPU");
    return true;
}

static void agrees(gconstpointer data)
{
    Op op = (Op)GPOINTER_TO_INT(data);
    unsigned n = g_test_slow() ? ROUNDS_SLOW : ROUNDS, answered = 0;

    if (no_fpu())
        return;
    rng_state = 5000 + op;
    g_test_message("seed %u", 5000 + op);
    for (unsigned i = 0; i < n; i++) {
        SoftfpPrecision p = op != RSP && i & 1 ? SOFTFP_SINGLE : SOFTFP_DOUBLE;
        uint64_t a = random_operand(p), c = random_operand(p);
        uint64_t b = rng() & 3 ? random_operand(p) : related(op, a, c, p);
        FastFp got;
        Softfp fp = {.fpscr = 0};
        if (!fast(op, a, b, c, p, &got))
            continue;
        answered++;
        uint64_t want = soft(op, &fp, a, b, c, p);
        if (got.value != want || got.flags != fp.flags)
            g_error("%d %d: a %016" G_GINT64_MODIFIER "x b %016" G_GINT64_MODIFIER "x c %016" G_GINT64_MODIFIER
                    "x: %016" G_GINT64_MODIFIER "x %08x, not %016" G_GINT64_MODIFIER "x %08x",
                    op, p, a, b, c, got.value, got.flags, want, fp.flags);
        g_assert_cmphex(softfp_class(want, op == RSP ? SOFTFP_SINGLE : p) & 0x13000, ==, 0); /* a normal number */
    }
    g_test_message("%u of %u answered", answered, n);
#if defined(__x86_64__) || defined(__aarch64__)
    g_assert_cmpuint(answered, >, n / 10);
#endif
}

static void only_where_inexact_is_no_interrupt(void)
{
    if (no_fpu())
        return;
    g_assert_true(fastfp_allowed(0));
    g_assert_true(fastfp_allowed(FPSCR_VE | FPSCR_OE | FPSCR_UE | FPSCR_ZE | FPSCR_FX | FPSCR_XX));
    g_assert_false(fastfp_allowed(FPSCR_XE));
    for (unsigned rn = 1; rn < 4; rn++)
        g_assert_false(fastfp_allowed(rn));
}

UNIT_TESTS(fastfp)
{
    static const char *const name[OPS] = {
        [ADD] = "add",
        [MUL] = "multiply",
        [DIV] = "divide",
        [FMA] = "fused",
        [FMS] = "fused-subtract",
        [FNMA] = "fused-negated",
        [FNMS] = "fused-subtract-negated",
        [RSP] = "round-to-single",
    };

    g_test_add_func("/fastfp/only-where-inexact-is-no-interrupt", only_where_inexact_is_no_interrupt);
    for (int op = 0; op < OPS; op++) {
        g_autofree char *path = g_strdup_printf("/fastfp/agrees/%s", name[op]);
        g_test_add_data_func(path, GINT_TO_POINTER(op), agrees);
    }
}
