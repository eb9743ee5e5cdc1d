/* SPDX-License-Identifier: MIT
 *
 * Wide homes: their copies in vector registers, moves, memory; and the notes that operations on them leave.
 *
 * Vector registers hold copies of wide homes, as many as there is room for, from their first use in the block on.  Memory has them all, so
 * whatever leaves a block need not write them, and what comes back from C loads them anew.
 */
#include "cpu/jit/x64/emit.h"

/* --- constants --- */

enum { CONSTANT_SIGN, CONSTANT_MAGNITUDE, CONSTANT_SINGLE };

void emit_fp_constants(Emit *e)
{
    static const uint64_t constant[][2] = {
        [CONSTANT_SIGN] = {UINT64_C(1) << 63, 0},
        [CONSTANT_MAGNITUDE] = {~(UINT64_C(1) << 63), 0},
        [CONSTANT_SINGLE] = {UINT64_C(0xc7ffffffe0000000), 0}, /* the bits of a double that are a single's */
    };
    e->jit->routine.constants = e->jit->code.execute + (e->a.p - e->jit->code.write);
    memcpy(e->a.p, constant, sizeof(constant));
    e->a.p += sizeof(constant);
}

static const uint8_t *constant(const Emit *e, unsigned n)
{
    return emit_routine(e, e->jit->routine.constants) + 16 * n;
}

/* --- vector registers --- */

enum { XMM_FIRST = 2 }; /* xmm0 and xmm1 are free for whoever needs one */

void emit_fp_begin(Emit *e)
{
    e->clock = 0;
    e->fp = (EmitFp){0};
    memset(e->fp.home, IR_NONE, sizeof(e->fp.home));
}

/* One that holds nothing, or what was not used for the longest time.  Its old content stays until somebody writes it. */
unsigned emit_wide_fresh(Emit *e)
{
    unsigned best = XMM_FIRST;
    for (unsigned x = XMM_FIRST; x < XMMS; x++)
        if (e->fp.age[x] < e->fp.age[best])
            best = x;
    e->fp.home[best] = IR_NONE;
    e->fp.age[best] = ++e->clock;
    return best;
}

void emit_wide_forget(Emit *e, unsigned home)
{
    for (unsigned x = XMM_FIRST; x < XMMS; x++)
        if (e->fp.home[x] == home) {
            e->fp.home[x] = IR_NONE;
            e->fp.age[x] = 0;
        }
}

void emit_wide_bind(Emit *e, unsigned x, unsigned home)
{
    emit_wide_forget(e, home);
    e->fp.home[x] = (uint8_t)home;
}

static int find(const EmitFp *fp, unsigned home)
{
    for (int x = XMM_FIRST; x < XMMS; x++)
        if (fp->home[x] == home)
            return x;
    return -1;
}

unsigned emit_wide_use(Emit *e, unsigned home)
{
    int x = find(&e->fp, home);
    if (x >= 0) {
        e->fp.age[x] = ++e->clock;
        return (unsigned)x;
    }
    unsigned new = emit_wide_fresh(e);
    asm_v_rm(&e->a, V_MOVSD_LOAD, new, NO_VVVV, STATE, wide_at(e, home));
    e->fp.home[new] = (uint8_t)home;
    return new;
}

void emit_wide_put(Emit *e, unsigned x, unsigned home)
{
    asm_v_rm(&e->a, V_MOVSD_STORE, x, NO_VVVV, STATE, wide_at(e, home));
}

void emit_fp_reload(Emit *e, const EmitFp *fp)
{
    for (unsigned x = XMM_FIRST; x < XMMS; x++)
        if (fp->home[x] != IR_NONE)
            asm_v_rm(&e->a, V_MOVSD_LOAD, x, NO_VVVV, STATE, wide_at(e, fp->home[x]));
}

/* --- notes --- */

bool emit_has_operand(const IrOp *op, unsigned n)
{
    static const uint8_t operands[IR_OPS] = {
        [IR_FADD] = 3, [IR_FSUB] = 3, [IR_FMUL] = 5, [IR_FDIV] = 3, [IR_FMA] = 7, [IR_FROUND] = 2, [IR_FINT] = 2, [IR_FCMP] = 3,
    };
    return operands[op->op] >> n & 1;
}

