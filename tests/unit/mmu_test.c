/* SPDX-License-Identifier: MIT */
#include "cpu/e500/interrupt.h"
#include "cpu/e500/spr.h"
#include "cpu/e500/mail.h"
#include "cpu/e500/mmu.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/unit.h"

static E500MmuResult look(E500 *c, Ea ea, bool as, uint8_t pid, bool pr, E500Access access, E500Translation *t)
{
    E500Translation unused;

    return e500_mmu_lookup(c, ea, e500_context(as, pid, pr), access, t ? t : &unused);
}

/* A 4K entry of TLB0 by tlbwe. */
static void map4k(E500 *c, unsigned way, Ea ea, uint64_t gpa, uint32_t tid, uint32_t perm)
{
    c->s.spr[SPR_MAS0] = way << 16 | (way + 1) % 4;
    c->s.spr[SPR_MAS1] = 1u << 31 | tid << 16 | 1 << 8;
    c->s.spr[SPR_MAS2] = ea;
    c->s.spr[SPR_MAS3] = (uint32_t)gpa | perm;
    c->s.spr[SPR_MAS7] = (uint32_t)(gpa >> 32);
    e500_tlbwe(c);
}

static void every_page_size_translates_its_own_bits(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    for (unsigned tsize = 1; tsize <= 11; tsize++) {
        uint64_t size = UINT64_C(1024) << 2 * tsize;
        Ea base = size > 0x40000000u ? 0 : 0x40000000;
        uint64_t gpa = UINT64_C(0xa00000000) & ~(size - 1);
        E500Translation t;

        fixture_map(c, 0, tsize, base, gpa, 0, MAP_ALL);
        g_assert_cmpint(look(c, base + (Ea)(size - 1), 0, 0, 0, ACCESS_READ, &t), ==, MMU_OK);
        g_assert_cmphex(t.gpa, ==, gpa + size - 1);
        g_assert_cmphex(t.page_size, ==, size);
        if (tsize < 11)
            g_assert_cmpint(look(c, base + (Ea)size, 0, 0, 0, ACCESS_READ, &t), ==, MMU_MISS);
    }
}

static void each_permission_allows_its_access_only(Fixture *f, gconstpointer unused)
{
    static const struct {
        uint32_t perm;
        bool pr;
        E500Access access;
    } row[] = {
        {MAP_UX, 1, ACCESS_EXECUTE}, {MAP_SX, 0, ACCESS_EXECUTE}, {MAP_UW, 1, ACCESS_WRITE},
        {MAP_SW, 0, ACCESS_WRITE},   {MAP_UR, 1, ACCESS_READ},    {MAP_SR, 0, ACCESS_READ},
    };
    E500 *c = f->core[0];

    FOR_ROWS (i, row) {
        map4k(c, 0, 0x50000000, 0x1000, 0, row[i].perm);
        FOR_ROWS (j, row)
            g_assert_cmpint(look(c, 0x50000123, 0, 0, row[j].pr, row[j].access, NULL), ==, i == j ? MMU_OK : MMU_DENIED);
    }
}

static void a_pid_sees_its_own_and_global_pages(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    map4k(c, 0, 0x50000000, 0x1000, 7, MAP_ALL);
    map4k(c, 1, 0x50080000, 0x2000, 0, MAP_ALL);
    g_assert_cmpint(look(c, 0x50000000, 0, 7, 0, ACCESS_READ, NULL), ==, MMU_OK);
    g_assert_cmpint(look(c, 0x50000000, 0, 8, 0, ACCESS_READ, NULL), ==, MMU_MISS);
    g_assert_cmpint(look(c, 0x50080000, 0, 7, 0, ACCESS_READ, NULL), ==, MMU_OK);
    g_assert_cmpint(look(c, 0x50080000, 0, 8, 0, ACCESS_READ, NULL), ==, MMU_OK);
}

