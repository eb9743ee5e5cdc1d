/* SPDX-License-Identifier: MIT
 *
 * The integer floating point against tables made from the architecture's words, and against the
 * host's own arithmetic where that is IEEE 754: fixed seeds, all rounding modes, special operands
 * mixed with random ones.
 */
#include <fenv.h>
#include <float.h>
#include <glib.h>
#include <math.h>
#include <string.h>

#include "cpu/e500/softfp.h"
#include "tests/unit/unit.h"

enum { ROUNDS = 200000, ROUNDS_SLOW = 4000000 };

static unsigned rounds(void)
{
    return g_test_slow() ? ROUNDS_SLOW : ROUNDS;
}

/* --- tables --- */

typedef enum Op { ADD, SUB, MUL, DIV, SQRT, FMA, FMS, FNMA, FNMS, RSP } Op;

static uint64_t run(Softfp *fp, Op op, uint64_t a, uint64_t b, uint64_t c, SoftfpPrecision p)
{
    switch (op) {
    case ADD:
        return softfp_add(fp, a, b, p);
    case SUB:
        return softfp_sub(fp, a, b, p);
    case MUL:
        return softfp_mul(fp, a, c, p);
    case DIV:
        return softfp_div(fp, a, b, p);
    case SQRT:
        return softfp_sqrt(fp, b, p);
    case FMA:
        return softfp_fma(fp, a, c, b, 0, p);
    case FMS:
        return softfp_fma(fp, a, c, b, SOFTFP_NEGATE_B, p);
    case FNMA:
        return softfp_fma(fp, a, c, b, SOFTFP_NEGATE_RESULT, p);
    case FNMS:
        return softfp_fma(fp, a, c, b, SOFTFP_NEGATE_B | SOFTFP_NEGATE_RESULT, p);
    case RSP:
        return softfp_round_to_single(fp, b);
    }
    g_assert_not_reached();
}

typedef struct Case {
    Op op;
    SoftfpPrecision p;
    uint64_t a, b, c;
    uint32_t fpscr;
    uint64_t want;
    uint32_t flags;
} Case;

#define INF        SOFTFP_INFINITY
#define NINF       (SOFTFP_INFINITY | SOFTFP_SIGN)
#define QNAN       SOFTFP_DEFAULT_NAN
#define MINUS_ZERO SOFTFP_SIGN
#define D(hex)     UINT64_C(0x##hex)
#define PLUS_ONE   D(3ff0000000000000)
#define MAX_D      D(7fefffffffffffff)
#define MIN_NORMAL D(0010000000000000)
#define MAX_S      D(47efffffe0000000)
#define DOUBLE     SOFTFP_DOUBLE
#define SINGLE     SOFTFP_SINGLE
#define INEXACT    (FPSCR_XX | FPSCR_FI)

static void check_cases(const Case *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        Softfp fp = {.fpscr = t[i].fpscr};
        uint64_t got = run(&fp, t[i].op, t[i].a, t[i].b, t[i].c, t[i].p);
        if (got != t[i].want || fp.flags != t[i].flags)
            g_error("row %zu: got 0x%016" G_GINT64_MODIFIER "x flags 0x%08x, want 0x%016" G_GINT64_MODIFIER "x flags 0x%08x", i,
                    got, fp.flags, t[i].want, t[i].flags);
    }
}