unsigned emit_operand(const IrOp *op, unsigned n)
{
    return n == 0 ? op->a : n == 1 ? op->b : op->k;
}

static bool is_noted(const IrOp *op)
{
    return op->op >= IR_FADD && op->op <= IR_FROUND; /* of wide homes */
}

static bool writes_wide(const IrOp *op, unsigned home)
{
    return op->d == home && (op->op == IR_LOAD_WIDE || (op->op >= IR_WMOV && op->op <= IR_FINT));
}

/* Whether `home` is another value where the note of `op` may be needed. */
static bool is_lost(const Emit *e, const IrOp *op, unsigned home)
{
    bool written = writes_wide(op, home);
    for (const IrOp *o = op + 1; o < e->ir->op + e->ir->n && !is_noted(o); o++) {
        if (written && (o->record || o->op == IR_EXIT || o->op == IR_EXIT_IF || o->op == IR_EXIT_TO))
            return true;
        written |= writes_wide(o, home);
    }
    return false;
}

void emit_note(Emit *e, const IrOp *op, const uint8_t *x)
{
    e->fp.last = op;
    e->fp.saved = 0;
    e->fp.compared = e->fp.converted = e->fp.written = false;
    for (unsigned n = 0; n < 3; n++)
        if (emit_has_operand(op, n) && is_lost(e, op, emit_operand(op, n))) {
            asm_v_rm(&e->a, V_MOVSD_STORE, x[n], NO_VVVV, STATE, field(e, ir_layout.note_operand[n]));
            e->fp.saved |= (uint8_t)(1 << n);
        }
}

static void save_operand(Emit *e, const EmitFp *fp, unsigned n)
{
    unsigned home = emit_operand(fp->last, n);
    int x = find(fp, home);
    if (x < 0) {
        x = 0;
        asm_v_rm(&e->a, V_MOVSD_LOAD, 0, NO_VVVV, STATE, wide_at(e, home));
    }
    asm_v_rm(&e->a, V_MOVSD_STORE, (unsigned)x, NO_VVVV, STATE, field(e, ir_layout.note_operand[n]));
}

void emit_fp_note(Emit *e, EmitFp *fp)
{
    uint32_t rest = (fp->compared ? NOTE_COMPARED : 0) | (fp->converted ? NOTE_CONVERTED : 0);

    if (fp->written || (!fp->last && !rest))
        return;
    if (fp->last) {
        for (unsigned n = 0; n < 3; n++)
            if (emit_has_operand(fp->last, n) && !(fp->saved >> n & 1))
                save_operand(e, fp, n);
        asm_rm(&e->a, 0xc7, 0, STATE, field(e, ir_layout.note)); /* mov dword [note], imm */
        asm32(&e->a, fp->last->imm | rest);
        fp->saved = 7;
    } else {
        asm_mi(&e->a, 0, GROUP_OR, STATE, field(e, ir_layout.note), (int32_t)rest);
    }
    fp->written = true;
}

void emit_fp_called(Emit *e, const IrOp *op)
{
    memset(e->fp.home, IR_NONE, sizeof(e->fp.home));
    memset(e->fp.age, 0, sizeof(e->fp.age));
    if (op->flags & IR_STATUS) {
        e->fp.last = NULL;
        e->fp.compared = e->fp.converted = e->fp.written = false;
    }
}

/* --- moves --- */

void emit_wide_move(Emit *e, const IrOp *op)
{
    unsigned x = emit_wide_use(e, op->a), r = emit_wide_fresh(e);
    if (op->flags & IR_ABS)
        asm_v_constant(&e->a, op->flags & IR_NEG ? V_OR : V_AND, r, x,
                       constant(e, op->flags & IR_NEG ? CONSTANT_SIGN : CONSTANT_MAGNITUDE));
    else if (op->flags & IR_NEG)
        asm_v_constant(&e->a, V_XOR, r, x, constant(e, CONSTANT_SIGN));
    else
        asm_v_rr(&e->a, V_MOVAPD, r, NO_VVVV, x);
    emit_wide_put(e, r, op->d);
    emit_wide_bind(e, r, op->d);
}

