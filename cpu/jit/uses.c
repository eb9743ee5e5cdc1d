/* SPDX-License-Identifier: MIT
 *
 * Which homes an op reads and writes, and where it may leave the block.
 */
#include "cpu/jit/front.h"

/* The operands that are homes. */
enum { READS_A = 1, READS_B = 2, READS_D = 4, WRITES_D = 8 };

static const uint8_t uses[IR_OPS] = {
    [IR_SET] = WRITES_D,
    [IR_MOV] = READS_A | WRITES_D,
    [IR_ADD] = READS_A | READS_B | WRITES_D,
    [IR_SUB] = READS_A | READS_B | WRITES_D,
    [IR_RSUB] = READS_A | WRITES_D,
    [IR_AND] = READS_A | READS_B | WRITES_D,
    [IR_OR] = READS_A | READS_B | WRITES_D,
    [IR_XOR] = READS_A | READS_B | WRITES_D,
    [IR_ANDC] = READS_A | READS_B | WRITES_D,
    [IR_ORC] = READS_A | READS_B | WRITES_D,
    [IR_NAND] = READS_A | READS_B | WRITES_D,
    [IR_NOR] = READS_A | READS_B | WRITES_D,
    [IR_EQV] = READS_A | READS_B | WRITES_D,
    [IR_MUL] = READS_A | READS_B | WRITES_D,
    [IR_MULHS] = READS_A | READS_B | WRITES_D,
    [IR_MULHU] = READS_A | READS_B | WRITES_D,
    [IR_DIVS] = READS_A | READS_B | WRITES_D,
    [IR_DIVU] = READS_A | READS_B | WRITES_D,
    [IR_SHL] = READS_A | READS_B | WRITES_D,
    [IR_SHR] = READS_A | READS_B | WRITES_D,
    [IR_SAR] = READS_A | READS_B | WRITES_D,
    [IR_ROT] = READS_A | READS_B | WRITES_D,
    [IR_INSERT] = READS_A | READS_D | WRITES_D,
    [IR_CLZ] = READS_A | WRITES_D,
    [IR_EXT8] = READS_A | WRITES_D,
    [IR_EXT16] = READS_A | WRITES_D,
    [IR_ADDC] = READS_A | READS_B | WRITES_D,
    [IR_CMP] = READS_A | READS_B,
    [IR_SEL] = READS_A | READS_B | WRITES_D,
    [IR_LOAD] = READS_A | READS_B | WRITES_D,
    [IR_STORE] = READS_A | READS_B | READS_D,
    [IR_LOAD_WIDE] = READS_A | READS_B,
    [IR_STORE_WIDE] = READS_A | READS_B,
    [IR_PADD] = READS_A | READS_B | WRITES_D,
    [IR_PSUB] = READS_A | READS_B | WRITES_D,
    [IR_PMUL] = READS_A | READS_B | WRITES_D,
    [IR_PDIV] = READS_A | READS_B | WRITES_D,
    [IR_PINT] = READS_B | WRITES_D,
    [IR_PFROM] = READS_B | WRITES_D,
    [IR_PCMP] = READS_A | READS_B,
    [IR_PMOVE] = READS_A | READS_B | WRITES_D,
    [IR_GET] = WRITES_D,
    [IR_PUT] = READS_A,
    [IR_CR_GET] = WRITES_D,
    [IR_CR_SET] = READS_A,
    [IR_ZERO] = READS_A | READS_B,
    [IR_RESERVE] = READS_A | READS_B | WRITES_D,
    [IR_STORE_RESERVED] = READS_A | READS_B | READS_D,
    [IR_ENABLE] = READS_A,
    [IR_EXIT_TO] = READS_A,
};

static uint64_t bit_of(unsigned home)
{
    return home < HOMES ? UINT64_C(1) << home : 0;
}

uint64_t ir_reads(const IrOp *op)
{
    unsigned u = uses[op->op];
    if (op->op == IR_EXIT_IF)
        return (op->flags & IR_COUNT ? bit_of(op->a) : 0) | (op->flags & IR_TO_HOME ? bit_of(op->b) : 0);
    if (op->op == IR_STORE_WIDE && op->flags & IR_PAIR)
        u |= READS_D;
    return (u & READS_A ? bit_of(op->a) : 0) | (u & READS_B ? bit_of(op->b) : 0) | (u & READS_D ? bit_of(op->d) : 0);
}

uint64_t ir_writes(const IrOp *op)
{
    bool updates = ir_accesses(op) && op->flags & IR_UPDATE, counts = op->op == IR_EXIT_IF && op->flags & IR_COUNT;
    bool d = uses[op->op] & WRITES_D || (op->op == IR_LOAD_WIDE && op->flags & IR_PAIR);
    return (d ? bit_of(op->d) : 0) | (updates || counts ? bit_of(op->a) : 0);
}

bool ir_accesses(const IrOp *op)
{
    return op->op == IR_LOAD || op->op == IR_STORE || op->op == IR_LOAD_WIDE || op->op == IR_STORE_WIDE;
}

bool ir_may_leave(const IrOp *op)
{
    if (op->op == IR_EXIT_IF || op->op == IR_EXIT || op->op == IR_EXIT_TO)
        return true;
    bool is_member = op->group && !(op->flags & IR_GROUP_FIRST); /* the first one has looked for it */
    return op->record && !is_member;
}

unsigned ir_exits(const IrBlock *b)
{
    unsigned n = 0;
    for (unsigned i = 0; i < b->n; i++) {
        const IrOp *op = &b->op[i];
        bool apart = ir_accesses(op) && op->group && op->flags & IR_GROUP_FIRST;
        bool exit = op->op == IR_EXIT || op->op == IR_EXIT_TO;
        n += op->op == IR_EXIT || op->op == IR_EXIT_IF || op->op == IR_ENABLE || apart;
        n += exit && op->flags & IR_CALLS; /* and back */
    }
    return n;
}
