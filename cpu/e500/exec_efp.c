/* SPDX-License-Identifier: MIT
 *
 * Embedded floating point: scalar single, scalar double, vector of two singles (Power ISA 2.06B
 * Book I ch. 8; SPE Programming Environments Manual §3.3, §4.2, tables of results).
 *
 * Not IEEE 754 at the edges: an infinity, a NaN or a denormalized operand is an error (FINV) and
 * yields a default, a denormalized one counts as zero, overflow yields the largest number and
 * underflow zero.  Software makes it IEEE 754 in the data interrupt.
 *
 * The core rounds to nearest and to zero.  Up, down, and every rounding while FINXE is 1 are
 * software's: the truncated result is written and the round interrupt taken, with the two bits that
 * were cut off in FG and FX.
 */
#include "cpu/e500/exec_spe.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/softfp.h"

typedef enum Kind { NORMAL, ZERO, DENORMAL, SPECIAL } Kind; /* SPECIAL: infinity or NaN */

typedef struct Operand {
    Kind kind;
    bool sign, nan;
    uint64_t v; /* double format; a signed zero for a denormal */
} Operand;

typedef struct Mode {
    SoftfpPrecision p;
    unsigned frmc;
    unsigned round; /* SOFTFP_NEAREST or SOFTFP_ZERO: what the core does itself */
} Mode;

typedef struct Result {
    uint64_t v;      /* double format; or an integer in its low word */
    uint32_t status; /* SPEFSCR_STATUS */
} Result;

/* --- operands --- */

static Operand operand_double(uint64_t v)
{
    unsigned exp = v >> 52 & 0x7ff;
    bool empty = (v & UINT64_C(0xfffffffffffff)) == 0;
    Operand o = {.sign = v >> 63, .nan = softfp_is_nan(v), .v = v};

    o.kind = exp == 0x7ff ? SPECIAL : exp != 0 ? NORMAL : empty ? ZERO : DENORMAL;
    if (o.kind == DENORMAL)
        o.v &= SOFTFP_SIGN;
    return o;
}

static Operand operand_single(uint32_t w)
{
    unsigned exp = w >> 23 & 0xff;
    Operand o = {.sign = w >> 31, .nan = (w & 0x7fffffff) > 0x7f800000, .v = softfp_from_single(w)};

    o.kind = exp == 0xff ? SPECIAL : exp != 0 ? NORMAL : (w & 0x7fffff) == 0 ? ZERO : DENORMAL;
    if (o.kind == DENORMAL)
        o.v &= SOFTFP_SIGN;
    return o;
}

static bool is_error(Operand o)
{
    return o.kind == SPECIAL || o.kind == DENORMAL;
}

static bool is_zero(Operand o)
{
    return o.kind == ZERO || o.kind == DENORMAL;
}

static Operand negated(Operand o)
{
    o.sign = !o.sign;
    o.v ^= SOFTFP_SIGN;
    return o;
}

static uint64_t zero(bool sign)
{
    return sign ? SOFTFP_SIGN : 0;
}

/* The largest finite number of that sign: pmax or nmax of the manual. */
static uint64_t largest(bool sign, SoftfpPrecision p)
{
    return zero(sign) | (p == SOFTFP_SINGLE ? UINT64_C(0x47efffffe0000000) : UINT64_C(0x7fefffffffffffff));
}

/* --- SPEFSCR and interrupts --- */

static Mode mode_of(const E500 *c, SoftfpPrecision p)
{
    uint32_t f = c->s.spr[SPR_SPEFSCR];
    unsigned frmc = f & SPEFSCR_FRMC;

    return (Mode){p, frmc, frmc == SOFTFP_NEAREST && !(f & SPEFSCR_FINXE) ? SOFTFP_NEAREST : SOFTFP_ZERO};
}

enum {
    ERRORS = SPEFSCR_FINV | SPEFSCR_FDBZ | SPEFSCR_FUNF | SPEFSCR_FOVF,
    TO_STICKY = 9, /* from a bit of ERRORS to its sticky bit */
    TO_ENABLE = 6, /* from a bit of ERRORS down to its enable bit */
};

