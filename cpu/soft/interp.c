/* SPDX-License-Identifier: MIT
 *
 * The interpreter: fetch, decode (memoized), execute; between instructions it looks at one word,
 * c->attention, and every slice at the time.
 */
#include "cpu/e500/device.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mail.h"
#include "cpu/e500/mem.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/timers.h"
#include "cpu/log.h"
#include "cpu/soft/soft.h"

/* Instructions between two looks at the time.  A host clock is read in ~30 ns; virtual time moves a
 * slice at a time. */
enum { SLICE_HOST = 1024, SLICE_VIRTUAL = 64 };

void soft_decode_cache_init(SoftVcpu *vcpu)
{
    SoftDecoded zero = {0};
    insn_decode(0, vcpu->core.model, &zero.insn);
    zero.exec = insn_exec[zero.insn.id];
    for (size_t i = 0; i < SOFT_DECODE_SIZE; i++)
        vcpu->decoded[i] = zero; /* each entry is a true decoding of its word */
}

static inline const SoftDecoded *decode(SoftVcpu *vcpu, uint32_t word)
{
    SoftDecoded *d = &vcpu->decoded[(uint32_t)(word * 0x9e3779b1u) >> (32 - SOFT_DECODE_BITS)];
    if (__builtin_expect(d->insn.word != word, 0)) {
        insn_decode(word, vcpu->core.model, &d->insn);
        d->exec = insn_exec[d->insn.id];
    }
    return d;
}

/* What an instruction came to, but EXEC_NEXT.  True: go on; false: *c->exit holds the exit. */
static bool ended(SoftVcpu *vcpu, E500 *c, ExecResult r, const Insn *in)
{
    if (r == EXEC_EXIT && c->device.open)
        vcpu->accessing = *in;
    return r == EXEC_JUMP || (r == EXEC_TRAP && e500_deliver_trap(c));
}

/* One instruction.  True: go on; false: *c->exit holds the exit. */
static inline bool step(SoftVcpu *vcpu, E500 *c)
{
    uint32_t word;
    Ea pc = c->s.pc;
    ExecResult r = e500_fetch(c, pc, &word);
    if (__builtin_expect(r != EXEC_NEXT, 0))
        return e500_deliver_trap(c);
    const SoftDecoded *d = decode(vcpu, word);
    r = d->exec(c, &d->insn);
    if (__builtin_expect(r == EXEC_NEXT, 1)) {
        c->s.pc = pc + 4;
        return true;
    }
    return r == EXEC_JUMP || ended(vcpu, c, r, &d->insn);
}

/* The answer of a device access.  When it was the instruction's last one, that completes. */
static bool complete_mmio(SoftVcpu *vcpu, E500 *c)
{
    ExecResult r = e500_device_answered(c, c->exit);
    if (r == EXEC_EXIT)
        return false;
    c->exit->kind = VCPU_EXIT_INTR;
    if (r == EXEC_JUMP)
        return true;
    r = insn_exec[vcpu->accessing.id](c, &vcpu->accessing);
    c->count.instructions++;
    if (r == EXEC_NEXT)
        c->s.pc += 4;
    return r == EXEC_NEXT || ended(vcpu, c, r, &vcpu->accessing);
}

static void show_first_time(SoftVcpu *vcpu, E500 *c)
{
    uint32_t word;
    char text[96];
    if (!vcpu->seen)
        vcpu->seen = g_hash_table_new(NULL, NULL);
    if (g_hash_table_contains(vcpu->seen, GUINT_TO_POINTER(c->s.pc)) || e500_fetch(c, c->s.pc, &word) != EXEC_NEXT)
        return;
    g_hash_table_add(vcpu->seen, GUINT_TO_POINTER(c->s.pc));
    insn_disassemble(word, vcpu->core.model, c->s.pc, text, sizeof(text));
    log_line("0x%08x:  %08x  %s", c->s.pc, word, text);
}

static bool leave(VcpuExit *exit, VcpuExitKind kind)
{
    exit->kind = kind;
    return false;
}

static bool stepped(E500 *c)
{
    c->exit->debug.reason = VCPU_DEBUG_STEP;
    c->exit->debug.pc = c->s.pc;
    return leave(c->exit, VCPU_EXIT_DEBUG);
}

static bool has_breakpoint(const AccelDebug *debug, Ea pc)
{
    for (unsigned i = 0; i < debug->n_breakpoints; i++)
        if (debug->breakpoint[i] == pc)
            return true;
    return false;
}

