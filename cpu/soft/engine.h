/* SPDX-License-Identifier: MIT
 *
 * An engine executes guest instructions on a core, and does nothing else.  Everything around it is shared (run.c): what is looked at between
 * instructions, exits and their completion, time.  So an engine needs no AccelOps of its own, and two engines can be compared step by step.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct SoftVcpu SoftVcpu;

typedef struct SoftEngine {
    const char *name, *doc;
    uint32_t slice; /* instructions between two looks at the host's clock, which takes 30 ns to read */
    /* Makes and frees vcpu->engine_data.  In the vCPU's own thread, and the core is there. */
    void (*start)(SoftVcpu *vcpu);
    void (*stop)(SoftVcpu *vcpu);
    /*
     * Executes instructions from core.s.pc on while core.done < core.limit, and counts each in core.done: that test is the only one between
     * two instructions.  Another thread that wants attention sets core.limit to 0 (e500_attention()), and so does an instruction that does;
     * an engine that executes several instructions before it looks must stop after one that may.  core.done is up to date whenever an
     * instruction may read the time.  An instruction that traps is counted, one that comes to EXEC_EXIT is not: it is counted when it
     * completes.
     *
     * True: core.limit was reached.  False: *core.exit holds an exit.  If that is a device access, vcpu->accessing is the instruction.
     */
    bool (*run_slice)(SoftVcpu *vcpu);
} SoftEngine;

extern const SoftEngine soft_plain, soft_fast;
/*
 * Executes each slice with the engine under test (SoftVm.tested) and then, from the same state, with the plain one, and compares what came of
 * it: registers, memory, exit, how far they came.  At the first difference it leaves with VCPU_EXIT_FATAL, whose message names all of them
 * and the instructions executed.  Time must be virtual, so that both see the same, and one vCPU executes at a time (decision 012).
 */
extern const SoftEngine soft_lockstep;
#if HAVE_JIT
extern const SoftEngine soft_jit; /* cpu/jit */
#endif
