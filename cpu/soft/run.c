/* SPDX-License-Identifier: MIT
 *
 * What all engines share: completing the exit that was answered, looking at what others want between two instructions, and time.
 *
 * An engine executes a slice.  It ends when core.done reaches core.limit; whoever wants attention sets the limit to 0.  Between slices
 * core.attention says what is wanted, and the time is looked at.
 */
#include <sched.h>

#include "cpu/e500/device.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mail.h"
#include "cpu/e500/mem.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/timers.h"
#include "cpu/log.h"
#include "cpu/soft/soft.h"

/* A loop of up to so many instructions is seen to spin. */
enum { SPIN_LOOP = 32 };

/* --- leaving --- */

static bool leave(VcpuExit *exit, VcpuExitKind kind)
{
    exit->kind = kind;
    return false;
}

static bool leave_debug(E500 *c, VcpuDebugReason reason)
{
    c->exit->debug.reason = reason;
    c->exit->debug.pc = c->s.pc;
    return leave(c->exit, VCPU_EXIT_DEBUG);
}

bool soft_insn_ended(SoftVcpu *vcpu, ExecResult r, const Insn *in)
{
    E500 *c = &vcpu->core;
    if (r == EXEC_EXIT && c->device.open)
        vcpu->accessing = *in;
    return r == EXEC_JUMP || (r == EXEC_TRAP && e500_deliver_trap(c));
}

/* --- completing the exit that the last run left --- */

/* When the answer was the instruction's last one, that completes. */
static bool complete_mmio(SoftVcpu *vcpu, E500 *c)
{
    ExecResult r = e500_device_answered(c, c->exit);
    if (r == EXEC_EXIT)
        return false;
    c->exit->kind = VCPU_EXIT_INTR;
    if (r == EXEC_JUMP)
        return true;
    r = insn_exec[vcpu->accessing.id](c, &vcpu->accessing);
    c->done++;
    if (r == EXEC_NEXT)
        c->s.pc += 4;
    return r == EXEC_NEXT || soft_insn_ended(vcpu, r, &vcpu->accessing);
}

/* True: nothing stands in the way of executing. */
static bool complete(SoftVcpu *vcpu, E500 *c)
{
    VcpuExit *exit = c->exit;
    switch (exit->kind) {
    case VCPU_EXIT_MMIO:
        return complete_mmio(vcpu, c);
    case VCPU_EXIT_EPAPR_HCALL:
        e500_complete_hcall(c, exit);
        c->done++;
        break;
    case VCPU_EXIT_EPR:
        c->s.spr[SPR_EPR] = exit->epr.epr;
        c->epr_taken = true;
        exit->kind = VCPU_EXIT_INTR;
        return e500_take_interrupt(c) != EXEC_EXIT;
    case VCPU_EXIT_INTR:
    case VCPU_EXIT_IDLE:
    case VCPU_EXIT_DEBUG:
    case VCPU_EXIT_WATCHDOG:
    case VCPU_EXIT_SHUTDOWN:
    case VCPU_EXIT_FATAL:
    case VCPU_EXIT_KINDS:
        break;
    }
    exit->kind = VCPU_EXIT_INTR;
    return true;
}

/* --- between two instructions --- */

/* -d in_asm */
static void show_first_time(SoftVcpu *vcpu, E500 *c)
{
    uint32_t word;
    char text[96];
    if (!vcpu->seen)
        vcpu->seen = g_hash_table_new(NULL, NULL);
    if (g_hash_table_contains(vcpu->seen, GSIZE_TO_POINTER(c->s.pc)) || e500_fetch(c, c->s.pc, &word) != EXEC_NEXT)
        return;
    g_hash_table_add(vcpu->seen, GSIZE_TO_POINTER(c->s.pc));
    insn_disassemble(word, vcpu->core.model, c->s.pc, text, sizeof(text));
    log_line(LOG_IN_ASM, "0x%" PRI_EA ":  %08x  %s", c->s.pc, word, text);
}

static bool at_breakpoint(const SoftVcpu *vcpu, Ea pc)
{
    if (!(vcpu->breakpoint_filter & SOFT_BREAKPOINT_BIT(pc)))
        return false;
    for (unsigned i = 0; i < vcpu->debug.n_breakpoints; i++)
        if (vcpu->debug.breakpoint[i] == pc)
            return true;
    return false;
}

/* core.attention is set.  True: execute on.  False: *core.exit holds the exit. */
static bool attend(SoftVcpu *vcpu, E500 *c)
{
    uint32_t why = __atomic_fetch_and(&c->attention, E500_ATT_DEBUG, __ATOMIC_SEQ_CST);
    if (why & E500_ATT_MAIL)
        e500_mail_attend(c);
    if (why & E500_ATT_KICK) {
        e500_attention(c, why & E500_ATT_IRQ);
        return leave(c->exit, VCPU_EXIT_INTR);
    }
    if (why & E500_ATT_IRQ) {
        ExecResult r;
        /* In a loop, because taking an interrupt may be a debug event itself, which is taken before the handler's first instruction. */
        while ((r = e500_take_interrupt(c)) == EXEC_JUMP)
            if (vcpu->debug.single_step)
                return leave_debug(c, VCPU_DEBUG_STEP);
        if (r == EXEC_EXIT)
            return false;
    }
    if (c->s.waiting || c->s.held) {
        c->exit->idle.deadline_ns = c->s.held ? UINT64_MAX : c->timer_deadline_ns;
        e500_attention(c, E500_ATT_IRQ); /* look again on re-entry */
        return leave(c->exit, VCPU_EXIT_IDLE);
    }
    if (why & E500_ATT_DEBUG) {
        if (log_on(LOG_IN_ASM))
            show_first_time(vcpu, c);
        if (at_breakpoint(vcpu, c->s.pc))
            return leave_debug(c, VCPU_DEBUG_BREAKPOINT);
    }
    return true;
}

