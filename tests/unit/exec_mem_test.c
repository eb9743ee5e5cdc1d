/* SPDX-License-Identifier: MIT */
#include "cpu/e500/device.h"
#include "cpu/e500/granule.h"
#include "cpu/e500/insn.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mmu.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/unit.h"

enum {
    UNMAPPED = 0x00800000,
    UNCACHED = 0x00400000, /* the same RAM, caching-inhibited */
    REVERSED = 0x00500000, /* the same RAM, little-endian */
    DEVICE = 0x00600000,
    MAP_UNCACHED = MAS2_I << 16,
};

static void up(Fixture *f, gconstpointer unused)
{
    fixture_up(f, unused);
    E500 *c = f->core[0];
    fixture_map(c, 1, 5, UNCACHED, 0, MAP_IPROT, MAP_SUPERVISOR | MAP_UNCACHED);
    fixture_map(c, 2, 5, REVERSED, 0, MAP_IPROT, MAP_SUPERVISOR | MAP_LITTLE_ENDIAN);
    fixture_map(c, 3, 5, DEVICE, FIXTURE_DEVICE, MAP_IPROT, MAP_SUPERVISOR);
    for (unsigned i = 0; i < 32; i++)
        c->s.gpr[i].d = 0;
}

#define MEM_TEST(path, function) g_test_add(path, Fixture, NULL, up, function, fixture_down)

static ExecResult run(E500 *c, uint32_t word)
{
    Insn in;
    insn_decode(word, c->model, &in);
    g_assert_cmpuint(in.id, !=, INSN_ILLEGAL);
    return insn_exec[in.id](c, &in);
}

/* r3 is data, r4 the base, r5 the index. */
static ExecResult run_d(E500 *c, InsnId id, Ea base, int16_t d)
{
    c->s.gpr[4].w = base;
    return run(c, insn_info[id].match | 3u << 21 | 4u << 16 | (uint16_t)d);
}

static ExecResult run_x(E500 *c, InsnId id, Ea base, uint32_t index)
{
    c->s.gpr[4].w = base;
    c->s.gpr[5].w = index;
    bool data = insn_info[id].operand[0] == OPERAND_ID_RT || insn_info[id].operand[0] == OPERAND_ID_RS;
    return run(c, insn_info[id].match | (data ? 3u << 21 : 0) | 4u << 16 | 5u << 11);
}

static void put32(Fixture *f, Ea ea, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    memcpy(f->ram + ea, &value, 4);
}

static uint32_t get32(const Fixture *f, Ea ea)
{
    uint32_t value;
    memcpy(&value, f->ram + ea, 4);
    return GUINT32_FROM_BE(value);
}

static void assert_trap(const E500 *c, E500Excp excp, uint32_t esr, Ea dear)
{
    g_assert_cmpint(c->trap.excp, ==, excp);
    g_assert_cmphex(c->trap.esr, ==, esr);
    g_assert_true(c->trap.has_dear);
    g_assert_cmphex(c->trap.dear, ==, dear);
}

/* --- plain --- */

static void loads_extend_and_reverse(Fixture *f, gconstpointer unused)
{
    static const struct {
        InsnId id;
        uint32_t result;
    } k[] = {{INSN_lbzx, 0x89},       {INSN_lhzx, 0x89ab},  {INSN_lhax, 0xffff89ab},
             {INSN_lwzx, 0x89abcdef}, {INSN_lhbrx, 0xab89}, {INSN_lwbrx, 0xefcdab89}};
    put32(f, 0x1000, 0x89abcdef);
    FOR_ROWS (i, k) {
        g_assert_cmpint(run_x(f->core[0], k[i].id, 0x1800, (uint32_t)-0x800), ==, EXEC_NEXT);
        g_assert_cmphex(f->core[0]->s.gpr[3].w, ==, k[i].result);
    }
    g_assert_cmpint(run_x(f->core[0], INSN_lwzx, REVERSED, 0x1000), ==, EXEC_NEXT);
    g_assert_cmphex(f->core[0]->s.gpr[3].w, ==, 0xefcdab89);
}

