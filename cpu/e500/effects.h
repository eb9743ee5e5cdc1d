/* SPDX-License-Identifier: MIT
 *
 * Everything that a decoded word may read and write, gathered from its row's operands, flags and effects, and from the fields that
 * decide it (BO, FXM, the number of an SPR).  For those who translate or schedule code; no execution looks at it.
 *
 * What is written is written whenever the instruction completes; what may keep its old value is among what is read, too.  Memory
 * and RES_SYSTEM are many things, of which only some are written.  Not told: that addresses, permissions and whether a unit is
 * available depend on MSR, PID and TLBs, which only instructions with EFFECT_CONTEXT change; pc; and what an interrupt or an exit
 * does with the state (EFFECT_TRAPS).
 */
#pragma once

#include "cpu/e500/insn.h"

typedef struct InsnEffects {
    uint32_t gpr_in, gpr_out;   /* bit n: the low word of GPR n */
    uint32_t high_in, high_out; /* its high word */
    uint32_t fpr_in, fpr_out;   /* bit n: FPR n */
    uint32_t cr_in, cr_out;     /* bits as they lie in CR: 1 << 31 is CR0[LT] */
    uint32_t in, out;           /* RES_…, but for CR and what stands for others */
    uint8_t flags;              /* EFFECT_… */
    uint8_t memory;             /* InsnMemory */
    uint8_t size;               /* bytes; 0 if memory is MEMORY_NONE */
} InsnEffects;

/* `in` is no INSN_ILLEGAL.  A pure function, as insn_decode(). */
void insn_effects(const Insn *in, const E500Model *model, InsnEffects *out);
