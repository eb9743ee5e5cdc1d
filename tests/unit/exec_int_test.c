/* SPDX-License-Identifier: MIT
 *
 * Results of integer instructions at the edges; the wide coverage is the differential tests'.
 */
#include "cpu/e500/insn.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/unit.h"

enum { SO = 4, OV = 2, CA = 1 }; /* of XER, as flags here */
enum { RC = 1, OE = 1 << 10 };
enum { LT = 8, GT = 4, EQ = 2 };

typedef struct Case {
    InsnId id;
    uint32_t more; /* of the word: Rc, OE, immediate, fields */
    uint32_t a, b; /* r4, r5 */
    unsigned xer;
    uint32_t result; /* r3, for logic with rS in r4 too */
    unsigned xer_after;
    int cr0; /* after; −1: as it was */
} Case;

static ExecResult run(E500 *c, uint32_t word)
{
    Insn in;
    insn_decode(word, c->model, &in);
    g_assert_cmpuint(in.id, !=, INSN_ILLEGAL);
    return insn_exec[in.id](c, &in);
}

static void put_xer(E500 *c, unsigned xer)
{
    c->s.so = !!(xer & SO);
    c->s.ov = !!(xer & OV);
    c->s.ca = !!(xer & CA);
}

static unsigned xer(const E500 *c)
{
    return (c->s.so ? SO : 0) | (c->s.ov ? OV : 0) | (c->s.ca ? CA : 0);
}

/* Target field first in arithmetic, second in logic: the operand table says which. */
static uint32_t registers(InsnId id)
{
    OperandId target = (OperandId)insn_info[id].operand[0];
    bool logic = target == OPERAND_ID_RAW || target == OPERAND_ID_RAI;
    uint32_t word = logic ? 4u << 21 | 3u << 16 : 3u << 21 | 4u << 16;
    for (unsigned i = 0; i < INSN_OPERANDS_MAX; i++)
        if (insn_info[id].operand[i] == OPERAND_ID_RB)
            word |= 5u << 11;
    return word;
}

static void check(E500 *c, const Case *k, size_t n)
{
    for (size_t i = 0; i < n; i++, k++) {
        c->s.cr = 0x10000001;
        c->s.gpr[3].d = UINT64_C(0x1122334400000000) | 0xdeadbeef;
        c->s.gpr[4].w = k->a;
        c->s.gpr[5].w = k->b;
        put_xer(c, k->xer);
        g_assert_cmpint(run(c, insn_info[k->id].match | registers(k->id) | k->more), ==, EXEC_NEXT);
        uint32_t cr = k->cr0 < 0 ? 0x10000001 : (uint32_t)k->cr0 << 28 | 1 | (c->s.so ? 1u << 28 : 0);
        if (c->s.gpr[3].w != k->result || xer(c) != k->xer_after || c->s.cr != cr)
            g_error("case %zu, %s: %08x %08x: result %08x (%08x), xer %x (%x), cr %08x (%08x)", i, insn_info[k->id].name, k->a,
                    k->b, c->s.gpr[3].w, k->result, xer(c), k->xer_after, c->s.cr, cr);
        g_assert_cmphex(c->s.gpr[3].h, ==, 0x11223344); /* SPE's half */
    }
}

#define ROW(id, ...)           \
    {                          \
        INSN_##id, __VA_ARGS__ \
    }

