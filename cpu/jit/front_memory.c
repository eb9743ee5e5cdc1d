/* SPDX-License-Identifier: MIT
 *
 * Loads, stores, barriers and hints.
 */
#include "cpu/jit/front.h"

/* --- loads and stores: base, index, displacement --- */

/* How the access of the instruction in hand finds its page: by what was found out of it, in the window if there is one, or by a site. */
static unsigned manner(const Front *f)
{
    unsigned known = GPOINTER_TO_UINT(g_hash_table_lookup(f->jit->manner, f->word));

    if (known & JIT_WANDERS)
        return IR_WANDERS;
    return f->jit->vcpu->core.window.size && !(f->state & JIT_STATE_PR) && !(known & JIT_OUTSIDE) ? IR_WINDOW : 0;
}

static bool access_memory(Front *f, const Insn *in, IrOpcode op, unsigned size_log2, unsigned flags, bool indexed)
{
    unsigned base = in->ra || flags & IR_UPDATE ? in->ra : IR_NONE;
    IrOp *o = front_op_dab(f, op, in->rt, base, indexed ? in->rb : IR_NONE);
    o->k = (uint8_t)size_log2;
    o->flags = (uint8_t)(flags | manner(f));
    o->imm = indexed ? 0 : (uint32_t)in->imm;
    front_record(f, o, in);
    if (o->flags & IR_WINDOW)
        ((JitRecord *)o->record)->flags |= RECORD_WINDOW;
    return true;
}

#define ACCESS(id, op, size, flags, indexed)                        \
    static bool t_##id(Front *f, const Insn *in)                    \
    {                                                               \
        return access_memory(f, in, IR_##op, size, flags, indexed); \
    }
#define ACCESSES(id, op, size, flags)                 \
    ACCESS(id, op, size, flags, false)                \
    ACCESS(id##u, op, size, flags | IR_UPDATE, false) \
    ACCESS(id##x, op, size, flags, true)              \
    ACCESS(id##ux, op, size, flags | IR_UPDATE, true)

ACCESSES(lbz, LOAD, 0, 0)
ACCESSES(lhz, LOAD, 1, 0)
ACCESSES(lha, LOAD, 1, IR_SIGNED)
ACCESSES(lwz, LOAD, 2, 0)
ACCESSES(stb, STORE, 0, 0)
ACCESSES(sth, STORE, 1, 0)
ACCESSES(stw, STORE, 2, 0)
ACCESS(lhbrx, LOAD, 1, IR_REVERSED, true)
ACCESS(lwbrx, LOAD, 2, IR_REVERSED, true)
ACCESS(sthbrx, STORE, 1, IR_REVERSED, true)
ACCESS(stwbrx, STORE, 2, IR_REVERSED, true)

/* --- wide homes: 64 bits as they are, 32 bits as singles --- */

static bool access_wide(Front *f, const Insn *in, IrOpcode op, unsigned size_log2, unsigned flags, bool indexed)
{
    if (!(f->state & JIT_STATE_FP) || (size_log2 != 3 && !f->jit->has_fp)) /* unavailable */
        return false;
    return access_memory(f, in, op, size_log2, flags, indexed);
}

#define ACCESS_WIDE(id, op, size, flags, indexed)                 \
    static bool t_##id(Front *f, const Insn *in)                  \
    {                                                             \
        return access_wide(f, in, IR_##op, size, flags, indexed); \
    }
#define ACCESSES_WIDE(id, op, size)                \
    ACCESS_WIDE(id, op, size, 0, false)            \
    ACCESS_WIDE(id##u, op, size, IR_UPDATE, false) \
    ACCESS_WIDE(id##x, op, size, 0, true)          \
    ACCESS_WIDE(id##ux, op, size, IR_UPDATE, true)
ACCESSES_WIDE(lfd, LOAD_WIDE, 3)
ACCESSES_WIDE(stfd, STORE_WIDE, 3)
ACCESSES_WIDE(lfs, LOAD_WIDE, 2)
ACCESSES_WIDE(stfs, STORE_WIDE, 2)
ACCESS_WIDE(stfiwx, STORE_WIDE, 2, IR_WORD, true)

/* --- a cache line becomes zero --- */

static bool zero(Front *f, const Insn *in)
{
    IrOp *o = front_op_dab(f, IR_ZERO, IR_NONE, in->ra ? in->ra : IR_NONE, in->rb);
    o->k = (uint8_t)__builtin_ctz(f->model->cache_line);
    front_record(f, o, in);
    return true;
}

/* --- reservations: of a core that is alone; others count stores (granule.h), which the interpreter does --- */

static bool reserved_word(Front *f, const Insn *in, IrOpcode op, unsigned flags)
{
    if (f->jit->vcpu->core.vm->granules)
        return false;
    IrOp *o = front_op_dab(f, op, in->rt, in->ra ? in->ra : IR_NONE, in->rb);
    o->k = 2;
    front_record(f, o, in);
    ((JitRecord *)o->record)->flags = (uint8_t)flags;
    return true;
}

static bool t_lwarx(Front *f, const Insn *in)
{
    return reserved_word(f, in, IR_RESERVE, 0);
}

static bool t_stwcx(Front *f, const Insn *in)
{
    return reserved_word(f, in, IR_STORE_RESERVED, RECORD_CR_IN | RECORD_CR_OUT);
}

/* --- barriers and hints --- */

/* The middle language keeps loads in order, and stores among themselves: only what orders a store with a later load is an op. */
static bool fence(Front *f, const Insn *in)
{
    front_op(f, IR_FENCE);
    return true;
}

static bool sync_or_lwsync(Front *f, const Insn *in)
{
    return (in->rt & 3) == 1 || fence(f, in);
}

static bool nothing(Front *f, const Insn *in)
{
    return true;
}

/* The next instruction begins a block, which looks at the limit: whoever wrote code has set it to 0. */
static bool isync(Front *f, const Insn *in)
{
    front_op(f, IR_EXIT)->imm = f->pc + 4;
    f->ends = true;
    return true;
}

#define R(id)             \
    {                     \
        INSN_##id, t_##id \
    }
#define R4(id) R(id), R(id##u), R(id##x), R(id##ux)

const FrontRow front_memory[] = {
    R4(lbz),
    R4(lhz),
    R4(lha),
    R4(lwz),
    R4(stb),
    R4(sth),
    R4(stw),
    R4(lfd),
    R4(stfd),
    R4(lfs),
    R4(stfs),
    R(stfiwx),
    R(lhbrx),
    R(lwbrx),
    R(sthbrx),
    R(stwbrx),
    R(lwarx),
    R(stwcx),
    {INSN_dcbz, zero},
    {INSN_dcbzl, zero},
    {INSN_sync, sync_or_lwsync},
    {INSN_msync, fence},
    {INSN_mbar, fence},
    {INSN_isync, isync},
    {INSN_dcba, nothing},
    {INSN_dcbal, nothing},
    {INSN_dcbt, nothing},
    {INSN_dcbtst, nothing},
    {INSN_icbt, nothing},
    {INSN_ILLEGAL, NULL},
};
