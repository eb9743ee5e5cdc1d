/* SPDX-License-Identifier: MIT
 *
 * Interrupts: recording, priorities, delivery, return (EREF 2.0 §7; e500mc core manual ch. 4).
 */
#include "cpu/e500/debug.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/softfp.h"
#include "cpu/e500/timers.h"
#include "cpu/log.h"
#include "cpu/timeline.h"

typedef enum ExcpClass { CLASS_BASE, CLASS_CRIT, CLASS_DEBUG, CLASS_MCHECK } ExcpClass;
typedef enum ExcpKind { KIND_SYNC, KIND_SYNC_ESR, KIND_ASYNC } ExcpKind;

static const struct {
    uint8_t class;
    uint8_t ivor;
    uint8_t kind;
} excp_row[E500_EXCPS] = {
#define EXCP(id, ivor, class, kind, doc) {CLASS_##class, SPR_IVOR##ivor, KIND_##kind},
#include "cpu/e500/excp.def"
#undef EXCP
};

/* Save/restore pair of each class, and the MSR bits that survive taking it (EREF 2.0 table 7-3;
 * E.ED gives debug its own). */
static const struct {
    uint8_t srr0, srr1;
    uint32_t kept;
} class_row[] = {
    [CLASS_BASE] = {SPR_SRR0, SPR_SRR1, MSR_CE | MSR_ME | MSR_DE | MSR_RI},
    [CLASS_CRIT] = {SPR_CSRR0, SPR_CSRR1, MSR_ME | MSR_DE | MSR_RI},
    [CLASS_DEBUG] = {SPR_DSRR0, SPR_DSRR1, MSR_ME | MSR_RI},
    [CLASS_MCHECK] = {SPR_MCSRR0, SPR_MCSRR1, 0},
};

G_STATIC_ASSERT(E500_SPR_SLOTS <= 256);

enum { DOORBELL_BASE = 1, DOORBELL_CRIT = 2 };

const char *e500_excp_name(E500Excp excp)
{
    static const char *const name[E500_EXCPS] = {
#define EXCP(id, ivor, class, kind, doc) #id,
#include "cpu/e500/excp.def"
#undef EXCP
    };

    return name[excp];
}

/* --- synchronous interrupts --- */

ExecResult e500_raise(E500 *c, E500Excp excp, uint32_t esr)
{
    /* A trap instruction is a debug event too, and that interrupt comes first. */
    if (excp == EXCP_PROGRAM && esr == ESR_PTR && (c->s.spr[SPR_DBCR0] & DBCR0_TRAP) && e500_debug_event(c, DBSR_TRAP))
        excp = EXCP_DEBUG;
    c->trap.excp = excp;
    c->trap.esr = esr;
    c->trap.has_dear = false;
    return EXEC_TRAP;
}

ExecResult e500_illegal(E500 *c, uint32_t word)
{
    c->count.unimplemented++;
    LOG(LOG_UNIMP, "vCPU %u: pc 0x%" PRI_EA ": this core has no instruction 0x%08x", c->index, c->s.pc, word);
    return e500_raise(c, EXCP_PROGRAM, ESR_PIL);
}

ExecResult e500_no_register(E500 *c, const char *kind, unsigned number, const char *access)
{
    c->count.unimplemented++;
    LOG(LOG_UNIMP, "vCPU %u: pc 0x%" PRI_EA ": this core has no %s %u that can be %s", c->index, c->s.pc, kind, number, access);
    return e500_raise(c, EXCP_PROGRAM, ESR_PIL);
}

ExecResult e500_raise_data(E500 *c, E500Excp excp, uint32_t esr, Ea dear)
{
    e500_raise(c, excp, esr);
    c->trap.dear = dear;
    c->trap.has_dear = true;
    return EXEC_TRAP;
}

ExecResult e500_raise_machine_check(E500 *c, uint32_t mcsr, uint64_t mcar)
{
    e500_raise(c, EXCP_MACHINE_CHECK, 0);
    c->trap.mcsr = mcsr;
    c->trap.mcar = mcar;
    return EXEC_TRAP;
}

/* A core without category E.ED takes debug interrupts in the critical class. */
static ExcpClass class_of(const E500 *c, E500Excp excp)
{
    ExcpClass class = excp_row[excp].class;

    return class == CLASS_DEBUG && c->model->core == E500_CORE_V2 ? CLASS_CRIT : class;
}

/*
 * Interrupt-taken events, which the handler's first instruction meets.  Without category E.ED debug interrupts are critical ones
 * themselves, so a critical interrupt is no such event there.
 */