static void test_invalid_operations(void)
{
    static const Case t[] = {
        {ADD, DOUBLE, INF, NINF, 0, 0, QNAN, FPSCR_VXISI},
        {SUB, DOUBLE, INF, INF, 0, 0, QNAN, FPSCR_VXISI},
        {SUB, DOUBLE, INF, NINF, 0, 0, INF, 0},
        {MUL, DOUBLE, INF, 0, 0, 0, QNAN, FPSCR_VXIMZ},
        {MUL, SINGLE, MINUS_ZERO, 0, NINF, 0, QNAN, FPSCR_VXIMZ},
        {DIV, DOUBLE, NINF, INF, 0, 0, QNAN, FPSCR_VXIDI},
        {DIV, DOUBLE, MINUS_ZERO, 0, 0, 0, QNAN, FPSCR_VXZDZ},
        {DIV, DOUBLE, PLUS_ONE, MINUS_ZERO, 0, 0, NINF, FPSCR_ZX},
        {DIV, DOUBLE, INF, MINUS_ZERO, 0, 0, NINF, 0},
        {SQRT, DOUBLE, 0, D(bff0000000000000), 0, 0, QNAN, FPSCR_VXSQRT},
        {SQRT, DOUBLE, 0, MINUS_ZERO, 0, 0, MINUS_ZERO, 0},
        {FMA, DOUBLE, INF, PLUS_ONE, 0, 0, QNAN, FPSCR_VXIMZ},
        {FMA, DOUBLE, INF, NINF, PLUS_ONE, 0, QNAN, FPSCR_VXISI},
        {FMS, DOUBLE, INF, INF, PLUS_ONE, 0, QNAN, FPSCR_VXISI},
        {FNMA, DOUBLE, INF, NINF, PLUS_ONE, 0, QNAN, FPSCR_VXISI},
        {FMA, DOUBLE, INF, D(7ff8000000000001), 0, 0, D(7ff8000000000001), FPSCR_VXIMZ},
        {FMA, DOUBLE, INF, D(7ff0000000000001), 0, 0, D(7ff8000000000001), FPSCR_VXIMZ | FPSCR_VXSNAN},
    };
    check_cases(t, G_N_ELEMENTS(t));
}

static void test_nan_operands(void)
{
    const uint64_t qa = D(fff80000000000aa), qb = D(7ff80000000000bb), qc = D(fff80000000000cc);
    const uint64_t sb = D(fff00000000000b5), sb_quiet = D(fff80000000000b5);
    const Case t[] = {
        {ADD, DOUBLE, qa, qb, 0, 0, qa, 0},
        {ADD, DOUBLE, PLUS_ONE, qb, 0, 0, qb, 0},
        {ADD, DOUBLE, qa, sb, 0, 0, qa, FPSCR_VXSNAN},
        {SUB, DOUBLE, PLUS_ONE, sb, 0, 0, sb_quiet, FPSCR_VXSNAN},
        {MUL, DOUBLE, PLUS_ONE, 0, qc, 0, qc, 0},
        {FMA, DOUBLE, qa, qb, qc, 0, qa, 0},
        {FMA, DOUBLE, PLUS_ONE, qb, qc, 0, qb, 0},
        {FMA, DOUBLE, PLUS_ONE, PLUS_ONE, qc, 0, qc, 0},
        {FMS, DOUBLE, PLUS_ONE, qb, qc, 0, qb, 0},
        {FNMA, DOUBLE, PLUS_ONE, qb, PLUS_ONE, 0, qb, 0},
        {FNMS, DOUBLE, PLUS_ONE, sb, PLUS_ONE, 0, sb_quiet, FPSCR_VXSNAN},
        {ADD, SINGLE, D(7ff800001fffffff), PLUS_ONE, 0, 0, D(7ff800001fffffff), 0},
        {RSP, SINGLE, 0, D(7ff000003fffffff), 0, 0, D(7ff8000020000000), FPSCR_VXSNAN},
        {RSP, SINGLE, 0, D(fff000001fffffff), 0, 0, D(fff8000000000000), FPSCR_VXSNAN},
    };
    check_cases(t, G_N_ELEMENTS(t));
}

