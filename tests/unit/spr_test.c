/* SPDX-License-Identifier: MIT */
#include "cpu/e500/insn.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/spr.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/unit.h"

typedef enum { NONE = 0, RO = 1, WO = 2, RW = 3 } Allowed;

static const struct {
    unsigned number, cores;
    Allowed user, supv;
    uint32_t mask;
    bool plain;
    const char *name;
} rows[] = {
#define SPR(number, NAME, cores, user, supv, mask, read, write, level, doc)                                                       \
    {number, E500_CORE_##cores, user, supv, mask, sizeof #read == 5 && sizeof #write == 5 && #read[0] == 's' && #write[0] == 'm', \
     #NAME},
#include "cpu/e500/spr.def"
#undef SPR
};

static int row_of(unsigned number)
{
    FOR_ROWS (i, rows)
        if (rows[i].number == number && (rows[i].cores & E500_CORE_MC))
            return (int)i;
    return -1;
}

static void numbers_are_unique_and_ascending(void)
{
    for (unsigned i = 1; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpuint(rows[i - 1].number, <, rows[i].number);
}

/* All 1024 numbers, both modes, reading and writing: allowed, privileged or illegal as the table
 * and the number say. */
static void every_number_answers_as_its_row_says(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    for (unsigned pr = 0; pr < 2; pr++) {
        for (unsigned n = 0; n < 1024; n++) {
            int i = row_of(n);
            Allowed allowed = i < 0 ? NONE : pr ? rows[i].user : rows[i].supv;
            uint32_t esr = pr && (n & 0x10) ? ESR_PPR : ESR_PIL, v = 0;
            uint64_t before = c->count.unimplemented;

            e500_set_msr(c, pr ? MSR_PR : 0);
            g_assert_cmpint(e500_mfspr(c, n, &v), ==, allowed & RO ? EXEC_NEXT : EXEC_TRAP);
            if (!(allowed & RO)) {
                g_assert_cmphex(c->trap.esr, ==, esr);
                g_assert_cmpuint(c->count.unimplemented, ==, before + (esr == ESR_PIL));
            }
            g_assert_cmpint(e500_mtspr(c, n, n == SPRNO_DBCR0 ? 0 : v), ==, allowed & WO ? EXEC_NEXT : EXEC_TRAP);
            if (!(allowed & WO))
                g_assert_cmphex(c->trap.esr, ==, esr);
        }
    }
}

static void plain_registers_keep_their_mask_s_bits(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    FOR_ROWS (i, rows) {
        uint32_t v = 0, fixed = 0;

        if (!rows[i].plain || !(rows[i].cores & E500_CORE_MC) || rows[i].supv != RW)
            continue;
        e500_mtspr(c, rows[i].number, 0);
        e500_mfspr(c, rows[i].number, &fixed);
        e500_mtspr(c, rows[i].number, 0xffffffff);
        e500_mfspr(c, rows[i].number, &v);
        g_test_message("%s", rows[i].name);
        g_assert_cmphex(v & ~fixed, ==, rows[i].mask);
    }
}

static uint32_t get(E500 *c, unsigned number)
{
    uint32_t v = 0;

    g_assert_cmpint(e500_mfspr(c, number, &v), ==, EXEC_NEXT);
    return v;
}

static void status_bits_are_cleared_by_writing_one(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    c->s.spr[SPR_MCSR] = c->s.spr[SPR_DBSR] = c->s.spr[SPR_TSR] = 0xfc000000;
    e500_mtspr(c, SPRNO_MCSR, 0x80000000);
    e500_mtspr(c, SPRNO_DBSR, 0x40000000);
    e500_mtspr(c, SPRNO_TSR, 0x08000000);
    g_assert_cmphex(get(c, SPRNO_MCSR), ==, 0x7c000000);
    g_assert_cmphex(get(c, SPRNO_DBSR), ==, 0xbc000000);
    g_assert_cmphex(get(c, SPRNO_TSR), ==, 0xf4000000);
}

/* What Linux's start of an e500mc spins on. */
static void cache_operations_are_done_when_written(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    e500_mtspr(c, SPRNO_L1CSR0, 0x00010103); /* CPE, CLFC, CFI, CE */
    g_assert_cmphex(get(c, SPRNO_L1CSR0), ==, 0x00010001);
    e500_mtspr(c, SPRNO_L1CSR1, 0x00010103);
    g_assert_cmphex(get(c, SPRNO_L1CSR1), ==, 0x00010001);
    e500_mtspr(c, SPRNO_L2CSR0, 0xc0200c00); /* L2E, L2PE, L2FI, L2FL, L2LFC */
    g_assert_cmphex(get(c, SPRNO_L2CSR0), ==, 0xc0000000);
    e500_mtspr(c, SPRNO_BUCSR, 0x201); /* BBFI, BPEN */
    g_assert_cmphex(get(c, SPRNO_BUCSR), ==, 1);
    e500_mtspr(c, SPRNO_MMUCSR0, 6);
    g_assert_cmphex(get(c, SPRNO_MMUCSR0), ==, 0);
}

static void users_see_sprg3_to_7_read_only(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    for (unsigned i = 3; i < 8; i++)
        e500_mtspr(c, SPRNO_SPRG0 + i, 0x1000 + i);
    e500_set_msr(c, MSR_PR);
    for (unsigned i = 3; i < 8; i++)
        g_assert_cmphex(get(c, SPRNO_USPRG3 + i - 3), ==, 0x1000 + i);
}

static void registers_kept_elsewhere_are_the_same_ones(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    e500_mtspr(c, SPRNO_LR, 1);
    e500_mtspr(c, SPRNO_CTR, 2);
    e500_mtspr(c, SPRNO_XER, 0xffffffff);
    g_assert_cmphex(c->s.lr, ==, 1);
    g_assert_cmphex(c->s.ctr, ==, 2);
    g_assert_cmphex(get(c, SPRNO_XER), ==, 0xe000007f);
    e500_mtspr(c, SPRNO_XER, 0);
    g_assert_cmphex(get(c, SPRNO_XER), ==, 0);
}

static void the_hypervisor_category_is_not_there(Fixture *f, gconstpointer unused)
{
    static const unsigned numbers[] = {
        306 /* DBSRWR */, 307 /* EPCR */,  310 + 28 /* LPIDR */, 339 /* MAS5 */, 341 /* MAS8 */,   378 /* GSRR0 */,
        379 /* GSRR1 */,  381 /* GDEAR */, 382 /* GPIR */,       383 /* GESR */, 432 /* IVOR38 */, 447 /* GIVPR */,
    };
    E500 *c = f->core[0];
    uint32_t v = 0;

    FOR_ROWS (i, numbers) {
        g_assert_cmpint(e500_mfspr(c, numbers[i], &v), ==, EXEC_TRAP);
        g_assert_cmphex(c->trap.esr, ==, ESR_PIL);
    }
    e500_set_msr(c, MSR_GS);
    g_assert_cmphex(c->s.msr, ==, 0);
}

/*
 * The SPRs that the systems people run name for these cores: Linux 6.1 (its e500 entry code, drivers and KVM host), U-Boot's mpc85xx start
 * code and FreeBSD's booke locore and pmap.  A supervisor may read or write each as said here; where a core lacks one, the system asks PVR,
 * MMUCFG or its configuration before it touches it, and an access is a program interrupt.
 */
static const struct {
    uint16_t first, last;
    const char *names;
    Allowed v2, mc;
} named[] = {
    /* clang-format off */
    {1, 1, "XER", RW, RW},           {8, 9, "LR CTR", RW, RW},          {22, 22, "DEC", RW, RW},
    {26, 27, "SRR0 SRR1", RW, RW},   {48, 48, "PID PID0", RW, RW},      {54, 54, "DECAR", RW, RW},
    {58, 59, "CSRR0 CSRR1", RW, RW}, {61, 63, "DEAR ESR IVPR", RW, RW}, {256, 256, "USPRG0 VRSAVE", RW, RW},
    {259, 263, "SPRG3R-7R", RO, RO}, {268, 269, "TBL TBU", RO, RO},     {272, 279, "SPRG0-7 SPRG4W-7W", RW, RW},
    {284, 285, "TBWL TBWU", WO, WO},
    {286, 286, "PIR: U-Boot writes it for each core it starts", RW, RW},
    {287, 287, "PVR", RO, RO},
    {304, 304, "DBSR", RW, RW},
    {307, 307, "EPCR: 64 bits, or category E.HV", NONE, NONE},
    {308, 310, "DBCR0-2", RW, RW},
    {311, 311, "MSRP: category E.HV", NONE, NONE},
    {312, 313, "IAC1 IAC2", RW, RW},
    {314, 315, "IAC3 IAC4: other BookE cores", NONE, NONE},
    {316, 317, "DAC1 DAC2", RW, RW},
    {318, 319, "DVC1 DVC2: other BookE cores", NONE, NONE},
    {336, 336, "TSR", RW, RW},
    {338, 339, "LPID MAS5: category E.HV", NONE, NONE},
    {340, 340, "TCR", RW, RW},
    {341, 341, "MAS8: category E.HV", NONE, NONE},
    {344, 345, "TLB0PS TLB1PS: MMU architecture 2", NONE, NONE},
    {348, 350, "MAS5||6 MAS8||1 EPTCFG: MMU architecture 2, 64 bits", NONE, NONE},
    {368, 373, "GSPRG0-3 MAS7||3 MAS0||1", NONE, NONE},
    {378, 383, "GSRR0 GSRR1 GEPR GDEAR GPIR GESR: category E.HV", NONE, NONE},
    {400, 415, "IVOR0-15", RW, RW},
    {432, 436, "IVOR38-42: category E.HV", NONE, NONE},
    {437, 439, "TENSR TENS TENC: e6500", NONE, NONE},
    {440, 447, "GIVOR2-4 8 13 14 GIVPR: category E.HV", NONE, NONE},
    {512, 514, "SPEFSCR BBEAR BBTAR", RW, NONE},
    {515, 516, "L1CFG0 L1CFG1", RO, RO},
    {517, 517, "NPIDR", NONE, RW},
    {519, 519, "L2CFG0", NONE, RO},
    {526, 527, "ATBL ATBU", RO, RO},
    {528, 530, "IVOR32-34", RW, NONE},
    {531, 531, "IVOR35", RW, RW},
    {532, 533, "IVOR36 IVOR37", NONE, RW},
    {563, 563, "DBCR4", NONE, RW},
    {569, 569, "MCARU", RO, RO},
    {570, 572, "MCSRR0 MCSRR1 MCSR", RW, RW},
    {573, 573, "MCAR", RO, RO},
    {574, 575, "DSRR0 DSRR1: Linux saves them in every machine check handler", RW, RW},
    {604, 604, "SPRG8", RW, RW},
    {605, 606, "SPRG9 L1CSR2", NONE, RW},
    {624, 628, "MAS0-4", RW, RW},
    {630, 630, "MAS6", RW, RW},
    {633, 634, "PID1 PID2", RW, NONE},
    {688, 689, "TLB0CFG TLB1CFG", RO, RO},
    {690, 691, "TLB2CFG TLB3CFG: other cores", NONE, NONE},
    {702, 702, "EPR", RO, RO},
    {724, 725, "L2ERRCTL L2ERRDIS", NONE, RW},
    {888, 888, "CCR1: 4xx", NONE, NONE},
    {944, 944, "MAS7", RW, RW},
    {945, 946, "PID MMUCR: 4xx", NONE, NONE},
    {947, 948, "EPLC EPSC", NONE, RW},
    {976, 976, "HDBCR0: U-Boot, errata A-004510 (e500mc) and A-005125 (e500v2)", RW, RW},
    {977, 977, "HDBCR1: U-Boot, erratum CPU-A003999", NONE, RW},
    {991, 991, "L2ERRDET", NONE, RW},
    {1008, 1008, "HID0", RW, RW},
    {1009, 1009, "HID1", RW, NONE},
    {1010, 1013, "L1CSR0 L1CSR1 MMUCSR0 BUCSR", RW, RW},
    {1015, 1015, "MMUCFG", RO, RO},
    {1017, 1018, "L2CSR0 L2CSR1", NONE, RW},
    {1019, 1019, "PWRMGTCR0: e6500", NONE, NONE},
    {1022, 1022, "SCCSRBAR", NONE, RO},
    {1023, 1023, "SVR", RO, RO},
    /* clang-format on */
};

static void supervisor_may(E500 *c, const char *core, unsigned number, const char *names, Allowed allowed)
{
    uint32_t v = 0;
    ExecResult get = e500_mfspr(c, number, &v), set = e500_mtspr(c, number, number == SPRNO_DBCR0 ? 0 : v);
    Allowed may = (get == EXEC_NEXT ? RO : NONE) | (set == EXEC_NEXT ? WO : NONE);

    if (may != allowed)
        g_error("%s, SPR %u (%s): allowed %d, expected %d", core, number, names, may, allowed);
    if (may != RW)
        g_assert_cmphex(c->trap.esr, ==, ESR_PIL);
}

static void what_systems_name_is_there_or_illegal(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    FOR_ROWS (i, named) {
        for (unsigned n = named[i].first; n <= named[i].last; n++) {
            c->model = e500_model_find("e500v2");
            supervisor_may(c, "e500v2", n, named[i].names, named[i].v2);
            c->model = e500_model_find("e500mc");
            supervisor_may(c, "e500mc", n, named[i].names, named[i].mc);
        }
    }
}

/* KVM ignores it too: a core's number is the machine's to say. */
static void pir_keeps_its_value(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[1];

    g_assert_cmpint(e500_mtspr(c, SPRNO_PIR, 7), ==, EXEC_NEXT);
    g_assert_cmpuint(get(c, SPRNO_PIR), ==, 1);
}

static void dbcr0_rst_asks_for_a_reset(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    g_assert_cmpint(e500_mtspr(c, SPRNO_DBCR0, 0x70000000), ==, EXEC_EXIT);
    g_assert_cmpint(f->exit.kind, ==, VCPU_EXIT_SHUTDOWN);
    g_assert_cmpint(f->exit.shutdown.reason, ==, VCPU_SHUTDOWN_RESET);
}

static void performance_monitor_registers_have_a_user_s_view(Fixture *f, gconstpointer unused)
{
    static const unsigned supervisor[] = {400, 16, 17, 18, 19, 144, 147, 272, 275};
    E500 *c = f->core[0];
    uint32_t v = 0;

    FOR_ROWS (i, supervisor) {
        e500_set_msr(c, 0);
        g_assert_cmpint(e500_mtpmr(c, supervisor[i], 0x100 + i), ==, EXEC_NEXT);
        g_assert_cmpint(e500_mtpmr(c, supervisor[i] - 16, 0), ==, EXEC_TRAP); /* the view is read-only */
        e500_set_msr(c, MSR_PR);
        g_assert_cmpint(e500_mfpmr(c, supervisor[i] - 16, &v), ==, EXEC_NEXT);
        g_assert_cmphex(v, ==, 0x100 + i);
        g_assert_cmpint(e500_mfpmr(c, supervisor[i], &v), ==, EXEC_TRAP);
        g_assert_cmphex(c->trap.esr, ==, ESR_PPR);
        g_assert_cmpint(e500_mtpmr(c, supervisor[i], 0), ==, EXEC_TRAP);
        g_assert_cmphex(c->trap.esr, ==, ESR_PPR);
    }
    e500_set_msr(c, 0);
    g_assert_cmpint(e500_mfpmr(c, 20, &v), ==, EXEC_TRAP);
    g_assert_cmphex(c->trap.esr, ==, ESR_PIL);
}

UNIT_TESTS(spr)
{
    g_test_add_func("/spr/numbers-are-unique-and-ascending", numbers_are_unique_and_ascending);
    TEST("/spr/every-number-answers-as-its-row-says", every_number_answers_as_its_row_says);
    TEST("/spr/plain-registers-keep-their-mask-s-bits", plain_registers_keep_their_mask_s_bits);
    TEST("/spr/status-bits-are-cleared-by-writing-one", status_bits_are_cleared_by_writing_one);
    TEST("/spr/cache-operations-are-done-when-written", cache_operations_are_done_when_written);
    TEST("/spr/users-see-sprg3-to-7-read-only", users_see_sprg3_to_7_read_only);
    TEST("/spr/registers-kept-elsewhere-are-the-same-ones", registers_kept_elsewhere_are_the_same_ones);
    TEST("/spr/the-hypervisor-category-is-not-there", the_hypervisor_category_is_not_there);
    TEST("/spr/what-systems-name-is-there-or-illegal", what_systems_name_is_there_or_illegal);
    TEST("/spr/pir-keeps-its-value", pir_keeps_its_value);
    TEST("/spr/dbcr0-rst-asks-for-a-reset", dbcr0_rst_asks_for_a_reset);
    TEST("/spr/performance-monitor-registers-have-a-user-s-view", performance_monitor_registers_have_a_user_s_view);
}
