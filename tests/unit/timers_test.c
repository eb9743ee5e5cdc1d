/* SPDX-License-Identifier: MIT */
#include "cpu/e500/insn.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/timers.h"
#include "cpu/e500/spr.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/unit.h"

enum {
    ENW = 1u << 31,
    WIS = 1u << 30,
    WRS = 3u << 28,
    DIS = 1u << 27,
    FIS = 1u << 26,
    WRC_SYSTEM = 3u << 28,
    WIE = 1u << 27,
    DIE = 1u << 26,
    FIE = 1u << 23,
    ARE = 1u << 22,
};

static uint32_t get(E500 *c, unsigned number)
{
    uint32_t v;

    g_assert_cmpint(e500_mfspr(c, number, &v), ==, EXEC_NEXT);
    return v;
}

static void put(E500 *c, unsigned number, uint32_t value)
{
    g_assert_cmpint(e500_mtspr(c, number, value), ==, EXEC_NEXT);
}

/* TCR fields that select time base bit `bit` (0: least significant) */
static uint32_t fit_period(unsigned bit)
{
    return (63 - bit) >> 2 << 13 | ((63 - bit) & 3) << 24;
}

static uint32_t watchdog_period(unsigned bit)
{
    return (63 - bit) >> 2 << 17 | ((63 - bit) & 3) << 30;
}

static void the_time_base_counts_at_its_frequency(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    f->vm.tb_hz = 400000000;
    time_source_advance(&f->time, 10 * NS_PER_SECOND);
    g_assert_cmphex(get(c, SPRNO_TBL), ==, 0xee6b2800); /* 4e9 */
    time_source_advance(&f->time, 1 * NS_PER_SECOND);
    g_assert_cmphex(get(c, SPRNO_TBU), ==, 1);
    f->vm.n_cores = 1;
    put(c, SPRNO_TBWL, 0);
    put(c, SPRNO_TBWU, 0xffffffff);
    put(c, SPRNO_TBWL, 0xffffffff);
    g_assert_cmphex(e500_timebase(c), ==, UINT64_MAX);
    time_source_advance(&f->time, 5);
    g_assert_cmphex(e500_timebase(c), ==, 1);
}

static void no_core_of_several_sets_its_time_base(Fixture *f, gconstpointer unused)
{
    time_source_advance(&f->time, 1000);
    put(f->core[1], SPRNO_TBWL, 7);
    put(f->core[1], SPRNO_TBWU, 7);
    for (unsigned i = 0; i < FIXTURE_CORES; i++)
        g_assert_cmphex(e500_timebase(f->core[i]), ==, e500_timebase(f->core[0]));
    g_assert_cmphex(e500_timebase(f->core[1]), ==, 1000);
}

static void the_decrementer_stops_at_zero_and_says_so_once(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    put(c, SPRNO_DEC, 100);
    time_source_advance(&f->time, 99);
    g_assert_cmpuint(get(c, SPRNO_DEC), ==, 1);
    g_assert_cmphex(get(c, SPRNO_TSR) & DIS, ==, 0);
    time_source_advance(&f->time, 1);
    g_assert_cmpuint(get(c, SPRNO_DEC), ==, 0);
    g_assert_cmphex(get(c, SPRNO_TSR) & DIS, ==, DIS);
    put(c, SPRNO_TSR, DIS);
    time_source_advance(&f->time, UINT64_C(1) << 33);
    g_assert_cmpuint(get(c, SPRNO_DEC), ==, 0);
    g_assert_cmphex(get(c, SPRNO_TSR) & DIS, ==, 0);
}

static void writing_zero_to_the_decrementer_is_no_event(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    put(c, SPRNO_DEC, 50);
    put(c, SPRNO_DEC, 0);
    time_source_advance(&f->time, 1000);
    g_assert_cmphex(get(c, SPRNO_TSR) & DIS, ==, 0);
}

static void the_decrementer_reloads_itself(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    put(c, SPRNO_DECAR, 30);
    put(c, SPRNO_TCR, ARE | DIE);
    put(c, SPRNO_DEC, 100);
    time_source_advance(&f->time, 100);
    g_assert_cmphex(get(c, SPRNO_TSR) & DIS, ==, DIS);
    g_assert_cmpuint(get(c, SPRNO_DEC), ==, 30);
    put(c, SPRNO_TSR, DIS);
    time_source_advance(&f->time, 29);
    g_assert_cmphex(get(c, SPRNO_TSR) & DIS, ==, 0);
    time_source_advance(&f->time, 1 + 30 * 1000 + 7);
    g_assert_cmphex(get(c, SPRNO_TSR) & DIS, ==, DIS);
    g_assert_cmpuint(get(c, SPRNO_DEC), ==, 23);
}

