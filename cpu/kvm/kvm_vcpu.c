/* SPDX-License-Identifier: MIT
 *
 * Running a vCPU: entering KVM_RUN, what comes out of it, and ending it from outside.
 *
 * Kicks.  Two ways lead out of KVM_RUN: immediate_exit, which it looks at when it begins, and a signal, which it looks at from then on.
 * A kick first leaves its word (`kicked`, or `irqs`), then sets immediate_exit, then sends the signal.  The vCPU's thread clears
 * immediate_exit *before* it looks for words: a word left before that is found, and a later one sets immediate_exit again, as does the
 * signal's handler, which runs in this thread.  So none is lost, and none is waited for.
 *
 * Interrupt inputs.  Only the vCPU's thread may call KVM_INTERRUPT.  Other threads leave the new level in `irqs` and end KVM_RUN, as a kick
 * does.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpu/kvm/kvm.h"
#include "cpu/log.h"

enum { KICK_SIGNAL = SIGUSR1 };
enum { TCR_WRC_SHIFT = 28, TSR_ENW_WIS = 0xc0000000 };

static __thread struct kvm_run *this_run;

/* ---- ending KVM_RUN ---- */

static void on_signal(int signo)
{
    if (this_run)
        __atomic_store_n(&this_run->immediate_exit, 1, __ATOMIC_SEQ_CST);
}

void kvm_kick_init(void)
{
    /* KVM_RUN ends with EINTR even so; other system calls of the thread are restarted. */
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(KICK_SIGNAL, &action, NULL);
}

static void end_run(KvmVcpu *vcpu)
{
    __atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    pthread_kill(vcpu->vcpu.thread, KICK_SIGNAL);
}

void kvm_vcpu_kick(AccelVcpu *base)
{
    KvmVcpu *vcpu = (KvmVcpu *)base;
    __atomic_store_n(&vcpu->kicked, true, __ATOMIC_SEQ_CST);
    end_run(vcpu);
}

void kvm_vcpu_set_irq(AccelVcpu *base, AccelIrq irq, bool level)
{
    static bool said; /* under Vcpus.lock */
    KvmVcpu *vcpu = (KvmVcpu *)base;
    uint32_t bit = 1u << irq;
    uint32_t was =
        level ? __atomic_fetch_or(&vcpu->irqs, bit, __ATOMIC_SEQ_CST) : __atomic_fetch_and(&vcpu->irqs, ~bit, __ATOMIC_SEQ_CST);
    if (irq != ACCEL_IRQ_EXTERNAL) {
        if (level && !said)
            message_warning("KVM has no critical, machine check or debug input: the guest does not see what the interrupt "
                            "controller sends there");
        said |= level;
        return;
    }
    if (!(was & bit) == level && !pthread_equal(vcpu->vcpu.thread, pthread_self()))
        end_run(vcpu);
}

static bool irqs_differ(KvmVcpu *vcpu)
{
    return (__atomic_load_n(&vcpu->irqs, __ATOMIC_SEQ_CST) ^ vcpu->irqs_told) & 1u << ACCEL_IRQ_EXTERNAL;
}

static bool tell_irqs(KvmVcpu *vcpu, GError **error)
{
    if (!irqs_differ(vcpu))
        return true;
    vcpu->irqs_told = __atomic_load_n(&vcpu->irqs, __ATOMIC_SEQ_CST);
    bool level = vcpu->irqs_told & 1u << ACCEL_IRQ_EXTERNAL;
    struct kvm_interrupt interrupt = {.irq = level ? KVM_INTERRUPT_SET_LEVEL : KVM_INTERRUPT_UNSET};
    return kvm_ioctl(FAULT_KVM_INTERRUPT, &vcpu->vcpu, (uintptr_t)&interrupt, error) >= 0;
}

/* Returns 0 when *run holds an exit, −1 with errno otherwise.  complete_only: an open exit takes effect, and the guest does not run. */
static int run(KvmVcpu *vcpu, bool complete_only)
{
    this_run = vcpu->run;
    __atomic_store_n(&vcpu->run->immediate_exit, complete_only, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&vcpu->kicked, __ATOMIC_SEQ_CST) || irqs_differ(vcpu))
        __atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    vcpu->open = false;
    return kvm_ioctl_run(vcpu);
}

