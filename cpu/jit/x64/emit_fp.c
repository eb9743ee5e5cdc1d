/* SPDX-License-Identifier: MIT
 *
 * Floating-point operations.  The host computes, then its result is looked at: if it is a normal number and not of the lowest or the highest
 * two binades, operands and result were such that nothing but "inexact" can have happened, which MXCSR keeps.  Zeros are looked at once more,
 * out of the way; and all else, of which nothing has been done, is the interpreter's.
 *
 * Why the host's inexact is the guest's.  Double precision: it is the same operation.  Single precision is a double rounded once more, and
 * the result is exact if and only if both steps are.  That the value is the same needs a look: it may differ only if the double lies half-way
 * between two singles (jump_if_halfway()).
 */
#include <x86intrin.h>

#include "cpu/jit/x64/emit.h"

bool jit_host_has_fp(void)
{
    return __builtin_cpu_supports("avx") && __builtin_cpu_supports("fma");
}

enum { MXCSR_INEXACT = 0x20 };

bool jit_host_inexact(void)
{
    return _mm_getcsr() & MXCSR_INEXACT;
}

void jit_host_inexact_forget(void)
{
    unsigned mxcsr = _mm_getcsr();
    if (mxcsr & MXCSR_INEXACT)
        _mm_setcsr(mxcsr & ~(unsigned)MXCSR_INEXACT);
}

/* --- is it ordinary? --- */

/* The exponent + 2, of a double's upper half or a single in eax, is below 4 modulo its range: infinite, NaN, denormal, zero, or next to that. */
static uint8_t *jump_unless_ordinary(Emit *e, uint32_t two, uint32_t mask)
{
    asm_ri(&e->a, 0, GROUP_ADD, RAX, (int32_t)two);
    asm8(&e->a, 0xa9); /* test eax, imm */
    asm32(&e->a, mask);
    return asm_jcc(&e->a, CC_E);
}

static uint8_t *jump_unless_ordinary_double(Emit *e, unsigned home)
{
    asm_rm(&e->a, OP_LOAD, RAX, STATE, wide_at(e, home) + 4);
    return jump_unless_ordinary(e, 2u << 20, 0x1ffu << 22);
}

static uint8_t *jump_unless_ordinary_single(Emit *e, unsigned x)
{
    asm_v_rr(&e->a, V_MOVD_FROM, x, NO_VVVV, RAX);
    return jump_unless_ordinary(e, 2u << 23, 0x3fu << 25);
}

/* Half-way between two singles, as far as a double says. */
static uint8_t *jump_if_halfway(Emit *e, unsigned x)
{
    asm_v_rr(&e->a, V_MOVQ_FROM, x, NO_VVVV, RAX);
    asm_ri(&e->a, 0, GROUP_AND, RAX, 0x1fffffff);
    asm_ri(&e->a, 0, GROUP_CMP, RAX, 0x10000000);
    return asm_jcc(&e->a, CC_E);
}

static void jump_if_zero(Emit *e, unsigned x, const uint8_t *to)
{
    asm_v_rr(&e->a, V_MOVQ_FROM, x, NO_VVVV, RAX);
    asm_rr(&e->a, OP_ADD | OP_W, RAX, RAX);
    asm_jcc_to(&e->a, CC_E, to);
}

/* --- arithmetic --- */

static void compute(Emit *e, const IrOp *op, const uint8_t *x)
{
    static const uint16_t binary[IR_OPS] = {[IR_FADD] = V_ADDSD, [IR_FSUB] = V_SUBSD, [IR_FMUL] = V_MULSD, [IR_FDIV] = V_DIVSD};
    static const uint16_t fused[] = {V_FMADD231, V_FMSUB231, V_FNMSUB231, V_FNMADD231};
    Asm *a = &e->a;

    if (op->op != IR_FMA) {
        asm_v_rr(a, binary[op->op], x[3], x[0], x[op->op == IR_FMUL ? 2 : 1]);
        return;
    }
    asm_v_rr(a, V_MOVAPD, x[3], NO_VVVV, x[1]);
    asm_v_rr(a, fused[(op->flags & IR_NEG_B ? 1 : 0) | (op->flags & IR_NEG ? 2 : 0)], x[3], x[0], x[2]);
}

