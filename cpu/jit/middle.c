/* SPDX-License-Identifier: MIT
 *
 * What is done to a block between front and emitter, and where the emitter finds the state.
 */
#include "cpu/e500/bits.h"
#include "cpu/e500/granule.h"
#include "cpu/e500/softfp.h"
#include "cpu/jit/front.h"

/* --- conditions that nothing reads --- */

static bool reads_condition(const IrOp *op, unsigned n)
{
    return (op->op == IR_SEL && op->k / 4 == n) || (op->op == IR_CMOVE && op->a == n) || op->op == IR_CR_GET || op->op == IR_CR_BIT;
}

/* Made anew before it is read, and before anything could leave the block: then all that is outside would see the later one. */
static bool is_dead(const IrBlock *b, unsigned at)
{
    unsigned n = b->op[at].k;
    for (unsigned i = at + 1; i < b->n; i++) {
        const IrOp *op = &b->op[i];
        if (ir_may_leave(op) || reads_condition(op, n))
            return false;
        if (op->op == IR_CMP && op->k == n)
            return true;
    }
    return false;
}

void ir_simplify(IrBlock *b)
{
    unsigned n = 0;
    for (unsigned i = 0; i < b->n; i++)
        if (b->op[i].op != IR_CMP || !is_dead(b, i))
            b->op[n++] = b->op[i];
    b->n = n;
}

/* --- homes that nothing reads: addresses of a group's members, which need none --- */

/* Changes nothing but the home that it writes. */
static bool is_plain(const IrOp *op)
{
    return op->op <= IR_EXT16 && op->op != IR_SAR;
}

/* Homes that are written behind op before anything reads them or could leave the block, from those before which the same is so. */
uint64_t ir_dead_before(const IrOp *op, uint64_t dead)
{
    return ir_may_leave(op) ? 0 : (dead | ir_writes(op)) & ~ir_reads(op);
}

void ir_drop_dead(IrBlock *b)
{
    uint64_t dead = 0;
    unsigned n = b->n;
    for (unsigned i = b->n; i-- > 0;)
        if (is_plain(&b->op[i]) && !(ir_writes(&b->op[i]) & ~dead))
            b->op[i].op = IR_OPS; /* it goes below */
        else
            dead = ir_dead_before(&b->op[i], dead);
    b->n = 0;
    for (unsigned i = 0; i < n; i++)
        if (b->op[i].op != IR_OPS)
            b->op[b->n++] = b->op[i];
}

/* --- layout --- */

#define S(member) ((uint32_t)offsetof(E500, s.member))
#define GPR(n)    ((uint32_t)(offsetof(E500, s.gpr[n]) + offsetof(E500Gpr, w)))
#define GPR4(n)   GPR(n), GPR(n + 1), GPR(n + 2), GPR(n + 3)
#define FPR(n)    S(fpr[n])
#define FPR4(n)   FPR(n), FPR(n + 1), FPR(n + 2), FPR(n + 3)
#define WORD(n)   ((uint32_t)(offsetof(E500, engine) + 8 * JIT_WORD_##n))

#if HAVE_JIT /* as the numbers below say */
G_STATIC_ASSERT(sizeof(E500SoftTlb) == 32 && E500_SOFT_TLB_SIZE == 1024);
#endif

const IrLayout ir_layout = {
    .homes = HOMES,
    .home = {GPR4(0), GPR4(4), GPR4(8), GPR4(12), GPR4(16), GPR4(20), GPR4(24), GPR4(28), S(lr), S(ctr)},
    .wide_home = {FPR4(0), FPR4(4), FPR4(8), FPR4(12), FPR4(16), FPR4(20), FPR4(24), FPR4(28)},
    .group = WORD(GROUPS),
    .pc = S(pc),
    .carry = S(ca),
    .done = offsetof(E500, done),
    .limit = offsetof(E500, limit),
    .limit_at_entry = WORD(LIMIT),
    .conditions = WORD(CONDITIONS),
    .context = offsetof(E500, ctx_data),
    .link = WORD(LINK),
    .stack = WORD(STACK),
    .status = S(fpscr),
    .status_plain = FPSCR_CONTROL | FPSCR_FEX | FPSCR_VX | FPSCR_VX_CAUSES | FPSCR_RESERVED,
    .status_set = FPSCR_XX,
    .note = WORD(NOTE),
    .note_operand = {WORD(NOTE_A), WORD(NOTE_B), WORD(NOTE_C)},
    .note_compared = WORD(NOTE_COMPARED),
    .note_converted = WORD(NOTE_CONVERTED),
    .targets = WORD(TARGETS),
    .target_tag = WORD(TARGET_TAG),
    .tag_context = WORD(TAG),
    .tag_epoch = WORD(EPOCH),
    .data_marks = {offsetof(E500, kept_data[0].marks), offsetof(E500, kept_data[1].marks)},
    .mark_factor = E500_MARK_FACTOR,
    .mark_bits = E500_MARK_BITS,
    .tlb = offsetof(E500, soft_tlb),
    .tlb_read = offsetof(E500SoftTlb, tag_read),
    .tlb_write = offsetof(E500SoftTlb, tag_write),
    .tlb_addend = offsetof(E500SoftTlb, addend),
    .tlb_flags = offsetof(E500SoftTlb, gpa_flags),
    .window_base = offsetof(E500, window.base),
    .window_size = offsetof(E500, window.size),
    .window_addend = offsetof(E500, window.addend),
    .window_flags = offsetof(E500, window.flags),
    .uncached = MAS2_I | MAS2_W,
    .counted = SLOT_COUNTED,
    .granules = WORD(GRANULES),
    .granule = WORD(GRANULE),
    .nowhere = WORD(NOWHERE),
    .reserve = offsetof(E500, reserve),
    .reserve_gpa = offsetof(E500, reserve_gpa),
    .reserve_value = offsetof(E500, reserve_value),
    .enabled = S(msr),
    .enabled_bit = MSR_EE,
    .until_sample = offsetof(E500, until_sample),
    .granule_bits = E500_GRANULE_BITS,
    .granule_index_bits = E500_GRANULE_INDEX_BITS,
    .tlb_index_bits = 10,
    .tlb_entry_bits = 5,
    .page_bits = E500_PAGE_BITS,
    .n_order = 16,
    .order = {9, 10, 3, 4, 1, 31, 5, 6, 8, 7, 0, 30, 29, 11, 28, 27},
};
