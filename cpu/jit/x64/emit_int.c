/* SPDX-License-Identifier: MIT
 *
 * Integer ops.
 */
#include "cpu/jit/x64/emit.h"

typedef struct Alu {
    unsigned op, group;
    bool commutes, inverts;
} Alu;

static const Alu alu[IR_OPS] = {
    [IR_ADD] = {OP_ADD, GROUP_ADD, true, false}, [IR_SUB] = {OP_SUB, GROUP_SUB, false, false},
    [IR_AND] = {OP_AND, GROUP_AND, true, false}, [IR_OR] = {OP_OR, GROUP_OR, true, false},
    [IR_XOR] = {OP_XOR, GROUP_XOR, true, false}, [IR_NAND] = {OP_AND, GROUP_AND, true, true},
    [IR_NOR] = {OP_OR, GROUP_OR, true, true},    [IR_EQV] = {OP_XOR, GROUP_XOR, true, true},
    [IR_MUL] = {OP_IMUL, 0, true, false},
};

static bool same_register(const Emit *e, unsigned home, Reg reg)
{
    return home != IR_NONE && e->map.reg[home] == reg;
}

static void with_home(Emit *e, const IrOp *op)
{
    const Alu *row = &alu[op->op];
    Reg to = emit_target(e, op->d, RAX);
    unsigned x = op->a, y = op->b;

    if (same_register(e, y, to) && y != x) { /* d = a op d */
        if (row->commutes) {
            x = op->b;
            y = op->a;
        } else {
            to = RAX;
        }
    }
    if (op->op == IR_ADD && e->map.reg[x] != NO_REG && e->map.reg[y] != NO_REG && e->map.reg[x] != to) {
        asm_rx(&e->a, OP_LEA, to, e->map.reg[x], e->map.reg[y], 0, 0);
    } else {
        emit_get(e, to, x);
        emit_alu(e, row->op, to, y);
    }
    if (row->inverts)
        asm_rr(&e->a, OP_UNARY, UNARY_NOT, to);
    emit_put(e, op->d, to);
}

static void with_immediate(Emit *e, const IrOp *op)
{
    const Alu *row = &alu[op->op];
    Reg to = emit_target(e, op->d, RAX);

    if (op->op == IR_MUL) {
        Reg from = emit_use(e, op->a, RAX);
        asm_rr(&e->a, 0x69, to, from);
        asm32(&e->a, op->imm);
    } else if (op->op == IR_ADD && e->map.reg[op->a] != NO_REG && e->map.reg[op->a] != to) {
        asm_rm(&e->a, OP_LEA, to, e->map.reg[op->a], (int32_t)op->imm);
    } else if (op->d == op->a && to == RAX) {
        asm_mi(&e->a, 0, row->group, STATE, home_at(e, op->d), (int32_t)op->imm);
        return;
    } else {
        emit_get(e, to, op->a);
        asm_ri(&e->a, 0, row->group, to, (int32_t)op->imm);
    }
    emit_put(e, op->d, to);
}

static void set(Emit *e, const IrOp *op)
{
    if (e->map.reg[op->d] != NO_REG) {
        asm_set(&e->a, e->map.reg[op->d], op->imm);
    } else {
        asm_rm(&e->a, 0xc7, 0, STATE, home_at(e, op->d));
        asm32(&e->a, op->imm);
    }
}

static void move(Emit *e, const IrOp *op)
{
    emit_put(e, op->d, emit_use(e, op->a, RAX));
}

/* a | ~b */
static void complemented(Emit *e, const IrOp *op)
{
    emit_get(e, RAX, op->b);
    asm_rr(&e->a, OP_UNARY, UNARY_NOT, RAX);
    emit_alu(e, OP_OR, RAX, op->a);
    emit_put(e, op->d, RAX);
}

/* a & ~b */
static void and_complement(Emit *e, const IrOp *op)
{
    Reg to = emit_target(e, op->d, RAX), a = emit_use(e, op->a, RAX), b = emit_use(e, op->b, RCX);
    asm_vex(&e->a, 2, 0, 0xf2, to, b, a, false); /* andn */
    emit_put(e, op->d, to);
}

static void get_signed(Emit *e, Reg to, unsigned home)
{
    if (e->map.reg[home] != NO_REG)
        asm_rr(&e->a, OP_MOVSXD, to, e->map.reg[home]);
    else
        asm_rm(&e->a, OP_MOVSXD, to, STATE, home_at(e, home));
}

static void multiply_high(Emit *e, const IrOp *op)
{
    if (op->op == IR_MULHS) {
        get_signed(e, RAX, op->a);
        get_signed(e, RCX, op->b);
    } else {
        emit_get(e, RAX, op->a);
        emit_get(e, RCX, op->b);
    }
    asm_rr(&e->a, OP_IMUL | OP_W, RAX, RCX);
    asm_shift(&e->a, OP_W, SHIFT_SHR, RAX, 32);
    emit_put(e, op->d, RAX);
}

