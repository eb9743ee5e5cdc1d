/* SPDX-License-Identifier: MIT
 *
 * The soft accelerator's own structures (soft.c) and its interpreter (interp.c).
 */
#pragma once

#include <glib.h>

#include "cpu/e500/core.h"
#include "cpu/e500/insn.h"

typedef struct SoftVm {
    AccelVm base;
    E500Vm e500;
    bool protected_state, no_rebuild; /* AccelConfig's */
} SoftVm;

/*
 * Decoding is a pure function of the instruction word, so it is memoized by word: no invalidation exists, and code that
 * changes itself needs no attention (docs/decisions).
 */
enum { SOFT_DECODE_BITS = 15, SOFT_DECODE_SIZE = 1 << SOFT_DECODE_BITS };

typedef struct SoftDecoded {
    InsnExec *exec;
    Insn insn;
} SoftDecoded;

#define SOFT_BREAKPOINT_BIT(pc) (UINT64_C(1) << ((pc) >> 2 & 63))

typedef struct SoftVcpu {
    AccelVcpu base;
    bool took_step; /* the single step of this run was one instruction, not an interrupt */
    bool launched;  /* has executed: a protected VM's state is closed from then on */
    Insn accessing; /* while core.device is open: the instruction whose operand that is */
    AccelDebug debug;
    uint64_t breakpoint_filter; /* SOFT_BREAKPOINT_BIT of each of debug's */
    GHashTable *seen;           /* -d in_asm: pcs already shown */
    E500 core;
    SoftDecoded decoded[SOFT_DECODE_SIZE];
} SoftVcpu;

void soft_decode_cache_init(SoftVcpu *vcpu);
void soft_vcpu_run(AccelVcpu *vcpu, VcpuExit *exit, bool complete_only);
