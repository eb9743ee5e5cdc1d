/* SPDX-License-Identifier: MIT
 *
 * The soft accelerator's own structures: soft.c makes them, run.c runs them, the engines (engine.h) execute.
 */
#pragma once

#include <glib.h>
#include <stddef.h>

#include "cpu/e500/core.h"
#include "cpu/e500/insn.h"
#include "cpu/soft/engine.h"

typedef struct SoftVm {
    AccelVm base;
    E500Vm e500;
    const SoftEngine *engine; /* of the vCPUs that are made from now on */
    const SoftEngine *tested; /* what the lock-step engine compares with the plain one, if that is `engine` */
    /* as in AccelConfig */
    bool protected_state, no_rebuild, stats;
    size_t code_bytes;
    struct Profile *profile; /* NULL: none */
} SoftVm;

/* A filter before the list of breakpoints is searched: bit n is set if one of them lies at a word n of some 64 words. */
#define SOFT_BREAKPOINT_BIT(pc) (UINT64_C(1) << ((pc) >> 2 & 63))

/* The registers that a loop works with: they begin E500State. */
typedef struct SoftLoopState {
    uint8_t bytes[offsetof(E500State, acc)];
} SoftLoopState;

struct SoftVcpu {
    AccelVcpu base;
    const SoftEngine *engine;
    void *engine_data;
    struct LockStep *lockstep; /* NULL: its engine is another than soft_lockstep */
    bool launched;             /* has executed: a protected VM's state is closed from then on */
    Insn accessing;            /* while core.device is open: the instruction whose operand that is */
    AccelDebug debug;
    uint64_t breakpoint_filter; /* SOFT_BREAKPOINT_BIT of each of debug's */
    GHashTable *seen;           /* -d in_asm: pcs already shown */
    SoftLoopState spin;         /* at the end of an earlier slice */
    unsigned spin_age;          /* slices since that did not come again */
    uint64_t next_sample;       /* for SoftVm.profile, when count.instructions has come to this; UINT64_MAX: never */
    E500 core;
};

void soft_sample(SoftVcpu *vcpu); /* sample.c; between two slices */
void soft_vcpu_run(AccelVcpu *vcpu, VcpuExit *exit, bool complete_only);
/*
 * For an engine: the instruction *in came to r, which is EXEC_TRAP, EXEC_EXIT or EXEC_JUMP.  True: go on at s.pc, the instruction counts.
 * False: *core.exit holds an exit, as run_slice() returns it.
 */
bool soft_insn_ended(SoftVcpu *vcpu, ExecResult r, const Insn *in);