static void address_spaces_are_apart(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    fixture_map(c, 1, 1, 0x50000000, 0x1000, MAP_TS, MAP_ALL);
    g_assert_cmpint(look(c, 0x50000000, 1, 0, 0, ACCESS_READ, NULL), ==, MMU_OK);
    g_assert_cmpint(look(c, 0x50000000, 0, 0, 0, ACCESS_READ, NULL), ==, MMU_MISS);
}

/* TLB0 and TLB1[5] translate the same page, to different places: what is loaded tells which one counts. */
static void map_twice(Fixture *f, E500 *c)
{
    f->ram[0x1010] = 1; /* by TLB0 way 1 */
    f->ram[0x2010] = 2; /* by TLB0 way 2 */
    f->ram[0x3010] = 3; /* by TLB1 */
    fixture_map(c, 5, 1, 0x50000000, 0x3000, 0, MAP_ALL);
    map4k(c, 2, 0x50000000, 0x2000, 0, MAP_ALL);
    map4k(c, 1, 0x50000000, 0x1000, 0, MAP_ALL);
}

static void of_two_matches_the_lower_counts(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint8_t v = 0;

    map_twice(f, c);
    g_assert_cmpint(e500_load8(c, 0x50000010, &v), ==, EXEC_NEXT);
    g_assert_cmpuint(v, ==, 1);
    e500_tlb_flash(c, true, false);
    fixture_map(c, 4, 1, 0x50000000, 0x2000, 0, MAP_ALL);
    g_assert_cmpint(e500_load8(c, 0x50000010, &v), ==, EXEC_NEXT);
    g_assert_cmpuint(v, ==, 2); /* TLB1[4] before TLB1[5] */
}

static void detected_matches_are_a_machine_check(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint8_t v = 0;
    uint32_t word;

    map_twice(f, c);
    g_assert_cmpint(e500_load8(c, 0x50000010, &v), ==, EXEC_NEXT); /* now in the soft TLB */
    g_assert_cmpint(e500_mtspr(c, SPRNO_HID0, HID0_EN_L2MMU_MHD), ==, EXEC_NEXT);
    g_assert_cmpint(e500_load8(c, 0x50000010, &v), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_MACHINE_CHECK);
    g_assert_cmphex(c->trap.mcsr & MCSR_L2MMU_MHIT, !=, 0);
    g_assert_cmphex(c->trap.mcar, ==, 0x50000010);
    g_assert_cmpint(e500_fetch(c, 0x50000000, &word), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_MACHINE_CHECK);
    g_assert_cmpint(e500_mtspr(c, SPRNO_HID0, 0), ==, EXEC_NEXT);
    g_assert_cmpint(e500_load8(c, 0x50000010, &v), ==, EXEC_NEXT);
    /* The e500v2 has no such detection, whatever is in HID0. */
    c->model = e500_model_find("e500v2");
    g_assert_cmpint(e500_mtspr(c, SPRNO_HID0, HID0_EN_L2MMU_MHD), ==, EXEC_NEXT);
    g_assert_cmpint(e500_load8(c, 0x50000010, &v), ==, EXEC_NEXT);
    g_assert_cmpuint(v, ==, 1);
}

static void hostile_entries_are_masked(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    /* entry number and page size beyond what is there, address bits inside of the page, RPN beyond
     * 36 bits */
    e500_mtspr(c, SPRNO_MAS0, 0xffffffff & ~(2u << 28));
    e500_mtspr(c, SPRNO_MAS1, 0x80000f00);
    e500_mtspr(c, SPRNO_MAS2, 0xffffffff);
    e500_mtspr(c, SPRNO_MAS3, 0xffffffff);
    e500_mtspr(c, SPRNO_MAS7, 0xffffffff);
    e500_tlbwe(c);
    g_assert_cmphex(c->s.tlb1[63].mas1, ==, 0x80000b00);
    g_assert_cmphex(c->s.tlb1[63].mas2 & 0xfffff000, ==, 0);
    g_assert_cmphex(c->s.tlb1[63].mas7_3 >> 36, ==, 0);
    /* TLB2 and TLB3 do not exist: nothing is written, nothing is read as valid */
    e500_mtspr(c, SPRNO_MAS0, 2u << 28);
    e500_mtspr(c, SPRNO_MAS1, 0x80000100);
    e500_tlbwe(c);
    e500_tlbre(c);
    g_assert_cmphex(c->s.spr[SPR_MAS1] >> 31, ==, 0);
    /* an entry of the smallest size where 0 was asked for */
    fixture_map(c, 5, 0, 0x50000000, 0, 0, MAP_ALL);
    g_assert_cmphex(c->s.tlb1[5].mas1 & 0xf00, ==, 0x100);
}

