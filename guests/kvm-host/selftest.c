/* SPDX-License-Identifier: MIT
 *
 * Runs on a KVM host for e500v2 (static, as a program of its own) and asks /dev/kvm whether hypercalls get out as
 * kvm_epapr.h says.  TAP on standard output; exit status 1 if anything failed.
 *
 *   selftest               on a kernel with the patches
 *   selftest --unpatched   on one that has only the repairs: what must then be absent, and still works
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "cpu/kvm/kvm_epapr.h"

enum {
    RAM_SIZE = 1 << 20,
    HCALL_AT = 0x1000,   /* where the guest's code lies, and its parts */
    HANDLER_AT = 0x2000, /* IVPR + IVOR8 */
    DONE = 0x200000,     /* no RAM there: a store is an exit */
    SYSCALL = 0x200004,
    MSR_PR = 0x4000,
    EV_UNIMPLEMENTED = 12,
    TOKEN_FEATURES = 42 << 16 | 3, /* the kernel's own */
    TOKEN_RESET = 42 << 16 | 0x100,
    TOKEN_BYTE_CHANNEL_SEND = 1 << 16 | 1,
    TOKEN_LAST = -1,
    TLB0_ENTRIES = 512,
    TLB0_WAYS = 4,
    TLB1_ENTRIES = 16,
    LOOPS = 2000,
};

typedef struct Vcpu {
    int fd;
    struct kvm_run *run;
    struct kvm_epapr_hcall *hcall;
    uint64_t seed;
    bool ok; /* of a vCPU in a thread of its own */
} Vcpu;

static int kvm, vm, run_size;
static unsigned char *ram;
static uint32_t hcall_instructions[4];
static int tests, failures;

/* The guest: calls, and says what came of it by a store to where no RAM is. */
extern const char guest_handler[], guest_handler_end[];
__asm__(".machine push; .machine \"e500\"\n"
        "guest_handler:\n"
        "  lis 20, 0x20; stw 0, 4(20)\n"
        "1: b 1b\n"
        "guest_handler_end:\n"
        ".machine pop\n");

/* --- report */

static void check(bool condition, const char *format, ...)
{
    va_list args;

    printf("%s %d - ", condition ? "ok" : "not ok", ++tests);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    failures += !condition;
}

static void bail(const char *what)
{
    printf("Bail out! %s: %s\n", what, strerror(errno));
    exit(2);
}

/* --- the machine */

static int enable(const Vcpu *v, uint32_t what, uint32_t flags, uint64_t arg0)
{
    struct kvm_enable_cap cap = {.cap = what, .flags = flags, .args = {arg0}};

    return ioctl(v->fd, KVM_ENABLE_CAP, &cap) ? errno : 0;
}

/*
 * One page of 16 MiB at zero, for user and supervisor.  The kernel's own first mapping does not serve: Linux 6.1 does not
 * find it before the guest has written a TLB1 entry.
 */
static void vcpu_map(const Vcpu *v)
{
    static const struct kvm_book3e_206_tlb_params params = {.tlb_sizes = {TLB0_ENTRIES, TLB1_ENTRIES},
                                                            .tlb_ways = {TLB0_WAYS, TLB1_ENTRIES}};
    static uint8_t bitmap[(TLB0_ENTRIES + TLB1_ENTRIES) / 8];
    struct kvm_book3e_206_tlb_entry *tlb = calloc(TLB0_ENTRIES + TLB1_ENTRIES, sizeof *tlb);
    struct kvm_config_tlb config = {.params = (uintptr_t)&params,
                                    .array = (uintptr_t)tlb,
                                    .mmu_type = KVM_MMU_FSL_BOOKE_NOHV,
                                    .array_len = (TLB0_ENTRIES + TLB1_ENTRIES) * sizeof *tlb};
    struct kvm_dirty_tlb dirty = {.bitmap = (uintptr_t)bitmap, .num_dirty = TLB0_ENTRIES + TLB1_ENTRIES};

    if (!tlb || enable(v, KVM_CAP_SW_TLB, 0, (uintptr_t)&config)) {
        bail("KVM_CAP_SW_TLB");
    }
    tlb[TLB0_ENTRIES].mas1 = 0xc0000700; /* V, IPROT, 16 MiB */
    tlb[TLB0_ENTRIES].mas7_3 = 0x3f;     /* everything to everyone */
    memset(bitmap, 0xff, sizeof bitmap);
    if (ioctl(v->fd, KVM_DIRTY_TLB, &dirty)) {
        bail("KVM_DIRTY_TLB");
    }
}