static void test_signs_of_zero(void)
{
    static const Case t[] = {
        {ADD, DOUBLE, 0, MINUS_ZERO, 0, SOFTFP_NEAREST, 0, 0},
        {ADD, DOUBLE, 0, MINUS_ZERO, 0, SOFTFP_DOWN, MINUS_ZERO, 0},
        {ADD, DOUBLE, MINUS_ZERO, MINUS_ZERO, 0, SOFTFP_UP, MINUS_ZERO, 0},
        {SUB, DOUBLE, PLUS_ONE, PLUS_ONE, 0, SOFTFP_ZERO, 0, 0},
        {SUB, DOUBLE, PLUS_ONE, PLUS_ONE, 0, SOFTFP_DOWN, MINUS_ZERO, 0},
        {FMA, DOUBLE, PLUS_ONE, MINUS_ZERO, MINUS_ZERO, SOFTFP_NEAREST, MINUS_ZERO, 0},
        {FMA, DOUBLE, PLUS_ONE, 0, MINUS_ZERO, SOFTFP_NEAREST, 0, 0},
        {FNMA, DOUBLE, PLUS_ONE, 0, MINUS_ZERO, SOFTFP_NEAREST, MINUS_ZERO, 0},
        {FMS, DOUBLE, PLUS_ONE, PLUS_ONE, PLUS_ONE, SOFTFP_DOWN, MINUS_ZERO, 0},
        {FNMS, DOUBLE, PLUS_ONE, PLUS_ONE, PLUS_ONE, SOFTFP_NEAREST, MINUS_ZERO, 0},
    };
    check_cases(t, G_N_ELEMENTS(t));
}

/* (2^105 + 1) + 2^158: a tie but for the last of the product's 106 bits, 53 places further down. */
static void test_far_product_bits(void)
{
    static const Case t[] = {
        {FMA, DOUBLE, D(43309c2cd9a9752b), D(49d0000000000000), D(433ed31f284ba183), 0, D(49d0000000000001), INEXACT | FPSCR_FR},
        {FMS, DOUBLE, D(43309c2cd9a9752b), D(49d0000000000001), D(433ed31f284ba183), 0, D(c9d0000000000000), INEXACT},
    };
    check_cases(t, G_N_ELEMENTS(t));
}

static void test_overflow(void)
{
    static const Case t[] = {
        {ADD, DOUBLE, MAX_D, MAX_D, 0, SOFTFP_NEAREST, INF, FPSCR_OX | INEXACT | FPSCR_FR},
        {ADD, DOUBLE, MAX_D, MAX_D, 0, SOFTFP_ZERO, MAX_D, FPSCR_OX | INEXACT},
        {ADD, DOUBLE, MAX_D, MAX_D, 0, SOFTFP_DOWN, MAX_D, FPSCR_OX | INEXACT},
        {MUL, SINGLE, MAX_S, 0, MAX_S, SOFTFP_UP, INF, FPSCR_OX | INEXACT | FPSCR_FR},
        {MUL, SINGLE, MAX_S, 0, MAX_S, SOFTFP_ZERO, MAX_S, FPSCR_OX | INEXACT},
        {RSP, SINGLE, 0, D(47efffffefffffff), 0, SOFTFP_NEAREST, MAX_S, INEXACT},
        {RSP, SINGLE, 0, D(47effffff0000000), 0, SOFTFP_NEAREST, INF, FPSCR_OX | INEXACT | FPSCR_FR},
        {RSP, SINGLE, 0, D(c7effffff0000000), 0, SOFTFP_UP, MAX_S | SOFTFP_SIGN, INEXACT},
        /* enabled: the rounded result with its exponent less 1536 or 192 */
        {ADD, DOUBLE, MAX_D, MAX_D, 0, FPSCR_OE, D(1fffffffffffffff), FPSCR_OX},
        {MUL, SINGLE, D(47e0000000000000), 0, D(47e0000000000000), FPSCR_OE, D(43d0000000000000), FPSCR_OX},
    };
    check_cases(t, G_N_ELEMENTS(t));
}

