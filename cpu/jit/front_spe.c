/* SPDX-License-Identifier: MIT
 *
 * SPE: scalar floating point where SPEFSCR asks for nothing special (JIT_STATE_FP_PLAIN), loads and stores of 64 bits, merges.  MSR[SPE] is
 * needed by all but scalar single precision.
 */
#include "cpu/jit/front.h"

static bool is_there(const Front *f)
{
    return f->state & JIT_STATE_SPE && f->jit->has_fp;
}

/* --- floating point --- */

static bool has_single(InsnId id)
{
    return (insn_info[id].categories & CAT_EFS) == CAT_EFS;
}

static bool status_op(Front *f, const Insn *in, IrOpcode op, uint32_t mask)
{
    bool single = has_single(in->id);
    if (!(f->state & JIT_STATE_FP_PLAIN) || !f->jit->has_fp || (!single && !is_there(f)))
        return false;
    IrOp *o = front_op_dab(f, op, in->rt, in->ra, in->rb);
    o->flags = single ? IR_SINGLE : 0;
    o->mask = mask;
    o->imm = in->id + 1u;
    front_record(f, o, in);
    ((JitRecord *)o->record)->flags = RECORD_NEW;
    return true;
}

#define OP(id, op)                               \
    static bool t_##id(Front *f, const Insn *in) \
    {                                            \
        return status_op(f, in, IR_##op, 0);     \
    }
#define OPS2(suffix, op) \
    OP(efs##suffix, op)  \
    OP(efd##suffix, op)
OPS2(add, PADD)
OPS2(sub, PSUB)
OPS2(mul, PMUL)
OPS2(div, PDIV)
OPS2(ctsiz, PINT)
OPS2(cfsi, PFROM)

static bool compare(Front *f, const Insn *in, uint32_t relation)
{
    if (!status_op(f, in, IR_PCMP, relation))
        return false;
    IrOp *o = &f->b->op[f->b->n - 1];
    o->d = IR_NONE;
    o->k = in->rt >> 2;
    ((JitRecord *)o->record)->flags |= RECORD_CR_IN | RECORD_CR_OUT;
    return true;
}

#define COMPARISON(suffix, relation)                 \
    static bool t_##suffix(Front *f, const Insn *in) \
    {                                                \
        return compare(f, in, relation);             \
    }
COMPARISON(cmpgt, IR_GREATER)
COMPARISON(cmplt, IR_LESS)
COMPARISON(cmpeq, IR_EQUAL)

/* --- 64 bits --- */

static bool move(Front *f, const Insn *in, unsigned flags)
{
    if (!is_there(f))
        return false;
    front_op_dab(f, IR_PMOVE, in->rt, in->ra, in->rb)->flags = (uint8_t)flags;
    return true;
}

#define MOVE(id, flags)                          \
    static bool t_##id(Front *f, const Insn *in) \
    {                                            \
        return move(f, in, flags);               \
    }
MOVE(evmergehi, IR_B_HIGH)
MOVE(evmergelo, IR_A_LOW)
MOVE(evmergehilo, 0)
MOVE(evmergelohi, IR_A_LOW | IR_B_HIGH)

static bool access_memory(Front *f, const Insn *in, IrOpcode op, bool indexed)
{
    if (!is_there(f))
        return false;
    IrOp *o = front_op_dab(f, op, in->rt, in->ra ? in->ra : IR_NONE, indexed ? in->rb : IR_NONE);
    o->k = 3;
    o->flags = IR_PAIR;
    o->imm = indexed ? 0 : (uint32_t)in->imm;
    front_record(f, o, in);
    return true;
}

#define ACCESS(id, op, indexed)                        \
    static bool t_##id(Front *f, const Insn *in)       \
    {                                                  \
        return access_memory(f, in, IR_##op, indexed); \
    }
ACCESS(evldd, LOAD_WIDE, false)
ACCESS(evlddx, LOAD_WIDE, true)
ACCESS(evstdd, STORE_WIDE, false)
ACCESS(evstddx, STORE_WIDE, true)

#define R(id)             \
    {                     \
        INSN_##id, t_##id \
    }
#define R2(suffix) R(efs##suffix), R(efd##suffix)

const FrontRow front_spe[] = {
    R2(add),
    R2(sub),
    R2(mul),
    R2(div),
    R2(ctsiz),
    R2(cfsi),
    {INSN_efscmpgt, t_cmpgt},
    {INSN_efdcmpgt, t_cmpgt},
    {INSN_efscmplt, t_cmplt},
    {INSN_efdcmplt, t_cmplt},
    {INSN_efscmpeq, t_cmpeq},
    {INSN_efdcmpeq, t_cmpeq},
    R(evmergehi),
    R(evmergelo),
    R(evmergehilo),
    R(evmergelohi),
    R(evldd),
    R(evlddx),
    R(evstdd),
    R(evstddx),
    {INSN_ILLEGAL, NULL},
};