static void run_failed(const KvmVcpu *vcpu, GError **error)
{
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "KVM_RUN on %s: %s (%s)", vcpu->vcpu.name,
                g_strerror(errno), strerrorname_np(errno));
}

/* ---- exits ---- */

/* Takes the error: the exit's message is its. */
static void fatal(KvmVcpu *vcpu, VcpuExit *exit, GError *error)
{
    g_clear_error(&vcpu->fatal);
    vcpu->fatal = error;
    *exit = (VcpuExit){.kind = VCPU_EXIT_FATAL, .fatal = {.message = error->message}};
}

/* The next naturally aligned piece of the access in *run. */
static void exit_mmio(KvmVcpu *vcpu, VcpuExit *exit)
{
    const struct kvm_run *r = vcpu->run;
    uint64_t gpa = r->mmio.phys_addr + vcpu->pieces;
    unsigned size = 8;
    while (size > r->mmio.len - vcpu->pieces || gpa % size)
        size /= 2;
    *exit = (VcpuExit){.kind = VCPU_EXIT_MMIO, .mmio = {.gpa = gpa, .size = (uint8_t)size, .is_write = r->mmio.is_write}};
    for (unsigned i = 0; r->mmio.is_write && i < size; i++)
        exit->mmio.data = exit->mmio.data << 8 | r->mmio.data[vcpu->pieces + i];
}

static const struct kvm_epapr_hcall *run_hcall(const KvmVcpu *vcpu)
{
    return (const struct kvm_epapr_hcall *)&vcpu->run->hw;
}

static void exit_hcall(const KvmVcpu *vcpu, VcpuExit *exit)
{
    const struct kvm_epapr_hcall *from = run_hcall(vcpu);
    *exit = (VcpuExit){.kind = VCPU_EXIT_EPAPR_HCALL, .epapr_hcall = {.nr = from->nr, .ret = from->ret}};
    memcpy(exit->epapr_hcall.args, from->args, sizeof(exit->epapr_hcall.args));
}

static bool exit_watchdog(KvmVcpu *vcpu, VcpuExit *exit, GError **error)
{
    uint32_t tcr;
    if (!kvm_get_one_reg(vcpu, KVM_REG_PPC_TCR, &tcr, error))
        return false;
    *exit = (VcpuExit){.kind = VCPU_EXIT_WATCHDOG, .watchdog = {.wrc = tcr >> TCR_WRC_SHIFT & 3}};
    return true;
}

/* A debug event: the debugger's breakpoint or step; or the guest executed the trap instruction of its own accord, to which it is illegal. */
static bool exit_debug(KvmVcpu *vcpu, VcpuExit *exit, GError **error)
{
    const AccelDebug *debug = &vcpu->debug;
    struct kvm_regs regs;
    if (!vcpu->debugging)
        return kvm_take_illegal(vcpu, error);
    if (kvm_ioctl(FAULT_KVM_GET_REGS, &vcpu->vcpu, (uintptr_t)&regs, error) < 0)
        return false;
    bool stop = vcpu->run->debug.arch.status & KVMPPC_DEBUG_BREAKPOINT;
    for (unsigned i = 0; i < debug->n_breakpoints; i++)
        stop |= debug->breakpoint[i] == (Ea)regs.pc;
    if (!stop && !debug->single_step)
        return kvm_take_illegal(vcpu, error);
    *exit = (VcpuExit){
        .kind = VCPU_EXIT_DEBUG,
        .debug = {.reason = stop ? VCPU_DEBUG_BREAKPOINT : VCPU_DEBUG_STEP, .pc = regs.pc},
    };
    return true;
}

