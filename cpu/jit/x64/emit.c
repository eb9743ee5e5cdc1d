/* SPDX-License-Identifier: MIT
 *
 * A block from the middle language to x86-64.
 */
#include "cpu/jit/x64/emit.h"

void emit_begin(Emit *e, Jit *jit)
{
    e->jit = jit;
    e->a.p = jit->code.write + jit->code.used;
    e->bias = (int32_t)ir_layout.home[0] + 128;
    emit_homes_begin(e);
    e->flags_hold = e->rax_holds = -1;
    e->rcx_group = e->rax_group = 0;
    e->n_stubs = 0;
    emit_fp_begin(e);
}

uint8_t *emit_routine(const Emit *e, const uint8_t *execute)
{
    return e->jit->code.write + (execute - e->jit->code.execute);
}

const uint8_t *emit_here(const Emit *e)
{
    return e->jit->code.execute + (e->a.p - e->jit->code.write);
}

void emit_finish(Emit *e)
{
    Jit *jit = e->jit;
    jit->code.used = ((size_t)(e->a.p - jit->code.write) + 15) & ~(size_t)15;
}

/* Takes the block's instructions off the budget; leaves if it is too small, or if somebody wants attention. */
static void head(Emit *e, uint8_t *out[2])
{
    asm_ri(&e->a, 0, GROUP_SUB, BUDGET, (int32_t)e->ir->n_insns);
    out[0] = asm_jcc(&e->a, CC_L);
    asm_mi(&e->a, 0, GROUP_CMP, STATE, field(e, ir_layout.limit), 0);
    out[1] = asm_jcc(&e->a, CC_E);
}

static void head_stub(Emit *e, uint8_t *out[2])
{
    asm_patch(out[0], e->a.p);
    asm_patch(out[1], e->a.p);
    asm_ri(&e->a, 0, GROUP_ADD, BUDGET, (int32_t)e->ir->n_insns);
    asm_rm(&e->a, 0xc7, 0, STATE, field(e, ir_layout.pc));
    asm32(&e->a, e->ir->pc);
    emit_leave_with(e, JIT_LIMIT, e->jit->routine.leave);
}

/* The bits that are not the mask's keep their value. */
static void put(Emit *e, const IrOp *op)
{
    Reg from = emit_use(e, op->a, RAX);
    if (op->mask != UINT32_MAX) {
        emit_get(e, RAX, op->a);
        asm_rm(&e->a, OP_XOR, RAX, STATE, field(e, op->imm));
        asm_ri(&e->a, 0, GROUP_AND, RAX, (int32_t)op->mask);
        asm_rm(&e->a, OP_XOR, RAX, STATE, field(e, op->imm));
        from = RAX;
    }
    asm_rm(&e->a, OP_STORE, from, STATE, field(e, op->imm));
}

/* Behind it rax is what it was. */
static bool keeps_rax(const Emit *e, const IrOp *op)
{
    if (op->op != IR_SET && op->op != IR_MOV && op->op != IR_ADD)
        return false;
    return e->map.reg[op->d] != NO_REG && (op->a == IR_NONE || e->map.reg[op->a] != NO_REG) &&
           (op->b == IR_NONE || e->map.reg[op->b] != NO_REG);
}

