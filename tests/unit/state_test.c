/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <string.h>

#include "cpu/e500/core.h"
#include "tests/unit/unit.h"

static void every_byte_is_in_exactly_one_row(void)
{
    static uint8_t rows[sizeof(E500State)];
    size_t gap = 0;

#define MARK(member, level)                                       \
    for (size_t i = 0; i < sizeof(((E500State *)0)->member); i++) \
        rows[offsetof(E500State, member) + i]++;
    E500_STATE_TABLE(MARK)
    MARK(spr, each) /* rows of their own in spr.def */
#undef MARK
    for (size_t i = 0; i < sizeof rows; i++) {
        g_assert_cmpuint(rows[i], <=, 1);
        gap = rows[i] ? 0 : gap + 1;
        /* what no row covers is alignment padding: shorter than any member that could hide there */
        g_assert_cmpuint(gap, <, 8);
    }
}

static const struct {
    E500SprSlot slot;
    StateLevel level;
    const char *name;
} sprs[] = {
#define SPR(number, NAME, cores, user, supv, mask, read, write, level, doc) {SPR_##NAME, STATE_##level, #NAME},
#include "cpu/e500/spr.def"
#undef SPR
};

static void check_member(const void *dst, size_t size, bool copied, const char *name)
{
    const uint8_t *p = dst;

    for (size_t i = 0; i < size; i++)
        if (p[i] != (copied ? 0xff : 0))
            g_error("%s: byte %zu is %02x", name, i, p[i]);
}

static void a_level_writes_its_rows_and_no_others(void)
{
    g_autofree E500State *src = g_malloc(sizeof *src), *dst = g_malloc(sizeof *dst);

    for (StateLevel level = STATE_RUNTIME; level <= STATE_FULL; level++) {
        memset(src, 0xff, sizeof *src);
        memset(dst, 0, sizeof *dst);
        e500_state_copy(dst, src, level);
#define CHECK(member, at) check_member(&dst->member, sizeof dst->member, level >= STATE_##at, #member);
        E500_STATE_TABLE(CHECK)
#undef CHECK
        FOR_ROWS (i, sprs)
            check_member(&dst->spr[sprs[i].slot], 4, level >= sprs[i].level, sprs[i].name);
    }
}

static void a_reset_core_says_what_it_is(void)
{
    g_autofree E500State *s = g_malloc(sizeof *s);
    const E500Model *model = e500_model_find("e500mc");

    memset(s, 0xff, sizeof *s);
    e500_state_reset(s, model, 3);
    g_assert_cmphex(s->spr[SPR_PVR], ==, 0x80230020);
    g_assert_cmphex(s->spr[SPR_PIR], ==, 3);
    g_assert_cmphex(s->spr[SPR_TLB0CFG], ==, 0x04110200);
    g_assert_cmphex(s->spr[SPR_TLB1CFG] & 0xfff, ==, model->tlb1_entries);
    g_assert_cmphex(s->spr[SPR_MMUCFG] >> 24, ==, 0);      /* LPIDSIZE: Linux looks for category E.HV there */
    g_assert_cmphex(s->spr[SPR_MMUCFG] >> 11 & 15, ==, 1); /* NPIDS: PID1 and PID2 are not there */
    g_assert_cmphex(s->msr, ==, 0);
    g_assert_cmphex(s->tlb0[511].mas1 | s->tlb1[63].mas1, ==, 0);
}

/* What a client of firmware may rely on, on either core. */
static void firmware_leaves_its_settings(void)
{
    static const struct {
        const char *model;
        uint32_t hid0, hid1, l2csr0, bucsr;
    } wanted[] = {
        {"e500mc", 0x80000000, 0, 0xc0000000, 0x01400001},
        {"e500v2", 0x80004080, 0x00003000, 0, 0x00000001},
    };
    g_autofree E500State *s = g_malloc(sizeof *s);

    FOR_ROWS (i, wanted) {
        const E500Model *model = e500_model_find(wanted[i].model);

        e500_state_reset(s, model, 1);
        g_assert_cmphex(s->spr[SPR_HID0], ==, 0); /* as the hardware comes up */
        e500_state_firmware(s, model);
        g_assert_cmphex(s->spr[SPR_HID0], ==, wanted[i].hid0);
        g_assert_cmphex(s->spr[SPR_HID1], ==, wanted[i].hid1);
        g_assert_cmphex(s->spr[SPR_L1CSR0], ==, 0x00010001);
        g_assert_cmphex(s->spr[SPR_L1CSR1], ==, 0x00010001);
        g_assert_cmphex(s->spr[SPR_L2CSR0], ==, wanted[i].l2csr0);
        g_assert_cmphex(s->spr[SPR_BUCSR], ==, wanted[i].bucsr);
    }
}

static void an_unknown_model_is_not_found(void)
{
    size_t n;
    const E500Model *all = e500_models(&n);

    const char *alias, *name;

    g_assert_null(e500_model_find("e500v3"));
    g_assert_null(e500_model_find(""));
    for (size_t i = 0; i < n; i++)
        g_assert_true(e500_model_find(all[i].name) == &all[i]);
    all = e500_chips(&n);
    for (size_t i = 0; i < n; i++)
        g_assert_true(e500_model_find(all[i].name) == &all[i]);
    for (size_t i = 0; (alias = e500_alias(i, &name)); i++)
        g_assert_true(e500_model_find(alias) && e500_model_find(alias) == e500_model_find(name));
}

/* As QEMU's models of these names, in any case. */
static void chips_have_their_versions(void)
{
    static const struct {
        const char *name;
        uint32_t pvr, svr;
    } wanted[] = {
        {"e500", 0x80210022, 0},
        {"E500V2_V10", 0x80210010, 0},
        {"MPC8544E", 0x80210022, 0x803c0111},
        {"MPC8548E", 0x80210021, 0x80390021},
        {"mpc8572e", 0x80210030, 0x80e80010},
        {"P2020", 0x80211051, 0x80e20021},
    };

    FOR_ROWS (i, wanted) {
        const E500Model *model = e500_model_find(wanted[i].name);

        g_assert_nonnull(model);
        g_assert_cmphex(model->pvr, ==, wanted[i].pvr);
        g_assert_cmphex(model->svr, ==, wanted[i].svr);
        g_assert_cmpint(model->core, ==, E500_CORE_V2);
    }
}

static void xer_splits_and_joins(void)
{
    static E500State s;

    e500_set_xer(&s, 0xffffffff);
    g_assert_cmphex(e500_xer(&s), ==, 0xe000007f);
    e500_set_xer(&s, 0x2000000a);
    g_assert_cmpuint(s.ca, ==, 1);
    g_assert_cmpuint(s.so | s.ov, ==, 0);
    g_assert_cmpuint(s.xer_count, ==, 10);
}

UNIT_TESTS(state)
{
    g_test_add_func("/state/every-byte-is-in-exactly-one-row", every_byte_is_in_exactly_one_row);
    g_test_add_func("/state/a-level-writes-its-rows-and-no-others", a_level_writes_its_rows_and_no_others);
    g_test_add_func("/state/a-reset-core-says-what-it-is", a_reset_core_says_what_it_is);
    g_test_add_func("/state/firmware-leaves-its-settings", firmware_leaves_its_settings);
    g_test_add_func("/state/an-unknown-model-is-not-found", an_unknown_model_is_not_found);
    g_test_add_func("/state/chips-have-their-versions", chips_have_their_versions);
    g_test_add_func("/state/xer-splits-and-joins", xer_splits_and_joins);
}