static Vcpu vcpu_create(unsigned id)
{
    Vcpu v = {.fd = ioctl(vm, KVM_CREATE_VCPU, id), .seed = id + 1};

    if (v.fd < 0) {
        bail("KVM_CREATE_VCPU");
    }
    v.run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, v.fd, 0);
    if (v.run == MAP_FAILED) {
        bail("mmap of kvm_run");
    }
    v.hcall = (struct kvm_epapr_hcall *)&v.run->hw;
    vcpu_map(&v);
    return v;
}

static void machine_create(void)
{
    struct kvm_userspace_memory_region region = {.memory_size = RAM_SIZE};

    kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) {
        bail("/dev/kvm");
    }
    vm = ioctl(kvm, KVM_CREATE_VM, 0);
    run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (vm < 0 || run_size < 0 || ram == MAP_FAILED) {
        bail("VM");
    }
    region.userspace_addr = (uintptr_t)ram;
    if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region)) {
        bail("KVM_SET_USER_MEMORY_REGION");
    }
}

/* HCALL: the instructions that the kernel names, then a store that says it came back. */
static void guest_load(void)
{
    static const uint32_t after[] = {0x90740000, 0x48000000}; /* stw 3, 0(20); b . */
    struct kvm_ppc_pvinfo info = {0};

    if (ioctl(vm, KVM_PPC_GET_PVINFO, &info)) {
        bail("KVM_PPC_GET_PVINFO");
    }
    memcpy(hcall_instructions, info.hcall, sizeof hcall_instructions);
    memcpy(ram + HCALL_AT, hcall_instructions, sizeof hcall_instructions);
    memcpy(ram + HCALL_AT + sizeof hcall_instructions, after, sizeof after);
    memcpy(ram + HANDLER_AT, guest_handler, guest_handler_end - guest_handler);
    __builtin___clear_cache((char *)ram, (char *)ram + RAM_SIZE);
}

/* Every register has a value of its own. */
static uint32_t pattern(const Vcpu *v, unsigned reg)
{
    return (uint32_t)(v->seed * 0x01000193u) ^ (0xa5000000u | reg * 0x00010101u);
}

static void vcpu_prepare(const Vcpu *v, uint32_t pc, uint32_t msr, uint32_t token)
{
    struct kvm_regs regs = {.pc = pc, .msr = msr};

    for (unsigned i = 1; i < 32; i++) {
        regs.gpr[i] = pattern(v, i);
    }
    regs.gpr[11] = token;
    regs.gpr[20] = DONE;
    if (ioctl(v->fd, KVM_SET_REGS, &regs)) {
        bail("KVM_SET_REGS");
    }
}

/* Runs until the guest stored to gpa; false if something else came first. */
static bool runs_to(const Vcpu *v, uint64_t gpa)
{
    while (ioctl(v->fd, KVM_RUN, 0)) {
        if (errno != EINTR) {
            return false;
        }
    }
    return v->run->exit_reason == KVM_EXIT_MMIO && v->run->mmio.is_write && v->run->mmio.phys_addr == gpa;
}

static bool hcall_exits(const Vcpu *v)
{
    while (ioctl(v->fd, KVM_RUN, 0)) {
        if (errno != EINTR) {
            return false;
        }
    }
    return v->run->exit_reason == KVM_EXIT_EPAPR_HCALL;
}

static struct kvm_regs vcpu_regs(const Vcpu *v)
{
    struct kvm_regs regs;

    if (ioctl(v->fd, KVM_GET_REGS, &regs)) {
        bail("KVM_GET_REGS");
    }
    return regs;
}

/* Are registers first … 31 what vcpu_prepare() made them? */
static bool regs_kept(const Vcpu *v, const struct kvm_regs *regs, unsigned first)
{
    for (unsigned i = first; i < 32; i++) {
        if (i != 20 && regs->gpr[i] != pattern(v, i)) {
            return false;
        }
    }
    return true;
}

static bool args_are_guests(const Vcpu *v)
{
    for (unsigned i = 0; i < 8; i++) {
        if (v->hcall->args[i] != pattern(v, 3 + i)) {
            return false;
        }
    }
    return true;
}

/* --- the tests */

static void refused(const Vcpu *v, uint32_t token, const char *what)
{
    struct kvm_regs regs;
    bool back;

    vcpu_prepare(v, HCALL_AT, 0, token);
    back = runs_to(v, DONE);
    regs = vcpu_regs(v);
    check(back && regs.gpr[3] == EV_UNIMPLEMENTED && regs.gpr[4] == 0, "%s: EV_UNIMPLEMENTED, by the kernel", what);
    check(regs_kept(v, &regs, 12) && regs.gpr[11] == token, "%s: r11 to r31 are kept", what);
}

