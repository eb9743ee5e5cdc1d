/* SPDX-License-Identifier: MIT
 *
 * Pairs: doubles in a home and the word above it, and singles in homes.  As in emit_fp.c the result tells whether all was ordinary; but a denormal
 * operand has to be looked for first: the host would compute with its value, where the e500v2 takes it as 0 or interrupts.
 */
#include "cpu/jit/x64/emit.h"

enum { A = 2, B, RESULT }; /* vector registers; wide homes are not used where pairs are */

static bool is_single(const IrOp *op)
{
    return op->flags & IR_SINGLE;
}

static int32_t upper_at(const Emit *e, unsigned home)
{
    return home_at(e, home) + 4;
}

/* --- between pairs and registers --- */

static void get(Emit *e, const IrOp *op, unsigned x, unsigned home)
{
    if (e->map.reg[home] == NO_REG) {
        asm_v_rm(&e->a, is_single(op) ? V_MOVD_TO : V_MOVSD_LOAD, x, NO_VVVV, STATE, home_at(e, home));
        return;
    }
    asm_v_rr(&e->a, V_MOVD_TO, x, NO_VVVV, e->map.reg[home]);
    if (!is_single(op)) {
        asm_v_rm(&e->a, V_PINSRD, x, x, STATE, upper_at(e, home));
        asm8(&e->a, 1);
    }
}

/* From rdx, of which nothing is left */
static void put_double(Emit *e, unsigned home)
{
    emit_put(e, home, RDX);
    asm_shift(&e->a, OP_W, SHIFT_SHR, RDX, 32);
    asm_rm(&e->a, OP_STORE, RDX, STATE, upper_at(e, home));
}

static void move_to(Emit *e, const IrOp *op, Reg to, unsigned x)
{
    asm_v_rr(&e->a, is_single(op) ? V_MOVD_FROM : V_MOVQ_FROM, x, NO_VVVV, to);
}

/* --- what is ordinary --- */

/* eax: a single, or the upper half of a double.  As jump_unless_ordinary() of emit_fp.c */
static uint8_t *jump_unless_ordinary(Emit *e, const IrOp *op)
{
    asm_ri(&e->a, 0, GROUP_ADD, RAX, is_single(op) ? 2 << 23 : 2 << 20);
    asm8(&e->a, 0xa9); /* test eax, imm */
    asm32(&e->a, is_single(op) ? 0x3fu << 25 : 0x1ffu << 22);
    return asm_jcc(&e->a, CC_E);
}

/* Its exponent is 0. */
static uint8_t *jump_if_small(Emit *e, const IrOp *op, unsigned home)
{
    if (!is_single(op))
        asm_rm(&e->a, 0xf7, 0, STATE, upper_at(e, home)); /* test, imm */
    else if (e->map.reg[home] == NO_REG)
        asm_rm(&e->a, 0xf7, 0, STATE, home_at(e, home));
    else
        asm_rr(&e->a, 0xf7, 0, e->map.reg[home]);
    asm32(&e->a, is_single(op) ? 0xffu << 23 : 0x7ffu << 20);
    return asm_jcc(&e->a, CC_E);
}

static uint8_t *jump_unless_comparable(Emit *e, const IrOp *op, unsigned home)
{
    if (is_single(op))
        emit_get(e, RAX, home);
    else
        asm_rm(&e->a, OP_LOAD, RAX, STATE, upper_at(e, home));
    return jump_unless_ordinary(e, op);
}

/* --- operands --- */

static bool has_a(const IrOp *op)
{
    return op->op != IR_PINT;
}

static void operands(Emit *e, const IrOp *op, Stub *s)
{
    *s = (Stub){.op = op};
    e->fp = (EmitFp){.last = op, .saved = 7};
    memset(e->fp.home, IR_NONE, sizeof(e->fp.home));
    for (unsigned n = has_a(op) ? 0 : 1; n < 2; n++) {
        unsigned home = n ? op->b : op->a, x = n ? B : A;
        uint8_t *jump = op->op == IR_PCMP ? jump_unless_comparable(e, op, home) : jump_if_small(e, op, home);
        *(n ? &s->also : &s->too) = jump;
        get(e, op, x, home);
        asm_v_rm(&e->a, V_MOVSD_STORE, x, NO_VVVV, STATE, field(e, ir_layout.note_operand[n]));
    }
    s->again = e->a.p;
}

/* --- ops --- */