static void taken_is_an_event(E500 *c, ExcpClass class)
{
    uint32_t dbcr0 = c->s.spr[SPR_DBCR0];

    if (((dbcr0 & DBCR0_IRPT) && class == CLASS_BASE && e500_debug_event(c, DBSR_IRPT)) ||
        ((dbcr0 & DBCR0_CIRPT) && class == CLASS_CRIT && c->model->core == E500_CORE_MC && e500_debug_event(c, DBSR_CIRPT)))
        e500_attention(c, E500_ATT_IRQ);
}

static void enter_handler(E500 *c, E500Excp excp, Ea return_to)
{
    ExcpClass class = class_of(c, excp);
    uint32_t kept = class_row[class].kept;

    if (class == CLASS_CRIT && c->model->core == E500_CORE_V2)
        kept &= ~(uint32_t)MSR_DE; /* debug interrupts are of the critical class there */
    c->s.spr[class_row[class].srr0] = return_to;
    c->s.spr[class_row[class].srr1] = c->s.msr;
    c->s.pc = c->s.spr[SPR_IVPR] | c->s.spr[excp_row[excp].ivor];
    c->s.waiting = false;
    c->icmp_armed = false; /* the interrupted instruction did not complete */
    LOG(LOG_INT, "vCPU %u: %s: pc 0x%" PRI_EA " msr 0x%08x esr 0x%" PRI_SPR " dear 0x%" PRI_SPR ", goes on at 0x%" PRI_EA, c->index,
        e500_excp_name(excp), return_to, c->s.msr, c->s.spr[SPR_ESR], c->s.spr[SPR_DEAR], c->s.pc);
    timeline_instant(excp_row[excp].kind == KIND_ASYNC ? TIMELINE_INT : TIMELINE_FAULT, c->index, e500_excp_name(excp), return_to);
    e500_set_msr(c, c->s.msr & kept);
    taken_is_an_event(c, class);
}

static bool checkstop(E500 *c)
{
    *c->exit = (VcpuExit){
        .kind = VCPU_EXIT_SHUTDOWN,
        .shutdown = {.reason = VCPU_SHUTDOWN_CHECKSTOP},
    };
    return false;
}

static uint32_t mcsr_v2(uint32_t mcsr)
{
    return (mcsr & MCSR_MCP) | (mcsr & MCSR_IF ? MCSR_V2_BUS_IBERR : 0) | (mcsr & MCSR_LD ? MCSR_V2_BUS_RBERR : 0) |
           (mcsr & MCSR_ST ? MCSR_V2_BUS_WBERR : 0);
}

/* Whether SRR0 is the next instruction: a system call, and one whose rounding software completes, have been executed. */
static bool returns_to_next(E500Excp excp)
{
    return excp == EXCP_SYSTEM_CALL || excp == EXCP_SPE_FP_ROUND;
}

bool e500_deliver_trap(E500 *c)
{
    E500Excp excp = c->trap.excp;

    if (excp == EXCP_MACHINE_CHECK) {
        c->s.spr[SPR_MCSR] |= c->model->core == E500_CORE_V2 ? mcsr_v2(c->trap.mcsr) : c->trap.mcsr;
        c->s.spr[SPR_MCAR] = (uint32_t)c->trap.mcar;
        c->s.spr[SPR_MCARU] = (uint32_t)(c->trap.mcar >> 32);
        if (!(c->s.msr & MSR_ME))
            return checkstop(c);
    }
    if (excp_row[excp].kind == KIND_SYNC_ESR)
        c->s.spr[SPR_ESR] = c->trap.esr;
    if (c->trap.has_dear)
        c->s.spr[SPR_DEAR] = c->trap.dear;
    if (excp == EXCP_SYSTEM_CALL) {
        e500_system_call(c, c->s.pc + 4);
        return true;
    }
    enter_handler(c, excp, returns_to_next(excp) ? c->s.pc + 4 : c->s.pc);
    return true;
}

void e500_system_call(E500 *c, Ea next)
{
    if (c->icmp_armed)
        e500_debug_event(c, DBSR_ICMP); /* it has completed, which is an event */
    enter_handler(c, EXCP_SYSTEM_CALL, next);
}

/* --- asynchronous interrupts --- */

static uint32_t irq_lines(const E500 *c)
{
    return __atomic_load_n(&c->irq_lines, __ATOMIC_ACQUIRE);
}

static uint32_t doorbells(const E500 *c)
{
    return __atomic_load_n(&c->doorbells, __ATOMIC_ACQUIRE);
}

static bool timer_pending(const E500 *c, uint32_t status, uint32_t enable)
{
    return (c->s.spr[SPR_TSR] & status) && (c->s.spr[SPR_TCR] & enable);
}

