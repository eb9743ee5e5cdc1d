/* SPDX-License-Identifier: MIT
 *
 * SPE: accumulator, multiplication, division (Power ISA 2.06B Book I ch. 7).
 *
 * A multiplication's name says everything:
 *   evmhe, evmho   halfwords, the even or odd one of each word         evmheg, evmhog  of the low
 * word only, into 64 bits evmwh, evmwl   words, the high or low half of each product         evmw
 * the low words, into 64 bits s, u           signed, unsigned s, m           saturate (and tell
 * overflow in SPEFSCR), modulo f, i           fraction (the product doubled: a sign bit and a
 * binary point), integer a              the result into the accumulator too aa, aaw accumulator
 * plus product into both; w: word by word     an, anw: accumulator minus product
 */
#include "cpu/e500/exec_spe.h"

typedef enum Form { SET, SET_ACC, ADD, SUBTRACT } Form; /* nothing, a, aa, an */

static inline ExecResult finish(E500 *c, const Insn *in, E500Gpr v, Form form)
{
    c->s.gpr[in->rt] = v;
    if (form != SET)
        c->s.acc = v.d;
    return EXEC_NEXT;
}

/* --- elements --- */

/* Of two halfwords.  −1 × −1 as fractions is 2^31: one more than a word holds, unless it saturates.
 */
static inline int64_t product_of_halves(uint16_t a, uint16_t b, bool is_signed, bool saturate, bool fraction, bool *over)
{
    int64_t p = is_signed ? (int64_t)(int16_t)a * (int16_t)b : (int64_t)((uint64_t)a * b);

    if (fraction)
        p *= 2;
    if (fraction && saturate && p > INT32_MAX) {
        p = INT32_MAX;
        *over = true;
    }
    return p;
}

/* acc ± v as words. */
static inline uint32_t accumulate(uint32_t acc, uint32_t v, Form form, bool is_signed, bool saturate, bool *over)
{
    int64_t a = is_signed ? (int64_t)(int32_t)acc : (int64_t)acc, b = is_signed ? (int64_t)(int32_t)v : (int64_t)v;
    int64_t sum = form == SUBTRACT ? a - b : a + b;
    int64_t lowest = is_signed ? INT32_MIN : 0, highest = is_signed ? INT32_MAX : (int64_t)UINT32_MAX;

    if (saturate && (sum < lowest || sum > highest)) {
        *over = true;
        return (uint32_t)(sum < lowest ? lowest : highest);
    }
    return (uint32_t)sum;
}

static inline uint16_t half(uint32_t word, bool odd)
{
    return (uint16_t)(odd ? word : word >> 16);
}

/* --- halfwords --- */

#define EVEN false
#define ODD  true
#define S    true
#define U    false
#define SAT  true
#define MOD  false
#define F    true
#define I    false

static inline ExecResult multiply_halves(E500 *c, const Insn *in, bool odd, bool is_signed, bool saturate, bool fraction, Form form)
{
    SPE_REQUIRED(c);
    const E500Gpr a = c->s.gpr[in->ra], b = c->s.gpr[in->rb], acc = {.d = c->s.acc};
    bool over_h = false, over_l = false;
    uint32_t h = (uint32_t)product_of_halves(half(a.h, odd), half(b.h, odd), is_signed, saturate, fraction, &over_h);
    uint32_t l = (uint32_t)product_of_halves(half(a.w, odd), half(b.w, odd), is_signed, saturate, fraction, &over_l);

    if (form == ADD || form == SUBTRACT) {
        h = accumulate(acc.h, h, form, is_signed, saturate, &over_h);
        l = accumulate(acc.w, l, form, is_signed, saturate, &over_l);
    }
    if (saturate)
        spe_overflow(c, over_h, over_l);
    return finish(c, in, spe_pair(h, l), form);
}

#define HALVES(id, ...)                             \
    ExecResult exec_##id(E500 *c, const Insn *in)   \
    {                                               \
        return multiply_halves(c, in, __VA_ARGS__); \
    }
