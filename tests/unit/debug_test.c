/* SPDX-License-Identifier: MIT
 *
 * The guest's own debug events, and the watchpoints of a debugger outside of it.
 */
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/spr.h"
#include "tests/unit/unit.h"
#include "tests/unit/vector_fixture.h"

enum {
    SC = 0x44000002,
    RFI = 0x4c000064,
    RFCI = 0x4c000066,
    TRAP = 0x7fe00008,
    NOP = 0x60000000,
    LMW_R28_0_R4 = 0xbb840000,
    STMW_R28_0_R4 = 0xbf840000,
    DCBZ_0_R4 = 0x7c0027ec,
    DCBF_0_R4 = 0x7c0020ac,
    LWARX_R5_0_R4 = 0x7ca02028,
    STWCX_R5_0_R4 = 0x7ca0212d,
    LFD_F1_0_R4 = 0xc8240000,
    STFS_F1_0_R4 = 0xd0240000,
    LBZ_R5_0_R4 = 0x88a40000,
    STH_R5_0_R4 = 0xb0a40000,
    STWU_R5_8_R4 = 0x94a40008,
    EVLDD_R5_0_R4 = 0x10a40301,
    EVLDH_R5_0_R4 = 0x10a40305,
    EVSTDW_R5_0_R4 = 0x10a40323,
    DBCR0_IAC1 = 1 << 23,
    DBCR0_IAC2 = 1 << 22,
    DBCR0_DAC1_STORES = 1 << 18,
    DBCR0_DAC1_LOADS = 2 << 18,
    DBCR0_DAC2_BOTH = 3 << 16,
    DBSR_DAC1R = 1 << 19,
    DBSR_DAC1W = 1 << 18,
    DBSR_DAC2R = 1 << 17,
    DBSR_DAC2W = 1 << 16,
    PAIR_MASK = 1 << 22,
    PAIR_INSIDE = 2 << 22,
    PAIR_OUTSIDE = 3 << 22,
};

static void debug_up(E500 *c, uint32_t dbcr0)
{
    vectors_up(c);
    e500_set_msr(c, 0);
    c->icmp_armed = false;
    c->s.spr[SPR_DBSR] = 0;
    e500_mtspr(c, SPRNO_DBCR0, DBCR0_IDM | dbcr0);
    e500_set_msr(c, MSR_DE | MSR_FP);
}

static void a_trap_instruction_is_a_debug_event_when_asked(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    g_assert_cmpint(execute(c, TRAP), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_PROGRAM);
    g_assert_cmphex(c->trap.esr, ==, ESR_PTR);
    debug_up(c, DBCR0_TRAP);
    g_assert_cmpint(execute(c, TRAP), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_DEBUG);
    g_assert_true(e500_deliver_trap(c));
    g_assert_cmphex(c->s.spr[SPR_DSRR0], ==, 0x1000);
    g_assert_cmphex(c->s.spr[SPR_DBSR], ==, DBSR_TRAP);
}

/* What the engine does between instructions. */
static bool attended(E500 *c)
{
    g_assert_cmpuint(c->attention & E500_ATT_IRQ, !=, 0);
    c->attention = 0;
    return e500_take_interrupt(c) == EXEC_JUMP;
}

static void single_step_interrupts_behind_one_instruction(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    debug_up(c, DBCR0_ICMP);
    g_assert_false(attended(c));
    c->s.pc += 4; /* one instruction */
    g_assert_true(attended(c));
    g_assert_cmphex(c->s.spr[SPR_DSRR0], ==, 0x1004);
    g_assert_cmphex(c->s.spr[SPR_DBSR], ==, DBSR_ICMP);
    g_assert_cmphex(c->s.msr, ==, 0);
}

static void an_interrupted_instruction_did_not_complete(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    debug_up(c, DBCR0_ICMP);
    g_assert_false(attended(c));
    e500_raise(c, EXCP_DTLB_MISS, 0);
    g_assert_true(e500_deliver_trap(c));
    g_assert_false(attended(c)); /* the handler's first instruction is still to come */
    c->s.pc += 4;
    g_assert_true(attended(c));
}

