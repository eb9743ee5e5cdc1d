/* SPDX-License-Identifier: MIT
 *
 * Interrupts: raising, delivering, taking and returning from them (interrupt.c).
 */
#pragma once

#include "cpu/e500/bits.h"
#include "cpu/e500/core.h"

const char *e500_excp_name(E500Excp excp); /* its row in excp.def */

/* Record a synchronous interrupt for the instruction at s.pc.  Return EXEC_TRAP always. */
ExecResult e500_raise(E500 *c, E500Excp excp, uint32_t esr);
ExecResult e500_raise_data(E500 *c, E500Excp excp, uint32_t esr, Ea dear);
ExecResult e500_raise_machine_check(E500 *c, uint32_t mcsr, uint64_t mcar); /* bus error */
/* What the core lacks is a program interrupt too, and a line of -d unimp: an instruction word, or a register ("SPR", "PMR"). */
ExecResult e500_illegal(E500 *c, uint32_t word);
ExecResult e500_no_register(E500 *c, const char *kind, unsigned number, const char *access /* "read", "written" */);
static inline ExecResult e500_privileged(E500 *c)
{
    return e500_raise(c, EXCP_PROGRAM, ESR_PPR);
}

/*
 * Deliver c->trap after EXEC_TRAP: SRRs, MSR, ESR, DEAR, pc = IVPR | IVOR.  False: it cannot be (machine check
 * with MSR[ME] = 0): *c->exit is SHUTDOWN.
 */
bool e500_deliver_trap(E500 *c);
void e500_system_call(E500 *c, Ea next); /* the same of EXCP_SYSTEM_CALL, of an instruction before `next` */
/*
 * Take the highest pending and enabled asynchronous interrupt, if any.  EXEC_JUMP: taken; EXEC_NEXT: none; EXEC_EXIT: EPR exit
 * to be answered first, or SHUTDOWN.  Clears s.waiting when something is pending.
 */
ExecResult e500_take_interrupt(E500 *c);
bool e500_interrupt_pending(const E500 *c);                   /* something asserted, enabled by MSR or not: ends wait and EV_IDLE */
ExecResult e500_return_from(E500 *c, Ea srr0, uint32_t srr1); /* rfi, rfci, rfdi, rfmci */
void e500_set_msr(E500 *c, uint32_t msr);                     /* masks to what the core has; updates contexts */
void e500_enable_external(E500 *c);                           /* MSR[EE] = 1 */
/* The end of an instruction that writes MSR and goes on at next: EXEC_JUMP, or EXEC_TRAP there for an enabled FP exception. */
ExecResult e500_msr_written(E500 *c, uint32_t msr, Ea next);
/* The answered EPAPR_HCALL exit: ret → r3, args[0..6] → r4..r10, pc + 4; s.waiting when it says idle. */
void e500_complete_hcall(E500 *c, const VcpuExit *exit);
void e500_scramble(E500State *s, uint32_t seed); /* as its `scramble` says */
#define E500_HCALL_MAGIC 0x4b564d21u             /* r0 of a hypercall on a core whose sc has no LEV */
