/* SPDX-License-Identifier: MIT
 *
 * Special forms: the instructions that guests execute most, without what their operands make superfluous (Rc and OE, rA = 0, the parts of BO).
 * None is privileged, and none does anything that the row's own function would not: tests/unit/engine_test.c compares the two.
 */
#include "cpu/e500/exec_helpers.h"
#include "cpu/e500/mem.h"
#include "cpu/soft/fast.h"

/*
 * FORM(name, row, condition, body): the one list.  The condition is about the instruction `in`; the body ends in EXEC_NEXT unless it
 * returns something else.
 */
#define PLAIN (!in->flags) /* neither Rc nor OE, neither LK nor AA */

/* BO of bc and bclr without the hint: 12 if the CR bit is set, 4 if it is clear, 16 if CTR does not become 0, 20 always. */
#define BO_IS(bo) ((in->rt & 0x1e) == (bo))

#define CR_TEST (c->s.cr & 1u << (31 - in->ra))

#define COMPARE(field, type, a, b)                                                         \
    {                                                                                      \
        type x = (type)(a), y = (type)(b);                                                 \
        uint32_t order = (x < y ? 8u : x > y ? 4u : 2u) | c->s.so;                         \
        c->s.cr = (c->s.cr & ~(0xf0000000u >> 4 * (field))) | order << (28 - 4 * (field)); \
    }

#define MEMORY(access)                           \
    {                                            \
        Ea ea = ra(c, in) + (Ea)in->imm;         \
        ExecResult r = access;                   \
        if (__builtin_expect(r != EXEC_NEXT, 0)) \
            return r;                            \
    }
#define LOAD_FORM(id, bits)                    \
    FORM(id##_based, id, in->ra != 0, {        \
        uint##bits##_t value;                  \
        MEMORY(e500_load##bits(c, ea, &value)) \
        rt(c, in) = value;                     \
    })
#define STORE_FORM(id, bits) FORM(id##_based, id, in->ra != 0, MEMORY(e500_store##bits(c, ea, (uint##bits##_t)rs(c, in))))

#define JUMP(target)        \
    {                       \
        c->s.pc = (target); \
        return EXEC_JUMP;   \
    }

