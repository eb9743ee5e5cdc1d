/* SPDX-License-Identifier: MIT
 *
 * System instructions: registers of the system, returning from interrupts, calls, waiting, TLB
 * management, doorbells.
 */
#include "cpu/e500/exec_helpers.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/spr.h"
#include "cpu/e500/timers.h"

/* --- SPR, PMR, MSR --- */

/* What mfspr and its kin share: RT gets the value if the register could be read. */
static ExecResult read_into_rt(E500 *c, const Insn *in, ExecResult (*read)(E500 *c, unsigned number, E500Spr *value))
{
    E500Spr value;
    ExecResult r = read(c, (unsigned)in->imm, &value);

    if (r == EXEC_NEXT)
        rt(c, in) = (uint32_t)value;
    return r;
}

ExecResult exec_mfspr(E500 *c, const Insn *in)
{
    return read_into_rt(c, in, e500_mfspr);
}

ExecResult exec_mtspr(E500 *c, const Insn *in)
{
    return e500_mtspr(c, (unsigned)in->imm, rt(c, in));
}

/* mftb is mfspr of numbers 268 and 269 (EREF 2.0, mftb). */
ExecResult exec_mftb(E500 *c, const Insn *in)
{
    return read_into_rt(c, in, e500_mfspr);
}

ExecResult exec_mfpmr(E500 *c, const Insn *in)
{
    return read_into_rt(c, in, e500_mfpmr);
}

ExecResult exec_mtpmr(E500 *c, const Insn *in)
{
    return e500_mtpmr(c, (unsigned)in->imm, rt(c, in));
}

ExecResult exec_mfmsr(E500 *c, const Insn *in)
{
    rt(c, in) = c->s.msr;
    return EXEC_NEXT;
}

/* Software may know from another clock that a timer has run out.  When it enables interrupts, that timer's is taken at once. */
ExecResult exec_mtmsr(E500 *c, const Insn *in)
{
    if (rt(c, in) & ~c->s.msr & (MSR_EE | MSR_CE))
        e500_timers_look(c);
    return e500_msr_written(c, rt(c, in), c->s.pc + 4);
}

static ExecResult write_ee(E500 *c, bool ee)
{
    if (ee)
        e500_enable_external(c);
    else
        c->s.msr &= ~(uint32_t)MSR_EE;
    return EXEC_NEXT;
}

ExecResult exec_wrtee(E500 *c, const Insn *in)
{
    return write_ee(c, rt(c, in) & MSR_EE);
}

ExecResult exec_wrteei(E500 *c, const Insn *in)
{
    return write_ee(c, in->word & MSR_EE);
}

/* --- returns --- */

static ExecResult return_by(E500 *c, E500SprSlot srr0, E500SprSlot srr1)
{
    return e500_return_from(c, c->s.spr[srr0], c->s.spr[srr1]);
}

ExecResult exec_rfi(E500 *c, const Insn *in)
{
    return return_by(c, SPR_SRR0, SPR_SRR1);
}

ExecResult exec_rfci(E500 *c, const Insn *in)
{
    return return_by(c, SPR_CSRR0, SPR_CSRR1);
}

ExecResult exec_rfdi(E500 *c, const Insn *in)
{
    return return_by(c, SPR_DSRR0, SPR_DSRR1);
}

ExecResult exec_rfmci(E500 *c, const Insn *in)
{
    return return_by(c, SPR_MCSRR0, SPR_MCSRR1);
}

/* Category E.HV: no model has it, so the decoder never finds this row. */
ExecResult exec_rfgi(E500 *c, const Insn *in)
{
    return e500_illegal(c, in->word);
}

/* --- calls --- */

static ExecResult hypercall(E500 *c)
{
    VcpuExit *x = c->exit;

    *x = (VcpuExit){.kind = VCPU_EXIT_EPAPR_HCALL, .epapr_hcall = {.nr = c->s.gpr[11].w}};
    for (unsigned i = 0; i < 8; i++)
        x->epapr_hcall.args[i] = c->s.gpr[3 + i].w;
    return EXEC_EXIT;
}

ExecResult exec_sc(E500 *c, const Insn *in)
{
    switch (in->imm) {
    case 0:
        return e500_raise(c, EXCP_SYSTEM_CALL, 0);
    case 1: /* ePAPR 1.1 §7.2.1: hypercalls are the guest supervisor's */
        return in_problem_state(c) ? e500_privileged(c) : hypercall(c);
    default:
        return e500_illegal(c, in->word);
    }
}

/* The sc of the e500v2 has no LEV.  In supervisor state it is a hypercall if r0 holds E500_HCALL_MAGIC, which is what KVM does for
 * its guests; in problem state it is always a system call. */
ExecResult exec_sc_magic(E500 *c, const Insn *in)
{
    if (in_problem_state(c) || c->s.gpr[0].w != E500_HCALL_MAGIC)
        return e500_raise(c, EXCP_SYSTEM_CALL, 0);
    return hypercall(c);
}

