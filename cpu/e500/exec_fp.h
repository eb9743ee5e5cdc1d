/* SPDX-License-Identifier: MIT
 *
 * What the floating-point instructions share: availability, FPSCR arithmetic, CR1.
 */
#pragma once

#include "cpu/e500/exec_helpers.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/softfp.h"

/* First in every floating-point instruction (Power ISA 2.06 Book III-E, Floating-Point Unavailable interrupt). */
#define FP_REQUIRED(c)                                      \
    do {                                                    \
        if (__builtin_expect(!((c)->s.msr & MSR_FP), 0))    \
            return e500_raise((c), EXCP_FP_UNAVAILABLE, 0); \
    } while (0)

/* FPSCR with its summary bits VX and FEX as the others imply. */
static inline uint32_t fpscr_summarize(uint32_t fpscr)
{
    fpscr &= ~(uint32_t)(FPSCR_VX | FPSCR_FEX | FPSCR_RESERVED);
    if (fpscr & FPSCR_VX_CAUSES)
        fpscr |= FPSCR_VX;
    /* VX OX UX ZX XX stand 22 bits above VE OE UE ZE XE */
    if (fpscr >> 22 & fpscr & (FPSCR_VE | FPSCR_OE | FPSCR_UE | FPSCR_ZE | FPSCR_XE))
        fpscr |= FPSCR_FEX;
    return fpscr;
}

/* The end of an instruction that may have Rc = 1: CR1 is FX FEX VX OX. */
static inline ExecResult fp_record(E500 *c, const Insn *in)
{
    if (in->flags & INSN_RC)
        c->s.cr = (c->s.cr & 0xf0ffffffu) | (c->s.fpscr >> 4 & 0x0f000000u);
    return EXEC_NEXT;
}

/*
 * Adds exceptions to the FPSCR; FX is set if one of them was not set before.  True: one is enabled and MSR[FE0,FE1]
 * is not 00, so that the instruction, complete but for pc, ends in a program interrupt.
 */
bool fp_note_exceptions(E500 *c, uint32_t flags);
ExecResult fp_enabled_exception(E500 *c);