static void a_system_call_did_complete(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    debug_up(c, DBCR0_ICMP);
    g_assert_false(attended(c));
    g_assert_cmpint(execute(c, SC), ==, EXEC_TRAP);
    g_assert_true(e500_deliver_trap(c));
    g_assert_cmphex(c->s.pc, ==, vector(EXCP_SYSTEM_CALL));
    g_assert_true(attended(c));
    g_assert_cmphex(c->s.pc, ==, vector(EXCP_DEBUG));
    g_assert_cmphex(c->s.spr[SPR_DSRR0], ==, vector(EXCP_SYSTEM_CALL));
    g_assert_cmphex(c->s.spr[SPR_DBSR], ==, DBSR_ICMP);
}

/* One look before the instruction at pc; DBSR, and whether it interrupted. */
static void look(E500 *c, Ea pc, uint32_t dbsr, bool interrupts)
{
    c->s.spr[SPR_DBSR] = 0;
    c->s.pc = pc;
    c->attention |= E500_ATT_IRQ;
    g_assert_cmpint(attended(c), ==, interrupts);
    g_assert_cmphex(c->s.spr[SPR_DBSR], ==, dbsr);
    if (interrupts) {
        g_assert_cmphex(c->s.spr[SPR_DSRR0], ==, pc);
        e500_set_msr(c, MSR_DE);
    }
}

static void an_instruction_address_compare_interrupts_before_it(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    e500_mtspr(c, SPRNO_IAC1, 0x1008);
    e500_mtspr(c, SPRNO_IAC2, 0x1010);
    debug_up(c, DBCR0_IAC1 | DBCR0_IAC2);
    look(c, 0x1004, 0, false);
    look(c, 0x1008, DBCR0_IAC1, true);
    look(c, 0x1010, DBCR0_IAC2, true);
    e500_set_msr(c, 0); /* recorded, as imprecise, and taken when it may be */
    look(c, 0x1008, DBSR_IDE | DBCR0_IAC1, false);
    c->s.pc = 0x1044;
    e500_set_msr(c, MSR_DE);
    g_assert_true(attended(c));
    g_assert_cmphex(c->s.spr[SPR_DSRR0], ==, 0x1044);
    g_assert_cmphex(c->s.spr[SPR_DBSR], ==, DBSR_IDE | DBCR0_IAC1);
}

static void instruction_addresses_pair_up(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    e500_mtspr(c, SPRNO_IAC1, 0x1008);
    e500_mtspr(c, SPRNO_IAC2, 0x1010);
    e500_mtspr(c, SPRNO_DBCR1, PAIR_INSIDE);
    debug_up(c, DBCR0_IAC1 | DBCR0_IAC2);
    look(c, 0x1004, 0, false);
    look(c, 0x1008, DBCR0_IAC1 | DBCR0_IAC2, true);
    look(c, 0x100c, DBCR0_IAC1 | DBCR0_IAC2, true);
    look(c, 0x1010, 0, false);
    e500_mtspr(c, SPRNO_DBCR1, PAIR_OUTSIDE);
    debug_up(c, DBCR0_IAC2); /* either will do */
    look(c, 0x1004, DBCR0_IAC2, true);
    look(c, 0x100c, 0, false);
    look(c, 0x1010, DBCR0_IAC2, true);
    e500_mtspr(c, SPRNO_DBCR1, PAIR_MASK);
    e500_mtspr(c, SPRNO_IAC2, 0xffc);
    debug_up(c, DBCR0_IAC1);
    look(c, 0x5008, DBCR0_IAC1, true);
    look(c, 0x500c, 0, false);
}

