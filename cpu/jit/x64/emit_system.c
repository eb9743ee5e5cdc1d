/* SPDX-License-Identifier: MIT
 *
 * What kernels do all the time: reservations of a core that is alone, and interrupts enabled and disabled.  Whatever is not the usual case
 * the interpreter's function does as a whole.
 */
#include "cpu/jit/cond.h"
#include "cpu/jit/x64/emit.h"

enum { FIELD_SO = 1, FIELD_EQ = 2 };

static Stub *new_stub(Emit *e, const IrOp *op)
{
    Stub *stub = &e->stub[e->n_stubs++];
    *stub = (Stub){.op = op, .before = e->fp, .after = e->fp};
    return stub;
}

static void swap_bytes(Emit *e, Reg reg)
{
    asm_opcode(&e->a, 0xc8 | (reg & 7) | OP_0F, 0, 0, reg, false); /* bswap */
}

static void set_reserve(Emit *e, unsigned value)
{
    asm_rm(&e->a, 0xc6, 0, STATE, field(e, ir_layout.reserve)); /* mov byte, imm */
    asm8(&e->a, value);
}

/* rdx = the physical address, rax = where that lies in the host's memory, of the address in eax, whose slot is rcx's. */
static void resolve(Emit *e)
{
    Asm *a = &e->a;
    const IrLayout *l = &ir_layout;

    asm_rx(a, OP_LOAD | OP_W, RDX, STATE, RCX, 0, field(e, l->tlb + l->tlb_flags));
    asm_rr(a, OP_XOR | OP_W, RDX, RAX);
    asm_ri(a, OP_W, GROUP_AND, RDX, -(1 << l->page_bits));
    asm_rr(a, OP_XOR | OP_W, RDX, RAX);
    asm_rx(a, OP_ADD | OP_W, RAX, STATE, RCX, 0, field(e, l->tlb + l->tlb_addend));
}

void emit_reserve(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    Stub *stub = new_stub(e, op);

    emit_address(e, op);
    emit_find_slot(e, false, 1u << op->k, stub);
    resolve(e);
    asm_rm(a, OP_STORE | OP_W, RDX, STATE, field(e, ir_layout.reserve_gpa));
    asm_rm(a, OP_LOAD, RDX, RAX, 0);
    asm_rm(a, OP_STORE, RDX, STATE, field(e, ir_layout.reserve_value));
    set_reserve(e, 1);
    swap_bytes(e, RDX);
    emit_put(e, op->d, RDX);
    stub->back = a->p;
}

/* Of another address than what is reserved, or of nothing, it is the interpreter's.  A device may have stored there, therefore the lock. */
void emit_store_reserved(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    Stub *stub = new_stub(e, op);

    emit_address(e, op);
    emit_find_slot(e, true, 1u << op->k, stub);
    resolve(e);
    asm_rm(a, OP_MOVZX8, RCX, STATE, field(e, ir_layout.reserve));
    asm_ri(a, OP_W, GROUP_SUB, RCX, 1); /* 0, or without a reservation all ones, which is no address */
    asm_rr(a, OP_OR | OP_W, RDX, RCX);
    asm_rm(a, OP_CMP | OP_W, RDX, STATE, field(e, ir_layout.reserve_gpa));
    stub->apart = asm_jcc(a, CC_NE);
    set_reserve(e, 0);
    asm_rr(a, OP_LOAD | OP_W, RDX, RAX);
    emit_get(e, RCX, op->d);
    swap_bytes(e, RCX);
    asm_rm(a, OP_LOAD, RAX, STATE, field(e, ir_layout.reserve_value));
    asm8(a, 0xf0); /* lock cmpxchg [rdx], ecx */
    asm_rm(a, 0xb1 | OP_0F, RCX, RDX, 0);
    asm_rr(a, 0x90 | CC_NE | OP_0F, 0, RAX); /* setne al */
    asm_rr(a, OP_MOVZX8, RAX, RAX);
    asm_set64(a, RDX, e->ir->so ? COND_OF_FIELD(FIELD_EQ | FIELD_SO) : COND_OF_FIELD(FIELD_EQ));
    asm_rr(a, OP_OR | OP_W, RAX, RDX); /* a lower half other than 0 is not EQ */
    asm_rm(a, OP_STORE | OP_W, RAX, STATE, field(e, ir_layout.conditions));
    stub->back = a->p;
}

/* --- interrupts --- */

static void test_enabled(Emit *e)
{
    asm_rm(&e->a, 0xf7, 0, STATE, field(e, ir_layout.enabled)); /* test */
    asm32(&e->a, ir_layout.enabled_bit);
}

void emit_enable(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    bool by_home = op->a != IR_NONE;
    Stub *stub = NULL;

    if (by_home) {
        stub = new_stub(e, op);
        asm_rr(a, 0xf7, 0, emit_use(e, op->a, RAX)); /* test */
        asm32(a, ir_layout.enabled_bit);
        stub->from = asm_jcc(a, CC_NE);
    } else if (op->imm & ir_layout.enabled_bit) {
        stub = new_stub(e, op);
        test_enabled(e);
        stub->from = asm_jcc(a, CC_E);
    }
    if (by_home || !stub)
        asm_mi(a, 0, GROUP_AND, STATE, field(e, ir_layout.enabled), (int32_t)~ir_layout.enabled_bit);
    if (stub)
        stub->back = a->p;
}

/* Where one waits that may be taken now, the block is left behind the instruction: the head of whatever follows sees the limit. */
void emit_enable_stub(Emit *e, Stub *stub)
{
    const IrOp *op = stub->op;

    if (op->a != IR_NONE) {
        test_enabled(e);
        asm_jcc_to(&e->a, CC_NE, stub->back);
    }
    emit_leaf(e, (uintptr_t)jit_enable, 0);
    emit_fp_reload(e, &stub->after);
    asm_rr(&e->a, OP_TEST, RAX, RAX);
    asm_jcc_to(&e->a, CC_NE, stub->back);
    emit_fp_note(e, &stub->before);
    emit_exit(e, ((const JitRecord *)op->record)->pc + 4, op->left);
}