/* By 64 bits if signed, so that the quotient of −2^31 and −1 is one; its lower half is the dividend. */
static void divide(Emit *e, const IrOp *op)
{
    bool is_signed = op->op == IR_DIVS;
    if (is_signed) {
        get_signed(e, RAX, op->a);
        get_signed(e, RCX, op->b);
    } else {
        emit_get(e, RAX, op->a);
        emit_get(e, RCX, op->b);
    }
    asm_rr(&e->a, OP_TEST, RCX, RCX);
    uint8_t *by_zero = asm_jcc(&e->a, CC_E);
    if (is_signed) {
        asm8(&e->a, 0x48); /* cqo */
        asm8(&e->a, 0x99);
        asm_rr(&e->a, OP_UNARY | OP_W, UNARY_IDIV, RCX);
    } else {
        asm_rr(&e->a, OP_XOR, RDX, RDX);
        asm_rr(&e->a, OP_UNARY, UNARY_DIV, RCX);
    }
    asm_patch(by_zero, e->a.p);
    emit_put(e, op->d, RAX);
}

/* Shifted as 64 bits, an amount of 32 to 63 leaves no bit in the lower half. */
static void shift(Emit *e, const IrOp *op)
{
    enum { SHLX = 1, SHRX = 3 }; /* prefixes */
    bool left = op->op == IR_SHL;
    Reg to = left ? RAX : emit_target(e, op->d, RAX), a = emit_use(e, op->a, RAX), b = emit_use(e, op->b, RCX);
    asm_vex(&e->a, 2, left ? SHLX : SHRX, 0xf7, to, b, a, true);
    if (left) /* what went into the upper half goes */
        asm_mov(&e->a, to = emit_target(e, op->d, RCX), RAX);
    emit_put(e, op->d, to);
}

/* rdx: the bits that are lost; the result in eax has the sign.  Carry = negative and not 0. */
static void shift_carry(Emit *e)
{
    asm_rr(&e->a, OP_TEST | OP_W, RDX, RDX);
    asm8(&e->a, 0x0f); /* setne dl */
    asm8(&e->a, 0x90 | CC_NE);
    asm8(&e->a, 0xc2);
    asm_mov(&e->a, RCX, RAX);
    asm_shift(&e->a, 0, SHIFT_SHR, RCX, 31);
    asm_rr(&e->a, OP_AND, RCX, RDX);
    asm_rm(&e->a, 0x88, RCX, STATE, field(e, ir_layout.carry));
}

static void shift_algebraic(Emit *e, const IrOp *op)
{
    get_signed(e, RAX, op->a);
    emit_get(e, RCX, op->b);
    asm_ri(&e->a, 0, GROUP_AND, RCX, 63);
    asm_vex(&e->a, 2, 0, 0xf5, RDX, RCX, RAX, true); /* bzhi rdx, rax, rcx */
    asm_rr(&e->a, OP_SHIFT_CL | OP_W, SHIFT_SAR, RAX);
    shift_carry(e);
    emit_put(e, op->d, RAX);
}

static void shift_algebraic_immediate(Emit *e, const IrOp *op)
{
    Reg from = emit_use(e, op->a, RAX), to = emit_target(e, op->d, RAX);
    asm_mov(&e->a, RCX, from);
    asm_shift(&e->a, 0, SHIFT_SAR, RCX, 31);
    asm_rr(&e->a, OP_AND, RCX, from);
    asm_rr(&e->a, 0xf7, 0, RCX); /* test, imm */
    asm32(&e->a, (UINT32_C(1) << op->k) - 1);
    asm_rm(&e->a, 0x90 | CC_NE | OP_0F, 0, STATE, field(e, ir_layout.carry)); /* setne */
    asm_mov(&e->a, to, from);
    asm_shift(&e->a, 0, SHIFT_SAR, to, op->k);
    emit_put(e, op->d, to);
}

static void rotate(Emit *e, const IrOp *op)
{
    Reg to = emit_target(e, op->d, RAX);

    if (!(op->flags & IR_IMM)) {
        emit_get(e, RCX, op->b);
        emit_get(e, RAX, op->a);
        asm_rr(&e->a, OP_SHIFT_CL, SHIFT_ROL, RAX);
        if (op->imm != UINT32_MAX)
            asm_ri(&e->a, 0, GROUP_AND, RAX, (int32_t)op->imm);
        emit_put(e, op->d, RAX);
        return;
    }
    if (op->k && op->imm == UINT32_MAX << op->k) {
        emit_get(e, to, op->a);
        asm_shift(&e->a, 0, SHIFT_SHL, to, op->k);
    } else if (op->k && op->imm == UINT32_MAX >> (32 - op->k)) {
        emit_get(e, to, op->a);
        asm_shift(&e->a, 0, SHIFT_SHR, to, 32u - op->k);
    } else {
        if (op->k)
            asm_rorx(&e->a, to, emit_use(e, op->a, to), 32u - op->k);
        else
            emit_get(e, to, op->a);
        if (op->imm == 0xff && op->k == 0)
            asm_rr(&e->a, OP_MOVZX8, to, to);
        else if (op->imm == 0xffff)
            asm_rr(&e->a, OP_MOVZX16, to, to);
        else if (op->imm != UINT32_MAX)
            asm_ri(&e->a, 0, GROUP_AND, to, (int32_t)op->imm);
    }
    emit_put(e, op->d, to);
}