static void test_underflow(void)
{
    static const Case t[] = {
        /* tiny and exact: no exception unless enabled */
        {DIV, DOUBLE, MIN_NORMAL, D(4000000000000000), 0, 0, D(0008000000000000), 0},
        {DIV, DOUBLE, MIN_NORMAL, D(4000000000000000), 0, FPSCR_UE, D(6000000000000000), FPSCR_UX},
        /* tiny before rounding, not after: (1 − 2^−53) * 2^−1022 */
        {FMS, DOUBLE, MIN_NORMAL, D(0000000000000001), PLUS_ONE, 0, D(000fffffffffffff), 0},
        {MUL, DOUBLE, D(001fffffffffffff), 0, D(3fe0000000000000), 0, MIN_NORMAL, FPSCR_UX | INEXACT | FPSCR_FR},
        {MUL, DOUBLE, D(0000000000000001), 0, D(0000000000000001), SOFTFP_UP, D(0000000000000001), FPSCR_UX | INEXACT | FPSCR_FR},
        {MUL, DOUBLE, D(0000000000000001), 0, D(0000000000000001), SOFTFP_NEAREST, 0, FPSCR_UX | INEXACT},
        {RSP, SINGLE, 0, D(36a0000000000000), 0, 0, D(36a0000000000000), 0},
        {RSP, SINGLE, 0, D(36a8000000000000), 0, 0, D(36b0000000000000), FPSCR_UX | INEXACT | FPSCR_FR},
        {RSP, SINGLE, 0, D(3690000000000000), 0, 0, 0, FPSCR_UX | INEXACT},
        {RSP, SINGLE, 0, D(36a8000000000000), 0, FPSCR_UE, D(42a8000000000000), FPSCR_UX},
    };
    check_cases(t, G_N_ELEMENTS(t));
}

/* Operands no single-precision result should ever be made of still end in some double. */
static void test_single_operations_take_any_double(void)
{
    static const Case t[] = {
        {MUL, SINGLE, MAX_D, 0, MAX_D, FPSCR_OE, INF, FPSCR_OX | INEXACT | FPSCR_FR},
        {MUL, SINGLE, MIN_NORMAL, 0, MIN_NORMAL, FPSCR_UE, 0, FPSCR_UX},
        {ADD, SINGLE, MAX_D, 0, 0, 0, INF, FPSCR_OX | INEXACT | FPSCR_FR},
    };
    check_cases(t, G_N_ELEMENTS(t));
}

static void test_compare(void)
{
    static const struct {
        uint64_t a, b;
        bool ordered;
        unsigned want;
        uint32_t flags;
    } t[] = {
        {PLUS_ONE, PLUS_ONE, false, 2, 0},
        {0, MINUS_ZERO, true, 2, 0},
        {PLUS_ONE, 0, true, 4, 0},
        {D(bff0000000000000), 0, true, 8, 0},
        {D(bff0000000000000), D(c000000000000000), true, 4, 0},
        {NINF, INF, true, 8, 0},
        {QNAN, PLUS_ONE, false, 1, 0},
        {PLUS_ONE, QNAN, true, 1, FPSCR_VXVC},
        {D(7ff0000000000001), PLUS_ONE, false, 1, FPSCR_VXSNAN},
        {PLUS_ONE, D(fff0000000000001), true, 1, FPSCR_VXSNAN | FPSCR_VXVC},
    };
    FOR_ROWS (i, t) {
        Softfp fp = {0};
        g_assert_cmpuint(softfp_compare(&fp, t[i].a, t[i].b, t[i].ordered), ==, t[i].want);
        g_assert_cmphex(fp.flags, ==, t[i].flags);
    }
}

static void test_classes(void)
{
    static const struct {
        uint64_t v;
        uint32_t as_double, as_single;
    } t[] = {
        {QNAN, 0x11, 0x11},
        {D(fff8000000000000), 0x11, 0x11},
        {NINF, 0x09, 0x09},
        {D(bff0000000000000), 0x08, 0x08},
        {D(8000000000000001), 0x18, 0x18},
        {MINUS_ZERO, 0x12, 0x12},
        {0, 0x02, 0x02},
        {D(000fffffffffffff), 0x14, 0x14},
        {MIN_NORMAL, 0x04, 0x14},
        {D(3800000000000000), 0x04, 0x14},
        {D(3810000000000000), 0x04, 0x04},
        {INF, 0x05, 0x05},
    };
    FOR_ROWS (i, t) {
        g_assert_cmphex(softfp_class(t[i].v, DOUBLE), ==, t[i].as_double << 12);
        g_assert_cmphex(softfp_class(t[i].v, SINGLE), ==, t[i].as_single << 12);
    }
}

