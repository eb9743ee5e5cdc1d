/* SPDX-License-Identifier: MIT */
#include "cpu/e500/device.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/spr.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/ram.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/unit.h"

/* 0x50000000: one page of devices; 0x40000000 and the next page: RAM pages at 0x8000 and 0x3000,
 * not neighbours */
static void pages_up(Fixture *f)
{
    E500 *c = f->core[0];

    fixture_map(c, 1, 1, 0x50000000, FIXTURE_DEVICE, 0, MAP_ALL | MAP_GUARDED);
    fixture_map(c, 2, 1, 0x40000000, 0x8000, 0, MAP_ALL);
    fixture_map(c, 3, 1, 0x40001000, 0x3000, 0, MAP_ALL);
    fixture_map(c, 4, 1, 0x40002000, 0x4000, 0, MAP_ALL | MAP_LITTLE_ENDIAN);
    fixture_map(c, 5, 1, 0x40003000, 0x5000, 0, MAP_SR | MAP_UR);
}

/* EXEC_EXIT: f->exit asks for the next device access; EXEC_NEXT: all were answered, and the instruction can be executed. */
static ExecResult answer(Fixture *f, uint64_t data, bool failed)
{
    f->exit.mmio.data = data;
    f->exit.mmio.failed = failed;
    return e500_device_answered(f->core[0], &f->exit);
}

static void ram_is_big_endian(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint64_t d = 0;
    uint16_t h = 0;

    for (unsigned again = 0; again < 2; again++) { /* slow path, then fast path */
        g_assert_cmpint(e500_store64(c, 0x100, UINT64_C(0x0102030405060708)), ==, EXEC_NEXT);
        for (unsigned i = 0; i < 8; i++)
            g_assert_cmpuint(f->ram[0x100 + i], ==, i + 1);
        g_assert_cmpint(e500_load64(c, 0x100, &d), ==, EXEC_NEXT);
        g_assert_cmphex(d, ==, UINT64_C(0x0102030405060708));
        g_assert_cmpint(e500_load16(c, 0x102, &h), ==, EXEC_NEXT);
        g_assert_cmphex(h, ==, 0x0304);
    }
}

static void misaligned_and_crossing_accesses_keep_byte_order(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint64_t v = 0;

    pages_up(f);
    for (unsigned size = 2; size <= 8; size *= 2) {
        for (Ea ea = 0x40001000 - size; ea <= 0x40001001; ea++) {
            uint64_t value = UINT64_C(0x1122334455667788) >> 8 * (8 - size);

            e500_soft_tlb_flush(c);
            g_assert_cmpint(e500_store_slow(c, ea, size, 0, value), ==, EXEC_NEXT);
            for (unsigned i = 0; i < size; i++) {
                Ea at = ea + i;
                uint64_t gpa = at < 0x40001000 ? 0x8000 + (at & 0xfff) : 0x3000 + (at & 0xfff);

                g_assert_cmphex(f->ram[gpa], ==, (uint8_t)(value >> 8 * (size - 1 - i)));
            }
            g_assert_cmpint(e500_load_slow(c, ea, size, 0, &v), ==, EXEC_NEXT);
            g_assert_cmphex(v, ==, value);
        }
    }
}

static void a_little_endian_page_reverses_bytes(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint32_t v = 0;

    pages_up(f);
    for (unsigned again = 0; again < 2; again++) {
        g_assert_cmpint(e500_store32(c, 0x40002010, 0x11223344), ==, EXEC_NEXT);
        g_assert_cmphex(f->ram[0x4010], ==, 0x44);
        g_assert_cmpint(e500_load32(c, 0x40002010, &v), ==, EXEC_NEXT);
        g_assert_cmphex(v, ==, 0x11223344);
    }
    /* one access, two byte orders */
    g_assert_cmpint(e500_load32(c, 0x40001ffe, &v), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_DATA_STORAGE);
    g_assert_cmphex(c->trap.esr, ==, ESR_BO);
}