static void compares_heed_privilege_and_address_space(Fixture *f, gconstpointer unused)
{
    enum { US_SHIFT = 30, ER_SHIFT = 28 };
    static const struct {
        uint32_t us, er, msr;
        bool event;
    } row[] = {
        {0, 0, MSR_PR, true}, {2, 0, 0, true},       {2, 0, MSR_PR, false}, {3, 0, MSR_PR, true}, {3, 0, 0, false},
        {0, 2, 0, true},      {0, 2, MSR_DS, false}, {0, 3, MSR_DS, true},  {0, 3, 0, false},     {2, 2, MSR_DS, false},
    };
    E500 *c = f->core[0];
    uint64_t gpa;
    uint8_t *host;

    fixture_map(c, 1, 5, 0, 0, MAP_IPROT | MAP_TS, MAP_ALL);
    fixture_map(c, 0, 5, 0, 0, MAP_IPROT, MAP_ALL);
    e500_mtspr(c, SPRNO_DAC1, 0x2000);
    FOR_ROWS (i, row) {
        debug_up(c, DBCR0_DAC1_STORES);
        e500_mtspr(c, SPRNO_DBCR2, row[i].us << US_SHIFT | row[i].er << ER_SHIFT);
        e500_set_msr(c, row[i].msr | MSR_DE);
        g_assert_cmpint(e500_mem_probe(c, 0x2000, 4, ACCESS_WRITE, 0, &gpa, &host), ==, row[i].event ? EXEC_TRAP : EXEC_NEXT);
    }
}

static void a_taken_branch_or_return_interrupts_before_it(Fixture *f, gconstpointer unused)
{
    static const struct {
        uint32_t word, dbcr0;
        bool event;
    } row[] = {
        {0x48000008, DBCR0_BRT, true},  /* b */
        {0x41820008, DBCR0_BRT, false}, /* beq, CR0[EQ] = 0 */
        {0x40820008, DBCR0_BRT, true},  /* bne */
        {0x42000008, DBCR0_BRT, true},  /* bdnz, CTR = 2 */
        {0x42400008, DBCR0_BRT, false}, /* bdz */
        {NOP, DBCR0_BRT, false},        {RFI, DBCR0_RET, true},   {RFCI, DBCR0_RET, false},
        {RFI, DBCR0_CRET, false},       {RFCI, DBCR0_CRET, true},
    };
    E500 *c = f->core[0];

    FOR_ROWS (i, row) {
        debug_up(c, row[i].dbcr0);
        c->s.ctr = 2;
        g_assert_cmpint(e500_store32(c, 0x1000, row[i].word), ==, EXEC_NEXT);
        look(c, 0x1000, row[i].event ? row[i].dbcr0 : 0, row[i].event);
        /* Returns are recorded with MSR[DE] = 0 too, branches are not. */
        e500_set_msr(c, 0);
        look(c, 0x1000, row[i].event && row[i].dbcr0 != DBCR0_BRT ? DBSR_IDE | row[i].dbcr0 : 0, false);
    }
}

static void taking_an_interrupt_is_an_event_at_its_handler(Fixture *f, gconstpointer unused)
{
    static const struct {
        E500Excp excp;
        uint32_t dbcr0;
        bool event;
    } row[] = {
        {EXCP_DTLB_MISS, DBCR0_IRPT, true},       {EXCP_DTLB_MISS, DBCR0_CIRPT, false}, {EXCP_CRITICAL_INPUT, DBCR0_IRPT, false},
        {EXCP_CRITICAL_INPUT, DBCR0_CIRPT, true}, {EXCP_DEBUG, DBCR0_IRPT, false},      {EXCP_DEBUG, DBCR0_CIRPT, false},
    };
    E500 *c = f->core[0];

    FOR_ROWS (i, row) {
        debug_up(c, row[i].dbcr0);
        c->attention = 0;
        e500_raise(c, row[i].excp, 0);
        g_assert_true(e500_deliver_trap(c));
        g_assert_cmphex(c->s.spr[SPR_DBSR], ==, row[i].event ? row[i].dbcr0 : 0);
        if (row[i].event) {
            g_assert_true(attended(c));
            g_assert_cmphex(c->s.spr[SPR_DSRR0], ==, vector(row[i].excp));
            g_assert_cmphex(c->s.pc, ==, vector(EXCP_DEBUG));
        }
    }
}

