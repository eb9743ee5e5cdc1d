/* SPDX-License-Identifier: MIT
 *
 * An accelerator executes vCPUs.  There are two: soft (cpu/soft) and kvm (cpu/kvm).
 *
 * An AccelVm is one virtual machine handle.  Rebuilding a VM (cpu/vcpu.h) is opening a second AccelVm,
 * attaching everything again and closing the first.  So there is no operation for it; an accelerator
 * that can have two VMs open at a time says so by ACCEL_CAP_REBUILD.
 *
 * Threads: vm_* calls come from the main thread.  vcpu_* calls come from the thread which that vCPU
 * runs on, as KVM demands, except vcpu_kick (any thread, signal handlers too) and vcpu_set_irq (any thread).
 * Errors: `bool` + GError; the message names the operation, the object and errno.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cpu/e500/state.h"
#include "cpu/timesource.h"
#include "cpu/vcpu_exit.h"

typedef struct AccelOps AccelOps;

typedef struct AccelVm { /* first member of each accelerator's own struct */
    const AccelOps *ops;
} AccelVm;

typedef struct AccelVcpu { /* first member of each accelerator's own struct */
    AccelVm *vm;
} AccelVcpu;

/* What an accelerator can do.  Callers ask for the bit; they do not test whether an operation is NULL. */
typedef enum AccelCaps {
    ACCEL_CAP_HCALL_EXIT = 1 << 0,  /* unserved hypercalls come out as EPAPR_HCALL exits */
    ACCEL_CAP_REBUILD = 1 << 1,     /* a second VM can be opened beside the first */
    ACCEL_CAP_STATE_WRITE = 1 << 2, /* vCPU state can be written after the vCPU first ran */
    ACCEL_CAP_SET_DEBUG = 1 << 3,   /* breakpoints and single step */
    ACCEL_CAP_VIRTUAL_TIME = 1 << 4,
    ACCEL_CAP_DEBUG_BESIDE =
        1 << 5,              /* the guest's own debug events still happen while a debugger uses vcpu_set_debug; else they do not */
    ACCEL_CAP_IDLE = 1 << 6, /* it serves EV_IDLE, by itself or by VcpuExit.epapr_hcall.idle */
    /*
     * QUOIN_AREA_REGISTER and _UNREGISTER come out as exits for types of area that the accelerator does not serve itself
     * (docs/MEMORY-AREAS.md).  It checks the areas that it does serve against one another, and drops them at vcpu_put_state() of level
     * RESET or FULL.
     */
    ACCEL_CAP_AREA_EXIT = 1 << 7,
    ACCEL_CAP_MSGSND = 1 << 8,       /* vm_msgsnd is there */
    ACCEL_CAP_IRQFD = 1 << 9,        /* vm_eventfd takes pulses for its own MPIC */
    ACCEL_CAP_IOEVENTFD = 1 << 10,   /* vm_eventfd takes stores of the guest */
    ACCEL_CAP_RAM_WRITTEN = 1 << 11, /* vm_ram_written is there and wants to be called */
    ACCEL_CAP_DIRTY_LOG = 1 << 12,   /* vm_dirty_log, vm_dirty_fetch are there */
    ACCEL_CAP_MESSAGE = 1 << 13,     /* vm_message takes devices' messages to its own MPIC */
} AccelCaps;

/* Interrupt inputs of a core.  Level-triggered: they stay until lowered. */
typedef enum AccelIrq {
    ACCEL_IRQ_EXTERNAL, /* int: external input, MSR[EE] */
    ACCEL_IRQ_CRITICAL, /* cint: critical input, MSR[CE] */
    ACCEL_IRQ_MCHECK,   /* mcp: machine check, MSR[ME] */
    ACCEL_IRQ_DEBUG,    /* ude: unconditional debug event */
    ACCEL_IRQ_NMI,      /* nmi: machine check, MSR[ME]; raised, it stays until it is taken once */
    ACCEL_IRQS
} AccelIrq;

/*
 * An MPIC inside the accelerator, which serves the guest's accesses to it and interrupts the vCPUs without exits.  Version 0: the accelerator
 * has none; the platform has one, and interrupts the vCPUs with vcpu_set_irq().
 */
