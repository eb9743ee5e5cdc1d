/* SPDX-License-Identifier: MIT
 *
 * The usual case of floating-point arithmetic by the host's: ordinary operands, rounding to
 * nearest.  What it answers is what softfp.h answers, to the last bit and flag; it does not answer
 * everything, and on some hosts nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cpu/e500/softfp.h"

typedef struct FastFp {
    uint64_t value; /* a normal number, of the precision asked for */
    uint32_t flags; /* FPSCR_XX | FPSCR_FI if it is inexact, FPSCR_FR too if its magnitude grew */
} FastFp;

/* Whether the host has an FPU: one that its kernel emulates is slow and may round a fused
 * multiply-add twice (Linux on powerpc does). */
#ifdef __powerpc__
bool fastfp_host_has_fpu(void);
#else
static inline bool fastfp_host_has_fpu(void)
{
    return true;
}
#endif

/* Whether it may be asked at all: inexact results must be no interrupt. */
static inline bool fastfp_allowed(uint32_t fpscr)
{
    return !(fpscr & (FPSCR_RN | FPSCR_XE)) && fastfp_host_has_fpu();
}

/* As softfp's.  False: not an ordinary case; *r is nothing. */
bool fastfp_add(uint64_t a, uint64_t b, SoftfpPrecision p, FastFp *r);
bool fastfp_mul(uint64_t a, uint64_t c, SoftfpPrecision p, FastFp *r);
bool fastfp_div(uint64_t a, uint64_t b, SoftfpPrecision p, FastFp *r);
bool fastfp_fma(uint64_t a, uint64_t c, uint64_t b, unsigned negate, SoftfpPrecision p, FastFp *r);
bool fastfp_round_to_single(uint64_t b, FastFp *r);
