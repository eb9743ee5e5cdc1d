/* SPDX-License-Identifier: MIT
 *
 * vCPUs as the platform has them: one host thread each, an accelerator's handle, and a copy of the state.
 *
 * State: vcpu->state is valid only after vcpu_synchronize_state() while the vCPU is parked, or during a reset.  Whoever changes it calls
 * vcpu_state_changed(); it is written back, at the level the moment calls for, by the four hooks below and by nobody else.
 */
#pragma once

#include "cpu/accel.h"
#include "cpu/steal.h"

typedef struct Vcpus Vcpus;

typedef struct Vcpu {
    Vcpus *set;
    unsigned index;
    AccelVcpu *handle;
    E500State state; /* the copy */
    bool valid;      /* the copy holds the vCPU's state; the accelerator has an older one while dirty */
    bool dirty;      /* copy must be written back before the guest runs */
    Steal steal;     /* counted for its thread, where time is the host's */
    VcpuExit exit;   /* last exit; pending until completed by re-entry */
    bool deferred;   /* exit is a hypercall that the run state answers later */
    bool hold;       /* a debugger lets others run and this one not: vcpus_resume() leaves it parked */
} Vcpu;

/* What the platform does at an exit, in the vCPU's thread.  False: park (a request is under way). */
typedef bool VcpuServe(void *opaque, Vcpu *vcpu, VcpuExit *exit);

Vcpus *vcpus_new(const AccelOps *ops, const AccelConfig *config, VcpuServe *serve, void *opaque, GError **error);
void vcpus_free(Vcpus *set); /* all parked */
unsigned vcpus_count(const Vcpus *set);
Vcpu *vcpus_get(Vcpus *set, unsigned index);
AccelVm *vcpus_vm(Vcpus *set);
unsigned vcpus_caps(const Vcpus *set);
/* Both are remembered, and attached again to the VM that a rebuild makes. */
bool vcpus_map_ram(Vcpus *set, const AccelRam *ram, GError **error);
void vcpus_ram_written(Vcpus *set, uint64_t gpa,
                       uint64_t size); /* AccelOps.vm_ram_written, where the accelerator wants it.  Any thread */
/* ACCEL_CAP_DIRTY_LOG, as AccelOps.vm_dirty_log and vm_dirty_fetch say.  Kept: after a rebuild every page is reported once more. */
bool vcpus_dirty_log(Vcpus *set, bool on, GError **error);
void vcpus_dirty_fetch(Vcpus *set, uint64_t gpa, uint64_t n_pages, uint8_t *bitmap);
bool vcpus_eventfd(Vcpus *set, const AccelEventfd *eventfd, GError **error); /* ACCEL_CAP_IRQFD, ACCEL_CAP_IOEVENTFD */

/* Runs fn in the vCPU's own thread, between exits, and waits for it.  Main thread only; not under the device lock. */
void vcpu_call(Vcpu *vcpu, void (*fn)(Vcpu *vcpu, void *opaque), void *opaque);

/* Main thread; not under the device lock. */
bool vcpus_resume(Vcpus *set, GError **error); /* writes changed copies back at RUNTIME first */
void vcpus_park(Vcpus *set);                   /* returns when no vCPU executes */
bool vcpus_parked(const Vcpus *set);
void vcpu_set_irq(Vcpu *vcpu, AccelIrq irq, bool level); /* any thread; kept: attached again by a rebuild */
/* AccelConfig.mpic: the level of a source's wire.  Any thread; kept, as the above. */
bool vcpus_set_source(Vcpus *set, unsigned source, bool level, GError **error);
bool vcpus_message(Vcpus *set, uint32_t value, GError **error); /* ACCEL_CAP_MESSAGE; any thread; lost by a reset */
void vcpu_send_nmi(Vcpu *vcpu);                                 /* any thread; lost by a reset */
void vcpu_kick(Vcpu *vcpu);                                     /* any thread */

/*
 * A nap begins when the exit being served is complete: the vCPU executes nothing until vcpu_wake(), an NMI, a raised machine check
 * input or a reset; its other interrupts wait.  vcpu_nap() from VcpuServe in the vCPU's own thread; the others from any.
 */
typedef enum VcpuActivity { VCPU_RUNS, VCPU_WAITS, VCPU_NAPS } VcpuActivity;
void vcpu_nap(Vcpu *vcpu);
void vcpu_wake(Vcpu *vcpu);
VcpuActivity vcpu_activity(const Vcpu *vcpu); /* VCPU_WAITS: for an interrupt, or for its release */

/*
 * What a parked vCPU has besides its registers, and whose turn it is in virtual time: so that a machine which loads what another one saved
 * goes on as that would have.  Main thread, all parked.
 */
typedef struct VcpuPlace {
    bool napping, asleep;
    uint64_t deadline_ns; /* asleep, in virtual time: when it wakes by itself */
} VcpuPlace;
typedef struct VcpusTurn {
    bool given;
    uint32_t vcpu;
    uint64_t end_ns;
} VcpusTurn;
void vcpu_get_place(const Vcpu *vcpu, VcpuPlace *place);
void vcpu_set_place(Vcpu *vcpu, const VcpuPlace *place);
void vcpus_get_turn(const Vcpus *set, VcpusTurn *turn);
bool vcpus_set_turn(Vcpus *set, const VcpusTurn *turn); /* false: there is no such vCPU */

/* Makes the pending exit take effect; not a deferred one (hcall_answer() and clear `deferred` first). */
void vcpu_finish_exit(Vcpu *vcpu);

/* The hooks.  All vCPUs are parked.  A pending exit is finished first.  An error names the register; the machine must stop then. */
bool vcpu_synchronize_state(Vcpu *vcpu, GError **error); /* the copy is valid afterwards */
void vcpu_state_changed(Vcpu *vcpu);                     /* after changing the copy: written back at RUNTIME by vcpus_resume() */
bool vcpus_post_reset(Vcpus *set, GError **error);       /* write back at RESET */
bool vcpus_post_init(Vcpus *set, GError **error);        /* write back at FULL; first-time set-up of the VM */
bool vcpus_pre_save(
    Vcpus *set,
    GError **error); /* all copies valid; they are written back, so that the saved machine goes on from them as its copy does */

/*
 * Rebuild: a new VM with everything attached again.  prepare may fail with nothing lost (the old VM stays as it was).  commit replaces the
 * old VM; the caller then resets the copies and calls vcpus_post_init().
 */
bool vcpus_rebuild_prepare(Vcpus *set, GError **error);
void vcpus_rebuild_cancel(Vcpus *set);
bool vcpus_rebuild_commit(Vcpus *set, GError **error);

/* In the vCPU's own thread, from VcpuServe, the guest running: reads the state, lets edit() change it, writes it back at `level`. */
bool vcpu_read_own_state(Vcpu *vcpu, E500State *state, GError **error); /* likewise, and changes nothing */
bool vcpu_edit_own_state(Vcpu *vcpu, void (*edit)(E500State *state, void *opaque), void *opaque, StateLevel level, GError **error);

bool vcpu_set_debug(Vcpu *vcpu, const AccelDebug *debug, GError **error); /* kept: attached again by a rebuild */
/* Guest memory by effective address under the vCPU's translation (gdb).  Parked. */
bool vcpu_translate(Vcpu *vcpu, Ea ea, uint64_t *gpa);
