/* SPDX-License-Identifier: MIT
 *
 * Rounding errors of host arithmetic are themselves exact numbers that can be computed, and their
 * sign tells FR: Knuth's 2Sum for sums, a fused multiply-add for products and quotients, Boldo and
 * Muller's (IEEE TC 60(2), 2011) for fused sums.
 *
 * Operands are confined to exponents with which nothing on the way overflows or becomes denormal:
 * then no flag but inexact can arise, the result is normal unless it is an exact zero (which is
 * left to softfp), and the error terms are exact.
 *
 * Singles: operands that are single-precision numbers.  Their products are exact as doubles, and
 * what the rounding of a sum to double lost decides where the double stands half-way between two
 * singles.
 *
 * Where a product stands inside a sum it is exact, so a compiler that contracts the two changes
 * nothing.
 */
#include "cpu/e500/fastfp.h"

#include <float.h>
#include <string.h>

#ifdef __powerpc__
#include <sys/auxv.h>

bool fastfp_host_has_fpu(void)
{
    enum { UNKNOWN, NO, YES };
    static int known = UNKNOWN;
    int has = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (has == UNKNOWN) {
        has = getauxval(AT_HWCAP) & PPC_FEATURE_HAS_FPU ? YES : NO;
        __atomic_store_n(&known, has, __ATOMIC_RELAXED);
    }
    return has == YES;
}
#endif

#if FLT_EVAL_METHOD == 0 && DBL_MANT_DIG == 53 && !defined(__FAST_MATH__)

#if defined(__x86_64__)
#define FUSED __attribute__((target("fma")))
static bool has_fused(void)
{
    return __builtin_cpu_supports("fma");
}
#elif defined(__FP_FAST_FMA)
#define FUSED
static bool has_fused(void)
{
    return true;
}
#else
#define FUSED
static bool has_fused(void)
{
    return false;
}
#endif

static double as_double(uint64_t v)
{
    double d;
    memcpy(&d, &v, sizeof d);
    return d;
}

static uint64_t as_bits(double d)
{
    uint64_t v;
    memcpy(&v, &d, sizeof v);
    return v;
}

/* Exponents −300 … 300; for singles −40 … 40, and no bit that a single has not. */
static bool ordinary(uint64_t v, SoftfpPrecision p)
{
    unsigned exp = v >> 52 & 0x7ff;
    return p == SOFTFP_DOUBLE ? exp - (1023 - 300) <= 600u : exp - (1023 - 40) <= 80u && !(v & 0x1fffffff);
}

/* exact = value + something with error's sign, or 0 */
static bool rounded(FastFp *r, double value, double error)
{
    r->value = as_bits(value);
    r->flags = error == 0                   ? 0
               : (error < 0) == (value < 0) ? (uint32_t)(FPSCR_XX | FPSCR_FI)
                                            : (uint32_t)(FPSCR_XX | FPSCR_FI | FPSCR_FR);
    return value != 0;
}

/* exact = sum + error, sum rounded to nearest */
static bool rounded_to_single(FastFp *r, double sum, double error)
{
    double value = (float)sum, rest = sum - value;
    if (error != 0 && (as_bits(sum) & 0x1fffffff) == 0x10000000)
        return false; /* half-way but for the error */
    return rounded(r, value, rest != 0 ? rest : error);
}

static bool finish(FastFp *r, double sum, double error, SoftfpPrecision p)
{
    return p == SOFTFP_DOUBLE ? rounded(r, sum, error) : rounded_to_single(r, sum, error);
}

static double sum_error(double a, double b, double sum)
{
    double b_part = sum - a;
    return (a - (sum - b_part)) + (b - b_part);
}

bool fastfp_add(uint64_t a, uint64_t b, SoftfpPrecision p, FastFp *r)
{
    double x = as_double(a), y = as_double(b), sum = x + y;
    if (!ordinary(a, p) || !ordinary(b, p))
        return false;
    return finish(r, sum, sum_error(x, y, sum), p);
}

FUSED static bool mul_double(double x, double y, FastFp *r)
{
    double product = x * y;
    return rounded(r, product, __builtin_fma(x, y, -product));
}

bool fastfp_mul(uint64_t a, uint64_t c, SoftfpPrecision p, FastFp *r)
{
    if (!ordinary(a, p) || !ordinary(c, p))
        return false;
    if (p == SOFTFP_SINGLE)
        return rounded_to_single(r, as_double(a) * as_double(c), 0);
    return has_fused() && mul_double(as_double(a), as_double(c), r);
}

FUSED static bool div_double(double x, double y, FastFp *r)
{
    double quotient = x / y, remainder = __builtin_fma(-quotient, y, x);
    return rounded(r, quotient, y < 0 ? -remainder : remainder);
}

/* To double and then to single is as good as to single at once (Figueroa 1995). */
static bool div_single(double x, double y, FastFp *r)
{
    double quotient = (float)(x / y), product = quotient * y, remainder = x - product;
    return rounded(r, quotient, y < 0 ? -remainder : remainder);
}

bool fastfp_div(uint64_t a, uint64_t b, SoftfpPrecision p, FastFp *r)
{
    if (!ordinary(a, p) || !ordinary(b, p))
        return false;
    if (p == SOFTFP_SINGLE)
        return div_single(as_double(a), as_double(b), r);
    return has_fused() && div_double(as_double(a), as_double(b), r);
}

FUSED static bool fma_double(double x, double y, double z, FastFp *r)
{
    double result = __builtin_fma(x, y, z);
    double high = __builtin_fma(x, y, 0.0), low = __builtin_fma(x, y, -high);
    double a1 = z + low, a2 = sum_error(z, low, a1);
    double b1 = high + a1, b2 = sum_error(high, a1, b1);
    return rounded(r, result, ((b1 - result) + b2) + a2);
}

static bool fma_single(double x, double y, double z, FastFp *r)
{
    double product = x * y, sum = product + z;
    return rounded_to_single(r, sum, sum_error(product, z, sum));
}

bool fastfp_fma(uint64_t a, uint64_t c, uint64_t b, unsigned negate, SoftfpPrecision p, FastFp *r)
{
    double x = as_double(a), y = as_double(c), z = as_double(b);
    if (!ordinary(a, p) || !ordinary(c, p) || !ordinary(b, p))
        return false;
    if (negate & SOFTFP_NEGATE_B)
        z = -z;
    if (p == SOFTFP_SINGLE ? !fma_single(x, y, z, r) : !has_fused() || !fma_double(x, y, z, r))
        return false;
    if (negate & SOFTFP_NEGATE_RESULT)
        r->value ^= SOFTFP_SIGN;
    return true;
}

bool fastfp_round_to_single(uint64_t b, FastFp *r)
{
    return (unsigned)(b >> 52 & 0x7ff) - (1023 - 120) <= 240u && rounded_to_single(r, as_double(b), 0);
}

#else

bool fastfp_add(uint64_t a, uint64_t b, SoftfpPrecision p, FastFp *r)
{
    return false;
}

bool fastfp_mul(uint64_t a, uint64_t c, SoftfpPrecision p, FastFp *r)
{
    return false;
}

bool fastfp_div(uint64_t a, uint64_t b, SoftfpPrecision p, FastFp *r)
{
    return false;
}

bool fastfp_fma(uint64_t a, uint64_t c, uint64_t b, unsigned negate, SoftfpPrecision p, FastFp *r)
{
    return false;
}

bool fastfp_round_to_single(uint64_t b, FastFp *r)
{
    return false;
}

#endif
