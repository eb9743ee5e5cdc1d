/* SPDX-License-Identifier: MIT
 *
 * The window: where it opens, how far it reaches, and what closes it.
 */
#include "cpu/e500/core.h"
#include "cpu/e500/spr.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/unit.h"

enum { LINEAR = 0x40000000, MIB = 1 << 20 };

static void load(Fixture *f, Ea ea)
{
    uint8_t value;
    e500_load8(f->core[0], ea, &value);
}

/* Where a byte's load and store by the window end, or NULL. */
static uint8_t *through_window(const E500 *c, Ea ea)
{
    const E500Window *w = &c->window;
    return (Ea)(ea - w->base) < w->size ? (uint8_t *)(w->addend + ea) : NULL;
}

static void it_opens_where_a_large_entry_maps_ram(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    g_assert_null(through_window(c, 0));
    load(f, 0x123);
    g_assert_true(through_window(c, 0) == f->ram);
    g_assert_true(through_window(c, MIB - E500_WINDOW_REACH) == f->ram + MIB - E500_WINDOW_REACH);
    g_assert_null(through_window(c, MIB - E500_WINDOW_REACH + 1)); /* what begins here may end outside */
    g_assert_null(through_window(c, EA_MAX));
    g_assert_true(c->window.flags == f->vm.ram[0].flags);
}

static void a_page_or_a_device_is_no_window(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    fixture_map(c, 1, 1, 0x50000000, 0x8000, 0, MAP_ALL);
    fixture_map(c, 2, 5, 0x60000000, FIXTURE_DEVICE, 0, MAP_ALL);
    load(f, 0x50000000);
    load(f, 0x60000000);
    g_assert_cmpuint(c->window.size, ==, 0);
}

/* Entries of other PIDs, of read-only and of little-endian pages */
static void it_takes_entries_for_everybody_only(Fixture *f, gconstpointer unused)
{
    static const struct {
        uint32_t mas1, attr;
    } other[] = {{1 << 16, MAP_ALL}, {0, MAP_SR}, {0, MAP_ALL | MAP_LITTLE_ENDIAN}};
    E500 *c = f->core[0];

    c->s.spr[SPR_PID] = 1;
    for (unsigned i = 0; i < G_N_ELEMENTS(other); i++) {
        fixture_map(c, 1, 5, LINEAR, 0, other[i].mas1, other[i].attr);
        load(f, LINEAR);
        g_assert_cmpuint(c->window.size, ==, 0);
    }
    fixture_map(c, 1, 5, LINEAR, 0, 0, MAP_ALL);
    c->window.again = 0;
    load(f, LINEAR);
    g_assert_true(through_window(c, LINEAR) == f->ram);
}

/* As kernels map their RAM: entries that follow one another.  What is not RAM at the end is left out. */
static void entries_that_continue_each_other_are_one_window(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    fixture_map(c, 1, 4, LINEAR + 0x40000, 0x40000, 0, MAP_SUPERVISOR); /* 256 KiB each */
    fixture_map(c, 2, 4, LINEAR, 0, 0, MAP_SUPERVISOR);
    fixture_map(c, 3, 5, LINEAR + 0x80000 + MIB, 0x80000, 0, MAP_SUPERVISOR);
    fixture_map(c, 4, 6, LINEAR + 0x400000, 0, 0, MAP_SUPERVISOR); /* 4 MiB, of which one is RAM */
    load(f, LINEAR + 0x400000);
    g_assert_true(through_window(c, LINEAR + 0x400000) == f->ram);
    g_assert_cmpuint(c->window.bytes, ==, MIB);
    g_assert_cmphex(c->window.base, ==, LINEAR + 0x400000);
    fixture_map(c, 4, 1, 0x70000000, 0, 0, MAP_SUPERVISOR);
    fixture_map(c, 3, 4, LINEAR + 0x80000, 0x80000, 0, MAP_SUPERVISOR);
    fixture_map(c, 4, 4, LINEAR + 0xc0000, 0xc0000, 0, MAP_SUPERVISOR);
    fixture_map(c, 5, 5, LINEAR + MIB, MIB, 0, MAP_SUPERVISOR);
    load(f, LINEAR + MIB + 5);
    g_assert_cmpuint(c->window.bytes, ==, 0); /* no RAM there */
}

