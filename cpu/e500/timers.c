/* SPDX-License-Identifier: MIT
 *
 * Time base, decrementer, fixed-interval timer, watchdog (EREF 2.0 §3.7, §9).
 *
 * Nothing counts.  The time base is a function of the TimeSource; DEC is the distance to
 * dec_expiry; FIT and watchdog events are the 0→1 transitions of a time base bit since timer_tb.
 * e500_timers_update() turns what happened meanwhile into TSR bits and says when to look again; an
 * event nobody would notice (its status bit is set already, or nothing is enabled) needs no
 * deadline.
 */
#include "cpu/e500/interrupt.h"
#include "cpu/e500/timers.h"

/* --- the time base --- */

static uint64_t ticks_now(const E500 *c)
{
    return mul_div_u64(e500_now_ns(c), c->vm->tb_hz, NS_PER_SECOND);
}

uint64_t e500_timebase(const E500 *c)
{
    return ticks_now(c) + (uint64_t)c->tb_offset;
}

/* It runs at the frequency of the time base, as it does where the core clock is not known. */
uint64_t e500_alternate_timebase(const E500 *c)
{
    return ticks_now(c) + (uint64_t)c->atb_offset;
}

/* TimeSource time at which the time base has counted `ticks` on from `tb`: never too early. */
static uint64_t deadline_after(const E500 *c, uint64_t tb, uint64_t ticks)
{
    uint64_t since_start = tb - (uint64_t)c->tb_offset;
    uint64_t ns;

    if (ticks > UINT64_MAX - since_start)
        return UINT64_MAX;
    ns = mul_div_u64(since_start + ticks, NS_PER_SECOND, c->vm->tb_hz);
    return ns == UINT64_MAX ? ns : ns + 1; /* rounded up */
}

/* --- periods --- */

/* TCR[xPEXT] || TCR[xP] numbers a time base bit from the most significant one. */
static unsigned fit_bit(uint32_t tcr)
{
    return 63 - ((tcr >> 13 & 0xf) << 2 | (tcr >> 24 & 3));
}

static unsigned watchdog_bit(uint32_t tcr)
{
    return 63 - ((tcr >> 17 & 0xf) << 2 | tcr >> 30);
}

/* How many times the bit went from 0 to 1 while the time base ran from `from` to `to`. */
static uint64_t transitions(unsigned bit, uint64_t from, uint64_t to)
{
    uint64_t half = UINT64_C(1) << bit;

    if (bit == 63)
        return (from < half && to >= half);
    return ((to + half) >> (bit + 1)) - ((from + half) >> (bit + 1));
}

static uint64_t ticks_to_transition(unsigned bit, uint64_t tb)
{
    uint64_t half = UINT64_C(1) << bit;
    uint64_t period_mask = bit == 63 ? UINT64_MAX : (half << 1) - 1;
    uint64_t left = (half - tb) & period_mask;

    return left ? left : bit == 63 ? UINT64_MAX : half << 1;
}

/* --- the decrementer --- */

uint32_t e500_decrementer(const E500 *c)
{
    uint64_t tb = e500_timebase(c);
    uint64_t late;
    uint32_t decar = c->s.spr[SPR_DECAR];

    if (c->dec_expiry == UINT64_MAX)
        return 0;
    if (tb < c->dec_expiry)
        return (uint32_t)(c->dec_expiry - tb);
    if (!(c->s.spr[SPR_TCR] & TCR_ARE) || !decar)
        return 0;
    late = tb - c->dec_expiry;
    return decar - (uint32_t)(late % decar);
}

/* Writing 0 stops it without an interrupt (EREF 2.0 §9.3). */
static void decrementer_start(E500 *c, uint64_t tb, uint32_t value)
{
    c->dec_expiry = value ? tb + value : UINT64_MAX;
}

static void decrementer_catch_up(E500 *c, uint64_t tb)
{
    uint32_t decar = c->s.spr[SPR_DECAR];

    if (tb < c->dec_expiry || c->dec_expiry == UINT64_MAX)
        return;
    c->s.spr[SPR_TSR] |= TSR_DIS;
    if ((c->s.spr[SPR_TCR] & TCR_ARE) && decar)
        c->dec_expiry += ((tb - c->dec_expiry) / decar + 1) * decar;
    else
        c->dec_expiry = UINT64_MAX;
}

/* --- the watchdog: ENW, then WIS, then what TCR[WRC] says (EREF 2.0 §9.5) --- */

static bool watchdog_is_fed(uint32_t tsr)
{
    return !(tsr & TSR_ENW) || !(tsr & TSR_WIS);
}