static void tlb0_holds_4k_and_no_protection(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    c->s.spr[SPR_MAS0] = 0;
    c->s.spr[SPR_MAS1] = 0xc0000700;
    c->s.spr[SPR_MAS2] = 0x50003000;
    c->s.spr[SPR_MAS3] = MAP_ALL;
    e500_tlbwe(c);
    g_assert_cmphex(c->s.tlb0[3 * 4].mas1, ==, 0x80000100);
}

static void tlbre_gives_back_what_tlbwe_wrote(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    map4k(c, 2, 0x5007f000, UINT64_C(0xabcdef000), 0x5a, MAP_ALL);
    c->s.spr[SPR_MAS1] = c->s.spr[SPR_MAS3] = c->s.spr[SPR_MAS7] = 0;
    c->s.spr[SPR_MAS0] = 2 << 16;
    e500_tlbre(c);
    g_assert_cmphex(c->s.spr[SPR_MAS0], ==, (2 << 16 | 3)); /* NV as written */
    g_assert_cmphex(c->s.spr[SPR_MAS1], ==, 0x805a0100);
    g_assert_cmphex(c->s.spr[SPR_MAS2], ==, 0x5007f000);
    g_assert_cmphex(c->s.spr[SPR_MAS3], ==, (0xbcdef000 | MAP_ALL));
    g_assert_cmphex(c->s.spr[SPR_MAS7], ==, 0xa);
}

static void tlbsx_finds_the_entry_of_mas6(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    map4k(c, 3, 0x50001000, 0x7000, 9, MAP_UR);
    fixture_map(c, 17, 3, 0x60000000, UINT64_C(0x100000000), MAP_TS | MAP_IPROT, MAP_SR);
    c->s.spr[SPR_MAS6] = 9 << 16;
    e500_tlbsx(c, 0x50001ffc);
    g_assert_cmphex(c->s.spr[SPR_MAS0] & 0x3fff0000, ==, 3 << 16);
    g_assert_cmphex(c->s.spr[SPR_MAS1], ==, 0x80090100);
    c->s.spr[SPR_MAS6] = 1;
    e500_tlbsx(c, 0x60008000);
    g_assert_cmphex(c->s.spr[SPR_MAS0], ==, (1 << 28 | 17 << 16));
    g_assert_cmphex(c->s.spr[SPR_MAS1], ==, 0xc0001300);
    g_assert_cmphex(c->s.spr[SPR_MAS7], ==, 1);
}

static void tlbsx_without_a_match_shows_defaults(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    c->s.spr[SPR_MAS4] = 1 << 28 | 5 << 8 | MAS2_M;
    c->s.spr[SPR_MAS6] = 9 << 16 | 1;
    e500_tlbsx(c, 0x50001ffc);
    g_assert_cmphex(c->s.spr[SPR_MAS0], ==, 1 << 28);
    g_assert_cmphex(c->s.spr[SPR_MAS1], ==, 0x00091500);
    g_assert_cmphex(c->s.spr[SPR_MAS2] & 0x1f, ==, MAS2_M);
}