static void test_integers(void)
{
    static const struct {
        uint64_t v;
        unsigned round;
        int32_t want;
        uint32_t flags;
    } t[] = {
        {D(3fe0000000000000), SOFTFP_NEAREST, 0, INEXACT},
        {D(3ff8000000000000), SOFTFP_NEAREST, 2, INEXACT | FPSCR_FR},
        {D(c004000000000000), SOFTFP_NEAREST, -2, INEXACT},
        {D(c004000000000000), SOFTFP_DOWN, -3, INEXACT | FPSCR_FR},
        {D(0000000000000001), SOFTFP_UP, 1, INEXACT | FPSCR_FR},
        {D(41dfffffffc00000), SOFTFP_NEAREST, INT32_MAX, 0},
        {D(41dfffffffdfffff), SOFTFP_NEAREST, INT32_MAX, INEXACT},
        {D(41dfffffffe00000), SOFTFP_NEAREST, INT32_MAX, FPSCR_VXCVI},
        {D(c1e0000000000000), SOFTFP_NEAREST, INT32_MIN, 0},
        {D(c1e00000001fffff), SOFTFP_ZERO, INT32_MIN, INEXACT},
        {D(c1e0000000200000), SOFTFP_ZERO, INT32_MIN, FPSCR_VXCVI},
        {D(c1e00000001fffff), SOFTFP_DOWN, INT32_MIN, FPSCR_VXCVI},
        {INF, SOFTFP_ZERO, INT32_MAX, FPSCR_VXCVI},
        {NINF, SOFTFP_ZERO, INT32_MIN, FPSCR_VXCVI},
        {QNAN, SOFTFP_ZERO, INT32_MIN, FPSCR_VXCVI},
        {D(7ff0000000000001), SOFTFP_ZERO, INT32_MIN, FPSCR_VXCVI | FPSCR_VXSNAN},
    };
    FOR_ROWS (i, t) {
        Softfp fp = {0};
        g_assert_cmpint(softfp_to_int32(&fp, t[i].v, t[i].round), ==, t[i].want);
        g_assert_cmphex(fp.flags, ==, t[i].flags);
    }
}

static void test_memory_formats(void)
{
    static const struct {
        uint32_t single;
        uint64_t wide;
    } t[] = {
        {0x3f800000, PLUS_ONE},
        {0x80000000, MINUS_ZERO},
        {0x7f800000, INF},
        {0x7f800001, D(7ff0000020000000)},
        {0xffc12345, D(fff82468a0000000)},
        {0x00000001, D(36a0000000000000)},
        {0x807fffff, D(b80fffffc0000000)},
        {0x00800000, D(3810000000000000)},
    };
    FOR_ROWS (i, t) {
        g_assert_cmphex(softfp_from_single(t[i].single), ==, t[i].wide);
        g_assert_cmphex(softfp_to_single(t[i].wide), ==, t[i].single);
    }
    /* no rounding on the way out: bits beyond single are cut off */
    g_assert_cmphex(softfp_to_single(D(3fffffffffffffff)), ==, 0x3fffffff);
    g_assert_cmphex(softfp_to_single(D(380fffffffffffff)), ==, 0x007fffff);
    g_assert_cmphex(softfp_to_single(D(8000000000000001)), ==, 0x80000000);
}

/* --- the host's arithmetic --- */

static uint64_t rng_state;

