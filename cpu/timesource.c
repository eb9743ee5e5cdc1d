/* SPDX-License-Identifier: MIT */
#include "cpu/timesource.h"

#include <time.h>

static uint64_t monotonic_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

void time_source_init(TimeSource *ts, bool is_virtual, unsigned icount_shift)
{
    *ts = (TimeSource){
        .is_virtual = is_virtual,
        .icount_shift = (uint8_t)icount_shift,
        .next_deadline_ns = UINT64_MAX,
        .turn_end_ns = UINT64_MAX,
    };
}

uint64_t time_now_ns(const TimeSource *ts)
{
    if (!ts->is_virtual && __atomic_load_n(&ts->running, __ATOMIC_ACQUIRE))
        return monotonic_ns() - __atomic_load_n(&ts->offset_ns, __ATOMIC_RELAXED);
    return __atomic_load_n(&ts->now_ns, __ATOMIC_RELAXED);
}

uint64_t time_next_stop_ns(const TimeSource *ts)
{
    uint64_t deadline = __atomic_load_n(&ts->next_deadline_ns, __ATOMIC_RELAXED);
    uint64_t turn_end = __atomic_load_n(&ts->turn_end_ns, __ATOMIC_RELAXED);

    return deadline < turn_end ? deadline : turn_end;
}

void time_source_start(TimeSource *ts)
{
    if (ts->is_virtual || __atomic_load_n(&ts->running, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&ts->offset_ns, monotonic_ns() - ts->now_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&ts->running, true, __ATOMIC_RELEASE);
}

/* A reader between the two stores still sees a time of the running clock: both agree at that
 * moment. */
void time_source_stop(TimeSource *ts)
{
    if (ts->is_virtual || !__atomic_load_n(&ts->running, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&ts->now_ns, time_now_ns(ts), __ATOMIC_RELAXED);
    __atomic_store_n(&ts->running, false, __ATOMIC_RELEASE);
}

void time_source_advance(TimeSource *ts, uint64_t ns)
{
    if (ts->is_virtual)
        __atomic_fetch_add(&ts->now_ns, ns, __ATOMIC_RELAXED);
}

void time_source_advance_to(TimeSource *ts, uint64_t at_ns)
{
    uint64_t now = __atomic_load_n(&ts->now_ns, __ATOMIC_RELAXED);

    if (!ts->is_virtual)
        return;
    while (now < at_ns && !__atomic_compare_exchange_n(&ts->now_ns, &now, at_ns, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

void time_source_set(TimeSource *ts, uint64_t now_ns)
{
    __atomic_store_n(&ts->now_ns, now_ns, __ATOMIC_RELAXED);
}

uint64_t mul_div_u64(uint64_t a, uint64_t b, uint64_t c)
{
#ifdef __SIZEOF_INT128__
    unsigned __int128 q = (unsigned __int128)a * b / c;

    return q > UINT64_MAX ? UINT64_MAX : (uint64_t)q;
#else
    /* 64 × 64 → 128 bits in halves, then long division bit by bit. */
    uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
    uint64_t mid = (al * bl >> 32) + (uint32_t)(ah * bl) + (uint32_t)(al * bh);
    uint64_t hi = ah * bh + (ah * bl >> 32) + (al * bh >> 32) + (mid >> 32);
    uint64_t lo = a * b;

    if (hi >= c)
        return UINT64_MAX;
    for (int i = 0; i < 64; i++) {
        bool carry = hi >> 63;

        hi = hi << 1 | lo >> 63;
        lo <<= 1;
        if (carry || hi >= c) {
            hi -= c;
            lo |= 1;
        }
    }
    return lo;
#endif
}
