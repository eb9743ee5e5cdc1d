/* SPDX-License-Identifier: MIT
 *
 * A finite operand is unpacked to a 64-bit fraction with its top bit set, value = frac / 2^63 *
 * 2^exp.  Results are computed to at least 55 bits with everything below "jammed" into the lowest
 * bit (1 when anything was lost there), which is all that round_pack() needs to round any of them
 * exactly.
 */
#include "cpu/e500/softfp.h"

#if defined(__SIZEOF_INT128__) && !defined(SOFTFP_NO_INT128)
#define HAVE_INT128
#endif

typedef struct Format {
    int fraction_bits; /* with the hidden one */
    int exp_min, exp_max;
    int rebias; /* exponent adjustment of enabled overflow and underflow, Book I §4.4.3 and §4.4.4
                 */
} Format;

static const Format formats[] = {
    [SOFTFP_DOUBLE] = {53, -1022, 1023, 1536},
    [SOFTFP_SINGLE] = {24, -126, 127, 192},
};

typedef enum Kind { ZERO, FINITE, INFINITE, NAN_ } Kind;

typedef struct Number {
    Kind kind;
    bool sign;
    int exp;
    uint64_t frac;
} Number;

typedef struct Wide { /* 128-bit unsigned integer */
    uint64_t hi, lo;
} Wide;

/* --- integers --- */

static uint64_t shift_right_jam(uint64_t v, int n)
{
    if (n == 0)
        return v;
    if (n > 63)
        return v != 0;
    return v >> n | ((v << (64 - n)) != 0);
}

static Wide wide_shift_right_jam(Wide v, int n)
{
    if (n == 0)
        return v;
    if (n >= 64)
        return (Wide){0, shift_right_jam(v.hi, n - 64) | (v.lo != 0)};
    return (Wide){v.hi >> n, v.hi << (64 - n) | v.lo >> n | ((v.lo << (64 - n)) != 0)};
}

static Wide wide_shift_left(Wide v, int n)
{
    if (n == 0)
        return v;
    if (n >= 64)
        return (Wide){v.lo << (n - 64), 0};
    return (Wide){v.hi << n | v.lo >> (64 - n), v.lo << n};
}

static Wide wide_add(Wide a, Wide b)
{
    uint64_t lo = a.lo + b.lo;
    return (Wide){a.hi + b.hi + (lo < a.lo), lo};
}

static Wide wide_sub(Wide a, Wide b)
{
    return (Wide){a.hi - b.hi - (a.lo < b.lo), a.lo - b.lo};
}

