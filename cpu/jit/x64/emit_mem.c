/* SPDX-License-Identifier: MIT
 *
 * Accesses to memory: a look at what the access found last (JitSite), and the access.  If that was another page, a look into the soft TLB.
 * What does not hit there either, the interpreter's function of the instruction does as a whole; so nothing of an instruction has been done
 * when it may still fail.
 */
#include "cpu/jit/x64/emit.h"

/* eax = the address */
static void address(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    int32_t disp = (int32_t)op->imm;
    Reg base = op->a == IR_NONE ? NO_REG : (Reg)e->pin[op->a], index = op->b == IR_NONE ? NO_REG : (Reg)e->pin[op->b];

    if (op->a == IR_NONE && op->b == IR_NONE) {
        asm_set(a, RAX, op->imm);
    } else if (op->b == IR_NONE || op->a == IR_NONE) {
        Reg only = op->b == IR_NONE ? base : index;
        if (only != NO_REG && disp) {
            asm_rm(a, OP_LEA, RAX, only, disp);
        } else {
            emit_get(e, RAX, op->b == IR_NONE ? op->a : op->b);
            if (disp)
                asm_ri(a, 0, GROUP_ADD, RAX, disp);
        }
    } else if (base != NO_REG && index != NO_REG) {
        asm_rx(a, OP_LEA, RAX, base, index, 0, 0);
    } else {
        emit_get(e, RAX, op->a);
        emit_alu(e, OP_ADD, RAX, op->b);
    }
}

/* op reg, [site + offset], at a fixed distance from the code */
static void with_site(Emit *e, unsigned op, Reg reg, const JitSite *site, size_t offset)
{
    asm_opcode(&e->a, op, reg, 0, 0, false);
    asm8(&e->a, (reg & 7) << 3 | 5);
    const uint8_t *at = (const uint8_t *)site + offset;
    asm32(&e->a, (uint32_t)(at - (e->a.p + 4)));
}

static bool is_store(const IrOp *op)
{
    return op->op == IR_STORE || op->op == IR_STORE_WIDE;
}

/* rcx = what to add to the address in eax; else to the stub */
static void look_up(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    const IrLayout *l = &ir_layout;
    JitCode *code = &e->jit->code;

    code->sites -= sizeof(JitSite);
    JitSite *site = (JitSite *)(void *)(code->write + code->sites);
    JitRecord *record = op->record;
    *site = (JitSite){.left = JIT_SITE_CHANGES, .is_store = is_store(op)};
    record->site = site;
    asm_mov(a, RDX, RAX);
    asm_ri(a, 0, GROUP_AND, RDX, -(1 << l->page_bits) | ((1 << op->k) - 1));
    asm_rm(a, OP_OR | OP_W, RDX, STATE, field(e, l->tag_context));
    with_site(e, OP_CMP | OP_W, RDX, site, offsetof(JitSite, tag));
    record->jump = a->p;
    e->stub[e->n_stubs++] = (Stub){.from = asm_jcc(a, CC_NE), .op = op, .before = e->fp};
    with_site(e, OP_LOAD | OP_W, RCX, site, offsetof(JitSite, addend));
}

static void load(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    bool swap = !(op->flags & IR_REVERSED);
    Reg to = emit_target(e, op->d, RDX);

    switch (op->k) {
    case 0:
        asm_rx(a, OP_MOVZX8, to, RCX, RAX, 0, 0);
        break;
    case 1:
        asm_rx(a, OP_MOVZX16, to, RCX, RAX, 0, 0);
        if (swap) {
            asm_opcode(a, 0xc8 | (to & 7) | OP_0F, 0, 0, to, false); /* bswap */
            asm_shift(a, 0, op->flags & IR_SIGNED ? SHIFT_SAR : SHIFT_SHR, to, 16);
        }
        break;
    default:
        asm_rx(a, swap ? OP_MOVBE_LOAD : OP_LOAD, to, RCX, RAX, 0, 0);
        break;
    }
    emit_put(e, op->d, to);
}

static void store(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    bool swap = !(op->flags & IR_REVERSED);
    Reg from = emit_use(e, op->d, RDX);

    if (op->k == 0)
        asm_rx(a, 0x88 | OP_BYTE, from, RCX, RAX, 0, 0);
    else
        asm_rx(a, (swap ? OP_MOVBE_STORE : OP_STORE) | (op->k == 1 ? OP_66 : 0), from, RCX, RAX, 0, 0);
}

void emit_access(Emit *e, const IrOp *op)
{
    Stub *stub = &e->stub[e->n_stubs];

    address(e, op);
    look_up(e, op);
    stub->hit = e->a.p;
    switch (op->op) {
    case IR_LOAD:
        load(e, op);
        break;
    case IR_STORE:
        store(e, op);
        break;
    case IR_LOAD_WIDE:
        emit_wide_load(e, op, stub);
        break;
    default:
        emit_wide_store(e, op, stub);
        break;
    }
    if (op->flags & IR_UPDATE)
        emit_put(e, op->a, RAX);
    stub->back = e->a.p;
    stub->after = e->fp;
}

void emit_access_stub(Emit *e, Stub *stub)
{
    JitRecord *record = stub->op->record;
    asm_set64(&e->a, RCX, (uintptr_t)record->site);
    emit_call_routine(e, e->jit->routine.refill[record->site->is_store]);
    record->call = e->a.p - 4;
    asm_jcc_to(&e->a, CC_E, stub->hit);
    if (stub->also) {
        uint8_t *call = asm_jump(&e->a);
        asm_patch(stub->also, e->a.p);
        emit_wide_again(e, stub);
        asm_patch(call, e->a.p);
    }
    emit_fp_note(e, &stub->before);
    emit_call_record(e, stub->op->record);
    emit_fp_reload(e, &stub->after);
    asm_jump_to(&e->a, stub->back);
}

/* The page of the access is another one most of the time: the jump becomes one without a condition, and the site is left alone. */
void jit_emit_give_up(const Jit *jit, const JitRecord *record)
{
    const uint8_t *look = jit->routine.look[record->site->is_store];
    record->jump[0] = 0x90; /* nop, jmp instead of jne */
    record->jump[1] = 0xe9;
    asm_patch(record->call, jit->code.write + (look - jit->code.execute));
    record->site->left = JIT_SITE_CHANGES;
}
