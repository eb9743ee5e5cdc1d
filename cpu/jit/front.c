/* SPDX-License-Identifier: MIT
 *
 * Choosing the instructions of a block, and what stands for each.
 */
#include "cpu/jit/front.h"

#include "cpu/e500/effects.h"
#include "cpu/e500/mem.h"

/* --- making ops --- */

IrOp *front_op(Front *f, IrOpcode op)
{
    g_assert(f->b->n < IR_MAX);
    IrOp *o = &f->b->op[f->b->n++];
    *o = (IrOp){.op = (uint8_t)op, .d = IR_NONE, .a = IR_NONE, .b = IR_NONE, .left = (uint8_t)f->index};
    return o;
}

IrOp *front_op_dab(Front *f, IrOpcode op, unsigned d, unsigned a, unsigned b)
{
    IrOp *o = front_op(f, op);
    o->d = (uint8_t)d;
    o->a = (uint8_t)a;
    o->b = (uint8_t)b;
    return o;
}

IrOp *front_op_dai(Front *f, IrOpcode op, unsigned d, unsigned a, uint32_t imm)
{
    IrOp *o = front_op_dab(f, op, d, a, IR_NONE);
    o->imm = imm;
    o->flags = IR_IMM;
    return o;
}

void front_record(Front *f, IrOp *op, const Insn *in)
{
    JitRecord *r = jit_alloc(f->jit, sizeof(*r));
    *r = (JitRecord){
        .exec = fast_exec(in), .insn = *in, .pc = f->pc, .left = (uint8_t)f->index, .block = f->jit->making, .word = f->word};
    op->record = r;
}

bool front_same_page(const Front *f, Ea target)
{
    return ((target ^ f->pc) & EA_PAGE_MASK) == 0;
}

/* --- calls of the interpreter --- */

static void call(Front *f, const Insn *in)
{
    IrOp *op = front_op(f, IR_CALL);
    front_record(f, op, in);
    JitRecord *r = op->record;
    if (in->id == INSN_ILLEGAL) {
        op->flags = IR_ENDS;
        f->ends = true;
        return;
    }
    InsnEffects e;
    insn_effects(in, f->model, &e);
    /* MSR[EE] decides no translation; whether an interrupt waits, is looked at after each call. */
    bool only_ee = in->id == INSN_wrtee || in->id == INSN_wrteei;
    bool context = (e.flags & EFFECT_CONTEXT && !only_ee) || e.out & RES_SO || front_sets_rounding(in);
    /* What MSR meets of FPSCR is FEX, which no note can have set: where exceptions are enabled nothing is inline. */
    bool status = (e.in | e.out) & (RES_FPSCR | RES_SPEFSCR) && !(e.out & RES_MSR);
    r->flags = (uint8_t)((e.cr_in ? RECORD_CR_IN : 0) | (e.cr_out ? RECORD_CR_IN | RECORD_CR_OUT : 0) |
                         (context ? RECORD_CONTEXT : 0) | (status ? RECORD_STATUS : 0));
    op->flags = status ? IR_STATUS : 0;
    /* lwarx ends a block only because it may have to be executed again, and then the code is left. */
    if (context || (e.flags & EFFECT_ENDS && in->id != INSN_lwarx && !only_ee)) {
        op->flags |= IR_ENDS;
        f->ends = true;
    }
}

/* --- rows --- */

static Translate *row[INSN_COUNT];

static void add_rows(const FrontRow *r)
{
    for (; r->translate; r++)
        row[r->id] = r->translate;
}

static void build_rows(void)
{
    static gsize built;
    if (g_once_init_enter(&built)) {
        add_rows(front_integer);
        add_rows(front_memory);
        add_rows(front_branch);
        add_rows(front_fp);
        add_rows(front_spe);
        g_once_init_leave(&built, 1);
    }
}

bool jit_row_is_native(InsnId id)
{
    build_rows();
    return row[id];
}

static void translate(Front *f, uint32_t word)
{
    Insn in;
    unsigned before = f->b->n;

    insn_decode(word, f->model, &in);
    f->next = f->pc + 4;
    if (!row[in.id] || !row[in.id](f, &in)) {
        f->b->n = before;
        call(f, &in);
    }
}

/* `left` was the number of the instruction until the number of all is known. */
static void count_left(IrBlock *b, unsigned n)
{
    b->n_insns = n;
    for (unsigned i = 0; i < b->n; i++) {
        b->op[i].left = (uint8_t)(n - 1 - b->op[i].left);
        JitRecord *r = b->op[i].record;
        if (r)
            r->left = b->op[i].left;
    }
}

enum { OPS_OF_ONE = 6 }; /* no instruction makes more */

/* --- loops --- */

/*
 * A short loop back to the block's begin is translated several times, one turn behind the other: then the block's head is paid once for all of
 * them, and what one turn leaves in registers the next one finds there.
 */
enum { LOOP_INSNS_MAX = 16 };

/* Is there room for another turn, as long as those that there are? */
static bool has_room(const Front *f)
{
    unsigned insns = f->index + 1, turns = f->turns + 1, ops = f->b->n;
    return insns / turns <= LOOP_INSNS_MAX && insns + insns / turns <= IR_INSNS_MAX && ops + ops / turns + OPS_OF_ONE + 1 <= IR_MAX;
}

bool front_turns(Front *f, Ea target)
{
    if (target != f->b->pc || !has_room(f))
        return false;
    f->turns++;
    f->next = target;
    return true;
}

/* A conditional branch to the begin, which the front has taken as one that leaves there: it leaves where the loop ends. */
static void turn_round(Front *f)
{
    if (!f->b->n)
        return;
    IrOp *op = &f->b->op[f->b->n - 1];
    bool is_its = op->left == f->index && op->op == IR_EXIT_IF;
    Ea behind = f->pc + 4;
    if (!is_its || op->flags & IR_TO_HOME || op->imm != f->b->pc || !front_same_page(f, behind) || !front_turns(f, f->b->pc))
        return;
    op->flags ^= op->flags & IR_COUNT ? IR_COUNT_ZERO : IR_IF_SET;
    op->imm = behind;
}

void jit_front(Jit *jit, const uint8_t *page, Ea pc, uint32_t state, uint32_t *first, uint32_t *last)
{
    Front f = {.jit = jit, .b = &jit->ir, .model = jit->vcpu->core.model, .state = state, .pc = pc};

    build_rows();
    f.b->n = 0;
    f.b->pc = pc;
    f.b->so = state & JIT_STATE_SO;
    f.b->space = state & JIT_STATE_PR ? E500_USER : E500_SUPERVISOR;
    *first = *last = pc & 0xffc;
    while (true) {
        uint32_t at = f.pc & 0xffc;
        *first = MIN(*first, at);
        *last = MAX(*last, at);
        f.word = page + at;
        translate(&f, (uint32_t)e500_swap(__atomic_load_n((const uint32_t *)(const void *)f.word, __ATOMIC_RELAXED), 4));
        if (f.ends)
            break;
        turn_round(&f);
        if (f.index + 1 == IR_INSNS_MAX || f.b->n + OPS_OF_ONE + 1 > IR_MAX || !front_same_page(&f, f.next)) {
            front_op(&f, IR_EXIT)->imm = f.next;
            break;
        }
        f.pc = f.next;
        f.index++;
    }
    f.b->loops = f.turns;
    count_left(f.b, f.index + 1);
}