static void single(Emit *e, const IrOp *op, Stub *s)
{
    if (op->op != IR_FROUND)
        s->also = jump_if_halfway(e, s->x[3]);
    unsigned from = op->op == IR_FROUND ? s->x[1] : s->x[3];
    asm_v_rr(&e->a, V_CVTSD2SS, 0, from, from);
    s->from = jump_unless_ordinary_single(e, 0);
    s->hit = e->a.p;
    asm_v_rr(&e->a, V_CVTSS2SD, s->x[3], 0, 0);
    emit_wide_put(e, s->x[3], op->d);
}

static Stub *begin_stub(Emit *e, const IrOp *op)
{
    Stub *s = &e->stub[e->n_stubs++];
    *s = (Stub){.op = op, .before = e->fp};
    return s;
}

static void end_stub(Emit *e, Stub *s)
{
    s->back = e->a.p;
    s->after = e->fp;
}

static void arithmetic(Emit *e, const IrOp *op)
{
    Stub *s = begin_stub(e, op);
    for (unsigned n = 0; n < 3; n++)
        if (emit_has_operand(op, n))
            s->x[n] = (uint8_t)emit_wide_use(e, emit_operand(op, n));
    s->x[3] = (uint8_t)emit_wide_fresh(e);
    emit_note(e, op, s->x);
    if (op->op != IR_FROUND)
        compute(e, op, s->x);
    if (op->flags & IR_SINGLE) {
        single(e, op, s);
    } else {
        emit_wide_put(e, s->x[3], op->d);
        s->from = jump_unless_ordinary_double(e, op->d);
        s->hit = e->a.p;
    }
    emit_wide_bind(e, s->x[3], op->d);
    end_stub(e, s);
}

/*
 * A zero result is right after all: a sum of 0 is exact.  So is a product with a factor of 0, or a quotient of 0; and a fused sum, unless its
 * sign was turned round, as the host then begins with other signs.
 */
static void zero_again(Emit *e, const Stub *s)
{
    const IrOp *op = s->op;
    if (op->op == IR_FROUND) {
        jump_if_zero(e, s->x[1], s->hit);
        return;
    }
    if (op->op == IR_FMA && op->flags & IR_NEG)
        return;
    asm_v_rr(&e->a, V_MOVQ_FROM, s->x[3], NO_VVVV, RAX);
    asm_rr(&e->a, OP_ADD | OP_W, RAX, RAX);
    if (op->op == IR_FADD || op->op == IR_FSUB) {
        asm_jcc_to(&e->a, CC_E, s->hit);
        return;
    }
    uint8_t *no = asm_jcc(&e->a, CC_NE);
    jump_if_zero(e, s->x[0], s->hit);
    if (op->op != IR_FDIV)
        jump_if_zero(e, s->x[2], s->hit);
    asm_patch(no, e->a.p);
}

/* A double is written before it is looked at: the operand that it replaced comes back. */
static void put_back(Emit *e, const Stub *s)
{
    for (unsigned n = 0; n < 3; n++)
        if (emit_has_operand(s->op, n) && emit_operand(s->op, n) == s->op->d) {
            emit_wide_put(e, s->x[n], s->op->d);
            return;
        }
}

static void arithmetic_stub(Emit *e, const Stub *s)
{
    zero_again(e, s);
    if (s->also)
        asm_patch(s->also, e->a.p);
    if (!(s->op->flags & IR_SINGLE))
        put_back(e, s);
    emit_call_record(e, s->op->record);
}

/* --- comparison, conversion --- */

static int32_t condition_at(const Emit *e, unsigned k)
{
    return field(e, ir_layout.conditions + 8u * k);
}

