/* SPDX-License-Identifier: MIT */
#include "cpu/e500/bits.h"
#include "cpu/e500/insn.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/unit.h"

enum { PC = 0x4000 };

static ExecResult run(E500 *c, uint32_t word)
{
    Insn in;
    insn_decode(word, c->model, &in);
    g_assert_cmpuint(in.id, !=, INSN_ILLEGAL);
    return insn_exec[in.id](c, &in);
}

static uint32_t bc(unsigned bo, unsigned bi, int displacement)
{
    return 16u << 26 | bo << 21 | bi << 16 | ((uint32_t)displacement & 0xfffc);
}

static bool taken(E500 *c, unsigned bo, unsigned bi)
{
    c->s.pc = PC;
    ExecResult r = run(c, bc(bo, bi, 0x20));
    g_assert_cmphex(c->s.pc, ==, r == EXEC_JUMP ? PC + 0x20 : PC);
    return r == EXEC_JUMP;
}

static void bo_selects_condition_and_counter(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    c->s.cr = 0x20000000; /* CR0[EQ], bit 2 */
    g_assert_true(taken(c, 20, 0));
    g_assert_true(taken(c, 12, 2));
    g_assert_false(taken(c, 12, 1));
    g_assert_false(taken(c, 4, 2));
    g_assert_true(taken(c, 4, 31));
    c->s.ctr = 2;
    g_assert_true(taken(c, 16, 0)); /* bdnz */
    g_assert_false(taken(c, 16, 0));
    g_assert_cmphex(c->s.ctr, ==, 0);
    g_assert_true(taken(c, 16, 0));
    g_assert_cmphex(c->s.ctr, ==, 0xffffffff);
    c->s.ctr = 1;
    g_assert_true(taken(c, 18, 0)); /* bdz */
    c->s.ctr = 5;
    g_assert_true(taken(c, 8, 2));  /* bdnzt */
    g_assert_false(taken(c, 0, 2)); /* bdnzf: counts although the condition fails */
    g_assert_cmphex(c->s.ctr, ==, 3);
    g_assert_false(taken(c, 10, 2)); /* bdzt */
    g_assert_cmphex(c->s.ctr, ==, 2);
}

static void link_is_set_taken_or_not(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    c->s.pc = PC;
    c->s.cr = 0;
    c->s.lr = 0;
    g_assert_cmpint(run(c, bc(12, 2, 8) | 1), ==, EXEC_NEXT);
    g_assert_cmphex(c->s.lr, ==, PC + 4);
    c->s.lr = 0x8003;
    g_assert_cmpint(run(c, 0x4e800021), ==, EXEC_JUMP); /* blrl: the old LR is the target */
    g_assert_cmphex(c->s.pc, ==, 0x8000);
    g_assert_cmphex(c->s.lr, ==, PC + 4);
}

static void targets_wrap_and_may_be_absolute(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    c->s.pc = 0xfffffff0;
    g_assert_cmpint(run(c, 0x48000020), ==, EXEC_JUMP); /* b .+0x20 */
    g_assert_cmphex(c->s.pc, ==, 0x10);
    g_assert_cmpint(run(c, 0x4bfffff2), ==, EXEC_JUMP); /* ba -16 */
    g_assert_cmphex(c->s.pc, ==, 0xfffffff0);
    c->s.pc = PC;
    c->s.ctr = 0x12345;
    g_assert_cmpint(run(c, 0x4e800420), ==, EXEC_JUMP); /* bctr */
    g_assert_cmphex(c->s.pc, ==, 0x12344);
}