static void served_by_kernel(const Vcpu *v)
{
    struct kvm_regs regs;
    bool back;

    vcpu_prepare(v, HCALL_AT, 0, TOKEN_FEATURES);
    back = runs_to(v, DONE);
    regs = vcpu_regs(v);
    check(back && regs.gpr[3] == 0, "KVM_HC_FEATURES stays in the kernel");
}

static void exits(const Vcpu *v, uint32_t token)
{
    vcpu_prepare(v, HCALL_AT, 0, token);
    check(hcall_exits(v), "token 0x%x: KVM_EXIT_EPAPR_HCALL", token);
    check(v->hcall->nr == token && v->hcall->ret == EV_UNIMPLEMENTED, "token 0x%x: nr is r11, ret EV_UNIMPLEMENTED", token);
    check(args_are_guests(v), "token 0x%x: args are r3 to r10, upper halves zero", token);
}

static void answer(const Vcpu *v)
{
    v->hcall->ret = 0xffffffff00000007;
    for (unsigned i = 0; i < 8; i++) {
        v->hcall->args[i] = 0xdeadbeef5e1f0000 + i;
    }
}

static bool answered(const Vcpu *v, uint32_t token)
{
    struct kvm_regs regs = vcpu_regs(v);
    bool good = regs.gpr[3] == 7 && regs.gpr[11] == token && regs_kept(v, &regs, 12);

    for (unsigned i = 0; i < 7; i++) {
        good &= regs.gpr[4 + i] == 0x5e1f0000 + i;
    }
    return good;
}

static void returns(const Vcpu *v, uint32_t token)
{
    exits(v, token);
    answer(v);
    check(runs_to(v, DONE) && answered(v, token), "token 0x%x: r3 is ret, r4 to r10 are args, r11 to r31 are kept", token);
}

static void completes_without_running(const Vcpu *v)
{
    exits(v, TOKEN_RESET);
    answer(v);
    v->run->immediate_exit = 1;
    check(ioctl(v->fd, KVM_RUN, 0) == -1 && errno == EINTR, "immediate_exit: EINTR");
    v->run->immediate_exit = 0;
    check(answered(v, TOKEN_RESET) && vcpu_regs(v).pc == HCALL_AT + 12, "immediate_exit: the call is complete, pc behind it");
    check(runs_to(v, DONE) && answered(v, TOKEN_RESET), "immediate_exit: the answer is not written twice");
}

static void user_mode(const Vcpu *v)
{
    struct kvm_sregs sregs;

    if (ioctl(v->fd, KVM_GET_SREGS, &sregs)) {
        bail("KVM_GET_SREGS");
    }
    sregs.u.e.features |= KVM_SREGS_E_IVOR;
    sregs.u.e.ivpr = 0;
    sregs.u.e.ivor_low[8] = HANDLER_AT;
    sregs.u.e.update_special = 0;
    if (ioctl(v->fd, KVM_SET_SREGS, &sregs)) {
        bail("KVM_SET_SREGS");
    }
    vcpu_prepare(v, HCALL_AT, MSR_PR, TOKEN_RESET); /* r0 holds the magic number by then */
    check(runs_to(v, SYSCALL), "a hypercall from user mode is a system call");
    vcpu_prepare(v, HCALL_AT + 8, 0, TOKEN_RESET); /* the sc alone: r0 is zero */
    check(runs_to(v, SYSCALL), "a sc without the magic r0 is a system call");
    vcpu_prepare(v, HCALL_AT + 8, MSR_PR, TOKEN_RESET);
    check(runs_to(v, SYSCALL), "a system call from user mode stays one");
}

static void *vcpu_loop(void *opaque)
{
    Vcpu *v = opaque;

    v->ok = true;
    for (unsigned i = 0; i < LOOPS && v->ok; i++) {
        uint32_t token = TOKEN_RESET + i;

        v->seed += 2; /* even and odd never meet */
        vcpu_prepare(v, HCALL_AT, 0, token);
        v->ok = hcall_exits(v) && v->hcall->nr == token && args_are_guests(v);
        answer(v);
        v->ok = v->ok && runs_to(v, DONE) && answered(v, token);
    }
    return NULL;
}