/* −1, 0 or 1 */
static void compare(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    Stub *s = begin_stub(e, op);
    unsigned x = emit_wide_use(e, op->a), y = emit_wide_use(e, op->b);
    asm_v_rr(a, V_UCOMISD, x, NO_VVVV, y);
    s->from = asm_jcc(a, CC_P);
    asm_rr(a, 0x90 | CC_A | OP_0F, 0, RAX);
    asm_rr(a, 0x1b | OP_W, RDX, RDX); /* sbb rdx, rdx */
    asm_rr(a, OP_MOVZX8, RAX, RAX);
    asm_rr(a, OP_OR | OP_W, RAX, RDX);
    asm_rm(a, OP_STORE | OP_W, RAX, STATE, condition_at(e, op->k));
    asm_rm(a, OP_STORE | OP_W, RAX, STATE, field(e, ir_layout.note_compared));
    e->fp.compared = true;
    e->fp.written = false;
    e->flags_hold = e->rax_holds = op->k;
    end_stub(e, s);
}

static void compare_stub(Emit *e, Stub *s)
{
    emit_fp_note(e, &s->before);
    emit_call_record(e, s->op->record);
    asm_rm(&e->a, OP_LOAD | OP_W, RAX, STATE, condition_at(e, s->op->k));
    asm_rm(&e->a, OP_STORE | OP_W, RAX, STATE, field(e, ir_layout.note_compared));
    asm_rr(&e->a, OP_TEST | OP_W, RAX, RAX); /* what the flags hold behind the op */
}

static void to_integer(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    Stub *s = begin_stub(e, op);
    unsigned x = emit_wide_use(e, op->b);
    asm_v_rm(a, V_MOVSD_STORE, x, NO_VVVV, STATE, field(e, ir_layout.note_converted));
    asm_v_rr(a, V_CVTTSD2SI, RAX, NO_VVVV, x);
    asm_ri(a, 0, GROUP_CMP, RAX, INT32_MIN);
    s->from = asm_jcc(a, CC_E);
    asm_rr(a, OP_MOVSXD, RAX, RAX);
    asm_rm(a, OP_STORE | OP_W, RAX, STATE, wide_at(e, op->d));
    emit_wide_forget(e, op->d);
    e->fp.converted = true;
    e->fp.written = false;
    end_stub(e, s);
}

/* --- the status as a whole --- */

static void set_status(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    Stub *s = begin_stub(e, op);
    asm_rm(a, OP_LOAD, RAX, STATE, wide_at(e, op->a));
    asm_rm(a, OP_LEA, RDX, RAX, -(int32_t)ir_layout.status_set);
    asm_rr(a, 0xf7, 0, RDX); /* test edx, imm */
    asm32(a, ir_layout.status_plain | ir_layout.status_set);
    s->from = asm_jcc(a, CC_NE);
    asm_rm(a, OP_STORE, RAX, STATE, field(e, ir_layout.status));
    asm_rm(a, 0xc7, 0, STATE, field(e, ir_layout.note));
    asm32(a, 0);
    e->fp.last = NULL;
    e->fp.compared = e->fp.converted = e->fp.written = false;
    end_stub(e, s);
}

/* --- the common ends --- */

void emit_fp(Emit *e, const IrOp *op)
{
    switch (op->op) {
    case IR_WMOV:
        emit_wide_move(e, op);
        break;
    case IR_WSEL:
        emit_wide_select(e, op);
        break;
    case IR_FCMP:
        compare(e, op);
        break;
    case IR_FINT:
        to_integer(e, op);
        break;
    case IR_FSTATUS:
        set_status(e, op);
        break;
    default:
        arithmetic(e, op);
        break;
    }
}

void emit_fp_stub(Emit *e, Stub *s)
{
    switch (s->op->op) {
    case IR_FCMP:
        compare_stub(e, s);
        break;
    case IR_FSTATUS: /* what the block was translated for may not hold any more */
        emit_call_record(e, s->op->record);
        emit_exit_to_pc(e, s->op->left);
        return;
    case IR_FINT:
        emit_fp_note(e, &s->before);
        emit_call_record(e, s->op->record);
        break;
    default:
        arithmetic_stub(e, s);
        break;
    }
    emit_fp_reload(e, &s->after);
    asm_jump_to(&e->a, s->back);
}