static void a_miss_prepares_the_registers_for_its_handler(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    uint32_t v;

    c->s.tlb0_nv[0x12] = 3;
    e500_mtspr(c, SPRNO_PID, 0x21);
    e500_mtspr(c, SPRNO_MAS4, 1 << 8 | MAS2_M | MAS2_G);
    e500_set_msr(c, MSR_DS);
    g_assert_cmpint(e500_load32(c, 0x50012344, &v), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_DTLB_MISS);
    g_assert_cmphex(c->trap.dear, ==, 0x50012344);
    g_assert_cmphex(c->s.spr[SPR_MAS0], ==, (3 << 16 | 0)); /* victim, and the next one after it */
    g_assert_cmphex(c->s.spr[SPR_MAS1], ==, 0x80211100);
    g_assert_cmphex(c->s.spr[SPR_MAS2], ==, (0x50012000 | MAS2_M | MAS2_G));
    g_assert_cmphex(c->s.spr[SPR_MAS3] | c->s.spr[SPR_MAS7], ==, 0);
    g_assert_cmphex(c->s.spr[SPR_MAS6], ==, (0x21 << 16 | 1));
    /* a handler which fills in the RPN and writes it has the page */
    c->s.spr[SPR_MAS3] = 0x3000 | MAP_SR;
    e500_tlbwe(c);
    g_assert_cmpint(e500_load32(c, 0x50012344, &v), ==, EXEC_NEXT);
    g_assert_cmpuint(c->s.tlb0_nv[0x12], ==, 0);
}

static void flash_invalidation_spares_protected_entries(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    fixture_map(c, 1, 1, 0x50000000, 0, 0, MAP_ALL);
    map4k(c, 0, 0x60000000, 0, 0, MAP_ALL);
    e500_mtspr(c, SPRNO_MMUCSR0, 2); /* TLB1 */
    g_assert_cmpint(look(c, 0x50000000, 0, 0, 0, ACCESS_READ, NULL), ==, MMU_MISS);
    g_assert_cmpint(look(c, 0, 0, 0, 0, ACCESS_READ, NULL), ==, MMU_OK); /* the fixture's, IPROT */
    g_assert_cmpint(look(c, 0x60000000, 0, 0, 0, ACCESS_READ, NULL), ==, MMU_OK);
    e500_mtspr(c, SPRNO_MMUCSR0, 4); /* TLB0 */
    g_assert_cmpint(look(c, 0x60000000, 0, 0, 0, ACCESS_READ, NULL), ==, MMU_MISS);
}

static void tlbilx_takes_all_a_pid_or_a_page(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    map4k(c, 0, 0x50000000, 0, 5, MAP_ALL);
    map4k(c, 0, 0x50001000, 0, 5, MAP_ALL);
    map4k(c, 1, 0x50000000, 0, 6, MAP_ALL);
    c->s.spr[SPR_MAS6] = 5 << 16;
    e500_tlbilx(c, 3, 0x50000abc);
    g_assert_cmpint(look(c, 0x50000000, 0, 5, 0, ACCESS_READ, NULL), ==, MMU_MISS);
    g_assert_cmpint(look(c, 0x50001000, 0, 5, 0, ACCESS_READ, NULL), ==, MMU_OK);
    g_assert_cmpint(look(c, 0x50000000, 0, 6, 0, ACCESS_READ, NULL), ==, MMU_OK);
    e500_tlbilx(c, 1, 0);
    g_assert_cmpint(look(c, 0x50001000, 0, 5, 0, ACCESS_READ, NULL), ==, MMU_MISS);
    g_assert_cmpint(look(c, 0x50000000, 0, 6, 0, ACCESS_READ, NULL), ==, MMU_OK);
    e500_tlbilx(c, 0, 0);
    g_assert_cmpint(look(c, 0x50000000, 0, 6, 0, ACCESS_READ, NULL), ==, MMU_MISS);
    g_assert_cmpint(look(c, 0, 0, 0, 0, ACCESS_READ, NULL), ==, MMU_OK);
}