/* -M …,scramble=on: what the calling convention calls volatile.  LR is not: the call is one instruction, and its caller returns by LR. */
void e500_scramble(E500State *s, uint32_t seed)
{
    const uint32_t cr_kept = 0x00fff000; /* CR2 to CR4 */
    GRand *values = g_rand_new_with_seed(seed);

    s->gpr[0].w = g_rand_int(values);
    s->gpr[11].w = g_rand_int(values);
    s->gpr[12].w = g_rand_int(values);
    s->ctr = g_rand_int(values);
    e500_set_xer(s, g_rand_int(values));
    s->cr = (s->cr & cr_kept) | (g_rand_int(values) & ~cr_kept);
    g_rand_free(values);
}

void e500_complete_hcall(E500 *c, const VcpuExit *exit)
{
    c->s.gpr[3].w = (uint32_t)exit->epapr_hcall.ret;
    for (unsigned i = 0; i < 7; i++)
        c->s.gpr[4 + i].w = (uint32_t)exit->epapr_hcall.args[i];
    c->s.pc += 4;
    if (exit->epapr_hcall.scramble)
        e500_scramble(&c->s, exit->epapr_hcall.scramble);
    if (exit->epapr_hcall.idle) {
        c->s.waiting = true;
        e500_attention(c, E500_ATT_IRQ);
    }
}

/* OC = 1 is the breakpoint that a debugger outside the guest puts into its code; all other codes are illegal here. */
ExecResult exec_ehpriv(E500 *c, const Insn *in)
{
    if (in->imm != 1 || !c->host_debug)
        return e500_illegal(c, in->word);
    *c->exit = (VcpuExit){
        .kind = VCPU_EXIT_DEBUG,
        .debug = {.reason = VCPU_DEBUG_BREAKPOINT, .pc = c->s.pc},
    };
    return EXEC_EXIT;
}

/* No external debugger is enabled (EDBCR0[DNH_EN] = 0): illegal (Power ISA 2.06B Book III-E §8.6).
 */
ExecResult exec_dnh(E500 *c, const Insn *in)
{
    return e500_illegal(c, in->word);
}

/* WC = 0 waits for an interrupt.  WC = 1 (until the reservation is lost) and 2 (implementation dependent) may end at once. */
ExecResult exec_wait(E500 *c, const Insn *in)
{
    if (!(in->rt & 3)) {
        c->s.waiting = true;
        e500_attention(c, E500_ATT_IRQ);
    }
    return EXEC_NEXT;
}

/* --- TLB management --- */

ExecResult exec_tlbre(E500 *c, const Insn *in)
{
    e500_tlbre(c);
    return EXEC_NEXT;
}

ExecResult exec_tlbwe(E500 *c, const Insn *in)
{
    e500_tlbwe(c);
    return EXEC_NEXT;
}

ExecResult exec_tlbsx(E500 *c, const Insn *in)
{
    e500_tlbsx(c, ea_x(c, in));
    return EXEC_NEXT;
}

ExecResult exec_tlbivax(E500 *c, const Insn *in)
{
    e500_tlbivax(c, ea_x(c, in));
    return EXEC_NEXT;
}

ExecResult exec_tlbilx(E500 *c, const Insn *in)
{
    e500_tlbilx(c, in->rt & 3, ea_x(c, in));
    return EXEC_NEXT;
}

/* Jumps to itself until the other cores have served their invalidations.  Between two tries this core serves its own, so that two
 * cores do not wait for each other. */
ExecResult exec_tlbsync(E500 *c, const Insn *in)
{
    if (!e500_tlbsync_done(c)) {
        g_thread_yield();
        return EXEC_JUMP;
    }
    return EXEC_NEXT;
}

/* --- doorbells (Power ISA 2.06B Book III-E ch. 9) --- */

enum { DBELL = 0, DBELL_CRIT = 1, MESSAGE_BROADCAST = 1 << 26, MESSAGE_PIRTAG = 0x3fff };

static void ring(E500 *to, unsigned type)
{
    __atomic_or_fetch(&to->doorbells, 1u << type, __ATOMIC_SEQ_CST);
    e500_wake(to, E500_ATT_IRQ);
}

void e500_msgsnd(const E500Vm *vm, uint32_t message)
{
    unsigned type = message >> 27;

    if (type > DBELL_CRIT) /* guest doorbells are category E.HV's; undefined types are ignored */
        return;
    for (unsigned i = 0; i < vm->n_cores; i++) {
        E500 *to = vm->core[i];

        if (to && ((message & MESSAGE_BROADCAST) || to->s.spr[SPR_PIR] == (message & MESSAGE_PIRTAG)))
            ring(to, type);
    }
}

ExecResult exec_msgsnd(E500 *c, const Insn *in)
{
    e500_msgsnd(c->vm, rb(c, in));
    return EXEC_NEXT;
}

ExecResult exec_msgclr(E500 *c, const Insn *in)
{
    unsigned type = rb(c, in) >> 27;

    if (type <= DBELL_CRIT)
        __atomic_and_fetch(&c->doorbells, ~(1u << type), __ATOMIC_SEQ_CST);
    return EXEC_NEXT;
}