/* Whoever lets a guest run on in spite of its watchdog hears of it once: a short period would leave no time for anything else. */
static void watchdog_catch_up(E500 *c, uint64_t events)
{
    E500Spr *tsr = &c->s.spr[SPR_TSR];
    uint32_t wrc = c->s.spr[SPR_TCR] & TCR_WRC;

    if (watchdog_is_fed(*tsr))
        c->watchdog_told = false;

    for (; events; events--) {
        if (!(*tsr & TSR_ENW)) {
            *tsr |= TSR_ENW;
        } else if (!(*tsr & TSR_WIS)) {
            *tsr |= TSR_WIS;
        } else {
            if (wrc && !c->watchdog_told) {
                *tsr = (*tsr & ~TSR_WRS) | wrc;
                c->watchdog_exit = c->watchdog_told = true;
            }
            return; /* more of them change nothing more */
        }
    }
}

/* --- all together --- */

static void catch_up(E500 *c, uint64_t tb)
{
    uint32_t tcr = c->s.spr[SPR_TCR];

    decrementer_catch_up(c, tb);
    if (tb <= c->timer_tb)
        return;
    if (transitions(fit_bit(tcr), c->timer_tb, tb))
        c->s.spr[SPR_TSR] |= TSR_FIS;
    watchdog_catch_up(c, transitions(watchdog_bit(tcr), c->timer_tb, tb));
    c->timer_tb = tb;
}

static bool watchdog_matters(const E500 *c, uint32_t tcr, uint32_t tsr)
{
    return ((tcr & TCR_WRC) && !(c->watchdog_told && !watchdog_is_fed(tsr))) || ((tcr & TCR_WIE) && !(tsr & TSR_WIS));
}

static uint64_t next_deadline(const E500 *c, uint64_t tb)
{
    uint32_t tcr = c->s.spr[SPR_TCR], tsr = c->s.spr[SPR_TSR];
    uint64_t ticks = UINT64_MAX;

    if ((tcr & TCR_DIE) && !(tsr & TSR_DIS) && c->dec_expiry != UINT64_MAX)
        ticks = c->dec_expiry > tb ? c->dec_expiry - tb : 0;
    if ((tcr & TCR_FIE) && !(tsr & TSR_FIS))
        ticks = MIN(ticks, ticks_to_transition(fit_bit(tcr), tb));
    if (watchdog_matters(c, tcr, tsr))
        ticks = MIN(ticks, ticks_to_transition(watchdog_bit(tcr), tb));
    return ticks == UINT64_MAX ? UINT64_MAX : deadline_after(c, tb, ticks);
}

/* A slice of virtual time is as long as the nearest deadline allows: it is measured anew. */
static void set_deadline(E500 *c, uint64_t tb)
{
    c->timer_deadline_ns = next_deadline(c, tb);
    __atomic_store_n(&c->limit, 0, __ATOMIC_RELAXED);
}

void e500_timers_update(E500 *c)
{
    uint64_t tb = e500_timebase(c);

    catch_up(c, tb);
    set_deadline(c, tb);
    if (c->watchdog_exit || e500_interrupt_pending(c))
        e500_attention(c, E500_ATT_IRQ);
}

/*
 * The engine looks at the time once a slice, which is late for software that reads the time by itself.  The deadline is rounded up, and so
 * the time base may show the event one nanosecond before it.
 */
void e500_timers_look(E500 *c)
{
    if (c->timer_deadline_ns != UINT64_MAX && time_now_ns(c->vm->time) + 1 >= c->timer_deadline_ns)
        e500_timers_update(c);
}

/* s.spr[SPR_DEC] is as of e500_timers_freeze() or a reset; FIT and watchdog start anew from here.
 */
void e500_timers_reload(E500 *c)
{
    uint64_t tb = e500_timebase(c);

    c->timer_tb = tb;
    decrementer_start(c, tb, c->s.spr[SPR_DEC]);
    set_deadline(c, tb);
}

void e500_set_decrementer(E500 *c, uint32_t value)
{
    uint64_t tb = e500_timebase(c);

    catch_up(c, tb);
    decrementer_start(c, tb, value);
    set_deadline(c, tb);
}

void e500_set_timebase(E500 *c, uint64_t tb)
{
    uint64_t old = e500_timebase(c);
    uint32_t dec;

    catch_up(c, old);
    dec = e500_decrementer(c);
    c->tb_offset += (int64_t)(tb - old);
    c->timer_tb = tb;
    decrementer_start(c, tb, dec);
    set_deadline(c, tb);
}

void e500_timers_init(E500 *c)
{
    uint64_t ticks = ticks_now(c);

    c->tb_offset = (int64_t)(c->s.tb - ticks);
    c->atb_offset = (int64_t)(c->s.atb - ticks);
    c->timer_tb = c->s.tb;
    decrementer_start(c, c->s.tb, c->s.spr[SPR_DEC]);
    c->watchdog_exit = c->watchdog_told = false;
    set_deadline(c, c->s.tb);
}

void e500_timers_freeze(E500 *c)
{
    e500_timers_update(c);
    c->s.tb = e500_timebase(c);
    c->s.atb = e500_alternate_timebase(c);
    c->s.spr[SPR_DEC] = e500_decrementer(c);
}