static void arithmetic(Emit *e, const IrOp *op, Stub *s)
{
    static const uint16_t opcode[][2] = {{V_ADDSD, V_ADDSS}, {V_SUBSD, V_SUBSS}, {V_MULSD, V_MULSS}, {V_DIVSD, V_DIVSS}};
    Asm *a = &e->a;

    asm_v_rr(a, opcode[op->op - IR_PADD][is_single(op)], RESULT, A, B);
    move_to(e, op, RDX, RESULT);
    asm_rr(a, OP_LOAD | OP_W, RAX, RDX);
    if (!is_single(op))
        asm_shift(a, OP_W, SHIFT_SHR, RAX, 32);
    s->from = jump_unless_ordinary(e, op);
    s->hit = a->p;
    if (is_single(op))
        emit_put(e, op->d, RDX);
    else
        put_double(e, op->d);
}

static void to_integer(Emit *e, const IrOp *op, Stub *s)
{
    asm_v_rr(&e->a, is_single(op) ? V_CVTTSS2SI : V_CVTTSD2SI, RAX, NO_VVVV, B);
    asm_ri(&e->a, 0, GROUP_CMP, RAX, INT32_MIN);
    s->from = asm_jcc(&e->a, CC_E);
    emit_put(e, op->d, RAX);
}

/* Never 0 or out of range, but inexact maybe. */
static void from_integer(Emit *e, const IrOp *op)
{
    Reg from = emit_use(e, op->b, RAX);
    asm_rm(&e->a, OP_STORE | OP_W, from, STATE, field(e, ir_layout.note_operand[1]));
    asm_v_rr(&e->a, V_XOR, RESULT, RESULT, RESULT);
    asm_v_rr(&e->a, is_single(op) ? V_CVTSI2SS : V_CVTSI2SD, RESULT, RESULT, from);
    move_to(e, op, RDX, RESULT);
    if (is_single(op))
        emit_put(e, op->d, RDX);
    else
        put_double(e, op->d);
    e->fp = (EmitFp){.last = op, .saved = 7};
    memset(e->fp.home, IR_NONE, sizeof(e->fp.home));
}

/* A condition with GT alone or with nothing: 1, or that with the topmost bit (cond.h). */
static void compare(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    bool less = op->mask == IR_LESS;

    asm_v_rr(a, is_single(op) ? V_UCOMISS : V_UCOMISD, less ? B : A, NO_VVVV, less ? A : B);
    asm_rr(a, 0x90 | (op->mask == IR_EQUAL ? CC_NE : CC_BE) | OP_0F, 0, RAX);
    asm_rr(a, OP_MOVZX8, RAX, RAX);
    asm_shift(a, OP_W, SHIFT_SHL, RAX, 63);
    asm_ri(a, OP_W, GROUP_OR, RAX, 1);
    asm_rm(a, OP_STORE | OP_W, RAX, STATE, field(e, ir_layout.conditions + 8u * op->k));
}

static void move(Emit *e, const IrOp *op)
{
    if (op->flags & IR_A_LOW)
        emit_get(e, RAX, op->a);
    else
        asm_rm(&e->a, OP_LOAD, RAX, STATE, upper_at(e, op->a));
    if (op->flags & IR_B_HIGH)
        asm_rm(&e->a, OP_LOAD, RDX, STATE, upper_at(e, op->b));
    else
        emit_get(e, RDX, op->b);
    asm_rm(&e->a, OP_STORE, RAX, STATE, upper_at(e, op->d));
    emit_put(e, op->d, RDX);
}

void emit_pair(Emit *e, const IrOp *op)
{
    if (op->op == IR_PMOVE) {
        move(e, op);
        return;
    }
    if (op->op == IR_PFROM) {
        from_integer(e, op);
        return;
    }
    Stub *s = &e->stub[e->n_stubs++];
    operands(e, op, s);
    if (op->op == IR_PINT)
        to_integer(e, op, s);
    else if (op->op == IR_PCMP)
        compare(e, op);
    else
        arithmetic(e, op, s);
    s->back = e->a.p;
}

/* --- out of the way --- */

/* rax is 0 or −0: then flags are E, and rax is nothing. */
static void is_zero(Emit *e, const IrOp *op)
{
    asm_rr(&e->a, is_single(op) ? OP_ADD : OP_ADD | OP_W, RAX, RAX);
}