static void tlbivax_reaches_other_cores_before_their_next_instruction(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0], *other = f->core[1];
    uint32_t v;

    map4k(c, 0, 0x50000000, 0x1000, 5, MAP_ALL);
    map4k(other, 1, 0x50000000, 0x1000, 9, MAP_ALL);
    e500_mtspr(other, SPRNO_PID, 9);
    g_assert_cmpint(e500_load32(other, 0x50000000, &v), ==, EXEC_NEXT);
    e500_enter(other);
    other->attention = 0;
    e500_tlbivax(c, 0x50000000);
    g_assert_cmpint(look(c, 0x50000000, 0, 5, 0, ACCESS_READ, NULL), ==, MMU_MISS);
    g_assert_cmpuint(other->attention & E500_ATT_MAIL, !=, 0);
    g_assert_false(e500_tlbsync_done(c));
    e500_mail_attend(other);
    g_assert_true(e500_tlbsync_done(c));
    g_assert_cmpint(e500_load32(other, 0x50000000, &v), ==, EXEC_TRAP);
}

static void nobody_waits_for_a_core_that_does_not_execute(Fixture *f, gconstpointer unused)
{
    e500_tlbivax(f->core[0], 0x50000000);
    g_assert_true(e500_tlbsync_done(f->core[0]));
    g_assert_cmpuint(f->core[2]->has_mail, ==, 1);
}

static void a_full_mailbox_invalidates_everything_unprotected(Fixture *f, gconstpointer unused)
{
    E500 *other = f->core[1];

    map4k(other, 1, 0x7777f000, 0x1000, 9, MAP_ALL);
    fixture_map(other, 1, 1, 0x50000000, 0, 0, MAP_ALL);
    for (unsigned i = 0; i < 1000; i++)
        e500_tlbivax(f->core[0], i << 12);
    e500_mail_attend(other);
    g_assert_cmpint(look(other, 0x7777f000, 0, 9, 0, ACCESS_READ, NULL), ==, MMU_MISS);
    g_assert_cmpint(look(other, 0x50000000, 0, 0, 0, ACCESS_READ, NULL), ==, MMU_MISS);
    g_assert_cmpint(look(other, 0, 0, 0, 0, ACCESS_READ, NULL), ==, MMU_OK);
    g_assert_cmpuint(other->has_mail, ==, 0);
}

static void tlbivax_can_take_a_whole_array(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    map4k(c, 1, 0x7777f000, 0x1000, 9, MAP_ALL);
    fixture_map(c, 1, 1, 0x50000000, 0, 0, MAP_ALL);
    e500_tlbivax(c, 4);
    g_assert_cmpint(look(c, 0x7777f000, 0, 9, 0, ACCESS_READ, NULL), ==, MMU_MISS);
    g_assert_cmpint(look(c, 0x50000000, 0, 0, 0, ACCESS_READ, NULL), ==, MMU_OK);
    e500_tlbivax(c, 0x50000008); /* one page of TLB1 */
    g_assert_cmpint(look(c, 0x50000000, 0, 0, 0, ACCESS_READ, NULL), ==, MMU_MISS);
}

/* Random tlbwe, invalidations and PID switches; the soft TLB must never say other than the exact
 * model. */
