/* SPDX-License-Identifier: MIT
 *
 * Floating-point loads and stores (Power ISA 2.06 Book I §4.6.2, §4.6.3; Book III-E §5.4 for
 * external PID). Update forms write RA only after the access came through.
 */
#include "cpu/e500/exec_fp.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mem.h"

static inline ExecResult load_single(E500 *c, const Insn *in, Ea ea)
{
    uint32_t word;
    FP_REQUIRED(c);
    ExecResult r = e500_load32(c, ea, &word);
    if (r == EXEC_NEXT)
        c->s.fpr[in->rt] = softfp_from_single(word);
    return r;
}

static inline ExecResult load_double(E500 *c, const Insn *in, Ea ea)
{
    uint64_t value;
    FP_REQUIRED(c);
    ExecResult r = e500_load64(c, ea, &value);
    if (r == EXEC_NEXT)
        c->s.fpr[in->rt] = value;
    return r;
}

static inline ExecResult store_single(E500 *c, const Insn *in, Ea ea)
{
    FP_REQUIRED(c);
    return e500_store32(c, ea, softfp_to_single(c->s.fpr[in->rt]));
}

static inline ExecResult store_double(E500 *c, const Insn *in, Ea ea)
{
    FP_REQUIRED(c);
    return e500_store64(c, ea, c->s.fpr[in->rt]);
}

#define FP_ACCESS(name, access, ea_form)            \
    ExecResult exec_##name(E500 *c, const Insn *in) \
    {                                               \
        return access(c, in, ea_form(c, in));       \
    }
#define FP_ACCESS_UPDATE(name, access, ea_form)     \
    ExecResult exec_##name(E500 *c, const Insn *in) \
    {                                               \
        Ea ea = ea_form(c, in);                     \
        ExecResult r = access(c, in, ea);           \
        if (r == EXEC_NEXT)                         \
            c->s.gpr[in->ra].w = ea;                \
        return r;                                   \
    }
#define FP_ACCESSES(name, access)           \
    FP_ACCESS(name, access, ea_d)           \
    FP_ACCESS(name##x, access, ea_x)        \
    FP_ACCESS_UPDATE(name##u, access, ea_d) \
    FP_ACCESS_UPDATE(name##ux, access, ea_x)

FP_ACCESSES(lfs, load_single)
FP_ACCESSES(lfd, load_double)
FP_ACCESSES(stfs, store_single)
FP_ACCESSES(stfd, store_double)

ExecResult exec_stfiwx(E500 *c, const Insn *in)
{
    FP_REQUIRED(c);
    return e500_store32(c, ea_x(c, in), (uint32_t)c->s.fpr[in->rt]);
}

/* --- decorated: RB alone is the address, and only a device could look at the decoration in RA ---
 */

ExecResult exec_lfddx(E500 *c, const Insn *in)
{
    return load_double(c, in, c->s.gpr[in->rb].w);
}

ExecResult exec_stfddx(E500 *c, const Insn *in)
{
    return store_double(c, in, c->s.gpr[in->rb].w);
}

/* --- external PID --- */

ExecResult exec_lfdepx(E500 *c, const Insn *in)
{
    uint64_t value;
    FP_REQUIRED(c);
    ExecResult r = e500_load_slow(c, ea_x(c, in), 8, MEM_EPID, &value);
    if (r == EXEC_NEXT)
        c->s.fpr[in->rt] = value;
    return r;
}

ExecResult exec_stfdepx(E500 *c, const Insn *in)
{
    FP_REQUIRED(c);
    return e500_store_slow(c, ea_x(c, in), 8, MEM_EPID, c->s.fpr[in->rt]);
}
