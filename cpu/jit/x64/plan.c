/* SPDX-License-Identifier: MIT
 *
 * What a block does with its homes, known before its first op is emitted.
 */
#include "cpu/jit/x64/emit.h"

bool emit_ends_part(const IrOp *op)
{
    return op->op == IR_CALL || op->op == IR_TURN || op->op == IR_EXIT || op->op == IR_EXIT_TO;
}

/* A way out makes it less likely that what lies behind it is executed. */
static unsigned behind_exit(unsigned likely)
{
    return likely > 1 ? likely / 2 : 1;
}

static void plan_op(Emit *e, unsigned at)
{
    const IrOp *op = &e->ir->op[at];
    uint64_t used = ir_reads(op) | ir_writes(op);

    e->plan.dead[at] = ir_dead_before(op, e->plan.dead[at + 1]);
    if (emit_ends_part(op)) {
        memset(e->plan.next[at], 0xff, sizeof(e->plan.next[at]));
        memset(e->plan.uses[at], 0, sizeof(e->plan.uses[at]));
    } else {
        memcpy(e->plan.next[at], e->plan.next[at + 1], sizeof(e->plan.next[at]));
        memcpy(e->plan.uses[at], e->plan.uses[at + 1], sizeof(e->plan.uses[at]));
    }
    for (; used; used &= used - 1) {
        unsigned home = (unsigned)__builtin_ctzll(used);
        e->plan.next[at][home] = (uint16_t)at;
        e->plan.uses[at][home] = (uint16_t)(e->plan.uses[at][home] + e->plan.likely[at]);
    }
}

void emit_plan(Emit *e)
{
    unsigned n = e->ir->n;
    e->plan.likely[0] = 128;
    for (unsigned i = 0; i < n; i++)
        e->plan.likely[i + 1] = (uint8_t)(e->ir->op[i].op == IR_EXIT_IF ? behind_exit(e->plan.likely[i]) : e->plan.likely[i]);
    memset(e->plan.next[n], 0xff, sizeof(e->plan.next[n]));
    memset(e->plan.uses[n], 0, sizeof(e->plan.uses[n]));
    e->plan.dead[n] = 0;
    while (n-- > 0)
        plan_op(e, n);
}
