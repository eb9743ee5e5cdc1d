/* SPDX-License-Identifier: MIT
 *
 * Fixed-point instructions, comparisons, the condition register, LR and CTR.
 */
#include "cpu/e500/bits.h"
#include "cpu/e500/spr.h"
#include "cpu/jit/front.h"

#define ROW(id) static bool t_##id(Front *f, const Insn *in)

/* The end of a form with Rc: CR0 is the result compared with 0. */
static bool record(Front *f, const Insn *in, unsigned result)
{
    if (in->flags & INSN_RC)
        front_op_dai(f, IR_CMP, IR_NONE, result, 0)->flags |= IR_SIGNED;
    return true;
}

static void set(Front *f, unsigned d, uint32_t value)
{
    front_op(f, IR_SET)->d = (uint8_t)d;
    f->b->op[f->b->n - 1].imm = value;
}

static void move(Front *f, unsigned d, unsigned a)
{
    if (d != a)
        front_op_dab(f, IR_MOV, d, a, IR_NONE);
}

/* --- addition and subtraction --- */

static bool add_immediate(Front *f, const Insn *in)
{
    if (!in->ra)
        set(f, in->rt, (uint32_t)in->imm);
    else if (!in->imm)
        move(f, in->rt, in->ra);
    else
        front_op_dai(f, IR_ADD, in->rt, in->ra, (uint32_t)in->imm);
    return true;
}
ROW(addi)
{
    return add_immediate(f, in);
}
ROW(addis)
{
    return add_immediate(f, in);
}

/* What sets SO may change what all later comparisons are translated to: the interpreter does it. */
#define SETS_SO(in) ((in)->flags & INSN_OE)

ROW(add)
{
    if (SETS_SO(in))
        return false;
    front_op_dab(f, IR_ADD, in->rt, in->ra, in->rb);
    return record(f, in, in->rt);
}
ROW(subf)
{
    if (SETS_SO(in))
        return false;
    front_op_dab(f, IR_SUB, in->rt, in->rb, in->ra);
    return record(f, in, in->rt);
}
ROW(neg)
{
    if (SETS_SO(in))
        return false;
    front_op_dai(f, IR_RSUB, in->rt, in->ra, 0);
    return record(f, in, in->rt);
}

static bool carrying(Front *f, const Insn *in, unsigned flags, bool immediate, uint32_t imm)
{
    if (SETS_SO(in))
        return false;
    IrOp *op = front_op_dab(f, IR_ADDC, in->rt, in->ra, in->rb);
    op->flags = (uint8_t)(flags | (immediate ? IR_IMM : 0));
    op->imm = imm;
    return record(f, in, in->rt);
}
ROW(addic)
{
    return carrying(f, in, 0, true, (uint32_t)in->imm);
}
ROW(addic_rc)
{
    carrying(f, in, 0, true, (uint32_t)in->imm);
    front_op_dai(f, IR_CMP, IR_NONE, in->rt, 0)->flags |= IR_SIGNED;
    return true;
}
ROW(subfic)
{
    return carrying(f, in, IR_NOT_A | IR_CIN_ONE, true, (uint32_t)in->imm);
}
ROW(addc)
{
    return carrying(f, in, 0, false, 0);
}
ROW(adde)
{
    return carrying(f, in, IR_CIN, false, 0);
}
ROW(addme)
{
    return carrying(f, in, IR_CIN, true, UINT32_MAX);
}
ROW(addze)
{
    return carrying(f, in, IR_CIN, true, 0);
}
ROW(subfc)
{
    return carrying(f, in, IR_NOT_A | IR_CIN_ONE, false, 0);
}
ROW(subfe)
{
    return carrying(f, in, IR_NOT_A | IR_CIN, false, 0);
}
ROW(subfme)
{
    return carrying(f, in, IR_NOT_A | IR_CIN, true, UINT32_MAX);
}
ROW(subfze)
{
    return carrying(f, in, IR_NOT_A | IR_CIN, true, 0);
}

/* --- multiplication and division --- */

ROW(mulli)
{
    front_op_dai(f, IR_MUL, in->rt, in->ra, (uint32_t)in->imm);
    return true;
}

static bool multiply_or_divide(Front *f, const Insn *in, IrOpcode op)
{
    if (SETS_SO(in))
        return false;
    front_op_dab(f, op, in->rt, in->ra, in->rb);
    return record(f, in, in->rt);
}
ROW(mullw)
{
    return multiply_or_divide(f, in, IR_MUL);
}
ROW(mulhw)
{
    return multiply_or_divide(f, in, IR_MULHS);
}
ROW(mulhwu)
{
    return multiply_or_divide(f, in, IR_MULHU);
}
ROW(divw)
{
    return multiply_or_divide(f, in, IR_DIVS);
}
ROW(divwu)
{
    return multiply_or_divide(f, in, IR_DIVU);
}