static void the_deadline_is_the_decrementer_s_when_somebody_listens(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    put(c, SPRNO_DEC, 1000);
    g_assert_cmpuint(c->timer_deadline_ns, ==, UINT64_MAX);
    put(c, SPRNO_TCR, DIE);
    g_assert_cmpuint(c->timer_deadline_ns, >=, 1000);
    g_assert_cmpuint(c->timer_deadline_ns, <=, 1001);
    c->attention = 0;
    time_source_advance_to(&f->time, c->timer_deadline_ns);
    e500_timers_update(c);
    g_assert_cmphex(c->s.spr[SPR_TSR] & DIS, ==, DIS);
    g_assert_cmpuint(c->attention & E500_ATT_IRQ, !=, 0);
    g_assert_cmpuint(c->timer_deadline_ns, ==, UINT64_MAX); /* it is pending: nothing more to look for */
}

/* At a frequency that does not divide a second, the event must have happened when the deadline is
 * reached. */
static void a_deadline_is_never_early(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);

    f->vm.tb_hz = 41666667;
    put(c, SPRNO_TCR, DIE);
    for (unsigned i = 0; i < 1000; i++) {
        time_source_advance(&f->time, (uint64_t)g_rand_int_range(rand, 0, 1000));
        put(c, SPRNO_TSR, DIS);
        put(c, SPRNO_DEC, (uint32_t)g_rand_int_range(rand, 1, 5000));
        time_source_advance_to(&f->time, c->timer_deadline_ns);
        e500_timers_update(c);
        g_assert_cmphex(c->s.spr[SPR_TSR] & DIS, ==, DIS);
    }
}

static void the_fixed_interval_timer_fires_when_its_bit_rises(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    f->vm.n_cores = 1;
    for (unsigned bit = 1; bit < 20; bit++) {
        put(c, SPRNO_TBWU, 0);
        put(c, SPRNO_TBWL, 0);
        put(c, SPRNO_TCR, fit_period(bit) | FIE);
        put(c, SPRNO_TSR, FIS);
        time_source_advance(&f->time, (1u << bit) - 1);
        g_assert_cmphex(get(c, SPRNO_TSR) & FIS, ==, 0);
        time_source_advance(&f->time, 1);
        g_assert_cmphex(get(c, SPRNO_TSR) & FIS, ==, FIS);
        put(c, SPRNO_TSR, FIS);
        time_source_advance(&f->time, (1u << bit)); /* it falls */
        g_assert_cmphex(get(c, SPRNO_TSR) & FIS, ==, 0);
        time_source_advance(&f->time, (1u << bit)); /* and rises again */
        g_assert_cmphex(get(c, SPRNO_TSR) & FIS, ==, FIS);
    }
}

static void every_period_can_be_chosen(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    f->vm.n_cores = 1;
    for (unsigned bit = 0; bit < 64; bit++) {
        put(c, SPRNO_TCR, fit_period(bit) | watchdog_period(63 - bit) | FIE | WIE);
        put(c, SPRNO_TSR, 0xffffffff);
        put(c, SPRNO_TBWU, 0x7fffffff);
        put(c, SPRNO_TBWL, 0xffffff00);
        time_source_advance(&f->time, 0x100); /* every bit but the top one falls, that one rises */
        e500_timers_update(c);
        g_assert_cmphex(c->s.spr[SPR_TSR] & FIS, ==, bit < 8 || bit == 63 ? FIS : 0);
    }
}

static void the_watchdog_takes_three_expiries(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    put(c, SPRNO_TSR, 0xffffffff);
    put(c, SPRNO_TCR, watchdog_period(9) | WIE | WRC_SYSTEM);
    time_source_advance(&f->time, 1024);
    g_assert_cmphex(get(c, SPRNO_TSR) & (ENW | WIS | WRS), ==, ENW);
    time_source_advance(&f->time, 1024);
    g_assert_cmphex(get(c, SPRNO_TSR) & (ENW | WIS | WRS), ==, (ENW | WIS));
    g_assert_false(c->watchdog_exit);
    time_source_advance(&f->time, 1024);
    g_assert_cmphex(get(c, SPRNO_TSR) & (ENW | WIS | WRS), ==, (ENW | WIS | WRS));
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_EXIT);
    g_assert_cmpint(f->exit.kind, ==, VCPU_EXIT_WATCHDOG);
    g_assert_cmpuint(f->exit.watchdog.wrc, ==, 3);
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_NEXT); /* told once */
}

static void a_guest_that_clears_wis_keeps_the_watchdog_quiet(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    put(c, SPRNO_TCR, watchdog_period(9) | WIE | WRC_SYSTEM);
    for (unsigned i = 0; i < 50; i++) {
        time_source_advance(&f->time, 1024);
        put(c, SPRNO_TSR, ENW | WIS);
    }
    g_assert_false(c->watchdog_exit);
}

static void watchdog_reset_control_cannot_be_taken_back(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    put(c, SPRNO_TCR, 1u << 28);
    put(c, SPRNO_TCR, WIE);
    g_assert_cmphex(get(c, SPRNO_TCR), ==, (WIE | 1u << 28));
}

static void without_reset_control_nothing_happens_at_the_third(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    put(c, SPRNO_TCR, watchdog_period(0) | fit_period(0));
    time_source_advance(&f->time, UINT64_C(1) << 50); /* 2^49 expiries, and this test ends */
    e500_timers_update(c);
    g_assert_false(c->watchdog_exit);
    g_assert_cmphex(c->s.spr[SPR_TSR] & WRS, ==, 0);
}

