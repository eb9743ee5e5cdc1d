/* SPDX-License-Identifier: MIT
 *
 * Accesses to memory: a look at what the access found last (JitSite), and the access.  If that was another page, a look into the soft TLB.
 * What does not hit there either, the interpreter's function of the instruction does as a whole; so nothing of an instruction has been done
 * when it may still fail.
 */
#include "cpu/jit/x64/emit.h"

void emit_address(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    int32_t disp = (int32_t)op->imm;
    Reg base = op->a == IR_NONE ? NO_REG : (Reg)e->map.reg[op->a], index = op->b == IR_NONE ? NO_REG : (Reg)e->map.reg[op->b];

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

static bool is_wide(const IrOp *op)
{
    return op->op == IR_LOAD_WIDE || op->op == IR_STORE_WIDE;
}

static bool is_store(const IrOp *op)
{
    return op->op == IR_STORE || op->op == IR_STORE_WIDE;
}

/* rdx = what tells the page of the address in eax, and that it is aligned */
static void make_tag(Emit *e, unsigned alignment)
{
    asm_mov(&e->a, RDX, RAX);
    asm_ri(&e->a, 0, GROUP_AND, RDX, (int32_t)(-(1u << ir_layout.page_bits) | (alignment - 1)));
    asm_rm(&e->a, OP_OR | OP_W, RDX, STATE, field(e, ir_layout.tag_context));
}

/* A site for the record: that of its instruction in an earlier turn of the loop, or a new one. */
static JitSite *site_of(Emit *e, const JitRecord *record)
{
    JitCode *code = &e->jit->code;

    for (const IrOp *op = e->ir->op; op->record != record; op++) {
        const JitRecord *earlier = op->record;
        if (earlier && earlier->pc == record->pc && earlier->site)
            return earlier->site;
    }
    code->sites -= sizeof(JitSite);
    JitSite *site = (JitSite *)(void *)(code->write + code->sites);
    *site = (JitSite){0};
    return site;
}

/* The site's page, as it was found last. */
static void look_at_site(Emit *e, JitRecord *record, unsigned alignment, Stub *stub)
{
    Asm *a = &e->a;

    record->site = site_of(e, record);
    make_tag(e, alignment);
    with_site(e, OP_CMP | OP_W, RDX, record->site, offsetof(JitSite, tag));
    stub->from = asm_jcc(a, CC_NE);
    with_site(e, OP_LOAD | OP_W, RCX, record->site, offsetof(JitSite, addend));
}

void emit_find_slot(Emit *e, bool is_store, unsigned alignment, Stub *stub)
{
    Asm *a = &e->a;

    asm_mov(a, RDX, RAX);
    asm_ri(a, 0, GROUP_AND, RDX, (int32_t)(-(1u << ir_layout.page_bits) | (alignment - 1)));
    asm_rm(a, OP_OR | OP_W, RDX, STATE, field(e, ir_layout.context));
    emit_compare_slot(e, is_store);
    stub->from = asm_jcc(a, CC_NE);
}

/*
 * The window: no site, no epoch, no alignment, and pages do not matter.  A store looks at the flags of its page and of the next one, which it
 * may reach into.
 */
static void look_into_window(Emit *e, bool is_store, Stub *stub)
{
    Asm *a = &e->a;
    const IrLayout *l = &ir_layout;

    asm_mov(a, RDX, RAX);
    asm_rm(a, OP_SUB, RDX, STATE, field(e, l->window_base));
    asm_rm(a, OP_CMP, RDX, STATE, field(e, l->window_size));
    stub->from = asm_jcc(a, CC_AE);
    if (is_store) {
        asm_shift(a, 0, SHIFT_SHR, RDX, l->page_bits);
        asm_rm(a, OP_LOAD | OP_W, RCX, STATE, field(e, l->window_flags));
        asm_rx(a, 0x83 | OP_66, GROUP_CMP, RCX, RDX, 0, 0);
        asm8(a, 0);
        stub->too = asm_jcc(a, CC_NE);
    }
    asm_rm(a, OP_LOAD | OP_W, RCX, STATE, field(e, l->window_addend));
}

/* rcx = what to add to an address in the page of the one in eax; else to the stub. */
static void look_up(Emit *e, const IrOp *op, unsigned alignment, uint32_t size)
{
    JitRecord *record = op->record;
    Stub *stub = &e->stub[e->n_stubs++];

    *stub = (Stub){.op = op, .before = e->fp};
    record->changes = JIT_SITE_CHANGES;
    record->size = size;
    if (op->flags & IR_WINDOW) {
        look_into_window(e, is_store(op), stub);
    } else if (op->flags & IR_WANDERS) {
        emit_find_slot(e, is_store(op), alignment, stub);
        emit_get_addend(e);
    } else {
        look_at_site(e, record, alignment, stub);
    }
}

/* --- groups --- */

static int32_t group_at(const Emit *e, const IrOp *op)
{
    return field(e, ir_layout.group + 8u * (op->group - 1u));
}

/* rcx = where the group's first byte lies in the host's memory, if all of them lie in one page; else to the stub. */
static void look_up_group(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    Stub *stub = &e->stub[e->n_stubs];

    if (op->mask)
        asm_rm(a, OP_LEA, RAX, emit_use(e, op->a, RAX), (int32_t)op->mask);
    else
        emit_get(e, RAX, op->a);
    look_up(e, op, op->align, UINT32_C(1) << ir_layout.page_bits);
    stub->hit = a->p;
    asm_rm(a, OP_LEA, RDX, RAX, op->span - 1);
    asm_rr(a, OP_XOR, RDX, RAX);
    asm_rr(a, 0xf7, 0, RDX); /* test */
    asm32(a, -(1u << ir_layout.page_bits));
    stub->apart = asm_jcc(a, CC_NE);
    asm_rr(a, OP_ADD | OP_W, RCX, RAX);
    asm_rm(a, OP_STORE | OP_W, RCX, STATE, group_at(e, op));
    e->rcx_group = op->group;
    e->rax_group = 0;
}

/* The register that holds what the first access of the group found.  rcx is kept longer, so rax is for a second group: of copying. */
static Reg use_group(Emit *e, const IrOp *op)
{
    bool by_rax = is_store(op) && !(op->flags & IR_UPDATE) && e->rcx_group;
    if (e->rcx_group == op->group)
        return RCX;
    if (e->rax_group == op->group)
        return RAX;
    *(by_rax ? &e->rax_group : &e->rcx_group) = op->group;
    asm_rm(&e->a, OP_LOAD | OP_W, by_rax ? RAX : RCX, STATE, group_at(e, op));
    return by_rax ? RAX : RCX;
}

/* --- accesses: at [rcx + rax], or of a group at a distance from rcx --- */

static void access_is_at(Emit *e, Reg base, Reg index, int32_t disp)
{
    e->base = base;
    e->index = index;
    e->disp = disp;
}

void emit_memory(Emit *e, unsigned insn, unsigned reg)
{
    asm_rx(&e->a, insn, reg, e->base, e->index, 0, e->disp);
}

static void load(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    bool swap = !(op->flags & IR_REVERSED);
    Reg to = emit_target(e, op->d, RDX);

    switch (op->k) {
    case 0:
        emit_memory(e, OP_MOVZX8, to);
        break;
    case 1:
        emit_memory(e, OP_MOVZX16, to);
        if (swap && !(op->flags & IR_SIGNED)) {
            asm_shift(a, OP_66, SHIFT_ROL, to, 8); /* of 16 bits */
        } else if (swap) {
            asm_opcode(a, 0xc8 | (to & 7) | OP_0F, 0, 0, to, false); /* bswap */
            asm_shift(a, 0, SHIFT_SAR, to, 16);
        }
        break;
    default:
        emit_memory(e, swap ? OP_MOVBE_LOAD : OP_LOAD, to);
        break;
    }
    emit_put(e, op->d, to);
}

static void store(Emit *e, const IrOp *op)
{
    bool swap = !(op->flags & IR_REVERSED);
    Reg from = emit_use(e, op->d, RDX);

    if (op->k == 0)
        emit_memory(e, 0x88 | OP_BYTE, from);
    else
        emit_memory(e, (swap ? OP_MOVBE_STORE : OP_STORE) | (op->k == 1 ? OP_66 : 0), from);
}

static void access_at(Emit *e, const IrOp *op, Stub *stub)
{
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
}

/* eax = the address of a member that leaves it in its base register; where its group is stays at hand. */
static void address_of_member(Emit *e, const IrOp *op)
{
    if (e->base == RAX) {
        asm_rr(&e->a, OP_LOAD | OP_W, RCX, RAX);
        e->rcx_group = e->rax_group;
        e->base = RCX;
    }
    e->rax_group = 0;
    emit_address(e, op);
}

void emit_access(Emit *e, const IrOp *op)
{
    Stub *stub = &e->stub[e->n_stubs];

    if (op->group) {
        if (op->flags & IR_GROUP_FIRST)
            look_up_group(e, op);
        access_is_at(e, use_group(e, op), NO_REG, op->at);
        if (op->flags & IR_UPDATE)
            address_of_member(e, op);
    } else {
        emit_address(e, op);
        access_is_at(e, RCX, RAX, 0);
        look_up(e, op, 1u << op->k, is_wide(op) ? UINT32_C(1) << ir_layout.page_bits : 1u << op->k);
        stub->hit = e->a.p;
    }
    access_at(e, op, stub);
    if (!op->group)
        e->rcx_group = e->rax_group = 0;
    if (op->flags & IR_UPDATE)
        emit_put(e, op->a, RAX);
    stub->back = e->a.p;
    stub->after = e->fp;
}

/* --- out of line --- */

/* A number that is converted on its way may have to be executed as a whole after all. */
static bool may_be_counted(const IrOp *op)
{
    return op->op == IR_STORE || (op->op == IR_STORE_WIDE && (op->k == 3 || op->flags & (IR_WORD | IR_PAIR)));
}

static unsigned refill_kind(const IrOp *op)
{
    if (op->group)
        return is_store(op) ? JIT_REFILL_GROUP_STORE : JIT_REFILL_GROUP;
    return !is_store(op) ? JIT_REFILL_LOAD : may_be_counted(op) ? JIT_REFILL_COUNTED : JIT_REFILL_STORE;
}

/* The store, while its granule is held, which is released behind it. */
static void counted_store(Emit *e, Stub *stub)
{
    const IrOp *op = stub->op;
    EmitFp now = e->fp;

    e->fp = stub->before;
    access_is_at(e, RCX, RAX, 0);
    access_at(e, op, stub);
    e->fp = now;
    asm_rm(&e->a, OP_LOAD | OP_W, RDX, STATE, field(e, ir_layout.granule));
    asm_mi(&e->a, OP_W, GROUP_ADD, RDX, 0, 1);
    if (op->flags & IR_UPDATE)
        emit_put(e, op->a, RAX);
    asm_jump_to(&e->a, stub->back);
}

void emit_access_stub(Emit *e, Stub *stub)
{
    const IrOp *op = stub->op;
    EmitFp before = stub->before;

    if (stub->too)
        asm_patch(stub->too, e->a.p);
    emit_fp_note(e, &stub->before);
    if (op->flags & IR_WINDOW)
        make_tag(e, op->group ? op->align : 1u << op->k);
    else if (op->flags & IR_WANDERS) /* the routine takes a tag with its epoch */
        asm_rm(&e->a, OP_XOR | OP_W, RDX, STATE, field(e, ir_layout.tag_epoch));
    asm_set64(&e->a, RCX, (uintptr_t)op->record);
    emit_call_routine(e, e->jit->routine.refill[e->ir->space][refill_kind(op)]);
    asm_jcc_to(&e->a, CC_E, stub->hit);
    uint8_t *counted = refill_kind(op) == JIT_REFILL_COUNTED ? asm_jcc(&e->a, CC_B) : NULL;
    if (op->group) {
        asm_patch(stub->apart, e->a.p);
        emit_fp_note(e, &before);
        emit_exit_apart(e, ((const JitRecord *)op->record)->pc, op->left + 1u);
        return;
    }
    emit_fp_reload(e, &stub->after);
    asm_jump_to(&e->a, stub->back);
    if (counted) {
        asm_patch(counted, e->a.p);
        counted_store(e, stub);
    }
    if (stub->also) {
        asm_patch(stub->also, e->a.p);
        emit_wide_again(e, stub);
        emit_fp_note(e, &before);
        emit_call_record(e, op->record);
        emit_fp_reload(e, &stub->after);
        asm_jump_to(&e->a, stub->back);
    }
}

/* --- a cache line becomes zero --- */

/* Where the page is not cacheable, it is an interrupt. */
void emit_zero(Emit *e, const IrOp *op)
{
    Asm *a = &e->a;
    const IrLayout *l = &ir_layout;
    Stub *stub = &e->stub[e->n_stubs++];

    emit_address(e, op);
    asm_ri(a, 0, GROUP_AND, RAX, -(1 << op->k));
    *stub = (Stub){.op = op, .before = e->fp, .after = e->fp};
    emit_find_slot(e, true, 1, stub);
    asm_rx(a, 0xf7, 0, STATE, RCX, 0, field(e, l->tlb + l->tlb_flags)); /* test */
    asm32(a, l->uncached);
    stub->apart = asm_jcc(a, CC_NE);
    emit_get_addend(e);
    asm_rr(a, OP_XOR, RDX, RDX);
    for (int at = 0; at < 1 << op->k; at += 8)
        asm_rx(a, OP_STORE | OP_W, RDX, RCX, RAX, 0, at);
    stub->back = a->p;
}

void emit_whole_stub(Emit *e, Stub *stub)
{
    if (stub->apart)
        asm_patch(stub->apart, e->a.p);
    emit_fp_note(e, &stub->before);
    emit_call_record(e, stub->op->record);
    emit_fp_reload(e, &stub->after);
    asm_jump_to(&e->a, stub->back);
}