static uint64_t rng(void) /* splitmix64 */
{
    uint64_t z = rng_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Fractions are random, nearly all zeros or nearly all ones; exponents anywhere, in the middle or
 * at an end. */
static uint64_t random_double(void)
{
    uint64_t r = rng(), frac = rng() >> 12, exp = r >> 16 & 0x7ff;
    unsigned shift = r >> 32 & 63;
    if ((r & 7) == 0)
        frac = frac >> shift % 52;
    else if ((r & 7) == 1)
        frac = (frac << shift % 52) & D(fffffffffffff);
    else if ((r & 7) == 2)
        frac = ~(frac >> shift % 52) & D(fffffffffffff);
    if ((r >> 3 & 7) < 4)
        exp = 1023 - 32 + (exp & 63);
    else if ((r >> 3 & 7) == 4)
        exp = exp & 3;
    else if ((r >> 3 & 7) == 5)
        exp = 0x7ff - (exp & 3);
    return (r >> 8 & 1) << 63 | exp << 52 | frac;
}

static uint32_t random_single(void)
{
    uint64_t r = rng();
    uint32_t frac = (uint32_t)rng() & 0x7fffff, exp = r >> 16 & 0xff;
    if ((r & 7) == 0)
        frac = frac >> (r >> 32) % 23;
    else if ((r & 7) == 1)
        frac = (frac << (r >> 32) % 23) & 0x7fffff;
    if ((r >> 3 & 7) < 4)
        exp = 127 - 16 + (exp & 31);
    else if ((r >> 3 & 7) == 4)
        exp = exp & 3;
    else if ((r >> 3 & 7) == 5)
        exp = 0xff - (exp & 3);
    return (uint32_t)(r >> 8 & 1) << 31 | exp << 23 | frac;
}

static double as_double(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, 8);
    return d;
}

static uint64_t bits_of(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, 8);
    return bits;
}

/* Called, never expanded in line: compilers take round to nearest for granted there. */
static double (*volatile const host_rint)(double) = rint;
static double (*volatile const host_fma)(double, double, double) = fma;
static float (*volatile const host_fmaf)(float, float, float) = fmaf;

static const int host_rounding[4] = {FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD};

/* What the host makes of it, as double format, and its exception flags. */
static uint64_t host_run(Op op, uint64_t a, uint64_t b, uint64_t c, SoftfpPrecision p, unsigned mode, int *raised)
{
    volatile double x = as_double(a), y = as_double(b), z = as_double(c), r = 0;
    volatile float fx = (float)x, fy = (float)y, fz = (float)z, fr = 0;
    bool single = p == SINGLE;
    fesetround(host_rounding[mode]);
    feclearexcept(FE_ALL_EXCEPT);
    switch (op) {
    case ADD:
        single ? (fr = fx + fy) : (r = x + y);
        break;
    case SUB:
        single ? (fr = fx - fy) : (r = x - y);
        break;
    case MUL:
        single ? (fr = fx * fz) : (r = x * z);
        break;
    case DIV:
        single ? (fr = fx / fy) : (r = x / y);
        break;
    case SQRT:
        single ? (fr = sqrtf(fy)) : (r = sqrt(y));
        break;
    case FMA:
        single ? (fr = host_fmaf(fx, fz, fy)) : (r = host_fma(x, z, y));
        break;
    case FMS:
        single ? (fr = host_fmaf(fx, fz, -fy)) : (r = host_fma(x, z, -y));
        break;
    case FNMA:
        single ? (fr = -host_fmaf(fx, fz, fy)) : (r = -host_fma(x, z, y));
        break;
    case FNMS:
        single ? (fr = -host_fmaf(fx, fz, -fy)) : (r = -host_fma(x, z, -y));
        break;
    case RSP:
        fr = (float)y;
        break;
    }
    *raised = fetestexcept(FE_ALL_EXCEPT);
    fesetround(FE_TONEAREST);
    return bits_of(single ? (double)fr : r);
}

static bool host_is_ieee(void)
{
    if (FLT_EVAL_METHOD == 0 && DBL_MANT_DIG == 53 && sizeof(double) == 8)
        return true;
    g_test_skip("the host's arithmetic is not IEEE 754 without excess precision");
    return false;
}

