/* SPDX-License-Identifier: MIT
 *
 * Integer loads and stores, reservations, external PID, decorated storage (Power ISA 2.06B Book I §3.3.2–§3.3.6, Book II §4.4.2,
 * Book III-E §5.4.3).
 *
 * Nothing of an instruction takes effect before its access succeeded: the access may trap, or be a device's and take exits (device.h).
 */
#include "cpu/e500/exec_helpers.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mem.h"
#include "cpu/e500/ram.h"

/* --- loads and stores --- */

#define LOAD(id, bits, ea_of, value_of, update)    \
    ExecResult exec_##id(E500 *c, const Insn *in)  \
    {                                              \
        Ea ea = ea_of;                             \
        uint##bits##_t v;                          \
        ExecResult r = e500_load##bits(c, ea, &v); \
        if (__builtin_expect(r != EXEC_NEXT, 0))   \
            return r;                              \
        rt(c, in) = value_of;                      \
        if (update)                                \
            ra(c, in) = ea;                        \
        return EXEC_NEXT;                          \
    }

#define STORE(id, bits, ea_of, value, update)                            \
    ExecResult exec_##id(E500 *c, const Insn *in)                        \
    {                                                                    \
        Ea ea = ea_of;                                                   \
        ExecResult r = e500_store##bits(c, ea, (uint##bits##_t)(value)); \
        if (update && __builtin_expect(r == EXEC_NEXT, 1))               \
            ra(c, in) = ea;                                              \
        return r;                                                        \
    }