/* --- comparison --- */

static bool compare(Front *f, const Insn *in, bool is_signed, bool immediate)
{
    IrOp *op = front_op_dab(f, IR_CMP, IR_NONE, in->ra, in->rb);
    op->k = in->rt >> 2;
    op->imm = (uint32_t)in->imm;
    op->flags = (uint8_t)((is_signed ? IR_SIGNED : 0) | (immediate ? IR_IMM : 0));
    return true;
}
ROW(cmp)
{
    return compare(f, in, true, false);
}
ROW(cmpi)
{
    return compare(f, in, true, true);
}
ROW(cmpl)
{
    return compare(f, in, false, false);
}
ROW(cmpli)
{
    return compare(f, in, false, true);
}
ROW(isel)
{
    front_op_dab(f, IR_SEL, in->rt, in->ra ? in->ra : IR_NONE, in->rb)->k = in->rc;
    return true;
}

/* --- logic --- */

static bool logic_immediate(Front *f, const Insn *in, IrOpcode op, unsigned shift)
{
    uint32_t imm = (uint32_t)in->imm << shift;
    if (!imm && op != IR_AND)
        move(f, in->ra, in->rt);
    else
        front_op_dai(f, op, in->ra, in->rt, imm);
    if (op == IR_AND)
        front_op_dai(f, IR_CMP, IR_NONE, in->ra, 0)->flags |= IR_SIGNED;
    return true;
}
ROW(andi)
{
    return logic_immediate(f, in, IR_AND, 0);
}
ROW(andis)
{
    return logic_immediate(f, in, IR_AND, 16);
}
ROW(ori)
{
    return logic_immediate(f, in, IR_OR, 0);
}
ROW(oris)
{
    return logic_immediate(f, in, IR_OR, 16);
}
ROW(xori)
{
    return logic_immediate(f, in, IR_XOR, 0);
}
ROW(xoris)
{
    return logic_immediate(f, in, IR_XOR, 16);
}

static bool logic(Front *f, const Insn *in, IrOpcode op)
{
    if (in->rt == in->rb && (op == IR_OR || op == IR_AND))
        move(f, in->ra, in->rt);
    else
        front_op_dab(f, op, in->ra, in->rt, in->rb);
    return record(f, in, in->ra);
}
ROW(and)
{
    return logic(f, in, IR_AND);
}
ROW(andc)
{
    return logic(f, in, IR_ANDC);
}
ROW(eqv)
{
    return logic(f, in, IR_EQV);
}
ROW(nand)
{
    return logic(f, in, IR_NAND);
}
ROW(nor)
{
    return logic(f, in, IR_NOR);
}
ROW(or)
{
    return logic(f, in, IR_OR);
}
ROW(orc)
{
    return logic(f, in, IR_ORC);
}
ROW(xor)
{
    return logic(f, in, IR_XOR);
}
ROW(slw)
{
    return logic(f, in, IR_SHL);
}
ROW(srw)
{
    return logic(f, in, IR_SHR);
}
ROW(sraw)
{
    return logic(f, in, IR_SAR);
}
ROW(srawi)
{
    IrOp *op = front_op_dab(f, IR_SAR, in->ra, in->rt, IR_NONE);
    op->k = in->rb;
    op->flags = IR_IMM;
    return record(f, in, in->ra);
}

static bool unary(Front *f, const Insn *in, IrOpcode op)
{
    front_op_dab(f, op, in->ra, in->rt, IR_NONE);
    return record(f, in, in->ra);
}
ROW(cntlzw)
{
    return unary(f, in, IR_CLZ);
}
ROW(extsb)
{
    return unary(f, in, IR_EXT8);
}
ROW(extsh)
{
    return unary(f, in, IR_EXT16);
}

static bool rotate(Front *f, const Insn *in, IrOpcode op, unsigned b)
{
    IrOp *o = front_op_dab(f, op, in->ra, in->rt, b);
    o->k = in->rb;
    o->imm = (uint32_t)in->imm;
    o->flags = b == IR_NONE ? IR_IMM : 0;
    return record(f, in, in->ra);
}
ROW(rlwinm)
{
    return rotate(f, in, IR_ROT, IR_NONE);
}
ROW(rlwnm)
{
    return rotate(f, in, IR_ROT, in->rb);
}
ROW(rlwimi)
{
    return rotate(f, in, IR_INSERT, IR_NONE);
}

/* --- the condition register --- */

ROW(mcrf)
{
    front_op_dab(f, IR_CMOVE, in->rt >> 2, in->ra >> 2, IR_NONE);
    return true;
}

