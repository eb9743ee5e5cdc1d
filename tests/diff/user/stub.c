/* SPDX-License-Identifier: MIT
 *
 * Runs under qemu-ppc: executes the records that come in on standard input, and sends them back. No
 * library is linked: none runs on every core (that of the distribution wants FPRs).
 */
#include <asm/unistd.h>
#include <signal.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <ucontext.h>

#include "tests/diff/user/record.h"

void run_record(uintptr_t slot);
void leave_next(void);
void leave_target(void);
void leave_signal(void);

static Record batch[BATCH_MAX];
static uint8_t signal_stack[65536];

static Record *const low = (Record *)RECORD_EA;

/* CR0[SO] tells an error. */
static long call(long number, long a, long b, long c, long d)
{
    register long r0 __asm__("r0") = number;
    register long r3 __asm__("r3") = a;
    register long r4 __asm__("r4") = b;
    register long r5 __asm__("r5") = c;
    register long r6 __asm__("r6") = d;
    __asm__ volatile("sc\n\tbns 1f\n\tneg 3,3\n1:"
                     : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6)
                     :
                     : "r7", "r8", "r9", "r10", "r11", "r12", "ctr", "lr", "cr0", "memory");
    return r3;
}

static noreturn void leave_program(long status)
{
    for (;;)
        call(__NR_exit, status, 0, 0, 0);
}

static void move(long number, long fd, void *data, size_t size)
{
    for (char *p = data; size > 0;) {
        long n = call(number, fd, (long)p, (long)size, 0);
        if (n <= 0)
            leave_program(n == 0 ? 0 : 2);
        p += n;
        size -= (size_t)n;
    }
}

static void copy(Record *to, const Record *from)
{
    const volatile uint32_t *f = (const volatile uint32_t *)from;
    for (size_t i = 0; i < sizeof(Record) / 4; i++)
        ((volatile uint32_t *)to)[i] = f[i];
}

/* Runs with the record's registers still in all that is not volatile: no library calls in here. */
static void on_signal(int number, siginfo_t *info, void *context)
{
    unsigned long *nip = &((ucontext_t *)context)->uc_mcontext.uc_regs->gregs[32];
    (void)info;
    if (*nip < SLOTS_EA || *nip >= SLOTS_EA + SLOTS * SLOT_SIZE)
        leave_program(3); /* the stub itself is at fault */
    low->exit = (uint32_t)number;
    *nip = (unsigned long)leave_signal;
}

static uint32_t branch(uintptr_t from, void (*to)(void))
{
    return 0x48000000 | ((uint32_t)((uintptr_t)to - from) & 0x03fffffc);
}

/* The slot is reached through CTR with r0 free; it loads the record's own CTR and r0 last. */
static void slot_write(uintptr_t ea, uint32_t prefix, uint32_t insn)
{
    uint32_t *w = (uint32_t *)ea;
    if (w[SLOT_PREFIX / 4] == prefix && w[SLOT_INSN / 4] == insn)
        return;
    w[0] = 0x80000000 | (RECORD_EA + OFF_CTR); /* lwz r0, ctr(0) */
    w[1] = 0x7c0903a6;                         /* mtctr r0 */
    w[2] = 0x80000000 | (RECORD_EA + OFF_GPR); /* lwz r0, gpr(0) */
    w[SLOT_PREFIX / 4] = prefix;
    w[SLOT_INSN / 4] = insn;
    w[SLOT_NEXT / 4] = branch(ea + SLOT_NEXT, leave_next);
    w[SLOT_TARGET / 4] = branch(ea + SLOT_TARGET, leave_target);
    __asm__ volatile("dcbst 0,%0; sync; icbi 0,%0; sync; isync" : : "r"(ea) : "memory");
}

/* The kernel's struct, not the library's. */
typedef struct KernelAction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint32_t mask[2];
} KernelAction;

noreturn void _start(void);
noreturn void _start(void)
{
    static const int signals[] = {SIGILL, SIGTRAP, SIGFPE, SIGSEGV, SIGBUS};
    static const stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof(signal_stack)};
    static const KernelAction action = {.handler = on_signal, .flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    call(__NR_sigaltstack, (long)&stack, 0, 0, 0);
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        call(__NR_rt_sigaction, signals[i], (long)&action, 0, sizeof(action.mask));
    for (;;) {
        uint32_t count;
        move(__NR_read, 0, &count, sizeof(count));
        if (count == 0 || count > BATCH_MAX)
            leave_program(count != 0);
        move(__NR_read, 0, batch, count * sizeof(Record));
        for (uint32_t i = 0; i < count; i++) {
            uintptr_t ea = SLOTS_EA + batch[i].slot % SLOTS * SLOT_SIZE;
            slot_write(ea, batch[i].prefix, batch[i].insn);
            copy(low, &batch[i]);
            run_record(ea);
            copy(&batch[i], low);
        }
        move(__NR_write, 1, batch, count * sizeof(Record));
    }
}