/*
 * Records the status of both elements.  True: the results are to be written, and *end is how the
 * instruction ends; false: a data interrupt, nothing is written.  `directed`: rounding up and down
 * is software's here.
 */
static bool note(E500 *c, uint32_t high, uint32_t low, bool directed, ExecResult *end)
{
    E500Spr *f = &c->s.spr[SPR_SPEFSCR], any = high | low;

    *f &= ~((uint32_t)SPEFSCR_STATUS << SPEFSCR_HIGH_SHIFT | SPEFSCR_STATUS);
    *f |= high << SPEFSCR_HIGH_SHIFT | low | (any & ERRORS) << TO_STICKY;
    if (any & ERRORS && (any & ERRORS) >> TO_ENABLE & *f) {
        *end = e500_raise(c, EXCP_SPE_FP_DATA, ESR_SPE);
        return false;
    }
    bool cut = any & (SPEFSCR_FG | SPEFSCR_FX), inexact = cut || any & (SPEFSCR_FOVF | SPEFSCR_FUNF);
    if (inexact)
        *f |= SPEFSCR_FINXS;
    *end = EXEC_NEXT;
    if ((inexact && *f & SPEFSCR_FINXE) || (cut && directed && *f & 2))
        *end = e500_raise(c, EXCP_SPE_FP_ROUND, ESR_SPE);
    return true;
}

/* --- arithmetic --- */

/* What a rounded finite number becomes: overflow yields the largest number, underflow a zero of sign `zero_sign`. */
static Result finished(const Softfp *fp, uint64_t v, Mode m, bool zero_sign)
{
    if (fp->flags & FPSCR_OX)
        return (Result){largest(v >> 63, m.p), SPEFSCR_FOVF};
    if (fp->flags & FPSCR_UX)
        return (Result){zero(zero_sign), SPEFSCR_FUNF};
    if (!(fp->flags & FPSCR_XX))
        return (Result){v, 0};
    return (Result){v, (fp->guard ? SPEFSCR_FG : 0) | (fp->sticky ? SPEFSCR_FX : 0)};
}

/* With both enabled softfp reports overflow and underflow instead of returning the infinity or denormal of IEEE 754. */
static Softfp softfp_of(Mode m)
{
    return (Softfp){.fpscr = m.round | FPSCR_OE | FPSCR_UE};
}

static Result with_errors(Operand a, Operand b, Result r)
{
    if (is_error(a) || is_error(b))
        r.status = SPEFSCR_FINV;
    return r;
}

static Result add(Operand a, Operand b, Mode m)
{
    Softfp fp = softfp_of(m);
    bool down = m.frmc == SOFTFP_DOWN;

    if (a.kind == SPECIAL || b.kind == SPECIAL)
        return (Result){largest(a.kind == SPECIAL ? a.sign : b.sign, m.p), SPEFSCR_FINV};
    uint64_t v = softfp_add(&fp, a.v, b.v, m.p);
    if ((v & ~SOFTFP_SIGN) == 0 && a.sign != b.sign)
        v = zero(down);
    return with_errors(a, b, finished(&fp, v, m, down));
}

static Result sub(Operand a, Operand b, Mode m)
{
    return add(a, negated(b), m);
}

static Result mul(Operand a, Operand b, Mode m)
{
    Softfp fp = softfp_of(m);
    bool sign = a.sign != b.sign;

    if (is_zero(a) || is_zero(b))
        return with_errors(a, b, (Result){zero(sign), 0});
    if (a.kind == SPECIAL || b.kind == SPECIAL)
        return (Result){largest(sign, m.p), SPEFSCR_FINV};
    uint64_t v = softfp_mul(&fp, a.v, b.v, m.p);
    return finished(&fp, v, m, sign);
}

static Result divide(Operand a, Operand b, Mode m)
{
    Softfp fp = softfp_of(m);
    bool sign = a.sign != b.sign;

    if (b.kind == SPECIAL)
        return (Result){zero(sign), SPEFSCR_FINV};
    if (is_zero(b)) {
        bool by_zero = a.kind == NORMAL && b.kind == ZERO;
        return (Result){largest(sign, m.p), by_zero ? SPEFSCR_FDBZ : SPEFSCR_FINV};
    }
    if (a.kind == SPECIAL)
        return (Result){largest(sign, m.p), SPEFSCR_FINV};
    if (is_zero(a))
        return with_errors(a, b, (Result){zero(sign), 0});
    uint64_t v = softfp_div(&fp, a.v, b.v, m.p);
    return finished(&fp, v, m, sign);
}