/* KVM reports an instruction that it cannot emulate and has already raised the program interrupt for; any other internal error is fatal. */
static bool exit_unknown(const KvmVcpu *vcpu, GError **error)
{
    uint64_t reason = vcpu->run->hw.hardware_exit_reason;
    if (reason >> 32 == UINT32_MAX)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: KVM_EXIT_UNKNOWN, hardware reason 0x%" PRIx64, vcpu->vcpu.name,
                reason);
    return false;
}

static bool exit_failed(const KvmVcpu *vcpu, GError **error)
{
    uint32_t reason = vcpu->run->exit_reason;
    if (reason == KVM_EXIT_FAIL_ENTRY)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: KVM_EXIT_FAIL_ENTRY, reason 0x%" PRIx64, vcpu->vcpu.name,
                    (uint64_t)vcpu->run->fail_entry.hardware_entry_failure_reason);
    else if (reason == KVM_EXIT_INTERNAL_ERROR)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: KVM_EXIT_INTERNAL_ERROR, suberror %u", vcpu->vcpu.name,
                    vcpu->run->internal.suberror);
    else
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: KVM exit %u, which no e500 has", vcpu->vcpu.name, reason);
    return false;
}

/* Translates what KVM_RUN came back with into *exit, which stays INTR when there is nothing to serve. */
static bool exit_read(KvmVcpu *vcpu, VcpuExit *exit, GError **error)
{
    switch (vcpu->run->exit_reason) {
    case KVM_EXIT_MMIO:
        vcpu->open = true;
        vcpu->pieces = 0;
        vcpu->bad = false;
        exit_mmio(vcpu, exit);
        return true;
    case KVM_EXIT_EPAPR_HCALL:
        vcpu->open = true;
        exit_hcall(vcpu, exit);
        return true;
    case KVM_EXIT_EPR:
        vcpu->open = true;
        *exit = (VcpuExit){.kind = VCPU_EXIT_EPR};
        return true;
    case KVM_EXIT_WATCHDOG:
        return exit_watchdog(vcpu, exit, error);
    case KVM_EXIT_DEBUG:
        return exit_debug(vcpu, exit, error);
    case KVM_EXIT_UNKNOWN:
        return exit_unknown(vcpu, error);
    case KVM_EXIT_INTR:
    case KVM_EXIT_IRQ_WINDOW_OPEN:
        return true;
    default:
        return exit_failed(vcpu, error);
    }
}

/* ---- answers ---- */

/* Has the open exit take effect.  Returns 1 when it did, 0 when that led to another exit, which is in *run, −1 when KVM_RUN failed. */
static int complete(KvmVcpu *vcpu, GError **error)
{
    if (run(vcpu, true) >= 0)
        return 0;
    if (errno == EINTR || errno == EAGAIN)
        return 1;
    run_failed(vcpu, error);
    return -1;
}

/*
 * Nobody answers there.  To KVM the access is done: pc is behind it, and re-entry writes the register of a load.  So the registers are
 * read before re-entry and put back behind it.  The base register of an update form keeps its new value.
 */
static bool answer_bus_error(KvmVcpu *vcpu, VcpuExit *exit, GError **error)
{
    uint64_t gpa = vcpu->run->mmio.phys_addr;
    bool is_write = vcpu->run->mmio.is_write, taken;
    struct kvm_regs regs;
    if (kvm_ioctl(FAULT_KVM_GET_REGS, &vcpu->vcpu, (uintptr_t)&regs, error) < 0 || complete(vcpu, error) < 0)
        return false;
    regs.pc = (Ea)(regs.pc - 4);
    if (!kvm_take_machine_check(vcpu, &regs, gpa, is_write, &taken, error))
        return false;
    *exit = (VcpuExit){0};
    if (!taken)
        *exit = (VcpuExit){.kind = VCPU_EXIT_SHUTDOWN, .shutdown = {.reason = VCPU_SHUTDOWN_CHECKSTOP}};
    return true;
}

