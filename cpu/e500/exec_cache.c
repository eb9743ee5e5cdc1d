/* SPDX-License-Identifier: MIT
 *
 * Cache management, cache locking and barriers (Power ISA 2.06B Book II §4.3, §4.4, Book III-E §5.9; EREF 2.0 §5).
 *
 * No cache is modelled: memory is always coherent, so an operation on a block translates its address, with the permissions and
 * interrupts of the load or store that it counts as, and has nothing more to do.  dcbz is the exception.
 */
#include "cpu/e500/exec_helpers.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mem.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/ram.h"

static ExecResult touch(E500 *c, Ea ea, E500Access access, unsigned flags)
{
    uint64_t gpa;
    uint8_t *host;
    return e500_mem_probe(c, ea, c->model->cache_line, access, flags, &gpa, &host);
}

/* --- dcbz --- */

/* A device that the guest maps as cacheable gets the zeros that a cache would write back some time. */
static ExecResult zero_device(E500 *c, Ea line, unsigned flags)
{
    static const uint64_t zero[E500_OPERAND_MAX / 8];
    return e500_store_units(c, line, 8, c->model->cache_line / 8, flags, zero);
}

/* If the page is not cacheable or is written through, there is no cache line to establish: an alignment interrupt. */
static ExecResult zero_block(E500 *c, Ea ea, unsigned flags)
{
    uint64_t gpa;
    uint8_t *host;
    E500Context ctx = flags & MEM_EPID ? e500_external_context(c, ACCESS_WRITE) : c->ctx_data;
    uint32_t epid = flags & MEM_EPID ? ESR_EPID : 0;
    Ea line = ea & ~(Ea)(c->model->cache_line - 1u);

    if (c->device.open) /* all of this was asked before its first access */
        return zero_device(c, line, flags);
    ExecResult r = e500_mem_probe(c, ea, c->model->cache_line, ACCESS_WRITE, flags, &gpa, &host);
    if (r != EXEC_NEXT)
        return r;
    if (page_attributes(c, ea, ACCESS_WRITE, ctx) & (MAS2_I | MAS2_W))
        return e500_raise_data(c, EXCP_ALIGNMENT, ESR_ST | epid, ea);
    if (!host)
        return zero_device(c, line, flags);
    e500_ram_zero(c, gpa - (ea - line), host - (ea - line), c->model->cache_line);
    return EXEC_NEXT;
}

ExecResult exec_dcbz(E500 *c, const Insn *in)
{
    return zero_block(c, ea_x(c, in), 0);
}

/* L1CSR0[DCBZ32] would make dcbz clear half a line and leave dcbzl as it is.  Guests do not have that bit, so both are the same. */
ExecResult exec_dcbzl(E500 *c, const Insn *in)
{
    return zero_block(c, ea_x(c, in), 0);
}

/* --- hints: there is no cache to act on, and a hint never raises an interrupt --- */

#define HINT(id)                                  \
    ExecResult exec_##id(E500 *c, const Insn *in) \
    {                                             \
        return EXEC_NEXT;                         \
    }
HINT(dcba)
HINT(dcbal)
HINT(dcbt)
HINT(dcbtst)
HINT(icbt)

/* --- operations on a block: the address is translated, and there is no cache to act on --- */

#define BLOCK(id, access)                         \
    ExecResult exec_##id(E500 *c, const Insn *in) \
    {                                             \
        return touch(c, ea_x(c, in), access, 0);  \
    }
BLOCK(dcbf, ACCESS_READ)
BLOCK(dcbst, ACCESS_READ)
BLOCK(icbi, ACCESS_READ)
BLOCK(dcbi, ACCESS_WRITE)

/* Decorated storage notify: its address is in rB. */
ExecResult exec_dsn(E500 *c, const Insn *in)
{
    return touch(c, rb(c, in), ACCESS_WRITE, 0);
}

/* --- locking: user mode needs MSR[UCLE] (EREF 2.0 §5.7) --- */

#define LOCKING(id, access, esr)                                   \
    ExecResult exec_##id(E500 *c, const Insn *in)                  \
    {                                                              \
        Ea ea = ea_x(c, in);                                       \
        if (in_problem_state(c) && !(c->s.msr & MSR_UCLE))         \
            return e500_raise_data(c, EXCP_DATA_STORAGE, esr, ea); \
        return touch(c, ea, access, 0);                            \
    }
LOCKING(dcbtls, ACCESS_READ, ESR_DLK)
LOCKING(dcbtstls, ACCESS_WRITE, ESR_DLK)
LOCKING(dcblc, ACCESS_READ, ESR_DLK)
LOCKING(icbtls, ACCESS_READ, ESR_ILK)
LOCKING(icblc, ACCESS_READ, ESR_ILK)

/* There is no branch buffer, so nothing is locked.  In problem state it takes MSR[UBLE] (e500 core manual, bblels, bbelr). */
static ExecResult branch_buffer(E500 *c)
{
    return in_problem_state(c) && !(c->s.msr & MSR_UBLE) ? e500_privileged(c) : EXEC_NEXT;
}

ExecResult exec_bblels(E500 *c, const Insn *in)
{
    return branch_buffer(c);
}

ExecResult exec_bbelr(E500 *c, const Insn *in)
{
    return branch_buffer(c);
}

/* --- external PID: privileged; loads translate by EPLC, stores by EPSC --- */

#define EXTERNAL(id, operation)                   \
    ExecResult exec_##id(E500 *c, const Insn *in) \
    {                                             \
        return operation;                         \
    }
EXTERNAL(dcbfep, touch(c, ea_x(c, in), ACCESS_READ, MEM_EPID))
EXTERNAL(dcbstep, touch(c, ea_x(c, in), ACCESS_READ, MEM_EPID))
EXTERNAL(icbiep, touch(c, ea_x(c, in), ACCESS_READ, MEM_EPID))
EXTERNAL(dcbtep, EXEC_NEXT)
EXTERNAL(dcbtstep, EXEC_NEXT)
EXTERNAL(dcbzep, zero_block(c, ea_x(c, in), MEM_EPID))
EXTERNAL(dcbzlep, zero_block(c, ea_x(c, in), MEM_EPID))

/* --- barriers --- */

/* sync with L = 0 orders all accesses; lwsync (L = 1) does not order stores with the loads after them. */
ExecResult exec_sync(E500 *c, const Insn *in)
{
    if ((in->rt & 3) == 1)
        __atomic_thread_fence(__ATOMIC_ACQ_REL);
    else
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return EXEC_NEXT;
}

/* The e500v2 has no lwsync: msync orders all accesses. */
ExecResult exec_msync(E500 *c, const Insn *in)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return EXEC_NEXT;
}

ExecResult exec_mbar(E500 *c, const Insn *in)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return EXEC_NEXT;
}

/* Instructions execute one after the other anyway.  What is left is that later loads must not be made before a lock was taken. */
ExecResult exec_isync(E500 *c, const Insn *in)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return EXEC_NEXT;
}
