/* SPDX-License-Identifier: MIT
 *
 * What the lock-step engine knows of the two runs that it compares: lockstep.c makes them, lockstep_report.c compares and describes.
 */
#pragma once

#include "cpu/soft/soft.h"

/* A page of RAM that one of the runs stored to. */
typedef struct KeptPage {
    uint64_t gpa;
    uint8_t *host;
    uint8_t before[E500_PAGE_SIZE], after[E500_PAGE_SIZE];
} KeptPage;

typedef struct Journal {
    GPtrArray *pages; /* of KeptPage*: the first n are in use */
    unsigned n;
} Journal;

enum { TESTED, PLAIN, LOCK_RUNS }; /* by the engine under test, by the reference */

/* One of the runs, after it. */
typedef struct LockRun {
    const char *name; /* of the engine */
    const SoftVcpu *vcpu;
    const Journal *journal;
    bool left; /* run_slice() said so: *vcpu->core.exit holds an exit */
} LockRun;

typedef struct LockStep {
    const SoftEngine *engine; /* under test: it executes the vCPU itself */
    SoftVcpu reference;       /* executes by the plain engine, in a VM of its own that has the same RAM and time */
    E500Vm vm;                /* that VM */
    uint8_t *flags[E500_RAM_MAX];
    unsigned n_ram;    /* blocks of RAM whose pages are kept */
    E500 before;       /* the vCPU's core at the start of the slice, without its soft TLB */
    VcpuExit exit;     /* the reference's */
    VcpuExit exit_was; /* both exits' at the start of the slice */
    bool in_slice;
    bool reserve; /* the core held a reservation then */
    Journal journal[LOCK_RUNS];
    LockRun run[LOCK_RUNS];
    char *report; /* the message of VCPU_EXIT_FATAL */
} LockStep;

bool lockstep_reserves(const E500 *c);                      /* c's reservation stands: nobody stored there since */
bool lockstep_same(const LockStep *l);                      /* both runs came to the same */
void lockstep_describe(const LockStep *l, GString *report); /* in what they differ: a line for each difference */
