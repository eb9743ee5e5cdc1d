/* SPDX-License-Identifier: MIT
 *
 * A block from the middle language to x86-64, and the routines that all blocks share.
 */
#include "cpu/jit/x64/emit.h"

#include <cpuid.h>

static const uint8_t pin_regs[] = {RBX, RSI, RDI, R8, R9, R10, R11, R12, R13, R14};
const unsigned jit_pins = sizeof(pin_regs);

/* By CPUID itself: not every compiler's __builtin_cpu_supports() knows these names. */
bool jit_host_supported(void)
{
    enum { ABM = 1 << 5 }; /* has lzcnt */
    unsigned a, b, c, d;
    bool movbe = __get_cpuid(1, &a, &b, &c, &d) && c & bit_MOVBE;
    bool bmi2 = __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_BMI2;
    bool lzcnt = __get_cpuid(0x80000001, &a, &b, &c, &d) && c & ABM;
    return movbe && bmi2 && lzcnt;
}

void emit_begin(Emit *e, Jit *jit)
{
    e->jit = jit;
    e->a.p = jit->code.write + jit->code.used;
    e->bias = (int32_t)ir_layout.home[0] + 128;
    memset(e->pin, NO_REG, sizeof(e->pin));
    for (unsigned i = 0; i < jit_pins; i++)
        e->pin[ir_layout.order[i]] = pin_regs[i];
    e->flags_hold = e->rax_holds = -1;
    e->rcx_group = e->rax_group = 0;
    e->n_stubs = 0;
    emit_fp_begin(e);
}

uint8_t *emit_routine(const Emit *e, const uint8_t *execute)
{
    return e->jit->code.write + (execute - e->jit->code.execute);
}

/* --- homes --- */

Reg emit_use(Emit *e, unsigned home, Reg spare)
{
    if (e->pin[home] != NO_REG)
        return e->pin[home];
    asm_rm(&e->a, OP_LOAD, spare, STATE, home_at(e, home));
    return spare;
}

void emit_get(Emit *e, Reg to, unsigned home)
{
    if (e->pin[home] != NO_REG)
        asm_mov(&e->a, to, e->pin[home]);
    else
        asm_rm(&e->a, OP_LOAD, to, STATE, home_at(e, home));
}

void emit_put(Emit *e, unsigned home, Reg from)
{
    if (e->pin[home] != NO_REG)
        asm_mov(&e->a, e->pin[home], from);
    else
        asm_rm(&e->a, OP_STORE, from, STATE, home_at(e, home));
}

void emit_alu(Emit *e, unsigned op, Reg reg, unsigned home)
{
    if (e->pin[home] != NO_REG)
        asm_rr(&e->a, op, reg, e->pin[home]);
    else
        asm_rm(&e->a, op, reg, STATE, home_at(e, home));
}

Reg emit_target(const Emit *e, unsigned home, Reg spare)
{
    return e->pin[home] != NO_REG ? (Reg)e->pin[home] : spare;
}

void emit_spill(Emit *e)
{
    for (unsigned i = 0; i < jit_pins; i++)
        asm_rm(&e->a, OP_STORE, pin_regs[i], STATE, home_at(e, ir_layout.order[i]));
}

void emit_reload(Emit *e)
{
    for (unsigned i = 0; i < jit_pins; i++)
        asm_rm(&e->a, OP_LOAD, pin_regs[i], STATE, home_at(e, ir_layout.order[i]));
}

/* --- routines --- */

static const uint8_t *here(const Emit *e)
{
    return e->jit->code.execute + (e->a.p - e->jit->code.write);
}

static const uint8_t saved[] = {RBX, RBP, R12, R13, R14, R15};

static void get_budget(Emit *e)
{
    asm_rm(&e->a, OP_LOAD, BUDGET, STATE, field(e, ir_layout.limit_at_entry));
    asm_rm(&e->a, OP_SUB, BUDGET, STATE, field(e, ir_layout.done));
}