static void stores_write_their_bytes_only(Fixture *f, gconstpointer unused)
{
    static const struct {
        InsnId id;
        uint32_t after;
    } k[] = {{INSN_stbx, 0x44ffffff},
             {INSN_sthx, 0x3344ffff},
             {INSN_stwx, 0x11223344},
             {INSN_sthbrx, 0x4433ffff},
             {INSN_stwbrx, 0x44332211}};
    E500 *c = f->core[0];
    FOR_ROWS (i, k) {
        put32(f, 0x1000, 0xffffffff);
        put32(f, 0x1004, 0xffffffff);
        c->s.gpr[3].w = 0x11223344;
        g_assert_cmpint(run_x(c, k[i].id, 0x1000, 0), ==, EXEC_NEXT);
        g_assert_cmphex(get32(f, 0x1000), ==, k[i].after);
        g_assert_cmphex(get32(f, 0x1004), ==, 0xffffffff);
    }
}

static void update_happens_only_after_success(Fixture *f, gconstpointer unused)
{
    static const InsnId d[] = {INSN_lbzu, INSN_lhzu, INSN_lhau, INSN_lwzu, INSN_stbu, INSN_sthu, INSN_stwu};
    static const InsnId x[] = {INSN_lbzux, INSN_lhzux, INSN_lhaux, INSN_lwzux, INSN_stbux, INSN_sthux, INSN_stwux};
    E500 *c = f->core[0];
    FOR_ROWS (i, d) {
        g_assert_cmpint(run_d(c, d[i], 0x1000, 8), ==, EXEC_NEXT);
        g_assert_cmphex(c->s.gpr[4].w, ==, 0x1008);
        c->s.gpr[3].w = 0x5a;
        g_assert_cmpint(run_d(c, d[i], UNMAPPED, 8), ==, EXEC_TRAP);
        assert_trap(c, EXCP_DTLB_MISS, i >= 4 ? ESR_ST : 0, UNMAPPED + 8);
        g_assert_cmphex(c->s.gpr[4].w, ==, UNMAPPED);
        g_assert_cmphex(c->s.gpr[3].w, ==, 0x5a);
        g_assert_cmpint(run_x(c, x[i], 0x1000, 0x10), ==, EXEC_NEXT);
        g_assert_cmphex(c->s.gpr[4].w, ==, 0x1010);
        g_assert_cmpint(run_x(c, x[i], UNMAPPED, 8), ==, EXEC_TRAP);
        g_assert_cmphex(c->s.gpr[4].w, ==, UNMAPPED);
    }
}

static void base_zero_is_zero(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    c->s.gpr[0].w = UNMAPPED;
    put32(f, 0x2000, 7);
    g_assert_cmpint(run(c, 0x80602000), ==, EXEC_NEXT); /* lwz r3,0x2000(0) */
    g_assert_cmpuint(c->s.gpr[3].w, ==, 7);
}

/* --- multiple --- */

static void multiple_moves_all_up_to_r31(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    for (unsigned i = 0; i < 3; i++)
        put32(f, 0x1ff8 + 4 * i, 0x100 + i); /* crosses a page */
    c->s.gpr[30].w = 0x2000;                 /* the base is among the targets */
    g_assert_cmpint(run(c, insn_info[INSN_lmw].match | 29u << 21 | 30u << 16 | 0xfff8), ==, EXEC_NEXT);
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmphex(c->s.gpr[29 + i].w, ==, 0x100 + i);
    c->s.gpr[4].w = 0x3000;
    g_assert_cmpint(run(c, insn_info[INSN_stmw].match | 29u << 21 | 4u << 16), ==, EXEC_NEXT);
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmphex(get32(f, 0x3000 + 4 * i), ==, 0x100 + i);
    g_assert_cmphex(get32(f, 0x300c), ==, 0);
}

static void multiple_that_faults_changes_no_register(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    Ea end = FIXTURE_RAM; /* the page after it is not mapped */
    c->s.gpr[30].w = c->s.gpr[31].w = 0x77;
    c->s.gpr[4].w = end - 4;
    g_assert_cmpint(run(c, insn_info[INSN_lmw].match | 30u << 21 | 4u << 16), ==, EXEC_TRAP);
    assert_trap(c, EXCP_DTLB_MISS, 0, end);
    g_assert_cmphex(c->s.gpr[30].w, ==, 0x77);
    g_assert_cmphex(c->s.gpr[31].w, ==, 0x77);
}