/* Whether its source asserts it, enabled by MSR or not. */
static bool is_asserted(const E500 *c, E500Excp excp)
{
    switch (excp) {
    case EXCP_MACHINE_CHECK:
        return irq_lines(c) & (1u << ACCEL_IRQ_MCHECK | 1u << ACCEL_IRQ_NMI);
    case EXCP_DEBUG:
        return (c->s.spr[SPR_DBCR0] & DBCR0_IDM) &&
               ((irq_lines(c) >> ACCEL_IRQ_DEBUG & 1) || (c->s.spr[SPR_DBSR] & ~(uint32_t)(DBSR_IDE | DBSR_MRR)));
    case EXCP_CRITICAL_INPUT:
        return irq_lines(c) >> ACCEL_IRQ_CRITICAL & 1;
    case EXCP_WATCHDOG:
        return timer_pending(c, TSR_WIS, TCR_WIE);
    case EXCP_DOORBELL_CRITICAL:
        return doorbells(c) & DOORBELL_CRIT;
    case EXCP_EXTERNAL_INPUT:
        return irq_lines(c) >> ACCEL_IRQ_EXTERNAL & 1;
    case EXCP_DOORBELL:
        return doorbells(c) & DOORBELL_BASE;
    case EXCP_DECREMENTER:
        return timer_pending(c, TSR_DIS, TCR_DIE);
    case EXCP_FIXED_INTERVAL_TIMER:
        return timer_pending(c, TSR_FIS, TCR_FIE);
    case EXCP_PERFORMANCE_MONITOR: /* the counters do not count, so none overflows */
    case EXCP_ITLB_MISS:
    case EXCP_INST_STORAGE:
    case EXCP_PROGRAM:
    case EXCP_FP_UNAVAILABLE:
    case EXCP_SPE_UNAVAILABLE:
    case EXCP_SPE_FP_DATA:
    case EXCP_SPE_FP_ROUND:
    case EXCP_AP_UNAVAILABLE:
    case EXCP_DTLB_MISS:
    case EXCP_DATA_STORAGE:
    case EXCP_ALIGNMENT:
    case EXCP_SYSTEM_CALL:
    case E500_EXCPS:
        break;
    }
    return false;
}

static uint32_t enabling_bit(E500Excp excp)
{
    static const uint32_t bit[] = {
        [CLASS_BASE] = MSR_EE,
        [CLASS_CRIT] = MSR_CE,
        [CLASS_DEBUG] = MSR_DE,
        [CLASS_MCHECK] = MSR_ME,
    };

    return bit[excp_row[excp].class];
}

/*
 * MSR[ME] does not mask the non-maskable interrupt of the e500mc (core manual, machine check interrupt), but a core that waits in the
 * spin table has no handler yet.  On an e500v2 an NMI comes by the machine check input, which MSR[ME] masks.
 */
static bool is_enabled(const E500 *c, E500Excp excp)
{
    if (c->s.msr & enabling_bit(excp))
        return true;
    return excp == EXCP_MACHINE_CHECK && c->model->core == E500_CORE_MC && !c->s.held && (irq_lines(c) >> ACCEL_IRQ_NMI & 1);
}

/* excp.def has the sources that can be pending together in order of priority. */
static bool is_pending(const E500 *c, E500Excp excp)
{
    return excp_row[excp].kind == KIND_ASYNC && is_asserted(c, excp);
}

bool e500_interrupt_pending(const E500 *c)
{
    /* The usual case first: nothing at all.  Linux leaves DBCR0[IDM] and the status of timers that it does not use set. */
    if (!irq_lines(c) && !doorbells(c) && !timer_pending(c, TSR_WIS, TCR_WIE) && !timer_pending(c, TSR_DIS, TCR_DIE) &&
        !timer_pending(c, TSR_FIS, TCR_FIE) && !is_asserted(c, EXCP_DEBUG))
        return c->epr_taken || c->watchdog_exit;
    for (unsigned i = 0; i < E500_EXCPS; i++)
        if (is_pending(c, (E500Excp)i))
            return true;
    return c->epr_taken || c->watchdog_exit;
}

static ExecResult exit_epr(E500 *c)
{
    *c->exit = (VcpuExit){.kind = VCPU_EXIT_EPR};
    return EXEC_EXIT;
}

static ExecResult exit_watchdog(E500 *c)
{
    c->watchdog_exit = false;
    *c->exit = (VcpuExit){
        .kind = VCPU_EXIT_WATCHDOG,
        .watchdog = {.wrc = c->s.spr[SPR_TCR] >> 28 & 3},
    };
    return EXEC_EXIT;
}