static bool wide_less(Wide a, Wide b)
{
    return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

static Wide wide_mul(uint64_t a, uint64_t b)
{
#ifdef HAVE_INT128
    unsigned __int128 p = (unsigned __int128)a * b;
    return (Wide){(uint64_t)(p >> 64), (uint64_t)p};
#else
    uint64_t a1 = a >> 32, a0 = (uint32_t)a, b1 = b >> 32, b0 = (uint32_t)b;
    uint64_t low = a0 * b0, m = a1 * b0 + (low >> 32), n = a0 * b1 + (uint32_t)m;
    return (Wide){a1 * b1 + (m >> 32) + (n >> 32), n << 32 | (uint32_t)low};
#endif
}

/* (a * 2^63) / b with the remainder jammed; both have their top bit set, so that the quotient fits.
 */
static uint64_t divide_jam(uint64_t a, uint64_t b)
{
#ifdef HAVE_INT128
    unsigned __int128 n = (unsigned __int128)a << 63;
    uint64_t q = (uint64_t)(n / b);
    return q | ((uint64_t)n != q * b);
#else
    uint64_t q = 0;
    bool carry = false; /* bit 64 of the remainder a */
    for (int i = 0; i < 64; i++) {
        bool one = carry || a >= b;
        a -= one ? b : 0;
        q = q << 1 | one;
        carry = a >> 63;
        a <<= 1;
    }
    return q | (carry || a != 0);
#endif
}

/* --- packing --- */

static Number unpack(uint64_t v)
{
    Number n = {.sign = v >> 63, .exp = (int)(v >> 52 & 0x7ff), .frac = v << 12};
    if (n.exp == 0x7ff) {
        n.kind = n.frac ? NAN_ : INFINITE;
    } else if (n.exp != 0) {
        n.kind = FINITE;
        n.exp -= 1023;
        n.frac = n.frac >> 1 | SOFTFP_SIGN;
    } else if (n.frac != 0) {
        int lead = __builtin_clzll(n.frac);
        n.kind = FINITE;
        n.exp = -1023 - lead;
        n.frac <<= lead;
    } else {
        n.kind = ZERO;
    }
    return n;
}

static uint64_t signed_zero(bool sign)
{
    return sign ? SOFTFP_SIGN : 0;
}

static uint64_t signed_infinity(bool sign)
{
    return signed_zero(sign) | SOFTFP_INFINITY;
}

/* Exact, but for what no double format holds (a single operation that was given operands beyond
 * single range). */
static uint64_t pack(bool sign, int exp, uint64_t frac)
{
    if (frac == 0)
        return signed_zero(sign);
    int lead = __builtin_clzll(frac);
    frac <<= lead;
    exp -= lead;
    if (exp > 1023)
        return signed_infinity(sign);
    if (exp < -1022)
        return signed_zero(sign) | shift_right_jam(frac, -1022 - exp) >> 11;
    return signed_zero(sign) | (((uint64_t)(exp + 1022) << 52) + (frac >> 11)); /* hidden bit: + 1 */
}

/* Whether rounding moves a magnitude up: `rest` is what is cut off of it, in units of which `half` are half the last place. */
static bool rounds_up(unsigned mode, bool sign, bool odd, uint64_t rest, uint64_t half)
{
    switch (mode) {
    case SOFTFP_NEAREST:
        return rest > half || (rest == half && odd);
    case SOFTFP_UP:
        return rest != 0 && !sign;
    case SOFTFP_DOWN:
        return rest != 0 && sign;
    default:
        return false;
    }
}

static uint64_t overflow(Softfp *fp, bool sign, const Format *f)
{
    unsigned mode = fp->fpscr & FPSCR_RN;
    bool to_infinity = mode == SOFTFP_NEAREST || mode == (sign ? SOFTFP_DOWN : SOFTFP_UP);
    fp->flags &= ~(uint32_t)FPSCR_FR; /* undefined here (§4.4.3): says whether infinity was chosen */
    fp->flags |= FPSCR_OX | FPSCR_XX | FPSCR_FI | (to_infinity ? FPSCR_FR : 0);
    if (to_infinity)
        return signed_infinity(sign);
    return pack(sign, f->exp_max, ~UINT64_C(0) << (64 - f->fraction_bits));
}

/* frac: top bit set, lowest bit jammed. */
static uint64_t round_pack(Softfp *fp, bool sign, int exp, uint64_t frac, SoftfpPrecision p)
{
    const Format *f = &formats[p];
    uint64_t unit = UINT64_C(1) << (64 - f->fraction_bits);
    bool tiny = exp < f->exp_min;
    if (tiny && fp->fpscr & FPSCR_UE) {
        fp->flags |= FPSCR_UX;
        exp += f->rebias;
    } else if (tiny) {
        frac = shift_right_jam(frac, f->exp_min - exp);
        exp = f->exp_min;
    }
    uint64_t rest = frac & (unit - 1);
    frac -= rest;
    fp->guard = rest & unit >> 1;
    fp->sticky = rest & ((unit >> 1) - 1);
    if (rest != 0) {
        fp->flags |= FPSCR_XX | FPSCR_FI | (tiny ? FPSCR_UX : 0);
        if (rounds_up(fp->fpscr & FPSCR_RN, sign, frac & unit, rest, unit >> 1)) {
            fp->flags |= FPSCR_FR;
            frac += unit;
            if (frac == 0) {
                frac = SOFTFP_SIGN;
                exp++;
            }
        }
    }
    if (exp > f->exp_max) {
        if (!(fp->fpscr & FPSCR_OE))
            return overflow(fp, sign, f);
        fp->flags |= FPSCR_OX;
        exp -= f->rebias;
    }
    return pack(sign, exp, frac);
}

static uint64_t round_pack_wide(Softfp *fp, bool sign, int exp, Wide frac, SoftfpPrecision p)
{
    int lead = frac.hi ? __builtin_clzll(frac.hi) : 64 + __builtin_clzll(frac.lo);
    frac = wide_shift_left(frac, lead);
    return round_pack(fp, sign, exp - lead, frac.hi | (frac.lo != 0), p);
}

/* --- not-a-numbers --- */

static uint64_t invalid(Softfp *fp, uint32_t cause)
{
    fp->flags |= cause;
    return SOFTFP_DEFAULT_NAN;
}

/* At least one is a NaN; operands of two-operand instructions come with c = 0. */
static uint64_t propagate_nan(Softfp *fp, uint64_t a, uint64_t b, uint64_t c)
{
    if (softfp_is_snan(a) || softfp_is_snan(b) || softfp_is_snan(c))
        fp->flags |= FPSCR_VXSNAN;
    return (softfp_is_nan(a) ? a : softfp_is_nan(b) ? b : c) | SOFTFP_QUIET;
}

/* --- operations --- */

/* x + y, each FINITE or ZERO, not both ZERO. */
static uint64_t add_finite(Softfp *fp, Number x, Number y, SoftfpPrecision p)
{
    if (x.kind == ZERO || (y.kind == FINITE && (x.exp < y.exp || (x.exp == y.exp && x.frac < y.frac)))) {
        Number swap = x;
        x = y;
        y = swap;
    }
    if (y.kind == ZERO)
        return round_pack(fp, x.sign, x.exp, x.frac, p);
    uint64_t big = x.frac >> 1, small = shift_right_jam(y.frac >> 1, x.exp - y.exp);
    uint64_t sum = x.sign == y.sign ? big + small : big - small;
    if (sum == 0)
        return signed_zero((fp->fpscr & FPSCR_RN) == SOFTFP_DOWN);
    int lead = __builtin_clzll(sum);
    return round_pack(fp, x.sign, x.exp + 1 - lead, sum << lead, p);
}

uint64_t softfp_add(Softfp *fp, uint64_t a, uint64_t b, SoftfpPrecision p)
{
    Number x = unpack(a), y = unpack(b);
    if (x.kind == NAN_ || y.kind == NAN_)
        return propagate_nan(fp, a, b, 0);
    if (x.kind == INFINITE)
        return y.kind == INFINITE && x.sign != y.sign ? invalid(fp, FPSCR_VXISI) : a;
    if (y.kind == INFINITE)
        return b;
    if (x.kind == ZERO && y.kind == ZERO)
        return x.sign == y.sign ? a : signed_zero((fp->fpscr & FPSCR_RN) == SOFTFP_DOWN);
    return add_finite(fp, x, y, p);
}

uint64_t softfp_sub(Softfp *fp, uint64_t a, uint64_t b, SoftfpPrecision p)
{
    return softfp_add(fp, a, softfp_is_nan(b) ? b : b ^ SOFTFP_SIGN, p);
}

uint64_t softfp_mul(Softfp *fp, uint64_t a, uint64_t c, SoftfpPrecision p)
{
    Number x = unpack(a), y = unpack(c);
    bool sign = x.sign != y.sign;
    if (x.kind == NAN_ || y.kind == NAN_)
        return propagate_nan(fp, a, c, 0);
    if (x.kind == INFINITE || y.kind == INFINITE)
        return x.kind == ZERO || y.kind == ZERO ? invalid(fp, FPSCR_VXIMZ) : signed_infinity(sign);
    if (x.kind == ZERO || y.kind == ZERO)
        return signed_zero(sign);
    return round_pack_wide(fp, sign, x.exp + y.exp + 1, wide_mul(x.frac, y.frac), p);
}

uint64_t softfp_div(Softfp *fp, uint64_t a, uint64_t b, SoftfpPrecision p)
{
    Number x = unpack(a), y = unpack(b);
    bool sign = x.sign != y.sign;
    if (x.kind == NAN_ || y.kind == NAN_)
        return propagate_nan(fp, a, b, 0);
    if (x.kind == INFINITE)
        return y.kind == INFINITE ? invalid(fp, FPSCR_VXIDI) : signed_infinity(sign);
    if (y.kind == INFINITE)
        return signed_zero(sign);
    if (y.kind == ZERO) {
        if (x.kind == ZERO)
            return invalid(fp, FPSCR_VXZDZ);
        fp->flags |= FPSCR_ZX;
        return signed_infinity(sign);
    }
    if (x.kind == ZERO)
        return signed_zero(sign);
    uint64_t q = divide_jam(x.frac, y.frac);
    int lead = __builtin_clzll(q); /* 0 or 1 */
    return round_pack(fp, sign, x.exp - y.exp - lead, q << lead, p);
}

uint64_t softfp_sqrt(Softfp *fp, uint64_t b, SoftfpPrecision p)
{
    Number x = unpack(b);
    if (x.kind == NAN_)
        return propagate_nan(fp, b, 0, 0);
    if (x.kind == ZERO)
        return b;
    if (x.sign)
        return invalid(fp, FPSCR_VXSQRT);
    if (x.kind == INFINITE)
        return b;
    bool odd = x.exp & 1;
    Wide square = wide_shift_left((Wide){0, x.frac}, odd ? 64 : 63);
    uint64_t root = 0;
    for (uint64_t bit = SOFTFP_SIGN; bit != 0; bit >>= 1)
        if (!wide_less(square, wide_mul(root | bit, root | bit)))
            root |= bit;
    Wide rest = wide_sub(square, wide_mul(root, root));
    return round_pack(fp, false, (x.exp - odd) / 2, root | ((rest.hi | rest.lo) != 0), p);
}

/* x * y + z, where x and y are FINITE and z is FINITE or ZERO. */
static uint64_t fma_finite(Softfp *fp, Number x, Number y, Number z, SoftfpPrecision p)
{
    bool sign = x.sign != y.sign;
    Wide product = wide_mul(x.frac, y.frac); /* / 2^127 * 2^exp */
    int exp = x.exp + y.exp + 1;
    if (z.kind == ZERO)
        return round_pack_wide(fp, sign, exp, product, p);
    if (!(product.hi >> 63)) {
        product = wide_shift_left(product, 1);
        exp--;
    }
    Wide big = wide_shift_right_jam(product, 1), small = {z.frac >> 1, z.frac << 63};
    int distance = exp - z.exp;
    bool big_sign = sign;
    if (distance < 0 || (distance == 0 && wide_less(big, small))) {
        Wide swap = big;
        big = small;
        small = swap;
        distance = -distance;
        big_sign = z.sign;
        exp = z.exp;
    }
    small = wide_shift_right_jam(small, distance);
    Wide sum = sign == z.sign ? wide_add(big, small) : wide_sub(big, small);
    if ((sum.hi | sum.lo) == 0)
        return signed_zero((fp->fpscr & FPSCR_RN) == SOFTFP_DOWN);
    return round_pack_wide(fp, big_sign, exp + 1, sum, p);
}

/* a * c + b with NaNs, infinities and zeros settled here; NaNs count in the order A, B, C. */
static uint64_t fma_any(Softfp *fp, uint64_t a, uint64_t c, uint64_t b, SoftfpPrecision p)
{
    Number x = unpack(a), y = unpack(c), z = unpack(b);
    bool sign = x.sign != y.sign;
    bool infinite = x.kind == INFINITE || y.kind == INFINITE, zero = x.kind == ZERO || y.kind == ZERO;
    if (infinite && zero)
        fp->flags |= FPSCR_VXIMZ; /* also when b is a NaN */
    if (x.kind == NAN_ || y.kind == NAN_ || z.kind == NAN_)
        return propagate_nan(fp, a, b, c);
    if (infinite && zero)
        return SOFTFP_DEFAULT_NAN;
    if (infinite)
        return z.kind == INFINITE && z.sign != sign ? invalid(fp, FPSCR_VXISI) : signed_infinity(sign);
    if (z.kind == INFINITE)
        return b;
    if (!zero)
        return fma_finite(fp, x, y, z, p);
    if (z.kind == FINITE)
        return round_pack(fp, z.sign, z.exp, z.frac, p);
    return z.sign == sign ? b : signed_zero((fp->fpscr & FPSCR_RN) == SOFTFP_DOWN);
}

uint64_t softfp_fma(Softfp *fp, uint64_t a, uint64_t c, uint64_t b, unsigned negate, SoftfpPrecision p)
{
    if (negate & SOFTFP_NEGATE_B && !softfp_is_nan(b))
        b ^= SOFTFP_SIGN;
    uint64_t v = fma_any(fp, a, c, b, p);
    return negate & SOFTFP_NEGATE_RESULT && !softfp_is_nan(v) ? v ^ SOFTFP_SIGN : v;
}

uint64_t softfp_round_to_single(Softfp *fp, uint64_t b)
{
    Number x = unpack(b);
    if (x.kind == NAN_)
        return propagate_nan(fp, b, 0, 0) & ~UINT64_C(0x1fffffff);
    if (x.kind != FINITE)
        return b;
    return round_pack(fp, x.sign, x.exp, x.frac, SOFTFP_SINGLE);
}

int32_t softfp_to_int32(Softfp *fp, uint64_t b, unsigned round)
{
    Number x = unpack(b);
    if (x.kind == ZERO)
        return 0;
    if (x.kind == NAN_) {
        fp->flags |= FPSCR_VXCVI | (softfp_is_snan(b) ? FPSCR_VXSNAN : 0);
        return INT32_MIN;
    }
    uint64_t limit = UINT64_C(0x7fffffff) + x.sign, v = UINT64_MAX;
    uint32_t rest = 0;
    bool up = false;
    if (x.kind == FINITE && x.exp <= 31) {
        uint64_t fixed = shift_right_jam(x.frac, 31 - x.exp); /* 32 integer bits, 32 below the point */
        rest = (uint32_t)fixed;
        v = fixed >> 32;
        up = rounds_up(round, x.sign, v & 1, rest, UINT64_C(1) << 31);
        v += up;
    }
    if (v > limit) {
        fp->flags |= FPSCR_VXCVI;
        return x.sign ? INT32_MIN : INT32_MAX;
    }
    if (rest != 0)
        fp->flags |= FPSCR_XX | FPSCR_FI | (up ? FPSCR_FR : 0);
    return (int32_t)(uint32_t)(x.sign ? -v : v);
}

uint64_t softfp_from_integer(uint32_t word, int scale)
{
    return pack(false, 31 + scale, (uint64_t)word << 32);
}

unsigned softfp_compare(Softfp *fp, uint64_t a, uint64_t b, bool ordered)
{
    if (softfp_is_nan(a) || softfp_is_nan(b)) {
        if (softfp_is_snan(a) || softfp_is_snan(b))
            fp->flags |= FPSCR_VXSNAN;
        if (ordered)
            fp->flags |= FPSCR_VXVC;
        return 1;
    }
    if (a == b || ((a | b) & ~SOFTFP_SIGN) == 0)
        return 2;
    bool a_negative = a >> 63, b_negative = b >> 63;
    if (a_negative != b_negative)
        return a_negative ? 8 : 4;
    return (a < b) != a_negative ? 8 : 4;
}

uint32_t softfp_class(uint64_t v, SoftfpPrecision p)
{
    enum { QUIET_NAN = 0x11, INFINITY_ = 0x01, NORMAL = 0x00, DENORMAL = 0x10, ZERO_ = 0x02 };
    bool sign = v >> 63;
    int exp = (int)(v >> 52 & 0x7ff) - 1023;
    uint32_t class;
    if (softfp_is_nan(v))
        return QUIET_NAN << 12;
    if ((v & ~SOFTFP_SIGN) == 0)
        return (ZERO_ | (sign ? 0x10u : 0)) << 12;
    if (exp == 1024)
        class = INFINITY_;
    else
        class = exp < formats[p].exp_min ? DENORMAL : NORMAL;
    return (class | (sign ? 0x08u : 0x04u)) << 12;
}

/* --- formats in memory --- */

uint64_t softfp_from_single(uint32_t word)
{
    uint64_t sign = (uint64_t)(word >> 31) << 63, frac = word & 0x7fffff;
    uint32_t exp = word >> 23 & 0xff;
    if (exp == 0xff)
        return sign | SOFTFP_INFINITY | frac << 29;
    if (exp != 0)
        return sign | (uint64_t)(exp + 1023 - 127) << 52 | frac << 29;
    return sign | pack(false, -126, frac << 40);
}

uint32_t softfp_to_single(uint64_t v)
{
    uint32_t sign = (uint32_t)(v >> 32) & 0x80000000u, exp = v >> 52 & 0x7ff;
    if (exp > 896 || (v & ~SOFTFP_SIGN) == 0)
        return (uint32_t)(v >> 32 & 0xc0000000u) | (uint32_t)(v >> 29 & 0x3fffffffu);
    if (exp < 874)
        return sign; /* undefined: no single-precision number is so small */
    uint64_t frac = UINT64_C(1) << 52 | (v & UINT64_C(0xfffffffffffff));
    return sign | (uint32_t)(frac >> (29 + 897 - exp));
}
