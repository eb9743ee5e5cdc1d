/* SPDX-License-Identifier: MIT
 *
 * What vcpu.c (threads, calls into the accelerator) and vcpu_life.c (making, rebuilding, freeing) share.
 */
#pragma once

#include "cpu/vcpu.h"

typedef struct VcpuCall {
    void (*fn)(Vcpu *vcpu, void *opaque);
    void *opaque;
} VcpuCall;

/* What is kept for each vCPU besides the public part. */
typedef struct VcpuThread {
    Vcpu pub;
    GThread *thread;
    GCond wake;           /* parked or asleep; with set->lock */
    const VcpuCall *call; /* to run while parked */
    bool executing;
    bool held_back; /* serve returned false: it waits for the next vcpus_resume() */
    bool awake;     /* a reason to end an IDLE sleep arrived */
    bool asleep;    /* in an IDLE sleep */
    bool napping;
    bool begins_nap;      /* vcpu_nap() was called while an access was served in the middle of an instruction; its own thread's */
    bool told_off;        /* and serve returned false then; likewise */
    uint64_t deadline_ns; /* in an IDLE sleep of virtual time: when it ends by itself */
    uint32_t irqs;        /* levels of the interrupt inputs, for a rebuilt VM */
    AccelDebug debug;
    AccelVcpu *fresh; /* rebuild: the handle on the new VM */
} VcpuThread;

struct Vcpus {
    const AccelOps *ops;
    AccelConfig config;
    AccelVm *vm, *fresh; /* fresh: a rebuild is prepared */
    VcpuServe *serve;
    void *opaque;
    GMutex lock; /* protects all below and the VcpuThread members */
    GCond idle;  /* a vCPU parked, or a call ended */
    bool running, quitting;
    bool in_turn;    /* virtual time: vCPUs execute one at a time (vcpu_turn.c) */
    bool turn_given; /* it is the turn of vCPU `turn`; else nobody can run, and `turn` is where the search for the next begins */
    unsigned turn;
    unsigned n;
    VcpuThread *vcpu;
    bool wants_ram_written;          /* ACCEL_CAP_RAM_WRITTEN */
    bool dirty_log;                  /* started: started again by a rebuild */
    GArray *ram, *eventfds;          /* of AccelRam, AccelEventfd: attached again by a rebuild */
    bool source[ACCEL_MPIC_SOURCES]; /* levels of the MPIC's sources, applied again after a rebuild */
};

static inline VcpuThread *thread_of(Vcpu *vcpu)
{
    return (VcpuThread *)vcpu;
}

/* vcpu_turn.c; all with the lock */
bool vcpu_turn_is_mine(const Vcpus *set, const VcpuThread *t); /* always, where time is the host's */
void vcpu_turn_pass(Vcpus *set);                               /* to the next vCPU that can run */
void vcpu_turn_offer(Vcpus *set);                              /* a vCPU may be able to run now: pass the turn if nobody uses it */
void vcpu_turn_after(Vcpus *set, VcpuThread *t, bool go_on);   /* its exit was served: pass the turn if it is over */

void *vcpu_thread(void *opaque);                                      /* of a VcpuThread */
void vcpu_wake_up(void *opaque, unsigned index);                      /* any thread: AccelConfig.wake of a Vcpus */
bool vcpu_serve_inside(void *opaque, unsigned index, VcpuExit *exit); /* AccelConfig.serve of a Vcpus */