static void an_unconditional_event_needs_internal_debug_mode(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    debug_up(c, 0);
    c->irq_lines = 1u << ACCEL_IRQ_DEBUG;
    e500_set_msr(c, 0);
    g_assert_true(e500_interrupt_pending(c));
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_NEXT);
    g_assert_cmphex(c->s.spr[SPR_DBSR], ==, DBSR_UDE | DBSR_IDE);
    c->irq_lines = 0;
    e500_set_msr(c, MSR_DE);
    g_assert_true(attended(c));
    /* IDE alone, the most recent reset alone: no event */
    c->s.spr[SPR_DBSR] = DBSR_IDE | DBSR_MRR;
    e500_set_msr(c, MSR_DE);
    g_assert_false(e500_interrupt_pending(c));
    e500_mtspr(c, SPRNO_DBCR0, 0);
    c->irq_lines = 1u << ACCEL_IRQ_DEBUG;
    g_assert_false(e500_interrupt_pending(c));
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_NEXT);
}

static void without_category_e_ed_debug_is_critical(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    c->model = e500_model_find("e500v2");
    debug_up(c, DBCR0_TRAP | DBCR0_CIRPT | DBCR0_CRET);
    e500_set_msr(c, MSR_DE | MSR_CE | MSR_EE | MSR_ME);
    g_assert_cmpint(execute(c, TRAP), ==, EXEC_TRAP);
    g_assert_true(e500_deliver_trap(c));
    g_assert_cmphex(c->s.spr[SPR_CSRR0], ==, 0x1000);
    g_assert_cmphex(c->s.spr[SPR_CSRR1], ==, MSR_DE | MSR_CE | MSR_EE | MSR_ME);
    g_assert_cmphex(c->s.spr[SPR_DBSR], ==, DBSR_TRAP);
    g_assert_cmphex(c->s.msr, ==, MSR_ME);
    /* and there are no events for critical interrupts: they would be their own */
    debug_up(c, DBCR0_CIRPT | DBCR0_CRET);
    e500_raise(c, EXCP_CRITICAL_INPUT, 0);
    g_assert_true(e500_deliver_trap(c));
    g_assert_cmphex(c->s.spr[SPR_DBSR], ==, 0);
    g_assert_cmpint(e500_store32(c, 0x1000, RFCI), ==, EXEC_NEXT);
    look(c, 0x1000, 0, false);
}

/* --- data */

static void a_watched_address_interrupts_before_the_access(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint32_t v = 0;

    g_assert_cmpint(e500_store32(c, 0x2000, 1), ==, EXEC_NEXT); /* in the soft TLB already */
    e500_mtspr(c, SPRNO_DAC1, 0x2000);
    debug_up(c, DBCR0_DAC1_STORES);
    g_assert_cmpint(e500_store32(c, 0x2004, 1), ==, EXEC_NEXT);
    g_assert_cmpint(e500_load32(c, 0x2000, &v), ==, EXEC_NEXT);
    g_assert_cmpint(e500_store32(c, 0x2000, 2), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_DEBUG);
    g_assert_cmpuint(f->ram[0x2003], ==, 1);
    g_assert_cmphex(c->s.spr[SPR_DBSR], ==, DBSR_DAC1W);
    e500_set_msr(c, 0); /* recorded, as imprecise, but not taken */
    g_assert_cmpint(e500_store32(c, 0x2000, 2), ==, EXEC_NEXT);
    g_assert_cmphex(c->s.spr[SPR_DBSR], ==, DBSR_IDE | DBSR_DAC1W);
    /* Exact means the access's own address. */
    debug_up(c, DBCR0_DAC1_LOADS);
    e500_mtspr(c, SPRNO_DAC1, 0x2002);
    g_assert_cmpint(e500_load32(c, 0x2000, &v), ==, EXEC_NEXT);
    g_assert_cmphex(c->s.spr[SPR_DBSR], ==, 0);
}