static void the_soft_tlb_never_outlives_the_exact_one(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    g_autoptr(GRand) rand = g_rand_new_with_seed(20);

    for (unsigned round = 0; round < 20000; round++) {
        Ea ea = 0x50000000 + ((Ea)g_rand_int_range(rand, 0, 16) << 12 | 8);
        uint32_t perm = (uint32_t)g_rand_int_range(rand, 0, 64), v;
        E500Access access = g_rand_boolean(rand) ? ACCESS_WRITE : ACCESS_READ;
        E500MmuResult exact;
        ExecResult r;

        switch (g_rand_int_range(rand, 0, 8)) {
        case 0:
            map4k(c, (unsigned)g_rand_int_range(rand, 0, 4), ea & ~0xfffu, ea & 0xf000, (uint32_t)g_rand_int_range(rand, 0, 3),
                  perm);
            break;
        case 1:
            fixture_map(c, (unsigned)g_rand_int_range(rand, 1, 4), (unsigned)g_rand_int_range(rand, 1, 3), ea & ~0xfffu, 0x20000, 0,
                        perm);
            break;
        case 2:
            e500_tlbilx(c, 3, ea);
            break;
        case 3:
            e500_tlbivax(c, (ea & ~0xfffu) | (g_rand_boolean(rand) ? 8 : 0));
            break;
        case 4:
            e500_mtspr(c, SPRNO_PID, (uint32_t)g_rand_int_range(rand, 0, 3));
            break;
        case 5:
            e500_set_msr(c, (g_rand_boolean(rand) ? MSR_PR : 0) | (g_rand_boolean(rand) ? MSR_DS : 0));
            break;
        default:
            break;
        }
        exact = e500_mmu_lookup(c, ea, c->ctx_data, access, &(E500Translation){0});
        r = access == ACCESS_WRITE ? e500_store32(c, ea, round) : e500_load32(c, ea, &v);
        g_assert_cmpint(r, ==, exact == MMU_OK ? EXEC_NEXT : EXEC_TRAP);
    }
}

/* 256 MiB apart, and entries that are larger than that */
static void tlb1_is_found_everywhere(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    E500Translation t;

    fixture_map(c, 1, 10, 0x40000000, 0, 0, MAP_SUPERVISOR); /* 1 GiB */
    fixture_map(c, 2, 1, 0xfffff000, 0x5000, 0, MAP_SUPERVISOR);
    for (uint64_t ea = 0; ea <= EA_MAX; ea += 0x8000000) {
        bool maps = ea < 0x100000 || (ea >= 0x40000000 && ea < 0x80000000);
        g_assert_cmpint(e500_mmu_lookup(c, (Ea)ea, c->ctx_data, ACCESS_READ, &t) == MMU_OK, ==, maps);
    }
    g_assert_cmpint(e500_mmu_lookup(c, 0xfffff123, c->ctx_data, ACCESS_READ, &t), ==, MMU_OK);
    fixture_map(c, 1, 9, 0x80000000, 0, 0, MAP_SUPERVISOR);
    g_assert_cmpint(e500_mmu_lookup(c, 0x48000000, c->ctx_data, ACCESS_READ, &t), ==, MMU_MISS);
    g_assert_cmpint(e500_mmu_lookup(c, 0x88000000, c->ctx_data, ACCESS_READ, &t), ==, MMU_OK);
}

static void write_tlb0(E500 *c, Ea ea, uint64_t gpa, uint8_t tid, uint32_t permissions)
{
    c->s.spr[SPR_MAS0] = 0;
    c->s.spr[SPR_MAS1] = MAS1_V | (uint32_t)tid << 16;
    c->s.spr[SPR_MAS2] = ea;
    c->s.spr[SPR_MAS3] = (uint32_t)gpa | permissions;
    c->s.spr[SPR_MAS7] = 0;
    e500_tlbwe(c);
}

static const E500SoftTlb *slot_of(const E500 *c, Ea ea)
{
    return &c->soft_tlb[e500_soft_tlb_index(ea)];
}