static void traps_compare_signed_and_unsigned(Fixture *f, gconstpointer unused)
{
    static const struct {
        unsigned to;
        uint32_t a;
        int16_t b;
        bool traps;
    } k[] = {
        {31, 0, 0, true},          {16, 0xffffffff, 0, true}, {16, 0, 0, false}, {8, 1, 0, true},
        {8, 0xffffffff, 0, false}, {4, 5, 5, true},           {4, 5, 6, false},  {2, 0, -1, true},
        {2, 0xffffffff, 0, false}, {1, 0xffffffff, 0, true},  {1, 0, -1, false}, {0, 0, 0, false},
    };
    E500 *c = f->core[0];
    FOR_ROWS (i, k) {
        c->s.gpr[4].w = k[i].a;
        c->s.gpr[5].w = (uint32_t)k[i].b;
        uint32_t word = k[i].to << 21 | 4u << 16;
        g_assert_cmpint(run(c, 3u << 26 | word | (uint16_t)k[i].b), ==, k[i].traps ? EXEC_TRAP : EXEC_NEXT);
        c->trap.esr = 0;
        g_assert_cmpint(run(c, insn_info[INSN_tw].match | word | 5u << 11), ==, k[i].traps ? EXEC_TRAP : EXEC_NEXT);
        if (k[i].traps) {
            g_assert_cmpint(c->trap.excp, ==, EXCP_PROGRAM);
            g_assert_cmphex(c->trap.esr, ==, ESR_PTR);
        }
    }
}

static void cr_logic_follows_its_truth_tables(Fixture *f, gconstpointer unused)
{
    static const struct {
        InsnId id;
        unsigned table; /* results for (a, b) = 11 10 01 00 */
    } k[] = {
        {INSN_crand, 8}, {INSN_crandc, 4}, {INSN_creqv, 9},  {INSN_crnand, 7},
        {INSN_crnor, 1}, {INSN_cror, 14},  {INSN_crorc, 13}, {INSN_crxor, 6},
    };
    E500 *c = f->core[0];
    FOR_ROWS (i, k) {
        for (unsigned ab = 0; ab < 4; ab++) {
            uint32_t inputs = (ab & 2 ? 1u << 26 : 0) | (ab & 1 ? 1u << 12 : 0); /* bits 5 and 19 */
            for (unsigned old = 0; old < 2; old++) {
                c->s.cr = inputs | old; /* target: bit 31 */
                run(c, insn_info[k[i].id].match | 31u << 21 | 5u << 16 | 19u << 11);
                g_assert_cmphex(c->s.cr, ==, inputs | (k[i].table >> ab & 1));
            }
        }
    }
}

static void cr_fields_move(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    c->s.cr = 0x12345678;
    run(c, insn_info[INSN_mcrf].match | 7u << 23 | 1u << 18);
    g_assert_cmphex(c->s.cr, ==, 0x12345672);
    run(c, insn_info[INSN_mfcr].match | 3u << 21);
    g_assert_cmphex(c->s.gpr[3].w, ==, 0x12345672);
    c->s.gpr[3].w = 0xaabbccdd;
    run(c, insn_info[INSN_mtcrf].match | 3u << 21 | 0x81u << 12);
    g_assert_cmphex(c->s.cr, ==, 0xa234567d);
    run(c, insn_info[INSN_mtocrf].match | 3u << 21 | 0x40u << 12);
    g_assert_cmphex(c->s.cr, ==, 0xaa34567d);
    e500_set_xer(&c->s, 0xa0000055);
    run(c, insn_info[INSN_mcrxr].match | 1u << 23);
    g_assert_cmphex(c->s.cr, ==, 0xaa34567d);
    run(c, insn_info[INSN_mcrxr].match | 2u << 23);
    g_assert_cmphex(c->s.cr, ==, 0xaa04567d);
    g_assert_cmphex(e500_xer(&c->s), ==, 0x55);
}

UNIT_TESTS(exec_branch)
{
    TEST("/exec-branch/bo-selects-condition-and-counter", bo_selects_condition_and_counter);
    TEST("/exec-branch/link-is-set-taken-or-not", link_is_set_taken_or_not);
    TEST("/exec-branch/targets-wrap-and-may-be-absolute", targets_wrap_and_may_be_absolute);
    TEST("/exec-branch/traps-compare-signed-and-unsigned", traps_compare_signed_and_unsigned);
    TEST("/exec-branch/cr-logic-follows-its-truth-tables", cr_logic_follows_its_truth_tables);
    TEST("/exec-branch/cr-fields-move", cr_fields_move);
}