static void what_lies_across_it_keeps_it_closed(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    fixture_map(c, 7, 1, 0x3000, 0x8000, 5 << 16, MAP_ALL); /* of another PID */
    load(f, 0x123);
    g_assert_cmpuint(c->window.size, ==, 0);
    c->s.tlb1[7].mas1 = 0;
    c->s.tlb0[4 * E500_TLB0_WAYS] = (E500TlbEntry){.mas1 = MAS1_V | 1 << 8 | 7 << 16, .mas2 = 0x4000};
    e500_tlb_replaced(c);
    c->window.again = 0;
    load(f, 0x123);
    g_assert_cmpuint(c->window.size, ==, 0);
    c->s.tlb0[4 * E500_TLB0_WAYS].mas1 = 0;
    e500_tlb_replaced(c);
    c->window.again = 0;
    load(f, 0x123);
    g_assert_cmpuint(c->window.size, !=, 0);
}

/* tlbwe of TLB0: MAS1, way 0 of the page's set */
static void write_tlb0(E500 *c, Ea ea, uint64_t gpa, uint32_t mas1)
{
    c->s.spr[SPR_MAS0] = 0;
    c->s.spr[SPR_MAS1] = mas1 | 1 << 8;
    c->s.spr[SPR_MAS2] = ea;
    c->s.spr[SPR_MAS3] = (uint32_t)gpa | MAP_ALL;
    c->s.spr[SPR_MAS7] = 0;
    e500_tlbwe(c);
}

static void each_change_of_its_translation_closes_it(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    AccelDebug debug = {.n_watchpoints = 1};

    load(f, 0x123);
    write_tlb0(c, LINEAR, 0x5000, MAS1_V); /* elsewhere */
    g_assert_cmpuint(c->window.size, !=, 0);
    write_tlb0(c, 0x7000, 0x5000, MAS1_V | 9 << 16); /* of another PID */
    g_assert_cmpuint(c->window.size, ==, 0);
    write_tlb0(c, 0x7000, 0x5000, 0);

    c->window.again = 0;
    e500_soft_tlb_flush(c);
    load(f, 0x123);
    g_assert_cmpuint(c->window.size, !=, 0);
    fixture_map(c, 0, 5, 0, 0, MAP_IPROT, MAP_SR); /* read only from now on */
    g_assert_cmpuint(c->window.size, ==, 0);

    fixture_map(c, 0, 5, 0, 0, MAP_IPROT, MAP_SUPERVISOR);
    c->window.again = 0;
    load(f, 0x123);
    g_assert_cmpuint(c->window.size, !=, 0);
    c->host_watch = &debug;
    e500_soft_tlb_flush(c);
    c->window.again = 0;
    load(f, 0x123);
    g_assert_cmpuint(c->window.size, ==, 0);
}

static void it_is_the_supervisors_in_its_address_space(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    load(f, 0x123);
    for (uint32_t msr = 0; msr < 4; msr++) {
        c->s.msr = (msr & 1 ? MSR_PR : 0) | (msr & 2 ? MSR_DS : 0);
        e500_context_changed(c);
        g_assert_cmpint(c->window.size != 0, ==, msr == 0);
    }
    c->s.msr = 0;
    e500_context_changed(c);
    g_assert_true(through_window(c, 0x123) == f->ram + 0x123);
}

UNIT_TESTS(window)
{
    TEST("/window/it-opens-where-a-large-entry-maps-ram", it_opens_where_a_large_entry_maps_ram);
    TEST("/window/a-page-or-a-device-is-no-window", a_page_or_a_device_is_no_window);
    TEST("/window/it-takes-entries-for-everybody-only", it_takes_entries_for_everybody_only);
    TEST("/window/entries-that-continue-each-other-are-one", entries_that_continue_each_other_are_one_window);
    TEST("/window/what-lies-across-it-keeps-it-closed", what_lies_across_it_keeps_it_closed);
    TEST("/window/each-change-of-its-translation-closes-it", each_change_of_its_translation_closes_it);
    TEST("/window/it-is-the-supervisors-in-its-address-space", it_is_the_supervisors_in_its_address_space);
}
