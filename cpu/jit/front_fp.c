/* SPDX-License-Identifier: MIT
 *
 * Floating point: moves and select at all times; arithmetic, conversion and comparison where FPSCR asks for nothing special
 * (JIT_STATE_FP_PLAIN).  Forms with Rc copy a part of FPSCR to CR, and are the interpreter's.
 */
#include "cpu/jit/front.h"

#define ROW(id) static bool t_##id(Front *f, const Insn *in)

/* --- moves and select, which leave FPSCR alone --- */

static bool can_move(const Front *f, const Insn *in)
{
    return f->state & JIT_STATE_FP && f->jit->has_fp && !(in->flags & INSN_RC);
}

static bool move(Front *f, const Insn *in, unsigned flags)
{
    if (!can_move(f, in))
        return false;
    front_op_dab(f, IR_WMOV, in->rt, in->rb, IR_NONE)->flags = (uint8_t)flags;
    return true;
}
ROW(fmr)
{
    return move(f, in, 0);
}
ROW(fneg)
{
    return move(f, in, IR_NEG);
}
ROW(fabs)
{
    return move(f, in, IR_ABS);
}
ROW(fnabs)
{
    return move(f, in, IR_ABS | IR_NEG);
}
ROW(fsel)
{
    if (!can_move(f, in))
        return false;
    front_op_dab(f, IR_WSEL, in->rt, in->ra, in->rb)->k = in->rc;
    return true;
}

/* --- what changes FPSCR --- */

static bool is_plain(const Front *f, const Insn *in)
{
    return f->state & JIT_STATE_FP_PLAIN && f->jit->has_fp && !(in->flags & INSN_RC);
}

static IrOp *status_op(Front *f, const Insn *in, IrOpcode op, unsigned a, unsigned b, unsigned record_flags)
{
    IrOp *o = front_op_dab(f, op, in->rt, a, b);
    o->imm = in->id + 1u;
    front_record(f, o, in);
    ((JitRecord *)o->record)->flags = (uint8_t)record_flags;
    return o;
}

static bool arithmetic(Front *f, const Insn *in, IrOpcode op, unsigned flags)
{
    if (!is_plain(f, in))
        return false;
    IrOp *o = status_op(f, in, op, in->ra, in->rb, RECORD_NEW);
    o->k = in->rc;
    o->flags = (uint8_t)flags;
    return true;
}

#define ARITHMETIC(id, op, flags)                               \
    ROW(id)                                                     \
    {                                                           \
        return arithmetic(f, in, IR_##op, flags);               \
    }                                                           \
    ROW(id##s)                                                  \
    {                                                           \
        return arithmetic(f, in, IR_##op, (flags) | IR_SINGLE); \
    }
ARITHMETIC(fadd, FADD, 0)
ARITHMETIC(fsub, FSUB, 0)
ARITHMETIC(fmul, FMUL, 0)
ARITHMETIC(fdiv, FDIV, 0)
ARITHMETIC(fmadd, FMA, 0)
ARITHMETIC(fmsub, FMA, IR_NEG_B)
ARITHMETIC(fnmadd, FMA, IR_NEG)
ARITHMETIC(fnmsub, FMA, IR_NEG_B | IR_NEG)

ROW(frsp)
{
    return arithmetic(f, in, IR_FROUND, IR_SINGLE);
}

ROW(fctiwz)
{
    if (!is_plain(f, in))
        return false;
    status_op(f, in, IR_FINT, IR_NONE, in->rb, RECORD_STATUS);
    return true;
}

static bool compare(Front *f, const Insn *in)
{
    if (!is_plain(f, in))
        return false;
    IrOp *o = status_op(f, in, IR_FCMP, in->ra, in->rb, RECORD_STATUS | RECORD_CR_IN | RECORD_CR_OUT);
    o->d = IR_NONE;
    o->k = in->rt >> 2;
    return true;
}

/* --- FPSCR --- */

enum { CONTROL_FIELD = 7, ALL_FIELDS = 0xff };

/* All of it: what saves and restores FPSCR around a computation uses this. */
ROW(mtfsf)
{
    if (!is_plain(f, in) || in->imm != ALL_FIELDS)
        return false;
    status_op(f, in, IR_FSTATUS, in->rb, IR_NONE, RECORD_STATUS | RECORD_CONTEXT)->d = IR_NONE;
    return true;
}

/* The field with the rounding mode, which is what it was. */
ROW(mtfsfi)
{
    return is_plain(f, in) && in->rt >> 2 == CONTROL_FIELD && in->imm == 0;
}

bool front_sets_rounding(const Insn *in)
{
    return in->id == INSN_mtfsf || in->id == INSN_mtfsfi || in->id == INSN_mtfsb0 || in->id == INSN_mtfsb1 ||
           (in->id == INSN_mtspr && in->imm == SPRNO_SPEFSCR);
}

#define R(id)             \
    {                     \
        INSN_##id, t_##id \
    }
#define R2(id) R(id), R(id##s)

const FrontRow front_fp[] = {
    R(fmr),
    R(fneg),
    R(fabs),
    R(fnabs),
    R(fsel),
    R2(fadd),
    R2(fsub),
    R2(fmul),
    R2(fdiv),
    R2(fmadd),
    R2(fmsub),
    R2(fnmadd),
    R2(fnmsub),
    R(frsp),
    R(fctiwz),
    {INSN_fcmpu, compare},
    {INSN_fcmpo, compare},
    R(mtfsf),
    R(mtfsfi),
    {INSN_ILLEGAL, NULL},
};
