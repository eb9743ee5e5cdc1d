/* SPDX-License-Identifier: MIT
 *
 * SPE: vectors of two words, without multiplication and memory (Power ISA 2.06B Book I ch. 7).
 */
#include "cpu/e500/exec_spe.h"

/* rT = f(rA, rB) on each of the two words. */
#define EACH(id, expression)                                                           \
    static inline uint32_t each_##id(uint32_t A, uint32_t B, const Insn *in)           \
    {                                                                                  \
        return expression;                                                             \
    }                                                                                  \
    ExecResult exec_##id(E500 *c, const Insn *in)                                      \
    {                                                                                  \
        SPE_REQUIRED(c);                                                               \
        const E500Gpr a = c->s.gpr[in->ra], b = c->s.gpr[in->rb];                      \
        c->s.gpr[in->rt] = spe_pair(each_##id(a.h, b.h, in), each_##id(a.w, b.w, in)); \
        return EXEC_NEXT;                                                              \
    }

static inline uint32_t rotated(uint32_t v, unsigned n)
{
    return v << (n & 31) | v >> (-n & 31);
}

/* Shift amounts have six bits: from 32 on the result is 0, or copies of the sign. */
static inline uint32_t shifted_left(uint32_t v, unsigned n)
{
    return n & 32 ? 0 : v << (n & 31);
}

static inline uint32_t shifted_right(uint32_t v, unsigned n)
{
    return n & 32 ? 0 : v >> (n & 31);
}

static inline uint32_t shifted_right_signed(uint32_t v, unsigned n)
{
    return (uint32_t)((int32_t)v >> (n & 32 ? 31 : n & 31));
}

static inline uint32_t leading_zeros(uint32_t v)
{
    return v ? (uint32_t)__builtin_clz(v) : 32;
}

/* --- arithmetic --- */

EACH(evaddw, A + B)
EACH(evaddiw, B + (uint32_t)in->imm)
EACH(evsubfw, B - A)
EACH(evsubifw, B - (uint32_t)in->imm)
EACH(evabs, (int32_t)A < 0 ? -A : A)
EACH(evneg, -A)
EACH(evextsb, (uint32_t)(int8_t)A)
EACH(evextsh, (uint32_t)(int16_t)A)
EACH(evrndw, (A + 0x8000) & 0xffff0000u)
EACH(evcntlzw, leading_zeros(A))
EACH(evcntlsw, leading_zeros((int32_t)A < 0 ? ~A : A))

/* --- logic, shifts --- */

EACH(evand, A &B)
EACH(evandc, A & ~B)
EACH(evxor, A ^ B)
EACH(evor, A | B)
EACH(evnor, ~(A | B))
EACH(eveqv, ~(A ^ B))
EACH(evorc, A | ~B)
EACH(evnand, ~(A &B))
EACH(evslw, shifted_left(A, B))
EACH(evslwi, A << in->rb)
EACH(evsrwu, shifted_right(A, B))
EACH(evsrws, shifted_right_signed(A, B))
EACH(evsrwiu, A >> in->rb)
EACH(evsrwis, (uint32_t)((int32_t)A >> in->rb))
EACH(evrlw, rotated(A, B))
EACH(evrlwi, rotated(A, in->rb))
EACH(evsplati, (uint32_t)in->imm)
EACH(evsplatfi, (uint32_t)in->imm << 27)

/* --- moving between words --- */

#define MERGE(id, high, low)                                                      \
    ExecResult exec_##id(E500 *c, const Insn *in)                                 \
    {                                                                             \
        SPE_REQUIRED(c);                                                          \
        c->s.gpr[in->rt] = spe_pair(c->s.gpr[in->ra].high, c->s.gpr[in->rb].low); \
        return EXEC_NEXT;                                                         \
    }
MERGE(evmergehi, h, h)
MERGE(evmergelo, w, w)
MERGE(evmergehilo, h, w)
MERGE(evmergelohi, w, h)

/* --- comparison --- */

#define COMPARE(id, type, operator)                                                      \
    ExecResult exec_##id(E500 *c, const Insn *in)                                        \
    {                                                                                    \
        SPE_REQUIRED(c);                                                                 \
        const E500Gpr a = c->s.gpr[in->ra], b = c->s.gpr[in->rb];                        \
        spe_compared(c, in, (type)a.h operator(type) b.h, (type)a.w operator(type) b.w); \
        return EXEC_NEXT;                                                                \
    }
COMPARE(evcmpgtu, uint32_t, >)
COMPARE(evcmpgts, int32_t, >)
COMPARE(evcmpltu, uint32_t, <)
COMPARE(evcmplts, int32_t, <)
COMPARE(evcmpeq, uint32_t, ==)

/* Words of rA where the CR field's first two bits are 1, else of rB. */
ExecResult exec_evsel(E500 *c, const Insn *in)
{
    SPE_REQUIRED(c);
    const E500Gpr a = c->s.gpr[in->ra], b = c->s.gpr[in->rb];
    unsigned bit = (in->word & 7) * 4;
    c->s.gpr[in->rt] = spe_pair(cr_bit(c, bit) ? a.h : b.h, cr_bit(c, bit + 1) ? a.w : b.w);
    return EXEC_NEXT;
}

/* --- bit-reversed increment: the index of a fast Fourier transform, under the mask in rB --- */

static uint32_t bits_reversed(uint32_t v)
{
    v = (v >> 1 & 0x55555555u) | (v & 0x55555555u) << 1;
    v = (v >> 2 & 0x33333333u) | (v & 0x33333333u) << 2;
    v = (v >> 4 & 0x0f0f0f0fu) | (v & 0x0f0f0f0fu) << 4;
    return __builtin_bswap32(v);
}

/* The implementation chooses how many bits of the mask it looks at; here it is all 32 of the low word. */
ExecResult exec_brinc(E500 *c, const Insn *in)
{
    uint32_t mask = rb(c, in);
    uint32_t next = bits_reversed(bits_reversed(ra(c, in) | ~mask) + 1);
    rt(c, in) = next & mask;
    return EXEC_NEXT;
}
