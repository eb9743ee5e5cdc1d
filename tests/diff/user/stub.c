/* SPDX-License-Identifier: MIT
 *
 * Runs under qemu-ppc: executes the records that come in on standard input, and sends them back.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/diff/user/record.h"

void run_record(uintptr_t slot);
void leave_next(void);
void leave_target(void);
void leave_signal(void);

static Record batch[BATCH_MAX];
static uint8_t signal_stack[65536];

static Record *const low = (Record *)RECORD_EA;

static void move(int fd, void *data, size_t size, ssize_t (*call)(int, void *, size_t))
{
    for (char *p = data; size > 0;) {
        ssize_t n = call(fd, p, size);
        if (n <= 0)
            _exit(n == 0 ? 0 : 2);
        p += n;
        size -= (size_t)n;
    }
}

static ssize_t write_some(int fd, void *data, size_t size)
{
    return write(fd, data, size);
}

/* Runs with the record's registers still in all that is not volatile: no library calls in here. */
static void on_signal(int number, siginfo_t *info, void *context)
{
    unsigned long *nip = &((ucontext_t *)context)->uc_mcontext.uc_regs->gregs[32];
    (void)info;
    if (*nip < SLOTS_EA || *nip >= SLOTS_EA + SLOTS * SLOT_SIZE)
        _exit(3); /* the stub itself is at fault */
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

int main(void)
{
    static const int signals[] = {SIGILL, SIGTRAP, SIGFPE, SIGSEGV, SIGBUS};
    stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof(signal_stack)};
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaltstack(&stack, NULL);
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        sigaction(signals[i], &action, NULL);
    for (;;) {
        uint32_t count;
        move(0, &count, sizeof(count), read);
        if (count == 0 || count > BATCH_MAX)
            return count != 0;
        move(0, batch, count * sizeof(Record), read);
        for (uint32_t i = 0; i < count; i++) {
            uintptr_t ea = SLOTS_EA + batch[i].slot % SLOTS * SLOT_SIZE;
            slot_write(ea, batch[i].prefix, batch[i].insn);
            memcpy(low, &batch[i], sizeof(Record));
            run_record(ea);
            memcpy(&batch[i], low, sizeof(Record));
        }
        move(1, batch, count * sizeof(Record), write_some);
    }
}