typedef struct AccelMpic {
    unsigned version; /* 20, 42 */
    uint64_t gpa;     /* of its 256 KiB */
} AccelMpic;

enum { ACCEL_MPIC_SOURCES = 256 };

/* What a descriptor made by eventfd(2) stands for. */
typedef struct AccelEventfd {
    int fd; /* borrowed; outlives the VM */
    enum {
        ACCEL_EVENTFD_SOURCE, /* signalled by anybody: a pulse on `source` of the accelerator's MPIC */
        ACCEL_EVENTFD_STORE,  /* a guest's store of that size and value to gpa signals it, and has no other effect */
    } kind;
    unsigned source;
    uint64_t gpa;
    unsigned size; /* bytes: 1, 2, 4 */
    uint32_t value;
} AccelEventfd;

/* Which of its engines a soft accelerator executes with. */
typedef enum AccelEngine { ACCEL_ENGINE_FAST, ACCEL_ENGINE_PLAIN } AccelEngine;

typedef struct AccelConfig {
    const E500Model *model;
    TimeSource *time;     /* borrowed; outlives the VM */
    uint64_t tb_hz;       /* frequency of the time base */
    unsigned n_vcpus;     /* how many will be created, indices 0 .. n_vcpus − 1 */
    bool external_proxy;  /* coreint wired: EPR exits when an external interrupt is taken (by no MPIC of its own) */
    AccelMpic mpic;       /* wanted of the accelerator; vm_open fails where it has none */
    bool protected_state; /* model a VM whose vCPU state cannot be written after launch */
    bool no_rebuild;      /* model an accelerator without ACCEL_CAP_REBUILD */
    AccelEngine engine;   /* soft's */
    bool verify;          /* soft: that engine and the plain one in lock step; needs virtual time */
    bool jit;             /* soft: translate instructions, where this host can */
    bool stats;           /* soft: tell what the engine counted when a vCPU ends */
    struct Profile
        *profile;      /* soft: samples of what the vCPUs execute go there (cpu/profile.h); borrowed; outlives the VM; NULL: none */
    size_t code_bytes; /* soft: memory of each vCPU for translated code; 0: the default */
    /* The engine made a sleeping vCPU runnable by itself (doorbell from another core).  Any thread. */
    void (*wake)(void *opaque, unsigned index);
    void *wake_opaque;
    /*
     * Where it is not NULL, an accelerator may have an MMIO exit answered in the middle of an instruction, on the vCPU's thread, instead of
     * leaving vcpu_run.  False: it leaves with INTR as soon as that instruction is complete.
     */
    bool (*serve)(void *opaque, unsigned index, VcpuExit *exit);
    void *serve_opaque;
} AccelConfig;

typedef struct AccelRam {
    uint64_t gpa, size; /* multiples of 4 KiB */
    void *hva;          /* borrowed from platform/memory; page aligned */
} AccelRam;

enum { ACCEL_BREAKPOINTS_MAX = 64, ACCEL_WATCHPOINTS_MAX = 16 };

typedef struct AccelWatchpoint {
    Ea first, last; /* bytes, both included */
    bool read, write;
} AccelWatchpoint;

/*
 * What a debugger outside of the guest asks for.  An accelerator may refuse more than its hardware has.  Addresses are effective ones,
 * in any address space; what the guest's CPUs access is watched, not what devices and hypercalls do.
 */
typedef struct AccelDebug {
    bool single_step;
    unsigned n_breakpoints, n_watchpoints;
    Ea breakpoint[ACCEL_BREAKPOINTS_MAX];
    AccelWatchpoint watchpoint[ACCEL_WATCHPOINTS_MAX];
} AccelDebug;

struct AccelOps {
    const char *name, *doc;
    bool (*available)(char **why_not /* g_free; may be NULL */); /* where false nothing else may be called */
    const E500Model *(*host_model)(GError **error);              /* `-cpu host`: the core that it executes guests on */