static void a_crossing_store_that_faults_stores_nothing(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    pages_up(f);
    f->ram[0x4ffe] = 0xaa;
    /* 0x40002ffe..: second page may not be written */
    fixture_map(c, 4, 1, 0x40002000, 0x4000, 0, MAP_ALL);
    g_assert_cmpint(e500_store32(c, 0x40002ffe, 0), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_DATA_STORAGE);
    g_assert_cmphex(c->trap.esr, ==, ESR_ST);
    g_assert_cmphex(c->trap.dear, ==, 0x40003000); /* the page at fault */
    g_assert_cmphex(f->ram[0x4ffe], ==, 0xaa);
}

static void a_device_load_exits_and_is_answered(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint32_t v = 0;

    pages_up(f);
    g_assert_cmpint(e500_load32(c, 0x50000024, &v), ==, EXEC_EXIT);
    g_assert_cmpint(f->exit.kind, ==, VCPU_EXIT_MMIO);
    g_assert_cmphex(f->exit.mmio.gpa, ==, FIXTURE_DEVICE + 0x24);
    g_assert_cmpuint(f->exit.mmio.size, ==, 4);
    g_assert_false(f->exit.mmio.is_write);
    g_assert_cmpint(answer(f, UINT64_C(0xdeadbeef11223344), false), ==, EXEC_NEXT);
    g_assert_cmpint(e500_load32(c, 0x50000024, &v), ==, EXEC_NEXT);
    g_assert_cmphex(v, ==, 0x11223344); /* no more than was asked for */
}

static void a_misaligned_device_access_is_split(Fixture *f, gconstpointer unused)
{
    static const struct {
        unsigned at, size;
        uint64_t data;
    } piece[] = {{1, 1, 0x11}, {2, 2, 0x2233}, {4, 4, 0x44556677}, {8, 1, 0x88}};
    E500 *c = f->core[0];
    uint64_t v = 0;

    pages_up(f);
    g_assert_cmpint(e500_store64(c, 0x50000001, UINT64_C(0x1122334455667788)), ==, EXEC_EXIT);
    FOR_ROWS (i, piece) {
        g_assert_true(f->exit.mmio.is_write);
        g_assert_cmphex(f->exit.mmio.gpa, ==, FIXTURE_DEVICE + piece[i].at);
        g_assert_cmpuint(f->exit.mmio.size, ==, piece[i].size);
        g_assert_cmphex(f->exit.mmio.data, ==, piece[i].data);
        g_assert_cmpint(answer(f, 0, false), ==, i == 3 ? EXEC_NEXT : EXEC_EXIT);
    }
    g_assert_cmpint(e500_store64(c, 0x50000001, UINT64_C(0x1122334455667788)), ==, EXEC_NEXT);
    g_assert_cmpint(e500_load64(c, 0x50000001, &v), ==, EXEC_EXIT);
    FOR_ROWS (i, piece)
        g_assert_cmpint(answer(f, piece[i].data, false), ==, i == 3 ? EXEC_NEXT : EXEC_EXIT);
    g_assert_cmpint(e500_load64(c, 0x50000001, &v), ==, EXEC_NEXT);
    g_assert_cmphex(v, ==, UINT64_C(0x1122334455667788));
}

/* The operand lies in RAM and in a device: the device first, then RAM once, whatever became of the translations meanwhile. */
static void an_operand_in_ram_and_in_a_device(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint64_t v = 0;

    pages_up(f);
    fixture_map(c, 6, 1, 0x4ffff000, 0x7000, 0, MAP_ALL);
    f->ram[0x7ffe] = 0xaa;
    g_assert_cmpint(e500_store_slow(c, 0x4ffffffe, 8, 0, UINT64_C(0x1122334455667788)), ==, EXEC_EXIT);
    g_assert_cmphex(f->exit.mmio.gpa, ==, FIXTURE_DEVICE);
    g_assert_cmpuint(f->exit.mmio.size, ==, 4);
    g_assert_cmphex(f->exit.mmio.data, ==, 0x33445566);
    g_assert_cmpint(answer(f, 0, false), ==, EXEC_EXIT);
    g_assert_cmphex(f->exit.mmio.data, ==, 0x7788);
    g_assert_cmphex(f->ram[0x7ffe], ==, 0xaa);
    e500_tlb_flash(c, true, true);
    g_assert_cmpint(answer(f, 0, false), ==, EXEC_NEXT);
    g_assert_cmpint(e500_store_slow(c, 0x4ffffffe, 8, 0, UINT64_C(0x1122334455667788)), ==, EXEC_NEXT);
    g_assert_cmphex(f->ram[0x7ffe], ==, 0x11);
    g_assert_cmphex(f->ram[0x7fff], ==, 0x22);
    pages_up(f);
    fixture_map(c, 6, 1, 0x4ffff000, 0x7000, 0, MAP_ALL);
    g_assert_cmpint(e500_load_slow(c, 0x4ffffffe, 4, 0, &v), ==, EXEC_EXIT);
    e500_tlb_flash(c, true, true);
    g_assert_cmpint(answer(f, 0x99aa, false), ==, EXEC_NEXT);
    g_assert_cmpint(e500_load_slow(c, 0x4ffffffe, 4, 0, &v), ==, EXEC_NEXT);
    g_assert_cmphex(v, ==, 0x112299aa);
}