static void jump_if_zero(Emit *e, const IrOp *op, unsigned x, const uint8_t *to)
{
    move_to(e, op, RAX, x);
    is_zero(e, op);
    asm_jcc_to(&e->a, CC_E, to);
}

/* A sum of 0 is exact, and so is a product with a factor of 0. */
static void zero_again(Emit *e, const Stub *s)
{
    const IrOp *op = s->op;
    if (op->op == IR_PDIV || op->op == IR_PINT)
        return;
    move_to(e, op, RAX, RESULT);
    is_zero(e, op);
    uint8_t *no = asm_jcc(&e->a, CC_NE);
    if (op->op == IR_PMUL) {
        jump_if_zero(e, op, A, s->hit);
        jump_if_zero(e, op, B, s->hit);
    } else {
        asm_jump_to(&e->a, s->hit);
    }
    asm_patch(no, e->a.p);
}

/* Operands of 0 are good, and then the other one has to be; else to `bad`, which is patched. */
static uint8_t *operand_again(Emit *e, const IrOp *op, unsigned home)
{
    if (is_single(op) || e->map.reg[home] != NO_REG) {
        emit_get(e, RAX, home);
        if (!is_single(op)) {
            asm_rm(&e->a, OP_LOAD, RDX, STATE, upper_at(e, home));
            asm_shift(&e->a, OP_W, SHIFT_SHL, RDX, 32);
            asm_rr(&e->a, OP_OR | OP_W, RAX, RDX);
        }
    } else {
        asm_rm(&e->a, OP_LOAD | OP_W, RAX, STATE, home_at(e, home));
    }
    asm_rr(&e->a, OP_LOAD | OP_W, RDX, RAX);
    is_zero(e, op);
    uint8_t *good = asm_jcc(&e->a, CC_E);
    asm_rr(&e->a, OP_LOAD | OP_W, RAX, RDX);
    if (!is_single(op))
        asm_shift(&e->a, OP_W, SHIFT_SHR, RAX, 32);
    uint8_t *bad = jump_unless_ordinary(e, op);
    asm_patch(good, e->a.p);
    return bad;
}

static void save_operands(Emit *e, const IrOp *op)
{
    if (has_a(op)) {
        get(e, op, A, op->a);
        asm_v_rm(&e->a, V_MOVSD_STORE, A, NO_VVVV, STATE, field(e, ir_layout.note_operand[0]));
    }
    get(e, op, B, op->b);
    asm_v_rm(&e->a, V_MOVSD_STORE, B, NO_VVVV, STATE, field(e, ir_layout.note_operand[1]));
}

static void operands_again(Emit *e, const Stub *s)
{
    const IrOp *op = s->op;
    asm_patch(s->also, e->a.p);
    if (s->too)
        asm_patch(s->too, e->a.p);
    uint8_t *bad_b = operand_again(e, op, op->b), *bad_a = has_a(op) ? operand_again(e, op, op->a) : NULL;
    save_operands(e, op);
    asm_jump_to(&e->a, s->again);
    asm_patch(bad_b, e->a.p);
    if (bad_a)
        asm_patch(bad_a, e->a.p);
}

void emit_pair_stub(Emit *e, const Stub *s)
{
    if (s->from) {
        zero_again(e, s);
        uint8_t *call = asm_jump(&e->a);
        operands_again(e, s);
        asm_patch(call, e->a.p);
    } else {
        operands_again(e, s);
    }
    save_operands(e, s->op); /* whoever executes the note finds them as bad again */
    emit_call_record(e, s->op->record);
    asm_jump_to(&e->a, s->back);
}

/* --- memory: by emit_memory() --- */

void emit_pair_load(Emit *e, const IrOp *op)
{
    emit_memory(e, OP_MOVBE_LOAD | OP_W, RDX);
    put_double(e, op->d);
}

void emit_pair_store(Emit *e, const IrOp *op)
{
    if (e->map.reg[op->d] == NO_REG) {
        asm_rm(&e->a, OP_LOAD | OP_W, RDX, STATE, home_at(e, op->d));
    } else {
        asm_rm(&e->a, OP_LOAD, RDX, STATE, upper_at(e, op->d));
        asm_shift(&e->a, OP_W, SHIFT_SHL, RDX, 32);
        asm_rr(&e->a, OP_OR | OP_W, RDX, e->map.reg[op->d]);
    }
    emit_memory(e, OP_MOVBE_STORE | OP_W, RDX);
}