/* enter(base, code).  Inside of code the stack is aligned for a call. */
static void routine_enter(Emit *e)
{
    Asm *a = &e->a;
    for (unsigned i = 0; i < sizeof(saved); i++)
        asm_opcode(a, 0x50 | (saved[i] & 7), 0, 0, saved[i], false);
    asm_ri(a, OP_W, GROUP_SUB, RSP, 8);
    asm_rm(a, OP_LEA | OP_W, STATE, RDI, e->bias);
    asm_rr(a, OP_LOAD | OP_W, RAX, RSI);
    get_budget(e);
    emit_reload(e);
    asm_rr(a, 0xff, 4, RAX);
}

/* eax: the reason; pc is in its place */
static void routine_leave(Emit *e)
{
    Asm *a = &e->a;
    e->jit->routine.leave = here(e);
    emit_spill(e);
    asm_rm(a, OP_LOAD, RCX, STATE, field(e, ir_layout.limit_at_entry));
    asm_rr(a, OP_SUB, RCX, BUDGET);
    asm_rm(a, OP_STORE, RCX, STATE, field(e, ir_layout.done));
    e->jit->routine.leave_canonical = here(e);
    asm_ri(a, OP_W, GROUP_ADD, RSP, 8);
    for (unsigned i = sizeof(saved); i-- > 0;)
        asm_opcode(a, 0x58 | (saved[i] & 7), 0, 0, saved[i], false);
    asm8(a, 0xc3);
}

static void leave_with(Emit *e, JitReason reason, const uint8_t *where)
{
    asm_set(&e->a, RAX, reason);
    asm_jump_to(&e->a, emit_routine(e, where));
}

/* eax: the pc whose block is not in the table of targets */
static void routine_lookup(Emit *e)
{
    e->jit->routine.lookup = here(e);
    asm_rm(&e->a, OP_STORE, RAX, STATE, field(e, ir_layout.pc));
    leave_with(e, JIT_LOOKUP, e->jit->routine.leave);
}

/* rax: a JitLink that leads nowhere yet */
static void routine_unlinked(Emit *e)
{
    e->jit->routine.unlinked = here(e);
    asm_rm(&e->a, OP_STORE | OP_W, RAX, STATE, field(e, ir_layout.link));
    leave_with(e, JIT_LINK, e->jit->routine.leave);
}

/* Called; rax: a JitRecord.  Comes back, with ZF 0, if the block goes on (JitNext). */
static void routine_call(Emit *e)
{
    Asm *a = &e->a;
    e->jit->routine.call = here(e);
    emit_spill(e);
    asm_rr(a, OP_LOAD | OP_W, RSI, RAX);
    asm_rm(a, OP_LEA | OP_W, RDI, STATE, -e->bias);
    asm_mov(a, RDX, BUDGET);
    asm_ri(a, OP_W, GROUP_SUB, RSP, 8);
    asm_set64(a, RAX, (uintptr_t)jit_exec);
    asm_rr(a, 0xff, 2, RAX);
    asm_ri(a, OP_W, GROUP_ADD, RSP, 8);
    asm_ri(a, 0, GROUP_CMP, RAX, JIT_GO_ON);
    uint8_t *other = asm_jcc(a, CC_NE);
    emit_reload(e);
    asm_rr(a, OP_TEST | OP_W, RSP, RSP); /* ZF is 0 */
    asm8(a, 0xc3);
    asm_patch(other, a->p);
    asm_rm(a, OP_LEA | OP_W, RSP, RSP, 8); /* where it was called from */
    uint8_t *go_to = asm_jcc(a, CC_A);
    leave_with(e, JIT_ENDED, e->jit->routine.leave_canonical);
    asm_patch(go_to, a->p);
    get_budget(e);
    emit_reload(e);
    asm_rm(a, OP_LOAD, RAX, STATE, field(e, ir_layout.pc));
    emit_to_target(e);
}