static void an_access_nobody_answers_is_a_machine_check(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint32_t v = 0;

    pages_up(f);
    g_assert_cmpint(e500_load32(c, 0x50000040, &v), ==, EXEC_EXIT);
    g_assert_cmpint(answer(f, 0, true), ==, EXEC_NEXT);
    g_assert_cmpint(e500_load32(c, 0x50000040, &v), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_MACHINE_CHECK);
    g_assert_cmphex(c->trap.mcsr, ==, (MCSR_LD | MCSR_LDG | MCSR_MAV));
    g_assert_cmphex(c->trap.mcar, ==, FIXTURE_DEVICE + 0x40);
    g_assert_cmpint(e500_store32(c, 0x50000040, 1), ==, EXEC_EXIT);
    g_assert_cmpint(answer(f, 0, true), ==, EXEC_NEXT);
    g_assert_cmpint(e500_store32(c, 0x50000040, 1), ==, EXEC_TRAP);
    g_assert_cmphex(c->trap.mcsr, ==, (MCSR_ST | MCSR_MAV));
}

static void a_fetch_from_a_device_never_exits(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint32_t word = 0;

    pages_up(f);
    g_assert_cmpint(e500_fetch(c, 0x50000000, &word), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_MACHINE_CHECK);
    g_assert_cmphex(c->trap.mcsr, ==, (MCSR_IF | MCSR_MAV));
    g_assert_cmphex(c->trap.mcar, ==, FIXTURE_DEVICE);
}

static void fetches_follow_the_tlb(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint32_t word = 0;

    pages_up(f);
    f->ram[0x8003] = 7;
    g_assert_cmpint(e500_fetch(c, 0x40000000, &word), ==, EXEC_NEXT);
    g_assert_cmphex(word, ==, 7);
    fixture_map(c, 2, 1, 0x40000000, 0x9000, 0, MAP_ALL);
    g_assert_cmpint(e500_fetch(c, 0x40000000, &word), ==, EXEC_NEXT);
    g_assert_cmphex(word, ==, 0);
    fixture_map(c, 2, 1, 0x40000000, 0x9000, 0, MAP_SR | MAP_UX);
    g_assert_cmpint(e500_fetch(c, 0x40000000, &word), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_INST_STORAGE);
    e500_set_msr(c, MSR_PR);
    g_assert_cmpint(e500_fetch(c, 0x40000000, &word), ==, EXEC_NEXT);
    e500_set_msr(c, MSR_IS);
    g_assert_cmpint(e500_fetch(c, 0x40000000, &word), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_ITLB_MISS);
    e500_set_msr(c, 0);
    g_assert_cmpint(e500_fetch(c, 0x40002000, &word), ==, EXEC_TRAP); /* little-endian code */
    g_assert_cmpint(c->trap.excp, ==, EXCP_INST_STORAGE);
    g_assert_cmphex(c->trap.esr, ==, ESR_BO);
}