ROW(mfcr)
{
    front_op(f, IR_CR_GET)->d = in->rt;
    return true;
}
ROW(mfocrf)
{
    return t_mfcr(f, in);
}
ROW(mtcrf)
{
    IrOp *op = front_op_dab(f, IR_CR_SET, IR_NONE, in->rt, IR_NONE);
    op->mask = (uint32_t)in->imm;
    return true;
}
ROW(mtocrf)
{
    return t_mtcrf(f, in);
}

/* The table: the result for bits 0 and 0, 0 and 1, 1 and 0, 1 and 1. */
static bool combine(Front *f, const Insn *in, unsigned table)
{
    IrOp *op = front_op(f, IR_CR_BIT);
    op->k = in->rt;
    op->d = in->ra;
    op->b = in->rb;
    op->imm = table;
    return true;
}
#define COMBINE(id, table)            \
    ROW(id)                           \
    {                                 \
        return combine(f, in, table); \
    }
COMBINE(crand, 8)
COMBINE(crandc, 4)
COMBINE(creqv, 9)
COMBINE(crnand, 7)
COMBINE(crnor, 1)
COMBINE(cror, 14)
COMBINE(crorc, 13)
COMBINE(crxor, 6)

/* --- LR and CTR --- */

static unsigned spr_home(const Insn *in)
{
    return in->imm == SPRNO_LR ? HOME_LR : in->imm == SPRNO_CTR ? HOME_CTR : IR_NONE;
}

/* Where the register is a word of the state and nothing else. */
static bool move_plain(Front *f, const Insn *in, bool is_write)
{
    E500SprSlot slot;
    E500Spr mask;
    if (in->imm == SPRNO_SPEFSCR ||
        !e500_spr_is_plain(f->model, (unsigned)in->imm, f->state & JIT_STATE_PR, is_write, &slot, &mask))
        return false;
    IrOp *op = front_op_dab(f, is_write ? IR_PUT : IR_GET, is_write ? IR_NONE : in->rt, is_write ? in->rt : IR_NONE, IR_NONE);
    op->imm = (uint32_t)offsetof(E500, s.spr[slot]);
    op->mask = mask;
    return true;
}

ROW(mfmsr)
{
    if (f->state & JIT_STATE_PR)
        return false;
    front_op_dab(f, IR_GET, in->rt, IR_NONE, IR_NONE)->imm = (uint32_t)offsetof(E500, s.msr);
    return true;
}

static bool enable(Front *f, const Insn *in, unsigned home)
{
    if (f->state & JIT_STATE_PR)
        return false;
    IrOp *op = front_op_dab(f, IR_ENABLE, IR_NONE, home, IR_NONE);
    op->imm = in->word;
    front_record(f, op, in);
    return true;
}
ROW(wrtee)
{
    return enable(f, in, in->rt);
}
ROW(wrteei)
{
    return enable(f, in, IR_NONE);
}
ROW(mfspr)
{
    if (spr_home(in) == IR_NONE)
        return move_plain(f, in, false);
    move(f, in->rt, spr_home(in));
    return true;
}
ROW(mtspr)
{
    if (spr_home(in) == IR_NONE)
        return move_plain(f, in, true);
    move(f, spr_home(in), in->rt);
    return true;
}

#define R(id)             \
    {                     \
        INSN_##id, t_##id \
    }

const FrontRow front_integer[] = {
    R(addi),   R(addis), R(add),    R(subf),  R(neg),    R(addic),  R(addic_rc), R(subfic), R(addc),   R(adde),
    R(addme),  R(addze), R(subfc),  R(subfe), R(subfme), R(subfze), R(mulli),    R(mullw),  R(mulhw),  R(mulhwu),
    R(divw),   R(divwu), R(cmp),    R(cmpi),  R(cmpl),   R(cmpli),  R(isel),     R(andi),   R(andis),  R(ori),
    R(oris),   R(xori),  R(xoris),  R(and),   R(andc),   R(eqv),    R(nand),     R(nor),    R(or),     R(orc),
    R(xor),    R(slw),   R(srw),    R(sraw),  R(srawi),  R(cntlzw), R(extsb),    R(extsh),  R(rlwinm), R(rlwnm),
    R(rlwimi), R(mcrf),  R(mfspr),  R(mfmsr), R(mtspr),  R(mfcr),   R(mfocrf),   R(mtcrf),  R(mtocrf), R(crand),
    R(crandc), R(creqv), R(crnand), R(crnor), R(cror),   R(crorc),  R(crxor),    R(wrtee),  R(wrteei), {INSN_ILLEGAL, NULL},
};