static void sums_set_carry_and_overflow(Fixture *f, gconstpointer unused)
{
    static const Case cases[] = {
        ROW(add, 0, 0x7fffffff, 1, 0, 0x80000000, 0, -1),
        ROW(add, OE, 0x7fffffff, 1, 0, 0x80000000, SO | OV, -1),
        ROW(add, OE | RC, 0x7fffffff, 1, 0, 0x80000000, SO | OV, LT),
        ROW(add, OE, 1, 1, SO | OV, 2, SO, -1),
        ROW(add, RC, 0xffffffff, 1, SO, 0, SO, EQ),
        ROW(addc, 0, 0xffffffff, 1, 0, 0, CA, -1),
        ROW(addc, 0, 0xfffffffe, 1, CA, 0xffffffff, 0, -1),
        ROW(adde, 0, 0xffffffff, 0, CA, 0, CA, -1),
        ROW(adde, OE, 0x7fffffff, 0, CA, 0x80000000, SO | OV, -1),
        ROW(adde, 0, 0xffffffff, 0xffffffff, CA, 0xffffffff, CA, -1),
        ROW(addme, 0, 0, 0, 0, 0xffffffff, 0, -1),
        ROW(addme, 0, 0, 0, CA, 0, CA, -1),
        ROW(addme, OE, 0x80000000, 0, 0, 0x7fffffff, SO | OV | CA, -1),
        ROW(addze, RC, 0xffffffff, 0, CA, 0, CA, EQ),
        ROW(addze, OE, 0x7fffffff, 0, CA, 0x80000000, SO | OV, -1),
        ROW(addi, 0x8000, 0x10000, 0, 0, 0x8000, 0, -1),
        ROW(addis, 0x8000, 1, 0, 0, 0x80000001, 0, -1),
        ROW(addic, 0xffff, 1, 0, 0, 0, CA, -1),
        ROW(addic_rc, 0xffff, 0, 0, CA, 0xffffffff, 0, LT),
    };
    check(f->core[0], cases, G_N_ELEMENTS(cases));
}

static void differences_carry_when_nothing_is_borrowed(Fixture *f, gconstpointer unused)
{
    static const Case cases[] = {
        ROW(subf, 0, 1, 3, 0, 2, 0, -1),
        ROW(subf, OE, 1, 0x80000000, 0, 0x7fffffff, SO | OV, -1),
        ROW(subfc, 0, 1, 1, 0, 0, CA, -1),
        ROW(subfc, 0, 2, 1, CA, 0xffffffff, 0, -1),
        ROW(subfe, 0, 1, 1, 0, 0xffffffff, 0, -1),
        ROW(subfe, RC, 1, 1, CA, 0, CA, EQ),
        ROW(subfme, 0, 0xffffffff, 0, 0, 0xffffffff, 0, -1),
        ROW(subfme, 0, 0, 0, 0, 0xfffffffe, CA, -1),
        ROW(subfme, OE, 0x7fffffff, 0, 0, 0x7fffffff, SO | OV | CA, -1),
        ROW(subfze, 0, 0, 0, CA, 0, CA, -1),
        ROW(subfze, OE, 0x80000000, 0, CA, 0x80000000, SO | OV, -1),
        ROW(subfic, 0, 1, 0, CA, 0xffffffff, 0, -1),
        ROW(subfic, 0xffff, 0xffffffff, 0, 0, 0, CA, -1),
        ROW(neg, OE, 0x80000000, 0, 0, 0x80000000, SO | OV, -1),
        ROW(neg, RC, 5, 0, 0, 0xfffffffb, 0, LT),
        ROW(neg, OE, 0, 0, OV, 0, 0, -1),
    };
    check(f->core[0], cases, G_N_ELEMENTS(cases));
}

static void products_and_quotients_at_the_edges(Fixture *f, gconstpointer unused)
{
    static const Case cases[] = {
        ROW(mulli, 0xfffe, 0x40000001, 0, 0, 0x7ffffffe, 0, -1),
        ROW(mullw, OE, 0x10000, 0x8000, 0, 0x80000000, SO | OV, -1),
        ROW(mullw, OE, 0xffff0000, 0x8000, 0, 0x80000000, 0, -1),
        ROW(mulhw, RC, 0x80000000, 0x80000000, 0, 0x40000000, 0, GT),
        ROW(mulhw, 0, 0xffffffff, 1, 0, 0xffffffff, 0, -1),
        ROW(mulhwu, 0, 0xffffffff, 0xffffffff, 0, 0xfffffffe, 0, -1),
        ROW(divw, 0, (uint32_t)-7, 2, 0, (uint32_t)-3, 0, -1),
        ROW(divw, OE, 7, 0, 0, 7, SO | OV, -1),
        ROW(divw, OE, 0x80000000, 0xffffffff, 0, 0x80000000, SO | OV, -1),
        ROW(divw, OE, 8, 2, OV, 4, 0, -1),
        ROW(divwu, 0, 0x80000000, 0xffffffff, 0, 0, 0, -1),
        ROW(divwu, OE | RC, 9, 0, 0, 9, SO | OV, GT),
    };
    check(f->core[0], cases, G_N_ELEMENTS(cases));
}