static void misaligned_multiples_and_reservations_raise_alignment(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    g_assert_cmpint(run_d(c, INSN_lmw, 0x1000, 2), ==, EXEC_TRAP);
    assert_trap(c, EXCP_ALIGNMENT, 0, 0x1002);
    g_assert_cmpint(run_d(c, INSN_stmw, 0x1000, 1), ==, EXEC_TRAP);
    assert_trap(c, EXCP_ALIGNMENT, ESR_ST, 0x1001);
    g_assert_cmpint(run_x(c, INSN_lwarx, 0x1000, 2), ==, EXEC_TRAP);
    assert_trap(c, EXCP_ALIGNMENT, 0, 0x1002);
    g_assert_cmpint(run_x(c, INSN_stwcx, 0x1000, 3), ==, EXEC_TRAP);
    assert_trap(c, EXCP_ALIGNMENT, ESR_ST, 0x1003);
}

/* Each word is an exit of its own; the registers change once, when the last came back. */
static void multiple_of_a_device_completes_when_all_is_answered(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    c->s.gpr[4].w = DEVICE;
    uint32_t word = insn_info[INSN_lmw].match | 29u << 21 | 4u << 16;
    g_assert_cmpint(run(c, word), ==, EXEC_EXIT);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpint(f->exit.kind, ==, VCPU_EXIT_MMIO);
        g_assert_cmphex(f->exit.mmio.gpa, ==, FIXTURE_DEVICE + 4 * i);
        g_assert_cmpuint(f->exit.mmio.size, ==, 4);
        g_assert_cmphex(c->s.gpr[29].w, ==, 0);
        f->exit.mmio.data = 0x30 + i;
        g_assert_cmpint(e500_device_answered(c, &f->exit), ==, i == 2 ? EXEC_NEXT : EXEC_EXIT);
    }
    g_assert_cmpint(run(c, word), ==, EXEC_NEXT);
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmphex(c->s.gpr[29 + i].w, ==, 0x30 + i);
}

/* A fault in its second page comes before the first word is stored or a device is accessed. */
static void multiple_that_faults_stores_nothing(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    fixture_map(c, 1, 1, 0x40000000, 0x8000, 0, MAP_ALL);
    put32(f, 0x8ffc, 0x66);
    g_assert_cmpint(run_d(c, INSN_stmw, 0x40000ffc, 0), ==, EXEC_TRAP);
    assert_trap(c, EXCP_DTLB_MISS, ESR_ST, 0x40001000);
    g_assert_cmpuint(get32(f, 0x8ffc), ==, 0x66);
}

/* --- reservations --- */

static uint32_t stwcx(E500 *c, Ea ea, uint32_t value)
{
    c->s.gpr[3].w = value;
    g_assert_cmpint(run_x(c, INSN_stwcx, ea, 0), ==, EXEC_NEXT);
    return c->s.cr >> 28;
}

static void stwcx_stores_when_nothing_intervened(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    put32(f, 0x1000, 41);
    g_assert_cmpint(run_x(c, INSN_lwarx, 0x1000, 0), ==, EXEC_NEXT);
    g_assert_cmpuint(c->s.gpr[3].w, ==, 41);
    g_assert_cmpuint(stwcx(c, 0x1000, 42), ==, 2);
    g_assert_cmpuint(get32(f, 0x1000), ==, 42);
    c->s.so = 1;
    g_assert_cmpuint(stwcx(c, 0x1000, 43), ==, 1); /* the reservation is gone */
    g_assert_cmpuint(get32(f, 0x1000), ==, 42);
}

static void stwcx_fails_after_another_store_or_elsewhere(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    run_x(c, INSN_lwarx, 0x1000, 0);
    put32(f, 0x1000, 9); /* another core, a device */
    g_assert_cmpuint(stwcx(c, 0x1000, 1), ==, 0);
    g_assert_cmpuint(get32(f, 0x1000), ==, 9);
    run_x(c, INSN_lwarx, 0x1000, 0);
    g_assert_cmpuint(stwcx(c, 0x1004, 1), ==, 0);
    g_assert_cmpuint(get32(f, 0x1004), ==, 0);
    g_assert_cmpuint(stwcx(c, 0x1000, 1), ==, 0);
}