#define LOADS(id, bits, value_of)                   \
    LOAD(id, bits, ea_d(c, in), value_of, false)    \
    LOAD(id##u, bits, ea_d(c, in), value_of, true)  \
    LOAD(id##x, bits, ea_x(c, in), value_of, false) \
    LOAD(id##ux, bits, ea_x(c, in), value_of, true)

#define STORES(id, bits)                              \
    STORE(id, bits, ea_d(c, in), rs(c, in), false)    \
    STORE(id##u, bits, ea_d(c, in), rs(c, in), true)  \
    STORE(id##x, bits, ea_x(c, in), rs(c, in), false) \
    STORE(id##ux, bits, ea_x(c, in), rs(c, in), true)

LOADS(lbz, 8, v)
LOADS(lhz, 16, v)
LOADS(lha, 16, (uint32_t)(int16_t)v)
LOADS(lwz, 32, v)
STORES(stb, 8)
STORES(sth, 16)
STORES(stw, 32)

LOAD(lhbrx, 16, ea_x(c, in), __builtin_bswap16(v), false)
LOAD(lwbrx, 32, ea_x(c, in), __builtin_bswap32(v), false)
STORE(sthbrx, 16, ea_x(c, in), __builtin_bswap16((uint16_t)rs(c, in)), false)
STORE(stwbrx, 32, ea_x(c, in), __builtin_bswap32(rs(c, in)), false)

/* Decorated storage: rB is the address.  Only a device could interpret the decoration in rA, and none here does. */
LOAD(lbdx, 8, rb(c, in), v, false)
LOAD(lhdx, 16, rb(c, in), v, false)
LOAD(lwdx, 32, rb(c, in), v, false)
STORE(stbdx, 8, rb(c, in), rs(c, in), false)
STORE(sthdx, 16, rb(c, in), rs(c, in), false)
STORE(stwdx, 32, rb(c, in), rs(c, in), false)

/* --- multiple --- */

static ExecResult misaligned(E500 *c, Ea ea, bool is_store)
{
    return e500_raise_data(c, EXCP_ALIGNMENT, is_store ? ESR_ST : 0, ea);
}

/* All words are loaded before the first register changes, so rA may be among them. */
ExecResult exec_lmw(E500 *c, const Insn *in)
{
    uint64_t value[32];
    Ea ea = ea_d(c, in);

    if (ea & 3)
        return misaligned(c, ea, false);
    ExecResult r = e500_load_units(c, ea, 4, 32u - in->rt, MEM_MULTIPLE, value);
    if (r == EXEC_NEXT)
        for (unsigned i = in->rt; i < 32; i++)
            c->s.gpr[i].w = (uint32_t)value[i - in->rt];
    return r;
}

ExecResult exec_stmw(E500 *c, const Insn *in)
{
    uint64_t value[32];
    Ea ea = ea_d(c, in);

    if (ea & 3)
        return misaligned(c, ea, true);
    for (unsigned i = in->rt; i < 32; i++)
        value[i - in->rt] = c->s.gpr[i].w;
    return e500_store_units(c, ea, 4, 32u - in->rt, MEM_MULTIPLE, value);
}

/* --- reservations ---
 *
 * A reservation is of a word's real address; ram.h makes it and knows whether it was lost.
 */

/* A reservation needs RAM: elsewhere it is a storage synchronization exception (EREF 2.0 §6.4.1.4.5). */
static ExecResult reservation_word(E500 *c, Ea ea, E500Access access, uint64_t *gpa, uint32_t **word)
{
    uint32_t st = access == ACCESS_WRITE ? ESR_ST : 0;
    uint8_t *host;

    if (ea & 3)
        return misaligned(c, ea, access == ACCESS_WRITE);
    ExecResult r = e500_mem_probe(c, ea, 4, access, 0, gpa, &host);
    if (r != EXEC_NEXT)
        return r;
    if (!host)
        return e500_raise_data(c, EXCP_DATA_STORAGE, st, ea);
    *word = (uint32_t *)(void *)host;
    return EXEC_NEXT;
}

/* Converts between a word as it lies in memory and its value, in the byte order of its page. */
static uint32_t to_guest_order(const E500 *c, Ea ea, E500Access access, uint32_t raw)
{
    uint32_t value = (uint32_t)e500_swap(raw, 4);
    return page_attributes(c, ea, access, c->ctx_data) & MAS2_E ? __builtin_bswap32(value) : value;
}

ExecResult exec_lwarx(E500 *c, const Insn *in)
{
    uint64_t gpa;
    uint32_t *word = NULL;
    Ea ea = ea_x(c, in);
    ExecResult r = reservation_word(c, ea, ACCESS_READ, &gpa, &word);

    if (r != EXEC_NEXT)
        return r;
    uint32_t raw;
    if (!e500_ram_reserve(c, gpa, word, &raw))
        return EXEC_JUMP; /* to this instruction: once more */
    rt(c, in) = to_guest_order(c, ea, ACCESS_READ, raw);
    return EXEC_NEXT;
}

ExecResult exec_stwcx(E500 *c, const Insn *in)
{
    uint64_t gpa;
    uint32_t *word = NULL;
    Ea ea = ea_x(c, in);
    ExecResult r = reservation_word(c, ea, ACCESS_WRITE, &gpa, &word);

    if (r != EXEC_NEXT)
        return r;
    bool stored =
        c->reserve && c->reserve_gpa == gpa && e500_ram_store_reserved(c, word, to_guest_order(c, ea, ACCESS_WRITE, rs(c, in)));
    c->reserve = false;
    cr_field_set(c, 0, (stored ? CR_EQ : 0) | c->s.so);
    return EXEC_NEXT;
}

/* --- external PID: privileged; the context is EPLC's or EPSC's --- */

static ExecResult load_external(E500 *c, const Insn *in, unsigned size)
{
    uint64_t value;

    ExecResult r = e500_load_slow(c, ea_x(c, in), size, MEM_EPID, &value);
    if (r == EXEC_NEXT)
        rt(c, in) = (uint32_t)value;
    return r;
}

static ExecResult store_external(E500 *c, const Insn *in, unsigned size)
{
    uint64_t low = rs(c, in) & (UINT64_MAX >> (64 - 8 * size));
    return e500_store_slow(c, ea_x(c, in), size, MEM_EPID, low);
}

ExecResult exec_lbepx(E500 *c, const Insn *in)
{
    return load_external(c, in, 1);
}

ExecResult exec_lhepx(E500 *c, const Insn *in)
{
    return load_external(c, in, 2);
}

ExecResult exec_lwepx(E500 *c, const Insn *in)
{
    return load_external(c, in, 4);
}

ExecResult exec_stbepx(E500 *c, const Insn *in)
{
    return store_external(c, in, 1);
}

ExecResult exec_sthepx(E500 *c, const Insn *in)
{
    return store_external(c, in, 2);
}

ExecResult exec_stwepx(E500 *c, const Insn *in)
{
    return store_external(c, in, 4);
}