#define HALVES_PLAIN(id, ...)    \
    HALVES(id, __VA_ARGS__, SET) \
    HALVES(id##a, __VA_ARGS__, SET_ACC)
#define HALVES_ACC(id, ...)           \
    HALVES(id##aaw, __VA_ARGS__, ADD) \
    HALVES(id##anw, __VA_ARGS__, SUBTRACT)
#define HALVES_BOTH(id, ...)      \
    HALVES_PLAIN(id, __VA_ARGS__) \
    HALVES_ACC(id, __VA_ARGS__)

HALVES_BOTH(evmhessf, EVEN, S, SAT, F)
HALVES_BOTH(evmhesmf, EVEN, S, MOD, F)
HALVES_BOTH(evmhesmi, EVEN, S, MOD, I)
HALVES_BOTH(evmheumi, EVEN, U, MOD, I)
HALVES_ACC(evmhessi, EVEN, S, SAT, I)
HALVES_ACC(evmheusi, EVEN, U, SAT, I)
HALVES_BOTH(evmhossf, ODD, S, SAT, F)
HALVES_BOTH(evmhosmf, ODD, S, MOD, F)
HALVES_BOTH(evmhosmi, ODD, S, MOD, I)
HALVES_BOTH(evmhoumi, ODD, U, MOD, I)
HALVES_ACC(evmhossi, ODD, S, SAT, I)
HALVES_ACC(evmhousi, ODD, U, SAT, I)

/* Guarded: a product of halfwords is added to all 64 bits of the accumulator, whose upper bits guard against overflow. */
static inline ExecResult multiply_guarded(E500 *c, const Insn *in, bool odd, bool is_signed, bool fraction, Form form)
{
    SPE_REQUIRED(c);
    uint16_t a = half(c->s.gpr[in->ra].w, odd), b = half(c->s.gpr[in->rb].w, odd);
    bool over;
    uint64_t p = (uint64_t)product_of_halves(a, b, is_signed, false, fraction, &over);

    return finish(c, in, (E500Gpr){.d = form == ADD ? c->s.acc + p : c->s.acc - p}, form);
}

#define GUARDED(id, ...)                                       \
    ExecResult exec_##id##aa(E500 *c, const Insn *in)          \
    {                                                          \
        return multiply_guarded(c, in, __VA_ARGS__, ADD);      \
    }                                                          \
    ExecResult exec_##id##an(E500 *c, const Insn *in)          \
    {                                                          \
        return multiply_guarded(c, in, __VA_ARGS__, SUBTRACT); \
    }

GUARDED(evmhegsmf, EVEN, S, F)
GUARDED(evmhegsmi, EVEN, S, I)
GUARDED(evmhegumi, EVEN, U, I)
GUARDED(evmhogsmf, ODD, S, F)
GUARDED(evmhogsmi, ODD, S, I)
GUARDED(evmhogumi, ODD, U, I)

/* --- words --- */

/* All 64 bits.  Modulo fractions lose the carry of −1 × −1. */
static inline uint64_t product_of_words(uint32_t a, uint32_t b, bool is_signed, bool saturate, bool fraction, bool *over)
{
    uint64_t p = is_signed ? (uint64_t)((int64_t)(int32_t)a * (int32_t)b) : (uint64_t)a * b;

    if (fraction && saturate && a == 0x80000000u && b == 0x80000000u) {
        *over = true;
        return INT64_MAX;
    }
    return fraction ? p << 1 : p;
}

static inline ExecResult multiply_high(E500 *c, const Insn *in, bool is_signed, bool saturate, bool fraction, Form form)
{
    SPE_REQUIRED(c);
    const E500Gpr a = c->s.gpr[in->ra], b = c->s.gpr[in->rb];
    bool over_h = false, over_l = false;
    uint64_t h = product_of_words(a.h, b.h, is_signed, saturate, fraction, &over_h);
    uint64_t l = product_of_words(a.w, b.w, is_signed, saturate, fraction, &over_l);

    if (saturate)
        spe_overflow(c, over_h, over_l);
    return finish(c, in, spe_pair((uint32_t)(h >> 32), (uint32_t)(l >> 32)), form);
}

static inline ExecResult multiply_low(E500 *c, const Insn *in, bool is_signed, bool saturate, Form form)
{
    SPE_REQUIRED(c);
    const E500Gpr a = c->s.gpr[in->ra], b = c->s.gpr[in->rb], acc = {.d = c->s.acc};
    bool over_h = false, over_l = false;
    uint32_t h = a.h * b.h, l = a.w * b.w; /* the low half is the same, signed or not */

    if (form == ADD || form == SUBTRACT) {
        h = accumulate(acc.h, h, form, is_signed, saturate, &over_h);
        l = accumulate(acc.w, l, form, is_signed, saturate, &over_l);
    }
    if (saturate)
        spe_overflow(c, over_h, over_l);
    return finish(c, in, spe_pair(h, l), form);
}

/* Only the product saturates.  A sum that overflows wraps and is recorded in SPEFSCR. */
static inline ExecResult multiply_words(E500 *c, const Insn *in, bool is_signed, bool saturate, bool fraction, Form form)
{
    SPE_REQUIRED(c);
    bool over = false;
    uint64_t p = product_of_words(ra(c, in), rb(c, in), is_signed, saturate, fraction, &over);
    int64_t sum = (int64_t)p;

    if (form == ADD)
        over |= __builtin_add_overflow((int64_t)c->s.acc, (int64_t)p, &sum);
    else if (form == SUBTRACT)
        over |= __builtin_sub_overflow((int64_t)c->s.acc, (int64_t)p, &sum);
    if (saturate)
        spe_overflow(c, false, over);
    return finish(c, in, (E500Gpr){.d = (uint64_t)sum}, form);
}

#define WORDS(id, function, ...)                  \
    ExecResult exec_##id(E500 *c, const Insn *in) \
    {                                             \
        return function(c, in, __VA_ARGS__);      \
    }
#define WORDS_PLAIN(id, function, ...)    \
    WORDS(id, function, __VA_ARGS__, SET) \
    WORDS(id##a, function, __VA_ARGS__, SET_ACC)
#define WORDS_ACC(id, suffix, function, ...)          \
    WORDS(id##aa##suffix, function, __VA_ARGS__, ADD) \
    WORDS(id##an##suffix, function, __VA_ARGS__, SUBTRACT)

WORDS_PLAIN(evmwhssf, multiply_high, S, SAT, F)
WORDS_PLAIN(evmwhsmf, multiply_high, S, MOD, F)
WORDS_PLAIN(evmwhsmi, multiply_high, S, MOD, I)
WORDS_PLAIN(evmwhumi, multiply_high, U, MOD, I)
WORDS_PLAIN(evmwlumi, multiply_low, U, MOD)
WORDS_ACC(evmwlumi, w, multiply_low, U, MOD)
WORDS_ACC(evmwlsmi, w, multiply_low, S, MOD)
WORDS_ACC(evmwlusi, w, multiply_low, U, SAT)
WORDS_ACC(evmwlssi, w, multiply_low, S, SAT)
WORDS_PLAIN(evmwssf, multiply_words, S, SAT, F)
WORDS_ACC(evmwssf, , multiply_words, S, SAT, F)
WORDS_PLAIN(evmwsmf, multiply_words, S, MOD, F)
WORDS_ACC(evmwsmf, , multiply_words, S, MOD, F)
WORDS_PLAIN(evmwsmi, multiply_words, S, MOD, I)
WORDS_ACC(evmwsmi, , multiply_words, S, MOD, I)
WORDS_PLAIN(evmwumi, multiply_words, U, MOD, I)
WORDS_ACC(evmwumi, , multiply_words, U, MOD, I)

/* --- the accumulator itself --- */

ExecResult exec_evmra(E500 *c, const Insn *in)
{
    SPE_REQUIRED(c);
    return finish(c, in, c->s.gpr[in->ra], SET_ACC);
}

static inline ExecResult accumulate_words(E500 *c, const Insn *in, bool is_signed, bool saturate, Form form)
{
    SPE_REQUIRED(c);
    const E500Gpr a = c->s.gpr[in->ra], acc = {.d = c->s.acc};
    bool over_h = false, over_l = false;
    uint32_t h = accumulate(acc.h, a.h, form, is_signed, saturate, &over_h);
    uint32_t l = accumulate(acc.w, a.w, form, is_signed, saturate, &over_l);

    if (saturate)
        spe_overflow(c, over_h, over_l);
    return finish(c, in, spe_pair(h, l), form);
}

WORDS(evaddusiaaw, accumulate_words, U, SAT, ADD)
WORDS(evaddssiaaw, accumulate_words, S, SAT, ADD)
WORDS(evaddumiaaw, accumulate_words, U, MOD, ADD)
WORDS(evaddsmiaaw, accumulate_words, S, MOD, ADD)
WORDS(evsubfusiaaw, accumulate_words, U, SAT, SUBTRACT)
WORDS(evsubfssiaaw, accumulate_words, S, SAT, SUBTRACT)
WORDS(evsubfumiaaw, accumulate_words, U, MOD, SUBTRACT)
WORDS(evsubfsmiaaw, accumulate_words, S, MOD, SUBTRACT)

/* --- division: a quotient by zero or too large for a word is the nearest number that fits --- */

static uint32_t quotient_signed(uint32_t a, uint32_t b, bool *over)
{
    if (b != 0 && !(a == 0x80000000u && b == UINT32_MAX))
        return (uint32_t)((int32_t)a / (int32_t)b);
    *over = true;
    return b == 0 && (int32_t)a < 0 ? 0x80000000u : INT32_MAX;
}

static uint32_t quotient_unsigned(uint32_t a, uint32_t b, bool *over)
{
    if (b != 0)
        return a / b;
    *over = true;
    return UINT32_MAX;
}

#define DIVIDE(id, quotient)                                                       \
    ExecResult exec_##id(E500 *c, const Insn *in)                                  \
    {                                                                              \
        SPE_REQUIRED(c);                                                           \
        const E500Gpr a = c->s.gpr[in->ra], b = c->s.gpr[in->rb];                  \
        bool over_h = false, over_l = false;                                       \
        uint32_t h = quotient(a.h, b.h, &over_h), l = quotient(a.w, b.w, &over_l); \
        spe_overflow(c, over_h, over_l);                                           \
        return finish(c, in, spe_pair(h, l), SET);                                 \
    }
DIVIDE(evdivws, quotient_signed)
DIVIDE(evdivwu, quotient_unsigned)
