/* SPDX-License-Identifier: MIT
 *
 * Ways out of a block: to other blocks, and back to where one was called from.
 */
#include "cpu/jit/x64/emit.h"

static void give_back(Emit *e, unsigned left)
{
    if (left)
        asm_ri(&e->a, 0, GROUP_ADD, BUDGET, (int32_t)left);
}

/* rcx = the entry of the table of targets that has the block of the pc in eax; else the code is left. */
static void find_target(Emit *e)
{
    Asm *a = &e->a;
    asm_mov(a, RCX, RAX);
    asm_ri(a, 0, GROUP_AND, RCX, (JIT_TARGETS - 1) << 2);
    asm_rm(a, OP_LOAD | OP_W, RDX, STATE, field(e, ir_layout.targets));
    asm_rx(a, OP_LEA | OP_W, RCX, RDX, RCX, 2, 0);
    asm_rm(a, OP_LOAD | OP_W, RDX, STATE, field(e, ir_layout.target_tag));
    asm_rr(a, OP_OR | OP_W, RDX, RAX);
    asm_rm(a, OP_CMP | OP_W, RDX, RCX, 0);
    asm_jcc_to(a, CC_NE, emit_routine(e, e->jit->routine.lookup));
}

/* The same of a pc that is known here, and so is where in the table it is looked for; that is returned. */
static int32_t find_constant_target(Emit *e, Ea pc)
{
    Asm *a = &e->a;
    int32_t at = (int32_t)((pc >> 2 & (JIT_TARGETS - 1)) * sizeof(JitTarget));
    asm_set(a, RAX, pc);
    asm_rm(a, OP_LOAD | OP_W, RCX, STATE, field(e, ir_layout.targets));
    asm_rm(a, OP_LOAD | OP_W, RDX, STATE, field(e, ir_layout.target_tag));
    asm_rr(a, OP_OR | OP_W, RDX, RAX);
    asm_rm(a, OP_CMP | OP_W, RDX, RCX, at);
    asm_jcc_to(a, CC_NE, emit_routine(e, e->jit->routine.lookup));
    return at;
}

enum { JUMP = 4, CALL = 2 }; /* operations of opcode ff */

static void by_target(Emit *e, unsigned how, int32_t at)
{
    asm_rm(&e->a, 0xff, how, RCX, at + (int32_t)offsetof(JitTarget, code));
}

void emit_to_target(Emit *e)
{
    find_target(e);
    by_target(e, JUMP, 0);
}

static JitLink *new_link(Emit *e, uint8_t *patch, Ea pc)
{
    JitLink *link = &e->block->link[e->block->n_links++];
    *link = (JitLink){.patch = patch, .pc = pc};
    return link;
}

/* Where the link leads as long as nobody has taken it. */
static void to_be_linked(Emit *e, JitLink *link)
{
    link->unlinked = e->a.p;
    asm_set64(&e->a, RAX, (uintptr_t)link);
    asm_jump_to(&e->a, emit_routine(e, e->jit->routine.unlinked));
}

static void jump_linked(Emit *e, Ea pc, bool apart)
{
    JitLink *link = new_link(e, asm_jump(&e->a), pc);
    link->apart = apart;
    to_be_linked(e, link);
}

static bool same_page(const Emit *e, Ea pc)
{
    return !((pc ^ e->ir->pc) >> ir_layout.page_bits);
}

/* In the same page a jump, linked when it is first taken; elsewhere by the table of targets. */
void emit_exit(Emit *e, Ea pc, unsigned left)
{
    emit_settle(e);
    give_back(e, left);
    if (!same_page(e, pc)) {
        by_target(e, JUMP, find_constant_target(e, pc));
        return;
    }
    jump_linked(e, pc, false);
}

void emit_exit_apart(Emit *e, Ea pc, unsigned left)
{
    emit_settle(e);
    give_back(e, left);
    jump_linked(e, pc, true);
}

