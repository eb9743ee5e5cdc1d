/* SPDX-License-Identifier: MIT
 *
 * Conditions, and calls of C.
 */
#include "cpu/jit/x64/emit.h"

enum { BIT_LT, BIT_GT, BIT_EQ, BIT_SO };

/* --- making a condition: cond.h --- */

static void get_wide(Emit *e, Reg to, unsigned home, bool is_signed)
{
    unsigned op = is_signed ? OP_MOVSXD : OP_LOAD;
    if (e->map.reg[home] != NO_REG)
        asm_rr(&e->a, op, to, e->map.reg[home]);
    else
        asm_rm(&e->a, op, to, STATE, home_at(e, home));
}

/* Bit 61 differs from bit 62; and a difference of 0 stays below 1 by bit 63. */
static void add_so(Emit *e)
{
    Asm *a = &e->a;
    asm_rr(a, OP_XOR, RCX, RCX);
    asm_rr(a, OP_TEST | OP_W, RAX, RAX);
    asm_rr(a, 0x90 | CC_E | OP_0F, 0, RCX); /* sete cl */
    asm_shift(a, OP_W, SHIFT_SHL, RCX, 63);
    asm_rr(a, 0xba | OP_0F | OP_W, 7, RAX); /* btc rax, 61 */
    asm8(a, 61);
    asm_rr(a, OP_OR | OP_W, RAX, RCX);
    e->flags_hold = e->rax_holds = -1;
}

void emit_make_condition(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    bool is_signed = op->flags & IR_SIGNED, immediate = op->flags & IR_IMM;

    get_wide(e, RAX, op->a, is_signed);
    if (immediate && op->imm)
        asm_ri(a, OP_W, GROUP_SUB, RAX, (int32_t)op->imm);
    else if (!immediate && !is_signed && e->map.reg[op->b] != NO_REG)
        asm_rr(a, OP_SUB | OP_W, RAX, e->map.reg[op->b]);
    else if (!immediate) {
        get_wide(e, RCX, op->b, is_signed);
        asm_rr(a, OP_SUB | OP_W, RAX, RCX);
    }
}

void emit_compare(Emit *e, const IrOp *op)
{
    e->flags_hold = e->rax_holds = -1;
    if (emit_late_pays(e, op)) {
        e->late.by[op->k] = op;
        return;
    }
    e->late.by[op->k] = NULL;
    emit_make_condition(e, op);
    e->rcx_group = 0;
    if (!(op->flags & IR_IMM) || op->imm)
        e->flags_hold = op->k;
    e->rax_holds = op->k;
    if (e->ir->so)
        add_so(e);
    asm_rm(&e->a, OP_STORE | OP_W, RAX, STATE, field(e, ir_layout.conditions + 8u * op->k));
}

/* --- all of them --- */

void emit_leaf(Emit *e, uintptr_t function, uint32_t argument)
{
    asm_set(&e->a, RDX, argument);
    asm_set64(&e->a, RAX, function);
    emit_call_routine(e, e->jit->routine.leaf);
}

void emit_cr_set(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    asm_set64(a, RDX, (uintptr_t)jit_conditions);
    for (unsigned n = 0; n < 8; n++) {
        if (!(op->mask & 0x80u >> n))
            continue;
        emit_get(e, RCX, op->a);
        if (n < 7)
            asm_shift(a, 0, SHIFT_SHR, RCX, 28 - 4 * n);
        asm_ri(a, 0, GROUP_AND, RCX, 15);
        asm_rx(a, OP_LOAD | OP_W, RAX, RDX, RCX, 3, 0);
        asm_rm(a, OP_STORE | OP_W, RAX, STATE, field(e, ir_layout.conditions + 8u * n));
    }
}

bool emit_cr_clear(Emit *e, const IrOp *op)
{
    enum { OF_EQUAL_BITS = 9 }; /* what a table says of 0 and 0, 1 and 1 */
    Asm *a = &e->a;
    int32_t at = field(e, ir_layout.conditions + 8u * (op->k / 4u));

    if (op->d != op->b || op->imm & OF_EQUAL_BITS || (op->k % 4 != BIT_EQ && op->k % 4 != BIT_SO))
        return false;
    asm_rm(a, OP_LOAD | OP_W, RAX, STATE, at);
    if (op->k % 4 == BIT_EQ) { /* the lower half is not 0 any more; but a 0 must not become GT */
        asm_ri(a, OP_W, GROUP_CMP, RAX, 1);
        asm_rr(a, OP_SBB | OP_W, RDX, RDX);
        asm_shift(a, OP_W, SHIFT_SHL, RDX, 63);
        asm_rr(a, OP_OR | OP_W, RAX, RDX);
        asm_ri(a, OP_W, GROUP_OR, RAX, 1);
    } else { /* bit 61 becomes what bit 62 is */
        asm_rx(a, OP_LEA | OP_W, RDX, RAX, RAX, 0, 0);
        asm_rr(a, OP_XOR | OP_W, RDX, RAX);
        asm_shift(a, OP_W, SHIFT_SHR, RDX, 62);
        asm_ri(a, OP_W, GROUP_AND, RDX, 1);
        asm_shift(a, OP_W, SHIFT_SHL, RDX, 61);
        asm_rr(a, OP_XOR | OP_W, RAX, RDX);
    }
    asm_rm(a, OP_STORE | OP_W, RAX, STATE, at);
    return true;
}

