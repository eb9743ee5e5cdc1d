/* SPDX-License-Identifier: MIT
 *
 * SPE: loads and stores (Power ISA 2.06B Book I ch. 7).  An access that is not aligned by its whole
 * size is an alignment interrupt.  What they load are elements: each has its own byte order on a
 * little-endian page.
 */
#include "cpu/e500/exec_spe.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mem.h"

static ExecResult misaligned(E500 *c, Ea ea, uint32_t store)
{
    return e500_raise_data(c, EXCP_ALIGNMENT, ESR_SPE | store, ea);
}

/* ESR[SPE] tells whose access the MMU refused (EREF 2.0, ESR). */
static ExecResult failed(E500 *c, ExecResult r)
{
    if (r == EXEC_TRAP && (c->trap.excp == EXCP_DATA_STORAGE || c->trap.excp == EXCP_DTLB_MISS))
        c->trap.esr |= ESR_SPE;
    return r;
}

/* n elements of `bits` bits from ea on, which are one access.  They come one by one only where all of them lie in RAM. */
#define ELEMENTS(bits)                                                                            \
    static ExecResult load_elements_##bits(E500 *c, Ea ea, unsigned n, uint##bits##_t v[])        \
    {                                                                                             \
        uint64_t value[4];                                                                        \
        if (ea & (n * (bits / 8) - 1))                                                            \
            return misaligned(c, ea, 0);                                                          \
        if (n == 1 || e500_load_hits(c, ea)) {                                                    \
            for (unsigned i = 0; i < n; i++) {                                                    \
                ExecResult r = e500_load##bits(c, ea + i * (bits / 8), &v[i]);                    \
                if (__builtin_expect(r != EXEC_NEXT, 0))                                          \
                    return failed(c, r);                                                          \
            }                                                                                     \
            return EXEC_NEXT;                                                                     \
        }                                                                                         \
        ExecResult r = e500_load_units(c, ea, bits / 8, n, 0, value);                             \
        for (unsigned i = 0; i < n && r == EXEC_NEXT; i++)                                        \
            v[i] = (uint##bits##_t)value[i];                                                      \
        return failed(c, r);                                                                      \
    }                                                                                             \
    static ExecResult store_elements_##bits(E500 *c, Ea ea, unsigned n, const uint##bits##_t v[]) \
    {                                                                                             \
        uint64_t value[4];                                                                        \
        if (ea & (n * (bits / 8) - 1))                                                            \
            return misaligned(c, ea, ESR_ST);                                                     \
        if (n == 1)                                                                               \
            return failed(c, e500_store##bits(c, ea, v[0]));                                      \
        for (unsigned i = 0; i < n; i++)                                                          \
            value[i] = v[i];                                                                      \
        return failed(c, e500_store_units(c, ea, bits / 8, n, 0, value));                         \
    }
ELEMENTS(16)
ELEMENTS(32)
ELEMENTS(64)

/* --- loads: rT as an expression of the elements v[] --- */

#define LOAD(id, bits, n, ea_of, value)                             \
    ExecResult exec_##id(E500 *c, const Insn *in)                   \
    {                                                               \
        SPE_REQUIRED(c);                                            \
        uint##bits##_t v[n];                                        \
        ExecResult r = load_elements_##bits(c, ea_of(c, in), n, v); \
        if (__builtin_expect(r == EXEC_NEXT, 1))                    \
            c->s.gpr[in->rt] = value;                               \
        return r;                                                   \
    }
#define LOADS(id, bits, n, value)  \
    LOAD(id, bits, n, ea_d, value) \
    LOAD(id##x, bits, n, ea_x, value)

static inline uint32_t upper(uint16_t half)
{
    return (uint32_t)half << 16;
}

static inline uint32_t extended(uint16_t half)
{
    return (uint32_t)(int16_t)half;
}

static inline uint32_t halves(uint16_t high, uint16_t low)
{
    return (uint32_t)high << 16 | low;
}

LOADS(evldd, 64, 1, ((E500Gpr){.d = v[0]}))
LOADS(evldw, 32, 2, spe_pair(v[0], v[1]))
LOADS(evldh, 16, 4, spe_pair(halves(v[0], v[1]), halves(v[2], v[3])))
LOADS(evlhhesplat, 16, 1, spe_pair(upper(v[0]), upper(v[0])))
LOADS(evlhhousplat, 16, 1, spe_pair(v[0], v[0]))
LOADS(evlhhossplat, 16, 1, spe_pair(extended(v[0]), extended(v[0])))
LOADS(evlwhe, 16, 2, spe_pair(upper(v[0]), upper(v[1])))
LOADS(evlwhou, 16, 2, spe_pair(v[0], v[1]))
LOADS(evlwhos, 16, 2, spe_pair(extended(v[0]), extended(v[1])))
LOADS(evlwwsplat, 32, 1, spe_pair(v[0], v[0]))
LOADS(evlwhsplat, 16, 2, spe_pair(halves(v[0], v[0]), halves(v[1], v[1])))

/* --- stores: the elements as expressions of rS --- */

#define STORE(id, bits, n, ea_of, ...)                       \
    ExecResult exec_##id(E500 *c, const Insn *in)            \
    {                                                        \
        SPE_REQUIRED(c);                                     \
        const E500Gpr s = c->s.gpr[in->rt];                  \
        const uint##bits##_t v[n] = {__VA_ARGS__};           \
        return store_elements_##bits(c, ea_of(c, in), n, v); \
    }
#define STORES(id, bits, n, ...)          \
    STORE(id, bits, n, ea_d, __VA_ARGS__) \
    STORE(id##x, bits, n, ea_x, __VA_ARGS__)

STORES(evstdd, 64, 1, s.d)
STORES(evstdw, 32, 2, s.h, s.w)
STORES(evstdh, 16, 4, (uint16_t)(s.h >> 16), (uint16_t)s.h, (uint16_t)(s.w >> 16), (uint16_t)s.w)
STORES(evstwhe, 16, 2, (uint16_t)(s.h >> 16), (uint16_t)(s.w >> 16))
STORES(evstwho, 16, 2, (uint16_t)s.h, (uint16_t)s.w)
STORES(evstwwe, 32, 1, s.h)
STORES(evstwwo, 32, 1, s.w)
