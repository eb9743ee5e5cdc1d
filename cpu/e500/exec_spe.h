/* SPDX-License-Identifier: MIT
 *
 * What the SPE and embedded floating-point instructions share: availability, SPEFSCR, pairs of
 * words.
 */
#pragma once

#include "cpu/e500/exec_helpers.h"
#include "cpu/e500/interrupt.h"

/* SPEFSCR (Power ISA 2.06B Book I §7.3.4).  The names that end in H are of the high element. */
enum {
    SPEFSCR_SOVH = 1u << 31, /* summary integer overflow: sticky */
    SPEFSCR_OVH = 1u << 30,
    SPEFSCR_FGH = 1u << 29, /* guard: the first bit below the result */
    SPEFSCR_FXH = 1u << 28, /* sticky: all the others */
    SPEFSCR_FINVH = 1u << 27,
    SPEFSCR_FDBZH = 1u << 26,
    SPEFSCR_FUNFH = 1u << 25,
    SPEFSCR_FOVFH = 1u << 24,
    SPEFSCR_FINXS = 1u << 21, /* sticky */
    SPEFSCR_FINVS = 1u << 20,
    SPEFSCR_FDBZS = 1u << 19,
    SPEFSCR_FUNFS = 1u << 18,
    SPEFSCR_FOVFS = 1u << 17,
    SPEFSCR_SOV = 1u << 15,
    SPEFSCR_OV = 1u << 14,
    SPEFSCR_FG = 1u << 13,
    SPEFSCR_FX = 1u << 12,
    SPEFSCR_FINV = 1u << 11,
    SPEFSCR_FDBZ = 1u << 10,
    SPEFSCR_FUNF = 1u << 9,
    SPEFSCR_FOVF = 1u << 8,
    SPEFSCR_FINXE = 1u << 6, /* enables */
    SPEFSCR_FINVE = 1u << 5,
    SPEFSCR_FDBZE = 1u << 4,
    SPEFSCR_FUNFE = 1u << 3,
    SPEFSCR_FOVFE = 1u << 2,
    SPEFSCR_FRMC = 3, /* rounding: nearest, zero, up, down */

    SPEFSCR_HIGH_SHIFT = 16, /* from an element's status bits to those of the high one */
    SPEFSCR_STATUS = SPEFSCR_FG | SPEFSCR_FX | SPEFSCR_FINV | SPEFSCR_FDBZ | SPEFSCR_FUNF | SPEFSCR_FOVF,
};

/*
 * First in every instruction that looks at more than low words (Power ISA 2.06B Book III-E,
 * SPE/Embedded Floating-Point/Vector Unavailable interrupt): brinc and the scalar single-precision
 * ones do not.
 */
#define SPE_REQUIRED(c)                                            \
    do {                                                           \
        if (__builtin_expect(!((c)->s.msr & MSR_SPE), 0))          \
            return e500_raise((c), EXCP_SPE_UNAVAILABLE, ESR_SPE); \
    } while (0)

static inline E500Gpr spe_pair(uint32_t high, uint32_t low)
{
    return (E500Gpr){.d = (uint64_t)high << 32 | low};
}

/* The end of an integer instruction that tells overflow: OVH, OV, and their sticky summaries. */
static inline void spe_overflow(E500 *c, bool high, bool low)
{
    E500Spr *f = &c->s.spr[SPR_SPEFSCR];

    *f &= ~(uint32_t)(SPEFSCR_OVH | SPEFSCR_OV);
    *f |= (high ? SPEFSCR_OVH | SPEFSCR_SOVH : 0) | (low ? SPEFSCR_OV | SPEFSCR_SOV : 0);
}

/* CR[BF] = high, low, either, both. */
static inline void spe_compared(E500 *c, const Insn *in, bool high, bool low)
{
    cr_field_set(c, in->rt >> 2, (high ? 8u : 0) | (low ? 4u : 0) | (high | low ? 2u : 0) | (high & low ? 1u : 0));
}
