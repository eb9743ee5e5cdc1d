/* SPDX-License-Identifier: MIT
 *
 * The structures that the files of the KVM accelerator share:
 *
 *   kvm.c        the VM
 *   kvm_vcpu.c   running a vCPU, its exits, and kicks
 *   kvm_state.c  a vCPU's state as a whole
 *   kvm_regs.c   which field of KVM's structures holds which register
 *   kvm_tlb.c    the TLBs, which KVM and Quoin share
 *   kvm_debug.c  a debugger's breakpoints and single step
 *   kvm_mpic.c   the interrupt controller in the kernel, and eventfds
 *   kvm_ioctl.c  the only ioctl()
 *
 * A VM's descriptor is used by the process that opened it alone, a vCPU's by the thread that created it, and so are the structures around
 * them: kvm_ioctl() refuses others.  Members that are marked atomic are the exception.
 */
#pragma once

#include <linux/kvm.h>
#include <pthread.h>

#include "cpu/accel.h"
#include "cpu/fault.h"
#include "cpu/kvm/kvm_epapr.h"

/* A descriptor that KVM gave out, its name in messages, and who may use it. */
typedef struct KvmFd {
    int fd;
    char name[16];
    pid_t process;
    pthread_t thread;
    bool of_thread; /* only `thread` may use it; else every thread of `process` */
} KvmFd;