#define SH(n)        ((uint32_t)(n) << 11)
#define MASK(mb, me) ((uint32_t)(mb) << 6 | (uint32_t)(me) << 1)

static void shifts_and_rotates_at_the_edges(Fixture *f, gconstpointer unused)
{
    static const Case cases[] = {
        ROW(slw, 0, 1, 31, 0, 0x80000000, 0, -1),
        ROW(slw, RC, 1, 32, 0, 0, 0, EQ),
        ROW(slw, 0, 1, 64, 0, 1, 0, -1),
        ROW(srw, 0, 0x80000000, 31, 0, 1, 0, -1),
        ROW(srw, 0, 0x80000000, 63, 0, 0, 0, -1),
        ROW(sraw, 0, 0x80000001, 1, 0, 0xc0000000, CA, -1),
        ROW(sraw, 0, 0x80000000, 1, CA, 0xc0000000, 0, -1),
        ROW(sraw, 0, 0x80000000, 32, 0, 0xffffffff, CA, -1),
        ROW(sraw, 0, 0x80000000, 63, 0, 0xffffffff, CA, -1),
        ROW(sraw, RC, 0x7fffffff, 32, CA, 0, 0, EQ),
        ROW(sraw, 0, 0x80000001, 64, CA, 0x80000001, 0, -1),
        ROW(srawi, SH(31), 0x80000000, 0, 0, 0xffffffff, 0, -1),
        ROW(srawi, SH(1), 0xffffffff, 0, 0, 0xffffffff, CA, -1),
        ROW(srawi, SH(0), 0xffffffff, 0, CA, 0xffffffff, 0, -1),
        ROW(rlwinm, SH(8) | MASK(0, 31), 0x12345678, 0, 0, 0x34567812, 0, -1),
        ROW(rlwinm, SH(0) | MASK(30, 1), 0xffffffff, 0, 0, 0xc0000003, 0, -1),
        ROW(rlwinm, SH(31) | MASK(0, 31) | RC, 1, 0, 0, 0x80000000, 0, LT),
        ROW(rlwimi, SH(16) | MASK(0, 15), 0x0000abcd, 0, 0, 0xabcdbeef, 0, -1),
        ROW(rlwnm, MASK(24, 31), 0x12345678, 40, 0, 0x12, 0, -1),
        ROW(cntlzw, 0, 0, 0, 0, 32, 0, -1),
        ROW(cntlzw, RC, 0x00010000, 0, 0, 15, 0, GT),
        ROW(extsb, 0, 0x12345680, 0, 0, 0xffffff80, 0, -1),
        ROW(extsh, 0, 0x12347fff, 0, 0, 0x7fff, 0, -1),
    };
    check(f->core[0], cases, G_N_ELEMENTS(cases));
}