static void data(E500 *c, uint32_t word, Ea ea, uint32_t dbsr)
{
    c->s.spr[SPR_DBSR] = 0;
    c->s.gpr[4].w = ea;
    g_assert_cmpint(execute(c, word), ==, dbsr ? EXEC_TRAP : EXEC_NEXT);
    g_assert_cmphex(c->s.spr[SPR_DBSR], ==, dbsr);
}

static void data_addresses_pair_up(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    e500_mtspr(c, SPRNO_DAC1, 0x2010);
    e500_mtspr(c, SPRNO_DAC2, 0x2080);
    e500_mtspr(c, SPRNO_DBCR2, PAIR_INSIDE);
    debug_up(c, DBCR0_DAC1_LOADS | DBCR0_DAC2_BOTH);
    data(c, LBZ_R5_0_R4, 0x200f, 0);
    data(c, LBZ_R5_0_R4, 0x2010, DBSR_DAC1R | DBSR_DAC2R);
    data(c, STH_R5_0_R4, 0x207e, DBSR_DAC2W);
    data(c, STH_R5_0_R4, 0x2080, 0);
    data(c, LFD_F1_0_R4, 0x2078, DBSR_DAC1R | DBSR_DAC2R);
    data(c, DCBZ_0_R4, 0x2003, DBSR_DAC2W); /* its block holds 0x2010 */
    data(c, DCBF_0_R4, 0x20ff, 0);
    data(c, STMW_R28_0_R4, 0x2004, DBSR_DAC2W); /* its last word */
    data(c, LMW_R28_0_R4, 0x2000, 0);
    data(c, LWARX_R5_0_R4, 0x2010, DBSR_DAC1R | DBSR_DAC2R);
    data(c, STWCX_R5_0_R4, 0x2010, DBSR_DAC2W);
    e500_mtspr(c, SPRNO_DBCR2, PAIR_OUTSIDE);
    data(c, LBZ_R5_0_R4, 0x200f, DBSR_DAC1R | DBSR_DAC2R);
    data(c, LBZ_R5_0_R4, 0x2010, 0);
    data(c, LBZ_R5_0_R4, 0x2080, DBSR_DAC1R | DBSR_DAC2R);
    e500_mtspr(c, SPRNO_DBCR2, PAIR_MASK);
    e500_mtspr(c, SPRNO_DAC2, 0xff0);
    data(c, LBZ_R5_0_R4, 0x301f, DBSR_DAC1R | DBSR_DAC2R);
    data(c, LBZ_R5_0_R4, 0x3020, 0);
    data(c, DCBF_0_R4, 0x5030, DBSR_DAC1R | DBSR_DAC2R);
}

/* --- a debugger outside */

static void watch(E500 *c, AccelDebug *debug, Ea first, Ea last, bool read, bool write)
{
    *debug = (AccelDebug){
        .n_watchpoints = 2,
        .watchpoint = {{0xf0000000, 0xffffffff, true, true}, {first, last, read, write}},
    };
    c->host_watch = debug;
    e500_soft_tlb_flush(c);
}

/* hit: the first watched byte; 0: none is */
static void meets(Fixture *f, uint32_t word, Ea ea, Ea hit)
{
    E500 *c = f->core[0];

    memset(&f->exit, 0, sizeof f->exit);
    c->s.gpr[4].w = ea;
    g_assert_cmpint(execute(c, word), ==, hit ? EXEC_EXIT : EXEC_NEXT);
    if (!hit)
        return;
    g_assert_cmpint(f->exit.kind, ==, VCPU_EXIT_DEBUG);
    g_assert_cmpint(f->exit.debug.reason, ==, VCPU_DEBUG_WATCHPOINT);
    g_assert_cmpuint(f->exit.debug.watchpoint, ==, 1);
    g_assert_cmphex(f->exit.debug.pc, ==, 0x1000);
    g_assert_cmphex(f->exit.debug.ea, ==, hit);
    g_assert_cmphex(c->s.gpr[4].w, ==, ea);
}