static bool answer_mmio(KvmVcpu *vcpu, VcpuExit *exit, GError **error)
{
    struct kvm_run *r = vcpu->run;
    for (unsigned i = 0; !r->mmio.is_write && i < exit->mmio.size; i++)
        r->mmio.data[vcpu->pieces + i] = (uint8_t)(exit->mmio.data >> 8 * (exit->mmio.size - 1 - i));
    vcpu->bad |= exit->mmio.failed;
    vcpu->pieces = (uint8_t)(vcpu->pieces + exit->mmio.size);
    if (vcpu->bad)
        return answer_bus_error(vcpu, exit, error);
    if (vcpu->pieces < r->mmio.len)
        exit_mmio(vcpu, exit);
    else
        *exit = (VcpuExit){0};
    return true;
}

static bool answer_hcall(KvmVcpu *vcpu, VcpuExit *exit, GError **error)
{
    uint32_t scramble = exit->epapr_hcall.scramble;
    struct kvm_epapr_hcall *to = (struct kvm_epapr_hcall *)&vcpu->run->hw;
    to->ret = exit->epapr_hcall.ret;
    memcpy(to->args, exit->epapr_hcall.args, sizeof(to->args));
    *exit = (VcpuExit){0};
    return !scramble || (complete(vcpu, error) >= 0 && kvm_scramble(vcpu, scramble, error));
}

/* Hands the platform's answer to KVM.  *exit is INTR then, or the next thing to serve. */
static bool answer(KvmVcpu *vcpu, VcpuExit *exit, GError **error)
{
    switch (exit->kind) {
    case VCPU_EXIT_MMIO:
        return answer_mmio(vcpu, exit, error);
    case VCPU_EXIT_EPAPR_HCALL:
        return answer_hcall(vcpu, exit, error);
    case VCPU_EXIT_EPR:
        vcpu->run->epr.epr = exit->epr.epr;
        *exit = (VcpuExit){0};
        return true;
    case VCPU_EXIT_WATCHDOG: /* KVM's watchdog stands still until TSR[ENW, WIS] are cleared */
        *exit = (VcpuExit){0};
        return kvm_set_one_reg(vcpu, KVM_REG_PPC_CLEAR_TSR, TSR_ENW_WIS, error);
    case VCPU_EXIT_INTR:
    case VCPU_EXIT_IDLE:
    case VCPU_EXIT_DEBUG:
    case VCPU_EXIT_SHUTDOWN:
    case VCPU_EXIT_FATAL:
    case VCPU_EXIT_KINDS:
        *exit = (VcpuExit){0};
        return true;
    }
    return true;
}

/* ---- the accelerator's run ---- */

static bool was_kicked(KvmVcpu *vcpu)
{
    return __atomic_exchange_n(&vcpu->kicked, false, __ATOMIC_SEQ_CST);
}

static bool run_on(KvmVcpu *vcpu, VcpuExit *exit, GError **error)
{
    while (exit->kind == VCPU_EXIT_INTR) {
        if (!tell_irqs(vcpu, error))
            return false;
        if (run(vcpu, false) >= 0) {
            if (!exit_read(vcpu, exit, error))
                return false;
        } else if (errno != EINTR && errno != EAGAIN) {
            run_failed(vcpu, error);
            return false;
        }
        if (exit->kind == VCPU_EXIT_INTR && was_kicked(vcpu))
            return true;
    }
    return true;
}

static bool finish_open(KvmVcpu *vcpu, VcpuExit *exit, GError **error)
{
    if (!vcpu->open || exit->kind != VCPU_EXIT_INTR)
        return true;
    int r = complete(vcpu, error);
    return r > 0 || (r == 0 && exit_read(vcpu, exit, error));
}

void kvm_vcpu_run(AccelVcpu *base, VcpuExit *exit, bool complete_only)
{
    KvmVcpu *vcpu = (KvmVcpu *)base;
    GError *error = NULL;
    bool ok = answer(vcpu, exit, &error);
    if (ok && complete_only) {
        ok = finish_open(vcpu, exit, &error);
    } else if (ok && exit->kind == VCPU_EXIT_INTR && vcpu->held) {
        if (!was_kicked(vcpu))
            *exit = (VcpuExit){.kind = VCPU_EXIT_IDLE, .idle = {.deadline_ns = UINT64_MAX}};
    } else if (ok) {
        ok = run_on(vcpu, exit, &error);
    }
    if (!ok)
        fatal(vcpu, exit, error);
}