/* Somebody watches: trace, breakpoint before, single step after.  False: exit. */
static bool step_watched(SoftVcpu *vcpu, E500 *c)
{
    const AccelDebug *debug = &vcpu->debug;
    if (log_on(LOG_IN_ASM))
        show_first_time(vcpu, c);
    if ((vcpu->breakpoint_filter & SOFT_BREAKPOINT_BIT(c->s.pc)) && has_breakpoint(debug, c->s.pc)) {
        c->exit->debug.reason = VCPU_DEBUG_BREAKPOINT;
        c->exit->debug.pc = c->s.pc;
        return leave(c->exit, VCPU_EXIT_DEBUG);
    }
    if (!debug->single_step)
        return true;
    vcpu->took_step = true;
    return step(vcpu, c) && stepped(c);
}

/* c->attention is set.  True: execute on.  False: *c->exit holds the exit. */
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
        /* Taking one may be a debug event, which interrupts before the handler's first instruction.
         */
        while ((r = e500_take_interrupt(c)) == EXEC_JUMP)
            if (vcpu->debug.single_step)
                return stepped(c);
        if (r == EXEC_EXIT)
            return false;
    }
    if (c->s.waiting || c->s.held) {
        c->exit->idle.deadline_ns = c->s.held ? UINT64_MAX : c->timer_deadline_ns;
        e500_attention(c, E500_ATT_IRQ); /* look again on re-entry */
        return leave(c->exit, VCPU_EXIT_IDLE);
    }
    return !(why & E500_ATT_DEBUG) || step_watched(vcpu, c);
}

/* The exit that the last run left was answered: make it take effect.  True: nothing stands in the
 * way of executing. */
static bool complete(SoftVcpu *vcpu, E500 *c, VcpuExit *exit)
{
    switch (exit->kind) {
    case VCPU_EXIT_MMIO:
        return complete_mmio(vcpu, c);
    case VCPU_EXIT_EPAPR_HCALL:
        e500_complete_hcall(c, exit);
        c->count.instructions++;
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

/* Length of the next slice.  Virtual time stops exactly at the next event of core or devices. */
static unsigned slice_length(const E500 *c, const TimeSource *ts)
{
    if (!ts->is_virtual)
        return SLICE_HOST;
    uint64_t now = time_now_ns(ts);
    uint64_t next = __atomic_load_n(&ts->next_deadline_ns, __ATOMIC_RELAXED);
    if (c->timer_deadline_ns < next)
        next = c->timer_deadline_ns;
    uint64_t n = next <= now ? 1 : ((next - now - 1) >> ts->icount_shift) + 1;
    return n < SLICE_VIRTUAL ? (unsigned)n : SLICE_VIRTUAL;
}

/* A slice of n instructions has passed. */
static void slice_end(E500 *c, TimeSource *ts, unsigned n)
{
    c->count.instructions += n;
    if (ts->is_virtual)
        time_source_advance(ts, (uint64_t)n << ts->icount_shift);
    if (time_now_ns(ts) >= c->timer_deadline_ns)
        e500_timers_update(c);
}

/* Virtual time has reached a device timer: leave with INTR, so that the platform runs it. */
static bool virtual_event(E500 *c, const TimeSource *ts)
{
    return ts->is_virtual && time_now_ns(ts) >= __atomic_load_n(&ts->next_deadline_ns, __ATOMIC_RELAXED);
}

static void run(SoftVcpu *vcpu, E500 *c, VcpuExit *exit, bool complete_only)
{
    TimeSource *ts = c->vm->time;

    bool ends_step = exit->kind == VCPU_EXIT_MMIO || exit->kind == VCPU_EXIT_EPAPR_HCALL || exit->kind == VCPU_EXIT_EPR;
    if (!complete(vcpu, c, exit))
        return;
    /* Only now: an instruction that was in the middle of its device accesses completes with the translations that it began with. */
    e500_mail_attend(c);
    if (complete_only)
        return;
    if (ends_step && vcpu->debug.single_step) {
        stepped(c);
        return;
    }
    vcpu->launched |= !c->s.held;
    if (time_now_ns(ts) >= c->timer_deadline_ns)
        e500_timers_update(c);
    e500_attention(c, E500_ATT_IRQ);
    for (;;) {
        unsigned n = slice_length(c, ts), left = n;
        while (left > 0) {
            if (__builtin_expect(__atomic_load_n(&c->attention, __ATOMIC_RELAXED) != 0, 0) && !attend(vcpu, c))
                break;
            left--;
            if (__builtin_expect(!step(vcpu, c), 0))
                break;
        }
        left -= vcpu->took_step;
        vcpu->took_step = false;
        bool exited = left > 0 || c->exit->kind != VCPU_EXIT_INTR;
        slice_end(c, ts, n - left);
        if (exited || virtual_event(c, ts))
            break;
    }
}

void soft_vcpu_run(AccelVcpu *base, VcpuExit *exit, bool complete_only)
{
    SoftVcpu *vcpu = (SoftVcpu *)base;
    E500 *c = &vcpu->core;

    c->exit = exit;
    e500_enter(c);
    run(vcpu, c, exit, complete_only);
    e500_leave(c);
}
