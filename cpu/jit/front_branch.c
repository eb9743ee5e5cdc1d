/* SPDX-License-Identifier: MIT
 *
 * Branches, and what ends in another context.  A block goes on behind a conditional branch, and at the target of a plain one that leads forward in the same page.
 */
#include "cpu/jit/front.h"

enum { BO_NO_CR = 16, BO_IF_SET = 8, BO_NO_CTR = 4, BO_IF_ZERO = 2 };

static void set_lr(Front *f, const Insn *in)
{
    if (!(in->flags & INSN_LK))
        return;
    IrOp *op = front_op(f, IR_SET);
    op->d = HOME_LR;
    op->imm = f->pc + 4;
}

static Ea target_of(const Front *f, const Insn *in)
{
    return (in->flags & INSN_AA ? 0 : f->pc) + (uint32_t)in->imm;
}

/* The block ends.  A branch that sets LR is a call, unless it is there to find out where it is. */
static IrOp *leave_to(Front *f, const Insn *in, IrOpcode exit)
{
    IrOp *op = front_op(f, exit);
    if (in->flags & INSN_LK && (in->id == INSN_bclr || in->id == INSN_bcctr || target_of(f, in) != f->pc + 4)) {
        op->flags = IR_CALLS;
        op->mask = f->pc + 4;
    }
    f->ends = true;
    return op;
}

static bool go_to(Front *f, const Insn *in, Ea target)
{
    set_lr(f, in);
    if (!(in->flags & INSN_LK) && target > f->pc && front_same_page(f, target) && f->index + 1 < IR_INSNS_MAX) {
        f->next = target;
        return true;
    }
    if (!(in->flags & INSN_LK) && front_turns(f, target))
        return true;
    leave_to(f, in, IR_EXIT)->imm = target;
    return true;
}

static bool t_b(Front *f, const Insn *in)
{
    return go_to(f, in, target_of(f, in));
}

/* A condition in CR or one in CTR; false: both. */
static bool condition(const Insn *in, IrOp *op)
{
    if (in->rt & BO_NO_CTR) {
        op->k = in->ra;
        op->flags = in->rt & BO_IF_SET ? IR_IF_SET : 0;
        return true;
    }
    op->a = HOME_CTR;
    op->flags = (uint8_t)(IR_COUNT | (in->rt & BO_IF_ZERO ? IR_COUNT_ZERO : 0));
    return in->rt & BO_NO_CR;
}

static bool is_always(const Insn *in)
{
    return in->rt & BO_NO_CR && in->rt & BO_NO_CTR;
}

static bool t_bc(Front *f, const Insn *in)
{
    if (is_always(in))
        return go_to(f, in, target_of(f, in));
    set_lr(f, in);
    IrOp *op = front_op(f, IR_EXIT_IF);
    op->imm = target_of(f, in);
    return condition(in, op);
}

static bool to_register(Front *f, const Insn *in, unsigned home)
{
    if (is_always(in)) {
        if (in->flags & INSN_LK && home == HOME_LR)
            return false;
        set_lr(f, in);
        IrOp *op = leave_to(f, in, IR_EXIT_TO);
        op->a = (uint8_t)home;
        op->flags |= home == HOME_LR ? IR_RETURNS : 0;
        return true;
    }
    if (in->flags & INSN_LK)
        return false;
    IrOp *op = front_op(f, IR_EXIT_IF);
    bool one = condition(in, op);
    op->b = (uint8_t)home;
    op->flags |= IR_TO_HOME | (home == HOME_LR ? IR_RETURNS : 0);
    return one;
}

static bool t_bclr(Front *f, const Insn *in)
{
    return to_register(f, in, HOME_LR);
}

static bool t_bcctr(Front *f, const Insn *in)
{
    return to_register(f, in, HOME_CTR);
}

static bool turn(Front *f, const Insn *in, unsigned which)
{
    IrOp *op = front_op(f, IR_TURN);
    op->imm = which;
    front_record(f, op, in);
    ((JitRecord *)op->record)->flags = RECORD_CONTEXT;
    f->ends = true;
    return true;
}

/* Where it may be a hypercall, it is the interpreter's. */
static bool t_sc(Front *f, const Insn *in)
{
    return in->imm == 0 && turn(f, in, JIT_TURN_CALL);
}

static bool t_sc_magic(Front *f, const Insn *in)
{
    return f->state & JIT_STATE_PR && turn(f, in, JIT_TURN_CALL);
}

static bool t_tlbwe(Front *f, const Insn *in)
{
    return !(f->state & JIT_STATE_PR) && turn(f, in, JIT_TURN_TLB);
}

static bool t_rfi(Front *f, const Insn *in)
{
    return !(f->state & JIT_STATE_PR) && turn(f, in, JIT_TURN_BACK);
}

const FrontRow front_branch[] = {
    {INSN_b, t_b},         {INSN_bc, t_bc},       {INSN_bclr, t_bclr},
    {INSN_bcctr, t_bcctr}, {INSN_sc, t_sc},       {INSN_sc_magic, t_sc_magic},
    {INSN_rfi, t_rfi},     {INSN_tlbwe, t_tlbwe}, {INSN_ILLEGAL, NULL},
};