static void state_that_was_saved_goes_on_from_there(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0], *other = f->core[1];

    put(c, SPRNO_TCR, DIE);
    put(c, SPRNO_DEC, 1000);
    time_source_advance(&f->time, 400);
    e500_timers_freeze(c);
    e500_state_copy(&other->s, &c->s, STATE_FULL);
    time_source_advance(&f->time, 5000); /* the copy was on a shelf for that long */
    e500_state_replaced(other, STATE_FULL);
    g_assert_cmpuint(e500_timebase(other), ==, 400);
    g_assert_cmpuint(get(other, SPRNO_DEC), ==, 600);
    time_source_advance(&f->time, 600);
    g_assert_cmphex(get(other, SPRNO_TSR) & DIS, ==, DIS);
}

static void a_runtime_write_keeps_the_time_base(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];
    E500State *s = g_new(E500State, 1);

    time_source_advance(&f->time, 777);
    put(c, SPRNO_DEC, 100);
    e500_timers_freeze(c);
    *s = c->s;
    s->tb = 5;
    e500_state_copy(&c->s, s, STATE_RESET);
    e500_state_replaced(c, STATE_RESET);
    g_assert_cmpuint(e500_timebase(c), ==, 777);
    g_assert_cmpuint(get(c, SPRNO_DEC), ==, 100);
    g_free(s);
}

static void setting_the_time_base_leaves_the_decrementer(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    put(c, SPRNO_DEC, 500);
    put(c, SPRNO_TBWU, 77);
    time_source_advance(&f->time, 100);
    g_assert_cmpuint(get(c, SPRNO_DEC), ==, 400);
}

/* The engine looks at the time once a slice.  What shows the time, or lets the interrupt in, looks too. */
static void seeing_the_time_is_seeing_the_event(Fixture *f, gconstpointer unused)
{
    static const unsigned shows[] = {SPRNO_TBL, SPRNO_TBU, SPRNO_ATBL, SPRNO_ATBU, SPRNO_DEC, SPRNO_TSR};
    static const Insn mtmsr = {.id = INSN_mtmsr, .rt = 3};
    E500 *c = f->core[0];

    c->s.gpr[3].w = MSR_EE;
    put(c, SPRNO_TCR, DIE);
    for (unsigned i = 0; i <= G_N_ELEMENTS(shows); i++) {
        e500_set_msr(c, 0);
        put(c, SPRNO_TSR, DIS);
        put(c, SPRNO_DEC, 1000);
        time_source_advance(&f->time, 1000);
        c->attention = 0;
        g_assert_cmphex(c->s.spr[SPR_TSR] & DIS, ==, 0); /* nobody has looked */
        if (i < G_N_ELEMENTS(shows))
            get(c, shows[i]);
        else
            exec_mtmsr(c, &mtmsr);
        g_assert_cmphex(c->s.spr[SPR_TSR] & DIS, ==, DIS);
        g_assert_cmphex(c->attention & E500_ATT_IRQ, ==, E500_ATT_IRQ);
    }
}

UNIT_TESTS(timers)
{
    TEST("/timers/seeing-the-time-is-seeing-the-event", seeing_the_time_is_seeing_the_event);
    TEST("/timers/the-time-base-counts-at-its-frequency", the_time_base_counts_at_its_frequency);
    TEST("/timers/no-core-of-several-sets-its-time-base", no_core_of_several_sets_its_time_base);
    TEST("/timers/the-decrementer-stops-at-zero-and-says-so-once", the_decrementer_stops_at_zero_and_says_so_once);
    TEST("/timers/writing-zero-to-the-decrementer-is-no-event", writing_zero_to_the_decrementer_is_no_event);
    TEST("/timers/the-decrementer-reloads-itself", the_decrementer_reloads_itself);
    TEST("/timers/the-deadline-is-the-decrementer-s-when-somebody-listens",
         the_deadline_is_the_decrementer_s_when_somebody_listens);
    TEST("/timers/a-deadline-is-never-early", a_deadline_is_never_early);
    TEST("/timers/the-fixed-interval-timer-fires-when-its-bit-rises", the_fixed_interval_timer_fires_when_its_bit_rises);
    TEST("/timers/every-period-can-be-chosen", every_period_can_be_chosen);
    TEST("/timers/the-watchdog-takes-three-expiries", the_watchdog_takes_three_expiries);
    TEST("/timers/a-guest-that-clears-wis-keeps-the-watchdog-quiet", a_guest_that_clears_wis_keeps_the_watchdog_quiet);
    TEST("/timers/watchdog-reset-control-cannot-be-taken-back", watchdog_reset_control_cannot_be_taken_back);
    TEST("/timers/without-reset-control-nothing-happens-at-the-third", without_reset_control_nothing_happens_at_the_third);
    TEST("/timers/state-that-was-saved-goes-on-from-there", state_that_was_saved_goes_on_from_there);
    TEST("/timers/a-runtime-write-keeps-the-time-base", a_runtime_write_keeps_the_time_base);
    TEST("/timers/setting-the-time-base-leaves-the-decrementer", setting_the_time_base_leaves_the_decrementer);
}
