/* SPDX-License-Identifier: MIT
 *
 * Conditions that are made when somebody wants them.  Most comparisons are followed by a branch, and made anew before anything else looks: the
 * comparison is the host's, next to the branch, and the condition is never put in its place.  Where a block is left earlier, its stub does that,
 * or C does (JitLate).  So it is with the carry of additions of a constant, which their result and the constant tell.
 */
#include "cpu/jit/x64/emit.h"

enum { BIT_LT, BIT_GT, BIT_EQ, BIT_SO };

static uint64_t bit_of(unsigned home)
{
    return home == IR_NONE ? 0 : UINT64_C(1) << home;
}

/* The homes that tell what it is. */
static uint64_t operands(const IrOp *by)
{
    return by->op == IR_CMP ? bit_of(by->a) | (by->flags & IR_IMM ? 0 : bit_of(by->b)) : bit_of(by->d);
}

static bool makes_carry(const IrOp *op)
{
    return op->op == IR_ADDC || op->op == IR_SAR;
}

static bool makes(const IrOp *op, unsigned n)
{
    return n == LATE_CARRY ? makes_carry(op) : op->op == IR_CMP && op->k == n;
}

/* By something else than a test of one of its bits. */
static bool reads(const IrOp *op, unsigned n)
{
    if (n == LATE_CARRY)
        return (op->op == IR_ADDC && op->flags & IR_CIN) || op->op == IR_CALL;
    switch (op->op) {
    case IR_CMOVE:
        return op->a == n || op->d == n;
    case IR_FCMP:
    case IR_PCMP:
        return op->k == n;
    case IR_CR_SET:
        return op->mask & 0x80u >> n;
    case IR_STORE_RESERVED:
        return n == 0;
    case IR_CR_GET:
    case IR_CR_BIT:
    case IR_CALL:
        return true;
    default:
        return false;
    }
}

static bool tests(const IrOp *op, unsigned n)
{
    return n != LATE_CARRY && op->k / 4 == n && (op->op == IR_SEL || (op->op == IR_EXIT_IF && !(op->flags & IR_COUNT)));
}

static const IrOp *end_of(const Emit *e)
{
    return e->ir->op + e->ir->n;
}

/* Behind op it is made anew before anything reads it or may leave the block. */
static bool is_dead_behind(const Emit *e, const IrOp *op, unsigned n)
{
    while (++op < end_of(e)) {
        if (ir_may_leave(op) || reads(op, n) || tests(op, n))
            return false;
        if (makes(op, n))
            return true;
    }
    return false;
}

/* A way out that counts has counted when its stub begins. */
static bool counts_in(const IrOp *op, uint64_t homes)
{
    return op->op == IR_EXIT_IF && ir_writes(op) & homes;
}

bool emit_late_pays(const Emit *e, const IrOp *by)
{
    unsigned n = by->op == IR_CMP ? by->k : LATE_CARRY;
    uint64_t homes = operands(by);

    if (e->ir->so && n != LATE_CARRY)
        return false;
    for (const IrOp *op = by + 1; op < end_of(e); op++) {
        if (reads(op, n) || (tests(op, n) && op->k % 4 == BIT_SO) || emit_ends_part(op) || counts_in(op, homes))
            return false;
        if (makes(op, n))
            return true;
        if (ir_writes(op) & homes)
            return is_dead_behind(e, op, n);
    }
    return false;
}

uint64_t emit_late_homes(const Emit *e)
{
    uint64_t homes = 0;
    for (unsigned n = 0; n < LATES; n++)
        homes |= e->late.by[n] ? operands(e->late.by[n]) : 0;
    return homes;
}

/* --- putting them in their place --- */

static void put_carry(Emit *e, const IrOp *by)
{
    unsigned cc = by->flags & IR_NOT_A ? CC_BE : CC_B;
    asm_ri(&e->a, 0, GROUP_CMP, emit_use(e, by->d, RAX), (int32_t)by->imm);
    asm_rm(&e->a, (0x90 | cc) | OP_0F, 0, STATE, field(e, ir_layout.carry)); /* setcc */
}

static void put(Emit *e, unsigned n)
{
    const IrOp *by = e->late.by[n];
    if (n == LATE_CARRY) {
        put_carry(e, by);
    } else {
        emit_make_condition(e, by);
        asm_rm(&e->a, OP_STORE | OP_W, RAX, STATE, field(e, ir_layout.conditions + 8u * n));
    }
    e->late.by[n] = NULL;
    e->flags_hold = e->rax_holds = -1;
    e->rcx_group = e->rax_group = 0;
}

void emit_late_settle(Emit *e)
{
    for (unsigned n = 0; n < LATES; n++)
        if (e->late.by[n])
            put(e, n);
}

void emit_late_after(Emit *e, const IrOp *op)
{
    for (unsigned n = 0; n < LATES; n++) {
        const IrOp *by = e->late.by[n];
        if (by && by != op && (ir_writes(op) & operands(by) || makes(op, n)))
            e->late.by[n] = NULL;
    }
}

/* --- testing one of their bits --- */

unsigned emit_late_test(Emit *e, unsigned k)
{
    static const uint8_t cc_signed[] = {[BIT_LT] = CC_L, [BIT_GT] = CC_G, [BIT_EQ] = CC_E};
    static const uint8_t cc_unsigned[] = {[BIT_LT] = CC_B, [BIT_GT] = CC_A, [BIT_EQ] = CC_E};
    int n = (int)k / 4;
    const IrOp *by = e->late.by[n];

    if (e->flags_hold != n) {
        if (!(by->flags & IR_IMM))
            emit_alu(e, OP_CMP, emit_use(e, by->a, RAX), by->b);
        else if (e->map.reg[by->a] == NO_REG)
            asm_mi(&e->a, 0, GROUP_CMP, STATE, home_at(e, by->a), (int32_t)by->imm);
        else if (by->imm)
            asm_ri(&e->a, 0, GROUP_CMP, e->map.reg[by->a], (int32_t)by->imm);
        else
            asm_rr(&e->a, OP_TEST, e->map.reg[by->a], e->map.reg[by->a]);
        e->flags_hold = n;
        e->rax_holds = -1;
        e->rax_group = 0;
    }
    return (by->flags & IR_SIGNED ? cc_signed : cc_unsigned)[k % 4];
}

/* --- for C --- */

unsigned emit_late_map(const Emit *e, JitLate *late)
{
    unsigned count = 0;
    for (unsigned n = 0; n < LATES; n++) {
        const IrOp *by = e->late.by[n];
        if (!by)
            continue;
        bool carry = n == LATE_CARRY, immediate = by->flags & IR_IMM;
        late[count++] = (JitLate){
            .k = (uint8_t)n,
            .flags = (uint8_t)((immediate ? LATE_IMM : 0) | (carry && by->flags & IR_NOT_A ? LATE_OR_EQUAL : 0) |
                               (!carry && by->flags & IR_SIGNED ? LATE_SIGNED : 0)),
            .a = carry ? by->d : by->a,
            .b = by->b,
            .imm = by->imm,
        };
    }
    return count;
}