/* What a handler maps for the process that missed it is in the soft TLB before that goes on; nothing else is. */
static void a_page_that_is_mapped_is_expected(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    E500Tag user = e500_tag(e500_own_context(false, 3, true), 0x40000000);

    c->s.spr[SPR_PID] = 3;
    write_tlb0(c, 0x40000000, 0x5000, 4, MAP_ALL);
    g_assert_cmphex(slot_of(c, 0x40000000)->tag_read, !=, user);
    write_tlb0(c, 0x40000000, 0x5000, 3, MAP_SUPERVISOR);
    g_assert_cmphex(slot_of(c, 0x40000000)->tag_read, !=, user);
    write_tlb0(c, 0x40000000, FIXTURE_DEVICE, 3, MAP_ALL);
    g_assert_cmphex(slot_of(c, 0x40000000)->tag_read, !=, user);
    write_tlb0(c, 0x40000000, 0x5000, 3, MAP_UR);
    g_assert_cmphex(slot_of(c, 0x40000000)->tag_read, ==, user);
    g_assert_cmphex(slot_of(c, 0x40000000)->tag_write, !=, user);
    e500_page_flag_set(&f->vm, c, 0x6000, 1, PAGE_CODE);
    write_tlb0(c, 0x40000000, 0x6000, 3, MAP_ALL);
    g_assert_cmphex(slot_of(c, 0x40000000)->tag_read, ==, user);
    g_assert_cmphex(slot_of(c, 0x40000000)->tag_write, !=, user);
    write_tlb0(c, 0x40000000, 0x5000, 3, MAP_ALL);
    g_assert_cmphex(slot_of(c, 0x40000000)->tag_write, ==, user);
    g_assert_true((uint8_t *)(slot_of(c, 0x40000000)->addend + 0x40000000) == f->ram + 0x5000);
    fixture_map(c, 1, 5, 0x40000000, 0, 0, MAP_ALL); /* a second match is not taken for granted */
    write_tlb0(c, 0x40000000, 0x5000, 3, MAP_ALL);
    g_assert_cmphex(slot_of(c, 0x40000000)->tag_read, !=, user);
}

UNIT_TESTS(mmu)
{
    TEST("/mmu/every-page-size-translates-its-own-bits", every_page_size_translates_its_own_bits);
    TEST("/mmu/each-permission-allows-its-access-only", each_permission_allows_its_access_only);
    TEST("/mmu/a-pid-sees-its-own-and-global-pages", a_pid_sees_its_own_and_global_pages);
    TEST("/mmu/address-spaces-are-apart", address_spaces_are_apart);
    TEST("/mmu/of-two-matches-the-lower-counts", of_two_matches_the_lower_counts);
    TEST("/mmu/detected-matches-are-a-machine-check", detected_matches_are_a_machine_check);
    TEST("/mmu/hostile-entries-are-masked", hostile_entries_are_masked);
    TEST("/mmu/tlb0-holds-4k-and-no-protection", tlb0_holds_4k_and_no_protection);
    TEST("/mmu/tlbre-gives-back-what-tlbwe-wrote", tlbre_gives_back_what_tlbwe_wrote);
    TEST("/mmu/tlbsx-finds-the-entry-of-mas6", tlbsx_finds_the_entry_of_mas6);
    TEST("/mmu/tlbsx-without-a-match-shows-defaults", tlbsx_without_a_match_shows_defaults);
    TEST("/mmu/a-miss-prepares-the-registers-for-its-handler", a_miss_prepares_the_registers_for_its_handler);
    TEST("/mmu/flash-invalidation-spares-protected-entries", flash_invalidation_spares_protected_entries);
    TEST("/mmu/tlbilx-takes-all-a-pid-or-a-page", tlbilx_takes_all_a_pid_or_a_page);
    TEST("/mmu/tlbivax-reaches-other-cores-before-their-next-instruction",
         tlbivax_reaches_other_cores_before_their_next_instruction);
    TEST("/mmu/nobody-waits-for-a-core-that-does-not-execute", nobody_waits_for_a_core_that_does_not_execute);
    TEST("/mmu/a-full-mailbox-invalidates-everything-unprotected", a_full_mailbox_invalidates_everything_unprotected);
    TEST("/mmu/tlbivax-can-take-a-whole-array", tlbivax_can_take_a_whole_array);
    TEST("/mmu/tlb1-is-found-everywhere", tlb1_is_found_everywhere);
    TEST("/mmu/a-page-that-is-mapped-is-expected", a_page_that_is_mapped_is_expected);
    TEST("/mmu/the-soft-tlb-never-outlives-the-exact-one", the_soft_tlb_never_outlives_the_exact_one);
}