void emit_wide_select(Emit *e, const IrOp *op)
{
    enum { GREATER_OR_EQUAL = 0x1d }; /* ordered */
    unsigned a = emit_wide_use(e, op->a), b = emit_wide_use(e, op->b), k = emit_wide_use(e, op->k), r = emit_wide_fresh(e);
    asm_v_rr(&e->a, V_XOR, 0, 0, 0);
    asm_v_rr(&e->a, V_CMPSD, 0, a, 0);
    asm8(&e->a, GREATER_OR_EQUAL);
    asm_v_rr(&e->a, V_BLENDV, r, b, k);
    asm8(&e->a, 0 << 4); /* by xmm0 */
    emit_wide_put(e, r, op->d);
    emit_wide_bind(e, r, op->d);
}

/* --- memory: by emit_memory() --- */

/* A NaN would become a quiet one. */
static void load_single(Emit *e, unsigned x, Stub *stub)
{
    emit_memory(e, OP_MOVBE_LOAD, RDX);
    asm_v_rr(&e->a, V_MOVD_TO, 0, NO_VVVV, RDX);
    asm_v_rr(&e->a, V_CVTSS2SD, x, 0, 0);
    asm_v_rr(&e->a, V_UCOMISD, x, NO_VVVV, x);
    stub->also = asm_jcc(&e->a, CC_P);
}

void emit_wide_load(Emit *e, const IrOp *op, Stub *stub)
{
    if (op->flags & IR_PAIR) {
        emit_pair_load(e, op);
        return;
    }
    if (!e->jit->has_fp) {
        emit_memory(e, OP_MOVBE_LOAD | OP_W, RDX);
        asm_rm(&e->a, OP_STORE | OP_W, RDX, STATE, wide_at(e, op->d));
        return;
    }
    unsigned x = emit_wide_fresh(e);
    if (op->k == 2) {
        load_single(e, x, stub);
    } else {
        emit_memory(e, OP_MOVBE_LOAD | OP_W, RDX);
        asm_v_rr(&e->a, V_MOVQ_TO, x, NO_VVVV, RDX);
    }
    emit_wide_put(e, x, op->d);
    emit_wide_bind(e, x, op->d);
}

static void get_wide(Emit *e, Reg to, unsigned home)
{
    int x = find(&e->fp, home);
    if (x >= 0)
        asm_v_rr(&e->a, V_MOVQ_FROM, (unsigned)x, NO_VVVV, to);
    else
        asm_rm(&e->a, OP_LOAD | OP_W, to, STATE, wide_at(e, home));
}

/* edx = it as a single.  Where that is a denormal, the fraction would be shifted. */
static void get_single(Emit *e, unsigned home, Stub *stub)
{
    enum { LOWEST = 897 }; /* exponent of a double that is a normal single */
    asm_rm(&e->a, OP_LOAD, RDX, STATE, wide_at(e, home) + 4);
    asm_rr(&e->a, OP_ADD, RDX, RDX);
    asm_ri(&e->a, 0, GROUP_CMP, RDX, LOWEST << 21);
    stub->also = asm_jcc(&e->a, CC_B);
    stub->again = e->a.p;
    get_wide(e, RDX, home);
    asm_v_constant(&e->a, V_PEXT, RDX, RDX, constant(e, CONSTANT_SINGLE));
}

/* In the stub of an access, before the interpreter executes it: a zero is no denormal. */
void emit_wide_again(Emit *e, const Stub *stub)
{
    if (!stub->again)
        return;
    asm_rm(&e->a, OP_LOAD | OP_W, RDX, STATE, wide_at(e, stub->op->d));
    asm_rr(&e->a, OP_ADD | OP_W, RDX, RDX);
    asm_jcc_to(&e->a, CC_E, stub->again);
}

void emit_wide_store(Emit *e, const IrOp *op, Stub *stub)
{
    if (op->flags & IR_PAIR) {
        emit_pair_store(e, op);
        return;
    }
    if (op->k == 2 && !(op->flags & IR_WORD))
        get_single(e, op->d, stub);
    else
        get_wide(e, RDX, op->d);
    emit_memory(e, OP_MOVBE_STORE | (op->k == 3 ? OP_W : 0), RDX);
}