#define FORMS                                                                                                                   \
    FORM(li, addi, in->ra == 0, { rt(c, in) = (uint32_t)in->imm; })                                                             \
    FORM(addi_based, addi, in->ra != 0, { rt(c, in) = ra(c, in) + (uint32_t)in->imm; })                                         \
    FORM(lis, addis, in->ra == 0, { rt(c, in) = (uint32_t)in->imm; })                                                           \
    FORM(addis_based, addis, in->ra != 0, { rt(c, in) = ra(c, in) + (uint32_t)in->imm; })                                       \
    FORM(add_plain, add, PLAIN, { rt(c, in) = ra(c, in) + rb(c, in); })                                                         \
    FORM(subf_plain, subf, PLAIN, { rt(c, in) = rb(c, in) - ra(c, in); })                                                       \
    FORM(mullw_plain, mullw, PLAIN, { rt(c, in) = ra(c, in) * rb(c, in); })                                                     \
    FORM(mr, or, PLAIN && in->rt == in->rb, { ra(c, in) = rs(c, in); })                                                         \
    FORM(or_plain, or, PLAIN && in->rt != in->rb, { ra(c, in) = rs(c, in) | rb(c, in); })                                       \
    FORM(and_plain, and, PLAIN, { ra(c, in) = rs(c, in) & rb(c, in); })                                                         \
    FORM(xor_plain, xor, PLAIN, {                                                                                               \
      ra(c, in) = rs(c, in) ^ rb(c, in);                                                                                        \
    })                                                                                                                          \
    FORM(rlwinm_plain, rlwinm, PLAIN, { ra(c, in) = (rs(c, in) << in->rb | rs(c, in) >> (-in->rb & 31)) & (uint32_t)in->imm; }) \
    FORM(cmpi_cr0, cmpi, in->rt >> 2 == 0, COMPARE(0, int32_t, ra(c, in), in->imm))                                             \
    FORM(cmpi_cr7, cmpi, in->rt >> 2 == 7, COMPARE(7, int32_t, ra(c, in), in->imm))                                             \
    FORM(cmpli_cr0, cmpli, in->rt >> 2 == 0, COMPARE(0, uint32_t, ra(c, in), in->imm))                                          \
    FORM(cmpli_cr7, cmpli, in->rt >> 2 == 7, COMPARE(7, uint32_t, ra(c, in), in->imm))                                          \
    FORM(cmp_cr0, cmp, in->rt >> 2 == 0, COMPARE(0, int32_t, ra(c, in), rb(c, in)))                                             \
    FORM(cmp_cr7, cmp, in->rt >> 2 == 7, COMPARE(7, int32_t, ra(c, in), rb(c, in)))                                             \
    FORM(cmpl_cr0, cmpl, in->rt >> 2 == 0, COMPARE(0, uint32_t, ra(c, in), rb(c, in)))                                          \
    FORM(cmpl_cr7, cmpl, in->rt >> 2 == 7, COMPARE(7, uint32_t, ra(c, in), rb(c, in)))                                          \
    LOAD_FORM(lwz, 32)                                                                                                          \
    LOAD_FORM(lhz, 16)                                                                                                          \
    LOAD_FORM(lbz, 8)                                                                                                           \
    STORE_FORM(stw, 32)                                                                                                         \
    STORE_FORM(sth, 16)                                                                                                         \
    STORE_FORM(stb, 8)                                                                                                          \
    FORM(b_near, b, PLAIN, JUMP(c->s.pc + (Ea)in->imm))                                                                         \
    FORM(bl_near, b, in->flags == INSN_LK, {                                                                                    \
        c->s.lr = c->s.pc + 4;                                                                                                  \
        JUMP(c->s.pc + (Ea)in->imm)                                                                                             \
    })                                                                                                                          \
    FORM(bc_if, bc, PLAIN &&BO_IS(12), if (CR_TEST) JUMP(c->s.pc + (Ea)in->imm))                                                \
    FORM(bc_unless, bc, PLAIN &&BO_IS(4), if (!CR_TEST) JUMP(c->s.pc + (Ea)in->imm))                                            \
    FORM(bdnz, bc, PLAIN &&BO_IS(16), if (--c->s.ctr) JUMP(c->s.pc + (Ea)in->imm))                                              \
    FORM(blr, bclr, PLAIN &&BO_IS(20), JUMP(c->s.lr & ~3u))                                                                     \
    FORM(bctr, bcctr, PLAIN &&BO_IS(20), JUMP(c->s.ctr & ~3u))                                                                  \
    FORM(bctrl, bcctr, in->flags == INSN_LK && BO_IS(20), {                                                                     \
        c->s.lr = c->s.pc + 4;                                                                                                  \
        JUMP(c->s.ctr & ~3u)                                                                                                    \
    })                                                                                                                          \
    FORM(mflr, mfspr, in->imm == SPRNO_LR, { rt(c, in) = c->s.lr; })                                                            \
    FORM(mtlr, mtspr, in->imm == SPRNO_LR, { c->s.lr = rs(c, in); })                                                            \
    FORM(mfctr, mfspr, in->imm == SPRNO_CTR, { rt(c, in) = c->s.ctr; })                                                         \
    FORM(mtctr, mtspr, in->imm == SPRNO_CTR, { c->s.ctr = rs(c, in); })

#define FORM(name, row, condition, ...)                    \
    static bool applies_##name(const Insn *in)             \
    {                                                      \
        return condition;                                  \
    }                                                      \
    static ExecResult fast_##name(E500 *c, const Insn *in) \
    {                                                      \
        __VA_ARGS__                                        \
        return EXEC_NEXT;                                  \
    }
FORMS
#undef FORM

const FastForm fast_forms[] = {
#define FORM(name, row, ...) {#name, INSN_##row, applies_##name, fast_##name},
    FORMS
#undef FORM
};
const unsigned fast_forms_n = G_N_ELEMENTS(fast_forms);

/* Of each row where its forms begin and end; others may stand between them. */
static struct {
    uint8_t first, end;
} of_row[INSN_COUNT];

static void find_rows(void)
{
    G_STATIC_ASSERT(G_N_ELEMENTS(fast_forms) <= UINT8_MAX);
    for (unsigned i = fast_forms_n; i-- > 0;) {
        of_row[fast_forms[i].id].first = (uint8_t)i;
        of_row[fast_forms[i].id].end = MAX(of_row[fast_forms[i].id].end, (uint8_t)(i + 1));
    }
}

InsnExec *fast_exec(const Insn *in)
{
    static gsize found;
    if (g_once_init_enter(&found)) {
        find_rows();
        g_once_init_leave(&found, 1);
    }
    for (unsigned i = of_row[in->id].first; i < of_row[in->id].end; i++)
        if (fast_forms[i].id == in->id && fast_forms[i].applies(in))
            return fast_forms[i].exec;
    return insn_exec[in->id];
}