    AccelVm *(*vm_open)(const AccelConfig *config, GError **error);
    void (*vm_close)(AccelVm *vm); /* all its vCPUs were destroyed before */
    unsigned (*vm_caps)(const AccelVm *vm);
    bool (*vm_map_ram)(AccelVm *vm, const AccelRam *ram, GError **error);
    /* Instruction words for /hypervisor hcall-instructions; returns how many (1 to 4). */
    unsigned (*vm_hcall_instructions)(const AccelVm *vm, uint32_t insn[4]);
    uint64_t (*vm_tb_hz)(const AccelVm *vm); /* frequency of the time base that guests read */

    /*
     * ACCEL_CAP_RAM_WRITTEN: somebody else than a vCPU wrote [gpa, gpa + size) of RAM (a device, a hypercall, a debugger, the loader), and
     * the bytes are in memory already.  Any thread, while the VM exists.
     */
    void (*vm_ram_written)(AccelVm *vm, uint64_t gpa, uint64_t size);
    /*
     * ACCEL_CAP_DIRTY_LOG: which pages of RAM were written, by vCPUs or as vm_ram_written told.  Starting it makes every page dirty, so the
     * first fetch reports all of them; started again, it begins again.  Main thread; vCPUs may execute.
     */
    bool (*vm_dirty_log)(AccelVm *vm, bool on, GError **error);
    /*
     * While the log is on: bit n % 8 of bitmap[n / 8] is set if page n of 4 KiB, counted from gpa, was written since the last fetch.  What is
     * written later is in the next one: whoever reads a reported page after this call misses nothing.  gpa: a page's; all of it RAM of one
     * block.  Main thread; vCPUs may execute, and those that do are waited for: not with a lock that executing takes.
     */
    void (*vm_dirty_fetch)(AccelVm *vm, uint64_t gpa, uint64_t n_pages, uint8_t *bitmap);

    /* As msgsnd by one of the cores, with this message; any thread, while the VM exists.  ACCEL_CAP_MSGSND. */
    void (*vm_msgsnd)(AccelVm *vm, uint32_t message);

    /* With an MPIC of its own: the level of a source's wire.  Any thread, not two at a time. */
    bool (*vm_set_source)(AccelVm *vm, unsigned source, bool level, GError **error);
    /* ACCEL_CAP_MESSAGE: a device's store of this value to MSIIR.  Any thread. */
    bool (*vm_message)(AccelVm *vm, uint32_t value, GError **error);
    /* ACCEL_CAP_IRQFD, ACCEL_CAP_IOEVENTFD.  Until the VM is closed. */
    bool (*vm_eventfd)(AccelVm *vm, const AccelEventfd *eventfd, GError **error);

    AccelVcpu *(*vcpu_create)(AccelVm *vm, unsigned index, GError **error);
    void (*vcpu_destroy)(AccelVcpu *vcpu);
    /*
     * Completes the exit pending in *exit, if any (*exit is all zero or what the last run left there,
     * answered), then executes the guest until the next exit and leaves that in *exit.  With
     * complete_only nothing beyond completing is executed; the exit is then INTR, the next access of the same
     * instruction, or SHUTDOWN or FATAL.
     */
    void (*vcpu_run)(AccelVcpu *vcpu, VcpuExit *exit, bool complete_only);
    void (*vcpu_kick)(AccelVcpu *vcpu); /* the run under way, or else the next, ends with INTR; never lost */
    void (*vcpu_set_irq)(AccelVcpu *vcpu, AccelIrq irq, bool level);
    bool (*vcpu_get_state)(AccelVcpu *vcpu, E500State *state, GError **error);
    bool (*vcpu_put_state)(AccelVcpu *vcpu, const E500State *state, StateLevel level, GError **error);
    bool (*vcpu_set_debug)(AccelVcpu *vcpu, const AccelDebug *debug, GError **error);
    /* EA → physical by the vCPU's current translation of data accesses; false: no mapping. */
    bool (*vcpu_translate)(AccelVcpu *vcpu, Ea ea, uint64_t *gpa);
};

extern const AccelOps accel_soft, accel_kvm;
/* X(word, ops): what -accel takes, the default first.  A word that is not its ops' name is another one for the same. */
#define ACCEL_LIST(X)     \
    X("soft", accel_soft) \
    X("tcg", accel_soft)  \
    X("kvm", accel_kvm)

const AccelOps *accel_find(const char *name); /* by a word of the list; NULL: unknown */