static void emit_op(Emit *e, const IrOp *op)
{
    bool keeps_rcx = false;

    if (!op->group && !keeps_rax(e, op))
        e->rax_group = 0;
    switch ((IrOpcode)op->op) {
    case IR_LOAD:
    case IR_STORE:
    case IR_LOAD_WIDE:
    case IR_STORE_WIDE:
        emit_access(e, op);
        keeps_rcx = true;
        break;
    case IR_CMP:
        emit_compare(e, op);
        return; /* what the flags hold is of use to what follows */
    case IR_EXIT_IF:
        emit_exit_if(e, op);
        return;
    case IR_SEL:
        emit_select(e, op);
        break;
    case IR_CMOVE:
        asm_rm(&e->a, OP_LOAD | OP_W, RAX, STATE, field(e, ir_layout.conditions + 8u * op->a));
        asm_rm(&e->a, OP_STORE | OP_W, RAX, STATE, field(e, ir_layout.conditions + 8u * op->d));
        break;
    case IR_GET: {
        Reg to = emit_target(e, op->d, RAX);
        asm_rm(&e->a, OP_LOAD, to, STATE, field(e, op->imm));
        emit_put(e, op->d, to);
        break;
    }
    case IR_PUT:
        put(e, op);
        break;
    case IR_FENCE: /* lock or dword [rsp], 0 */
        asm8(&e->a, 0xf0);
        asm_mi(&e->a, 0, GROUP_OR, RSP, 0, 0);
        break;
    case IR_CR_GET:
        emit_leaf(e, (uintptr_t)jit_cr_get, 0);
        emit_put(e, op->d, RAX);
        emit_fp_called(e, op);
        break;
    case IR_CR_SET:
        emit_cr_set(e, op);
        break;
    case IR_CR_BIT:
        if (!emit_cr_clear(e, op)) {
            emit_leaf(e, (uintptr_t)jit_cr_bit, (uint32_t)op->k << 14 | (uint32_t)op->d << 9 | (uint32_t)op->b << 4 | op->imm);
            emit_fp_called(e, op);
        }
        break;
    case IR_ZERO:
        emit_zero(e, op);
        break;
    case IR_RESERVE:
        emit_reserve(e, op);
        break;
    case IR_STORE_RESERVED:
        emit_store_reserved(e, op);
        break;
    case IR_ENABLE:
        emit_enable(e, op);
        break;
    case IR_TURN:
        emit_fp_note(e, &e->fp);
        emit_settle(e);
        emit_turn(e, op);
        break;
    case IR_CALL:
        emit_fp_note(e, &e->fp);
        emit_settle(e);
        emit_call(e, op);
        emit_fp_called(e, op);
        break;
    case IR_WMOV:
    case IR_WSEL:
    case IR_FADD:
    case IR_FSUB:
    case IR_FMUL:
    case IR_FDIV:
    case IR_FMA:
    case IR_FROUND:
    case IR_FINT:
    case IR_FSTATUS:
        emit_fp(e, op);
        break;
    case IR_FCMP:
        emit_fp(e, op);
        return;
    case IR_PADD:
    case IR_PSUB:
    case IR_PMUL:
    case IR_PDIV:
    case IR_PINT:
    case IR_PFROM:
    case IR_PCMP:
    case IR_PMOVE:
        emit_pair(e, op);
        break;
    case IR_EXIT:
        emit_fp_note(e, &e->fp);
        emit_leave(e, op);
        break;
    case IR_EXIT_TO:
        emit_fp_note(e, &e->fp);
        emit_exit_to(e, op);
        break;
    case IR_SET:
    case IR_MOV:
    case IR_ADD:
    case IR_SUB:
    case IR_AND:
    case IR_OR:
    case IR_XOR:
        emit_integer(e, op);
        keeps_rcx = true;
        break;
    case IR_RSUB:
    case IR_ANDC:
    case IR_ORC:
    case IR_NAND:
    case IR_NOR:
    case IR_EQV:
    case IR_MUL:
    case IR_MULHS:
    case IR_MULHU:
    case IR_DIVS:
    case IR_DIVU:
    case IR_SHL:
    case IR_SHR:
    case IR_SAR:
    case IR_ROT:
    case IR_INSERT:
    case IR_CLZ:
    case IR_EXT8:
    case IR_EXT16:
    case IR_ADDC:
        emit_integer(e, op);
        break;
    case IR_OPS:
        break;
    }
    e->flags_hold = e->rax_holds = -1;
    if (!keeps_rcx)
        e->rcx_group = 0;
}

/* In its stub, homes and conditions are where they are before an op. */
static void tell_stub(const Emit *e, Stub *stub, const EmitLate *late)
{
    stub->map = e->map;
    stub->late = *late;
}

/* An op among those of its block: with its homes where they should be, and told its stubs. */
static void emit_op_at(Emit *e, unsigned at)
{
    const IrOp *op = &e->ir->op[at];
    unsigned stubs = e->n_stubs;

    emit_homes_before(e, at);
    if (op->op == IR_EXIT_IF) /* which leaves behind what it writes */
        emit_homes_after(e, op);
    EmitLate late = e->late;
    emit_op(e, op);
    for (; stubs < e->n_stubs; stubs++)
        tell_stub(e, &e->stub[stubs], &late);
    emit_homes_after(e, op);
    emit_late_after(e, op);
}

static void emit_stub(Emit *e, Stub *stub)
{
    e->map = stub->map;
    e->late = stub->late;
    if (stub->op->record)
        emit_homes_record(e, stub->op->record);
    if (stub->from)
        asm_patch(stub->from, e->a.p);
    switch (stub->op->op) {
    case IR_EXIT_IF:
        emit_fp_note(e, &stub->before);
        emit_exit_stub(e, stub);
        break;
    case IR_LOAD:
    case IR_STORE:
    case IR_LOAD_WIDE:
    case IR_STORE_WIDE:
        emit_access_stub(e, stub);
        break;
    case IR_PADD:
    case IR_PSUB:
    case IR_PMUL:
    case IR_PDIV:
    case IR_PINT:
    case IR_PCMP:
        emit_pair_stub(e, stub);
        break;
    case IR_ZERO:
    case IR_RESERVE:
    case IR_STORE_RESERVED:
        emit_whole_stub(e, stub);
        break;
    case IR_ENABLE:
        emit_enable_stub(e, stub);
        break;
    default:
        emit_fp_stub(e, stub);
        break;
    }
}

enum { ROOM = 1 << 17 }; /* no block is longer */

const uint8_t *jit_emit(Jit *jit, JitBlock *b)
{
    Emit e;
    uint8_t *out[2];

    if (jit->code.sites - jit->code.used < ROOM)
        return NULL;
    e.block = b;
    e.ir = &jit->ir;
    emit_begin(&e, jit);
    const uint8_t *code = emit_here(&e);
    head(&e, out);
    emit_plan(&e);
    for (unsigned i = 0; i < e.ir->n; i++)
        emit_op_at(&e, i);
    for (unsigned i = 0; i < e.n_stubs; i++)
        emit_stub(&e, &e.stub[i]);
    head_stub(&e, out);
    emit_finish(&e);
    return code;
}

void jit_emit_link(JitLink *link, const uint8_t *code, const JitCode *memory)
{
    asm_patch(link->patch, code ? memory->write + (code - memory->execute) : link->unlinked);
}