static void every_kind_of_access_meets_a_watchpoint(Fixture *f, gconstpointer unused)
{
    static const struct {
        uint32_t word;
        Ea ea, read, write; /* of a watch on 0x2012..0x2013 */
    } row[] = {
        {LBZ_R5_0_R4, 0x2011, 0, 0},        {LBZ_R5_0_R4, 0x2012, 0x2012, 0},   {LBZ_R5_0_R4, 0x2013, 0x2013, 0},
        {LBZ_R5_0_R4, 0x2014, 0, 0},        {STH_R5_0_R4, 0x2011, 0, 0x2012},   {STH_R5_0_R4, 0x2013, 0, 0x2013},
        {STWU_R5_8_R4, 0x2008, 0, 0x2012},  {STWU_R5_8_R4, 0x200c, 0, 0},       {LFD_F1_0_R4, 0x2010, 0x2012, 0},
        {STFS_F1_0_R4, 0x200f, 0, 0x2012},  {LMW_R28_0_R4, 0x2004, 0x2012, 0},  {LMW_R28_0_R4, 0x2000, 0, 0},
        {STMW_R28_0_R4, 0x2010, 0, 0x2012}, {DCBZ_0_R4, 0x203f, 0, 0x2012},     {DCBF_0_R4, 0x2000, 0x2012, 0},
        {LWARX_R5_0_R4, 0x2010, 0x2012, 0}, {STWCX_R5_0_R4, 0x2010, 0, 0x2012}, {STWCX_R5_0_R4, 0x2014, 0, 0},
    };
    E500 *c = f->core[0];
    AccelDebug debug;

    c->s.pc = 0x1000;
    e500_set_msr(c, MSR_FP);
    FOR_ROWS (i, row) {
        watch(c, &debug, 0x2012, 0x2013, true, false);
        meets(f, row[i].word, row[i].ea, row[i].read);
        watch(c, &debug, 0x2012, 0x2013, false, true);
        meets(f, row[i].word, row[i].ea, row[i].write);
        watch(c, &debug, 0x2012, 0x2013, true, true);
        meets(f, row[i].word, row[i].ea, row[i].read | row[i].write);
    }
    g_assert_cmpuint(f->ram[0x2012], ==, 0);
}

/* Its elements are accessed one by one, but nobody is told in between. */
static void a_vector_is_one_access(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    AccelDebug debug;

    c->model = e500_model_find("e500v2");
    c->s.pc = 0x1000;
    e500_set_msr(c, MSR_SPE);
    watch(c, &debug, 0x2006, 0x2006, true, true);
    meets(f, EVLDD_R5_0_R4, 0x2000, 0x2006);
    meets(f, EVLDH_R5_0_R4, 0x2000, 0x2006);
    meets(f, EVSTDW_R5_0_R4, 0x2000, 0x2006);
    meets(f, EVSTDW_R5_0_R4, 0x2008, 0);
    g_assert_cmpuint(f->ram[0x2003], ==, 0);
}

static void a_watch_reaches_over_pages(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    AccelDebug debug;

    c->s.pc = 0x1000;
    watch(c, &debug, 0x3000, 0x5000, false, true);
    meets(f, STH_R5_0_R4, 0x2fff, 0x3000);
    meets(f, STH_R5_0_R4, 0x4abc, 0x4abc);
    meets(f, STH_R5_0_R4, 0x5000, 0x5000);
    meets(f, STH_R5_0_R4, 0x5001, 0);
    meets(f, LBZ_R5_0_R4, 0x4abc, 0);
}

/* Two loads of a device come before the watched word: nothing of them may have happened. */
static void a_multiple_stops_before_its_first_word(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    AccelDebug debug;

    fixture_map(c, 1, 1, 0x20000000, FIXTURE_DEVICE, 0, MAP_SUPERVISOR);
    c->s.pc = 0x1000;
    watch(c, &debug, 0x20000008, 0x20000008, true, false);
    meets(f, LMW_R28_0_R4, 0x20000000, 0x20000008);
}