static void compare_with_host(Op op, SoftfpPrecision p, unsigned mode)
{
    uint64_t v[3];
    for (int i = 0; i < 3; i++)
        v[i] = p == DOUBLE || op == RSP ? random_double() : softfp_from_single(random_single());
    for (int i = 0; i < 3; i++)
        v[i] = softfp_is_snan(v[i]) ? QNAN : v[i]; /* hosts do not agree on the flags of those */
    int raised, raised_rz;
    Softfp fp = {.fpscr = mode};
    uint64_t got = run(&fp, op, v[0], v[1], v[2], p);
    uint64_t want = host_run(op, v[0], v[1], v[2], p, mode, &raised);
    uint64_t cut = host_run(op, v[0], v[1], v[2], p, SOFTFP_ZERO, &raised_rz);
    bool ok = got == want || (softfp_is_nan(got) && softfp_is_nan(want));
    bool vx = fp.flags & FPSCR_VX_CAUSES, xx = fp.flags & FPSCR_XX, ux = fp.flags & FPSCR_UX;
    /* 0 * infinity + NaN: implementations may or may not raise invalid (IEEE 754-2008 §7.2c) */
    ok = ok && (vx == !!(raised & FE_INVALID) || (op >= FMA && op <= FNMS && softfp_is_nan(v[1])));
    ok = ok && !!(fp.flags & FPSCR_OX) == !!(raised & FE_OVERFLOW);
    ok = ok && !!(fp.flags & FPSCR_ZX) == !!(raised & FE_DIVBYZERO);
    ok = ok && xx == !!(raised & FE_INEXACT) && xx == !!(fp.flags & FPSCR_FI);
    /* the host may detect tininess after rounding: then they part only where that gave the least
     * normal number */
    uint64_t least = p == DOUBLE ? MIN_NORMAL : D(3810000000000000);
    ok = ok && (ux == !!(raised & FE_UNDERFLOW) || (ux && (got & ~SOFTFP_SIGN) == least));
    /* FR: greater in magnitude than what is cut off (which overflow leaves undefined) */
    if (!softfp_is_nan(got) && !(fp.flags & (FPSCR_OX | FPSCR_ZX)))
        ok = ok && !!(fp.flags & FPSCR_FR) == ((got & ~SOFTFP_SIGN) > (cut & ~SOFTFP_SIGN));
    if (!ok)
        g_error("op %d precision %d mode %u: a %016" G_GINT64_MODIFIER "x b %016" G_GINT64_MODIFIER "x c %016" G_GINT64_MODIFIER
                "x: got %016" G_GINT64_MODIFIER "x flags %08x, host %016" G_GINT64_MODIFIER "x raised %x",
                op, p, mode, v[0], v[1], v[2], got, fp.flags, want, (unsigned)raised);
}

static void test_host(gconstpointer data)
{
    if (!host_is_ieee())
        return;
    Op op = GPOINTER_TO_INT(data);
    rng_state = 1000 + op;
    g_test_message("seed %u", 1000 + op);
    unsigned n = rounds();
    for (unsigned i = 0; i < n; i++)
        compare_with_host(op, op == RSP || i & 4 ? SINGLE : DOUBLE, i & 3);
}

static void test_host_integers(void)
{
    if (!host_is_ieee())
        return;
    rng_state = 2000;
    g_test_message("seed 2000");
    unsigned n = rounds();
    for (unsigned i = 0; i < n; i++) {
        uint64_t v = random_double();
        Softfp fp = {0};
        volatile double d = as_double(v), rounded;
        int32_t got = softfp_to_int32(&fp, v, i & 3);
        fesetround(host_rounding[i & 3]);
        rounded = host_rint(d);
        fesetround(FE_TONEAREST);
        if (rounded >= -2147483648.0 && rounded <= 2147483647.0) {
            g_assert_cmpint(got, ==, (int32_t)rounded);
            g_assert_cmphex(fp.flags & ~(uint32_t)FPSCR_FR, ==, rounded == d ? 0 : INEXACT);
            g_assert_cmpint(!!(fp.flags & FPSCR_FR), ==, fabs(rounded) > fabs(d));
        } else {
            g_assert_true(fp.flags & FPSCR_VXCVI);
            g_assert_cmpint(got, ==, rounded > 0 ? INT32_MAX : INT32_MIN);
        }
    }
}