typedef Result Binary(Operand a, Operand b, Mode m);

static inline ExecResult scalar_single(E500 *c, const Insn *in, Binary *operation)
{
    ExecResult end;
    Result r = operation(operand_single(ra(c, in)), operand_single(rb(c, in)), mode_of(c, SOFTFP_SINGLE));

    if (note(c, 0, r.status, true, &end))
        rt(c, in) = softfp_to_single(r.v);
    return end;
}

static inline ExecResult scalar_double(E500 *c, const Insn *in, Binary *operation)
{
    SPE_REQUIRED(c);
    ExecResult end;
    Result r = operation(operand_double(c->s.gpr[in->ra].d), operand_double(c->s.gpr[in->rb].d), mode_of(c, SOFTFP_DOUBLE));

    if (note(c, 0, r.status, true, &end))
        c->s.gpr[in->rt].d = r.v;
    return end;
}

static inline ExecResult vector(E500 *c, const Insn *in, Binary *operation)
{
    SPE_REQUIRED(c);
    const E500Gpr a = c->s.gpr[in->ra], b = c->s.gpr[in->rb];
    Mode m = mode_of(c, SOFTFP_SINGLE);
    ExecResult end;
    Result h = operation(operand_single(a.h), operand_single(b.h), m);
    Result l = operation(operand_single(a.w), operand_single(b.w), m);

    if (note(c, h.status, l.status, true, &end))
        c->s.gpr[in->rt] = spe_pair(softfp_to_single(h.v), softfp_to_single(l.v));
    return end;
}

#define EXEC(id, function, ...)                   \
    ExecResult exec_##id(E500 *c, const Insn *in) \
    {                                             \
        return function(c, in, __VA_ARGS__);      \
    }
