/* SPDX-License-Identifier: MIT
 *
 * Accesses that are known to lie close together: fields of a structure, a frame's saved registers, an unrolled loop.
 *
 * The first access of a group looks for the page of them all, and leaves in a word of the state where the group's bytes lie in the host's
 * memory.  The others need no look, and no register: each lies at a distance from there that is known when the block is made.
 * If not all of them lie in one page, or anything else is unusual, the block is left, and another one is entered that has no groups.
 */
#include "cpu/jit/front.h"

/* What a home holds: what another one held at some moment, and a distance. */
typedef struct Value {
    unsigned root; /* a number for each value that is not a known one at a distance */
    uint32_t offset;
} Value;

typedef struct Group {
    unsigned root;
    bool is_store;
    unsigned n, size;  /* bytes of the longest member */
    uint32_t of_size;  /* offset of a member that has it */
    int32_t low, high; /* the members' bytes, as distances from `first` */
    uint32_t first;
    uint8_t member[IR_INSNS_MAX];
} Group;

typedef struct Groups {
    IrBlock *b;
    Value value[HOMES];
    unsigned roots, n;
    Group group[IR_GROUPS];
} Groups;

/* A loop's turns walk through memory: a group of several turns would lie in two pages more often, and then costs a block without groups. */
enum { SPAN_MAX = 128, SPAN_MAX_OF_LOOP = 32, WORTH = 3 };

/* --- what homes hold --- */

static void is_new(Groups *g, unsigned home)
{
    if (home < HOMES)
        g->value[home] = (Value){g->roots++, 0};
}

static void all_are_new(Groups *g)
{
    for (unsigned i = 0; i < HOMES; i++)
        is_new(g, i);
}

static bool stores(const IrOp *op)
{
    return op->op == IR_STORE || op->op == IR_STORE_WIDE;
}

/* Such an op changes wide homes only.  If the interpreter executes it instead, that changes no base register and no translation either. */
static bool is_wide(const IrOp *op)
{
    return op->op >= IR_WMOV && op->op <= IR_FSTATUS;
}

static void follow(Groups *g, const IrOp *op)
{
    if (is_wide(op))
        return;
    if (ir_accesses(op)) {
        Value address = op->flags & IR_UPDATE ? g->value[op->a] : (Value){0};
        if (op->op == IR_LOAD || op->flags & IR_PAIR)
            is_new(g, op->d);
        if (op->flags & IR_UPDATE && op->b != IR_NONE)
            is_new(g, op->a);
        else if (op->flags & IR_UPDATE)
            g->value[op->a] = (Value){address.root, address.offset + op->imm};
    } else if (op->op == IR_MOV) {
        g->value[op->d] = g->value[op->a];
    } else if (op->op == IR_ADD && op->flags & IR_IMM) {
        g->value[op->d] = (Value){g->value[op->a].root, g->value[op->a].offset + op->imm};
    } else {
        is_new(g, op->d);
        if (op->op == IR_EXIT_IF && op->flags & IR_COUNT)
            is_new(g, op->a);
    }
}

/* --- groups --- */

/* All members are aligned where one of the longest is. */
static bool aligns(const Groups *g, const Group *x, uint32_t offset, unsigned size)
{
    if (size <= x->size)
        return (offset - x->of_size) % size == 0;
    for (unsigned i = 0; i < x->n; i++) {
        const IrOp *op = &g->b->op[x->member[i]];
        if ((offset - op->mask) % (1u << op->k))
            return false;
    }
    return true;
}

static bool joins(Groups *g, Group *x, unsigned at, uint32_t offset, unsigned size)
{
    int32_t low = (int32_t)(offset - x->first), high = low + (int32_t)size;
    low = MIN(low, x->low);
    high = MAX(high, x->high);
    if ((int64_t)high - low > (g->b->loops ? SPAN_MAX_OF_LOOP : SPAN_MAX) || x->n == IR_INSNS_MAX || !aligns(g, x, offset, size))
        return false;
    x->low = low;
    x->high = high;
    if (size > x->size) {
        x->size = size;
        x->of_size = offset;
    }
    x->member[x->n++] = (uint8_t)at;
    return true;
}

/* op->mask is the access's offset from its root, until the groups are complete. */
static void add(Groups *g, unsigned at)
{
    IrOp *op = &g->b->op[at];
    Value v = g->value[op->a];
    unsigned size = 1u << op->k;
    op->mask = v.offset + op->imm;
    for (unsigned i = 0; i < g->n; i++) {
        Group *x = &g->group[i];
        int32_t distance = (int32_t)(op->mask - x->first);
        if (x->root == v.root && x->is_store == stores(op) && distance > -SPAN_MAX && distance < SPAN_MAX &&
            joins(g, x, at, op->mask, size))
            return;
    }
    if (g->n < IR_GROUPS)
        g->group[g->n++] = (Group){.root = v.root,
                                   .is_store = stores(op),
                                   .n = 1,
                                   .size = size,
                                   .of_size = op->mask,
                                   .high = (int32_t)size,
                                   .first = op->mask,
                                   .member = {(uint8_t)at}};
}

/* The first member says where all of them lie: `span` bytes from its base + mask on, which is a multiple of `align`. */
static void settle(Groups *g, const Group *x, unsigned slot)
{
    IrOp *first = &g->b->op[x->member[0]];
    uint32_t low = x->first + (uint32_t)x->low, high = x->first + (uint32_t)x->high;
    low -= (low - x->of_size) % x->size;
    for (unsigned i = 0; i < x->n; i++) {
        IrOp *op = &g->b->op[x->member[i]];
        op->group = (uint8_t)(slot + 1);
        op->at = (uint8_t)(op->mask - low);
    }
    first->flags |= IR_GROUP_FIRST;
    first->align = (uint8_t)x->size;
    first->span = (uint8_t)(high - low);
    first->mask = low - first->mask + first->imm;
}

void ir_group(IrBlock *b)
{
    Groups g = {.b = b};
    unsigned slots = 0;

    all_are_new(&g);
    for (unsigned i = 0; i < b->n; i++) {
        IrOp *op = &b->op[i];
        if (ir_accesses(op)) {
            /* A number that is converted on its way may be the interpreter's. */
            bool converts = (op->op == IR_LOAD_WIDE || op->op == IR_STORE_WIDE) && op->k == 2;
            if (op->a != IR_NONE && op->b == IR_NONE && !converts)
                add(&g, i);
        } else if (op->record && !is_wide(op)) { /* the interpreter may change anything, translations too */
            all_are_new(&g);
        }
        follow(&g, op);
    }
    for (unsigned i = 0; i < g.n; i++)
        if (g.group[i].n >= WORTH)
            settle(&g, &g.group[i], slots++);
}