static void another_cores_store_of_the_same_value_takes_the_reservation(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0], *other = f->core[1];
    f->vm.granules = g_new0(uintptr_t, E500_GRANULES);
    e500_context_changed(c);
    e500_context_changed(other);
    put32(f, 0x1000, 41);
    run_x(c, INSN_lwarx, 0x1000, 0);
    g_assert_cmpint(e500_store32(other, 0x1000, 41), ==, EXEC_NEXT);
    g_assert_cmpuint(stwcx(c, 0x1000, 42), ==, 0);
    run_x(c, INSN_lwarx, 0x1000, 0);
    g_assert_cmpint(e500_store8(other, 0x103f, 1), ==, EXEC_NEXT); /* the granule's last byte */
    g_assert_cmpuint(stwcx(c, 0x1000, 42), ==, 0);
    run_x(c, INSN_lwarx, 0x1000, 0);
    g_assert_cmpint(e500_store32(other, 0x1040, 1), ==, EXEC_NEXT); /* the next granule */
    g_assert_cmpint(e500_store32(c, 0x1004, 1), ==, EXEC_NEXT);     /* its own store */
    g_assert_cmpuint(stwcx(c, 0x1000, 42), ==, 2);
    g_assert_cmpuint(get32(f, 0x1000), ==, 42);
    g_free(f->vm.granules);
}

static void reservations_know_little_endian_pages(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    put32(f, 0x1000, 0x11223344);
    g_assert_cmpint(run_x(c, INSN_lwarx, REVERSED, 0x1000), ==, EXEC_NEXT);
    g_assert_cmphex(c->s.gpr[3].w, ==, 0x44332211);
    g_assert_cmpuint(stwcx(c, REVERSED + 0x1000, 0x55667788), ==, 2);
    g_assert_cmphex(get32(f, 0x1000), ==, 0x88776655);
}

static void reservations_need_memory(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    g_assert_cmpint(run_x(c, INSN_lwarx, DEVICE, 0), ==, EXEC_TRAP);
    assert_trap(c, EXCP_DATA_STORAGE, 0, DEVICE);
    g_assert_cmpint(run_x(c, INSN_stwcx, DEVICE, 4), ==, EXEC_TRAP);
    assert_trap(c, EXCP_DATA_STORAGE, ESR_ST, DEVICE + 4);
    g_assert_cmpint(run_x(c, INSN_stwcx, UNMAPPED, 0), ==, EXEC_TRAP); /* also without a reservation */
    assert_trap(c, EXCP_DTLB_MISS, ESR_ST, UNMAPPED);
}

enum { INCREMENTS = 20000 };

static gpointer count_up(gpointer core)
{
    E500 *c = core;
    for (unsigned done = 0; done < INCREMENTS;) {
        run_x(c, INSN_lwarx, 0x1000, 0);
        if (stwcx(c, 0x1000, c->s.gpr[3].w + 1) & 2)
            done++;
    }
    return NULL;
}

static void two_cores_count_without_losing_one(Fixture *f, gconstpointer unused)
{
    GThread *other = g_thread_new("core 1", count_up, f->core[1]);
    count_up(f->core[0]);
    g_thread_join(other);
    g_assert_cmpuint(get32(f, 0x1000), ==, 2 * INCREMENTS);
}

/* --- caches --- */

static void dcbz_clears_exactly_one_line(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    static const InsnId clearing[] = {INSN_dcbz, INSN_dcbzl};
    for (size_t i = 0; i < 2; i++) {
        memset(f->ram + 0x1000, 0xff, 256);
        g_assert_cmpint(run_x(c, clearing[i], 0x1000, 0x7f), ==, EXEC_NEXT);
        for (unsigned at = 0; at < 256; at++)
            g_assert_cmpuint(f->ram[0x1000 + at], ==, at >= 0x40 && at < 0x80 ? 0 : 0xff);
    }
}

static void dcbz_of_an_uncached_page_raises_alignment(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    memset(f->ram + 0x1000, 0xff, 64);
    for (unsigned warm = 0; warm < 2; warm++) { /* with and without a soft TLB hit */
        g_assert_cmpint(run_x(c, INSN_dcbz, UNCACHED, 0x1008), ==, EXEC_TRAP);
        assert_trap(c, EXCP_ALIGNMENT, ESR_ST, UNCACHED + 0x1008);
    }
    g_assert_cmpuint(f->ram[0x1000], ==, 0xff);
    g_assert_cmpint(run_x(c, INSN_dcbz, UNMAPPED, 0), ==, EXEC_TRAP);
    assert_trap(c, EXCP_DTLB_MISS, ESR_ST, UNMAPPED);
}