/* Names *of and makes the calling process, or thread, its owner.  The caller opens and closes its fd. */
void kvm_fd_init(KvmFd *of, bool of_thread, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Makes the KVM_… request of that fault point; arg is a pointer or a number.  Returns what KVM returns; −1 is a failure, and *error names
 * the request, the object and errno.  EINTR is tried again. */
int kvm_ioctl(FaultId request, const KvmFd *on, uintptr_t arg, GError **error);

/* X(capability, required): what KVM_CHECK_EXTENSION is asked for.  Without a required one there is no VM. */
typedef enum KvmCap {
#define KVM_CAP_LIST(X)          \
    X(USER_MEMORY, true)         \
    X(ENABLE_CAP, true)          \
    X(CHECK_EXTENSION_VM, true)  \
    X(SYNC_MMU, true)            \
    X(IMMEDIATE_EXIT, true)      \
    X(PPC_UNSET_IRQ, true)       \
    X(PPC_IRQ_LEVEL, true)       \
    X(PPC_BOOKE_SREGS, true)     \
    X(PPC_GET_PVINFO, true)      \
    X(SW_TLB, true)              \
    X(ONE_REG, true)             \
    X(PPC_EPR, false)            \
    X(PPC_BOOKE_WATCHDOG, false) \
    X(SET_GUEST_DEBUG, false)    \
    X(NR_VCPUS, false)           \
    X(MAX_VCPUS, false)          \
    X(NR_MEMSLOTS, false)        \
    X(EXIT_EPAPR_HCALL, false)   \
    X(EXIT_MEMORY_AREA, false)   \
    X(DEVICE_CTRL, false)        \
    X(IRQ_MPIC, false)           \
    X(IRQ_ROUTING, false)        \
    X(IRQFD, false)              \
    X(IOEVENTFD, false)          \
    X(SIGNAL_MSI, false)
#define X(id, required) KVM_HAS_##id,
    KVM_CAP_LIST(X)
#undef X
        KVM_CAPS
} KvmCap;

enum { KVM_RAM_MAX = 8 };

typedef struct KvmVm {
    AccelVm base;
    AccelConfig config;
    KvmFd kvm, vm, mpic; /* mpic.fd is −1 where the platform has the MPIC */
    int cap[KVM_CAPS];   /* as the VM answers */
    size_t run_size;     /* bytes of struct kvm_run and what the kernel keeps behind it */
    uint64_t tb_hz;
    struct kvm_ppc_pvinfo pvinfo;
    AccelRam ram[KVM_RAM_MAX];
    unsigned n_ram; /* slots 0 … n_ram − 1 */
} KvmVm;

enum { KVM_TLB_ENTRIES = E500_TLB0_ENTRIES + E500_TLB1_MAX };

typedef struct KvmVcpu {
    AccelVcpu base;
    unsigned index;
    KvmFd vcpu;
    struct kvm_run *run;                  /* immediate_exit is written by any thread, the rest by the vCPU's */
    struct kvm_book3e_206_tlb_entry *tlb; /* shared with KVM, which alone touches it while the vCPU runs */
    size_t tlb_size;                      /* bytes mapped */
    bool tlb_stale;                       /* tlb was changed, and telling KVM so failed */
    bool kicked;                          /* atomic: the next KVM_RUN ends, and vcpu_run() with it */
    uint32_t irqs;                        /* atomic: levels of the inputs */
    uint32_t irqs_told;                   /* what KVM was told of them */
    bool held;                            /* E500State.held: KVM has no such state, so KVM_RUN is not called */
    bool open;                            /* the last exit takes effect in KVM with the next KVM_RUN */
    uint8_t pieces;                       /* an unaligned MMIO access: bytes of it that were served */
    bool bad;                             /* nobody answered one of them */
    GError *fatal;                        /* why the last exit is FATAL, which shows its message */
    uint32_t dec, tsr;                    /* as get_state gave them last */
    bool debugging;                       /* breakpoints or single step are set */
    AccelDebug debug;
    uint32_t *patched[ACCEL_BREAKPOINTS_MAX]; /* host address of the word that a trap replaces for that breakpoint; NULL: none */
    uint32_t trap;                            /* the trap instruction, KVM_REG_PPC_DEBUG_INST; 0: KVM was not asked yet */
} KvmVcpu;

static inline KvmVm *kvm_vm_of(const KvmVcpu *vcpu)
{
    return (KvmVm *)vcpu->base.vm;
}

/* KVM_RUN.  Returns −1 with errno when it fails, and also when it was ended from outside: EINTR, EAGAIN. */
int kvm_ioctl_run(KvmVcpu *vcpu);

/* kvm_mpic.c */
bool kvm_mpic_create(KvmVm *vm, GError **error); /* does nothing where the configuration does not ask for one */
bool kvm_mpic_connect(KvmVcpu *vcpu, GError **error);
bool kvm_vm_set_source(AccelVm *vm, unsigned source, bool level, GError **error);
bool kvm_vm_message(AccelVm *vm, uint32_t value, GError **error);
bool kvm_vm_eventfd(AccelVm *vm, const AccelEventfd *eventfd, GError **error);

/* kvm_vcpu.c */
bool kvm_enable_cap(KvmVcpu *vcpu, uint32_t number, uint64_t arg0, uint64_t arg1, GError **error);
AccelVcpu *kvm_vcpu_create(AccelVm *vm, unsigned index, GError **error);
void kvm_vcpu_destroy(AccelVcpu *vcpu);
void kvm_vcpu_run(AccelVcpu *vcpu, VcpuExit *exit, bool complete_only);
void kvm_vcpu_kick(AccelVcpu *vcpu);
void kvm_vcpu_set_irq(AccelVcpu *vcpu, AccelIrq irq, bool level);
void kvm_kick_init(void);

/* kvm_state.c */
bool kvm_get_state(AccelVcpu *vcpu, E500State *state, GError **error);
bool kvm_put_state(AccelVcpu *vcpu, const E500State *state, StateLevel level, GError **error);
bool kvm_translate(AccelVcpu *vcpu, Ea ea, uint64_t *gpa);
bool kvm_get_one_reg(KvmVcpu *vcpu, uint64_t id, uint32_t *value, GError **error);
bool kvm_set_one_reg(KvmVcpu *vcpu, uint64_t id, uint32_t value, GError **error);
/*
 * Interrupts that KVM does not raise: the registers are changed as the core would change them to take one at pc.  regs: the registers to
 * start from.  *taken = false: MSR[ME] is 0, so the core does not take a machine check.
 */
bool kvm_take_machine_check(KvmVcpu *vcpu, struct kvm_regs *regs, uint64_t gpa, bool is_write, bool *taken, GError **error);
bool kvm_take_illegal(KvmVcpu *vcpu, GError **error);
bool kvm_scramble(KvmVcpu *vcpu, uint32_t seed, GError **error); /* the volatile registers, after a hypercall */

/* kvm_regs.c: makes no system call.  Fields that the features of sregs do not name are left as they are. */
void kvm_regs_from_state(struct kvm_regs *regs, const E500State *state);
void kvm_regs_to_state(E500State *state, const struct kvm_regs *regs);
void kvm_sregs_from_state(struct kvm_sregs *sregs, const E500State *state);
void kvm_sregs_to_state(E500State *state, const struct kvm_sregs *sregs);

/* kvm_tlb.c */
bool kvm_tlb_share(KvmVcpu *vcpu, GError **error);
void kvm_tlb_unshare(KvmVcpu *vcpu);
void kvm_tlb_to_state(E500State *state, const KvmVcpu *vcpu);
bool kvm_tlb_put(KvmVcpu *vcpu, const E500State *state, GError **error);

/* kvm_debug.c */
bool kvm_set_debug(AccelVcpu *vcpu, const AccelDebug *debug, GError **error);
bool kvm_debug_reset(KvmVcpu *vcpu, GError **error); /* after a reset */
void kvm_debug_drop(KvmVcpu *vcpu);                  /* removes the vCPU's trap instructions from guest memory */