static void logic_works_bit_by_bit(Fixture *f, gconstpointer unused)
{
    static const Case cases[] = {
        ROW(and, 0, 0xff00ff00, 0xf0f0f0f0, 0, 0xf000f000, 0, -1), ROW(andc, 0, 0xff00ff00, 0xf0f0f0f0, 0, 0x0f000f00, 0, -1),
        ROW(eqv, 0, 0xff00ff00, 0xf0f0f0f0, 0, 0xf00ff00f, 0, -1), ROW(nand, 0, 0xff00ff00, 0xf0f0f0f0, 0, 0x0fff0fff, 0, -1),
        ROW(nor, 0, 0xff00ff00, 0xf0f0f0f0, 0, 0x000f000f, 0, -1), ROW(or, RC, 0xff00ff00, 0xf0f0f0f0, 0, 0xfff0fff0, 0, LT),
        ROW(orc, 0, 0xff00ff00, 0xf0f0f0f0, 0, 0xff0fff0f, 0, -1), ROW(xor, 0, 0xff00ff00, 0xf0f0f0f0, 0, 0x0ff00ff0, 0, -1),
        ROW(andi, 0x8001, 0xffff8000, 0, SO, 0x8000, SO, GT),      ROW(andis, 0x8001, 0x8000ffff, 0, 0, 0x80000000, 0, LT),
        ROW(ori, 0xffff, 0x10000, 0, 0, 0x1ffff, 0, -1),           ROW(oris, 0xffff, 1, 0, 0, 0xffff0001, 0, -1),
        ROW(xori, 0xffff, 0xffffffff, 0, 0, 0xffff0000, 0, -1),    ROW(xoris, 0xffff, 0xffffffff, 0, 0, 0x0000ffff, 0, -1),
    };
    check(f->core[0], cases, G_N_ELEMENTS(cases));
}

static uint32_t compared(E500 *c, uint32_t word, uint32_t a, uint32_t b)
{
    c->s.cr = 0xffffffff;
    c->s.gpr[4].w = a;
    c->s.gpr[5].w = b;
    run(c, word);
    g_assert_cmphex(c->s.cr | 0x00f00000, ==, 0xffffffff);
    return c->s.cr >> 20 & 15; /* CR2 */
}

static void comparisons_are_signed_or_not(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint32_t regs = 2u << 23 | 4u << 16 | 5u << 11;
    put_xer(c, 0);
    g_assert_cmpuint(compared(c, insn_info[INSN_cmp].match | regs, 0xffffffff, 1), ==, LT);
    g_assert_cmpuint(compared(c, insn_info[INSN_cmpl].match | regs, 0xffffffff, 1), ==, GT);
    g_assert_cmpuint(compared(c, insn_info[INSN_cmpl].match | regs, 7, 7), ==, EQ);
    put_xer(c, SO);
    regs = 2u << 23 | 4u << 16;
    g_assert_cmpuint(compared(c, insn_info[INSN_cmpi].match | regs | 0xffff, 0xffffffff, 0), ==, EQ | 1);
    g_assert_cmpuint(compared(c, insn_info[INSN_cmpli].match | regs | 0xffff, 0xffffffff, 0), ==, GT | 1);
}

static void isel_reads_register_zero_as_zero(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint32_t word = insn_info[INSN_isel].match | 3u << 21 | 5u << 11 | 6u << 6; /* isel r3,0,r5,4*cr1+eq */
    c->s.gpr[0].w = 77;
    c->s.gpr[5].w = 55;
    c->s.cr = 1u << (31 - 6);
    run(c, word);
    g_assert_cmpuint(c->s.gpr[3].w, ==, 0);
    c->s.cr = ~c->s.cr;
    run(c, word);
    g_assert_cmpuint(c->s.gpr[3].w, ==, 55);
}

UNIT_TESTS(exec_int)
{
    TEST("/exec-int/sums-set-carry-and-overflow", sums_set_carry_and_overflow);
    TEST("/exec-int/differences-carry-when-nothing-is-borrowed", differences_carry_when_nothing_is_borrowed);
    TEST("/exec-int/products-and-quotients-at-the-edges", products_and_quotients_at_the_edges);
    TEST("/exec-int/shifts-and-rotates-at-the-edges", shifts_and_rotates_at_the_edges);
    TEST("/exec-int/logic-works-bit-by-bit", logic_works_bit_by_bit);
    TEST("/exec-int/comparisons-are-signed-or-not", comparisons_are_signed_or_not);
    TEST("/exec-int/isel-reads-register-zero-as-zero", isel_reads_register_zero_as_zero);
}