/* --- testing one of its bits; the condition code that says it is set --- */

static unsigned test_bit(Emit *e, unsigned k)
{
    static const uint8_t cc[] = {[BIT_LT] = CC_L, [BIT_GT] = CC_G, [BIT_EQ] = CC_E};
    Asm *a = &e->a;
    int n = (int)k / 4;
    int32_t at = field(e, ir_layout.conditions + 8u * (unsigned)n);

    if (e->late.by[n])
        return emit_late_test(e, k);
    if (k % 4 == BIT_SO) { /* bit 61 against bit 62 */
        asm_rm(a, OP_LOAD | OP_W, RAX, STATE, at);
        asm_rx(a, OP_LEA | OP_W, RDX, RAX, RAX, 0, 0);
        asm_rr(a, OP_XOR | OP_W, RDX, RAX);
        asm_rr(a, 0xba | OP_0F | OP_W, 4, RDX); /* bt rdx, 62 */
        asm8(a, 62);
        e->flags_hold = e->rax_holds = -1;
        return CC_B;
    }
    if (e->flags_hold != n && e->rax_holds == n) {
        asm_rr(a, OP_TEST | OP_W, RAX, RAX);
        e->flags_hold = n;
    }
    if (e->flags_hold == n)
        return cc[k % 4];
    e->flags_hold = e->rax_holds = -1;
    if (k % 4 == BIT_LT) {
        asm_rm(a, 0xf6, 0, STATE, at + 7); /* test byte, bit 62 */
        asm8(a, 0x40);
        return CC_NE;
    }
    asm_mi(a, k % 4 == BIT_GT ? OP_W : 0, GROUP_CMP, STATE, at, 0);
    return cc[k % 4];
}

void emit_select(Emit *e, const IrOp *op)
{
    unsigned cc = test_bit(e, op->k);
    emit_get(e, RCX, op->b);
    if (op->a == IR_NONE) {
        asm_set(&e->a, RDX, 0);
        asm_rr(&e->a, 0x40 | cc | OP_0F, RCX, RDX);
    } else {
        emit_alu(e, 0x40 | cc | OP_0F, RCX, op->a);
    }
    emit_put(e, op->d, RCX);
}

void emit_exit_if(Emit *e, const IrOp *op)
{
    unsigned cc;
    if (op->flags & IR_COUNT) {
        Reg own = emit_target(e, op->a, NO_REG);
        if (own != NO_REG)
            asm_ri(&e->a, 0, GROUP_SUB, own, 1);
        else
            asm_mi(&e->a, 0, GROUP_SUB, STATE, home_at(e, op->a), 1);
        e->flags_hold = -1;
        cc = op->flags & IR_COUNT_ZERO ? CC_E : CC_NE;
    } else {
        cc = test_bit(e, op->k) ^ (op->flags & IR_IF_SET ? 0 : 1);
    }
    e->stub[e->n_stubs++] = (Stub){.from = asm_jcc(&e->a, cc), .op = op, .before = e->fp};
}

/* --- instructions that the interpreter executes --- */

void emit_call_routine(Emit *e, const uint8_t *routine)
{
    asm8(&e->a, 0xe8);
    asm32(&e->a, 0);
    asm_patch(e->a.p - 4, emit_routine(e, routine));
}

void emit_call_record(Emit *e, const JitRecord *record)
{
    asm_set64(&e->a, RAX, (uintptr_t)record);
    e->late = (EmitLate){{NULL}};
    emit_call_routine(e, record->map ? e->jit->routine.call_mapped : e->jit->routine.call);
}

/* One that ends a block leaves the pc at which execution goes on. */
void emit_call(Emit *e, const IrOp *op)
{
    emit_call_record(e, op->record);
    e->map.dirty = 0;
    if (op->flags & IR_ENDS)
        emit_exit_to_pc(e, 0);
}
