/* SPDX-License-Identifier: MIT
 *
 * The routines that fill a site anew: an access did not hit, and the soft TLB may know its page.
 */
#include "cpu/jit/x64/emit.h"

void emit_compare_slot(Emit *e, bool is_store)
{
    Asm *a = &e->a;
    const IrLayout *l = &ir_layout;
    asm_rorx(a, RCX, RAX, l->page_bits - l->tlb_entry_bits);
    asm_ri(a, 0, GROUP_AND, RCX, (int32_t)(((1u << l->tlb_index_bits) - 1) << l->tlb_entry_bits));
    asm_rx(a, OP_CMP | OP_W, RDX, STATE, RCX, 0, field(e, l->tlb + (is_store ? l->tlb_write : l->tlb_read)));
}

void emit_get_addend(Emit *e)
{
    asm_rx(&e->a, OP_LOAD | OP_W, RCX, STATE, RCX, 0, field(e, ir_layout.tlb + ir_layout.tlb_addend));
}

/* The same of a tag with its epoch, which it loses. */
static void compare_slot(Emit *e, bool is_store)
{
    asm_rm(&e->a, OP_XOR | OP_W, RDX, STATE, field(e, ir_layout.tag_epoch));
    emit_compare_slot(e, is_store);
}

/*
 * The site of the record on the stack knows the page from now on, whose addend is in rcx.  ZF: it is to be given up.  An access without a
 * site expected to lie in the window.
 */
static void fill_site(Emit *e)
{
    Asm *a = &e->a;
    asm8(a, 0x50 | RAX);
    asm_rm(a, OP_LOAD | OP_W, RAX, RSP, 8); /* the record */
    asm8(a, 0x50 | RBX);
    asm_rm(a, OP_LOAD | OP_W, RBX, RAX, offsetof(JitRecord, site)); /* never one that wanders: it has looked where this did */
    asm_rr(a, OP_TEST | OP_W, RBX, RBX);
    uint8_t *window = asm_jcc(a, CC_E);
    asm_rm(a, OP_STORE | OP_W, RDX, RBX, offsetof(JitSite, tag));
    asm_rm(a, OP_STORE | OP_W, RCX, RBX, offsetof(JitSite, addend));
    asm8(a, 0x58 | RBX);
    asm_rm(a, OP_LOAD, RDX, RAX, offsetof(JitRecord, last));
    asm_rm(a, OP_STORE, BUDGET, RAX, offsetof(JitRecord, last));
    asm_rr(a, OP_SUB, RDX, BUDGET);
    asm_ri(a, 0, GROUP_CMP, RDX, JIT_SITE_SOON);
    uint8_t *later = asm_jcc(a, CC_A);
    asm_mi(a, OP_66, GROUP_SUB, RAX, offsetof(JitRecord, changes), 1);
    asm_patch(later, a->p);
    asm8(a, 0x58 | RAX);
    uint8_t *end = asm_jump(a);
    asm_patch(window, a->p);
    asm8(a, 0x58 | RBX);
    asm_mi(a, OP_66, GROUP_SUB, RAX, offsetof(JitRecord, changes), 1);
    asm8(a, 0x58 | RAX);
    asm_patch(end, a->p);
}

/* ZF becomes 1, or 0. */
static void found(Emit *e)
{
    asm_rr(&e->a, OP_CMP, RSP, RSP);
    asm8(&e->a, 0xc3);
}

/* rcx: the record of a misaligned access; flags: A if it crosses the end of its page.  The tag loses what says that it is misaligned. */
static void compare_end(Emit *e)
{
    Asm *a = &e->a;
    asm_ri(a, OP_W, GROUP_AND, RDX, -8);
    asm8(a, 0x50 | RAX);
    asm_ri(a, 0, GROUP_AND, RAX, (1 << ir_layout.page_bits) - 1);
    asm_rm(a, OP_ADD, RAX, RCX, offsetof(JitRecord, size));
    asm_ri(a, 0, GROUP_CMP, RAX, 1 << ir_layout.page_bits);
    asm8(a, 0x58 | RAX);
}

/* Forward jumps that all lead to one place; they are patched when the emitter gets there. */
typedef struct Jumps {
    uint8_t *from[12];
    unsigned n;
} Jumps;

static void jump_if(Emit *e, Jumps *jumps, unsigned cc)
{
    jumps->from[jumps->n++] = asm_jcc(&e->a, cc);
}

/* rdx: the physical address's page and flags; eax, on the stack, the address.  rdx becomes where the granule's count is; eax is lost. */
static void find_granule(Emit *e)
{
    Asm *a = &e->a;
    const IrLayout *l = &ir_layout;
    asm_shift(a, OP_W, SHIFT_SHR, RDX, l->page_bits);
    asm_shift(a, OP_W, SHIFT_SHL, RDX, l->page_bits);
    asm_ri(a, 0, GROUP_AND, RAX, (1 << l->page_bits) - 1);
    asm_rr(a, OP_OR | OP_W, RDX, RAX);
    asm_shift(a, OP_W, SHIFT_SHR, RDX, l->granule_bits);
    asm_rr(a, OP_LOAD | OP_W, RAX, RDX);
    asm_shift(a, OP_W, SHIFT_SHR, RAX, l->granule_index_bits);
    asm_rr(a, OP_XOR, RDX, RAX);
    asm_ri(a, 0, GROUP_AND, RDX, (1 << l->granule_index_bits) - 1);
    asm_rm(a, OP_LOAD | OP_W, RAX, STATE, field(e, l->granules));
    asm_rx(a, OP_LEA | OP_W, RDX, RAX, RDX, 3, 0);
}