static void insert(Emit *e, const IrOp *op)
{
    if (op->k)
        asm_rorx(&e->a, RAX, emit_use(e, op->a, RAX), 32u - op->k);
    else
        emit_get(e, RAX, op->a);
    asm_ri(&e->a, 0, GROUP_AND, RAX, (int32_t)op->imm);
    Reg to = emit_use(e, op->d, RCX);
    asm_ri(&e->a, 0, GROUP_AND, to, (int32_t)~op->imm);
    asm_rr(&e->a, OP_OR, to, RAX);
    emit_put(e, op->d, to);
}

static void unary(Emit *e, const IrOp *op)
{
    Reg to = emit_target(e, op->d, RAX), from = emit_use(e, op->a, RAX);
    asm_rr(&e->a, op->op == IR_CLZ ? OP_LZCNT : op->op == IR_EXT8 ? OP_MOVSX8 : OP_MOVSX16, to, from);
    emit_put(e, op->d, to);
}

static void reverse_subtract(Emit *e, const IrOp *op)
{
    Reg to = emit_target(e, op->d, RAX);
    if (op->imm == 0) {
        emit_get(e, to, op->a);
        asm_rr(&e->a, OP_UNARY, UNARY_NEG, to);
    } else {
        asm_set(&e->a, RAX, op->imm);
        emit_alu(e, OP_SUB, RAX, op->a);
        to = RAX;
    }
    emit_put(e, op->d, to);
}

static void b_or_immediate(Emit *e, const IrOp *op, unsigned alu_op, unsigned group)
{
    if (op->flags & IR_IMM)
        asm_ri(&e->a, 0, group, RAX, (int32_t)op->imm);
    else
        emit_alu(e, alu_op, RAX, op->b);
}

/* An addition of a constant, or of ~a, whose carry is left for later. */
static bool add_without_carry(Emit *e, const IrOp *op)
{
    e->late.by[LATE_CARRY] = NULL;
    if (!(op->flags & IR_IMM) || op->flags & IR_CIN || !emit_late_pays(e, op))
        return false;
    IrOp plain = *op;
    plain.op = op->flags & IR_NOT_A ? IR_RSUB : IR_ADD;
    plain.flags = IR_IMM;
    emit_integer(e, &plain);
    e->late.by[LATE_CARRY] = op;
    return true;
}

/* ~a + b + 1 is b − a, and its carry the host's borrow turned round. */
static void add_carrying(Emit *e, const IrOp *op)
{
    unsigned carry = CC_B;
    if (op->flags & IR_CIN_ONE) {
        if (op->flags & IR_IMM)
            asm_set(&e->a, RAX, op->imm);
        else
            emit_get(e, RAX, op->b);
        emit_alu(e, OP_SUB, RAX, op->a);
        carry = CC_AE;
    } else {
        emit_get(e, RAX, op->a);
        if (op->flags & IR_NOT_A)
            asm_rr(&e->a, OP_UNARY, UNARY_NOT, RAX);
        if (op->flags & IR_CIN) {
            asm_rm(&e->a, 0xba | OP_0F, 4, STATE, field(e, ir_layout.carry)); /* bt dword [carry], 0 */
            asm8(&e->a, 0);
            b_or_immediate(e, op, OP_ADC, GROUP_ADC);
        } else {
            b_or_immediate(e, op, OP_ADD, GROUP_ADD);
        }
    }
    asm_rm(&e->a, (0x90 | carry) | OP_0F, 0, STATE, field(e, ir_layout.carry));
    emit_put(e, op->d, RAX);
}

void emit_integer(Emit *e, const IrOp *op)
{
    switch (op->op) {
    case IR_SET:
        set(e, op);
        break;
    case IR_MOV:
        move(e, op);
        break;
    case IR_RSUB:
        reverse_subtract(e, op);
        break;
    case IR_ANDC:
        and_complement(e, op);
        break;
    case IR_ORC:
        complemented(e, op);
        break;
    case IR_MULHS:
    case IR_MULHU:
        multiply_high(e, op);
        break;
    case IR_DIVS:
    case IR_DIVU:
        divide(e, op);
        break;
    case IR_SHL:
    case IR_SHR:
        shift(e, op);
        break;
    case IR_SAR:
        if (op->flags & IR_IMM)
            shift_algebraic_immediate(e, op);
        else
            shift_algebraic(e, op);
        break;
    case IR_ROT:
        rotate(e, op);
        break;
    case IR_INSERT:
        insert(e, op);
        break;
    case IR_CLZ:
    case IR_EXT8:
    case IR_EXT16:
        unary(e, op);
        break;
    case IR_ADDC:
        if (!add_without_carry(e, op))
            add_carrying(e, op);
        break;
    default:
        if (op->flags & IR_IMM)
            with_immediate(e, op);
        else
            with_home(e, op);
        break;
    }
}