static void hints_never_interrupt_and_blocks_translate(Fixture *f, gconstpointer unused)
{
    static const InsnId hint[] = {INSN_dcbt, INSN_dcbtst, INSN_icbt, INSN_dcba, INSN_dcbal};
    static const struct {
        InsnId id;
        uint32_t esr;
    } block[] = {{INSN_dcbf, 0},   {INSN_dcbst, 0},         {INSN_icbi, 0},  {INSN_dcbi, ESR_ST},
                 {INSN_dcbtls, 0}, {INSN_dcbtstls, ESR_ST}, {INSN_icbtls, 0}};
    E500 *c = f->core[0];
    FOR_ROWS (i, hint)
        g_assert_cmpint(run_x(c, hint[i], UNMAPPED, 0), ==, EXEC_NEXT);
    FOR_ROWS (i, block) {
        g_assert_cmpint(run_x(c, block[i].id, 0x1000, 0), ==, EXEC_NEXT);
        g_assert_cmpint(run_x(c, block[i].id, UNMAPPED, 4), ==, EXEC_TRAP);
        assert_trap(c, EXCP_DTLB_MISS, block[i].esr, UNMAPPED + 4);
    }
}

static void locking_from_user_mode_needs_ucle(Fixture *f, gconstpointer unused)
{
    static const struct {
        InsnId id;
        uint32_t esr;
    } k[] = {
        {INSN_dcbtls, ESR_DLK}, {INSN_dcbtstls, ESR_DLK}, {INSN_dcblc, ESR_DLK}, {INSN_icbtls, ESR_ILK}, {INSN_icblc, ESR_ILK}};
    E500 *c = f->core[0];
    fixture_map(c, 0, 5, 0, 0, MAP_IPROT, MAP_ALL);
    FOR_ROWS (i, k) {
        e500_set_msr(c, MSR_PR);
        g_assert_cmpint(run_x(c, k[i].id, 0x1000, 8), ==, EXEC_TRAP);
        assert_trap(c, EXCP_DATA_STORAGE, k[i].esr, 0x1008);
        e500_set_msr(c, MSR_PR | MSR_UCLE);
        g_assert_cmpint(run_x(c, k[i].id, 0x1000, 8), ==, EXEC_NEXT);
    }
}

/* --- external PID --- */

static void external_accesses_use_their_own_context(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    fixture_map(c, 4, 5, UNMAPPED, 0, 9 << 16, MAP_ALL); /* PID 9 */
    put32(f, 0x1000, 0x12345678);
    c->s.spr[SPR_EPLC] = 1u << 31 | 9; /* user mode, AS 0, PID 9 */
    c->s.spr[SPR_EPSC] = 1u << 31 | 9;
    g_assert_cmpint(run_x(c, INSN_lwzx, UNMAPPED, 0x1000), ==, EXEC_TRAP); /* own PID is 0 */
    g_assert_cmpint(run_x(c, INSN_lwepx, UNMAPPED, 0x1000), ==, EXEC_NEXT);
    g_assert_cmphex(c->s.gpr[3].w, ==, 0x12345678);
    g_assert_cmpint(run_x(c, INSN_lhepx, UNMAPPED, 0x1000), ==, EXEC_NEXT);
    g_assert_cmphex(c->s.gpr[3].w, ==, 0x1234);
    g_assert_cmpint(run_x(c, INSN_lbepx, UNMAPPED, 0x1003), ==, EXEC_NEXT);
    g_assert_cmphex(c->s.gpr[3].w, ==, 0x78);
    g_assert_cmpint(run_x(c, INSN_stbepx, UNMAPPED, 0x1000), ==, EXEC_NEXT);
    g_assert_cmphex(get32(f, 0x1000), ==, 0x78345678);
    g_assert_cmpint(run_x(c, INSN_dcbzep, UNMAPPED, 0x1000), ==, EXEC_NEXT);
    g_assert_cmphex(get32(f, 0x1000), ==, 0);
    c->s.spr[SPR_EPSC] = 1u << 31 | 8;
    g_assert_cmpint(run_x(c, INSN_stwepx, UNMAPPED, 0x1000), ==, EXEC_TRAP);
    assert_trap(c, EXCP_DTLB_MISS, ESR_ST | ESR_EPID, UNMAPPED + 0x1000);
}