/* The e500v2 has no NMI: its machine check input is all that a board can raise. */
static uint32_t machine_check_inputs(E500 *c)
{
    uint32_t nmi = c->model->core == E500_CORE_V2 ? MCSR_MCP : MCSR_NMI;
    uint32_t lines = __atomic_fetch_and(&c->irq_lines, ~(1u << ACCEL_IRQ_NMI), __ATOMIC_SEQ_CST);

    return (lines >> ACCEL_IRQ_MCHECK & 1 ? MCSR_MCP : 0) | (lines >> ACCEL_IRQ_NMI & 1 ? nmi : 0);
}

/* What taking an interrupt does to its source.  Level-sensitive sources stay asserted until the handler deals with them. */
static void acknowledge(E500 *c, E500Excp excp)
{
    if (excp == EXCP_DOORBELL)
        __atomic_and_fetch(&c->doorbells, ~(uint32_t)DOORBELL_BASE, __ATOMIC_SEQ_CST);
    else if (excp == EXCP_DOORBELL_CRITICAL)
        __atomic_and_fetch(&c->doorbells, ~(uint32_t)DOORBELL_CRIT, __ATOMIC_SEQ_CST);
    else if (excp == EXCP_MACHINE_CHECK)
        c->s.spr[SPR_MCSR] |= machine_check_inputs(c);
}

ExecResult e500_take_interrupt(E500 *c)
{
    if (c->watchdog_exit)
        return exit_watchdog(c);
    /*
     * The vector was acknowledged at the interrupt controller: the interrupt is delivered now,
     * whatever became of the line since, even when the vector is a spurious one.
     */
    if (c->epr_taken) {
        c->epr_taken = false;
        enter_handler(c, EXCP_EXTERNAL_INPUT, c->s.pc);
        return EXEC_JUMP;
    }
    if (irq_lines(c) >> ACCEL_IRQ_DEBUG & 1)
        e500_debug_event(c, DBSR_UDE);
    if (e500_debug_looks_at_instructions(c))
        e500_debug_before_instruction(c);
    for (unsigned i = 0; i < E500_EXCPS; i++) {
        E500Excp excp = (E500Excp)i;

        if (!is_pending(c, excp))
            continue;
        c->s.waiting = false;
        if (!is_enabled(c, excp))
            continue;
        if (excp == EXCP_EXTERNAL_INPUT && c->vm->external_proxy)
            return exit_epr(c);
        acknowledge(c, excp);
        enter_handler(c, excp, c->s.pc);
        return EXEC_JUMP;
    }
    return EXEC_NEXT;
}

/* --- MSR and returning --- */

void e500_set_msr(E500 *c, uint32_t msr)
{
    uint32_t old = c->s.msr;

    msr &= c->model->msr_mask;
    c->s.msr = msr;
    if ((old ^ msr) & (MSR_PR | MSR_IS | MSR_DS))
        e500_context_changed(c);
    if ((msr & ~old & (MSR_EE | MSR_CE | MSR_ME | MSR_DE)) && (e500_interrupt_pending(c) || e500_debug_looks_at_instructions(c)))
        e500_attention(c, E500_ATT_IRQ);
    if (msr & ~old & MSR_WE && c->s.spr[SPR_HID0] & (HID0_DOZE | HID0_NAP | HID0_SLEEP)) {
        c->s.waiting = true;
        e500_attention(c, E500_ATT_IRQ);
    }
}

void e500_enable_external(E500 *c)
{
    uint32_t old = c->s.msr;

    c->s.msr |= MSR_EE;
    if (!(old & MSR_EE) && (e500_interrupt_pending(c) || e500_debug_looks_at_instructions(c)))
        e500_attention(c, E500_ATT_IRQ);
}

/*
 * With MSR[FE0, FE1] other than 00 a set FPSCR[FEX] is an interrupt.  Where it is the MSR that
 * changes, its SRR0 is the next instruction (Power ISA 2.06B Book III-E §7.6.7; neither core has
 * ESR[PIE]).
 */
ExecResult e500_msr_written(E500 *c, uint32_t msr, Ea next)
{
    uint32_t old = c->s.msr;

    e500_set_msr(c, msr);
    c->s.pc = next;
    if (__builtin_expect((c->s.msr & ~old & (MSR_FE0 | MSR_FE1)) && !(old & (MSR_FE0 | MSR_FE1)) && (c->s.fpscr & FPSCR_FEX), 0))
        return e500_raise(c, EXCP_PROGRAM, ESR_FP);
    return EXEC_JUMP;
}

ExecResult e500_return_from(E500 *c, Ea srr0, uint32_t srr1)
{
    return e500_msr_written(c, srr1, srr0 & ~3u);
}