/*
 * The slot at rcx does not let the store through.  If all that it wants is a count in its granule, that is taken, as granule_take() does,
 * and CF is 1 when this comes back, and ZF 0.  A core that holds a reservation has more to do, and so has one that meets another in a granule.
 */
static void count(Emit *e, Jumps *miss)
{
    Asm *a = &e->a;
    const IrLayout *l = &ir_layout;
    asm_rx(a, OP_CMP | OP_W, RDX, STATE, RCX, 0, field(e, l->tlb + l->tlb_read));
    jump_if(e, miss, CC_NE);
    asm_rx(a, 0xf7, 0, STATE, RCX, 0, field(e, l->tlb + l->tlb_flags)); /* test */
    asm32(a, l->counted);
    jump_if(e, miss, CC_E);
    asm_rm(a, 0x80, GROUP_CMP, STATE, field(e, l->reserve)); /* a byte */
    asm8(a, 0);
    jump_if(e, miss, CC_NE);
    asm_mi(a, 0, GROUP_SUB, STATE, field(e, l->until_sample), 1);
    jump_if(e, miss, CC_S);
    asm_rx(a, OP_LOAD | OP_W, RDX, STATE, RCX, 0, field(e, l->tlb + l->tlb_flags));
    emit_get_addend(e);
    asm8(a, 0x50 | RAX);
    find_granule(e);
    asm8(a, 0x58 | RAX);
    asm8(a, 0xf0); /* lock bts qword [rdx], 0 */
    asm_rm(a, 0xba | OP_0F | OP_W, 5, RDX, 0);
    asm8(a, 0);
    jump_if(e, miss, CC_B);
    asm_rm(a, OP_STORE | OP_W, RDX, STATE, field(e, l->granule));
    asm_ri(a, OP_W, GROUP_ADD, RSP, 8);
    asm_rr(a, OP_TEST | OP_W, RSP, RSP);
    asm8(a, 0xf9); /* stc */
    asm8(a, 0xc3);
}

/*
 * Called with an access whose site does not know the page: eax the address, rdx the tag, rcx the record.  If the soft TLB does, so does the
 * site from now on; rcx is the addend, and ZF is set.  An access that is misaligned gets the addend only.  A store in a page that counts
 * them, if it can be made there, gets the addend, too, and CF is set.
 * Else the interpreter executes the instruction, or, of a group, it comes back with ZF 0.
 */
static void routine_refill(Emit *e, unsigned space, unsigned kind)
{
    Asm *a = &e->a;
    const IrLayout *l = &ir_layout;
    bool group = kind >= JIT_REFILL_GROUP, is_store = kind != JIT_REFILL_LOAD && kind != JIT_REFILL_GROUP;
    Jumps miss = {.n = 0};
    uint8_t *misaligned, *not_in_slot;

    e->jit->routine.refill[space][kind] = emit_here(e);
    asm_rr(a, 0xf6, 0, RDX); /* test dl, 7 */
    asm8(a, 7);
    misaligned = asm_jcc(a, CC_NE);
    asm8(a, 0x50 | RCX);
    compare_slot(e, is_store);
    not_in_slot = asm_jcc(a, CC_NE);
    asm_rm(a, OP_XOR | OP_W, RDX, STATE, field(e, l->tag_epoch));
    emit_get_addend(e);
    fill_site(e);
    jump_if(e, &miss, CC_E);
    asm_mov(a, RDX, RAX);
    asm_shift(a, 0, SHIFT_SHR, RDX, l->page_bits);
    asm_rr(a, 0x69, RDX, RDX); /* imul */
    asm32(a, l->mark_factor);
    asm_shift(a, 0, SHIFT_SHR, RDX, 32 - l->mark_bits);
    asm_rm(a, 0xab | OP_0F, RDX, STATE, field(e, l->data_marks[space])); /* bts */
    asm_ri(a, OP_W, GROUP_ADD, RSP, 8);
    found(e);

    asm_patch(misaligned, a->p);
    compare_end(e);
    asm8(a, 0x50 | RCX);
    jump_if(e, &miss, CC_A);
    compare_slot(e, is_store);
    jump_if(e, &miss, CC_NE);
    emit_get_addend(e);
    asm_ri(a, OP_W, GROUP_ADD, RSP, 8);
    found(e);

    asm_patch(not_in_slot, a->p);
    if (kind == JIT_REFILL_COUNTED)
        count(e, &miss);
    for (unsigned i = 0; i < miss.n; i++)
        asm_patch(miss.from[i], a->p);
    asm8(a, 0x58 | RAX);
    if (!group) {
        asm_mi(a, OP_W, GROUP_CMP, RAX, offsetof(JitRecord, map), 0);
        asm_jcc_to(a, CC_E, emit_routine(e, e->jit->routine.call));
        asm_jump_to(a, emit_routine(e, e->jit->routine.call_mapped));
        return;
    }
    asm_rr(a, OP_TEST | OP_W, RSP, RSP);
    asm8(a, 0xc3);
}

void emit_refill_routines(Emit *e)
{
    for (unsigned i = 0; i < E500_SPACES * JIT_REFILLS; i++)
        routine_refill(e, i / JIT_REFILLS, i % JIT_REFILLS);
}