/* ---- life ---- */

bool kvm_enable_cap(KvmVcpu *vcpu, uint32_t number, uint64_t arg0, uint64_t arg1, GError **error)
{
    struct kvm_enable_cap cap = {.cap = number, .args = {arg0, arg1}};
    if (kvm_ioctl(FAULT_KVM_ENABLE_CAP, &vcpu->vcpu, (uintptr_t)&cap, error) >= 0)
        return true;
    g_prefix_error(error, "capability 0x%x: ", number);
    return false;
}

static bool enable(KvmVcpu *vcpu, KvmCap has, uint32_t number, uint64_t arg, GError **error)
{
    return !kvm_vm_of(vcpu)->cap[has] || kvm_enable_cap(vcpu, number, arg, 0, error);
}

/* Tells KVM who raises external interrupts: the MPIC in the kernel, which also acknowledges them, or the platform. */
static bool enable_interrupts(KvmVcpu *vcpu, GError **error)
{
    const KvmVm *vm = kvm_vm_of(vcpu);
    if (vm->mpic.fd >= 0)
        return kvm_mpic_connect(vcpu, error);
    return !vm->config.external_proxy || enable(vcpu, KVM_HAS_PPC_EPR, KVM_CAP_PPC_EPR, 1, error);
}

static bool enable_all(KvmVcpu *vcpu, GError **error)
{
    return enable_interrupts(vcpu, error) && enable(vcpu, KVM_HAS_PPC_BOOKE_WATCHDOG, KVM_CAP_PPC_BOOKE_WATCHDOG, 0, error) &&
           enable(vcpu, KVM_HAS_EXIT_EPAPR_HCALL, KVM_CAP_EXIT_EPAPR_HCALL, 0, error) &&
           enable(vcpu, KVM_HAS_EXIT_MEMORY_AREA, KVM_CAP_EXIT_MEMORY_AREA, 0, error);
}

static bool create(KvmVcpu *vcpu, KvmVm *vm, GError **error)
{
    sigset_t kick;
    sigemptyset(&kick);
    sigaddset(&kick, KICK_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
    vcpu->vcpu.fd = kvm_ioctl(FAULT_KVM_CREATE_VCPU, &vm->vm, vcpu->index, error);
    if (vcpu->vcpu.fd < 0)
        return false;
    void *run_page = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->vcpu.fd, 0);
    if (run_page == MAP_FAILED) {
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "mmap of %s: %s (%s)", vcpu->vcpu.name,
                    g_strerror(errno), strerrorname_np(errno));
        return false;
    }
    vcpu->run = run_page;
    return enable_all(vcpu, error) && kvm_tlb_share(vcpu, error);
}

AccelVcpu *kvm_vcpu_create(AccelVm *vm, unsigned index, GError **error)
{
    if (fault_here(FAULT_VCPU_CREATE, error))
        return NULL;
    KvmVcpu *vcpu = g_new0(KvmVcpu, 1);
    vcpu->base.vm = vm;
    vcpu->index = index;
    kvm_fd_init(&vcpu->vcpu, true, "vCPU %u", index);
    if (!create(vcpu, (KvmVm *)vm, error)) {
        g_prefix_error(error, "vCPU %u: ", index);
        kvm_vcpu_destroy(&vcpu->base);
        return NULL;
    }
    return &vcpu->base;
}

void kvm_vcpu_destroy(AccelVcpu *base)
{
    KvmVcpu *vcpu = (KvmVcpu *)base;
    kvm_debug_drop(vcpu);
    if (this_run == vcpu->run)
        this_run = NULL;
    if (vcpu->run)
        munmap(vcpu->run, kvm_vm_of(vcpu)->run_size);
    if (vcpu->vcpu.fd >= 0)
        close(vcpu->vcpu.fd);
    kvm_tlb_unshare(vcpu);
    g_clear_error(&vcpu->fatal);
    g_free(vcpu);
}
