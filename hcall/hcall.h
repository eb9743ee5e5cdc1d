/* SPDX-License-Identifier: MIT
 *
 * Hypercalls: from an EPAPR_HCALL exit to a handler and back (ePAPR 1.1 §7).  Handlers never see registers: arguments in, values out.
 * Everything under the device lock.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/vcpu_exit.h"
#include "hcall/area.h"

enum { EV_VENDOR_LOCAL = 0, EV_VENDOR_EPAPR = 1, EV_VENDOR_FREESCALE = 2, EV_VENDOR_KVM = 42 };

/* Status codes (ePAPR 1.1 §7.4.1). */
#define EV_STATUS_LIST(X)   \
    X(EV_SUCCESS, 0)        \
    X(EV_EPERM, 1)          \
    X(EV_ENOENT, 2)         \
    X(EV_EIO, 3)            \
    X(EV_EAGAIN, 4)         \
    X(EV_ENOMEM, 5)         \
    X(EV_EFAULT, 6)         \
    X(EV_ENODEV, 7)         \
    X(EV_EINVAL, 8)         \
    X(EV_INTERNAL, 9)       \
    X(EV_CONFIG, 10)        \
    X(EV_INVALID_STATE, 11) \
    X(EV_UNIMPLEMENTED, 12) \
    X(EV_BUFFER_OVERFLOW, 13)

typedef enum EvStatus {
#define X(name, value) name = value,
    EV_STATUS_LIST(X)
#undef X
} EvStatus;

typedef enum HcallId {
#define HCALL(id, vendor, number, n_in, n_out, needs, doc) HCALL_##id,
#include "hcall/hcall.def"
#undef HCALL
    HCALL_COUNT
} HcallId;

/* What a hypercall needs: the rows of need.def, a bit each. */
typedef enum HcallNeed {
#define NEED(id, doc) HCALL_NEED_BIT_##id,
#include "hcall/need.def"
    HCALL_NEEDS
} HcallNeed;

enum {
    HCALL_NEED_NOTHING = 0,
#define NEED(id, doc) HCALL_NEED_##id = 1 << HCALL_NEED_BIT_##id,
#include "hcall/need.def"
};

/* FH_GET_CORE_STATE */
typedef enum HcallCoreState { HCALL_CORE_RUNS, HCALL_CORE_WAITS, HCALL_CORE_NAPS } HcallCoreState;

enum { HCALL_ERROR_SIZE = 752 }; /* of a record of FH_ERR_GET_INFO */