/* --- slices and time --- */

/*
 * How many instructions of this slice there are.  Virtual time stops exactly at the next event of the core or of devices.  That depends on
 * the time at which the slice began, which stands still until the slice is over, and not on who interrupts it.
 */
static uint32_t slice_length(const SoftVcpu *vcpu)
{
    const E500 *c = &vcpu->core;
    const TimeSource *ts = c->vm->time;
    uint64_t most = MIN(vcpu->engine->slice, vcpu->next_sample - c->count.instructions);
    if (!ts->is_virtual)
        return (uint32_t)most;
    uint64_t now = time_now_ns(ts);
    uint64_t next = MIN(time_next_stop_ns(ts), c->timer_deadline_ns);
    uint64_t n = next <= now ? 1 : ((next - now - 1) >> ts->icount_shift) + 1;
    return (uint32_t)MIN(n, most);
}

/* False: *core.exit holds an exit. */
static bool run_slice(SoftVcpu *vcpu, E500 *c)
{
    uint32_t length;
    while (c->done < (length = slice_length(vcpu))) {
        if (__atomic_load_n(&c->attention, __ATOMIC_RELAXED) && !attend(vcpu, c))
            return false;
        /*
         * Whoever asks for attention from now on sets the limit to 0 after this store.  Who has asked already, a debugger or the core itself
         * because debug events need a look before each instruction, has to wait for one instruction.
         */
        __atomic_store_n(&c->limit, length, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&c->attention, __ATOMIC_SEQ_CST))
            __atomic_store_n(&c->limit, c->done + 1, __ATOMIC_SEQ_CST);
        if (!vcpu->engine->run_slice(vcpu))
            return false;
        if (__builtin_expect(vcpu->debug.single_step, 0))
            return leave_debug(c, VCPU_DEBUG_STEP);
    }
    return true;
}

/* The instructions that were executed take their time. */
static void account(E500 *c)
{
    TimeSource *ts = c->vm->time;
    c->count.instructions += c->done;
    if (ts->is_virtual)
        time_source_advance(ts, (uint64_t)c->done << ts->icount_shift);
    c->done = 0;
    if (time_now_ns(ts) >= c->timer_deadline_ns)
        e500_timers_update(c);
}

/* Virtual time has come to a device's timer, or to the end of this vCPU's turn: the platform has to do something. */
static bool must_stop(const TimeSource *ts)
{
    return ts->is_virtual && time_now_ns(ts) >= time_next_stop_ns(ts);
}

/*
 * A vCPU that waits for another one in a loop ends a slice with all registers as at the end of an earlier one.  The host may have no
 * processor left for that other one, so this thread offers its own; it would spin until the host takes it, some milliseconds later.  A
 * vCPU that computes never comes by here, because its registers change, and so loses nothing to other processes.
 */
static void yield_if_it_spins(SoftVcpu *vcpu, const E500 *c)
{
    if (c->vm->n_cores == 1)
        return;
    if (!memcmp(&vcpu->spin, &c->s, sizeof vcpu->spin))
        sched_yield();
    else if (vcpu->spin_age++ % SPIN_LOOP == 0)
        memcpy(&vcpu->spin, &c->s, sizeof vcpu->spin);
}

static void run(SoftVcpu *vcpu, E500 *c)
{
    bool go_on = true;

    vcpu->launched |= !c->s.held;
    account(c);
    e500_attention(c, E500_ATT_IRQ);
    while (go_on && !must_stop(c->vm->time)) {
        go_on = run_slice(vcpu, c);
        account(c);
        if (__builtin_expect(c->count.instructions >= vcpu->next_sample, 0))
            soft_sample(vcpu);
        if (go_on)
            yield_if_it_spins(vcpu, c);
    }
}

void soft_vcpu_run(AccelVcpu *base, VcpuExit *exit, bool complete_only)
{
    SoftVcpu *vcpu = (SoftVcpu *)base;
    E500 *c = &vcpu->core;
    bool ends_step = exit->kind == VCPU_EXIT_MMIO || exit->kind == VCPU_EXIT_EPAPR_HCALL || exit->kind == VCPU_EXIT_EPR;

    c->exit = exit;
    e500_enter(c);
    bool go_on = complete(vcpu, c);
    /* Only now: an instruction in the middle of its device accesses completes with the translations that it began with. */
    if (go_on)
        e500_mail_attend(c);
    if (go_on && !complete_only) {
        if (ends_step && vcpu->debug.single_step)
            leave_debug(c, VCPU_DEBUG_STEP);
        else
            run(vcpu, c);
    }
    account(c);
    e500_leave(c);
}