/* An enabled exception's result is what the host gets from operands scaled beforehand. */
static void test_host_rebias(void)
{
    if (!host_is_ieee())
        return;
    rng_state = 3000;
    g_test_message("seed 3000");
    unsigned n = rounds();
    for (unsigned i = 0; i < n; i++) {
        bool big = i & 4;
        uint64_t exponent = big ? 1900 : 100;
        uint64_t a = (random_double() & D(800fffffffffffff)) | (exponent + (rng() & 63)) << 52;
        uint64_t c = (random_double() & D(800fffffffffffff)) | (exponent + (rng() & 63)) << 52;
        double scale = big ? 0x1p-768 : 0x1p+768;
        int raised;
        Softfp fp = {.fpscr = (i & 3) | FPSCR_OE | FPSCR_UE};
        uint64_t got = softfp_mul(&fp, a, c, DOUBLE);
        uint64_t want = host_run(MUL, bits_of(as_double(a) * scale), 0, bits_of(as_double(c) * scale), DOUBLE, i & 3, &raised);
        g_assert_cmphex(got, ==, want);
        g_assert_cmphex(fp.flags & (FPSCR_OX | FPSCR_UX), ==, big ? FPSCR_OX : FPSCR_UX);
        g_assert_cmpint(!!(fp.flags & FPSCR_XX), ==, !!(raised & FE_INEXACT));
    }
}

static void test_host_memory_formats(void)
{
    rng_state = 4000;
    g_test_message("seed 4000");
    unsigned n = rounds();
    for (unsigned i = 0; i < n; i++) {
        uint32_t w = random_single();
        g_assert_cmphex(softfp_to_single(softfp_from_single(w)), ==, w);
        float f;
        memcpy(&f, &w, 4);
        if (!isnan(f))
            g_assert_cmphex(softfp_from_single(w), ==, bits_of((double)f));
    }
}

UNIT_TESTS(softfp)
{
    static const struct {
        Op op;
        const char *path;
    } host[] = {
        {ADD, "/softfp/host/add"},
        {SUB, "/softfp/host/subtract"},
        {MUL, "/softfp/host/multiply"},
        {DIV, "/softfp/host/divide"},
        {SQRT, "/softfp/host/root"},
        {FMA, "/softfp/host/multiply-add"},
        {FMS, "/softfp/host/multiply-subtract"},
        {FNMA, "/softfp/host/negative-multiply-add"},
        {FNMS, "/softfp/host/negative-multiply-subtract"},
        {RSP, "/softfp/host/round-to-single"},
    };
    g_test_add_func("/softfp/each-invalid-operation-has-its-cause", test_invalid_operations);
    g_test_add_func("/softfp/nans-propagate-in-the-order-a-b-c", test_nan_operands);
    g_test_add_func("/softfp/zero-has-the-sign-the-rounding-mode-gives", test_signs_of_zero);
    g_test_add_func("/softfp/fused-sums-see-the-last-product-bit", test_far_product_bits);
    g_test_add_func("/softfp/overflow-disabled-and-enabled", test_overflow);
    g_test_add_func("/softfp/tininess-is-detected-before-rounding", test_underflow);
    g_test_add_func("/softfp/single-operations-take-any-double", test_single_operations_take_any_double);
    g_test_add_func("/softfp/compare", test_compare);
    g_test_add_func("/softfp/classes", test_classes);
    g_test_add_func("/softfp/integers-saturate", test_integers);
    g_test_add_func("/softfp/memory-formats-keep-signalling-nans", test_memory_formats);
    FOR_ROWS (i, host)
        g_test_add_data_func(host[i].path, GINT_TO_POINTER(host[i].op), test_host);
    g_test_add_func("/softfp/host/integers", test_host_integers);
    g_test_add_func("/softfp/host/enabled-exceptions-move-the-exponent", test_host_rebias);
    g_test_add_func("/softfp/host/memory-formats", test_host_memory_formats);
}