static void loops(Vcpu *v)
{
    struct timespec begin, end;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    vcpu_loop(v);
    clock_gettime(CLOCK_MONOTONIC, &end);
    check(v->ok, "%d hypercalls, one after the other", LOOPS);
    printf("# %.1f us each, with five ioctls\n", ((end.tv_sec - begin.tv_sec) * 1e6 + (end.tv_nsec - begin.tv_nsec) / 1e3) / LOOPS);
}

static void two_at_once(Vcpu *v)
{
    pthread_t thread;
    Vcpu other;

    if (ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_NR_VCPUS) < 2) {
        printf("ok %d - two vCPUs # SKIP a host for one processor\n", ++tests);
        return;
    }
    other = vcpu_create(1);
    refused(&other, TOKEN_RESET, "the capability of one vCPU is not the other's");
    check(enable(&other, KVM_CAP_EXIT_EPAPR_HCALL, 0, 0) == 0, "KVM_CAP_EXIT_EPAPR_HCALL alone");
    refused(&other, KVM_MEMORY_AREA_REGISTER, "the calls of memory areas are not among those enabled");
    if (pthread_create(&thread, NULL, vcpu_loop, &other)) {
        bail("pthread_create");
    }
    vcpu_loop(v);
    pthread_join(thread, NULL);
    check(v->ok && other.ok, "two vCPUs in two threads, %d hypercalls each", LOOPS);
}

static void can_be_enabled(const Vcpu *v, uint32_t what, const char *name)
{
    check(ioctl(kvm, KVM_CHECK_EXTENSION, what) == 1, "the system has %s", name);
    check(ioctl(vm, KVM_CHECK_EXTENSION, what) == 1, "the VM has %s", name);
    check(enable(v, what, 1, 0) == EINVAL, "%s: flags are refused", name);
    check(enable(v, what, 0, 1) == EINVAL, "%s: arguments are refused", name);
}

/* Nothing else is enabled on v. */
static void memory_areas(const Vcpu *v)
{
    check(enable(v, KVM_CAP_EXIT_MEMORY_AREA, 0, 0) == 0, "KVM_CAP_EXIT_MEMORY_AREA alone");
    returns(v, KVM_MEMORY_AREA_REGISTER);
    returns(v, KVM_MEMORY_AREA_UNREGISTER);
    refused(v, KVM_MEMORY_AREA_REGISTER - 1, "before the calls of memory areas");
    refused(v, KVM_MEMORY_AREA_UNREGISTER + 1, "behind the calls of memory areas");
    refused(v, TOKEN_RESET, "the other capability is not enabled");
}

static void patched(Vcpu *v)
{
    can_be_enabled(v, KVM_CAP_EXIT_EPAPR_HCALL, "KVM_CAP_EXIT_EPAPR_HCALL");
    can_be_enabled(v, KVM_CAP_EXIT_MEMORY_AREA, "KVM_CAP_EXIT_MEMORY_AREA");
    refused(v, TOKEN_RESET, "nothing enabled");
    refused(v, KVM_MEMORY_AREA_REGISTER, "nothing enabled, memory area");
    memory_areas(v);
    check(enable(v, KVM_CAP_EXIT_EPAPR_HCALL, 0, 0) == 0, "KVM_CAP_EXIT_EPAPR_HCALL");
    returns(v, TOKEN_RESET);
    returns(v, TOKEN_BYTE_CHANNEL_SEND);
    returns(v, TOKEN_LAST);
    served_by_kernel(v);
    completes_without_running(v);
    user_mode(v);
    loops(v);
    two_at_once(v);
}

static void unpatched(Vcpu *v)
{
    check(ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_EXIT_EPAPR_HCALL) == 0, "no KVM_CAP_EXIT_EPAPR_HCALL");
    check(ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_EXIT_MEMORY_AREA) == 0, "no KVM_CAP_EXIT_MEMORY_AREA");
    check(enable(v, KVM_CAP_EXIT_EPAPR_HCALL, 0, 0) == EINVAL, "the first cannot be enabled");
    check(enable(v, KVM_CAP_EXIT_MEMORY_AREA, 0, 0) == EINVAL, "the second cannot be enabled");
    refused(v, TOKEN_RESET, "unpatched");
    served_by_kernel(v);
    user_mode(v);
}

int main(int argc, char **argv)
{
    Vcpu v;

    setvbuf(stdout, NULL, _IOLBF, 0);
    machine_create();
    guest_load();
    v = vcpu_create(0);
    check(ioctl(kvm, KVM_GET_API_VERSION, 0) == 12, "API version 12");
    if (argc > 1 && strcmp(argv[1], "--unpatched") == 0) {
        unpatched(&v);
    } else {
        patched(&v);
    }
    printf("1..%d\n", tests);
    return failures != 0;
}