#define ARITHMETIC(suffix, operation)           \
    EXEC(efs##suffix, scalar_single, operation) \
    EXEC(efd##suffix, scalar_double, operation) \
    EXEC(evfs##suffix, vector, operation)

ARITHMETIC(add, add)
ARITHMETIC(sub, sub)
ARITHMETIC(mul, mul)
ARITHMETIC(div, divide)

/* --- signs: an erroneous operand is noted, and its sign changed all the same --- */

static uint32_t sign_status(Operand a)
{
    return is_error(a) ? SPEFSCR_FINV : 0;
}

static inline ExecResult sign_single(E500 *c, const Insn *in, uint64_t clear, uint64_t flip)
{
    ExecResult end;
    uint32_t a = ra(c, in);

    if (note(c, 0, sign_status(operand_single(a)), false, &end))
        rt(c, in) = (a & ~(uint32_t)(clear >> 32)) ^ (uint32_t)(flip >> 32);
    return end;
}

static inline ExecResult sign_double(E500 *c, const Insn *in, uint64_t clear, uint64_t flip)
{
    SPE_REQUIRED(c);
    ExecResult end;
    uint64_t a = c->s.gpr[in->ra].d;

    if (note(c, 0, sign_status(operand_double(a)), false, &end))
        c->s.gpr[in->rt].d = (a & ~clear) ^ flip;
    return end;
}

static inline ExecResult sign_vector(E500 *c, const Insn *in, uint64_t clear, uint64_t flip)
{
    SPE_REQUIRED(c);
    ExecResult end;
    const E500Gpr a = c->s.gpr[in->ra];

    if (note(c, sign_status(operand_single(a.h)), sign_status(operand_single(a.w)), false, &end))
        c->s.gpr[in->rt].d = (a.d & ~(clear | clear >> 32)) ^ (flip | flip >> 32);
    return end;
}

#define SIGNS(suffix, clear, flip)              \
    EXEC(efs##suffix, sign_single, clear, flip) \
    EXEC(efd##suffix, sign_double, clear, flip) \
    EXEC(evfs##suffix, sign_vector, clear, flip)

SIGNS(abs, SOFTFP_SIGN, 0)
SIGNS(nabs, SOFTFP_SIGN, SOFTFP_SIGN)
SIGNS(neg, 0, SOFTFP_SIGN)

/* --- comparison: by sign and magnitude, whatever the operands are; ±0 are equal --- */

typedef enum Relation { GREATER, LESS, EQUAL } Relation;

/* Bits of double format, or those of a single in the upper half. */
static bool related(uint64_t a, uint64_t b, Relation relation)
{
    int64_t x = (int64_t)(a & ~SOFTFP_SIGN), y = (int64_t)(b & ~SOFTFP_SIGN);

    x = a >> 63 ? -x : x;
    y = b >> 63 ? -y : y;
    return relation == GREATER ? x > y : relation == LESS ? x < y : x == y;
}

static bool related_words(uint32_t a, uint32_t b, Relation relation)
{
    return related((uint64_t)a << 32, (uint64_t)b << 32, relation);
}

static uint32_t compare_status(Operand a, Operand b, bool test)
{
    return !test && (is_error(a) || is_error(b)) ? SPEFSCR_FINV : 0;
}

/* The tests (efststgt and others), unlike the comparisons, do not write SPEFSCR. */
static bool note_comparison(E500 *c, uint32_t high, uint32_t low, bool test, ExecResult *end)
{
    *end = EXEC_NEXT;
    return test || note(c, high, low, false, end);
}

/* The second bit of the CR field is the answer; the others are undefined. */
static inline ExecResult compare_single(E500 *c, const Insn *in, Relation relation, bool test)
{
    ExecResult end;
    uint32_t a = ra(c, in), b = rb(c, in);

    if (note_comparison(c, 0, compare_status(operand_single(a), operand_single(b), test), test, &end))
        cr_field_set(c, in->rt >> 2, related_words(a, b, relation) ? 4 : 0);
    return end;
}

static inline ExecResult compare_double(E500 *c, const Insn *in, Relation relation, bool test)
{
    SPE_REQUIRED(c);
    ExecResult end;
    uint64_t a = c->s.gpr[in->ra].d, b = c->s.gpr[in->rb].d;

    if (note_comparison(c, 0, compare_status(operand_double(a), operand_double(b), test), test, &end))
        cr_field_set(c, in->rt >> 2, related(a, b, relation) ? 4 : 0);
    return end;
}

static inline ExecResult compare_vector(E500 *c, const Insn *in, Relation relation, bool test)
{
    SPE_REQUIRED(c);
    ExecResult end;
    const E500Gpr a = c->s.gpr[in->ra], b = c->s.gpr[in->rb];
    uint32_t high = compare_status(operand_single(a.h), operand_single(b.h), test);
    uint32_t low = compare_status(operand_single(a.w), operand_single(b.w), test);

    if (note_comparison(c, high, low, test, &end))
        spe_compared(c, in, related_words(a.h, b.h, relation), related_words(a.w, b.w, relation));
    return end;
}

#define COMPARISON(suffix, relation)                       \
    EXEC(efscmp##suffix, compare_single, relation, false)  \
    EXEC(efdcmp##suffix, compare_double, relation, false)  \
    EXEC(evfscmp##suffix, compare_vector, relation, false) \
    EXEC(efstst##suffix, compare_single, relation, true)   \
    EXEC(efdtst##suffix, compare_double, relation, true)   \
    EXEC(evfstst##suffix, compare_vector, relation, true)

COMPARISON(gt, GREATER)
COMPARISON(lt, LESS)
COMPARISON(eq, EQUAL)

/* --- between formats --- */

ExecResult exec_efscfd(E500 *c, const Insn *in)
{
    SPE_REQUIRED(c);
    ExecResult end;
    Operand b = operand_double(c->s.gpr[in->rb].d);
    Mode m = mode_of(c, SOFTFP_SINGLE);
    Softfp fp = softfp_of(m);
    Result r = {b.v, is_error(b) ? SPEFSCR_FINV : 0};

    if (b.kind == SPECIAL)
        r.v = largest(b.sign, SOFTFP_SINGLE);
    else if (b.kind == NORMAL)
        r = finished(&fp, softfp_round_to_single(&fp, b.v), m, b.sign);
    if (r.status & SPEFSCR_FUNF)
        r.v = zero(b.sign) | UINT64_C(0x3810000000000000); /* the smallest number, not zero (efscfd's own rule) */
    if (note(c, 0, r.status, true, &end))
        rt(c, in) = softfp_to_single(r.v);
    return end;
}

ExecResult exec_efdcfs(E500 *c, const Insn *in)
{
    SPE_REQUIRED(c);
    ExecResult end;
    Operand b = operand_single(rb(c, in));
    uint64_t v = b.kind == SPECIAL ? largest(b.sign, SOFTFP_DOUBLE) : b.v;

    if (note(c, 0, is_error(b) ? SPEFSCR_FINV : 0, false, &end))
        c->s.gpr[in->rt].d = v;
    return end;
}

/* --- from integers, and from fractions of them: scale is what the integer is divided by, as a
 * power of two --- */

static Result from_integer(uint64_t magnitude, bool sign, unsigned scale, Mode m)
{
    Softfp fp = softfp_of(m);

    if (magnitude == 0)
        return (Result){0, 0};
    /* Two doubles hold any 64-bit integer, and their sum is rounded once. */
    uint64_t high = softfp_from_integer((uint32_t)(magnitude >> 32), 32 - (int)scale);
    uint64_t low = softfp_from_integer((uint32_t)magnitude, -(int)scale);
    uint64_t v = softfp_add(&fp, high | zero(sign), low | zero(sign), m.p);
    return finished(&fp, v, m, sign);
}

static Result from_word(uint32_t w, bool is_signed, unsigned scale, Mode m)
{
    bool sign = is_signed && (int32_t)w < 0;

    return from_integer(sign ? -w : w, sign, scale, m);
}

static inline ExecResult from_word_single(E500 *c, const Insn *in, bool is_signed, unsigned scale)
{
    ExecResult end;
    Result r = from_word(rb(c, in), is_signed, scale, mode_of(c, SOFTFP_SINGLE));

    if (note(c, 0, r.status, true, &end))
        rt(c, in) = softfp_to_single(r.v);
    return end;
}

static inline ExecResult from_word_double(E500 *c, const Insn *in, bool is_signed, unsigned scale)
{
    SPE_REQUIRED(c);
    ExecResult end;
    Result r = from_word(rb(c, in), is_signed, scale, mode_of(c, SOFTFP_DOUBLE));

    if (note(c, 0, r.status, true, &end))
        c->s.gpr[in->rt].d = r.v;
    return end;
}

static inline ExecResult from_doubleword(E500 *c, const Insn *in, bool is_signed)
{
    SPE_REQUIRED(c);
    ExecResult end;
    uint64_t d = c->s.gpr[in->rb].d;
    bool sign = is_signed && (int64_t)d < 0;
    Result r = from_integer(sign ? -d : d, sign, 0, mode_of(c, SOFTFP_DOUBLE));

    if (note(c, 0, r.status, true, &end))
        c->s.gpr[in->rt].d = r.v;
    return end;
}

static inline ExecResult from_word_vector(E500 *c, const Insn *in, bool is_signed, unsigned scale)
{
    SPE_REQUIRED(c);
    ExecResult end;
    const E500Gpr b = c->s.gpr[in->rb];
    Mode m = mode_of(c, SOFTFP_SINGLE);
    Result h = from_word(b.h, is_signed, scale, m), l = from_word(b.w, is_signed, scale, m);

    if (note(c, h.status, l.status, true, &end))
        c->s.gpr[in->rt] = spe_pair(softfp_to_single(h.v), softfp_to_single(l.v));
    return end;
}

#define FROM(suffix, is_signed, scale)                      \
    EXEC(efscf##suffix, from_word_single, is_signed, scale) \
    EXEC(efdcf##suffix, from_word_double, is_signed, scale) \
    EXEC(evfscf##suffix, from_word_vector, is_signed, scale)

FROM(ui, false, 0)
FROM(si, true, 0)
FROM(uf, false, 32)
FROM(sf, true, 31)
EXEC(efdcfuid, from_doubleword, false)
EXEC(efdcfsid, from_doubleword, true)

/* --- to integers, and to fractions of them: scale as above --- */

typedef struct Target {
    bool is_signed;
    unsigned bits; /* 32 or 64 */
    unsigned scale;
    bool truncate; /* whatever the rounding mode */
} Target;

static uint64_t limit(const Target *t, bool sign)
{
    uint64_t all = UINT64_MAX >> (64 - t->bits);

    return !t->is_signed ? (sign ? 0 : all) : sign ? all / 2 + 1 : all / 2;
}

/* Out of range: the nearest end, and FINV. */
static Result to_integer(Operand b, const Target *t, Mode m)
{
    int exp = (int)(b.v >> 52 & 0x7ff) - 1023 + (int)t->scale;
    uint64_t frac = b.v << 11 | SOFTFP_SIGN, v = 0;
    bool guard = false, sticky = false;

    if (b.kind == ZERO)
        return (Result){0, 0};
    if (b.kind == DENORMAL || b.nan)
        return (Result){0, SPEFSCR_FINV};
    if (b.kind == SPECIAL || exp >= (int)t->bits || (b.sign && !t->is_signed))
        return (Result){limit(t, b.sign), SPEFSCR_FINV};
    if (exp == 63) {
        v = frac;
    } else if (exp >= 0) {
        uint64_t rest = frac << (exp + 1);
        v = frac >> (63 - exp);
        guard = rest >> 63;
        sticky = rest << 1 != 0;
    } else {
        guard = exp == -1;
        sticky = exp < -1 || frac << 1 != 0;
    }
    bool up = !t->truncate && m.round == SOFTFP_NEAREST && guard && (sticky || v & 1);
    uint64_t end = limit(t, b.sign);
    if (v > end || (up && v == end))
        return (Result){end, SPEFSCR_FINV};
    v += up;
    return (Result){b.sign ? -v : v, (guard ? SPEFSCR_FG : 0) | (sticky ? SPEFSCR_FX : 0)};
}

static inline ExecResult to_word_single(E500 *c, const Insn *in, Target t)
{
    ExecResult end;
    Result r = to_integer(operand_single(rb(c, in)), &t, mode_of(c, SOFTFP_SINGLE));

    if (note(c, 0, r.status, !t.truncate, &end))
        rt(c, in) = (uint32_t)r.v;
    return end;
}

static inline ExecResult to_word_double(E500 *c, const Insn *in, Target t)
{
    SPE_REQUIRED(c);
    ExecResult end;
    Result r = to_integer(operand_double(c->s.gpr[in->rb].d), &t, mode_of(c, SOFTFP_DOUBLE));

    if (note(c, 0, r.status, !t.truncate, &end)) {
        if (t.bits == 64)
            c->s.gpr[in->rt].d = r.v;
        else
            rt(c, in) = (uint32_t)r.v;
    }
    return end;
}

static inline ExecResult to_word_vector(E500 *c, const Insn *in, Target t)
{
    SPE_REQUIRED(c);
    ExecResult end;
    const E500Gpr b = c->s.gpr[in->rb];
    Mode m = mode_of(c, SOFTFP_SINGLE);
    Result h = to_integer(operand_single(b.h), &t, m), l = to_integer(operand_single(b.w), &t, m);

    if (note(c, h.status, l.status, !t.truncate, &end))
        c->s.gpr[in->rt] = spe_pair((uint32_t)h.v, (uint32_t)l.v);
    return end;
}

#define TARGET(...) ((Target){__VA_ARGS__})
#define TO(suffix, ...)                                      \
    EXEC(efsct##suffix, to_word_single, TARGET(__VA_ARGS__)) \
    EXEC(efdct##suffix, to_word_double, TARGET(__VA_ARGS__)) \
    EXEC(evfsct##suffix, to_word_vector, TARGET(__VA_ARGS__))

TO(ui, false, 32, 0, false)
TO(si, true, 32, 0, false)
TO(uiz, false, 32, 0, true)
TO(siz, true, 32, 0, true)
TO(uf, false, 32, 32, false)
TO(sf, true, 32, 31, false)
EXEC(efdctuidz, to_word_double, TARGET(false, 64, 0, true))
EXEC(efdctsidz, to_word_double, TARGET(true, 64, 0, true))