/*
 * Calls.  The host's own stack has a frame for each call of the guest's since code was entered: the pc that is expected to come back, and
 * where the caller's code goes on then, to which the host itself predicts the return.  All frames are of the same context, state word and
 * epoch (`targets`, `target_tag`): where one of these changes, and where something else than expected comes back, the stack is emptied.  So
 * the caller's page is what it was; and whoever writes over code sets the limit to 0, so that the next block is not begun.
 *
 * A call is an instruction, so the budget bounds the depth: SoftEngine.slice frames of 16 bytes, and those of one block more.
 */
static void push_frame(Emit *e, const IrOp *op)
{
    asm8(&e->a, 0x68); /* push */
    asm32(&e->a, op->mask);
}

static void behind_call(Emit *e, const IrOp *op)
{
    asm_rm(&e->a, OP_LEA | OP_W, RSP, RSP, 8);
    emit_exit(e, op->mask, 0);
}

static void call_linked(Emit *e, const IrOp *op)
{
    emit_settle(e);
    push_frame(e, op);
    asm8(&e->a, 0xe8);
    asm32(&e->a, 0);
    JitLink *link = new_link(e, e->a.p - 4, op->imm);
    behind_call(e, op);
    to_be_linked(e, link);
    asm_patch(link->patch, link->unlinked);
}

static void call_target(Emit *e, const IrOp *op, int32_t at)
{
    push_frame(e, op);
    by_target(e, CALL, at);
    behind_call(e, op);
}

void emit_leave(Emit *e, const IrOp *op)
{
    if (!(op->flags & IR_CALLS))
        emit_exit(e, op->imm, op->left);
    else if (same_page(e, op->imm))
        call_linked(e, op);
    else {
        emit_settle(e);
        call_target(e, op, find_constant_target(e, op->imm));
    }
}

void emit_forget_calls(Emit *e)
{
    asm_rm(&e->a, OP_LOAD | OP_W, RSP, STATE, field(e, ir_layout.stack));
}

static void exit_to_home(Emit *e, const IrOp *op, unsigned home)
{
    emit_settle(e);
    give_back(e, op->left);
    emit_get(e, RAX, home);
    if (op->flags & IR_RETURNS) {
        asm_rm(&e->a, OP_CMP, RAX, RSP, 8);
        asm_jcc_to(&e->a, CC_NE, emit_routine(e, e->jit->routine.returned_elsewhere));
        asm8(&e->a, 0xc3);
        return;
    }
    asm_ri(&e->a, 0, GROUP_AND, RAX, ~3);
    if (op->flags & IR_CALLS) {
        find_target(e);
        call_target(e, op, 0);
    } else {
        emit_to_target(e);
    }
}

/* Leaves the block to the pc that the interpreter's function has set, perhaps in another context. */
void emit_exit_to_pc(Emit *e, unsigned left)
{
    emit_settle(e);
    give_back(e, left);
    emit_forget_calls(e);
    asm_rm(&e->a, OP_LOAD, RAX, STATE, field(e, ir_layout.pc));
    emit_to_target(e);
}

void emit_exit_to(Emit *e, const IrOp *op)
{
    exit_to_home(e, op, op->a);
}

void emit_exit_stub(Emit *e, const Stub *stub)
{
    const IrOp *op = stub->op;
    if (op->flags & IR_TO_HOME)
        exit_to_home(e, op, op->b);
    else
        emit_exit(e, op->imm, op->left);
}

/* No home is written, so none is read again. */
void emit_turn(Emit *e, const IrOp *op)
{
    const JitRecord *record = op->record;

    emit_leaf(e, (uintptr_t)jit_turns[op->imm], record->pc + 4);
    asm_ri(&e->a, 0, GROUP_CMP, RAX, JIT_NO_TURN);
    uint8_t *no_turn = asm_jcc(&e->a, CC_E);
    emit_forget_calls(e);
    emit_to_target(e);
    asm_patch(no_turn, e->a.p);
    emit_call_record(e, record);
    emit_exit_to_pc(e, 0);
}