/* Called; rax: a function of the conditions and of edx, which changes no home.  Its result is in eax. */
static void routine_leaf(Emit *e)
{
    static const uint8_t kept[] = {RSI, RDI, R8, R9, R10, R11};
    Asm *a = &e->a;
    e->jit->routine.leaf = here(e);
    for (unsigned i = 0; i < sizeof(kept); i++)
        asm_opcode(a, 0x50 | (kept[i] & 7), 0, 0, kept[i], false);
    asm_ri(a, OP_W, GROUP_SUB, RSP, 8);
    asm_rm(a, OP_LEA | OP_W, RDI, STATE, field(e, ir_layout.conditions));
    asm_mov(a, RSI, RDX);
    asm_rr(a, 0xff, 2, RAX);
    asm_ri(a, OP_W, GROUP_ADD, RSP, 8);
    for (unsigned i = sizeof(kept); i-- > 0;)
        asm_opcode(a, 0x58 | (kept[i] & 7), 0, 0, kept[i], false);
    asm8(a, 0xc3);
}

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

/* The site of the record in rcx knows the page from now on; rcx becomes the addend.  ZF: it is to be given up. */
static void fill_site(Emit *e)
{
    Asm *a = &e->a;
    asm8(a, 0x50 | RAX);
    asm_rm(a, OP_LOAD | OP_W, RAX, RSP, 8); /* the record */
    asm8(a, 0x50 | RBX);
    asm_rm(a, OP_LOAD | OP_W, RBX, RAX, offsetof(JitRecord, site)); /* never one that wanders: it has looked where this did */
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

    e->jit->routine.refill[space][kind] = here(e);
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
        asm_jump_to(a, emit_routine(e, e->jit->routine.call));
        return;
    }
    asm_rr(a, OP_TEST | OP_W, RSP, RSP);
    asm8(a, 0xc3);
}

static void finish(Emit *e)
{
    Jit *jit = e->jit;
    jit->code.used = ((size_t)(e->a.p - jit->code.write) + 15) & ~(size_t)15;
}

void jit_emit_routines(Jit *jit)
{
    g_autofree Emit *e = g_new0(Emit, 1);
    emit_begin(e, jit);
    emit_fp_constants(e);
    memcpy(&jit->routine.enter, &(const uint8_t *){here(e)}, sizeof(jit->routine.enter));
    routine_enter(e);
    routine_leave(e);
    routine_lookup(e);
    routine_unlinked(e);
    routine_call(e);
    routine_leaf(e);
    for (unsigned i = 0; i < E500_SPACES * JIT_REFILLS; i++)
        routine_refill(e, i / JIT_REFILLS, i % JIT_REFILLS);
    finish(e);
}

/* --- blocks --- */

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
    leave_with(e, JIT_LIMIT, e->jit->routine.leave);
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
    return e->pin[op->d] != NO_REG && (op->a == IR_NONE || e->pin[op->a] != NO_REG) &&
           (op->b == IR_NONE || e->pin[op->b] != NO_REG);
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
        e->rcx_group = 0;
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
    case IR_CALL:
        emit_fp_note(e, &e->fp);
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
        emit_exit(e, op->imm, op->left);
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

static void emit_stub(Emit *e, Stub *stub)
{
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

enum { ROOM = 1 << 16 }; /* no block is longer */

const uint8_t *jit_emit(Jit *jit, JitBlock *b)
{
    Emit e;
    uint8_t *out[2];

    if (jit->code.sites - jit->code.used < ROOM)
        return NULL;
    e.block = b;
    e.ir = &jit->ir;
    emit_begin(&e, jit);
    const uint8_t *code = here(&e);
    head(&e, out);
    for (unsigned i = 0; i < e.ir->n; i++)
        emit_op(&e, &e.ir->op[i]);
    for (unsigned i = 0; i < e.n_stubs; i++) {
        emit_stub(&e, &e.stub[i]);
    }
    head_stub(&e, out);
    finish(&e);
    return code;
}

void jit_emit_link(JitLink *link, const uint8_t *code, const JitCode *memory)
{
    asm_patch(link->patch, code ? memory->write + (code - memory->execute) : link->patch + 4);
}