static void an_unwatched_page_keeps_its_fast_path(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    AccelDebug debug;
    uint32_t v;
    uint64_t before;

    watch(c, &debug, 0x3004, 0x3004, true, true);
    g_assert_cmpint(e500_load32(c, 0x4000, &v), ==, EXEC_NEXT);
    before = c->count.tlb_fills;
    g_assert_cmpint(e500_load32(c, 0x4000, &v), ==, EXEC_NEXT);
    g_assert_cmpuint(c->count.tlb_fills, ==, before);
    g_assert_cmpuint(c->soft_tlb[4].tag_read, !=, E500_TAG_EMPTY);
    g_assert_cmpint(e500_load32(c, 0x3000, &v), ==, EXEC_NEXT);
    g_assert_cmpuint(c->soft_tlb[3].tag_read, ==, E500_TAG_EMPTY);
}

static void the_guests_events_go_on_beside_the_debuggers(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    AccelDebug debug;

    e500_mtspr(c, SPRNO_DAC1, 0x2000);
    debug_up(c, DBCR0_DAC1_LOADS);
    watch(c, &debug, 0x2000, 0x2000, true, true);
    meets(f, LBZ_R5_0_R4, 0x2000, 0x2000); /* the debugger is first */
    g_assert_cmphex(c->s.spr[SPR_DBSR], ==, 0);
    c->host_watch = NULL; /* it steps over it */
    data(c, LBZ_R5_0_R4, 0x2000, DBSR_DAC1R);
}

UNIT_TESTS(debug)
{
    TEST("/debug/a-trap-instruction-is-a-debug-event-when-asked", a_trap_instruction_is_a_debug_event_when_asked);
    TEST("/debug/single-step-interrupts-behind-one-instruction", single_step_interrupts_behind_one_instruction);
    TEST("/debug/an-interrupted-instruction-did-not-complete", an_interrupted_instruction_did_not_complete);
    TEST("/debug/a-system-call-did-complete", a_system_call_did_complete);
    TEST("/debug/an-instruction-address-compare-interrupts-before-it", an_instruction_address_compare_interrupts_before_it);
    TEST("/debug/instruction-addresses-pair-up", instruction_addresses_pair_up);
    TEST("/debug/compares-heed-privilege-and-address-space", compares_heed_privilege_and_address_space);
    TEST("/debug/a-taken-branch-or-return-interrupts-before-it", a_taken_branch_or_return_interrupts_before_it);
    TEST("/debug/taking-an-interrupt-is-an-event-at-its-handler", taking_an_interrupt_is_an_event_at_its_handler);
    TEST("/debug/an-unconditional-event-needs-internal-debug-mode", an_unconditional_event_needs_internal_debug_mode);
    TEST("/debug/without-category-e-ed-debug-is-critical", without_category_e_ed_debug_is_critical);
    TEST("/debug/a-watched-address-interrupts-before-the-access", a_watched_address_interrupts_before_the_access);
    TEST("/debug/data-addresses-pair-up", data_addresses_pair_up);
    TEST("/debug/host/every-kind-of-access-meets-a-watchpoint", every_kind_of_access_meets_a_watchpoint);
    TEST("/debug/host/a-vector-is-one-access", a_vector_is_one_access);
    TEST("/debug/host/a-watch-reaches-over-pages", a_watch_reaches_over_pages);
    TEST("/debug/host/a-multiple-stops-before-its-first-word", a_multiple_stops_before_its_first_word);
    TEST("/debug/host/an-unwatched-page-keeps-its-fast-path", an_unwatched_page_keeps_its_fast_path);
    TEST("/debug/host/the-guests-events-go-on-beside-the-debuggers", the_guests_events_go_on_beside_the_debuggers);
}