static void external_pid_accesses_use_their_own_context(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint64_t v = 0;

    c->s.spr[SPR_MAS0] = 0; /* a user page of PID 5 */
    c->s.spr[SPR_MAS1] = 1u << 31 | 5 << 16 | 1 << 8;
    c->s.spr[SPR_MAS2] = 0x60000000;
    c->s.spr[SPR_MAS3] = 0x6000 | MAP_UR | MAP_UW;
    e500_tlbwe(c);
    f->ram[0x6000] = 0x42;
    g_assert_cmpint(e500_load_slow(c, 0x60000000, 1, 0, &v), ==, EXEC_TRAP);
    e500_mtspr(c, SPRNO_EPLC, 1u << 31 | 5);
    g_assert_cmpint(e500_load_slow(c, 0x60000000, 1, MEM_EPID, &v), ==, EXEC_NEXT);
    g_assert_cmphex(v, ==, 0x42);
    g_assert_cmpint(e500_store_slow(c, 0x60000000, 1, MEM_EPID, 1), ==, EXEC_TRAP); /* EPSC is another */
    g_assert_cmpint(c->trap.excp, ==, EXCP_DTLB_MISS);
    g_assert_cmphex(c->trap.esr, ==, (ESR_EPID | ESR_ST));
}

static void a_probe_gives_the_physical_address(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint64_t gpa;
    uint8_t *host;

    pages_up(f);
    g_assert_cmpint(e500_mem_probe(c, 0x40001234, 4, ACCESS_WRITE, 0, &gpa, &host), ==, EXEC_NEXT);
    g_assert_cmphex(gpa, ==, 0x3234);
    g_assert_true(host == f->ram + 0x3234);
    g_assert_cmpint(e500_mem_probe(c, 0x50000000, 4, ACCESS_READ, 0, &gpa, &host), ==, EXEC_NEXT);
    g_assert_null(host);
    g_assert_cmpint(e500_mem_probe(c, 0x40003000, 4, ACCESS_WRITE, 0, &gpa, &host), ==, EXEC_TRAP);
}

static void ram_ends_where_it_ends(Fixture *f, gconstpointer unused)
{
    g_assert_nonnull(e500_ram_host(&f->vm, FIXTURE_RAM - 4, 4));
    g_assert_null(e500_ram_host(&f->vm, FIXTURE_RAM - 4, 5));
    g_assert_null(e500_ram_host(&f->vm, FIXTURE_RAM, 1));
    g_assert_null(e500_ram_host(&f->vm, UINT64_MAX, 2));
    g_assert_null(e500_ram_host(&f->vm, 0, UINT64_MAX));
}

/* tag_read of the empty slot is 1: an odd address in the first page of PID 0 must not look like a
 * hit. */
static void an_empty_soft_tlb_slot_matches_nothing(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint16_t h = 0;

    f->ram[1] = 0x12;
    f->ram[2] = 0x34;
    e500_soft_tlb_flush(c);
    g_assert_cmpint(e500_load16(c, 1, &h), ==, EXEC_NEXT);
    g_assert_cmphex(h, ==, 0x1234);
}

UNIT_TESTS(mem)
{
    TEST("/mem/ram-is-big-endian", ram_is_big_endian);
    TEST("/mem/misaligned-and-crossing-accesses-keep-byte-order", misaligned_and_crossing_accesses_keep_byte_order);
    TEST("/mem/a-little-endian-page-reverses-bytes", a_little_endian_page_reverses_bytes);
    TEST("/mem/a-crossing-store-that-faults-stores-nothing", a_crossing_store_that_faults_stores_nothing);
    TEST("/mem/a-device-load-exits-and-is-answered", a_device_load_exits_and_is_answered);
    TEST("/mem/a-misaligned-device-access-is-split", a_misaligned_device_access_is_split);
    TEST("/mem/an-operand-in-ram-and-in-a-device", an_operand_in_ram_and_in_a_device);
    TEST("/mem/an-access-nobody-answers-is-a-machine-check", an_access_nobody_answers_is_a_machine_check);
    TEST("/mem/a-fetch-from-a-device-never-exits", a_fetch_from_a_device_never_exits);
    TEST("/mem/fetches-follow-the-tlb", fetches_follow_the_tlb);
    TEST("/mem/external-pid-accesses-use-their-own-context", external_pid_accesses_use_their_own_context);
    TEST("/mem/a-probe-gives-the-physical-address", a_probe_gives_the_physical_address);
    TEST("/mem/ram-ends-where-it-ends", ram_ends_where_it_ends);
    TEST("/mem/an-empty-soft-tlb-slot-matches-nothing", an_empty_soft_tlb_slot_matches_nothing);
}