/* What the machine does for the handlers. */
typedef struct HcallServices {
    /*
     * Ask for a reset or shutdown on behalf of vcpu.  False: cannot be carried out (EV_INTERNAL).  True: the run state takes
     * over; the exit stays open, and is answered with EV_INTERNAL if it turns out later that it cannot.
     */
    bool (*request_reset)(void *opaque, unsigned vcpu);
    bool (*request_shutdown)(void *opaque, unsigned vcpu);

    bool (*request_system_reset)(void *opaque,
                                 unsigned vcpu); /* as request_reset, and what the guest set in its tree is forgotten */
    unsigned (*n_vcpus)(void *opaque);
    void (*send_nmi)(void *opaque, unsigned vcpu);
    HcallCoreState (*core_state)(void *opaque, unsigned vcpu);
    void (*enter_nap)(void *opaque, unsigned vcpu); /* takes effect when this call has been answered */
    void (*exit_nap)(void *opaque, unsigned vcpu);
    /* Guest RAM.  False: not all of it is RAM; nothing was done.  mem_copy: as memmove. */
    bool (*mem_read)(void *opaque, uint64_t gpa, void *to, size_t size);
    bool (*mem_write)(void *opaque, uint64_t gpa, const void *from, size_t size);
    bool (*mem_copy)(void *opaque, uint64_t to, uint64_t from, uint64_t size);
    bool (*mem_contains)(void *opaque, uint64_t gpa, uint64_t size);
    /* The tree.  EV_ENOENT: no such node or property; EV_ENOMEM: no more room.  The value stays the machine's. */
    EvStatus (*dtprop_get)(void *opaque, const char *path, const char *name, const void **value, uint32_t *size);
    EvStatus (*dtprop_set)(void *opaque, const char *path, const char *name, const void *value, uint32_t size);
    /* The oldest error of the guest's queue as FH_ERR_GET_INFO has it; false: there is none. */
    bool (*error_peek)(void *opaque, void *record /* HCALL_ERROR_SIZE bytes */);
    void (*error_drop)(void *opaque);

    /* At most 16 bytes.  False: no byte channel has this handle. */
    bool (*byte_channel_send)(void *opaque, uint32_t handle, const uint8_t *data, unsigned size, unsigned *sent);
    bool (*byte_channel_receive)(void *opaque, uint32_t handle, uint8_t *data, unsigned size, unsigned *got);
    bool (*byte_channel_poll)(void *opaque, uint32_t handle, unsigned *to_receive, unsigned *to_send);
    /* The virtual interrupt controller; what is read is set on EV_SUCCESS only.  vcpu: who calls. */
    EvStatus (*int_set_config)(void *opaque, uint32_t interrupt, uint32_t config, uint32_t priority, uint32_t cpu);
    EvStatus (*int_get_config)(void *opaque, uint32_t interrupt, uint32_t *config, uint32_t *priority, uint32_t *cpu);
    EvStatus (*int_set_mask)(void *opaque, uint32_t interrupt, uint32_t mask);
    EvStatus (*int_get_mask)(void *opaque, uint32_t interrupt, uint32_t *mask);
    EvStatus (*int_iack)(void *opaque, unsigned vcpu, uint32_t handle, uint32_t *interrupt);
    EvStatus (*int_eoi)(void *opaque, unsigned vcpu, uint32_t interrupt);
    EvStatus (*int_send_ipi)(void *opaque, uint32_t ipi, uint32_t cpus);
    EvStatus (*int_set_task_priority)(void *opaque, unsigned vcpu, uint32_t handle, uint32_t priority);
    EvStatus (*int_get_task_priority)(void *opaque, unsigned vcpu, uint32_t handle, uint32_t *priority);
    EvStatus (*msgsnd)(void *opaque, uint32_t message); /* checked: a doorbell of a guest */
    /* EV_EINVAL: no such handle; EV_CONFIG: nobody receives it. */
    EvStatus (*doorbell_send)(void *opaque, uint32_t handle);
    /* Memory areas (docs/MEMORY-AREAS.md) of vcpu, or of the machine where the type is one of the machine's. */
    EvStatus (*area_register)(void *opaque, unsigned vcpu, AreaId id, uint64_t gpa, uint64_t size);
    EvStatus (*area_unregister)(void *opaque, unsigned vcpu, AreaId id);
} HcallServices;

typedef struct HcallEnv {
    unsigned present; /* HCALL_NEED_… bits that the machine and the accelerator can deliver */
    const HcallServices *services;
    void *opaque;       /* for services */
    uint32_t partition; /* handle of the guest's own partition, besides −1; 0: no such handle */
    bool scramble;      /* volatile registers are overwritten */
    uint64_t scrambled; /* how many were: the next value follows from it */
    uint64_t count[HCALL_COUNT];
    uint64_t unknown; /* tokens that no row names */
} HcallEnv;

/* One call in progress, as a handler sees it. */
typedef struct Hcall {
    HcallEnv *env;
    unsigned vcpu;
    uint64_t in[8];  /* in[0] = r3; beyond the row's n_in: zero */
    uint64_t out[7]; /* out[0] → r4; only the row's first n_out are delivered */
    bool idle;       /* handler: after the call wait for an interrupt */
    bool deferred;   /* handler: no answer yet; whoever took the request answers later */
} Hcall;

/* For calls that return only when they fail: asks for what they want and leaves the exit open, or answers EV_INTERNAL. */
EvStatus hcall_request(Hcall *call, bool (*ask)(void *opaque, unsigned vcpu));

/* Handlers; one file per family. */
#define HCALL(id, vendor, number, n_in, n_out, needs, doc) EvStatus hcall_##id(Hcall *call);
#include "hcall/hcall.def"
#undef HCALL

typedef enum HcallOutcome {
    HCALL_ANSWERED, /* exit holds the results: enter the guest again */
    HCALL_DEFERRED, /* park the vCPU; hcall_answer() or a reset ends it */
} HcallOutcome;

HcallOutcome hcall_serve(HcallEnv *env, unsigned vcpu, VcpuExit *exit);
void hcall_answer(VcpuExit *exit, EvStatus status); /* a deferred exit: status into r3, outputs as they were */
uint32_t hcall_token(HcallId id);
const char *hcall_name(HcallId id);
unsigned hcall_needs(HcallId id);
const char *hcall_status_name(uint64_t status); /* "EV_SUCCESS"; "?" beyond the list */
void hcall_log_counts(const HcallEnv *env);     /* with -d hcall: one line for each call that was made */