static void external_accesses_are_privileged(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    e500_set_msr(c, MSR_PR);
    for (unsigned id = 0; id < INSN_ILLEGAL; id++) {
        if (insn_info[id].cls != IC_EPID && insn_info[id].cls != IC_CACHE_SUPV)
            continue;
        c->trap.esr = 0;
        g_assert_cmpint(run_x(c, id, 0x1000, 0), ==, EXEC_TRAP);
        g_assert_cmpint(c->trap.excp, ==, EXCP_PROGRAM);
        g_assert_cmphex(c->trap.esr, ==, ESR_PPR);
    }
}

static void decorated_storage_is_addressed_by_rb(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    put32(f, 0x1000, 0xa1b2c3d4);
    g_assert_cmpint(run_x(c, INSN_lwdx, UNMAPPED /* decoration */, 0x1000), ==, EXEC_NEXT);
    g_assert_cmphex(c->s.gpr[3].w, ==, 0xa1b2c3d4);
    c->s.gpr[3].w = 0x55;
    g_assert_cmpint(run_x(c, INSN_stbdx, UNMAPPED, 0x1000), ==, EXEC_NEXT);
    g_assert_cmphex(get32(f, 0x1000), ==, 0x55b2c3d4);
}

UNIT_TESTS(exec_mem)
{
    MEM_TEST("/exec-mem/loads-extend-and-reverse", loads_extend_and_reverse);
    MEM_TEST("/exec-mem/stores-write-their-bytes-only", stores_write_their_bytes_only);
    MEM_TEST("/exec-mem/update-happens-only-after-success", update_happens_only_after_success);
    MEM_TEST("/exec-mem/base-zero-is-zero", base_zero_is_zero);
    MEM_TEST("/exec-mem/multiple-moves-all-up-to-r31", multiple_moves_all_up_to_r31);
    MEM_TEST("/exec-mem/multiple-that-faults-changes-no-register", multiple_that_faults_changes_no_register);
    MEM_TEST("/exec-mem/misaligned-multiples-and-reservations-raise-alignment",
             misaligned_multiples_and_reservations_raise_alignment);
    MEM_TEST("/exec-mem/multiple-that-faults-stores-nothing", multiple_that_faults_stores_nothing);
    MEM_TEST("/exec-mem/multiple-of-a-device-completes-when-all-is-answered", multiple_of_a_device_completes_when_all_is_answered);
    MEM_TEST("/exec-mem/stwcx-stores-when-nothing-intervened", stwcx_stores_when_nothing_intervened);
    MEM_TEST("/exec-mem/stwcx-fails-after-another-store-or-elsewhere", stwcx_fails_after_another_store_or_elsewhere);
    MEM_TEST("/exec-mem/another-cores-store-of-the-same-value-takes-the-reservation",
             another_cores_store_of_the_same_value_takes_the_reservation);
    MEM_TEST("/exec-mem/reservations-know-little-endian-pages", reservations_know_little_endian_pages);
    MEM_TEST("/exec-mem/reservations-need-memory", reservations_need_memory);
    MEM_TEST("/exec-mem/two-cores-count-without-losing-one", two_cores_count_without_losing_one);
    MEM_TEST("/exec-cache/dcbz-clears-exactly-one-line", dcbz_clears_exactly_one_line);
    MEM_TEST("/exec-cache/dcbz-of-an-uncached-page-raises-alignment", dcbz_of_an_uncached_page_raises_alignment);
    MEM_TEST("/exec-cache/hints-never-interrupt-and-blocks-translate", hints_never_interrupt_and_blocks_translate);
    MEM_TEST("/exec-cache/locking-from-user-mode-needs-ucle", locking_from_user_mode_needs_ucle);
    MEM_TEST("/exec-mem/external-accesses-use-their-own-context", external_accesses_use_their_own_context);
    MEM_TEST("/exec-mem/external-accesses-are-privileged", external_accesses_are_privileged);
    MEM_TEST("/exec-mem/decorated-storage-is-addressed-by-rb", decorated_storage_is_addressed_by_rb);
}
