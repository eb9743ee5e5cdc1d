/* SPDX-License-Identifier: MIT
 *
 * Global timers: two groups of four.  A timer counts its base down to zero, interrupts, toggles
 * GTCCR[TOG] and starts over.  With TCR[CASC] bit n, timer n + 1 counts the expiries of timer n
 * instead of clock ticks, and expires with the one that finds it at zero.
 *
 * Counts are computed when somebody looks, and any number of expiries at once: a guest with a base
 * of 1 costs no more than one callback each DEADLINE_MIN_NS.
 */
#include "platform/devices/soc/mpic_internal.h"

enum { TCR_CASC = 7, TCR_CLKR_SHIFT = 8, TCR_ROVR_SHIFT = 24, DEADLINE_MIN_NS = 20000 };
#define GTBCR_BASE 0x7fffffffu
#define ROLL_OVER  0x80000000u /* ticks from all ones through zero */

static unsigned group_of(unsigned timer)
{
    return timer / MPIC_GROUP_TIMERS;
}

/* Whether its expiries clock the next timer. */
static bool feeds_next(const Mpic *m, unsigned timer)
{
    return m->tcr[group_of(timer)] & TCR_CASC & 1u << timer % MPIC_GROUP_TIMERS;
}

static bool is_fed(const Mpic *m, unsigned timer)
{
    return timer % MPIC_GROUP_TIMERS && feeds_next(m, timer - 1);
}

static uint64_t tick_ns(const Mpic *m, unsigned timer)
{
    return (NS_PER_SECOND / MPIC_TIMER_HZ) << (m->tcr[group_of(timer)] >> TCR_CLKR_SHIFT & 3);
}

/* Ticks from one expiry to the next; 0: it does not count. */
static uint32_t cycle(const Mpic *m, unsigned timer)
{
    uint32_t base = m->gtbcr[timer] & GTBCR_BASE;
    if (m->gtbcr[timer] & GTBCR_CI)
        return 0;
    if (feeds_next(m, timer) && (m->tcr[group_of(timer)] >> TCR_ROVR_SHIFT & 1u << timer % MPIC_GROUP_TIMERS))
        return ROLL_OVER;
    return is_fed(m, timer) ? base + 1 : base;
}

/* Lets `ticks` pass for a timer and those that it feeds. */
static void count(Mpic *m, unsigned timer, uint64_t ticks)
{
    while (ticks && m->left[timer] && cycle(m, timer)) {
        if (ticks < m->left[timer]) {
            m->left[timer] -= (uint32_t)ticks;
            return;
        }
        uint64_t beyond = ticks - m->left[timer];
        uint64_t expiries = 1 + beyond / cycle(m, timer);
        m->left[timer] = (uint32_t)(cycle(m, timer) - beyond % cycle(m, timer));
        m->toggle[timer] ^= expiries & 1;
        mpic_raise(m, MPIC_SOURCE_TIMER + timer, m->idr[MPIC_SOURCE_TIMER + timer]);
        if (!feeds_next(m, timer) || timer % MPIC_GROUP_TIMERS == MPIC_GROUP_TIMERS - 1)
            return;
        timer++;
        ticks = expiries;
    }
}

/* Whether anybody can notice when it expires: it interrupts, or feeds a timer that does. */
static bool is_watched(const Mpic *m, unsigned timer)
{
    for (;; timer++) {
        if (!(m->ivpr[MPIC_SOURCE_TIMER + timer] & IVPR_MSK))
            return true;
        if (timer % MPIC_GROUP_TIMERS == MPIC_GROUP_TIMERS - 1 || !feeds_next(m, timer))
            return false;
    }
}

void mpic_timers_run(Mpic *m)
{
    uint64_t now = clock_now_ns(m->clock), next = UINT64_MAX;
    for (unsigned t = 0; t < MPIC_TIMERS; t++) {
        if (is_fed(m, t) || !m->left[t] || !cycle(m, t))
            continue;
        uint64_t passed = now > m->at_ns[t] ? (now - m->at_ns[t]) / tick_ns(m, t) : 0;
        m->at_ns[t] = now > m->at_ns[t] ? m->at_ns[t] + passed * tick_ns(m, t) : now;
        count(m, t, passed);
        if (is_watched(m, t))
            next = MIN(next, m->at_ns[t] + m->left[t] * tick_ns(m, t));
    }
    if (next == UINT64_MAX)
        clock_timer_cancel(m->timer);
    else
        clock_timer_set(m->timer, MAX(next, now + DEADLINE_MIN_NS));
}

uint32_t mpic_timer_gtccr(Mpic *m, unsigned timer)
{
    mpic_timers_run(m);
    uint32_t shown = m->left[timer];
    if (shown && (is_fed(m, timer) || shown > GTBCR_BASE))
        shown--;
    return (m->toggle[timer] ? GTCCR_TOG : 0) | (shown & GTBCR_BASE);
}

/*
 * Counting starts over, toggle clear, when CI goes from 1 to 0.  A new base is otherwise used from
 * the next expiry on.
 */
void mpic_timer_set_gtbcr(Mpic *m, unsigned timer, uint32_t value)
{
    mpic_timers_run(m);
    bool stood = !cycle(m, timer);
    bool start = (m->gtbcr[timer] & GTBCR_CI) && !(value & GTBCR_CI);
    m->gtbcr[timer] = value;
    if (start) {
        m->toggle[timer] = 0;
        m->left[timer] = (value & GTBCR_BASE) + is_fed(m, timer);
    } else if (!m->left[timer]) {
        m->left[timer] = cycle(m, timer);
    }
    if (stood)
        m->at_ns[timer] = clock_now_ns(m->clock);
    mpic_timers_run(m);
}

void mpic_timer_set_tcr(Mpic *m, unsigned group, uint32_t value)
{
    mpic_timers_run(m);
    m->tcr[group] = value;
    for (unsigned i = 0; i < MPIC_GROUP_TIMERS; i++)
        m->at_ns[group * MPIC_GROUP_TIMERS + i] = clock_now_ns(m->clock);
    mpic_timers_run(m);
}
